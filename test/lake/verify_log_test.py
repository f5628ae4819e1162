"""`verify` on lakes whose log or files were damaged by hand, one thing in one table at a time: each is seen, and its place named."""

import shutil

import deltalake
import pyarrow.parquet as pq
import pytest

import scenarios
from damage import Table, flip
from damage_by_hand import DAMAGES, STANDIN_NAMES, STANDINS, last_with_rows, other_id
from verify_test import assert_named, lake, long_log, verify, whole  # noqa: F401 (fixtures)

TABLES = ["bronze", "silver", "gold", "gold_1h", "gold_1d", "quarantine", "gaps"]
PART = {"gold_1h": "gold", "gold_1d": "gold", "quarantine": "all", "gaps": "all"}  # of `verify`, that looks at the table

# Each damage in one table in the short run, in all of them in the long one.
CASES = [pytest.param(damage, table, id=f"{damage.__name__}-{table}", marks=[] if i % len(TABLES) == t else [pytest.mark.long])
         for i, damage in enumerate(DAMAGES) for t, table in enumerate(TABLES)]


@pytest.fixture(scope="session")
def polled(binary, tmp_path_factory):
    """A lake with rows in gaps, in more than one commit. Read only."""
    scenarios.Poll.prepare(tmp_path_factory.mktemp("authority"))
    scenario = scenarios.Poll(binary, tmp_path_factory.mktemp("polled"), seed=1)
    for _ in range(2):
        scenario.finish()
    return scenario.lake


@pytest.mark.parametrize("damage,table", CASES)
def test_damaged(table, damage, cryptostream, whole, request, tmp_path):  # noqa: F811
    lake = shutil.copytree(request.getfixturevalue("polled") if table == "gaps" else whole, tmp_path / "lake")  # noqa: F811
    assert verify(cryptostream, lake) == (0, [])
    place = damage(Table(lake, table))
    assert_named(cryptostream, lake, PART.get(table, table), table, place)


@pytest.mark.long
@pytest.mark.parametrize("table", ["bronze", "silver", "gold"])
def test_a_flipped_byte_is_seen_or_changes_nothing(table, cryptostream, lake):  # noqa: F811
    """Some bytes of a Parquet file say nothing about its rows (who wrote it, statistics of columns); any other is seen."""
    damaged = Table(lake, table)
    path = damaged.file(last_with_rows(damaged)[1])
    whole, rows = path.read_bytes(), pq.ParquetFile(path).read()
    seen = 0
    for at in range(0, len(whole), max(1, len(whole) // 40)):
        flip(path, at)
        code, _ = verify(cryptostream, lake, "silver" if table == "bronze" else table)
        seen += code
        assert code == 1 or pq.ParquetFile(path).read() == rows, f"byte {at} of {path.name}"
        path.write_bytes(whole)
    assert seen > 5


@pytest.mark.parametrize("table", ["bronze", "silver"])
def test_a_replaced_table_is_not_the_one_that_was_read(table, cryptostream, lake):  # noqa: F811
    other_id(Table(lake, table))
    assert_named(cryptostream, lake, "all", "its position is one of " + table, "version=")


@pytest.mark.parametrize("damage,table", [
    pytest.param(damage, table, id=f"{name}-{table}", marks=[] if table == "bronze" and i % 3 == 1 else [pytest.mark.long])
    for i, (damage, name) in enumerate(zip(STANDINS, STANDIN_NAMES)) for table in ("bronze", "silver")])
def test_what_stands_for_the_commits_damaged(damage, table, cryptostream, long_log, tmp_path):  # noqa: F811
    lake = shutil.copytree(long_log, tmp_path / "lake")  # noqa: F811
    place = damage(Table(lake, table))
    assert_named(cryptostream, lake, table, table, place)


def test_a_log_that_was_cleaned_up_gives_no_alarm(cryptostream, long_log, tmp_path):  # noqa: F811
    lake = shutil.copytree(long_log, tmp_path / "lake")  # noqa: F811
    for name in ("bronze", "silver"):
        table = Table(lake, name)
        for version in range(100):
            table.commit_path(version).unlink()
    assert verify(cryptostream, lake) == (0, [])


def test_a_compaction_by_others_gives_no_alarm(cryptostream, lake):  # noqa: F811
    for name in ("bronze", "silver", "gold"):
        deltalake.DeltaTable(str(Table(lake, name).root)).optimize.compact()
    assert verify(cryptostream, lake) == (0, [])
