"""Trouble that a user meets, and what the program says and does: refusals that name the remedy, waiting that ends by itself."""

import json
import random
import resource
import signal
import subprocess
import time

import pytest

import judge
from power_test import answer, free_port


def write_messages(path, count, start=0):
    draw = random.Random(5)
    rows = ({"timestamp": 1_763_800_000 + i * 0.05, "coin_id": "bitcoin", "price": draw.random()} for i in range(start, start + count))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def wait_for(condition, what, seconds=40):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.05)
    pytest.fail(f"did not happen within {seconds} s: {what}")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 6 MB, where mounting is permitted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", disk], capture_output=True).returncode != 0:
        pytest.skip("mounting a small disk is not permitted here")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def test_a_second_writer_is_refused_and_told_who_writes(background, cryptostream, tmp_path):
    messages = write_messages(tmp_path / "m.jsonl", 100)
    lake = tmp_path / "lake"
    first = background("replay", messages, "--storage", lake)
    wait_for(lambda: "the input has ended" in first.log(), "the first replay")
    second = cryptostream("replay", messages, "--storage", lake, "--exit-when-done", check=False)
    assert second.returncode == 1
    assert f"pid={first.pid}" in second.stderr and "--storage" in second.stderr
    assert "WRONG" not in cryptostream("verify", "--storage", lake).stdout  # reading is free


def test_sigterm_commits_what_is_in_hand(background, cryptostream, tmp_path):
    messages = write_messages(tmp_path / "m.jsonl", 5000)
    lake = tmp_path / "lake"
    process = background("replay", messages, "--storage", lake, "--set", "engine.commit_every=1m")
    wait_for(lambda: (lake / "gaps/crypto_gaps/_delta_log").exists(), "the tables")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=15) == 0
    again = cryptostream("replay", messages, "--storage", lake, "--exit-when-done")
    assert again.returncode == 0
    assert len(judge.tables(lake)["silver"].rows()) == 5000


def test_a_lake_of_another_program_is_refused(cryptostream, tmp_path):
    import pyarrow
    from deltalake import write_deltalake

    lake = tmp_path / "lake"
    write_deltalake(lake / "bronze/crypto_raw", pyarrow.table({"key": ["bitcoin"], "value": ["{}"]}))
    refused = cryptostream("replay", write_messages(tmp_path / "m.jsonl", 1), "--storage", lake, check=False)
    assert refused.returncode == 1
    assert "bronze" in refused.stderr and "choose another storage" in refused.stderr


@pytest.mark.parametrize("change, word", [
    (lambda action: action.get("metaData", {}).get("configuration", {}).update({"cryptostream.format": "99"}), "newer"),
    (lambda action: action.get("protocol", {}).update({"minReaderVersion": 99}) if "protocol" in action else None, "protocol"),
])
def test_a_newer_table_is_refused(change, word, cryptostream, tmp_path):
    lake = tmp_path / "lake"
    messages = write_messages(tmp_path / "m.jsonl", 3)
    cryptostream("replay", messages, "--storage", lake, "--exit-when-done")
    first = lake / "silver/crypto_transformed/_delta_log/00000000000000000000.json"
    actions = [json.loads(line) for line in first.read_text().splitlines()]
    for action in actions:
        change(action)
    first.write_text("".join(json.dumps(action) + "\n" for action in actions))
    for crc in first.parent.glob("*.crc"):
        crc.unlink()
    refused = cryptostream("replay", messages, "--storage", lake, "--exit-when-done", check=False)
    assert refused.returncode == 1
    assert "silver" in refused.stderr and word in refused.stderr.lower()


def test_a_replaced_bronze_is_noticed(cryptostream, tmp_path):
    import shutil

    lake = tmp_path / "lake"
    messages = write_messages(tmp_path / "m.jsonl", 3)
    cryptostream("replay", messages, "--storage", lake, "--exit-when-done")
    shutil.rmtree(lake / "bronze")
    refused = cryptostream("replay", messages, "--storage", lake, "--exit-when-done", check=False)
    assert refused.returncode == 1
    assert "replaced" in refused.stderr and "upstream=bronze" in refused.stderr


def test_a_read_only_disk_is_told_in_words(cryptostream, small_disk, tmp_path):
    messages = write_messages(tmp_path / "m.jsonl", 3)
    lake = small_disk / "lake"
    cryptostream("replay", messages, "--storage", lake, "--exit-when-done")
    assert subprocess.run(["mount", "-o", "remount,ro", small_disk], capture_output=True).returncode == 0
    for storage in (lake, small_disk / "new"):
        refused = cryptostream("replay", messages, "--storage", storage, "--exit-when-done", check=False)
        assert refused.returncode == 1
        assert "Read-only file system (mount it writable" in refused.stderr, refused.stderr
    assert json.loads(cryptostream("query", "select count(*) as n from silver", "--storage", lake, "--json").stdout) == [{"n": 3}]


def test_a_full_disk_is_waited_for(background, cryptostream, small_disk, tmp_path):
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 5_900_000)
    messages = write_messages(tmp_path / "m.jsonl", 40_000)
    lake = small_disk / "lake"
    process = background("replay", messages, "--storage", lake, "--exit-when-done", "--set", "engine.commit_bytes=262144")
    wait_for(lambda: "waits and tries again" in process.log() or process.poll() is not None, "the disk to be full")
    assert process.poll() is None, process.log()
    waits = next(line for line in process.log().splitlines() if "waits and tries again" in line)
    assert "No space left on device (free some space on this disk)" in waits
    time.sleep(2)
    assert "works again" not in process.log()
    ballast.unlink()
    assert process.wait(timeout=60) == 0, process.log()
    assert len(judge.tables(lake)["silver"].rows()) == 40_000
    assert "WRONG" not in cryptostream("verify", "--storage", lake).stdout


def test_a_full_disk_leaves_the_api_reading_and_says_so(background, cryptostream, small_disk, tmp_path):
    """L4: rows wait, what is there can be read, /readyz says why; with room again everything goes on by itself."""
    messages, lake, port = write_messages(tmp_path / "m.jsonl", 40_000), small_disk / "lake", free_port()
    process = background("run", "--source", "replay", "--replay", messages, "--speed", "60", "--storage", lake, "--port", port)
    wait_for(lambda: answer(port, "/readyz") == 200 and answer(port, "/metrics/bitcoin") == 200, "the service with its first window")
    fill(small_disk / "ballast")
    wait_for(lambda: answer(port, "/readyz") == 503, "/readyz to say that nothing can be written")
    assert "waits and tries again" in process.log()
    assert answer(port, "/metrics/bitcoin") == 200 and answer(port, "/livez") == 200
    (small_disk / "ballast").unlink()
    wait_for(lambda: answer(port, "/readyz") == 200, "the way on")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=15) == 0, process.log()
    cryptostream("replay", messages, "--storage", lake, "--exit-when-done")
    assert len(judge.tables(lake)["silver"].rows()) == 40_000


def fill(path):
    """Writes until the disk is full."""
    with open(path, "wb", buffering=0) as ballast:
        for size in (65_536, 1024):
            try:
                while True:
                    ballast.write(b"x" * size)
            except OSError:
                pass


def test_a_limit_on_the_size_of_files_is_waited_for(background, tmp_path):
    """L4: EFBIG comes with a signal, and ends as little as a full disk does."""
    messages, lake = write_messages(tmp_path / "m.jsonl", 40_000), tmp_path / "lake"
    process = background("replay", messages, "--storage", lake, "--exit-when-done", "--speed", "2000", limit=150_000)
    wait_for(lambda: "waits and tries again" in process.log() or process.poll() is not None, "a file to be too large")
    assert process.poll() is None, process.log()
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert process.wait(timeout=60) == 0, process.log()
    assert len(judge.tables(lake)["silver"].rows()) == 40_000


def test_a_read_only_disk_is_said_in_words(cryptostream, small_disk, tmp_path):
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    refused = cryptostream("replay", write_messages(tmp_path / "m.jsonl", 1), "--storage", small_disk / "lake", check=False)
    assert refused.returncode == 1
    assert "Read-only file system" in refused.stderr


def test_no_lake_says_what_to_do(cryptostream, tmp_path):
    for command in (["show", "gold"], ["query", "select 1"], ["verify"]):
        refused = cryptostream(*command, "--storage", tmp_path / "nothing", check=False)
        assert refused.returncode == 1
        assert "there is no lake" in refused.stderr and "--storage" in refused.stderr


def test_query_only_reads(cryptostream, tmp_path):
    lake = tmp_path / "lake"
    cryptostream("replay", write_messages(tmp_path / "m.jsonl", 3), "--storage", lake, "--exit-when-done")
    target = lake / "out.csv"
    for sql in (f"copy (select 1) to '{target}'", "install httpfs", "create table t(a int)", "attach 'x.db'", "select 1; select 2",
                "select * from read_csv('/etc/passwd')"):
        refused = cryptostream("query", sql, "--storage", lake, check=False)
        assert refused.returncode == 1, sql
        assert refused.stderr.startswith("cryptostream: "), sql
    assert not target.exists()


@pytest.mark.parametrize("arguments, code, words", [
    (["run", "--prot", "1"], 2, "did you mean --port?"),
    (["rnu"], 2, "did you mean run?"),
    (["replay", "x.jsonl", "--format", "mesages"], 2, "messages"),
    (["replay", "x.jsonl", "--speed", "fast"], 2, "--speed"),
    (["replay", "not-there.jsonl", "--storage", "LAKE"], 1, "not-there.jsonl"),
    (["show", "gold", "--limit", "0"], 2, "--limit"),
    (["config", "check", "--set", "serve.prot=1"], 78, "did you mean serve.port?"),
    (["config", "check", "--set", "engine.lateness=soon"], 78, "30s"),
])
def test_a_wrong_word_is_named(arguments, code, words, cryptostream, tmp_path):
    arguments = [str(tmp_path / "lake") if word == "LAKE" else word for word in arguments]
    done = cryptostream(*arguments, check=False, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert words in done.stderr


def test_a_config_file_is_named_with_line(cryptostream, tmp_path):
    file = tmp_path / "my.toml"
    file.write_text("[serve]\n\nport = 99999\n")
    done = cryptostream("config", "check", "--config", file, check=False)
    assert done.returncode == 78
    assert f"{file}:3" in done.stderr and "serve.port" in done.stderr


def test_data_goes_to_stdout_and_nothing_else(cryptostream, tmp_path):
    lake = tmp_path / "lake"
    cryptostream("replay", write_messages(tmp_path / "m.jsonl", 50), "--storage", lake, "--exit-when-done")
    rows = json.loads(cryptostream("show", "gold", "--json", "--storage", lake).stdout)
    assert rows and rows[0]["coin_id"] == "bitcoin"
    report = json.loads(cryptostream("verify", "--json", "--storage", lake).stdout)
    assert all(check["ok"] for check in report)
