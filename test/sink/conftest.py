"""What the tests of the sink share: a server for the session, a database for the test, a lake that was filled once."""

import pathlib
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lake"))

import followed_lake  # noqa: E402
import ledger  # noqa: E402
from postgres_server import Postgres, new_folder, programs  # noqa: E402


@pytest.fixture(scope="session")
def postgres():
    if programs() is None:
        pytest.skip("there is no PostgreSQL: tools/setup test brings it")
    folder = new_folder("pg")
    server = Postgres(folder).start()
    yield server
    if server.process.poll() is None:
        server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def database(postgres, request):
    """An empty database of the test's own."""
    name = "t" + "".join(c if c.isalnum() else "_" for c in request.node.name.lower())[:50]
    postgres.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    postgres.sql(f"CREATE DATABASE {name}")
    return name


@pytest.fixture
def lake(binary, tmp_path, postgres, database):
    return followed_lake.FollowedLake(binary, tmp_path, postgres, database)


@pytest.fixture(scope="session")
def filled(binary, tmp_path_factory):
    """A lake of some minutes, to be copied."""
    folder = tmp_path_factory.mktemp("filled")
    made = followed_lake.FollowedLake(binary, folder, type("None", (), {"url": lambda *_: ""})(), "")
    made.replay(900)
    made.replay(300, ledger.START + 86_400)
    return made


@pytest.fixture
def started(lake, filled):
    """The same lake in a folder of the test's own, and in the database."""
    shutil.copytree(filled.root, lake.root)
    lake.files = filled.files
    lake.sink()
    return lake
