"""The built program as the linker left it: hardened, no foreign folder to load from, simdjson kept to itself.

libparquet exports simdjson symbols of another version. If ours were visible too, whichever is found first would serve both,
and the program would crash inside the parser.
"""

import os
import pathlib
import re
import subprocess

import pytest
import tree

pytestmark = pytest.mark.binary
BINARY = pathlib.Path(os.environ.get("CRYPTOSTREAM_BINARY", tree.ROOT / "build/release/cryptostream"))


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def dynamic_symbols():
    symbols = output("nm", "-D", BINARY).splitlines()
    assert len(symbols) > 100
    return symbols


def run_path(dynamic_section):
    """The folders of DT_RUNPATH or DT_RPATH in what readelf -d prints."""
    found = re.findall(r"\((?:RUNPATH|RPATH)\).*\[(.*)\]", dynamic_section)
    return [folder for path in found for folder in path.split(":")]


def test_no_simdjson_symbol_is_visible():
    assert [line for line in dynamic_symbols() if "simdjson" in line] == []


def test_librdkafka_keeps_its_openssl_to_itself():
    """Debian's OpenSSL serves libcurl; two that see each other's symbols crash."""
    (library,) = (BINARY.parent.parent / "lib").glob("librdkafka*.so*")
    defined = output("nm", "-D", "--defined-only", library)
    assert "rd_kafka_new" in defined and not re.search(r" (SSL|EVP|CRYPTO)_\w+", defined)
    assert not re.search(r" [TDBW] (SSL|EVP|CRYPTO|aws_lc)_\w+", "\n".join(dynamic_symbols()))


def test_libraries_are_looked_for_beside_the_program_only():
    assert run_path(output("readelf", "-dW", BINARY)) == ["$ORIGIN/../lib"]


def test_an_empty_entry_would_be_seen():
    assert run_path(" 0x1d (RUNPATH) Library runpath: [/opt/lib:]") == ["/opt/lib", ""]


@pytest.mark.parametrize("header, what", [
    (r"Type:\s+DYN", "position independent"),
    (r"GNU_RELRO", "relocations read-only"),
    (r"GNU_STACK\s.*\sRW\s", "stack not executable"),
    (r"BIND_NOW|FLAGS_1.*NOW", "symbols bound at the start, so that relro is full"),
])
def test_hardened(header, what):
    assert re.search(header, output("readelf", "-hldW", BINARY)), what


def test_stack_protector_and_checked_calls():
    symbols = "\n".join(dynamic_symbols())
    assert "__stack_chk_fail" in symbols
    assert re.search(r"__\w+_chk\b", symbols.replace("__stack_chk_fail", "")), "no _FORTIFY_SOURCE"
