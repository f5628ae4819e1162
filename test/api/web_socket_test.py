"""The WebSocket: subscriptions, the latest state for who reads slowly, and what becomes of clients that break the protocol, by raw sockets."""

import base64
import hashlib
import json
import os
import socket
import struct
import time

import pytest

from api_recording import message

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def frame(opcode, payload=b"", fin=True, mask=True, bits=0, length=None):
    """A frame, or what looks like one."""
    size = len(payload) if length is None else length
    head = bytes([(0x80 if fin else 0) | bits | opcode])
    short = size if size < 126 else 126 if size < 65_536 else 127
    head += bytes([(0x80 if mask else 0) | short])
    head += struct.pack(">H", size) if short == 126 else struct.pack(">Q", size) if short == 127 else b""
    if not mask:
        return head + payload
    key = os.urandom(4)
    return head + key + bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))


class Client:
    """A client that speaks the protocol as well, or as badly, as the test wants."""

    def __init__(self, port, headers="", key=None, path="/ws", after=b"", version=13):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.key = base64.b64encode(os.urandom(16)).decode() if key is None else key
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
                            f"Sec-WebSocket-Key: {self.key}\r\nSec-WebSocket-Version: {version}\r\n{headers}\r\n".encode() + after)
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        self.headers = {}
        while (line := self.file.readline().strip()) != b"":
            name, value = line.decode().split(": ", 1)
            self.headers[name.lower()] = value

    def send(self, text, opcode=TEXT, **how):
        self.socket.sendall(frame(opcode, text if isinstance(text, bytes) else text.encode(), **how))

    def ask(self, method, *params, **more):
        self.send(json.dumps({"method": method, **({"params": list(params)} if params else {}), "id": 7, **more}))
        while "stream" in (answer := json.loads(self.next()[1])):
            pass
        return answer

    def next(self):
        """The next frame: opcode and payload. What the server sends is not masked and whole."""
        head = self.file.read(2)
        if len(head) < 2:
            raise EOFError
        assert head[0] & 0x80 and not head[1] & 0x80
        size = head[1]
        if size >= 126:
            size = int.from_bytes(self.file.read(2 if size == 126 else 8), "big")
        return head[0] & 15, self.file.read(size)

    def until(self, opcode=TEXT, matches=lambda payload: True, seconds=20):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            got, payload = self.next()
            if got == opcode and matches(payload):
                return payload
        raise AssertionError("it did not come")

    def data(self, stream, matches=lambda data: True):
        found = self.until(matches=lambda payload: json.loads(payload).get("stream") == stream and matches(json.loads(payload)["data"]))
        return json.loads(found)["data"]

    def close_code(self):
        return struct.unpack(">H", self.until(CLOSE)[:2])[0]

    def close(self):
        self.file.close()
        self.socket.close()


@pytest.fixture
def client(served):
    client = Client(served.port)
    yield client
    client.close()


def test_the_handshake(client):
    accept = base64.b64encode(hashlib.sha1((client.key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
    assert client.status == 101 and client.headers["sec-websocket-accept"] == accept and "sec-websocket-extensions" not in client.headers


def test_subscriptions_and_the_present_state(client, served):
    assert client.ask("LIST_SUBSCRIPTIONS") == {"result": [], "id": 7}
    assert client.ask("SUBSCRIBE", "bitcoin@candle_1h", "bitcoin@tick") == {"result": None, "id": 7}
    bar = client.data("bitcoin@candle_1h")
    assert bar["candle"] == served.json("/api/v1/candles?coin=bitcoin&interval=1h&limit=1")["candles"][0] and bar["interval"] == "1h"
    assert client.ask("SUBSCRIBE", "!ticker", id="x")["id"] == "x"
    assert {client.data("!ticker")["coin"], client.data("!ticker")["coin"]} == {"bitcoin", "ethereum"}
    assert client.ask("LIST_SUBSCRIPTIONS", id=None) == {"result": ["!ticker", "bitcoin@candle_1h", "bitcoin@tick"], "id": None}
    assert client.ask("UNSUBSCRIBE", "!ticker", "bitcoin@tick")["result"] is None
    assert client.ask("LIST_SUBSCRIPTIONS")["result"] == ["bitcoin@candle_1h"]


@pytest.mark.parametrize(("text", "code", "word"), [
    ('{"method": "SUBSCRIBE", "params": ["bitcoin"], "id": 1}', 400, "candle_"), ('{"method": "SUBSCRIBE", "params": ["bitcoin@candle_7m"]}', 400, "1m, 5m"),
    ('{"method": "SUBSCRIBE", "params": ["@tick"]}', 400, "no stream"), ('{"method": "SUBSCRIBE", "params": []}', 400, "params are missing"),
    ('{"method": "SUBSCRIBE"}', 400, "params are missing"), ('{"method": "SUBSCRIBE", "params": "x"}', 400, "bad member"), ('{"method": "subscribe"}', 400, "unknown method"),
    ('{"method": "SUBSCRIBE", "params": ["no-such-coin@tick"]}', 404, "unknown coin"), ('{"method": "UNSUBSCRIBE", "params": ["bitcoin@tick"]}', 404, "not subscribed"),
    ("", 400, "JSON object"), ("null", 400, "JSON object"), ('{"method": "LIST_SUBSCRIPTIONS", "id": {}}', 400, "JSON object"), ("[" * 10_000, 400, "JSON object"),
    ('{"method": "SUBSCRIBE", "params": ["\\u0000@tick"]}', 400, "no stream"), ('{"x": 1}', 400, "bad member: x"),
])
def test_mistakes_are_told_and_the_line_stays(client, text, code, word):
    client.send(text)
    error = json.loads(client.until())["error"]
    assert error["code"] == code and word in error["msg"]
    assert client.ask("LIST_SUBSCRIPTIONS")["result"] == []


def test_all_of_a_subscription_or_none(client):
    assert client.ask("SUBSCRIBE", "bitcoin@tick", "no-such-coin@tick")["error"]["code"] == 404
    assert client.ask("SUBSCRIBE", *[f"bitcoin@candle_{interval}" for interval in ("1m", "5m", "15m", "1h", "4h", "1d")])["result"] is None
    assert len(client.ask("LIST_SUBSCRIPTIONS")["result"]) == 6


def test_bars_move_and_close_while_a_replay_runs(running):
    lines = [message(second, "bitcoin", 60_000 + second) for second in range(120)]
    server = running(lines, speed="10")
    server.wait_until(lambda: server.json("/metrics/bitcoin"))
    client = Client(server.port)
    assert client.ask("SUBSCRIBE", "bitcoin@candle_1m")["result"] is None
    first = client.data("bitcoin@candle_1m")["candle"]
    client.data("bitcoin@candle_1m", lambda data: data["candle"]["close"] > first["close"])
    closed = client.data("bitcoin@candle_1m", lambda data: data["candle"]["closed"] and data["candle"]["open"] == 60_000)
    assert closed["candle"]["samples"] == 60
    server.process.terminate()
    assert client.close_code() == 1001  # the server says that it goes
    assert server.process.wait(15) == 0
    client.close()


def test_a_slow_client_gets_the_latest_and_no_backlog(running):
    lines = [message(second / 10, f"coin{coin}", 100 + second) for second in range(600) for coin in range(20)]
    server = running(lines, speed="10")
    server.wait_until(lambda: server.json("/metrics/coin0"))
    slow = Client(server.port)
    slow.ask("SUBSCRIBE", "!ticker")
    server.wait_until(lambda: server.json("/metrics/coin0")[0]["max_price"] >= 699)
    messages, last = 0, {}
    while any(last.get(f"coin{coin}") != 699 for coin in range(20)):
        data = json.loads(slow.until())["data"]
        last[data["coin"]] = data["price"]
        messages += 1
    assert messages < 20 * 150
    slow.close()


MALFORMED = {
    "not masked": (frame(TEXT, b"{}", mask=False), 1002), "reserved bit": (frame(TEXT, b"{}", bits=0x40), 1002), "compressed without asking": (frame(TEXT, b"{}", bits=0x40), 1002),
    "opcode 3": (frame(3, b"{}"), 1002), "opcode 15": (frame(15), 1002), "continuation of nothing": (frame(0, b"{}"), 1002), "long ping": (frame(PING, b"x" * 126), 1002),
    "ping in pieces": (frame(PING, b"x", fin=False), 1002), "text within text": (frame(TEXT, b"{", fin=False) + frame(TEXT, b"}"), 1002), "binary": (frame(BINARY, b"{}"), 1003),
    "no UTF-8": (frame(TEXT, b'{"x":"\xff"}'), 1007), "half a character": (frame(TEXT, b"\xe2\x82"), 1007), "17 KB": (frame(TEXT, b" " * 17_000), 1009),
    "a gigabyte to come": (frame(TEXT, b"x", length=1 << 30), 1009), "64-bit length with the high bit": (frame(TEXT, b"x", length=1 << 63), 1009),
    "pieces without end": (frame(TEXT, b" " * 1000, fin=False) + frame(0, b" " * 1000, fin=False) * 40, 1009),
    "close with one byte": (frame(CLOSE, b"x"), 1002), "close with a forbidden code": (frame(CLOSE, struct.pack(">H", 1005)), 1002),
    "close with a bad reason": (frame(CLOSE, struct.pack(">H", 1000) + b"\xff"), 1007),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_frames_end_with_their_code(served, name):
    sent, code = MALFORMED[name]
    client = Client(served.port)
    client.socket.sendall(sent)
    try:
        got = client.close_code()
        assert got == code or (got in (1002, 1007, 1009) and name.startswith(("64-bit", "close"))), got
    except (EOFError, ConnectionError):
        assert name.startswith("close")  # a farewell that is none may be left without an answer
    client.close()
    assert served.get("/livez")[0] == 200


def test_ping_close_and_text_in_pieces(client):
    client.send(b"are you there", PING)
    assert client.until(PONG) == b"are you there"
    for piece, opcode, fin in ((b'{"method": "LIST_', TEXT, False), (b'SUBSCRIPTIONS"', 0, False), (b"}", 0, True)):
        client.socket.sendall(frame(opcode, piece, fin=fin))
        client.send(b"between", PING)
    assert json.loads(client.until()) == {"result": [], "id": None}
    client.send(struct.pack(">H", 1000) + b"bye", CLOSE)
    assert client.close_code() == 1000
    with pytest.raises((EOFError, ConnectionError)):
        client.next()


def test_a_frame_byte_by_byte_and_one_that_never_ends(served):
    client = Client(served.port)
    for byte in frame(TEXT, b'{"method": "LIST_SUBSCRIPTIONS"}'):
        client.socket.sendall(bytes([byte]))
    assert json.loads(client.until())["result"] == []
    client.socket.sendall(frame(TEXT, b'{"method"', length=30))
    client.socket.close()
    client.file.close()
    assert served.get("/livez")[0] == 200


def test_who_talks_too_much_is_sent_away(served):
    client = Client(served.port)
    for _ in range(60):
        try:
            client.send('{"method": "LIST_SUBSCRIPTIONS"}')
        except OSError:
            break
    assert client.close_code() == 1008
    client.close()


def test_what_is_no_handshake(served):
    status, headers, body = served.get("/ws")
    assert status == 426 and headers["Upgrade"] == "websocket" and b"ws://" in body
    assert served.get("/ws", method="POST")[0] == 405 and Client(served.port, path="/ws?x=1").status == 400
    assert Client(served.port, version=8).status == 426 and Client(served.port, key="").status == 400 == Client(served.port, key="k" * 100).status
    assert Client(served.port, after=frame(TEXT, b"{}")).status in (101, 400)
    assert Client(served.port, headers="Origin: http://evil.example\r\n").status == 403 == Client(served.port, headers="Origin: null\r\n").status
    assert Client(served.port, headers=f"Origin: http://localhost:{served.port}\r\n").status == 101


def test_places_are_bounded(serve, lake):
    server = serve(lake, "--set", "serve.max_streams_per_address=3", "--set", "serve.proxies=10.0.0.5")
    try:
        clients = [Client(server.port) for _ in range(4)]
        assert [client.status for client in clients] == [101, 101, 101, 429] and clients[3].headers["retry-after"]
        assert b"cryptostream_websocket_clients 3" in server.get("/metrics")[2]
        clients[0].close()
        server.wait_until(lambda: Client(server.port).status == 101)
    finally:
        server.stop()


def test_before_there_is_a_lake(serve, tmp_path):
    server = serve(tmp_path / "nothing")
    try:
        client = Client(server.port)
        assert client.ask("SUBSCRIBE", "!ticker")["result"] is None
        assert client.ask("SUBSCRIBE", "nothing@tick")["error"]["code"] == 404
        client.close()
    finally:
        server.stop()
