"""Each route's shape, and what it says to bad questions."""

import gzip
import json
import os
import re

import pytest

RFC3339 = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")


def test_the_originals_route(served):
    windows = served.json("/metrics/bitcoin")
    assert len(windows) == 10
    assert all(list(window) == ["window_start", "window_end", "coin_id", "avg_price", "min_price", "max_price"] for window in windows)
    starts = [window["window_start"] for window in windows]
    assert starts == [1_709_683_140 - 60 * i for i in range(10)]
    assert all(window["window_end"] - window["window_start"] == 60 for window in windows)
    assert served.json("/metrics/no-such-coin") == []


def test_coins(served):
    answer = served.json("/api/v1/coins")
    assert answer["mode"] == "live"
    coin = next(coin for coin in answer["coins"] if coin["coin"] == "bitcoin")
    assert coin["source"] == "coingecko" and coin["symbol"] is None and coin["volume_24h"] == 1e9
    assert RFC3339.match(coin["event_time"]) and coin["age_s"] > 0
    assert coin["freshness"] == "stale"  # two years old: whatever plays, the data says what it is
    assert len(coin["spark"]) == 61 and None not in coin["spark"] and coin["spark"][-1] == coin["price"]


def test_status(served, lake):
    def counted():
        status = served.json("/api/v1/status")
        return status if status["tables"]["gold"]["rows"] else None

    status = served.wait_until(counted)
    tables = status["tables"]
    assert tables["bronze"]["rows"] == tables["silver"]["rows"] > tables["gold"]["rows"] > 1000
    assert all(table["files"] > 0 and table["bytes"] > 0 and table["version"] >= 0 for table in tables.values())
    assert status["watermarks"]["coingecko"].startswith("2024-03-05T23:59:40")
    assert status["freshness"] == {"live_s": 120, "delayed_s": 600}


def test_health_version_and_metrics(served):
    assert served.get("/livez")[0] == 200
    status, _, body = served.get("/readyz?verbose")
    assert status == 200 and b"[-] data: no price is fresh" in body and b"[+] tables: followed" in body and body.endswith(b"\ndegraded\n")
    assert served.get("/readyz?verbose=no")[0] == 400
    assert served.json("/version")["name"] == "cryptostream"
    _, headers, text = served.get("/metrics")
    assert headers["Content-Type"] == "text/plain; version=0.0.4"
    assert b'cryptostream_http_request_duration_seconds_bucket{code="200",method="GET",route="/livez"' in text
    # Paths never become labels, or anybody could fill the memory with them.
    assert b"no-such-coin" not in text


def test_the_page_is_served_and_nothing_else_of_the_disk(served):
    status, headers, body = served.get("/")
    assert status == 200 and headers["Content-Type"].startswith("text/html") and b"<html" in body
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    for path in ("/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/assets/../index.html", "//etc/passwd", "/.git/config"):
        assert served.get(path)[0] in (400, 404), path


@pytest.mark.parametrize("path", ["/api/v1/candles?coin=bitcoin", "/metrics/bitcoin", "/openapi.json"])
def test_head_and_gzip_say_the_same_as_get(served, path):
    _, headers, plain = served.get(path)
    status, head, nothing = served.get(path, method="HEAD")
    assert status == 200 and nothing == b"" and head["Content-Length"] == headers["Content-Length"] == str(len(plain))
    _, headers, packed = served.get(path, {"Accept-Encoding": "gzip"})
    assert (gzip.decompress(packed) if headers.get("Content-Encoding") == "gzip" else packed) == plain


@pytest.mark.parametrize(("path", "status", "word"), [
    ("/api/v1/candles", 400, "missing parameter: coin"),
    ("/api/v1/candles?coin=bitcoin&intervall=1m", 400, "did you mean 'interval'"),
    ("/api/v1/candles?coin=bitcoin&interval=7m", 400, "1m, 5m, 15m, 1h, 4h, 1d"),
    ("/api/v1/candles?coin=bitcoin&limit=10001", 400, "from 1 to 10000"),
    ("/api/v1/candles?coin=bitcoin&from=10&to=5", 400, "from must be before to"),
    ("/api/v1/candles?coin=bitcoin&from=soon", 400, "from=soon"),
    ("/api/v1/candles?coin=bit%20coin", 400, "bad coin id"),
    ("/api/v1/candles?coin=%00", 400, "malformed encoding"),
    ("/api/v1/candles?coin=no-such-coin", 404, "unknown coin"),
    ("/api/v1/candles?coin=x%27%20OR%201%3D1--", 400, "bad coin id"),
    ("/api/v1/coins?x=1", 400, "takes none"),
    ("/api/v1/stream?interval=9m", 400, "interval"),
    ("/metrics/a%2fb%2fc", 404, "nothing at this path"),
    ("/api/v2/coins", 404, "nothing at this path"),
])
def test_bad_questions_get_a_problem_that_helps(served, path, status, word):
    got, headers, body = served.get(path)
    assert got == status and headers["Content-Type"] == "application/problem+json"
    problem = json.loads(body)
    assert list(problem) == ["type", "title", "status", "detail"] and problem["status"] == status
    assert word in problem["detail"]


def test_the_originals_route_ignores_what_it_does_not_know(served):
    assert served.json("/metrics/bitcoin?limit=3&x=y&x=z") == served.json("/metrics/bitcoin")
    assert served.get("/metrics/bitcoin?x=%ff")[0] == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW"])
def test_only_reading_is_allowed(served, method):
    status, headers, _ = served.get("/api/v1/coins", method=method)
    assert status == 405 and headers["Allow"] == "GET, HEAD, OPTIONS"


def test_cors_is_for_the_originals_dashboard_only(served):
    allowed = {"Origin": "http://localhost:3000"}
    assert served.get("/metrics/bitcoin", allowed)[1]["Access-Control-Allow-Origin"] == "http://localhost:3000"
    for path, origin in (("/metrics/bitcoin", "http://evil.example"), ("/api/v1/coins", "http://localhost:3000"), ("/", "null")):
        assert "Access-Control-Allow-Origin" not in served.get(path, {"Origin": origin})[1]


def test_the_description_knows_every_route_and_its_examples_work(served):
    described = served.json("/openapi.json")
    assert described["openapi"].startswith("3.1")
    assert "/api/v1/candles" in described["paths"] and "/metrics/{coin_id}" in described["paths"]
    for path, item in described["paths"].items():
        if path == "/api/v1/stream" or "get" not in item:
            continue
        asked = path.replace("{coin_id}", "bitcoin").replace("{layer}", "gold")
        examples = [f"{p['name']}={p['example']}" for p in item["get"]["parameters"] if p["in"] == "query" and "example" in p]
        status, headers, _ = served.get(asked + ("?" + "&".join(examples) if examples else ""))
        assert str(status) in item["get"]["responses"], (path, status)
        described_types = item["get"]["responses"][str(status)]["content"]
        assert headers["Content-Type"].split(";")[0] in described_types, path


def test_a_taken_port_is_explained(served, binary, lake):
    import subprocess

    done = subprocess.run([binary, "serve", "--storage", lake, "--port", str(served.port)], capture_output=True, text=True, timeout=30,
                          env={key: value for key, value in os.environ.items() if not key.startswith("CRYPTOSTREAM_")})
    assert done.returncode == 1
    assert "port is taken" in done.stderr and f"(pid {served.process.pid})" in done.stderr
