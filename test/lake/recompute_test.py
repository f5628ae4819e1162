"""`recompute` on a lake that another program changed, and beside a program that writes it."""

import json
import subprocess
import time

import deltalake
import pytest

import golden_test
import judge

EVER = ["--from", "2000-01-01", "--to", "2100-01-01"]


@pytest.fixture
def lake(cryptostream, tmp_path):
    lake = tmp_path / "lake"
    for replay in golden_test.replays("hours", lake):
        cryptostream(*replay)
    return lake


def changes(cryptostream, lake, *flags):
    report = json.loads(cryptostream("recompute", *EVER, "--storage", lake, "--json", *flags).stdout)
    return {row["table"]: (row["added"], row["changed"], row["removed"]) for row in report}


def test_rows_that_another_program_changed_come_back(cryptostream, lake):
    gold = deltalake.DeltaTable(lake / "gold/sources/crypto_metrics_1m")
    gold.delete("coin_id = 'ethereum'")
    gold.update(predicate="samples = 2 and source = 'coingecko'", updates={"avg_price": "1.0"})
    deltalake.DeltaTable(lake / "gold/sources/crypto_metrics_1d").delete("coin_id = 'bitcoin'")
    before = judge.tables(lake)
    found = changes(cryptostream, lake, "--dry-run")
    assert found["gold_sources"] == (1, 2, 0)
    assert {name: table.version for name, table in judge.tables(lake).items()} == \
        {name: table.version for name, table in before.items()}
    assert changes(cryptostream, lake)["gold_sources"] == found["gold_sources"]
    golden_test.check("hours", lake, cryptostream)
    after = judge.tables(lake)["gold_sources"].txns
    epoch = "cryptostream/epoch"
    assert {**after, epoch: 0} == {**before["gold_sources"].txns, epoch: 0}
    assert set(changes(cryptostream, lake).values()) == {(0, 0, 0)}


def test_a_lake_that_is_written_says_by_whom(cryptostream, binary, lake, tmp_path):
    slow = tmp_path / "slow.jsonl"
    slow.write_text("".join('{"timestamp": %d, "coin_id": "bitcoin", "price": 1}\n' % (1735700000 + 60 * i) for i in range(9)))
    writer = subprocess.Popen([binary, "replay", slow, "--storage", lake, "--speed", "1"], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while f"pid={writer.pid}" not in (lake / ".cryptostream.lock").read_text():
            assert time.monotonic() < deadline and writer.poll() is None
            time.sleep(0.02)
        refused = cryptostream("recompute", *EVER, "--storage", lake, check=False)
        assert refused.returncode == 1
        assert f"pid={writer.pid}" in refused.stderr
    finally:
        writer.terminate()
        writer.wait(20)


def test_bad_ranges_are_named(cryptostream, tmp_path):
    for flags, word in ((["--from", "yesterday", "--to", "2024-08-08"], "--from"),
                        (["--from", "2024-08-09", "--to", "2024-08-08"], "before")):
        refused = cryptostream("recompute", *flags, "--storage", tmp_path / "none", check=False)
        assert refused.returncode == 2 and word in refused.stderr
    refused = cryptostream("recompute", *EVER, "--storage", tmp_path / "none", check=False)
    assert refused.returncode == 1 and "no lake" in refused.stderr
    assert not (tmp_path / "none").exists()
