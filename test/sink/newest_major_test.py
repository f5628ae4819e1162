"""The same on PostgreSQL 18, out of a package that tools/setup brings: a first copy, corrections, and kills in each of their transactions."""

import pathlib
import shutil

import ledger
import pytest
import sink_test
from followed_lake import FollowedLake
from postgres_server import Postgres, new_folder

NATIVE = pathlib.Path(__file__).resolve().parents[2] / "build/postgres/18"


@pytest.fixture(scope="module")
def newest():
    if not NATIVE.exists():
        pytest.skip("there is no PostgreSQL 18: tools/setup test brings it")
    folder = new_folder("pg18")
    shutil.copytree(NATIVE, folder / "native", symlinks=True)  # the cache may lie where the server's user may not look
    server = Postgres(folder, folder / "native/bin").start()
    yield server
    server.stop()
    shutil.rmtree(folder)


def test_killed_in_each_transaction_of_postgresql_18(binary, tmp_path, filled, newest):
    assert newest.sql("SHOW server_version")[0][0].startswith("18")
    newest.sql("CREATE DATABASE newest")
    lake = FollowedLake(binary, tmp_path, newest, "newest")
    shutil.copytree(filled.root, lake.root)
    lake.files = filled.files
    lake.sink()
    for point in ("sink.before_commit", "sink.after_commit"):
        lake.replay(200, ledger.START + 100)
        assert sink_test.kill_in_each_transaction(lake, point) >= 2
