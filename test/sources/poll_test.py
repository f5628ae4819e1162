"""The poller over real TLS: recorded bodies byte for byte, every kind of broken answer, keys that stay secret."""

import json
import pathlib

import pytest
from fake_coingecko import Answer, FakeCoinGecko, prices, recorded

GOOD = prices(["bitcoin", "ethereum"])


def raw_objects(bronze):
    return [row["value"][row["value"].index('"raw":') + 6:-1] for row in sorted(bronze, key=lambda row: row["offset"])]


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_recorded_bodies_arrive_byte_for_byte(packed, run, good_certificate):
    names = ["markets_bitcoin_usd", "markets_bitcoin_myr", "markets_two_coins_eth"]
    script = [recorded(name) for name in names]
    for answer in script:
        answer.packed = packed
        answer.headers.pop("Cache-Control")  # the test does not wait for the recorded cache
    with FakeCoinGecko(good_certificate, script) as server:
        running = run(server)
        running.until(lambda: len(server.polls()) > len(script))
        bronze = running.tables()["bronze"]
    rows = raw_objects(bronze)[:4]
    bodies = [answer.body.decode() for answer in script]
    assert [f"[{rows[0]}]", f"[{rows[1]}]", f"[{rows[2]},{rows[3]}]"] == bodies
    assert {row["key"] for row in bronze} == {"bitcoin", "ethereum"}
    assert sorted(row["offset"] for row in bronze)[:4] == [0, 1, 2, 2]


BROKEN = {
    "html": Answer(b"<!DOCTYPE html><title>hello</title>", content_type="text/html"),
    "cut json": Answer(GOOD[:-30]),
    "empty": Answer(b""),
    "short of its length": Answer(GOOD, length=len(GOOD) + 100),
    "cut chunk": Answer(GOOD, chunks_cut=True),
    "not json": Answer(b"soon", content_type="text/plain"),
    "gzip bomb": Answer(b"0" * 30_000_000, packed=True),
    "11 MB": Answer(b" " * 11_000_000),
}


def test_a_broken_answer_is_set_aside_whole_and_asked_for_again(run, good_certificate):
    script = [answer for broken in BROKEN.values() for answer in (broken, Answer(GOOD))]
    with FakeCoinGecko(good_certificate, script) as server:
        running = run(server)
        running.until(lambda: len(server.polls()) > len(script), seconds=90)
        tables = running.tables()
    rejected = sorted(tables["quarantine"], key=lambda row: row["offset"])
    assert [row["stage"] for row in rejected] == ["source"] * len(BROKEN)
    for row, answer in zip(rejected, BROKEN.values()):
        assert answer.body.startswith(row["value"].rstrip(b"[")) and len(row["value"]) <= 65536, row["reason"]
    words = ["HTML", "cut short", "empty", "cut short", "", "text/plain", "too large", "too large"]
    for row, word in zip(rejected, words):
        assert word in row["reason"]
    polls = {row["offset"] for row in tables["bronze"]}
    assert all(sum(row["offset"] == poll for row in tables["bronze"]) == 2 for poll in polls)  # never half a poll
    assert len(tables["gaps"]) == len(BROKEN)


def test_bad_rows_inside_a_good_answer_cost_only_themselves(run, good_certificate):
    rows = [b'{"id":"bitcoin","current_price":null}', b'{"id":"ethereum","current_price":2.5,"x":"\xff"}',
            b'{"id":"solana","current_price":8.8782e-8,"market_cap":99999999999999999999}',
            b'{"id":"tron","current_price":1e999}', b'{"id":"tron","current_price":-1}', b"7", b'{"current_price":1}',
            b'{"id":"cardano","current_price":1,"deep":' + b"[" * 10_000 + b"]" * 10_000 + b"}"]
    with FakeCoinGecko(good_certificate, [Answer(b"[" + b",".join(rows) + b"]")]) as server:
        running = run(server, coins="solana")
        running.until(lambda: len(server.polls()) > 1)
        tables = running.tables()
    silver = [row for row in tables["silver"] if row["price"] != 100.5]
    assert [(row["coin_id"], row["price"], row["market_cap"]) for row in silver] == [("solana", 8.8782e-8, 1e20)]
    reasons = sorted(row["reason"].split(":")[0] for row in tables["quarantine"])
    assert reasons == sorted(["missing_price", "not_utf8", "bad_number", "price_not_positive", "not_an_object", "missing_coin_id",
                              "too_deep"])


def test_a_429_is_waited_for_said_once_and_leaves_a_gap(run, good_certificate):
    told = b'{"status":{"error_code":429,"error_message":"You have exceeded the rate limit"}}'
    limited = Answer(told, 429, {"Retry-After": "1"})
    under_200 = Answer(told, 200, {"Retry-After": "1"})
    with FakeCoinGecko(good_certificate, [Answer(GOOD), limited, limited, under_200, Answer(GOOD)]) as server:
        running = run(server)
        running.until(lambda: server.script_left == 0 and "prices again" in running.log)
        tables = running.tables()
        assert running.log.count("too many calls") == 1
    (gap,) = tables["gaps"]
    assert "429" in gap["reason"] and gap["source"] == "coingecko"
    assert (gap["to_time"] - gap["from_time"]).total_seconds() >= 3


@pytest.mark.parametrize("status, body, words", [
    (403, b"error code: 1020", "shut out by the provider"),
    (429, b"Throttled", "too many calls"),
    (500, b"", "the provider fails (500)"),
    (404, b'{"error":"coin not found"}', "coin not found"),
])
def test_trouble_is_shown_in_words_and_not_taken_for_silence(status, body, words, run, good_certificate):
    refusal = Answer(body, status, content_type="application/json" if body.startswith(b"{") else "text/plain")
    with FakeCoinGecko(good_certificate, [refusal] * 50, ping=refusal) as server:
        running = run(server, "source.kind=auto")
        running.until(lambda: words in running.log and words in running.status())
        running.stop()
    assert "playing" not in running.log  # the recording is for silence only


@pytest.mark.parametrize("plan, header", [("demo", "x-cg-demo-api-key"), ("pro", "x-cg-pro-api-key")])
def test_a_key_travels_in_its_header_and_stays_nowhere(plan, header, run, good_certificate):
    with FakeCoinGecko(good_certificate, [Answer(b'{"error":"no"}', 401), Answer(GOOD)]) as server:
        running = run(server, f"coingecko.plan={plan}", environment={"CRYPTOSTREAM_COINGECKO__KEY": "CG-canary-4711"})
        running.until(lambda: len(server.polls()) > 2)
        polls = server.polls()
        running.stop()
    assert all(headers[header] == "CG-canary-4711" and headers["user-agent"].startswith("cryptostream/") for _, _, headers in polls)
    folder = pathlib.Path(running.lake).parent
    assert [path for path in folder.rglob("*") if path.is_file() and b"CG-canary-4711" in path.read_bytes()] == []
    used = json.loads((running.lake / "state/coingecko_budget.json").read_text())
    assert len(polls) <= used["calls"] <= len(polls) + 1 and used["plan"] == plan
    assert "calls a month = one per" in running.log


@pytest.mark.parametrize("status, content_type, body", [
    (401, "application/json", b'{"error":"the key CG-canary-4711 is unknown"}'),
    (403, "application/json", b'{"status":{"error_code":10011,"error_message":"no such key: CG-canary-4711"}}'),
    (200, "text/html", b"<html>key CG-canary-4711 refused</html>"),
    (200, "application/json", b'[{"id":"bitcoin","current_price":"CG-canary-4711"}]'),
])
def test_a_provider_that_quotes_the_key_does_not_give_it_away(status, content_type, body, run, good_certificate):
    quoting = Answer(body, status, content_type=content_type)
    with FakeCoinGecko(good_certificate, [Answer(GOOD), quoting, quoting]) as server:
        running = run(server, "coingecko.plan=demo", environment={"CRYPTOSTREAM_COINGECKO__KEY": "CG-canary-4711"})
        shown = []
        running.until(lambda: shown.append(running.status()) or len(server.polls()) > 3)
        for path in ("/readyz?verbose", "/metrics"):
            shown.append(running.get(path))
        tables = running.tables()
    assert any(shown) and tables["bronze"]
    told = "".join(shown) + running.log + repr(tables)
    assert "CG-canary-4711" not in told
    assert "***" in told  # what was quoted was told, without the key


def test_a_stop_does_not_wait_for_a_slow_answer(run, good_certificate):
    with FakeCoinGecko(good_certificate, [Answer(GOOD, wait_s=8)]) as server:
        running = run(server)
        running.until(lambda: len(server.polls()) == 1)
        running.process.terminate()
        assert running.process.wait(timeout=5) == 0
