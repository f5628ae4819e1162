"""What a source says of itself while it is in trouble, and what is left of a time without prices: words at once, a gap row afterwards."""

import json
import os
import signal
import socket
import subprocess
import threading
import time

import judge
import pytest
from fake_coingecko import Answer, FakeCoinGecko, prices

GOOD = prices(["bitcoin", "ethereum"])
BLOCK = json.dumps({"status": {"error_code": 20000, "error_message": "Blocked: unusual activity from your network, use a key"}}).encode()


def source_of(running):
    """What /api/v1/status says of coingecko; empty while it says nothing."""
    status = running.status()
    return next((source for source in json.loads(status)["sources"] if source["source"] == "coingecko"), {}) if status else {}


@pytest.mark.parametrize("answer, state, words", [
    (Answer(b"[]"), "failing", "bitcoin, ethereum"),
    (Answer(b'{"status":{"error_code":10002,"error_message":"API Key Missing"}}', 401), "refused", "API Key Missing"),
    (Answer(b'{"error":"coin not found"}', 404), "refused", "coin not found"),
    (Answer(b"", 503), "failing", "503"),
    (Answer(b"<html>hello", content_type="text/html"), "failing", "HTML"),
    (Answer(prices(["bitcoin"])), "ok", "no price for ethereum"),
], ids=["nothing", "key", "404", "503", "html", "one coin missing"])
def test_a_source_says_what_it_is_in(answer, state, words, run, good_certificate):
    with FakeCoinGecko(good_certificate, [answer] * 60) as server:
        running = run(server)
        running.until(lambda: source_of(running).get("state") == state and words in source_of(running)["message"])
        said = "coins=ethereum" if state == "ok" else words
        running.until(lambda: server.script_left < 59 and said in running.log)
        tables = running.tables()
    assert len(tables["silver"]) == (len(tables["bronze"]) if state == "ok" else 0)


def test_a_blocked_network_is_waited_out_and_leaves_a_gap(run, good_certificate):
    """An error object under 200 and under 403, with a wait that is obeyed; then prices by themselves."""
    with FakeCoinGecko(good_certificate, [Answer(BLOCK), Answer(BLOCK, 403, {"Retry-After": "3"}), Answer(GOOD)]) as server:
        running = run(server)
        running.until(lambda: len(server.polls()) > 1)
        blocked = time.monotonic()
        running.until(lambda: len(server.polls()) > 2)
        assert time.monotonic() - blocked >= 2.5
        running.until(lambda: "prices again" in running.log)
        assert "Blocked: unusual activity" in running.log
        tables = running.tables()
    assert all('"error_code"' not in row["value"] for row in tables["bronze"])
    assert len(tables["gaps"]) == 1


def test_a_key_without_a_plan_is_sent_and_the_proxy_of_the_environment_used(run, good_certificate):
    with FakeCoinGecko(good_certificate) as server, socket.create_server(("127.0.0.1", 0)) as proxy:
        asked = []

        def tunnel():
            connection, _ = proxy.accept()
            asked.append(connection.recv(4096))
            connection.close()

        thread = threading.Thread(target=tunnel, daemon=True)
        thread.start()
        key = {"CRYPTOSTREAM_COINGECKO__KEY": "CG-canary-4712"}
        running = run(server, environment=key | {"https_proxy": f"http://127.0.0.1:{proxy.getsockname()[1]}", "NO_PROXY": ""})
        running.until(lambda: asked)
        running.stop()
        assert asked[0].startswith(b"CONNECT localhost:")
        direct = run(server, environment=key)
        direct.until(lambda: server.polls())
        direct.stop()
        assert server.polls()[0][2]["x-cg-demo-api-key"] == "CG-canary-4712"


def test_what_is_dropped_at_the_end_is_counted_and_becomes_a_gap(binary, run, good_certificate, tmp_path):
    switch = tmp_path / "full"
    faults = {"LD_PRELOAD": str(binary.parent / "libfaults.so"), "FAULTS": "write,/lake/,1-,ENOSPC", "FAULTS_WHEN": str(switch)}
    with FakeCoinGecko(good_certificate) as server:
        running = run(server, environment=faults)
        running.until(lambda: "bronze works" in running.log or len(server.polls()) > 2)
        switch.touch()
        running.until(lambda: "waits and tries again" in running.log)
        seen = len(server.polls())
        running.until(lambda: len(server.polls()) >= seen + 3)
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(timeout=15) == 1, running.log
        said = running.log[running.log.index("dropped what was in hand"):]
        assert "source=coingecko" in said and "No space left" in said and "crypto_raw" in said and "gaps table" in said
        rows = int(said.split("rows=")[1].split()[0])
        switch.unlink()
        kept = judge.tables(running.lake)["bronze"].rows()
        assert rows >= 6 and rows % 2 == 0 and len({row["key"] for row in kept}) == 2
        last = max(row["timestamp"] for row in kept)
        again = run(server, folder=running.lake.parent)
        polls = len(server.polls())
        again.until(lambda: len(server.polls()) > polls + 1)
        tables = again.tables()
    (gap,) = [gap for gap in tables["gaps"] if "before this start" in gap["reason"]]
    assert gap["from_time"] == last and gap["source"] == "coingecko"
    assert gap["to_time"] == min(row["timestamp"] for row in tables["bronze"] if row["timestamp"] > last)


def backfill(binary, lake, port, *flags, **keywords):
    command = [binary, "backfill", "--storage", lake, "--set", f"coingecko.base_url=http://127.0.0.1:{port}/api/v3", *flags]
    environment = os.environ | {"NO_PROXY": "127.0.0.1"}
    return subprocess.Popen(list(map(str, command)), env=environment, stderr=subprocess.PIPE, text=True, **keywords)


def test_a_backfill_says_its_next_try_and_gives_up(binary, tmp_path, unused_port):
    started = time.monotonic()
    process = backfill(binary, tmp_path / "lake", unused_port, "--wait", "4s")
    _, said = process.communicate(timeout=30)
    assert process.returncode == 1 and 3 < time.monotonic() - started < 20
    assert said.count("next try in") >= 2 and "gave up after 4s" in said and "0 of 10 coins" in said and "--wait" in said
    process = backfill(binary, tmp_path / "lake", unused_port, "--wait", "0s")
    _, said = process.communicate(timeout=30)
    assert process.returncode == 1 and "next try" not in said
    process = backfill(binary, tmp_path / "lake", unused_port, "--wait", "soon")
    assert process.wait(timeout=30) == 2
    process.stderr.close()


def test_a_backfill_that_is_stopped_did_not_do_its_work(binary, tmp_path, unused_port):
    process = backfill(binary, tmp_path / "lake", unused_port)
    assert "next try in" in next(line for line in process.stderr if "coingecko_chart" in line)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=15)
    assert process.returncode == 1 and "run it again" in said


def test_a_backfill_leaves_live_polls_their_calls(run, good_certificate):
    """Ten calls a minute, three of them wanted by live polls: history of ten coins does not hold them up."""
    coins = ",".join(f"coin-{i}" for i in range(10))
    with FakeCoinGecko(good_certificate) as server:
        running = run(server, "source.backfill_days=1", "coingecko.calls_per_minute=10", "coingecko.pace=6s", coins=coins)
        running.until(lambda: len(server.polls()) >= 3, seconds=25)
        charts = [path for path, _, _ in server.seen if path.endswith("/market_chart")]
        running.stop()
    assert 1 <= len(charts) <= 2
