"""Golden cases: what is in test/golden/<case>/input.* played into a new lake gives exactly the rows of expected.*.csv, whether
the program lives through it or is killed after each of its commits. A case's folder may hold several inputs (played one
after the other), `flags` (further flags of `replay`, one a line) and `about` (what it shows)."""

import json
import pathlib

import judge
import judge_chosen
import pytest

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
CASES = sorted(path.name for path in GOLDEN.iterdir() if path.is_dir())
MOST_RESTARTS = 150

QUERIES = {
    "bronze": 'select key, value, source, topic, "partition", "offset" from bronze order by topic, "offset"',
    "silver": "select * exclude (ingestion_timestamp) from silver order by api_timestamp, coin_id, source, price, trade_id",
    "gold": 'select * from gold_sources order by "window".start, coin_id, source',
    "rollups": "select * from (select '1h' as period, * from gold_sources_1h union all select '1d' as period, * from gold_sources_1d) "
               'order by period desc, "window".start, coin_id, source',
    "chosen": 'select * from gold order by "window".start, coin_id',
    "quarantine": 'select source, "partition", "offset", stage, reason, value from quarantine order by topic, "offset", stage',
}
SHORT = {name: QUERIES[name] for name in ("gold", "rollups", "chosen")}


def replays(case, lake):
    folder = GOLDEN / case
    flags = (folder / "flags").read_text().split() if (folder / "flags").exists() else []
    inputs = sorted(folder.glob("input.*"))
    assert inputs
    return [["replay", path, "--storage", lake, "--exit-when-done", *flags] for path in inputs]


def check(case, lake, cryptostream, queries=QUERIES, **keywords):
    for table, sql in queries.items():
        rows = cryptostream("query", "--csv", sql, "--storage", lake, **keywords).stdout
        expected = GOLDEN / case / f"expected.{table}.csv"
        if table == "chosen" and not expected.exists():  # where one source runs it is every source's
            expected = GOLDEN / case / "expected.gold.csv"
        assert rows == expected.read_text(), f"{expected} differs"


def operations(lake, table):
    """What the commits of a table call themselves, oldest first."""
    found = []
    for path in sorted((lake / table / "_delta_log").glob("*.json")):
        for line in path.read_text().splitlines():
            info = json.loads(line).get("commitInfo", {})
            found.append(info.get("operationParameters", {}).get("operation"))
    return found


@pytest.mark.parametrize("case", CASES)
def test_case(case, cryptostream, tmp_path):
    lake = tmp_path / "lake"
    for replay in replays(case, lake):
        cryptostream(*replay)
    check(case, lake, cryptostream)
    tables = judge.tables(lake)
    judge.check_gold(tables["silver"].rows(), tables["gold_sources"].rows())
    judge_chosen.check_chosen(tables)
    assert "verdict: sound" in cryptostream("verify", "--storage", lake).stdout


@pytest.mark.parametrize("case", CASES)
def test_case_killed_after_each_commit(case, cryptostream, tmp_path):
    lake = tmp_path / "lake"
    kills = 0
    for replay in replays(case, lake):
        while (ended := cryptostream(*replay, check=False, crash="delta.after_commit:1").returncode) == -9:
            kills += 1
            assert kills < MOST_RESTARTS, "the same commit again and again"
        assert ended == 0
    assert kills >= 3, "bronze, silver and gold make a commit each"
    check(case, lake, cryptostream)
    judge.check_rollups(judge.tables(lake))
    assert "WRONG" not in cryptostream("verify", "--storage", lake).stdout


@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris", "America/Chicago", "Asia/Kathmandu"])
@pytest.mark.parametrize("case", ["over-midnight", "hours", "late-after-close", "two-sources"])
def test_the_hosts_time_zone_does_not_matter(zone, case, cryptostream, tmp_path):
    lake = tmp_path / "lake"
    for replay in replays(case, lake):
        cryptostream(*replay, env={"TZ": zone})
    check(case, lake, cryptostream, SHORT, env={"TZ": zone})


@pytest.mark.parametrize(("case", "corrected"), [("late-before-close", False), ("late-after-close", True), ("two-sources", False),
                                                 ("future-stamps", False), ("year-old", True)])
def test_rows_are_late_only_where_the_case_says_so(case, corrected, cryptostream, tmp_path):
    """The expected rows cannot tell: a window that was replaced looks like one that was right at once."""
    lake = tmp_path / "lake"
    for replay in replays(case, lake):
        cryptostream(*replay)
    gold = operations(lake, "gold/sources/crypto_metrics_1m")
    assert "gold append" in gold
    assert corrected == ("gold correct" in gold or "gold append late" in gold), gold
