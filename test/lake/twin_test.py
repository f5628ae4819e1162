"""Two writers on one lake: locked out, or with the lock defeated; foreign writers in between; lakes that were copied, restored or put
together from parts (D3, D4, D5, L5)."""

import json
import shutil
import signal

import deltalake
import judge
import pyarrow as pa
import pytest
import scenarios


ALWAYS = [("bronze", "empty"), ("silver", "torn page"), ("gold_sources", "hint to nothing")]  # of the damaged checkpoints
GOLD = ["gold_sources", "gold_sources_1h", "gold_sources_1d", "gold", "gold_1h", "gold_1d"]


@pytest.fixture
def lake(binary, tmp_path):
    return scenarios.NewLake(binary, tmp_path, seed=31)


@pytest.mark.parametrize("stage", ["bronze", "silver", "gold", "quarantine"])
def test_two_writers_of_the_same_age(stage, lake):
    """Neither has committed yet, so both count the same start (epoch): only the position tells who was first."""
    with lake.start(CRYPTOSTREAM_CRASH=f"{stage}.before_commit:1:stop") as frozen:
        assert frozen.ended_or_stopped() is None
        (lake.lake / scenarios.LOCK).unlink()
        lake.finish()
        frozen.popen.send_signal(signal.SIGCONT)
        assert frozen.wait() in (0, 1), frozen.text()
    lake.check()
    lake.finish()
    lake.check()


def test_a_writer_that_was_overtaken_stops_and_says_why(lake):
    lake.finish()
    more = lake.ledger.file(lake.folder, "more.jsonl", 240)
    lake.command = lambda: lake.replay(more, "--speed", scenarios.SPEED)
    with lake.start(CRYPTOSTREAM_CRASH="bronze.before_commit:3:stop") as frozen:
        assert frozen.ended_or_stopped() is None
        (lake.lake / scenarios.LOCK).unlink()
        lake.finish()
        frozen.popen.send_signal(signal.SIGCONT)
        assert frozen.wait() == 1
        assert "fenced" in frozen.text()
    lake.check()


def test_the_same_replay_twice_changes_nothing(lake):
    lake.finish()
    before = {name: (table.version, table.files.keys()) for name, table in judge.tables(lake.lake).items()}
    lake.finish()
    assert {name: (table.version, table.files.keys()) for name, table in judge.tables(lake.lake).items()} == before
    lake.check()


@pytest.mark.parametrize("stage", ["silver", "gold"])
def test_a_foreign_commit_in_between_is_a_conflict_that_resolves(stage, lake):
    """While we stand before a commit, delta-rs takes the version that it would get; ours must come after it, once."""
    with lake.start(CRYPTOSTREAM_CRASH=f"{stage}.before_commit:2:stop") as frozen:
        assert frozen.ended_or_stopped() is None
        table = lake.lake / judge.TABLES[stage]
        foreign = deltalake.DeltaTable(str(table))
        before = foreign.version()
        empty = pa.schema(foreign.schema().to_arrow()).empty_table()
        deltalake.write_deltalake(foreign, empty, mode="append")
        if deltalake.DeltaTable(str(table)).version() == before:
            pytest.fail("delta-rs made no commit")
        frozen.popen.send_signal(signal.SIGCONT)
        assert frozen.wait() == 0, frozen.text()
    lake.check()


def test_a_copied_lake_goes_on_by_itself(lake, tmp_path):
    lake.finish()
    copy = tmp_path / "copy"
    shutil.copytree(lake.lake, copy)
    original, lake.lake = lake.lake, copy
    more = lake.ledger.file(lake.folder, "more.jsonl", 120)
    lake.command = lambda: lake.replay(more, "--speed", scenarios.SPEED)
    lake.finish()
    lake.check()
    assert judge.DeltaTable(original / judge.TABLES["bronze"]).version < judge.DeltaTable(copy / judge.TABLES["bronze"]).version


@pytest.mark.parametrize("table", ["bronze", "silver"])
def test_a_table_copied_from_another_lake_is_refused(table, lake, binary, tmp_path):
    lake.finish()
    (tmp_path / "other").mkdir()
    other = scenarios.NewLake(binary, tmp_path / "other", seed=32)
    other.finish()
    shutil.rmtree(lake.lake / judge.TABLES[table])
    shutil.copytree(other.lake / judge.TABLES[table], lake.lake / judge.TABLES[table])
    with lake.start() as refused:
        assert refused.wait() == 1
        assert "the table before it was replaced: upstream=" in refused.text()


@pytest.mark.parametrize("older", [["bronze"], ["silver"], ["gold_sources"], ["silver", *GOLD], GOLD, GOLD[3:], ["bronze", "silver", *GOLD, "quarantine", "gaps"]],
                         ids="+".join)
def test_tables_restored_from_an_older_backup(older, lake, tmp_path):
    """What can be derived again is; what cannot is refused in words; nothing is ever derived from the wrong base."""
    lake.finish()
    backup = tmp_path / "backup"
    shutil.copytree(lake.lake, backup)
    more = lake.ledger.file(lake.folder, "more.jsonl", 240)
    lake.command = lambda: lake.replay(more, "--speed", scenarios.SPEED)
    lake.finish()
    for table in older:
        shutil.rmtree(lake.lake / judge.TABLES[table])
        shutil.copytree(backup / judge.TABLES[table], lake.lake / judge.TABLES[table])
    derivable = older not in (["bronze"], ["silver"], ["gold_sources"])
    with lake.start() as process:
        assert process.wait() == (0 if derivable else 1), process.text()
        assert derivable or "was a backup restored?" in process.text()
    if derivable:
        lake.check()


def test_a_lake_without_its_lock_and_state_goes_on(lake):
    """D5: what is not in the tables is no state."""
    lake.finish()
    (lake.lake / scenarios.LOCK).unlink()
    shutil.rmtree(lake.lake / "state", ignore_errors=True)
    before = {name: table.version for name, table in judge.tables(lake.lake).items()}
    lake.finish()
    lake.check()
    assert {name: table.version for name, table in judge.tables(lake.lake).items()} == before


@pytest.mark.parametrize("content", [b"", b"pi", b"\xff" * 5000], ids=["empty", "half", "garbage"])
def test_a_damaged_lock_file_is_no_state(content, lake):
    """L5. The budget's file is read by a poller only: test/sources/poll_test.py."""
    lake.finish()
    (lake.lake / scenarios.LOCK).write_bytes(content)
    lake.finish()
    lake.check()


@pytest.mark.parametrize("table, damage", [
    pytest.param(table, damage, marks=[] if (table, damage) in ALWAYS else pytest.mark.long)
    for table in ("bronze", "silver", "gold_sources") for damage in ("empty", "half", "torn page", "hint to nothing", "hint garbage")])
def test_a_bad_checkpoint_is_gone_around(table, damage, binary, tmp_path):
    """D9: the log is read from its commits instead, and the next checkpoint is written as always."""
    lake = scenarios.Scenario(binary, tmp_path, seed=33)
    scenarios.AgedLake.template or scenarios.AgedLake.prepare(binary, make(tmp_path / "aged"))
    shutil.copytree(scenarios.AgedLake.template.lake, lake.lake)
    log = lake.lake / judge.TABLES[table] / "_delta_log"
    newest = max(log.glob("*.checkpoint.parquet"))
    good = newest.read_bytes()
    middle = len(good) // 2
    {"empty": lambda: newest.write_bytes(b""),
     "half": lambda: newest.write_bytes(good[:middle]),
     "torn page": lambda: newest.write_bytes(good[:4] + bytes(4096) + good[4100:]),
     "hint to nothing": lambda: (log / "_last_checkpoint").write_text('{"version":7777,"size":1}'),
     "hint garbage": lambda: (log / "_last_checkpoint").write_bytes(b"\x00\xff")}[damage]()
    lake.ledger = scenarios.ledger.Ledger(34)
    file = lake.ledger.file(tmp_path, "new.jsonl", 480)
    with scenarios.Process(lake.replay(file, "--speed", scenarios.SPEED), lake.log) as process:
        assert process.wait() == 0, process.text()
    found = judge.DeltaTable(lake.lake / judge.TABLES[table])
    assert found.rows()
    if table == "bronze":
        assert json.loads((log / "_last_checkpoint").read_text())["version"] > int(newest.name[:20]), "no newer checkpoint"


def make(folder):
    folder.mkdir()
    return folder


def test_the_younger_of_two_writers_that_append_the_same_late_windows(binary, tmp_path):
    """Both stand before the append of windows that only late rows made; it moves no position. The older one goes first, and the younger
    must see that its windows are there."""
    lake = scenarios.NewLake(binary, tmp_path, seed=35)
    lake.command = lambda: lake.replay(lake.input, "--speed", scenarios.SPEED, "--set", "engine.correct_every=0s")
    order = {"CRYPTOSTREAM_CRASH": "gold.before_late_append:1:stop"}
    with lake.start(**order) as older:
        assert older.ended_or_stopped() is None
        (lake.lake / scenarios.LOCK).unlink()
        with lake.start(**order) as younger:
            assert younger.ended_or_stopped() is None
            older.popen.send_signal(signal.SIGCONT)
            assert older.wait() in (0, 1), older.text()
            younger.popen.send_signal(signal.SIGCONT)
            assert younger.wait() in (0, 1), younger.text()
    lake.finish()
    lake.check()


def test_an_overtaken_writer_does_not_come_back_by_another_way(binary, tmp_path):
    """Woken after it was overtaken, with a disk that refuses its first commit: the reload that follows must notice the younger writer too."""
    lake = scenarios.NewLake(binary, tmp_path, seed=36)
    faults = {"LD_PRELOAD": str(binary.parent / "libfaults.so"), "FAULTS": "link,_delta_log/0,1-2,ENOSPC",
              "FAULTS_WHEN": str(tmp_path / "refuse")}
    with lake.start(CRYPTOSTREAM_CRASH="bronze.before_commit:4:stop", **faults) as older:
        assert older.ended_or_stopped() is None
        (lake.lake / scenarios.LOCK).unlink()
        with lake.start(CRYPTOSTREAM_CRASH="bronze.before_commit:6:stop") as younger:
            assert younger.ended_or_stopped() is None
            (tmp_path / "refuse").touch()
            older.popen.send_signal(signal.SIGCONT)
            assert older.wait() == 1 and "fenced" in older.text(), older.text()
            younger.popen.send_signal(signal.SIGCONT)
            assert younger.wait() == 0, younger.text()
    lake.check()
