"""The program polling a server of ours: started, watched until something is true, stopped as a user stops it."""

import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lake"))

import certificates  # noqa: E402
import judge  # noqa: E402


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return certificates.Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def good_certificate(authority):
    return authority.server("good")


@pytest.fixture
def unused_port():
    return free_port()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Running:
    """One process of `cryptostream run`."""

    def __init__(self, binary, folder, settings, environment):
        self.lake, self.log_file, self.port = folder / "lake", folder / "log", free_port()
        command = [binary, "run", "--storage", self.lake, "--port", self.port]
        for setting in settings:
            command += ["--set", setting]
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("CRYPTOSTREAM_")}
        inherited |= {"NO_PROXY": "localhost,127.0.0.1"} | environment
        self.process = subprocess.Popen(list(map(str, command)), env=inherited, stderr=self.log_file.open("wb"), cwd=folder)

    @property
    def log(self):
        return self.log_file.read_text(errors="replace")

    def get(self, path):
        """The text of an answer of whatever status, empty while nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.read().decode()
        except OSError:
            return ""

    def status(self):
        return self.get("/api/v1/status")

    def until(self, condition, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition():
                return
            assert self.process.poll() is None, self.log
            time.sleep(0.05)
        raise AssertionError(f"did not come about within {seconds} s:\n{self.log}")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=15) == 0, self.log

    def tables(self):
        """The lake's tables after an orderly stop."""
        self.stop()
        return {name: table.rows() for name, table in judge.tables(self.lake).items()}


@pytest.fixture
def run(binary, tmp_path, authority):
    """Starts the program against a fake CoinGecko, polling each second; ends it after the test."""
    started = []

    def start(server, *settings, environment=None, coins="bitcoin,ethereum", ca_file=authority.file, folder=None):
        folder = folder or tmp_path / str(len(started))
        folder.mkdir(exist_ok=True)
        fixed = ["source.kind=coingecko", f"coingecko.base_url={server.url}", f"coingecko.ca_file={ca_file}",
                 f"coingecko.coins={coins}", "coingecko.pace=1s", "coingecko.calls_per_minute=1000",
                 "source.backfill_days=0", "engine.commit_every=50ms"]
        started.append(Running(binary, folder, [*fixed, *settings], environment or {}))
        return started[-1]

    yield start
    for running in started:
        if running.process.poll() is None:
            running.process.kill()
            running.process.wait()
