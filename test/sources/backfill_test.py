"""History from market charts: a new lake begins with it, and asking for it again adds nothing."""

import os
import subprocess

import judge
from fake_coingecko import FakeCoinGecko


def backfill(binary, authority, server, lake, days):
    command = [binary, "backfill", "--days", days, "--storage", lake]
    for setting in (f"coingecko.base_url={server.url}", f"coingecko.ca_file={authority.file}", "coingecko.coins=bitcoin,tron",
                    "coingecko.calls_per_minute=1000"):
        command += ["--set", setting]
    environment = os.environ | {"NO_PROXY": "localhost"}
    done = subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_backfill_can_be_repeated(binary, authority, good_certificate, tmp_path):
    with FakeCoinGecko(good_certificate) as server:
        backfill(binary, authority, server, tmp_path / "lake", 1)
        once = {name: table.rows() for name, table in judge.tables(tmp_path / "lake").items()}
        backfill(binary, authority, server, tmp_path / "lake", 1)
        twice = {name: table.rows() for name, table in judge.tables(tmp_path / "lake").items()}
    assert len(once["bronze"]) == len(once["silver"]) == 2 * 288
    assert {row["source"] for row in once["silver"]} == {"coingecko_chart"}
    assert len(twice["bronze"]) == 2 * len(once["bronze"])
    new_points = {row["value"] for row in twice["bronze"]} - {row["value"] for row in once["bronze"]}
    assert len(new_points) <= 2  # five minutes may have passed
    assert len(twice["silver"]) == len(once["silver"]) + len(new_points)
    judge.check_gold(twice["silver"], twice["gold_sources"])


def test_a_new_lake_begins_with_a_day_of_the_first_coin(run, good_certificate):
    with FakeCoinGecko(good_certificate) as server:
        running = run(server, "source.backfill_days=1")
        running.until(lambda: sum(path.endswith("/market_chart") for path, _, _ in server.seen) == 2)
        running.until(lambda: len(server.polls()) > 1)
        charts = [path for path, _, _ in server.seen if path.endswith("/market_chart")]
        tables = running.tables()
    assert charts == ["/api/v3/coins/bitcoin/market_chart", "/api/v3/coins/ethereum/market_chart"]
    assert {row["source"] for row in tables["silver"]} == {"coingecko", "coingecko_chart"}
