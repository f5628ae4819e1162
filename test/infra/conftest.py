"""The engine, the images, and the compose file's containers as a person starts them, on ports of the test's own."""

import json
import os
import pathlib
import socket
import sys
import time
import urllib.error
import urllib.request

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parent))

import engine as engines  # noqa: E402
import images  # noqa: E402

PORTS = ("BROKER", "CONSOLE", "SPARK", "CRYPTOSTREAM", "POSTGRES", "PROMETHEUS", "ALERTMANAGER", "GRAFANA")


@pytest.fixture(scope="session")
def engine():
    if reason := engines.lacks():
        pytest.skip(reason)
    try:
        made = engines.Engine()
    except RuntimeError as error:
        pytest.skip(str(error))
    yield made
    made.stop()


@pytest.fixture(scope="session")
def image(engine):
    images.program(engine)
    return "cryptostream:latest"


@pytest.fixture(scope="session")
def stand_ins(engine):
    images.stand_ins(engine)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Project:
    """The compose file under a project name of its own; everything of it is gone afterwards."""

    def __init__(self, engine, folder):
        self.engine, self.storage = engine, folder / "storage"
        self.storage.mkdir()
        os.chown(self.storage, 1000, 1000)
        self.ports = {name: free_port() for name in PORTS}
        self.environment = {f"{name}_PORT": str(port) for name, port in self.ports.items()} | {"CRYPTOSTREAM_STORAGE": str(self.storage)}

    def compose(self, *words, check=True, timeout=600, **environ):
        files = ["--file", images.COMPOSE, "--file", images.HERE / "provider.yml"]
        return self.engine.docker("compose", "--project-name", "cstest", *files, *words, check=check, timeout=timeout, env=self.environment | environ)

    def up(self, *profiles, check=True, **environ):
        words = [word for profile in profiles for word in ("--profile", profile)]
        started = time.monotonic()
        done = self.compose(*words, "up", "--detach", "--wait", "--wait-timeout", "300", "--no-build", check=check, **environ)
        self.seconds = time.monotonic() - started
        return done

    def down(self, *words):
        self.compose("--profile", "db", "--profile", "observability", "down", "--timeout", "20", *words)

    def get(self, path, port="CRYPTOSTREAM"):
        """Status and body, None where nothing answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[port]}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return None

    def prices(self):
        answer = self.get("/api/v1/coins")
        return {coin["coin"]: coin["price"] for coin in json.loads(answer[1])["coins"]} if answer and answer[0] == 200 else {}

    def psql(self, statement):
        return self.compose("exec", "-T", "postgres", "psql", "--username", "cryptostream", "--no-align", "--tuples-only", "--command", statement).stdout.strip()

    def cryptostream(self, *words, check=True):
        return self.compose("exec", "-T", "cryptostream", "cryptostream", *words, check=check)


def until(what, timeout=120):
    """Waits for a value that is true, and gives it."""
    deadline = time.monotonic() + timeout
    while not (value := what()):
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.5)
    return value


@pytest.fixture
def project(engine, image, stand_ins, tmp_path):
    made = Project(engine, tmp_path)
    yield made
    made.down("--volumes")
