"""Many at once: whoever holds connections without using them shuts nobody out, and event streams hold nobody up."""

import contextlib
import resource
import socket
import threading
import time

import pytest

from api_recording import message
from stream_test import Events

REQUEST = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"


def open_files(wanted):
    """Raises the limit of open files as far as it goes; gives how many connections of `wanted` it has room for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted + 500 if hard == resource.RLIM_INFINITY else min(hard, wanted + 500)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
    return min(wanted, max(soft, most) - 500)


def connect(port, address="127.0.0.1"):
    return socket.create_connection(("127.0.0.1", port), timeout=10, source_address=(address, 0))


def ask(connection):
    connection.sendall(REQUEST)
    answer = b""
    while not answer.endswith(b"ok\n"):
        chunk = connection.recv(4096)
        assert chunk, f"closed after {answer!r}"
        answer += chunk
    return answer


@contextlib.contextmanager
def watched(port, address="127.9.9.9"):
    """Asks over a new connection again and again; gives the list of the seconds that each answer took."""
    took, stop = [], threading.Event()

    def client():
        while not stop.is_set():
            started = time.monotonic()
            try:
                with connect(port, address) as connection:
                    assert ask(connection).startswith(b"HTTP/1.1 200 ")
                took.append(time.monotonic() - started)
            except (OSError, AssertionError):
                took.append(float("inf"))
            time.sleep(0.02)

    thread = threading.Thread(target=client)
    thread.start()
    yield took
    stop.set()
    thread.join()


@pytest.fixture
def own(serve, lake):
    server = serve(lake)
    yield server
    server.stop()


@pytest.mark.alone  # beside others the machine drops a SYN now and then, which comes again after the whole second that is allowed
@pytest.mark.parametrize("begun", [b"", REQUEST + b"G"], ids=["silent", "one byte of a next request"])
def test_ten_thousand_idle_connections_of_a_hundred_addresses(own, begun):
    count = open_files(10_000)
    assert count >= 1_000, "raise the limit of open files"
    idle = []
    with watched(own.port) as took:
        for i in range(count):
            connection = connect(own.port, f"127.0.{1 + i % 100}.1")
            if begun:
                with contextlib.suppress(OSError):
                    connection.sendall(begun)
            idle.append(connection)
        time.sleep(1)
    for connection in idle:
        connection.close()
    assert len(took) > 10 and max(took) < 1, f"{len(took)} answers, the slowest after {max(took):.2f} s"


def test_connections_that_do_not_read_make_room_too(own):
    """512 clients of four addresses that ask for much and read nothing."""
    open_files(2_000)
    big = b"GET /api/v1/candles?coin=bitcoin&limit=10000 HTTP/1.1\r\nHost: localhost\r\n\r\n"
    held = []
    for i in range(512):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.bind((f"127.0.0.{2 + i % 4}", 0))
        connection.settimeout(10)
        connection.connect(("127.0.0.1", own.port))
        with contextlib.suppress(OSError):
            connection.sendall(big * 4)
        held.append(connection)
    time.sleep(2)
    with watched(own.port) as took:
        time.sleep(2)
    for connection in held:
        connection.close()
    assert len(took) > 10 and max(took) < 1, took


def test_who_is_at_work_is_not_put_out(running):
    """Streams live through a flood of connections of their own address."""
    lines = [message(second, "bitcoin", 100 + second) for second in range(600)]
    server = running(lines, speed="10")
    server.wait_until(lambda: server.json("/metrics/bitcoin"))
    streams = [Events(server.port) for _ in range(20)]
    flood = [connect(server.port) for _ in range(300)]
    for events in streams:
        events.until(lambda event, data: event == "tick")
        events.until(lambda event, data: event == "tick")
        events.close()
    for connection in flood:
        connection.close()


def test_streams_share_what_is_rendered(running):
    """256 streams, some of which never read, cost other requests little: far less than rendering for each took (0.3 s and more)."""
    open_files(2_000)
    lines = [message(second / 20, f"coin{coin}", 100 + second) for second in range(2_000) for coin in range(10)]
    server = running(lines, "--set", "serve.max_connections_per_address=400", speed="5")
    server.wait_until(lambda: server.json("/metrics/coin0"))
    streams = []
    for i in range(256):
        connection = connect(server.port, f"127.0.0.{2 + i % 4}")
        connection.sendall(b"GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        streams.append(connection)
    stop = threading.Event()

    def read():
        for connection in streams[:128]:
            connection.setblocking(False)
        while not stop.is_set():
            for connection in streams[:128]:
                with contextlib.suppress(BlockingIOError):
                    connection.recv(1 << 16)
            time.sleep(0.05)

    reader = threading.Thread(target=read)
    reader.start()
    with connect(server.port) as client:
        took = []
        for _ in range(500):
            started = time.monotonic()
            ask(client)
            took.append(time.monotonic() - started)
            time.sleep(0.004)
    stop.set()
    reader.join()
    for connection in streams:
        connection.close()
    median = sorted(took)[len(took) // 2]
    assert median < 0.05, f"median {median * 1000:.1f} ms"


def test_a_stream_that_is_not_read_holds_little_in_the_kernel(running):
    """What waits for a slow reader is bounded: the sum of the server's send queues stays small while it sends on."""
    lines = [message(second / 10, f"coin{coin}", 100 + second) for second in range(3_000) for coin in range(20)]
    server = running(lines, speed="20")
    server.wait_until(lambda: server.json("/metrics/coin0"))
    slow = [Events(server.port) for _ in range(4)]
    local = {events.socket.getsockname()[1] for events in slow}
    server.wait_until(lambda: max(row["max_price"] for row in server.json("/metrics/coin0")) > 1_000, seconds=60)
    queued = []
    with open("/proc/net/tcp") as table:
        for line in table.readlines()[1:]:
            _, mine, theirs, _, queues = line.split()[:5]
            if int(mine.split(":")[1], 16) == server.port and int(theirs.split(":")[1], 16) in local:
                queued.append(int(queues.split(":")[0], 16))
    assert all(size <= 512 * 1024 for size in queued), queued
    for events in slow:
        events.close()
