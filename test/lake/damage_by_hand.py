"""Damages of a table's log and files by hand. Each takes a Table (damage.py) and returns what must be named."""

import json

import pyarrow.parquet as pq

from damage import change_stats, flip


def last_with_rows(table):
    return table.adds()[-1]


def missing_file(table):
    _, add = last_with_rows(table)
    table.file(add).unlink()
    return add["path"]


def truncated_file(table):
    _, add = last_with_rows(table)
    path = table.file(add)
    path.write_bytes(path.read_bytes()[:-100])
    return add["path"]


def swapped_files(table):
    (_, one), (_, other) = table.adds()[0], last_with_rows(table)
    first, second = table.file(one), table.file(other)
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)
    return one["path"]


def flipped_footer(table):
    _, add = last_with_rows(table)
    flip(table.file(add), -6)  # its length
    return add["path"]


def other_size(table):
    version, add = last_with_rows(table)
    table.change_add(version, add["path"], lambda add: add.update(size=add["size"] + 1))
    return add["path"]


def row_count(table):
    version, add = last_with_rows(table)
    table.change_add(version, add["path"], lambda add: change_stats(add, lambda s: s.update(numRecords=s["numRecords"] + 1)))
    return add["path"]


def no_statistics(table):
    version, add = last_with_rows(table)
    table.change_add(version, add["path"], lambda add: add.pop("stats"))
    return add["path"]


def minimum(table):
    version, add = last_with_rows(table)
    name = {"bronze": "timestamp", "silver": "api_timestamp", "quarantine": "timestamp", "gaps": "detected_at"}.get(table.name, "first_event")
    later = lambda s: s["minValues"].update({name: "2025-11-22T23:59:59.000Z"})
    table.change_add(version, add["path"], lambda add: change_stats(add, later))
    return name


def counted_column(table):
    """A column that has statistics, and a value below all of its values."""
    return {"bronze": ("offset", 1), "silver": ("trade_id", 1), "quarantine": ("offset", -1),
            "gaps": ("from_time", "2000-01-01T00:00:00.000Z")}.get(table.name, ("samples", 0))


def maximum(table):
    version, add = last_with_rows(table)
    name, low = counted_column(table)
    table.change_add(version, add["path"], lambda add: change_stats(add, lambda s: s["maxValues"].update({name: low})))
    return name


def null_count(table):
    version, add = last_with_rows(table)
    name, _ = counted_column(table)
    table.change_add(version, add["path"], lambda add: change_stats(add, lambda s: s["nullCount"].update({name: 3})))
    return name


def partition_value(table):
    version, add = last_with_rows(table)
    other = {"day": "23"} if table.name == "silver" else {"date": "2025-11-23"}
    table.change_add(version, add["path"], lambda add: add["partitionValues"].update(other))
    return add["path"]


def added_twice_in_a_commit(table):
    version, add = last_with_rows(table)
    actions = table.actions(version)
    table.write(version, actions + [{"add": add}])
    return add["path"]


def added_again_later(table):
    _, add = table.adds()[0]
    version = table.versions()[-1]
    table.write(version, table.actions(version) + [{"add": add}])
    return add["path"]


def removed_but_never_added(table):
    version = table.versions()[-1]
    remove = {"path": "no/such.parquet", "deletionTimestamp": 1, "dataChange": True}
    table.write(version, table.actions(version) + [{"remove": remove}])
    return "no/such.parquet"


def removed_from_the_log(table):
    _, add = table.adds()[0]
    version = table.versions()[-1]
    remove = {"path": add["path"], "deletionTimestamp": 1, "dataChange": True}
    table.write(version, table.actions(version) + [{"remove": remove}])
    return f"version={version}"


def add_cut_out(table):
    version, add = last_with_rows(table)
    table.write(version, [action for action in table.actions(version) if action.get("add") != add])
    return f"version={version}"


def last_line_cut(table):
    version = table.versions()[-1]
    table.write(version, table.actions(version)[:-1])
    return f"version={version}"


def cut_in_the_middle(table):
    version = table.versions()[-1]
    path = table.commit_path(version)
    path.write_bytes(path.read_bytes()[:-60])
    return path.name


def emptied_commit(table):
    version = table.versions()[1]
    table.commit_path(version).write_bytes(b"")
    return f"version={version}"


def garbage_commit(table):
    path = table.commit_path(table.versions()[1])
    path.write_bytes(b"\x00\xffnot json\n")
    return path.name


def missing_commit(table):
    path = table.commit_path(table.versions()[1])
    path.unlink()
    return path.name


def missing_first_commit(table):
    path = table.commit_path(0)
    path.unlink()
    return path.name


OF_UPSTREAM = {"gold_sources": "gold", "gold_sources_1h": "gold_1h", "gold_sources_1d": "gold_1d", "gold": "chosen"}  # else as the table


def move_position(table, by, version=-1):
    version = table.versions()[version]
    actions = table.actions(version)
    txn = next(a["txn"] for a in actions if a.get("txn", {}).get("appId", "").startswith(f"cryptostream/{OF_UPSTREAM.get(table.name, table.name)}/"))
    txn["version"] += by
    table.write(version, actions)
    return f"version={version}"


def position_forward(table):
    return move_position(table, 1)


def position_back(table):
    return move_position(table, -1)


def position_far_back(table):
    return move_position(table, -1000)


def forgets_positions(table):
    actions = table.actions(0)
    next(a["metaData"] for a in actions if "metaData" in a)["configuration"]["delta.setTransactionRetentionDuration"] = "interval 7 days"
    table.write(0, actions)
    return "setTransactionRetentionDuration"


def property_lost(table):
    actions = table.actions(0)
    del next(a["metaData"] for a in actions if "metaData" in a)["configuration"]["delta.logRetentionDuration"]
    table.write(0, actions)
    return "delta.logRetentionDuration"


def other_id(table):
    actions = table.actions(0)
    next(a["metaData"] for a in actions if "metaData" in a)["id"] = "00000000-0000-0000-0000-000000000000"
    table.write(0, actions)
    return "id"


DAMAGES = [missing_file, truncated_file, swapped_files, flipped_footer, other_size, row_count, no_statistics, minimum, maximum,
           null_count, partition_value, added_twice_in_a_commit, added_again_later, removed_but_never_added, removed_from_the_log,
           add_cut_out, last_line_cut, cut_in_the_middle, emptied_commit, garbage_commit, missing_commit, missing_first_commit,
           position_forward, position_back, position_far_back, forgets_positions, property_lost]


# Checkpoints, their hint and checksums, on a lake where the engine wrote them.

def checkpoint_of(table):
    return sorted(table.log.glob("*.checkpoint.parquet"))[-1]


def change_checkpoint(table, change):
    path = checkpoint_of(table)
    rows = change(pq.read_table(path))
    pq.write_table(rows, path)
    hint = json.loads((table.log / "_last_checkpoint").read_text())
    hint.update(size=rows.num_rows)
    (table.log / "_last_checkpoint").write_text(json.dumps(hint))


def hint_text(text):
    def damage(table):
        (table.log / "_last_checkpoint").write_text(text)
        return "_last_checkpoint"
    return damage


def checkpoint_lacks_a_file(table):
    def change(rows):
        first = next(i for i, add in enumerate(rows.column("add").to_pylist()) if add)
        return rows.take([i for i in range(rows.num_rows) if i != first])
    change_checkpoint(table, change)
    return ".checkpoint.parquet"


def checkpoint_lacks_a_position(table):
    def change(rows):
        return rows.take([i for i, txn in enumerate(rows.column("txn").to_pylist()) if not txn or "epoch" not in txn["appId"]])
    change_checkpoint(table, change)
    return "cryptostream/epoch"


def checkpoint_truncated(table):
    path = checkpoint_of(table)
    path.write_bytes(path.read_bytes()[:-50])
    return path.name


def checkpoint_flipped(table):
    path = checkpoint_of(table)
    flip(path, path.stat().st_size // 3)
    return path.name


def checkpoint_empty(table):
    checkpoint_of(table).write_bytes(b"")
    return ".checkpoint.parquet"


def change_checksum(table, change):
    path = sorted(table.log.glob("*.crc"))[-1]
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    return path.name


def checksum_of_positions(table):
    return change_checksum(table, lambda content: content["setTransactions"][0].update(version=1_000_000))


def checksum_of_files(table):
    return change_checksum(table, lambda content: content.update(numFiles=content["numFiles"] + 1))


def checksum_of_bytes(table):
    return change_checksum(table, lambda content: content.update(tableSizeBytes=1))


def checksum_cut(table):
    path = sorted(table.log.glob("*.crc"))[-1]
    path.write_bytes(path.read_bytes()[:100])
    return path.name


STANDINS = [hint_text(""), hint_text("{"), hint_text('{"version": 7, "size": 3}'), hint_text('{"version": 100, "size": 3}'),
            checkpoint_lacks_a_file, checkpoint_lacks_a_position, checkpoint_truncated, checkpoint_flipped, checkpoint_empty,
            checksum_of_positions, checksum_of_files, checksum_of_bytes, checksum_cut]
STANDIN_NAMES = ["hint-empty", "hint-garbage", "hint-dangling", "hint-miscounts"] + [damage.__name__ for damage in STANDINS[4:]]
