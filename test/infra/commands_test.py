"""`make up` and its siblings before an engine that writes down what it is asked."""

import os
import pathlib
import shutil
import socket
import subprocess

import pytest
from conftest import PORTS, free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def engine(tmp_path):
    """A `docker` that notes its words and the variables it was given; `compose` can be missing, and so can the daemon."""
    def make(compose=True, answers=True):
        (tmp_path / "docker").write_text(f"""#!/bin/sh
case "$1" in
  info) [ {int(answers)} = 1 ] || {{ echo "Cannot connect to the Docker daemon" >&2; exit 1; }} ;;
  compose) [ {int(compose)} = 1 ] || exit 1
    [ "$2" = version ] || echo "$* uid=$CRYPTOSTREAM_UID storage=$CRYPTOSTREAM_STORAGE" >> {tmp_path}/asked ;;
  image) echo 231000000 ;;
  *) echo "$*" >> {tmp_path}/asked ;;
esac
""")
        (tmp_path / "docker").chmod(0o755)
        return tmp_path
    return make


def call(folder, *words, **variables):
    """With ports that are free, whatever this machine listens on."""
    ports = {f"{name}_PORT": str(free_port()) for name in PORTS}
    environment = {"PATH": f"{folder}:/usr/bin:/bin", "CRYPTOSTREAM_STORAGE": str(folder / "storage"), **ports, **variables}
    return subprocess.run([ROOT / "tools/infra", *words], env=environment, capture_output=True, text=True, timeout=60)


def asked(folder):
    return (folder / "asked").read_text() if (folder / "asked").exists() else ""


def test_up_makes_the_storage_and_runs_as_its_owner(engine):
    folder = engine()
    done = call(folder, "up")
    assert done.returncode == 0, done.stderr
    assert (folder / "storage").is_dir() and f"uid={os.getuid()} storage={folder}/storage" in asked(folder)
    assert " up --detach" in asked(folder) and "--profile" not in asked(folder)
    assert "http://localhost:" in done.stdout


def test_profiles(engine):
    folder = engine()
    assert call(folder, "up", PROFILES="db observability").returncode == 0
    assert "--profile db --profile observability up" in asked(folder)


@pytest.mark.parametrize("name,profiles,wanted", [("SPARK", "", True), ("POSTGRES", "", False), ("POSTGRES", "db", True), ("GRAFANA", "observability", True)])
def test_a_port_that_is_taken_is_named_with_its_variable(engine, name, profiles, wanted):
    folder = engine()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = call(folder, "up", PROFILES=profiles, **{f"{name}_PORT": str(port)})
    assert (done.returncode == 1) == wanted, done.stderr
    if wanted:
        assert f"port {port} is taken, give another: {name}_PORT={port + 1} make up" in done.stderr and not asked(folder).strip().endswith("--detach")


def test_down_takes_all_profiles_and_no_volume(engine):
    folder = engine()
    assert call(folder, "down").returncode == 0
    assert "--profile db --profile observability down" in asked(folder) and "--volumes" not in asked(folder)


def test_image_says_its_size(engine):
    done = call(engine(), "image")
    assert done.returncode == 0 and "231 MB" in done.stdout and "run --publish 127.0.0.1:8000:8000" in done.stdout


def test_what_is_missing_is_said(engine):
    done = call(engine(answers=False), "up")
    assert done.returncode == 1 and "systemctl start docker" in done.stderr
    folder = engine(compose=False)
    for name in ("bash", "env", "dirname", "head", "awk", "stat", "mkdir", "realpath", "sh"):  # no docker-compose of this machine's
        (folder / name).symlink_to(shutil.which(name))
    done = call(folder, "up", PATH=str(folder))
    assert done.returncode == 1 and "apt-get install docker-compose" in done.stderr, done.stderr
    done = call(engine(), "sideways")
    assert done.returncode == 2 and "usage" in done.stderr
