"""What may stand between the sink and its tables: TLS that is right or wrong, a pooler, a disk that is full."""

import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time

import ledger
import pytest
from followed_lake import FollowedLake, says, wait_for, wait_until_equal
from postgres_server import Postgres, free_port, new_folder

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "sources"))
import certificates  # noqa: E402


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return certificates.Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def encrypted(postgres, authority):
    """Gives the server a certificate; without one again afterwards."""
    def use(made):
        for name, source in (("server.crt", made.chain), ("server.key", made.key)):
            shutil.copy(source, postgres.data / name)
            os.chmod(postgres.data / name, 0o600)
            if postgres.user:
                shutil.chown(postgres.data / name, postgres.user)
        postgres.sql("ALTER SYSTEM SET ssl = on")
        postgres.sql("SELECT pg_reload_conf()")
        time.sleep(0.3)

    yield use
    postgres.sql("ALTER SYSTEM RESET ssl")
    postgres.sql("SELECT pg_reload_conf()")


def by_tcp(lake, postgres, database, authority=None, tls=None, host="localhost"):
    lake.url = postgres.url(database, host=host) + (f"?sslrootcert={authority.file}" if authority else "")
    return ["--set", f"postgres.tls={tls}"] if tls else []


def test_tls_as_asked_for(lake, filled, postgres, database, authority, encrypted):
    shutil.copytree(filled.root, lake.root)
    refused = lake.sink(*by_tcp(lake, postgres, database, tls="require"), check=False)
    assert refused.returncode == 1 and "postgres.tls=disable" in refused.stderr, refused.stderr
    encrypted(authority.server("good"))
    with lake.follow(*by_tcp(lake, postgres, database, authority, "verify-full")) as sink:
        says(sink, "has everything")
        used = postgres.sql("SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name LIKE 'cryptostream%'")
        assert used and all(row == ["t"] for row in used)
    lake.url = postgres.url(database)
    lake.check()


@pytest.mark.parametrize("wrong", ["another authority", "another name", "expired"])
def test_a_certificate_that_is_wrong_gets_no_row(lake, filled, postgres, database, authority, encrypted, tmp_path, wrong):
    shutil.copytree(filled.root, lake.root)
    made = {"another authority": lambda: certificates.Authority(tmp_path).server("good"),
            "another name": lambda: authority.server("other", names="DNS:db.example.org"),
            "expired": lambda: authority.server("old", days=-1)}[wrong]()
    encrypted(made)
    done = lake.sink(*by_tcp(lake, postgres, database, authority, "verify-full"), check=False)
    assert done.returncode == 1 and "certificate" in done.stderr, done.stderr
    assert postgres.sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'cryptostream'", database) == [["0"]]


@pytest.fixture
def pooler(postgres, database, tmp_path):
    """pgbouncer before the server, in a pool mode."""
    running = []

    def start(mode):
        port = free_port()
        folder = new_folder("pool")
        (folder / "users").write_text('"postgres" ""\n')
        (folder / "ini").write_text(f"[databases]\n{database} = host={postgres.folder} port={postgres.port}\n[pgbouncer]\nlisten_addr=127.0.0.1\n"
                                    f"listen_port={port}\nauth_type=trust\nauth_file={folder}/users\npool_mode={mode}\nunix_socket_dir=\n"
                                    "ignore_startup_parameters=extra_float_digits,options\n")
        user = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"] if os.geteuid() == 0 else []
        running.append((folder, subprocess.Popen([*user, "pgbouncer", folder / "ini"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                                 stderr=subprocess.DEVNULL)))
        wait_for(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0)
        return f"postgresql://postgres@127.0.0.1:{port}/{database}"

    yield start
    for folder, process in running:
        process.terminate()
        process.wait(20)
        shutil.rmtree(folder)


@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_through_a_pooler(started, pooler, postgres, database, mode):
    url = pooler(mode)
    with started.follow(url=url):
        started.replay(600, ledger.START + 120)  # over what is there: corrections
        wait_until_equal(started)
        started.replay(300, ledger.START + 2 * 86_400)
        wait_until_equal(started)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_holds_up_nothing_but_the_rows(binary, filled, tmp_path):
    """The tables lie in a tablespace that fills up: the sink says so once and goes on when there is room, from where it was."""
    small = new_folder("small")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m,mode=777", "tmpfs", small], check=True)
    server = Postgres(new_folder("pgsmall")).start()
    try:
        space = small / "space"
        space.mkdir()
        if server.user:
            shutil.chown(space, server.user)
        server.sql(f"CREATE TABLESPACE small LOCATION '{space}'")
        server.sql("CREATE DATABASE small TABLESPACE small")
        lake = FollowedLake(binary, tmp_path, server, "small")
        shutil.copytree(filled.root, lake.root)
        lake.files = filled.files
        lake.sink()
        ballast = small / "ballast"
        with open(ballast, "wb", buffering=0) as out, pytest.raises(OSError):
            while True:
                out.write(b"\1" * 8192)
        with lake.follow() as sink:
            lake.replay(3600, ledger.START + 3 * 86_400)
            says(sink, "53100")
            assert sink.text().count("53100") <= 2, sink.text()
            ballast.unlink()
            wait_until_equal(lake, 60)
    finally:
        server.stop()
        subprocess.run(["umount", small], check=True)
        shutil.rmtree(server.folder)
        small.rmdir()
