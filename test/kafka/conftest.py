"""The program under test beside a real broker. One broker a version and session; every test has a topic of its own."""

import itertools
import os
import pathlib
import subprocess
import sys
import time

import pytest

import broker as kafka

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "lake"))
COUNT = itertools.count()


def pytest_generate_tests(metafunc):
    """A broker is of the newest version; tests marked both_versions run on each."""
    if "broker" in metafunc.fixturenames:
        versions = kafka.versions() if any(metafunc.definition.iter_markers("both_versions")) else kafka.versions()[-1:]
        metafunc.parametrize("broker", versions, indirect=True, scope="session")


@pytest.fixture(scope="session")
def broker(request, tmp_path_factory):
    made = kafka.Broker(request.param, tmp_path_factory.mktemp("kafka") / "broker")
    yield made
    made.stop()


@pytest.fixture
def topic():
    return f"crypto-raw-{next(COUNT)}"


class Cryptostream:
    """Runs commands of the program: to their end, or beside the test."""

    def __init__(self, binary):
        self.binary, self.running = binary, []

    def _environment(self, crash, env):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("CRYPTOSTREAM_")}
        if crash:
            environment["CRYPTOSTREAM_CRASH"] = crash
        return {**environment, **(env or {})}

    def __call__(self, *arguments, check=True, crash=None, env=None, timeout=240):
        done = subprocess.run([self.binary, *map(str, arguments)], env=self._environment(crash, env), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=timeout)
        if check:
            assert done.returncode == 0, f"exit {done.returncode}: {done.stderr}"
        return done

    def start(self, *arguments, log, crash=None, env=None):
        process = subprocess.Popen([self.binary, *map(str, arguments)], env=self._environment(crash, env), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=open(log, "ab"))
        self.running.append(process)
        return process


@pytest.fixture
def cryptostream(binary):
    made = Cryptostream(binary)
    yield made
    for process in made.running:
        if process.poll() is None:
            process.kill()
        process.wait(30)


def wait_until(condition, what, seconds=120, interval=0.1):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s for: {what}"
        time.sleep(interval)
