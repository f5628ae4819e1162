"""Lakes of earlier formats, unpacked, and the program under test."""

import os
import pathlib
import subprocess
import sys
import tarfile

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "lake"))

LAKES = [pytest.param(path, id=f"{path.parent.name}-{path.name.partition('.')[0]}") for path in sorted(HERE.glob("format-*/*.tar.xz"))
         if path.name != "dropped.tar.xz"]  # its gold has hours and days only: interrupted_test.py


@pytest.fixture(params=LAKES)
def lake(request, tmp_path):
    """Each lake that is kept, in a copy of its own."""
    with tarfile.open(request.param) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path / request.param.name.partition(".")[0]


@pytest.fixture
def cryptostream(binary):
    """Runs a command to its end and gives the finished process."""

    def run(*arguments, check=True, **environ):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("CRYPTOSTREAM_")} | environ
        done = subprocess.run([binary, *map(str, arguments)], env=environment, capture_output=True, text=True, timeout=120)
        if check:
            assert done.returncode == 0, f"exit {done.returncode}: {done.stderr}"
        return done

    return run
