"""The real binary with its API on a free port, over a lake made from a small recording."""

import subprocess

import pytest

from api_recording import recording
from server import Server


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
