"""Nothing there: no folder, an empty one, a table without rows. Every command says so in words, or prints an empty result of its form."""

import csv
import io
import json

import pytest

COMMANDS = [["show", "silver"], ["show", "gold"], ["show", "gold_1h"], ["show", "gold_1d"], ["query", "select * from gold"],
            ["quarantine", "list"]]
CHANGING = [["compact"], ["upgrade"], ["upgrade", "--dry-run"], ["rebuild", "gold"], ["rebuild", "--all"], ["vacuum", "--dry-run"], ["vacuum", "--dry-run", "-v"], ["retention", "--dry-run"],
            ["quarantine", "replay", "--dry-run"], ["recompute", "--from", "2024-08-08", "--to", "2024-08-09"]]


def header(text):
    return next(csv.reader(io.StringIO(text)))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_tables_without_rows(command, cryptostream, lake_without_rows):
    table = cryptostream(*command, "--storage", lake_without_rows)
    assert table.returncode == 0, table.stderr
    lines = table.stdout.splitlines()
    assert len(lines) == 3 and "source" in lines[0] and set(lines[1]) == {"-", " "} and lines[2] == "(no rows)"
    as_json = cryptostream(*command, "--json", "--storage", lake_without_rows)
    assert as_json.returncode == 0 and json.loads(as_json.stdout) == []


@pytest.mark.parametrize("command", COMMANDS[:5], ids=" ".join)
def test_csv_without_rows_has_its_header(command, cryptostream, lake, lake_without_rows, tmp_path):
    empty = cryptostream(*command, "--csv", "--storage", lake_without_rows)
    full = cryptostream(*command, "--csv", "--storage", lake)
    assert empty.returncode == full.returncode == 0
    assert empty.stdout.count("\n") == 1 and header(empty.stdout) == header(full.stdout)
    assert len(list(csv.reader(io.StringIO(full.stdout)))) > 1


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_files_without_rows(ending, cryptostream, lake_without_rows, tmp_path):
    file = tmp_path / f"out.{ending}"
    done = cryptostream("query", "select * from gold", "--output", file, "--storage", lake_without_rows)
    assert done.returncode == 0, done.stderr
    if ending == "csv":
        assert "window_start" in header(file.read_text())
    elif ending == "json":
        assert json.loads(file.read_text()) == []
    else:
        read = cryptostream("query", f"select count(*) as n from gold", "--json", "--storage", lake_without_rows)
        assert json.loads(read.stdout) == [{"n": 0}] and file.read_bytes()[:4] == b"PAR1"


@pytest.mark.parametrize("command", CHANGING, ids=" ".join)
def test_commands_on_tables_without_rows(command, cryptostream, lake_without_rows):
    done = cryptostream(*command, "--storage", lake_without_rows)
    assert done.returncode == 0, done.stderr
    assert done.stdout and "std::" not in done.stderr
    assert isinstance(json.loads(cryptostream(*command, "--json", "--storage", lake_without_rows).stdout), list)


@pytest.mark.parametrize("command", COMMANDS + CHANGING + [["verify"]], ids=" ".join)
@pytest.mark.parametrize("there", ["no folder", "an empty folder", "a file"])
def test_no_lake_is_said(there, command, cryptostream, tmp_path):
    root = tmp_path / "lake"
    if there == "an empty folder":
        root.mkdir()
    elif there == "a file":
        root.write_text("no lake")
    before = sorted(tmp_path.rglob("*"))
    done = cryptostream(*command, "--storage", root)
    assert done.returncode == 1, (done.returncode, done.stdout, done.stderr)
    assert done.stdout == "" and str(root) in done.stderr and done.stderr.startswith("cryptostream: ")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_lake_without_one_table(cryptostream, lake, tmp_path):
    """A lake of an earlier version may lack a table: its rows are none."""
    import shutil

    copy = tmp_path / "lake"
    shutil.copytree(lake, copy)
    gone = [path for path in copy.iterdir() if path.name == "quarantine"]
    assert gone
    shutil.rmtree(gone[0])
    done = cryptostream("quarantine", "list", "--storage", copy)
    assert done.returncode == 0 and done.stdout.endswith("(no rows)\n"), done.stderr


def test_no_arguments_and_empty_texts(cryptostream, lake, tmp_path):
    assert cryptostream().returncode == 2
    for sql in ("", ";", "-- only a comment"):
        done = cryptostream("query", sql, "--storage", lake)
        assert done.returncode == 1 and "select" in done.stderr.lower(), (sql, done.stderr)
    refused = cryptostream("show", "gold", "--storage", "")
    assert refused.returncode == 78 and "storage" in refused.stderr
    nothing = cryptostream("import", tmp_path / "nothing", "--storage", tmp_path / "lake")
    assert nothing.returncode == 1 and str(tmp_path / "nothing") in nothing.stderr and not (tmp_path / "lake").exists()
