"""`operator`, `commit` and `spark` where something is missing or is not what it should be: each is said in words, and nothing is written."""

import json
import os
import subprocess

import pyarrow as pa
import pytest

NOTES = pa.schema([("bucket", pa.int32()), ("kind", pa.string()), ("name", pa.string()), ("text", pa.string()), ("a", pa.int64()), ("b", pa.int64()),
                   ("bytes", pa.binary())])


def operator(binary, step, data):
    done = subprocess.run([binary, "operator", step], input=data, capture_output=True, timeout=60)
    return done.returncode, done.stderr.decode()


def stream(plan, notes=(), schema=NOTES):
    out = pa.BufferOutputStream()
    with pa.ipc.new_stream(out, schema.with_metadata({"cryptostream.plan": plan} if plan is not None else {})) as writer:
        if notes:
            writer.write_batch(pa.RecordBatch.from_pylist(list(notes), schema))
    return out.getvalue().to_pybytes()


def version(binary):
    return subprocess.run([binary, "version"], check=True, capture_output=True, text=True).stdout.split()[1]


def plan(binary, root):
    return f"cryptostream\t{version(binary)}\nroot\t{root}\nsilver\t0\t-1\t1\t1"


@pytest.mark.parametrize("step", ["parse", "dedup"])
@pytest.mark.parametrize("data,words", [
    (b"", "Arrow stream"), (b"\x00" * 64, "Arrow stream"), (b"garbage of a pipe\n" * 100, "Arrow stream"), (stream(None), "spark submit"),
    (stream("cryptostream\t0.0.0\nroot\t/x"), "version"), (stream("something else"), "spark submit"),
])
def test_what_is_no_stream_of_ours_is_refused(step, data, words, binary):
    code, said = operator(binary, step, data)
    assert code == 1 and words in said and said.count("\n") == 1, said


def test_a_damaged_plan_and_other_columns_are_refused(binary, tmp_path):
    code, said = operator(binary, "parse", stream(plan(binary, tmp_path) + "\nwhat"))
    assert code == 1 and "the plan is damaged" in said
    other = pa.schema([("bucket", pa.string())])
    code, said = operator(binary, "parse", stream(plan(binary, tmp_path), [{"bucket": "x"}], other))
    assert code == 1 and "column bucket is string" in said


@pytest.mark.parametrize("path", ["../x.parquet", "date=2024-01-01/../x", "date=2024-01-01/.x", "x.parquet", "date=2024-01-01/"])
def test_a_file_outside_of_the_table_is_not_read(path, binary, tmp_path):
    note = {"bucket": 0, "kind": "input", "name": "1", "text": path, "a": 1, "b": 1, "bytes": b""}
    code, said = operator(binary, "parse", stream(plan(binary, tmp_path), [note]))
    assert code == 1 and "has no place there" in said


def test_without_rows_there_is_nothing_to_say(binary, tmp_path):
    for step in ("parse", "dedup"):
        done = subprocess.run([binary, "operator", step], input=stream(plan(binary, tmp_path)), capture_output=True, check=True, timeout=60)
        notes = pa.ipc.open_stream(done.stdout).read_all().to_pylist()
        assert all(note["kind"] == "count" and note["a"] == 0 for note in notes)
    assert list(tmp_path.iterdir()) == []


def ask(binary, lake, *requests):
    done = subprocess.run([binary, "commit", "--storage", lake], input="".join(request + "\n" for request in requests), capture_output=True, text=True,
                          timeout=60)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("request_line,words", [("dance", "no such request"), ("silver-next", "how many rows"), ("silver-next -1", "how many rows"),
                                                ("silver-commit /nowhere", "no batch|cannot read"), ("x" * 100_000, "no such request|longer")])
def test_a_bad_request_ends_it_in_words(request_line, words, binary, tmp_path):
    code, answers = ask(binary, tmp_path / "lake", request_line)
    assert code == 1 and any(word in answers[-1]["error"] for word in words.split("|")), answers


def test_an_empty_lake_has_nothing_to_do(binary, tmp_path):
    assert ask(binary, tmp_path / "lake", "silver-next 100", "drain-close") == (0, [{"rows": 0}, {}])


def test_a_lake_has_one_writer(binary, tmp_path):
    with subprocess.Popen([binary, "commit", "--storage", tmp_path / "lake"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.DEVNULL) as holder:
        holder.stdin.write("silver-next 1\n")
        holder.stdin.flush()
        assert json.loads(holder.stdout.readline()) == {"rows": 0}
        code, answers = ask(binary, tmp_path / "lake", "silver-next 1")
        assert code == 1 and str(holder.pid) in answers[-1]["error"]
        holder.stdin.close()
        assert holder.wait(30) == 0


def spark(binary, *words, **environ):
    environment = {key: value for key, value in os.environ.items() if key not in ("SPARK_HOME", "JAVA_HOME")} | environ
    done = subprocess.run([binary, "spark", *words], env=environment, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def make_spark(folder, core):
    (folder / "bin").mkdir(parents=True)
    (folder / "jars").mkdir()
    (folder / "jars" / core).touch()
    (folder / "bin/spark-submit").write_text("#!/bin/sh\n")
    (folder / "bin/spark-submit").chmod(0o755)
    return folder


def test_no_spark_no_java_and_an_unknown_version(binary, tmp_path):
    code, _, said = spark(binary, "print", PATH="/nowhere")
    assert code == 1 and "there is no Spark here" in said and "SPARK_HOME" in said
    code, _, said = spark(binary, "print", "--spark-home", tmp_path)
    assert code == 1 and "bin/spark-submit is missing" in said
    old = make_spark(tmp_path / "old", "spark-core_2.12-3.2.1.jar")
    code, _, said = spark(binary, "print", "--spark-home", old)
    assert code == 1 and "Spark 3.2.1" in said
    new = make_spark(tmp_path / "new", "spark-core_2.13-4.2.0.jar")
    code, _, said = spark(binary, "print", "--spark-home", new, PATH="/nowhere")
    assert code == 1 and "there is no Java" in said
    code, _, said = spark(binary, "print", "--spark-home", new)
    assert code == 1 and "make install" in said  # the binary of the build folder stands in no tree


def test_a_setting_that_is_refused_is_refused_before_spark_is_looked_for(binary):
    code, _, said = spark(binary, "submit", "--set", "storage.pth=x", PATH="/nowhere")
    assert code == 78 and "storage.path" in said
