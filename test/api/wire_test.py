"""Hostile bytes against the real server: each is refused, and the server lives on."""

import json
import socket
import threading
import time

import pytest

SMUGGLING = {
    "both lengths": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /evil HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nContent-Length: 40\r\n\r\nGET /evil HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "chunked in 1.0": b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /evil HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "folded header": b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\r\n Transfer-Encoding: chunked\r\n\r\nGET /evil HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "bare LF": b"GET / HTTP/1.1\nHost: localhost\n\nGET /evil HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "bare CR": b"GET / HTTP/1.1\r\nHost: localhost\rX: y\r\n\r\nGET /evil HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "space before colon": b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\nGET /evil HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "bad chunk size": b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\nGET /evil HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "chunk extension": b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1;a\nb\r\nx\r\n0\r\n\r\nGET /evil HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "NUL in a header": b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\nGET /evil HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\nGET /evil HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\nGET /evil HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "absolute target": b"GET http://evil/ HTTP/1.1\r\nHost: localhost\r\n\r\nGET /evil HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


def talk(port, data):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(data)
        received = b""
        try:
            while chunk := connection.recv(65536):
                received += chunk
        except ConnectionResetError:
            pass
        return received


@pytest.mark.parametrize("name", SMUGGLING)
def test_smuggled_requests_are_refused(served, name):
    answer = talk(served.port, SMUGGLING[name])
    assert answer.startswith(b"HTTP/1.1 400 "), answer[:200]
    assert answer.count(b"HTTP/1.1 ") == 1, "a second request was answered"
    assert served.get("/livez")[0] == 200


@pytest.mark.parametrize(("head", "status"), [
    (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", b"414"),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 20_000 + b"\r\n\r\n", b"431"),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 200 + b"\r\n", b"431"),
    (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000\r\n\r\n", b"413"),
    (b"GET / HTTP/3.0\r\nHost: localhost\r\n\r\n", b"505"),
    (b"GET / HTTP/1.1\r\nHost: rebound.example\r\n\r\n", b"421"),
])
def test_limits(served, head, status):
    assert talk(served.port, head).startswith(b"HTTP/1.1 " + status)


@pytest.mark.parametrize("before", [b"", b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"], ids=["first", "second"])
def test_a_half_sent_head_is_dropped_after_its_deadline(served, before):
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
        started = time.monotonic()
        connection.sendall(before + b"GET / HTTP/1.1\r\nHost: local")
        received = b""
        while chunk := connection.recv(4096):
            received += chunk
        assert received.count(b"HTTP/1.1 ") == (1 if before else 0) and time.monotonic() - started < 8


def test_a_foreign_host_name_is_told_what_allows_it(served):
    answer = talk(served.port, b"GET / HTTP/1.1\r\nHost: prices.example.org\r\n\r\n")
    problem = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert problem["status"] == 421 and "prices.example.org" in problem["detail"] and "serve.allowed_hosts" in problem["detail"]


def test_many_clients_at_once(served):
    failures = []

    def client():
        for _ in range(50):
            if served.get("/metrics/bitcoin")[0] != 200 or served.get("/api/v1/candles?coin=bitcoin&interval=1d")[0] != 200:
                failures.append(1)

    threads = [threading.Thread(target=client) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
