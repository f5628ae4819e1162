"""Golden cases: test/golden/<case>/input.* played into a new lake gives exactly the rows of expected.*.csv. A case's folder
may hold `flags` (further flags of `replay`, one a line) and `about` (what it shows)."""

import pathlib

import pytest

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
CASES = sorted(path.name for path in GOLDEN.iterdir() if path.is_dir())

QUERIES = {
    "bronze": 'select key, value, source, topic, "partition", "offset" from bronze order by "offset"',
    "silver": "select * exclude (ingestion_timestamp) from silver order by api_timestamp, coin_id, source, price, trade_id",
    "gold": 'select * from gold order by "window".start, coin_id, source',
    "quarantine": 'select source, "partition", "offset", stage, reason, value from quarantine order by "offset", stage',
}


@pytest.mark.parametrize("case", CASES)
def test_case(case, cryptostream, tmp_path):
    folder = GOLDEN / case
    (source,) = folder.glob("input.*")
    flags = (folder / "flags").read_text().split() if (folder / "flags").exists() else []
    lake = tmp_path / "lake"
    cryptostream("replay", source, "--storage", lake, "--exit-when-done", *flags)
    for table, sql in QUERIES.items():
        rows = cryptostream("query", "--csv", sql, "--storage", lake).stdout
        expected = folder / f"expected.{table}.csv"
        assert rows == expected.read_text(), f"{expected} differs"
    assert "WRONG" not in cryptostream("verify", "--storage", lake).stdout


@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris", "America/Chicago", "Asia/Kathmandu"])
def test_the_hosts_time_zone_does_not_matter(zone, cryptostream, tmp_path):
    folder = GOLDEN / "over-midnight"
    lake = tmp_path / "lake"
    cryptostream("replay", folder / "input.jsonl", "--storage", lake, "--exit-when-done", env={"TZ": zone})
    rows = cryptostream("query", "--csv", QUERIES["gold"], "--storage", lake, env={"TZ": zone}).stdout
    assert rows == (folder / "expected.gold.csv").read_text()
