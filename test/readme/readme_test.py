"""README's snippets, on the recording that README tells people to play: started in an empty folder as it says, then run as they stand."""

import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import time

import duckdb
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEXT = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
COMMANDS = re.findall(r"^(?:    )?((?:[A-Za-z_]+=\S+ )*cryptostream .+)$", TEXT, re.MULTILINE)
# Extensions out of the test's Python packages: INSTALL would fetch them.
EXTENSIONS = pathlib.Path(sys.prefix)


def blocks(language):
    return [code for found, code in BLOCKS if found == language]


@pytest.fixture(scope="module")
def played(binary, tmp_path_factory):
    """A folder in which the recording plays, as `make run SOURCE=replay` starts it."""
    folder = tmp_path_factory.mktemp("readme")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CRYPTOSTREAM_")}
    command = [binary, "run", "--source", "replay", "--port", "0"]
    with open(folder / "log", "wb") as log:
        running = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=log)
    try:
        end = time.monotonic() + 60
        while "bitcoin" not in cryptostream(binary, folder, "show gold --coin bitcoin --json").stdout:
            assert running.poll() is None and time.monotonic() < end, (folder / "log").read_text()
            time.sleep(0.2)
        yield folder
        running.send_signal(signal.SIGINT)
        assert running.wait(15) == 0
    finally:
        running.kill()
        running.wait()


def cryptostream(binary, folder, arguments):
    return subprocess.run([binary, *shlex.split(arguments)], cwd=folder, capture_output=True, text=True, timeout=60)


def test_there_are_snippets():
    assert len(blocks("python")) >= 2 and len(blocks("sql")) >= 1 and len(COMMANDS) >= 15


def test_python(played):
    snippet = next(code for code in blocks("python") if "deltalake" in code)
    done = subprocess.run([sys.executable, "-c", snippet], cwd=played, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert re.search(r"2025-05-\d\d", done.stdout), done.stdout


def test_sql(played):
    (snippet,) = blocks("sql")
    connection = duckdb.connect()
    for file in EXTENSIONS.rglob(f"v{duckdb.__version__}/*/*.duckdb_extension"):
        connection.execute(f"LOAD '{file}'")
    query = snippet.replace("INSTALL delta; LOAD delta;", "").replace("storage-demo/", f"file://{played}/storage-demo/")
    assert connection.execute(query).fetch_arrow_table().num_rows


@pytest.mark.parametrize("arguments", ["show gold", 'query "select coin_id, count(*) from silver group by 1"', "verify"])
def test_the_next_commands_find_the_lake_that_is_there(arguments, binary, played):
    assert any(command.split("#")[0].strip() == f"cryptostream {arguments}" for command in COMMANDS), "README says it differently"
    done = cryptostream(binary, played, arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "storage-demo" in done.stderr and done.stdout


def test_a_lake_that_is_named_is_the_one_that_is_read(binary, played):
    done = cryptostream(binary, played, "show gold --storage other")
    assert done.returncode == 1 and "other" in done.stderr and done.stdout == ""


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_and_its_flags_are_there(command, binary, tmp_path):
    words = [word for word in shlex.split(command.split("#")[0].split(";")[0]) if not re.fullmatch(r"\w+=\S*", word)]
    words = words[1:]
    names = []
    while words and re.fullmatch(r"[a-z]+", words[0]):
        names.append(words.pop(0))
        if names[0] != "quarantine":
            break
    shown = cryptostream(binary, tmp_path, " ".join([*names, "-h"]))
    assert shown.returncode == 0, shown.stderr
    for flag in (word for word in words if word.startswith("--")):
        assert re.search(rf"{flag}\b", shown.stdout), f"`{' '.join(names)} -h` does not know {flag}"
    for setting in re.findall(r"--set ([\w.]+)=", command):
        assert setting.split(".")[-1] in cryptostream(binary, tmp_path, "config schema").stdout


def test_files_and_links_that_it_names_are_there():
    linked = [target for target in re.findall(r"\]\(([^)#]+)\)", TEXT) if "://" not in target]
    assert linked and [target for target in linked if not (ROOT / target).exists()] == []
