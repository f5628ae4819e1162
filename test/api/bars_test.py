"""Bars and ranges against the gold table as delta-rs reads it: memory and table must answer as one."""

import datetime
import itertools
import json
import urllib.parse
import urllib.request

import deltalake
import pytest

from prefix_proxy import prefix_proxy

MINUTES = {"1m": 1, "5m": 5, "15m": 15, "1h": 60, "4h": 240, "1d": 1440}


@pytest.fixture(scope="module")
def gold(lake):
    rows = deltalake.DeltaTable(str(lake / "gold" / "crypto_metrics_1m")).to_pyarrow_table().to_pylist()
    return sorted(rows, key=lambda row: row["window"]["start"])


def rfc3339(time):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def expected_bars(gold, coin, interval):
    """Bars as anybody would fold them, the mean by plain arithmetic."""
    step = datetime.timedelta(minutes=MINUTES[interval])
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    rows = [row for row in gold if row["coin_id"] == coin]
    bars = []
    for opened, group in itertools.groupby(rows, lambda row: row["window"]["start"] - (row["window"]["start"] - epoch) % step):
        group = list(group)
        samples = sum(row["samples"] for row in group)
        bars.append({
            "open_time": rfc3339(opened), "close_time": rfc3339(opened + step), "open": group[0]["open"],
            "high": max(row["max_price"] for row in group), "low": min(row["min_price"] for row in group),
            "close": group[-1]["close"], "avg": pytest.approx(sum(row["avg_price"] * row["samples"] for row in group) / samples, rel=1e-14),
            "volume": None, "vwap": None, "samples": samples, "source": "coingecko", "quote": "usd", "closed": True, "committed": True})
    return bars


@pytest.mark.parametrize("interval", MINUTES)
@pytest.mark.parametrize("coin", ["bitcoin", "ethereum"])
def test_all_bars_equal_the_fold_of_the_gold_table(served, gold, coin, interval):
    answer = served.json(f"/api/v1/candles?coin={coin}&interval={interval}&limit=10000")
    assert answer["coin"] == coin and answer["interval"] == interval and answer["source"] == "coingecko"
    assert isinstance(answer["as_of_version"], int)
    bars = answer["candles"]
    expected = expected_bars(gold, coin, interval)
    # The recording ends with the last bar of each interval, and all of its windows are closed.
    assert bars == expected


@pytest.mark.parametrize("direction", ["from", "to"])
def test_following_the_links_gives_every_bar_once(served, gold, direction):
    path = "/api/v1/candles?coin=bitcoin&interval=5m&limit=100" + ("&from=0" if direction == "from" else "")
    seen = []
    for _ in range(100):
        _, headers, _ = served.get(path)
        page = [bar["open_time"] for bar in served.json(path)["candles"]]
        seen = seen + page if direction == "from" else page + seen
        if "Link" not in headers:
            break
        assert headers["Link"].endswith('>; rel="next"')
        path = urllib.parse.urljoin(path, headers["Link"][1:].split(">")[0])
    assert seen == [bar["open_time"] for bar in expected_bars(gold, "bitcoin", "5m")]


def test_links_lead_on_below_a_path_of_a_proxy(served, gold):
    """As a client reads them: resolved against the address that it asked (RFC 3986), which has a prefix that we never see."""
    with prefix_proxy("/crypto/prices", served.port) as base:
        url, seen = f"{base}/api/v1/candles?coin=bitcoin&interval=1h&limit=10", []
        while url:
            with urllib.request.urlopen(url, timeout=20) as answer:
                seen = [bar["open_time"] for bar in json.load(answer)["candles"]] + seen
                link = answer.headers["Link"]
            url = link and urllib.parse.urljoin(url, link[1:].split(">")[0])
    assert seen == [bar["open_time"] for bar in expected_bars(gold, "bitcoin", "1h")] and len(seen) > 20


@pytest.mark.parametrize("limit", [1, 7, 40])
@pytest.mark.parametrize("fill", ["none", "previous"])
@pytest.mark.parametrize("bounds", ["", "&from=0", "&from=2024-03-04T05:10:00Z", "&to=2024-03-04T23:00:00Z",
                                    "&from=2024-03-03T20:00:00Z&to=2024-03-05T03:00:00Z"])
def test_pages_are_cuts_of_one_answer(served, bounds, fill, limit):
    """Ethereum misses a whole day: pages begin, end and lie inside the gap."""
    question = f"/api/v1/candles?coin=ethereum&interval={'4h' if limit == 1 else '15m'}&fill={fill}{bounds}"
    whole = served.json(question + "&limit=10000")["candles"]
    path, pages = f"{question}&limit={limit}", []
    for _ in range(400):
        _, headers, body = served.get(path)
        page = json.loads(body)["candles"]
        assert 0 < len(page) <= limit or (not whole and not page)
        pages = pages + page if "from" in bounds else page + pages
        if "Link" not in headers:
            break
        path = urllib.parse.urljoin(path, headers["Link"][1:].split(">")[0])
    assert pages == whole


def test_ranges_follow_binance(served, gold):
    all_opens = [bar["open_time"] for bar in expected_bars(gold, "bitcoin", "1m")]

    def opens(query):
        return [bar["open_time"] for bar in served.json("/api/v1/candles?coin=bitcoin&" + query)["candles"]]

    assert opens("") == all_opens[-500:]
    assert opens("limit=3") == all_opens[-3:]
    assert opens("from=2024-03-03T00:05:00Z&limit=2") == ["2024-03-03T00:05:00.000Z", "2024-03-03T00:10:00.000Z"]
    assert opens("from=1709424300&limit=1") == opens("from=1709424300000&limit=1") == ["2024-03-03T00:05:00.000Z"]
    assert opens("to=2024-03-03T00:10:00Z") == ["2024-03-03T00:00:00.000Z", "2024-03-03T00:05:00.000Z"]
    assert opens("from=2024-03-03T00:05:00Z&to=2024-03-03T00:15:00Z") == ["2024-03-03T00:05:00.000Z", "2024-03-03T00:10:00.000Z"]
    assert opens("from=2030-01-01T00:00:00Z") == []


def test_fill_previous_leaves_no_gap(served):
    bars = served.json("/api/v1/candles?coin=ethereum&interval=1h&fill=previous&limit=10000")["candles"]
    assert len(bars) == 72
    for before, bar in zip(bars, bars[1:]):
        assert bar["open_time"] == before["close_time"]
        if bar["samples"] == 0:
            assert bar["open"] == bar["high"] == bar["low"] == bar["close"] == before["close"]
    assert sum(bar["samples"] == 0 for bar in bars) == 24


def test_an_unchanged_answer_is_not_sent_again(served):
    _, headers, _ = served.get("/api/v1/candles?coin=bitcoin")
    status, _, body = served.get("/api/v1/candles?coin=bitcoin", {"If-None-Match": headers["ETag"]})
    assert status == 304 and body == b""
