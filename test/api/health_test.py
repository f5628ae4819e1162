"""What the service says of its own health: each trouble at once and in words, and 503 only where it cannot serve or write."""

import contextlib
import datetime
import http.server
import json
import re
import threading

import pytest

from server import Server


def rfc3339(time):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def now(**later):
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**later)


def prices(stamp, coins=("bitcoin", "ethereum"), price=60_000):
    return json.dumps([{"id": coin, "symbol": coin[:3], "current_price": price, "last_updated": rfc3339(stamp)} for coin in coins])


class Provider:
    """A CoinGecko that answers what the test sets: (status, content type, body)."""

    def __init__(self):
        self.asked = 0
        self.answer = lambda: (200, "application/json", prices(now()))
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                provider.asked += 1
                status, content_type, body = provider.answer()
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def provider():
    provider = Provider()
    yield provider
    provider.close()


@contextlib.contextmanager
def polling(binary, folder, provider, coins="bitcoin,ethereum"):
    """`run` on this provider, a poll a second."""
    server = Server(binary, "run", "--source", "coingecko", "--storage", folder / "lake", "--port", "0",
                    "--set", f"coingecko.base_url=http://127.0.0.1:{provider.server.server_port}",
                    "--set", f"coingecko.coins={coins}", "--set", "coingecko.pace=1s", "--set", "coingecko.calls_per_minute=600",
                    "--set", "source.backfill_days=0")
    try:
        yield server
    finally:
        server.stop()


def ready(server):
    status, _, body = server.get("/readyz?verbose")
    return status, body.decode()


TROUBLES = {
    "key refused": (401, "application/json", '{"status":{"error_code":10002,"error_message":"API Key Missing"}}'),
    "not found": (404, "application/json", '{"error":"Incorrect path"}'),
    "server error": (503, "text/plain", "upstream connect error"),
    "html": (200, "text/html", "<!DOCTYPE html><title>Hello</title>"),
}


def test_each_trouble_of_the_provider_is_told_and_is_no_503(binary, tmp_path, provider):
    with polling(binary, tmp_path, provider) as server:
        for name, trouble in TROUBLES.items():
            provider.answer = lambda: (200, "application/json", prices(now()))
            server.wait_until(lambda: ready(server)[1].endswith("\nready\n") and server.json("/api/v1/coins")["coins"])
            assert server.json("/api/v1/status")["health"] == {"state": "ready", "troubles": []}
            provider.answer = lambda trouble=trouble: trouble
            server.wait_until(lambda: "[-] source coingecko: " in ready(server)[1], seconds=5)
            status, text = ready(server)
            assert status == 200 and text.endswith("\ndegraded\n"), (name, text)
            health = server.json("/api/v1/status")["health"]
            assert health["state"] == "degraded" and health["troubles"][0].startswith("source coingecko: "), (name, health)
            # Without ?verbose the words are there too: nobody has to know of it when something is wrong.
            assert b"[-] source coingecko: " in server.get("/readyz")[2]


def test_a_provider_that_never_answered_is_no_503_either(binary, tmp_path, provider):
    provider.answer = lambda: TROUBLES["key refused"]
    with polling(binary, tmp_path, provider) as server:
        server.wait_until(lambda: "[-] source coingecko: " in ready(server)[1], seconds=10)
        status, text = server.wait_until(lambda: ready(server)[0] == 200 and ready(server))
        assert "[-] data: there is no price yet" in text and "[+] lake: writable" in text


def test_a_stamp_from_the_future_makes_nothing_fresh(binary, tmp_path, provider):
    """One `last_updated` of tomorrow, then the provider is gone: the price ages from the moment at which it was seen."""
    provider.answer = lambda: (200, "application/json", prices(now(days=1)))
    with polling(binary, tmp_path, provider) as server:
        coins = server.wait_until(lambda: server.json("/api/v1/coins")["coins"])
        assert all(0 <= coin["age_s"] < 60 and coin["freshness"] == "live" for coin in coins), coins
        provider.answer = lambda: TROUBLES["server error"]
        age = server.json("/api/v1/coins")["coins"][0]["age_s"]
        older = server.wait_until(lambda: [coin for coin in server.json("/api/v1/coins")["coins"] if coin["age_s"] > age + 1])
        assert older
        metrics = server.get("/metrics")[2].decode()
        ages = [float(value) for value in re.findall(r"^cryptostream_price_age_seconds\{.*\} (\S+)$", metrics, re.MULTILINE)]
        assert len(ages) == 2 and all(0 <= value < 120 for value in ages), ages


def test_prices_are_counted_by_their_freshness(binary, tmp_path, provider):
    """Ten coins live and one delayed is not "delayed"."""
    coins = [f"coin-{letter}" for letter in "abcdefghijk"]

    def answer():
        rows = json.loads(prices(now(), coins[:10])) + json.loads(prices(now(minutes=-5), coins[10:]))
        return 200, "application/json", json.dumps(rows)

    provider.answer = answer
    with polling(binary, tmp_path, provider, ",".join(coins)) as server:
        server.wait_until(lambda: "[+] data: 10 live, 1 delayed" in ready(server)[1])


def test_old_prices_are_told_with_their_age(served):
    status, text = ready(served)
    assert status == 200 and text.endswith("\ndegraded\n")
    assert re.search(r"\[-\] data: no price is fresh: the newest is \d+d\S* old", text), text
