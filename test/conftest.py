"""What the suites share: the program under test."""

import os
import pathlib

import pytest


@pytest.fixture(scope="session")
def binary():
    path = pathlib.Path(os.environ.get("CRYPTOSTREAM_BINARY", "build/release/cryptostream"))
    assert path.exists(), f"{path} is not there: run `make test`"
    return path.resolve()


# Its tests share a Spark session, which takes half a gigabyte and seconds to start.
TOGETHER = ("original",)


def pytest_collection_modifyitems(items):
    """A file's tests run on one process, because they share what was made once; so do those of a folder in TOGETHER."""
    for item in items:
        folder = item.path.parent.name
        item.add_marker(pytest.mark.xdist_group(folder if folder in TOGETHER else f"{folder}-{item.path.stem}"))
