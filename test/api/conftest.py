"""The real binary with its API on a free port, over a lake made from a small recording."""

import http.client
import json
import os
import re
import subprocess
import threading
import time

import pytest

from api_recording import recording


class Server:
    """A running `cryptostream` and a client for it."""

    def __init__(self, binary, *arguments):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("CRYPTOSTREAM_")}
        self.process = subprocess.Popen([binary, *map(str, arguments)], env=environment, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True)
        self.log, self.port = [], None
        found = threading.Event()

        def read():
            for line in self.process.stderr:
                self.log.append(line)
                match = re.search(r"http://127\.0\.0\.1:(\d+)", line)
                if match and self.port is None:
                    self.port = int(match[1])
                    found.set()
            found.set()

        self.reader = threading.Thread(target=read, daemon=True)
        self.reader.start()
        found.wait(30)
        assert self.port, "no address was printed:\n" + "".join(self.log)

    def get(self, path, headers=None, method="GET"):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def json(self, path, status=200, headers=None):
        got, _, body = self.get(path, headers)
        assert got == status, (path, got, body)
        return json.loads(body)

    def wait_until(self, what, seconds=30):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            value = what()
            if value:
                return value
            time.sleep(0.05)
        raise AssertionError("did not happen in time:\n" + "".join(self.log[-30:]))

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self.reader.join(5)


@pytest.fixture(scope="session")
def lake(binary, tmp_path_factory):
    """A lake with the whole recording in it, all windows closed."""
    folder = tmp_path_factory.mktemp("api")
    file = folder / "recording.jsonl"
    file.write_text("\n".join(recording()) + "\n")
    done = subprocess.run([binary, "replay", file, "--format", "messages", "--storage", folder / "lake", "--exit-when-done"],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return folder / "lake"


@pytest.fixture(scope="session")
def serve(binary):
    """Starts `serve` over a lake, with further flags; the caller stops it."""
    return lambda storage, *flags: Server(binary, "serve", "--storage", storage, "--port", "0", *flags)


@pytest.fixture(scope="session")
def served(binary, lake):
    """`serve` apart from any engine, over the finished lake."""
    server = Server(binary, "serve", "--storage", lake, "--port", "0")
    server.wait_until(lambda: len(server.json("/api/v1/coins")["coins"]) == 2)
    yield server
    server.stop()


@pytest.fixture
def running(binary, tmp_path):
    """Starts `run` on a recording of these lines; ends what it started."""
    started = []

    def start(lines, *arguments, speed="1"):
        file = tmp_path / "recording.jsonl"
        file.write_text("\n".join(lines) + "\n")
        server = Server(binary, "run", "--source", "replay", "--replay", file, "--format", "messages", "--speed", speed,
                        "--storage", tmp_path / "lake", "--port", "0", *arguments)
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()
