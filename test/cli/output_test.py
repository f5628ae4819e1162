"""What was printed counts as done only when it arrived; a result is never cut in silence; types are kept."""

import csv
import io
import json
import os
import subprocess
import time

import pyarrow.parquet
import pytest
from program import clean_environment

PRINTING = [["show", "gold"], ["show", "gold", "--json"], ["query", "select 1"], ["quarantine", "list"], ["verify"], ["verify", "--json"],
            ["compact"], ["upgrade", "--dry-run"], ["rebuild", "gold", "--dry-run"], ["vacuum", "--dry-run"], ["retention", "--dry-run"], ["quarantine", "replay", "--dry-run"],
            ["recompute", "--from", "2024-08-08", "--to", "2024-08-09", "--dry-run"]]
WITHOUT_LAKE = [["config", "print"], ["config", "schema"], ["config", "check"], ["version"], ["--version"], ["-h"], ["run", "-h"],
                ["completion", "bash"], ["completion", "fish"]]
MANY = "select i, i * 2 as j from range(1200000) r(i)"


@pytest.mark.parametrize("command", PRINTING + WITHOUT_LAKE, ids=" ".join)
def test_a_full_disk_is_an_error_of_every_command(command, cryptostream, lake):
    storage = ["--storage", lake] if command in PRINTING else []
    with open("/dev/full", "w") as full:
        done = cryptostream(*command, *storage, stdout=full, stderr=subprocess.PIPE, capture_output=False)
    assert done.returncode == 1, done.stderr
    assert "No space left on device" in done.stderr


@pytest.mark.parametrize("command", [["config", "schema"], ["query", MANY]], ids=" ".join)
def test_a_closed_pipe_is_an_error_without_words(command, cryptostream, lake):
    storage = ["--storage", lake] if command[0] == "query" else []
    reader, writer = os.pipe()
    os.close(reader)
    done = cryptostream(*command, *storage, stdout=writer, stderr=subprocess.PIPE, capture_output=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_closed_stdout_is_no_file_of_the_lake(cryptostream, lake):
    before = {path: path.stat().st_size for path in lake.rglob("*")}
    done = cryptostream("query", "select * from gold", "--storage", lake, stdout=None, stderr=subprocess.PIPE, capture_output=False,
                        preexec_fn=lambda: os.close(1))
    assert done.returncode == 1 and "cannot write the output" in done.stderr
    assert {path: path.stat().st_size for path in lake.rglob("*")} == before


def test_more_than_a_million_rows_come_out(cryptostream, lake):
    done = cryptostream("query", MANY, "--csv", "--storage", lake)
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.count("\n") == 1_200_001 and done.stdout.endswith("\n1199999,2399998\n") and "\r" not in done.stdout


def test_a_limit_is_said(cryptostream, lake):
    done = cryptostream("query", MANY, "--limit", "3", "--csv", "--storage", lake)
    assert done.returncode == 0 and done.stdout == "i,j\n0,0\n1,2\n2,4\n" and "--limit 3" in done.stderr
    exactly = cryptostream("query", "select 1 as one", "--limit", "1", "--csv", "--storage", lake)
    assert exactly.stdout == "one\n1\n" and exactly.stderr == ""


def test_a_timeout_is_an_error_that_names_its_flag(cryptostream, lake):
    slow = "select count(*) from range(100000000000) r(i) where hash(i) = 1"
    done = cryptostream("query", slow, "--timeout", "200ms", "--storage", lake)
    assert done.returncode == 1 and "--timeout 200ms" in done.stderr
    for bad in ("soon", "0s", "-1s"):
        refused = cryptostream("query", slow, f"--timeout={bad}", "--storage", lake)
        assert refused.returncode == 2 and "--timeout" in refused.stderr


def test_a_stop_ends_a_query(binary, lake):
    slow = "select count(*) from range(100000000000) r(i) where hash(i) = 1"
    process = subprocess.Popen([binary, "query", slow, "--storage", lake], env=clean_environment(), stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    time.sleep(0.7)
    assert process.poll() is None
    process.terminate()
    out, words = process.communicate(timeout=10)
    assert process.returncode == 1 and out == "" and "stopped" in words and "committing" not in words


TYPED = """select {'start': timestamptz '2024-08-08 12:00:00+00', 'n': 1} as w, [1, null, 3] as list, 12.50::decimal(9,2) as d,
           18446744073709551615::ubigint as u, sum(i) as total, map {'k': 2} as m, null::struct(a integer, b varchar) as none,
           'Zoë, "x"' as text, true as yes from range(5) r(i)"""


def test_json_keeps_types(cryptostream, lake):
    done = cryptostream("query", TYPED, "--json", "--storage", lake)
    assert done.returncode == 0, done.stderr
    row, = json.loads(done.stdout, parse_float=str)
    assert row == {"w": {"start": "2024-08-08T12:00:00.000Z", "n": 1}, "list": [1, None, 3], "d": "12.50", "u": 18446744073709551615,
                   "total": 10, "m": {"k": 2}, "none": None, "text": 'Zoë, "x"', "yes": True}


def test_csv_splits_structs(cryptostream, lake):
    done = cryptostream("query", TYPED, "--csv", "--storage", lake)
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert rows == [{"w_start": "2024-08-08T12:00:00.000Z", "w_n": "1", "list": "[1,null,3]", "d": "12.50", "u": "18446744073709551615",
                     "total": "10", "m": '{"k":2}', "none_a": "", "none_b": "", "text": 'Zoë, "x"', "yes": "true"}]
    gold = cryptostream("query", "select * from gold", "--csv", "--storage", lake).stdout
    assert {"window_start", "window_end"} <= set(gold.splitlines()[0].split(","))


def test_two_columns_of_one_name_both_come(cryptostream, lake):
    row, = json.loads(cryptostream("query", "select 1 as a, 2 as a", "--json", "--storage", lake).stdout)
    assert row == {"a": 1, "a_1": 2}


def test_parquet_keeps_types(cryptostream, lake, tmp_path):
    file = tmp_path / "out.parquet"
    done = cryptostream("query", TYPED + ";", "--output", file, "--storage", lake)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    table = pyarrow.parquet.read_table(file)
    types = {field.name: str(field.type) for field in table.schema}
    assert types["w"].startswith("struct<start: timestamp[us, tz=UTC], n: int32")
    assert types["d"] == "decimal128(9, 2)" and types["u"] == "uint64" and types["total"] == "decimal128(38, 0)"
    assert types["list"].startswith("list<") and types["m"].startswith("map<") and types["yes"] == "bool"
    row, = table.to_pylist()
    assert row["total"] == 10 and row["u"] == 18446744073709551615
    assert [path.name for path in tmp_path.iterdir()] == ["out.parquet"]


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_a_file_is_whole_or_not_there(ending, cryptostream, lake, tmp_path):
    file = tmp_path / f"out.{ending}"
    file.write_text("mine")
    refused = cryptostream("query", "select 1", "--output", file, "--storage", lake)
    assert refused.returncode == 1 and "--force" in refused.stderr and file.read_text() == "mine"
    failed = cryptostream("query", "select nonsense", "--output", file, "--force", "--storage", lake)
    assert failed.returncode == 1 and file.read_text() == "mine"
    done = cryptostream("query", "select 1 as a", "--output", file, "--force", "--storage", lake)
    assert done.returncode == 0 and file.read_bytes()[:4] != b"mine"
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_an_output_that_cannot_be(cryptostream, lake, tmp_path):
    for file, code, words in ((tmp_path / "out.xlsx", 2, ".parquet, .csv or .json"), (tmp_path / "no" / "out.csv", 1, "No such file"),
                              (tmp_path, 2, "--output")):
        done = cryptostream("query", "select 1", "--output", file, "--storage", lake)
        assert done.returncode == code and words in done.stderr, done.stderr
    done = cryptostream("query", "select 1", "--csv", "--json", "--storage", lake)
    assert done.returncode == 2 and "--csv and --json" in done.stderr


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_an_output_file_on_a_full_disk(ending, cryptostream, lake, tmp_path):
    import resource

    file = tmp_path / f"out.{ending}"
    done = cryptostream("query", "select i, random() as x from range(200000) r(i)", "--output", file, "--storage", lake,
                        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)))
    assert done.returncode == 1 and "cannot write the output" in done.stderr and "File too large" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("table", ["silver", "gold", "gold_1h", "gold_1d"])
def test_show_fits_100_columns(table, cryptostream, lake):
    done = cryptostream("show", table, "--storage", lake)
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and len(lines) > 2 and "bitcoin" in done.stdout
    assert max(map(len, lines)) <= 100, "\n".join(lines)
