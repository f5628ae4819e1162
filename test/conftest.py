"""What the suites share: the program under test."""

import os
import pathlib

import pytest


@pytest.fixture(scope="session")
def binary():
    path = pathlib.Path(os.environ.get("CRYPTOSTREAM_BINARY", "build/release/cryptostream"))
    assert path.exists(), f"{path} is not there: run `make test`"
    return path.resolve()
