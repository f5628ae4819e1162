"""Keeping a lake small: whatever compaction, log clean-up and vacuum do, the rows are those of the ledger, and other programs read the
tables all along. That they may be killed at any point is told by crash_test.py."""

import collections
import importlib.util
import json
import os
import subprocess
import time

import deltalake
import duckdb
import pytest

import judge
import ledger

# Everything at once and all the time: what takes hours in a real lake happens in seconds.
EAGER = [f"maintenance.{setting}" for setting in (
    "compact_every=10ms", "clean_every=20ms", "compact_files=3", "log_retention=0s", "file_retention=0s", "closed_after=0s")]
SMALL_COMMITS = ["engine.commit_every=10ms", "engine.correct_every=50ms", "storage.fsync=false"]
MESSAGES = 2400
POINTS = [
    "compact.before_files", "compact.after_files", "compact.after_commit", "cleanup.before_files", "cleanup.after_file",
    "cleanup.after_files", "vacuum.before_files", "vacuum.after_file", "vacuum.after_files",
]


def settings(*lists):
    return [argument for setting in sum(lists, []) for argument in ("--set", setting)]


def replay(messages, lake, *more):
    """In four seconds, with hundreds of commits: maintenance has something to do while rows come in."""
    return ["replay", messages, "--storage", lake, "--exit-when-done", "--speed", "600", *settings(SMALL_COMMITS, *more)]


@pytest.fixture
def sent():
    return ledger.Ledger(7)


@pytest.fixture
def messages(sent, tmp_path):
    return sent.file(tmp_path, "messages.jsonl", MESSAGES)


def commits(table, operation=None):
    """The commits of a log in order: (version, actions)."""
    out = []
    for path in sorted((table / "_delta_log").glob("*.json")):
        actions = [json.loads(line) for line in path.read_text().splitlines()]
        info = next(action["commitInfo"] for action in actions if "commitInfo" in action)
        if operation is None or info.get("operationParameters", {}).get("operation") == operation:
            out.append((int(path.stem), actions))
    return out


def multiset(rows):
    return collections.Counter(json.dumps(row, sort_keys=True, default=str) for row in rows)


def test_rows_stay_the_same_while_everything_is_tidied_up(cryptostream, messages, sent, tmp_path):
    lake = tmp_path / "lake"
    cryptostream(*replay(messages, lake, EAGER))
    sent.check(lake)
    assert "WRONG" not in cryptostream("verify", "--storage", lake, *settings(EAGER)).stdout
    for command in ("compact", "vacuum"):
        cryptostream(command, "--storage", lake, *settings(EAGER))
    sent.check(lake)
    assert "WRONG" not in cryptostream("verify", "--storage", lake, *settings(EAGER)).stdout


def test_the_commands_tidy_up_a_lake_at_rest(cryptostream, messages, sent, tmp_path):
    lake = tmp_path / "lake"
    cryptostream(*replay(messages, lake, ["maintenance.enabled=false"]))
    before = {name: multiset(table.rows()) for name, table in judge.tables(lake).items()}
    many = len(judge.tables(lake)["bronze"].files)
    assert many >= 6
    eager = settings(EAGER)
    report = json.loads(cryptostream("compact", "--storage", lake, "--json", *eager).stdout)
    bronze = next(row for row in report if row["table"] == "bronze")
    assert (bronze["files_before"], bronze["files_after"]) == (many, 1)
    after = judge.tables(lake)
    assert {name: multiset(table.rows()) for name, table in after.items()} == before
    assert len(after["bronze"].files) == 1
    silver = after["silver"].rows()
    order = [(row["year"], row["month"], row["day"], row["coin_id"], row["api_timestamp"]) for row in silver]
    assert order == sorted(order)
    assert all(row["commits"] == 0 for row in json.loads(cryptostream("compact", "--storage", lake, "--json", *eager).stdout))

    on_disk = sorted(lake.rglob("*"))
    dry = json.loads(cryptostream("vacuum", "--dry-run", "--storage", lake, "--json", *eager).stdout)
    assert next(row for row in dry if row["table"] == "bronze")["data_files_to_delete"] == many
    assert sorted(lake.rglob("*")) == on_disk
    done = json.loads(cryptostream("vacuum", "--storage", lake, "--json", *eager).stdout)
    assert [row["data_files_deleted"] for row in done] == [row["data_files_to_delete"] for row in dry]
    assert len(list((lake / judge.TABLES["bronze"]).glob("date=*/*"))) == 1
    sent.check(lake)
    assert "WRONG" not in cryptostream("verify", "--storage", lake, *settings(EAGER)).stdout


def test_what_is_young_stays_with_the_default_settings(cryptostream, messages, tmp_path):
    lake = tmp_path / "lake"
    cryptostream(*replay(messages, lake))
    cryptostream("compact", "--storage", lake, *settings(["maintenance.compact_files=2"]))
    before = sorted(lake.rglob("*"))
    done = json.loads(cryptostream("vacuum", "--storage", lake, "--json").stdout)
    assert all(row["data_files_deleted"] == row["log_files_deleted"] == 0 for row in done)
    assert sorted(lake.rglob("*")) == before


def test_a_path_without_a_lake_stays_without_one(cryptostream, tmp_path):
    for command in ("compact", "vacuum"):
        done = cryptostream(command, "--storage", tmp_path / "nothing", check=False)
        assert (done.returncode, "there is no lake" in done.stderr) == (1, True)
    assert not (tmp_path / "nothing").exists()


# D4, D15: two processes
def test_the_commands_say_who_writes_the_lake(binary, cryptostream, messages, tmp_path):
    lake = tmp_path / "lake"
    writer = subprocess.Popen([binary, "replay", messages, "--storage", lake], stderr=subprocess.PIPE)
    try:
        until = time.monotonic() + 30
        while not (lake / "gaps/crypto_gaps/_delta_log").exists() and time.monotonic() < until:
            time.sleep(0.05)
        for command in ("compact", "vacuum"):
            done = cryptostream(command, "--storage", lake, check=False)
            assert done.returncode == 1
            assert f"holder=pid={writer.pid}" in done.stderr
    finally:
        writer.terminate()
        writer.wait(20)


@pytest.fixture
def bench(binary):
    """Writes COMMITS commits of three rows each into a lake (bench/maintenance_bench.cc); gives the exit code."""

    def run(lake, commits, crash=None):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("CRYPTOSTREAM_")}
        if crash:
            environment["CRYPTOSTREAM_CRASH"] = crash
        command = [binary.parent / "maintenance_bench", str(commits), "3", f"storage.path={lake}", "storage.fsync=false", *EAGER]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120).returncode

    return run


@pytest.mark.long
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("nth", [1, 2, 4])
def test_killed_while_rows_come_in(point, nth, bench, cryptostream, tmp_path):
    lake = tmp_path / "lake"
    commits = 320 * nth  # three checkpoints for each time, so that there is a log to clean up
    assert bench(lake, commits, crash=f"{point}:{nth}") == -9, "the point was never reached"
    if nth == 1:
        assert bench(lake, commits, crash=f"{point}:2") in (-9, 0)
    assert bench(lake, commits) == 0
    for command in ("compact", "vacuum"):
        cryptostream(command, "--storage", lake, *settings(EAGER))
    tables = judge.tables(lake)
    assert sorted(row["offset"] for row in tables["bronze"].rows()) == list(range(3 * commits))
    silver = tables["silver"].rows()
    assert len({(row["coin_id"], row["api_timestamp"]) for row in silver}) == len(silver) == 3 * commits
    judge.check_gold(silver, tables["gold_sources"].rows())
    assert tables["quarantine"].rows() == []
    assert "WRONG" not in cryptostream("verify", "--storage", lake).stdout


@pytest.mark.alone
def test_who_polls_by_version_gets_no_row_twice(cryptostream, messages, sent, tmp_path):
    lake = tmp_path / "lake"
    cryptostream(*replay(messages, lake, EAGER[:1] + EAGER[2:3]))
    table = lake / judge.TABLES["bronze"]
    assert commits(table, "compact")
    newest = deltalake.DeltaTable(str(table)).version()
    offsets, last = [], 0
    for version in range(newest + 1):
        rows = deltalake.DeltaTable(str(table), version=version).to_pyarrow_table(columns=["offset"])["offset"].to_pylist()
        assert len(rows) == len(set(rows)) and len(rows) >= last, f"version {version}"
        last = len(rows)
    for _version, actions in commits(table):  # as a stream reads: what commits add with dataChange
        for action in actions:
            if action.get("add", {}).get("dataChange"):
                offsets += deltalake_rows(table, action["add"]["path"])
    assert sorted(offsets) == list(range(MESSAGES))


def deltalake_rows(table, path):
    import pyarrow.parquet as pq

    return pq.ParquetFile(table / path).read(columns=["offset"])["offset"].to_pylist()


def test_duckdbs_own_delta_reader_takes_a_tidied_lake(cryptostream, messages, sent, tmp_path):
    lake = tmp_path / "lake"
    cryptostream(*replay(messages, lake, EAGER))
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})
    packages = importlib.util.find_spec("duckdb_ext").submodule_search_locations[0]
    for name in ("parquet", "delta"):
        connection.execute(f"LOAD '{next(extension(packages, name))}'")
    count = connection.execute(f"SELECT count(*) FROM delta_scan('file://{lake / judge.TABLES['bronze']}')").fetchone()
    assert count == (MESSAGES,)


def extension(packages, name):
    for folder, _folders, files in os.walk(packages):
        if duckdb.__version__ in folder and f"{name}.duckdb_extension" in files:
            yield os.path.join(folder, f"{name}.duckdb_extension")


# D11, D14: somebody reads all the time while everything is cleaned at once; one retry on the newest version is allowed
def test_readers_go_on_while_logs_and_files_are_deleted(binary, cryptostream, tmp_path):
    lake = tmp_path / "lake"
    table = lake / judge.TABLES["bronze"]
    writer = subprocess.Popen(
        [binary.parent / "maintenance_bench", "700", "3", f"storage.path={lake}", "storage.fsync=false", *EAGER,
         "maintenance.clean_every=200ms", "maintenance.file_retention=1s"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    reads, last = 0, 0
    while writer.poll() is None:
        if not list(table.glob("_delta_log/*1.json")):
            time.sleep(0.02)
            continue
        for attempt in range(2):
            try:
                rows = deltalake.DeltaTable(str(table)).to_pyarrow_table(columns=["offset"])["offset"].to_pylist()
                break
            except Exception:  # what went away between two looks is told by delta-rs and by Arrow with errors of their own
                assert attempt == 0, "the second look failed too"
        assert len(rows) == len(set(rows)) and len(rows) >= last
        last = len(rows)
        reads += 1
    assert writer.returncode == 0, writer.stderr.read()
    assert reads >= 3
    assert not list(table.glob("_delta_log/00000000000000000001.json")), "nothing was cleaned"
    assert sorted(row["offset"] for row in judge.tables(lake)["bronze"].rows()) == list(range(2100))


def test_old_days_are_dropped_and_nobody_takes_it_for_a_fault(cryptostream, tmp_path):
    lake = tmp_path / "lake"
    sent = ledger.Ledger(3)
    feed = ["--storage", lake, "--exit-when-done", *settings(["storage.fsync=false"])]
    cryptostream("replay", sent.file(tmp_path, "old.jsonl", 300, ledger.START - 3 * 86_400), *feed)
    cryptostream("replay", sent.file(tmp_path, "new.jsonl", 300), *feed)
    gold = multiset(judge.tables(lake)["gold"].rows())
    days = int((time.time() - ledger.START) / 86_400) + 1  # the new day is younger than that, the old one is not
    keep = settings([f"maintenance.retain_silver={days}d", "maintenance.file_retention=0s"])
    before = sorted(lake.rglob("*"))
    dry = json.loads(cryptostream("retention", "--dry-run", "--storage", lake, "--json", *keep).stdout)
    assert [(row["table"], row["files_to_drop"] > 0) for row in dry] == [("silver", True)]
    assert sorted(lake.rglob("*")) == before
    cryptostream("retention", "--storage", lake, *keep)
    tables = judge.tables(lake)
    assert {judge.micros(row["api_timestamp"]) // 86_400_000_000 for row in tables["silver"].rows()} == {ledger.START // 86_400}
    assert multiset(tables["gold"].rows()) == gold
    assert "WRONG" not in cryptostream("verify", "--storage", lake).stdout
    cryptostream("replay", sent.file(tmp_path, "late.jsonl", 100, ledger.START - 3 * 86_400), *feed)  # late rows of the dropped day
    cryptostream("replay", sent.file(tmp_path, "next.jsonl", 100, ledger.START + 300), *feed)
    verified = cryptostream("verify", "--storage", lake, check=False)
    assert verified.returncode == 0, verified.stdout
    cryptostream("retention", "--storage", lake, *keep, *settings([f"maintenance.retain_{name}=1d" for name in ("bronze", "quarantine")]))
    cryptostream("vacuum", "--storage", lake, *keep)
    verified = cryptostream("verify", "--storage", lake, check=False)
    assert verified.returncode == 0, verified.stdout
