"""Server-sent events from a replay that is running: bars move, statuses follow, nothing queues."""

import json
import socket
import time

import pytest

from api_recording import message


class Events:
    """A client of the stream that reads as fast, or as slowly, as the test wants."""

    def __init__(self, port, path="/api/v1/stream", headers=""):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode())
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        self.headers = {}
        while (line := self.file.readline().strip()) != b"":
            name, value = line.decode().split(": ", 1)
            self.headers[name] = value

    def next(self):
        event = {}
        while (line := self.file.readline().decode()) != "\n":
            assert line, "the stream ended"
            name, value = line.rstrip("\n").split(": ", 1)
            event[name] = value
        return event if "event" in event else self.next()

    def until(self, matches, seconds=20):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            event = self.next()
            data = json.loads(event["data"])
            if matches(event["event"], data):
                return event, data
        raise AssertionError("the event did not come")

    def close(self):
        self.file.close()
        self.socket.close()


@pytest.fixture
def replay(running):
    """A price a second for two minutes, played at ten times its pace."""
    lines = [message(second, coin, base + second) for second in range(120) for coin, base in (("bitcoin", 60_000), ("ethereum", 3_000))]
    return running(lines, speed="10")


def test_bars_move_and_close_while_a_replay_runs(replay):
    events = Events(replay.port, "/api/v1/stream?coins=bitcoin&interval=1m")
    assert events.status == 200 and events.headers["Content-Type"].startswith("text/event-stream")
    _, first = events.until(lambda event, data: event == "candle")
    assert set(first) == {"coin", "interval", "source", "quote", "candle"} and first["coin"] == "bitcoin"
    opened = first["candle"]["open_time"]
    _, later = events.until(lambda event, data: event == "candle" and data["candle"]["close"] != first["candle"]["close"])
    assert later["candle"]["open_time"] >= opened
    _, tick = events.until(lambda event, data: event == "tick")
    assert set(tick) == {"coin", "price", "event_time", "last_updated", "source", "quote", "change_24h_pct"}
    # The first minute closes when events are 30 s past it (the allowed lateness).
    _, closed = events.until(lambda event, data: event == "candle" and data["candle"]["closed"], seconds=40)
    assert closed["candle"]["samples"] == 60 and closed["candle"]["committed"]
    assert closed["candle"]["open"] == 60_000 and closed["candle"]["close"] == 60_059
    events.close()


def test_status_says_replay_first(replay):
    events = Events(replay.port)
    _, status = events.until(lambda event, data: event == "status")
    assert status["mode"] == "replay" and set(status["tables"]) == {"bronze", "silver", "gold", "gold_1h", "gold_1d"}
    events.close()


def test_a_client_that_comes_back_gets_what_it_missed(replay):
    events = Events(replay.port, "/api/v1/stream?coins=bitcoin")
    event, _ = events.until(lambda event, data: event == "candle")
    events.close()
    replay.wait_until(lambda: replay.json("/metrics/bitcoin")[0]["max_price"] >= 60_110)
    again = Events(replay.port, "/api/v1/stream?coins=bitcoin", f"Last-Event-ID: {event['id']}\r\n")
    opens = set()
    while len(opens) < 2:
        name, data = again.until(lambda event, data: event == "candle")
        opens.add(data["candle"]["open_time"])
    again.close()


def test_a_slow_client_gets_the_latest_and_no_backlog(running):
    lines = [message(second / 10, f"coin{coin}", 100 + second) for second in range(600) for coin in range(20)]
    server = running(lines, speed="10")
    slow = Events(server.port)
    server.wait_until(lambda: (server.json("/metrics/coin0") or [{"max_price": 0}])[0]["max_price"] >= 699)
    # Everything that was waiting for it, read now: the state of 20 coins a few times over, not 12,000 changes.
    slow.socket.settimeout(2)
    received = b""
    try:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and (chunk := slow.socket.recv(1 << 16)):
            received += chunk
            if len(received) > 50_000_000:
                break
    except TimeoutError:
        pass
    assert b'"price":699' in received
    assert received.count(b"event: tick") < 20 * 150
    slow.close()


def test_the_stream_ends_when_the_server_stops(replay):
    events = Events(replay.port)
    events.next()
    replay.process.terminate()
    with pytest.raises((AssertionError, OSError)):
        for _ in range(10_000):
            events.next()
    assert replay.process.wait(15) == 0
