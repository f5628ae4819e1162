"""A running `cryptostream` with its API on a free port, and a client for it."""

import http.client
import json
import os
import re
import subprocess
import threading
import time


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
                match = re.search(r"http://(?:[\d.]+|\[[0-9a-f:]+\]):(\d+)", line)
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
