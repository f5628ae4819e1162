"""The image alone: what is in it, and that it does its work with `docker run`."""

import json
import subprocess
import tarfile
import time
import urllib.request

import pytest
from conftest import free_port, until

pytestmark = [pytest.mark.long, pytest.mark.alone]


@pytest.fixture
def container(engine, image):
    """Starts containers that are gone afterwards. As if read-only, without rights, and on a port of loopback."""
    started = []

    def run(*words, port=None, options=()):
        publish = ["--publish", f"127.0.0.1:{port}:8000"] if port else []
        hard = ["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
        started.append(engine.docker("run", "--detach", *hard, *publish, *options, image, *words).stdout.strip())
        return started[-1]

    yield run
    for name in started:
        engine.docker("rm", "--force", "--volumes", name)


def test_it_is_small_and_runs_as_nobody_special(engine, image):
    size = int(engine.inspect(image, "{{.Size}}"))
    print(f"image: {size / 1e6:.0f} MB")
    assert size <= 250_000_000
    assert engine.inspect(image, "{{.Config.User}}") == "1000:1000"
    made = engine.docker("create", image).stdout.strip()
    names = files_of(engine, made)
    engine.docker("rm", made)
    assert not [name for name in names if name.rpartition("/")[2] in ("sh", "bash", "gcc", "cc1plus", "ld", "apt", "dpkg", "perl", "python3")]


def files_of(engine, container):
    """Names of a container's files."""
    with subprocess.Popen(["docker", "export", container], env=engine.environment, stdout=subprocess.PIPE) as export:
        with tarfile.open(fileobj=export.stdout, mode="r|") as archive:
            return [entry.name for entry in archive]


def test_what_it_is_made_of_is_listed_in_it(engine, image, tmp_path):
    made = engine.docker("create", image).stdout.strip()
    engine.docker("cp", f"{made}:/opt/cryptostream/share/doc/cryptostream/sbom.cdx.json", tmp_path / "sbom.json")
    engine.docker("rm", made)
    bill = json.loads((tmp_path / "sbom.json").read_text())
    names = {part["name"] for part in bill["components"]}
    assert {"libc6", "libpq5", "libcurl4", "pyarrow", "delta_kernel", "lightweight-charts"} <= names


def test_alone_it_is_the_embedded_default(engine, container):
    """No broker, no network to the provider: the recording plays, and the page is there."""
    port, started = free_port(), time.monotonic()
    name = container(port=port, options=("--network", "bridge"))
    engine.wait_for(name, "{{.State.Health.Status}}", "healthy", 60)
    print(f"healthy after {time.monotonic() - started:.1f} s")

    def page():
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
            return b"<html" in answer.read()

    until(page, 30)
    engine.docker("stop", "--time", "15", name)
    assert engine.inspect(name, "{{.State.ExitCode}}") == "0", engine.docker("logs", name).stderr[-2000:]


def test_health_is_an_exit_code(engine, container):
    name = container("run", "--port", "8001")
    until(lambda: engine.docker("exec", name, "cryptostream", "healthcheck", "--port", "8001", check=False).returncode == 0, 60)
    other = engine.docker("exec", name, "cryptostream", "healthcheck", "--port", "8002", check=False)
    assert other.returncode == 1 and "no connection" in other.stderr


def test_commands_run_in_it(engine, image):
    assert engine.docker("run", "--rm", image, "version").stdout.startswith("cryptostream ")
    refused = engine.docker("run", "--rm", image, "no-such-command", check=False)
    assert refused.returncode == 2 and "cryptostream -h" in refused.stderr
