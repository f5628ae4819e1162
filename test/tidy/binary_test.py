"""The built program keeps its copy of simdjson to itself.

libparquet exports simdjson symbols of another version. If ours were visible too, whichever is found first would serve both,
and the program would crash inside the parser.
"""

import os
import pathlib
import subprocess

import pytest
import tree

pytestmark = pytest.mark.binary
BINARY = pathlib.Path(os.environ.get("CRYPTOSTREAM_BINARY", tree.ROOT / "build/release/cryptostream"))


def dynamic_symbols(path):
    return subprocess.run(["nm", "-D", path], check=True, capture_output=True, text=True).stdout.splitlines()


def test_no_simdjson_symbol_is_visible():
    symbols = dynamic_symbols(BINARY)
    assert len(symbols) > 100
    assert [line for line in symbols if "simdjson" in line] == []
