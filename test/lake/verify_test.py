"""`verify` on lakes that are good, and on the same lakes damaged in one place: it must say so, exit 1, and name the place."""

import datetime
import json
import shutil
import subprocess

import pyarrow.parquet as pq
import pytest

import damage
from damage import Table, change_stats, rewrite, set_value

SECOND = datetime.timedelta(seconds=1)


def messages(start, count):
    """Observations of two coins and trades of two sources, among them equal rows, a conflict, late and bad ones."""
    lines = []
    for i in range(count):
        stamp = start + i * 7
        lines.append({"timestamp": stamp + 0.123456, "coin_id": "bitcoin", "price": 97000.25 + i, "volume_24h": 1e9 + i,
                      "market_cap": 2e12 + i, "price_change_24h": -1.5, "price_change_percentage_24h": 0.25, "high_24h": 99000.5,
                      "low_24h": 95000.25, "last_updated": "2025-11-22T08:26:40.5Z"})
        lines.append({"timestamp": stamp + 1, "coin_id": "ethereum", "price": 3300.1 + i / 7, "quantity": 0.1 + i / 10,
                      "trade_id": 1000 + i, "symbol": "ETHUSDT", "source": "binance_spot"})
        if i == 3:
            lines += [lines[0], {**lines[1], "price": 1.5}, {"timestamp": stamp, "coin_id": "bitcoin", "price": None}]
        if i == 20:
            lines.append({"timestamp": start + 1.5, "coin_id": "bitcoin", "price": 97001.75})
    return "".join(json.dumps(line) + "\n" for line in lines)


@pytest.fixture(scope="session")
def whole(binary, tmp_path_factory):
    """A lake of several commits; hours and days before its last one are closed, so that the rollups have rows. Read only."""
    folder = tmp_path_factory.mktemp("verify")
    for part, (start, count) in enumerate([(-180_000, 5), (-90_000, 5), (0, 40), (400, 40), (800, 40)]):
        source = folder / f"part{part}.jsonl"
        source.write_text(messages(1_763_800_000 + start, count))
        subprocess.run([binary, "replay", source, "--storage", folder / "lake", "--exit-when-done", "--as-source", "coingecko"],
                       check=True, capture_output=True)
    return folder / "lake"


@pytest.fixture(scope="session")
def long_log(binary, tmp_path_factory):
    """A lake with more than a hundred commits in bronze and silver, so that the engine has written checkpoints."""
    folder = tmp_path_factory.mktemp("verify-long")
    source = folder / "messages.jsonl"
    for part in range(6):  # a commit a row where the disk is quick enough, else fewer and more parts
        source.write_text("".join(json.dumps({"timestamp": 1_763_800_000 + part * 1000 + i / 25, "coin_id": "bitcoin", "price": 100 + i})
                                  + "\n" for i in range(150)))
        subprocess.run([binary, "replay", source, "--storage", folder / "lake", "--exit-when-done", "--speed", "1", "--set",
                        "engine.commit_every=10ms"], check=True, capture_output=True)
        if all(list(Table(folder / "lake", name).log.glob("*.checkpoint.parquet")) for name in ("bronze", "silver")):
            return folder / "lake"
    pytest.fail("no checkpoint after 900 messages at 25 a second")


@pytest.fixture
def lake(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "lake")


def verify(cryptostream, lake, what="all"):
    done = cryptostream("verify", what, "--json", "--storage", lake, check=False)
    assert done.stdout, done.stderr
    return done.returncode, [check for check in json.loads(done.stdout) if not check["ok"]]


def assert_named(cryptostream, lake, what, *names):
    """The damage is found, and one of the places holds all of `names`."""
    code, wrong = verify(cryptostream, lake, what)
    assert code == 1 and wrong, "the damage was not seen"
    places = [check["check"] + " " + place for check in wrong for place in check["places"]]
    assert any(all(str(name) in place for name in names) for place in places), f"{names} not named in {places}"


def test_good_lakes_give_no_alarm(cryptostream, whole, long_log):
    for folder in (whole, long_log):
        for what in ("all", "bronze", "silver", "gold"):
            assert verify(cryptostream, folder, what) == (0, [])


GOOD = {"timestamp": 1_763_800_000.5, "coin_id": "bitcoin", "price": 1.5, "source": "a_source:nobody+knows"}


@pytest.mark.parametrize("lines,crash", [
    pytest.param([], None, id="nothing"),
    pytest.param([""], None, id="blank"),
    pytest.param([json.dumps(GOOD | {"price": price}) for price in (-1, True)], None, id="refused"),
    pytest.param([json.dumps(GOOD)], None, id="of-an-unknown-source"),
    pytest.param([json.dumps(GOOD)], "bronze.after_commit:1", id="in-bronze-only"),
    pytest.param(["{", json.dumps(GOOD)], "silver.before_commit:1", id="not-in-silver-yet"),
    pytest.param([json.dumps(GOOD)], "silver.after_commit:1", id="not-in-gold-yet")])
def test_a_lake_with_empty_tables_is_good(lines, crash, cryptostream, tmp_path):
    recording, lake = tmp_path / "a b%20[x]*.jsonl", tmp_path / "date=x %25[y]?"
    recording.write_text("".join(line + "\n" for line in lines))
    done = cryptostream("replay", recording, "--storage", lake, "--exit-when-done", check=False, crash=crash)
    taken = any(line == json.dumps(GOOD) for line in lines)
    assert done.returncode == (-9 if crash else 0) or not taken, done.stderr
    assert verify(cryptostream, lake) == (0, [])


# Values: one column of one row. The next table's rows are then not what this one makes, or this one's not what the one before makes.
VALUES = [
    ("bronze", "value", lambda v: v.replace("97000.25", "97000.26")),
    ("bronze", "timestamp", lambda v: v + SECOND),
    ("silver", "coin_id", lambda v: "dogecoin"),
    ("silver", "price", lambda v: v * (1 + 2**-52)),
    ("silver", "volume_24h", lambda v: 5.0),
    ("silver", "api_timestamp", lambda v: v + datetime.timedelta(microseconds=1)),
    ("silver", "ingestion_timestamp", lambda v: v - datetime.timedelta(microseconds=1)),
    ("silver", "market_cap", lambda v: None),
    ("silver", "price_change_24h", lambda v: 1.5),
    ("silver", "price_change_percentage_24h", lambda v: -0.25),
    ("silver", "high_24h", lambda v: 99000.6),
    ("silver", "low_24h", lambda v: None),
    ("silver", "last_updated", lambda v: None),
    ("silver", "source", lambda v: "kraken"),
    ("silver", "symbol", lambda v: "BTCUSDT"),
    ("silver", "trade_id", lambda v: 7),
    ("silver", "quantity", lambda v: 2.0),
    ("silver", "hour", lambda v: (v + 1) % 24),
    ("gold", "window", lambda v: {"start": v["start"], "end": v["end"] + SECOND}),
    ("gold", "window", lambda v: {"start": v["start"] - 60 * SECOND, "end": v["end"] - 60 * SECOND}),
    ("gold", "coin_id", lambda v: "dogecoin"),
    ("gold", "avg_price", lambda v: v * (1 + 2**-50)),  # an ulp may be the other rounding, which tables of format 1 may have
    ("gold", "max_price", lambda v: v * (1 + 2**-52)),
    ("gold", "min_price", lambda v: v * (1 - 2**-52)),
    ("gold", "open", lambda v: v + 1),
    ("gold", "close", lambda v: v - 1),
    ("gold", "price_change", lambda v: v + 1e-9),
    ("gold", "price_change_pct", lambda v: v + 1e-9),
    ("gold", "volatility", lambda v: v * (1 + 1e-13)),
    ("gold", "range_pct", lambda v: v + 1e-9),
    ("gold", "samples", lambda v: v + 1),
    ("gold", "updates", lambda v: v - 1),
    ("gold", "volume", lambda v: 1.0 if v is None else v * (1 + 2**-52)),
    ("gold", "vwap", lambda v: 1.0 if v is None else v * (1 + 1e-13)),
    ("gold", "volume_24h", lambda v: None),
    ("gold", "market_cap", lambda v: 1.0),
    ("gold", "first_event", lambda v: v + SECOND),
    ("gold", "last_event", lambda v: v - SECOND),
    ("gold", "max_source_age_s", lambda v: 0.5),
    ("gold", "source", lambda v: "kraken"),
]


# Gold's columns again, as the rollups have them.
VALUES += [(rollup, column, value) for rollup in ("gold_1h", "gold_1d") for table, column, value in VALUES if table == "gold"]


# By hand, beside those that a machine makes (damage_rows_test.py): the smallest change that there is.
@pytest.mark.long
@pytest.mark.parametrize("table,column,value", [pytest.param(*case, id=f"{case[0]}-{case[1]}") for case in VALUES])
def test_a_value_altered(table, column, value, cryptostream, lake):
    rewrite(Table(lake, table), set_value(column, value))
    assert_named(cryptostream, lake, "silver" if table == "bronze" else table.partition("_")[0], "version=")


ROWS = [("deleted", damage.drop_row), ("twice", damage.repeat_row)]


@pytest.mark.parametrize("table", ["bronze", "silver", "gold", "gold_1h", "gold_1d", "quarantine"])
@pytest.mark.parametrize("how", [row[0] for row in ROWS])
def test_a_row_deleted_or_twice(table, how, cryptostream, lake):
    rewrite(Table(lake, table), dict(ROWS)[how])
    code, wrong = verify(cryptostream, lake)
    assert code == 1 and any("version=" in place or "window=" in place for check in wrong for place in check["places"])


@pytest.mark.parametrize("column", ["value", "offset", "stage", "timestamp", "source"])
def test_a_rejected_row_altered(column, cryptostream, lake):
    new = {"value": lambda v: b"{}", "offset": lambda v: v + 1, "stage": lambda v: "bronze", "timestamp": lambda v: v + SECOND,
           "source": lambda v: "kraken"}
    rewrite(Table(lake, "quarantine"), set_value(column, new[column]))
    assert_named(cryptostream, lake, "silver", "quarantine", "version=")


def test_by_delta_rs(cryptostream, whole, tmp_path):
    """Another program deletes, updates, adds: proper commits, wrong tables."""
    import deltalake

    for number, (table, act) in enumerate([
            ("silver", lambda t: t.delete("trade_id = 1005")),
            ("silver", lambda t: t.update(updates={"price": "price + 1"}, predicate="trade_id = 1005")),
            ("gold", lambda t: t.delete("coin_id = 'ethereum' and samples = 8")),
            ("gold", lambda t: t.update(updates={"close": "1.0"}, predicate="coin_id = 'bitcoin'")),
            ("bronze", lambda t: t.delete("\"offset\" = 4"))]):
        copy = shutil.copytree(whole, tmp_path / str(number))
        act(deltalake.DeltaTable(str(Table(copy, table).root)))
        code, wrong = verify(cryptostream, copy)
        assert code == 1 and wrong, (number, table)
