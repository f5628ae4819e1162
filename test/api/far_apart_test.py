"""Rows of 1970, 2013 and 2024 in one chart: answers stay quick and bounded (Open-Trader/opentrader#136)."""

import json
import pathlib
import subprocess
import time

import pytest

from server import Server

MESSAGES = pathlib.Path(__file__).parent.parent / "data/cases/18-far-apart/messages.jsonl"


@pytest.fixture(scope="module")
def sparse(binary, tmp_path_factory):
    lake = tmp_path_factory.mktemp("far-apart") / "lake"
    subprocess.run([binary, "replay", MESSAGES, "--storage", lake, "--exit-when-done"], check=True, capture_output=True)
    server = Server(binary, "serve", "--storage", lake, "--port", "0")
    yield server
    server.process.terminate()
    server.process.wait(20)


@pytest.mark.parametrize("interval", ["1m", "1h", "1d"])
def test_half_a_century_of_gaps_is_answered_at_once(sparse, interval):
    times = {json.loads(line)["timestamp"] for line in MESSAGES.read_text().splitlines()}
    sparse.wait_until(lambda: sparse.json("/api/v1/coins")["coins"])
    plain = sparse.json(f"/api/v1/candles?coin=bitcoin&interval={interval}&from=0&limit=10000")["candles"]
    assert plain[0]["open_time"].startswith("1970-01-01") and plain[-1]["open_time"][:4] == "2024"
    assert len(plain) <= len(times)
    begin = time.monotonic()
    for bound in ("", "&from=0", "&to=1800000000"):
        filled = sparse.json(f"/api/v1/candles?coin=bitcoin&interval={interval}&fill=previous&limit=1000{bound}")["candles"]
        assert 0 < len(filled) <= 1000
    assert time.monotonic() - begin < 3
