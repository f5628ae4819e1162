"""A coin in several currencies: each is a series of its own, in the tables, in every answer, and to `verify`."""

import http.client
import json
import subprocess

import pytest

START = 1_724_000_040  # a minute before a full one
MINUTES = 130


def message(second, price, quote=None):
    said = {"timestamp": START + second, "coin_id": "bitcoin", "price": price, "volume_24h": 1e9}
    return json.dumps(said if quote is None else {**said, "quote": quote})


def frame(symbol, trade, second, price):
    inner = {"e": "trade", "E": (START + second) * 1000, "s": symbol, "t": trade, "p": str(price), "q": "1", "T": (START + second) * 1000}
    return f"{(START + second) * 1000} " + json.dumps(inner)


@pytest.fixture(scope="module")
def replay(binary, tmp_path_factory):
    """Plays lines into a lake, as a recording of their own."""
    folder, numbers = tmp_path_factory.mktemp("quotes"), iter(range(100))

    def play(lake, lines, form="messages", *flags):
        file = folder / f"{next(numbers)}.txt"
        file.write_text("\n".join(lines) + "\n")
        done = subprocess.run([binary, "replay", file, "--format", form, "--storage", folder / lake, "--exit-when-done", *flags],
                              capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return folder / lake

    return play


@pytest.fixture(scope="module")
def changed(replay):
    """A lake whose `vs_currency` was changed from usd to eur: messages that say no currency, before and after."""
    replay("changed", [message(60 * minute, 60_000 + minute % 10) for minute in range(MINUTES)])
    return replay("changed", [message(60 * (MINUTES + minute), 55_000 + minute % 10) for minute in range(MINUTES)], "messages",
                  "--set", "coingecko.vs_currency=eur")


def rows(binary, lake, sql):
    done = subprocess.run([binary, "query", "--json", sql, "--storage", lake], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def assert_sound(binary, lake):
    done = subprocess.run([binary, "verify", "--storage", lake], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "WRONG" not in done.stdout, done.stdout


def test_a_changed_currency_gives_two_series_in_every_table(binary, changed):
    for table, price in (("silver", "price"), ("gold", "close"), ("gold_1h", "close")):
        found = rows(binary, changed, f"select quote, min({price}) as low, max({price}) as high from {table} group by 1 order by 1")
        assert [(row["quote"], row["low"] >= 60_000, row["high"] < 56_000) for row in found] == [("eur", False, True), ("usd", True, False)], table
    assert_sound(binary, changed)


def test_every_answer_is_in_one_currency(binary, changed, serve):
    server = serve(changed)
    try:
        coin = server.wait_until(lambda: server.json("/api/v1/coins")["coins"])[0]
        assert coin["quote"] == "eur" and coin["price"] < 56_000 and all(price is None or price < 56_000 for price in coin["spark"])
        for interval in ("1m", "1h"):
            for quote, low in (("eur", 55_000), ("usd", 60_000), ("USD", 60_000)):
                answer = server.json(f"/api/v1/candles?coin=bitcoin&interval={interval}&quote={quote}&limit=10000")
                assert answer["quote"] == quote.lower() and len(answer["candles"]) >= 2
                assert {bar["quote"] for bar in answer["candles"]} == {quote.lower()}
                assert all(low <= bar["low"] and bar["high"] < low + 10 for bar in answer["candles"])
            assert {bar["quote"] for bar in server.json(f"/api/v1/candles?coin=bitcoin&interval={interval}")["candles"]} == {"eur"}
        assert server.json("/api/v1/candles?coin=bitcoin&quote=gbp")["candles"] == []
        assert server.json("/api/v1/candles?coin=bitcoin&quote=us-d", status=400)
        assert all(window["max_price"] < 56_000 for window in server.json("/metrics/bitcoin"))
    finally:
        server.stop()


def test_older_bars_come_from_the_table_in_their_currency(changed, serve):
    server = serve(changed, "--set", "serve.query_threads=1")
    try:
        server.wait_until(lambda: server.json("/api/v1/coins")["coins"])
        path = f"/api/v1/candles?coin=bitcoin&interval=1m&quote=usd&limit=7&to={START + 3600}"
        seen = []
        while path:
            status, headers, body = server.get(path)
            assert status == 200
            seen = [bar["open_time"] for bar in json.loads(body)["candles"]] + seen
            link = headers.get("Link", "")
            assert not link or "quote=usd" in link
            path = link[1:link.index(">")] if link else None
        assert len(seen) == 60 and seen == sorted(seen)
    finally:
        server.stop()


def test_two_symbols_of_a_coin_in_two_currencies_are_two_windows(binary, replay, tmp_path):
    config = tmp_path / "symbols.toml"
    config.write_text('[symbols]\nBTCEUR = "bitcoin"\nXBTZ = {coin = "bitcoin", quote = "GBP"}\n')
    lines = [frame(symbol, trade, second, price) for symbol, price in (("BTCUSDT", 60_000), ("BTCEUR", 55_000), ("XBTZ", 47_000))
             for trade, second in ((1, 60), (2, 61))]
    lake = replay("symbols", lines, "binance-frames", "--config", config)
    found = rows(binary, lake, "select quote, close, volume, samples from gold_sources order by 1")
    assert [(row["quote"], row["close"], row["volume"], row["samples"]) for row in found] == [
        ("eur", 55_000, 2, 2), ("gbp", 47_000, 2, 2), ("usdt", 60_000, 2, 2)]
    assert_sound(binary, lake)


def test_a_source_that_says_no_currency_has_a_default_of_its_own(binary, replay):
    lake = replay("default", [json.dumps({"timestamp": START, "coin_id": "bitcoin", "price": 1, "source": "kraken"})], "messages",
                  "--set", "quotes.kraken=EUR")
    assert rows(binary, lake, "select source, quote from gold") == [{"source": "kraken", "quote": "eur"}]
    refused = subprocess.run([binary, "config", "check", "--set", "quotes.kraken=us d"], capture_output=True, text=True)
    assert refused.returncode == 78 and "not a currency: quotes.kraken" in refused.stderr


def test_events_say_their_currency(running):
    server = running([message(second, 60_000 + second, "eur") for second in range(600)], speed="60")
    events = server.wait_until(lambda: _events(server))
    assert events["tick"]["quote"] == events["candle"]["quote"] == events["candle"]["candle"]["quote"] == "eur"


def _events(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", "/api/v1/stream?interval=1m")
    answer, found, name = connection.getresponse(), {}, None
    for line in answer:
        text = line.decode().strip()
        if text.startswith("event: "):
            name = text[7:]
        elif text.startswith("data: "):
            found[name] = json.loads(text[6:])
        if {"tick", "candle"} <= found.keys():
            break
    connection.close()
    return found if {"tick", "candle"} <= found.keys() else None
