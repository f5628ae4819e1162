"""Each client's share of requests, compression by zstd, and which pages of other origins may read."""

import time

import pyarrow as pa
import pytest

ELSEWHERE = ("--set", "serve.proxies=10.0.0.5")  # so that loopback has a share like any other address


def test_a_share_is_a_burst_and_then_a_pace(serve, lake):
    server = serve(lake, *ELSEWHERE, "--set", "serve.max_requests_per_second=2")
    try:
        time.sleep(2.5)
        answers = [server.get("/livez") for _ in range(10)]
        statuses = [status for status, _, _ in answers]
        assert statuses[:4] == [200] * 4 and 429 in statuses
        _, headers, body = next(answer for answer in answers if answer[0] == 429)
        assert headers["Retry-After"] == "1" and headers["Content-Type"] == "application/problem+json" and b"serve.max_requests_per_second" in body
        time.sleep(1.1)
        assert server.get("/livez")[0] == 200
    finally:
        server.stop()


def test_a_proxy_and_nought_have_no_bound(serve, lake):
    for flags in (("--set", "serve.max_requests_per_second=1"), (*ELSEWHERE, "--set", "serve.max_requests_per_second=0")):
        server = serve(lake, *flags)
        try:
            assert {server.get("/livez")[0] for _ in range(30)} == {200}
        finally:
            server.stop()


def unpacked(body):
    return pa.CompressedInputStream(pa.BufferReader(body), "zstd").read()


@pytest.mark.parametrize(("accept", "encoding"), [("zstd", "zstd"), ("gzip, zstd", "zstd"), ("zstd;q=0, gzip", "gzip"), ("br", None), ("*", "gzip"), ("zstd;q=0.0", None)])
def test_bodies_are_packed_as_asked(served, accept, encoding):
    path = "/api/v1/candles?coin=bitcoin&interval=5m&limit=800&to=2024-03-05T00:00:00Z"
    plain = served.get(path)[2]
    status, headers, body = served.get(path, {"Accept-Encoding": accept})
    assert status == 200 and headers.get("Content-Encoding") == encoding
    if encoding == "zstd":
        assert unpacked(body) == plain and len(body) < len(plain) / 3
    assert (body == plain) == (encoding is None)


def test_the_page_comes_ready_made_and_for_zstd_alone_packed(served):
    plain = served.get("/")[2]
    status, headers, body = served.get("/", {"Accept-Encoding": "zstd"})
    assert status == 200 and (unpacked(body) if headers.get("Content-Encoding") == "zstd" else body) == plain


def test_allowed_origins_may_read_and_no_others(serve, lake):
    ours, other = {"Origin": "https://charts.example.org"}, {"Origin": "https://charts.example.org.evil.example"}
    server = serve(lake, "--set", "serve.allowed_origins=https://charts.example.org,http://localhost:5173")
    try:
        server.wait_until(lambda: server.json("/api/v1/coins")["coins"])
        for path in ("/api/v1/candles?coin=bitcoin", "/udf/config", "/api/v1/candles?coin=nothing", "/api/v1/nothing", "/metrics/bitcoin"):
            _, headers, _ = server.get(path, ours)
            allowed = path != "/api/v1/nothing"
            assert headers.get("Access-Control-Allow-Origin") == (ours["Origin"] if allowed else None), path
            assert "Access-Control-Allow-Credentials" not in headers
            for origin in (other, {"Origin": "null"}, {"Origin": "*"}, {}):
                assert "Access-Control-Allow-Origin" not in server.get(path, origin)[1]
        status, headers, _ = server.get("/api/v1/query", {**ours, "Access-Control-Request-Method": "POST"}, method="OPTIONS")
        assert status == 204 and headers["Access-Control-Allow-Methods"] == "POST" and "Content-Type" in headers["Access-Control-Allow-Headers"]
        assert "Access-Control-Allow-Methods" not in server.get("/api/v1/query", other, method="OPTIONS")[1]
        assert server.get("/metrics/bitcoin", {"Origin": "http://localhost:3000"})[1]["Access-Control-Allow-Origin"] == "http://localhost:3000"
        assert "Access-Control-Allow-Origin" not in server.get("/api/v1/coins", {"Origin": "http://localhost:3000"})[1]
    finally:
        server.stop()


@pytest.mark.parametrize("origin", ["*", "null", "charts.example.org", "https://charts.example.org/", "https://", "https://*.example.org", "https://A.example.org"])
def test_what_is_no_origin_is_refused_at_the_start(binary, lake, origin):
    import subprocess

    done = subprocess.run([binary, "serve", "--storage", lake, "--port", "0", "--set", f"serve.allowed_origins={origin}"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 78 and "serve.allowed_origins" in done.stderr
