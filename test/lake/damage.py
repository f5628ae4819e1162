"""Ways to damage a lake by hand. Each changes one thing in a table's log or files; where only a value is to be wrong, size, rows and
statistics in the log are made to fit it, so that nothing but a comparison of rows can see it."""

import datetime
import json
import pathlib
import urllib.parse

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from judge import TABLES


class Table:
    """A table that may be changed: its log as lines, its files by path."""

    def __init__(self, lake, name):
        self.name, self.root = name, pathlib.Path(lake) / TABLES[name]
        self.log = self.root / "_delta_log"

    def commit_path(self, version):
        return self.log / f"{version:020}.json"

    def versions(self):
        return sorted(int(path.stem) for path in self.log.glob("*.json"))

    def actions(self, version):
        return [json.loads(line) for line in self.commit_path(version).read_text().splitlines()]

    def write(self, version, actions):
        self.commit_path(version).write_text("".join(json.dumps(action, separators=(",", ":")) + "\n" for action in actions))

    def adds(self):
        """(version, Add) of the live files, in the order in which they were added."""
        live = {}
        for version in self.versions():
            for action in self.actions(version):
                if "add" in action:
                    live[action["add"]["path"]] = (version, action["add"])
                if "remove" in action:
                    live.pop(action["remove"]["path"], None)
        return list(live.values())

    def file(self, add):
        return self.root / urllib.parse.unquote(add["path"])

    def change_add(self, version, path, change):
        """Applies `change` to the Add of a file."""
        actions = self.actions(version)
        for action in actions:
            if action.get("add", {}).get("path") == path:
                change(action["add"])
        self.write(version, actions)


def change_stats(add, change):
    stats = json.loads(add["stats"])
    change(stats)
    add["stats"] = json.dumps(stats, separators=(",", ":"))


def rewrite(table, change, which=0):
    """Changes a file's rows (`change`: pa.Table -> pa.Table) and tells the log its new size and statistics."""
    version, add = table.adds()[which]
    path = table.file(add)
    rows = change(pq.ParquetFile(path).read())
    pq.write_table(rows, path, compression="zstd")

    def tell(add):
        add["size"] = path.stat().st_size
        change_stats(add, lambda stats: stats.update(statistics_of(rows, stats)))

    table.change_add(version, add["path"], tell)
    note_rows(table, version)
    return add["path"]


def note_rows(table, version):
    """The commit's own count of rows follows."""
    actions = table.actions(version)
    rows = sum(json.loads(action["add"]["stats"])["numRecords"] for action in actions if "add" in action)
    for action in actions:
        parameters = action.get("commitInfo", {}).get("operationParameters", {})
        if "rows" in parameters:
            parameters["rows"] = str(rows)
    table.write(version, actions)


def statistics_of(rows, like):
    def text(value, up):
        if isinstance(value, datetime.datetime):
            cut = value.replace(microsecond=value.microsecond // 1000 * 1000)
            if up and cut != value:
                cut += datetime.timedelta(milliseconds=1)
            return cut.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{cut.microsecond // 1000:03}Z"
        return value

    def leaves(columns, shape):
        out = {"minValues": {}, "maxValues": {}, "nullCount": {}}
        for name, below in shape.items():
            column = columns[name]
            if isinstance(below, dict):
                inner = leaves({field: pc.struct_field(column, field) for field in below}, below)
                for section, values in inner.items():
                    out[section][name] = values
                continue
            out["nullCount"][name] = column.null_count
            if column.null_count < len(column):
                out["minValues"][name] = text(pc.min(column).as_py(), False)
                out["maxValues"][name] = text(pc.max(column).as_py(), True)
        return out

    columns = {name: rows.column(name).combine_chunks() for name in rows.column_names}
    return {"numRecords": rows.num_rows, **leaves(columns, like["nullCount"])}


def set_value(column, value, row=0):
    """A change of one value: `value` is given the old one and returns the new one."""

    def change(rows):
        index = rows.column_names.index(column)
        values = rows.column(column).to_pylist()
        values[row] = value(values[row])
        return rows.set_column(index, rows.schema.field(column), pa.array(values, rows.schema.field(column).type))

    return change


def drop_row(rows):
    """The last one: the first message comes again later in the file, with the same receive time, so bronze without it says the same."""
    return rows.slice(0, rows.num_rows - 1)


def repeat_row(rows):
    return pa.concat_tables([rows, rows.slice(0, 1)])


def flip(path, at):
    content = bytearray(path.read_bytes())
    content[at] ^= 0x10
    path.write_bytes(bytes(content))
