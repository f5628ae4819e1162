"""A lake of an earlier format is read as it is, and brought to the newest one by whoever writes to it, without a row being lost."""

import collections
import json
import shutil
import sys

import deltalake
import judge
import judge_chosen
import pytest
from conftest import HERE

sys.path.append(str(HERE.parent / "api"))
from server import Server  # noqa: E402

NEW_DAY = 1_714_867_200  # 2024-05-05, after all that the lakes hold
FORMAT = "cryptostream.format"
NEWEST = "3"
ADDED = {"silver": ["quote", "open", "high", "low", "bar_s", "vwap", "trades"], "gold_sources": ["quote"], "gold_sources_1h": ["quote"], "gold_sources_1d": ["quote"]}
CHOSEN = ["gold", "gold_1h", "gold_1d"]  # made by the upgrade
# Rounded twice by the first format.
ROUNDED = {"avg_price", "vwap", "range_pct", "volatility"}


def more_prices(folder):
    """A recording of a day that no lake has."""
    path = folder / "more.jsonl"
    rows = [{"timestamp": NEW_DAY + 10 * i, "coin_id": "bitcoin", "price": 61_000 + i, "volume_24h": 1000.5} for i in range(30)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def places(table):
    return sorted((row["source"], row["topic"], row["partition"], row["offset"]) for row in table.rows())


def check_kept(before, after, new=()):
    """What was there is there, and `new` rows of bronze besides; no position is lost or goes back."""
    assert places(after["bronze"]) == sorted([*places(before["bronze"]), *new])
    assert set(after) == {*before, *CHOSEN}
    judge_chosen.check_chosen(after)
    for name, table in after.items():
        if name in CHOSEN:
            continue
        assert {key: table.txns.get(key, -1) for key in before[name].txns if table.txns.get(key, -1) < before[name].txns[key]} == {}
        if name in ("quarantine", "gaps"):
            assert sorted(map(str, table.rows())) == sorted(map(str, before[name].rows()))


def described(lake):
    """Each table's metadata as delta-rs sees it."""
    return {name: deltalake.DeltaTable(lake / path) for name, path in judge.where(lake).items()}


def formats(lake):
    return {name: table.metadata().configuration[FORMAT] for name, table in described(lake).items()}


def files(lake):
    return sorted((path, path.stat().st_mtime_ns) for path in lake.rglob("*") if path.is_file() and path.name != ".cryptostream.lock")


def multiset(table, without=()):
    """Rows and how often; a column that is null is as one that a file does not have."""
    return collections.Counter(str(sorted((key, str(value)) for key, value in row.items() if value is not None and key not in without))
                               for row in table.rows())


def test_it_is_sound_as_it_lies(lake, cryptostream):
    """Read only: nothing of it changes."""
    before = files(lake)
    assert "verdict: sound" in cryptostream("verify", "--storage", lake).stdout
    for table, columns in ADDED.items():
        for column in columns:
            asked = cryptostream("query", "--json", "--storage", lake, f"select count(*) as n, count({column}) as has from {table}")
            [counted] = json.loads(asked.stdout)
            # A row that says no currency is in its source's.
            assert counted["n"] > 0 and counted["has"] == (counted["n"] if column == "quote" else 0), (table, column)
    assert files(lake) == before


def test_one_older_than_the_rollups_is_sound_and_gets_them(lake, cryptostream):
    for table in ("crypto_metrics_1h", "crypto_metrics_1d"):
        shutil.rmtree(lake / "gold" / table)
    assert "verdict: sound" in cryptostream("verify", "--storage", lake).stdout
    cryptostream("upgrade", "--storage", lake)
    assert "verdict: sound" in cryptostream("verify", "--storage", lake).stdout


def test_gold_of_it_is_every_sources(lake, cryptostream):
    """There are no chosen rows yet: who asks for gold reads what lies there."""
    for name in ("gold", "gold_1h", "gold_1d"):
        both = [cryptostream("query", "--csv", f"select * from {view} order by all", "--storage", lake).stdout
                for view in (name, name.replace("gold", "gold_sources"))]
        assert both[0] == both[1] and len(both[0].splitlines()) > 1
    assert "bitcoin" in cryptostream("show", "gold", "--storage", lake).stdout


def test_it_is_served_as_it_lies(lake, binary):
    before = files(lake)
    server = Server(binary, "serve", "--storage", lake, "--port", "0")
    try:
        server.wait_until(lambda: server.json("/api/v1/coins")["coins"])
        bars = server.json("/api/v1/candles?coin=bitcoin&interval=1m&from=2024-05-01T00:00:00Z&to=2024-05-04T00:00:00Z")
        assert len(bars["candles"]) >= 5
    finally:
        server.stop()
    assert files(lake) == before


def test_a_writer_goes_on_in_it(lake, cryptostream, tmp_path):
    before = judge.tables(lake)
    said = ""
    for path in [*sorted(lake.glob("*.jsonl")), more_prices(tmp_path)]:
        said += cryptostream("replay", path, "--storage", lake, "--exit-when-done").stderr
    assert said.count("upgrading the lake") == 1 and "from format 1 to 3: silver gets quote" in said
    check_kept(before, judge.tables(lake), [("coingecko", "more.jsonl", 0, i) for i in range(30)])
    assert set(formats(lake).values()) == {NEWEST}
    assert "verdict: sound" in cryptostream("verify", "--storage", lake).stdout


def test_the_command_says_what_it_would_do_does_it_and_has_nothing_left(lake, cryptostream):
    before, rows = files(lake), {name: multiset(table, ROUNDED) for name, table in judge.tables(lake).items()}
    look = cryptostream("upgrade", "--dry-run", "--json", "--storage", lake)
    plan = {row["table"]: row for row in json.loads(look.stdout)}
    assert {name: row["columns_added"] for name, row in plan.items()} == {
        name: ", ".join(ADDED.get(name, [])) for name in rows}
    assert plan["gold_sources"]["days_compared"] >= 2 and "from format 1 to 3" in look.stderr
    assert files(lake) == before
    done = cryptostream("upgrade", "--storage", lake)
    assert "upgrading the lake" in done.stderr and "upgraded the lake" in done.stderr
    assert set(formats(lake).values()) == {NEWEST}
    after = judge.tables(lake)
    for name in rows:
        assert multiset(after[name], {*ROUNDED, *ADDED.get(name, [])}) == rows[name], name
    judge_chosen.check_chosen(after)
    assert "verdict: sound" in cryptostream("verify", "--storage", lake).stdout
    upgraded = files(lake)
    for arguments in ([], ["--dry-run"]):
        assert "nothing to do" in cryptostream("upgrade", "--storage", lake, *arguments).stderr
    assert files(lake) == upgraded


def test_the_metadata_is_the_tables_own_but_for_columns_and_format(lake, cryptostream):
    before = described(lake)
    cryptostream("upgrade", "--storage", lake)
    now = described(lake)
    for name, old_table in before.items():
        table = now[name]
        old, new = old_table.metadata(), table.metadata()
        assert (new.id, new.name, new.created_time, new.partition_columns) == (old.id, old.name, old.created_time, old.partition_columns)
        changed = {key for key in old.configuration if old.configuration[key] != new.configuration[key]}
        assert changed <= {FORMAT, "delta.dataSkippingStatsColumns"}
        assert new.configuration.keys() - old.configuration.keys() == {"cryptostream.made"} and new.configuration["cryptostream.made"] == "1"
        columns = [field.name for field in old_table.schema().fields]
        data = [column for column in columns if column not in old.partition_columns]
        assert [field.name for field in table.schema().fields] == data + ADDED.get(name, []) + old.partition_columns
        assert all(field.nullable for field in table.schema().fields)


def test_other_readers_see_old_rows_and_new_ones(lake, cryptostream, tmp_path):
    """delta-rs: every version from before and after, rows of both kinds of files in one scan."""
    before = {name: (table.version(), table.to_pyarrow_table()) for name, table in described(lake).items()}
    cryptostream("upgrade", "--storage", lake)
    cryptostream("replay", more_prices(tmp_path), "--storage", lake, "--exit-when-done")
    for name, table in described(lake).items():
        rows = table.to_pyarrow_table()
        assert rows.num_rows == len(judge.DeltaTable(lake / judge.TABLES[name]).rows()), name
        for column in ADDED.get(name, []):
            assert column in rows.column_names
        if name in CHOSEN:
            continue
        version, old_rows = before[name]
        table.load_as_version(version)
        again = table.to_pyarrow_table()
        assert again.schema == old_rows.schema and again.num_rows == old_rows.num_rows
        operations = [entry["operation"] for entry in described(lake)[name].history(10_000)]
        assert operations.count("WRITE") >= 1


def test_old_and_new_files_become_one(lake, cryptostream, tmp_path):
    cryptostream("replay", more_prices(tmp_path), "--storage", lake, "--exit-when-done")
    for part in range(3):  # a day whose files are old gets some of the new form, so many rows that they are merged with the old
        late = tmp_path / f"late{part}.jsonl"
        late.write_text("".join(
            json.dumps({"timestamp": 1_714_780_800 - 43_200 + 600 * part + i, "coin_id": "bitcoin", "price": 59_123 + i, "volume_24h": 1.0}) + "\n"
            for i in range(50)))
        cryptostream("replay", late, "--storage", lake, "--exit-when-done")
    before = {name: multiset(table) for name, table in judge.tables(lake).items()}
    mixed = len(judge.tables(lake)["silver"].files)
    for command in ("compact", "vacuum"):
        cryptostream(command, "--storage", lake, *(word for setting in ("compact_files=2", "closed_after=0s", "log_retention=0s",
                                                                      "file_retention=0s")
                                                   for word in ("--set", f"maintenance.{setting}")))
    after = judge.tables(lake)
    assert len(after["silver"].files) < mixed
    assert {name: multiset(table) for name, table in after.items()} == before
    assert "verdict: sound" in cryptostream("verify", "--storage", lake).stdout


@pytest.mark.parametrize("table", ["bronze/crypto_raw", "silver/crypto_transformed"])
def test_a_newer_format_is_refused_by_all(table, lake, cryptostream):
    cryptostream("upgrade", "--storage", lake)
    newest = max((lake / table / "_delta_log").glob("*.json"))
    actions = [json.loads(line) for line in newest.read_text().splitlines()]
    for action in actions:
        if "metaData" in action:
            action["metaData"]["configuration"][FORMAT] = "99"
    assert any("metaData" in action for action in actions)
    newest.write_text("".join(json.dumps(action) + "\n" for action in actions))
    for checksum in newest.parent.glob("*.crc"):
        checksum.unlink()
    for command in (["upgrade"], ["upgrade", "--dry-run"], ["query", "select 1"], ["show", "silver"], ["compact"]):
        refused = cryptostream(*command, "--storage", lake, check=False)
        assert refused.returncode == 1, command
        assert "newer cryptostream" in refused.stderr and "format=99" in refused.stderr, command


def test_a_column_of_others_that_is_in_the_way_is_named(lake, cryptostream):
    silver = deltalake.DeltaTable(lake / judge.TABLES["silver"])
    silver.alter.add_columns([deltalake.Field("bar_s", "string")])
    refused = cryptostream("upgrade", "--storage", lake, check=False)
    assert refused.returncode == 1
    assert "column=bar_s: its type is string instead of integer" in refused.stderr
    assert formats(lake)["bronze"] == "1", "nothing was begun"
