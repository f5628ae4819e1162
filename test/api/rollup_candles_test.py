"""Bars over long ranges come from the rollups, and are those that the minutes give: the same lake with and without its rollup
tables answers the same bytes."""

import json
import random
import shutil
import subprocess

import deltalake
import pytest

HOUR = 3600
START = 1_704_067_200  # 2024-01-01


def messages():
    """Eight days of two sources that take turns and overlap, with rows that come late."""
    draw = random.Random(5)
    lines = []
    for minute in range(0, 8 * 24 * 60, 7):
        stamp = START + 60 * minute + draw.random() * 50
        if minute < 5 * 24 * 60 + 100:
            lines.append({"timestamp": round(stamp, 3), "coin_id": "bitcoin", "price": draw.uniform(90, 110), "source": "coingecko_chart"})
        if minute > 5 * 24 * 60 - 300:
            lines.append({"timestamp": round(stamp + 1, 3), "coin_id": "bitcoin", "price": draw.uniform(90, 110)})
        if draw.random() < 0.05:
            late = draw.randrange(60 * (minute + 1))
            source = "coingecko_chart" if late < 60 * (5 * 24 * 60 - 300) else "coingecko"
            lines.append({"timestamp": START + late, "coin_id": "bitcoin", "price": draw.uniform(90, 110), "source": source})
        # Other coins fill the server's memory in the last days, so that it leaves the days before to the tables.
        for other in range(16 * 7 if minute > 6 * 24 * 60 else 0):
            lines.append({"timestamp": START + 60 * (minute + other // 16), "coin_id": f"coin-{other % 16}", "price": 1})
    return [json.dumps(line) for line in lines]


@pytest.fixture(scope="module")
def twins(binary, serve, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rollups")
    (folder / "recording.jsonl").write_text("\n".join(messages()) + "\n")
    done = subprocess.run([binary, "replay", folder / "recording.jsonl", "--storage", folder / "with", "--exit-when-done"],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    shutil.copytree(folder / "with", folder / "without")
    for table in ("crypto_metrics_1h", "crypto_metrics_1d"):
        shutil.rmtree(folder / "without/gold" / table)
    shutil.copytree(folder / "with", folder / "marked")
    for table in ("crypto_metrics_1h", "crypto_metrics_1d"):
        deltalake.DeltaTable(folder / "marked/gold" / table).update(updates={"close": "12345.0"})
    servers = [serve(folder / name) for name in ("with", "without", "marked")]
    servers[0].storage = folder / "with"
    for server in servers:
        server.wait_until(lambda server=server: server.json("/api/v1/coins")["coins"])
    yield servers
    for server in servers:
        server.stop()


def ranges():
    draw = random.Random(9)
    yield "limit=10000"
    yield "limit=3"
    for _ in range(12):
        begin, end = sorted(START + draw.randrange(8 * 24 * HOUR) for _ in range(2))
        yield f"from={begin}&to={end + 1}&limit={draw.choice([2, 50, 1000])}"
        yield f"to={end}&limit={draw.choice([1, 30])}"
        yield f"from={begin - begin % HOUR}&limit={draw.choice([1, 30])}"


@pytest.mark.parametrize("interval", ["1h", "4h", "1d", "15m"])
def test_rollups_and_minutes_answer_the_same(interval, twins):
    bars = 0
    for query in ranges():
        path = f"/api/v1/candles?coin=bitcoin&interval={interval}&{query}"
        answers = [server.json(path) for server in twins[:2]]
        for answer in answers:
            answer.pop("as_of_version")
        assert answers[0] == answers[1], path
        bars += len(answers[0]["candles"])
    assert bars > 40


@pytest.mark.parametrize("interval", ["1h", "4h", "1d"])
def test_old_bars_are_read_from_the_rollups(interval, twins):
    """In a lake whose rollups somebody marked, the mark is seen, but not where two sources mix or memory answers."""
    bars = twins[2].json(f"/api/v1/candles?coin=bitcoin&interval={interval}&limit=10000")["candles"]
    marked = [bar["close"] == 12345 for bar in bars]
    assert marked[0] and not marked[-1]
    assert marked.count(True) > 3


def test_the_recorded_order_decides_which_source_answers(binary, serve, twins, tmp_path):
    """Where both sources have a row, the first in the order answers, in memory's range and in the tables'; whatever `serve` is told."""
    overlap = START + 60 * (5 * 24 * 60 - 200)
    shutil.copytree(twins[0].storage, tmp_path / "lake")
    for order in (["coingecko_chart", "coingecko"], ["coingecko", "coingecko_chart"]):
        subprocess.run([binary, "recompute", "--order", "--from", "2024-01-01", "--storage", tmp_path / "lake", "--set",
                        "gold.source_order=" + ",".join(order)], check=True, capture_output=True, timeout=120)
        server = serve(tmp_path / "lake", "--set", "gold.source_order=" + ",".join(reversed(order)))
        try:
            server.wait_until(lambda: server.json("/api/v1/coins")["coins"])
            path = f"/api/v1/candles?coin=bitcoin&interval=1m&from={overlap}&to={overlap + 3600}"
            assert {bar["source"] for bar in server.json(path)["candles"]} == {order[0]}
            hours = server.json(path.replace("1m", "1h"))["candles"]
            assert {bar["source"] for bar in hours} == {order[0]}
            other = server.json(path + f"&source={order[1]}")["candles"]
            assert {bar["source"] for bar in other} == {order[1]}
            alone = START + 24 * HOUR
            path = f"/api/v1/candles?coin=bitcoin&interval=1m&from={alone}&to={alone + 7200}&limit=3"
            assert server.json(path)["candles"], "where only one has rows, it answers"
        finally:
            server.stop()


def test_an_unchanged_answer_is_not_sent_again(twins):
    path = "/api/v1/candles?coin=bitcoin&interval=1d&limit=100"
    status, headers, _ = twins[0].get(path)
    assert status == 200
    assert twins[0].get(path, {"If-None-Match": headers["ETag"]})[0] == 304
