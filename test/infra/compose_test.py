"""infra/docker-compose.yml for real, with stand-ins where upstream's images cannot be had: up, used, killed, full, upgraded, down."""

import json
import os
import pathlib
import socket
import subprocess
import tarfile

import pytest
from conftest import until

pytestmark = [pytest.mark.long, pytest.mark.alone]

ROOT = pathlib.Path(__file__).resolve().parents[2]


def count(project, sql):
    done = project.cryptostream("query", "--json", sql, check=False)
    return next(iter(json.loads(done.stdout)[0].values())) if done.returncode == 0 else 0


def tell_memory(engine, project, *services):
    for name in services:
        container = project.compose("ps", "--quiet", name).stdout.strip()
        print(f"{name}, memory: {engine.docker('stats', '--no-stream', '--format', '{{.MemUsage}}', container).stdout.strip()}")


def containers(project):
    return project.compose("--profile", "db", "ps", "--services", "--status", "running").stdout.split()


def test_what_the_original_starts_is_there_and_a_price_comes_through_the_broker(engine, project):
    project.up()
    print(f"healthy after {project.seconds:.0f} s")
    assert {"redpanda", "console", "spark-master", "spark-worker", "cryptostream"} <= set(containers(project))
    assert len(until(project.prices)) == 10
    assert project.get("/")[0] == 200 and project.get("/", "CONSOLE")[0] == 200
    assert "Workers" in project.get("/", "SPARK")[1]
    until(lambda: "Alive Workers:</strong> 1" in project.get("/", "SPARK")[1])
    with socket.create_connection(("127.0.0.1", project.ports["BROKER"]), 5):
        pass
    # Tables lie on the host, belong to who owns the storage, and came by the topic.
    assert {path.stat().st_uid for path in project.storage.rglob("*")} == {1000}
    assert count(project, "select count(*) from bronze where topic = 'crypto-raw'") > 0
    tell_memory(engine, project, "cryptostream")
    # Published on loopback alone.
    published = project.compose("ps", "--format", "{{.Ports}}").stdout
    assert "0.0.0.0" not in published and "127.0.0.1" in published


def test_rows_reach_postgres_and_everything_comes_back_with_its_volumes(engine, project):
    project.up("db")
    assert int(until(lambda: project.psql("select count(*) from cryptostream.prices where source = 'coingecko'"))) == 10
    before = int(until(lambda: project.psql("select count(*) from cryptostream.candles") not in ("", "0") and project.psql("select count(*) from cryptostream.candles"), 240))
    project.down()
    assert not containers(project)
    project.up("db")
    assert int(project.psql("select count(*) from cryptostream.candles")) >= before
    rows = count(project, "select count(*) from bronze")
    until(lambda: count(project, "select count(*) from bronze") > rows)
    tell_memory(engine, project, "cryptostream", "sink")


@pytest.mark.parametrize("service", ["cryptostream", "sink", "redpanda", "postgres", "spark-master"])
def test_killed_it_comes_back_and_nothing_is_lost_or_doubled(engine, project, service):
    project.up("db")
    until(project.prices)
    rows = count(project, "select count(*) from silver")
    container = project.compose("ps", "--quiet", service).stdout.strip()
    engine.kill_inside(container)
    until(lambda: int(engine.inspect(container, "{{.RestartCount}}")) == 1)
    engine.wait_for(container, "{{.State.Health.Status}}", "healthy")
    until(lambda: count(project, "select count(*) from silver") > rows, 180)
    doubled = "select count(*) from (select 1 from silver group by coin_id, event_time, source having count(*) > 1)"
    assert count(project, doubled) == 0
    newest = until(lambda: project.psql("select max(event_time) from cryptostream.prices"))
    until(lambda: project.psql("select max(event_time) from cryptostream.prices") > newest)
    project.compose("stop", "--timeout", "20", "cryptostream")
    binary = os.environ["CRYPTOSTREAM_BINARY"]
    done = subprocess.run([binary, "verify", "--storage", project.storage], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]


def test_a_lake_of_the_previous_version_is_upgraded(project):
    with tarfile.open(ROOT / "test/upgrade/format-1/cut.tar.xz") as archive:
        archive.extractall(project.storage.parent, filter="data")
    project.storage.rmdir()
    (project.storage.parent / "cut").rename(project.storage)
    for path in [project.storage, *project.storage.rglob("*")]:
        os.chown(path, 1000, 1000)
    project.up()
    until(project.prices)
    assert "verdict: sound" in project.cryptostream("verify").stdout


def test_a_full_volume_is_said_and_ends_when_there_is_room(project):
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,uid=1000,gid=1000", "tmpfs", project.storage], check=True)
    try:
        project.up()
        until(project.prices)
        with open(project.storage / "ballast", "wb") as ballast:
            try:
                while True:
                    ballast.write(b"x" * 65_536)
                    ballast.flush()
            except OSError:
                pass
        container = project.compose("ps", "--quiet", "cryptostream").stdout.strip()
        project.engine.wait_for(container, "{{.State.Health.Status}}", "unhealthy")
        assert project.get("/readyz?verbose")[0] == 503
        (project.storage / "ballast").unlink()
        project.engine.wait_for(container, "{{.State.Health.Status}}", "healthy")
        assert "verdict: sound" in project.cryptostream("verify").stdout
    finally:
        project.down("--volumes")
        subprocess.run(["umount", project.storage], check=True)


def test_a_storage_of_somebody_else_is_not_taken(project):
    os.chown(project.storage, 4321, 4321)
    (project.storage / "theirs").touch()
    done = project.up(check=False)
    assert done.returncode != 0
    said = project.compose("logs", "prepare").stdout
    assert "CRYPTOSTREAM_UID=4321" in said and project.storage.stat().st_uid == 4321
    os.chown(project.storage / "theirs", 4321, 4321)
    project.up(CRYPTOSTREAM_UID="4321", CRYPTOSTREAM_GID="4321")
    until(project.prices)


def test_a_storage_that_docker_has_made_is_given_to_the_program(project):
    project.storage.rmdir()
    project.up()
    until(project.prices)
    assert project.storage.stat().st_uid == 1000


def test_watched_by_prometheus(project):
    project.up("observability")
    until(lambda: '"health":"up"' in (project.get("/api/v1/targets", "PROMETHEUS") or (0, ""))[1])
    assert until(lambda: '"value"' in project.get("/api/v1/query?query=cryptostream_price_age_seconds", "PROMETHEUS")[1])
    assert '"name":"CryptostreamDown"' in project.get("/api/v1/rules", "PROMETHEUS")[1]
    assert project.get("/-/ready", "ALERTMANAGER")[0] == 200
