"""The tables are made once; a test that changes one works on its own copy."""

import shutil

import pytest

import readers


@pytest.fixture(scope="session")
def lake(tmp_path_factory):
    """A directory with one table of each kind. Read only."""
    directory = tmp_path_factory.mktemp("lake")
    readers.tool("make", directory)
    return directory


@pytest.fixture
def own_lake(lake, tmp_path):
    """A copy that the test may change."""
    return shutil.copytree(lake, tmp_path / "lake")


@pytest.fixture(scope="session")
def duck():
    return readers.duck()
