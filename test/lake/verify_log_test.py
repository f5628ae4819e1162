"""`verify` on lakes whose log or files were damaged by hand, one thing in one table at a time: each is seen, and its place named."""

import json
import shutil
import subprocess

import deltalake
import pyarrow.parquet as pq
import pytest

import log_damage
import scenarios
from damage import Table, flip
from damage_by_hand import DAMAGES, STANDIN_NAMES, STANDINS, last_with_rows, other_id
from verify_test import assert_named, lake, long_log, verify, whole  # noqa: F401 (fixtures)

TABLES = ["bronze", "silver", "gold_sources", "gold_sources_1h", "gold_sources_1d", "gold", "gold_1h", "gold_1d", "quarantine", "gaps"]
PART = {"gold_sources": "gold", "gold_sources_1h": "gold", "gold_sources_1d": "gold", "gold_1h": "gold", "gold_1d": "gold", "quarantine": "all", "gaps": "all"}  # of `verify`, that looks at the table

# Each damage in one table in the short run, in all of them in the long one.
CASES = [pytest.param(damage, table, id=f"{damage.__name__}-{table}", marks=[] if i % len(TABLES) == t else [pytest.mark.long])
         for i, damage in enumerate(DAMAGES) for t, table in enumerate(TABLES)]


@pytest.fixture(scope="session")
def polled(binary, tmp_path_factory):
    """A lake with rows in gaps, in more than one commit. Read only."""
    scenarios.Poll.prepare(tmp_path_factory.mktemp("authority"))
    scenario = scenarios.Poll(binary, tmp_path_factory.mktemp("polled"), seed=1)
    for _ in range(2):
        scenario.finish()
    return scenario.lake


@pytest.mark.parametrize("damage,table", CASES)
def test_damaged(table, damage, cryptostream, whole, request, tmp_path):  # noqa: F811
    lake = shutil.copytree(request.getfixturevalue("polled") if table == "gaps" else whole, tmp_path / "lake")  # noqa: F811
    assert verify(cryptostream, lake) == (0, [])
    place = damage(Table(lake, table))
    assert_named(cryptostream, lake, PART.get(table, table), table, place)


@pytest.mark.long
@pytest.mark.parametrize("table", ["bronze", "silver", "gold"])
def test_a_flipped_byte_is_seen_or_changes_nothing(table, cryptostream, lake):  # noqa: F811
    """Some bytes of a Parquet file say nothing about its rows (who wrote it, statistics of columns); any other is seen."""
    damaged = Table(lake, table)
    path = damaged.file(last_with_rows(damaged)[1])
    whole, rows = path.read_bytes(), pq.ParquetFile(path).read()
    seen = 0
    for at in range(0, len(whole), max(1, len(whole) // 40)):
        flip(path, at)
        code, _ = verify(cryptostream, lake, "silver" if table == "bronze" else table)
        seen += code
        assert code == 1 or pq.ParquetFile(path).read() == rows, f"byte {at} of {path.name}"
        path.write_bytes(whole)
    assert seen > 5


@pytest.mark.parametrize("table", ["bronze", "silver"])
def test_a_replaced_table_is_not_the_one_that_was_read(table, cryptostream, lake):  # noqa: F811
    other_id(Table(lake, table))
    assert_named(cryptostream, lake, "all", "its position is one of " + table, "version=")


@pytest.mark.parametrize("damage,table", [
    pytest.param(damage, table, id=f"{name}-{table}", marks=[] if table == "bronze" and i % 3 == 1 else [pytest.mark.long])
    for i, (damage, name) in enumerate(zip(STANDINS, STANDIN_NAMES)) for table in ("bronze", "silver")])
def test_what_stands_for_the_commits_damaged(damage, table, cryptostream, long_log, tmp_path):  # noqa: F811
    lake = shutil.copytree(long_log, tmp_path / "lake")  # noqa: F811
    place = damage(Table(lake, table))
    assert_named(cryptostream, lake, table, table, place)


def test_a_log_that_was_cleaned_up_gives_no_alarm(cryptostream, long_log, tmp_path):  # noqa: F811
    lake = shutil.copytree(long_log, tmp_path / "lake")  # noqa: F811
    for name in ("bronze", "silver"):
        table = Table(lake, name)
        for version in range(100):
            table.commit_path(version).unlink()
    assert verify(cryptostream, lake) == (0, [])


def test_a_compaction_by_others_gives_no_alarm(cryptostream, lake):  # noqa: F811
    for name in ("bronze", "silver", "gold"):
        deltalake.DeltaTable(str(Table(lake, name).root)).optimize.compact()
    assert verify(cryptostream, lake) == (0, [])


@pytest.fixture(scope="session")
def kept(binary, tmp_path_factory):
    """A small lake with everything that a log can hold: compaction's removals, a checkpoint, a checksum, the hint. Read only."""
    lake = tmp_path_factory.mktemp("kept") / "lake"
    settings = ["storage.fsync=false", "maintenance.compact_files=5", "maintenance.closed_after=0s", "maintenance.compact_every=1h"]
    for commits in (8, 11):  # compaction between them, so that the last commit adds rows
        subprocess.run([binary.parent / "maintenance_bench", str(commits), "3", f"storage.path={lake}", *settings], check=True, capture_output=True)
        settings[1] = "maintenance.compact_files=100"
    return lake


def test_the_ways_meet_a_log_that_has_it_all(cryptostream, kept):
    table = Table(kept, "bronze")
    kinds = {kind for version in table.versions() for action in table.actions(version) for kind in action}
    assert kinds == {"protocol", "metaData", "add", "remove", "txn", "commitInfo"}
    assert list(table.log.glob("*.checkpoint.parquet")) and list(table.log.glob("*.crc")) and (table.log / "_last_checkpoint").exists()
    assert verify(cryptostream, kept) == (0, [])
    assert len(log_damage.WAYS) >= 120 and len({name for name, _ in log_damage.WAYS}) == len(log_damage.WAYS)


@pytest.mark.parametrize("damage", [pytest.param(damage, id=name, marks=[] if i % 2 == 0 or name.startswith("newer") else [pytest.mark.long])
                                    for i, (name, damage) in enumerate(log_damage.WAYS)])
def test_a_log_damaged(damage, cryptostream, kept, tmp_path):
    lake = shutil.copytree(kept, tmp_path / "lake")
    place = damage(Table(lake, "bronze"))
    assert_named(cryptostream, lake, "bronze", "bronze", place)


# What is newer than the last commit: whether it may go is told by the tables that have read it.

def cut_back(table, to):
    """Takes the commits after a version away, as an older backup of the commits would."""
    for version in table.versions():
        if version > to:
            table.commit_path(version).unlink()


def start(cryptostream, lake, tmp_path):
    (tmp_path / "more.jsonl").write_text(json.dumps({"timestamp": 1_763_900_000, "coin_id": "bitcoin", "price": 5}) + "\n")
    return cryptostream("replay", tmp_path / "more.jsonl", "--storage", lake, "--exit-when-done", check=False)


def test_what_was_read_by_a_later_table_is_left_to_a_person(cryptostream, kept, tmp_path):
    lake = shutil.copytree(kept, tmp_path / "lake")
    table = Table(lake, "bronze")
    cut_back(table, 5)
    newer = sorted(path.name for path in table.log.glob("*.c*") if int(path.name[:20]) > 5)
    assert len(newer) >= 2
    for name in newer:
        assert_named(cryptostream, lake, "bronze", name, "silver has read up to")
    repaired = cryptostream("verify", "--repair", "--storage", lake, check=False)
    assert repaired.returncode == 1 and "only copy" in repaired.stderr and "silver has read up to" in repaired.stderr, repaired.stderr
    started = start(cryptostream, lake, tmp_path)
    assert started.returncode == 1 and "newer than its last commit" in started.stderr, started.stderr
    assert all((table.log / name).exists() for name in newer) and table.versions()[-1] == 5


@pytest.mark.parametrize("by", ["repair", "start"])
def test_what_nobody_has_read_is_set_aside(by, cryptostream, kept, tmp_path):
    """A lake that was rolled back as a whole: every later table stands where its commits do."""
    lake = shutil.copytree(kept, tmp_path / "lake")
    table = Table(lake, "bronze")
    name = log_damage.copied_beyond(7, ".checkpoint.parquet")(table)
    (table.log / "_last_checkpoint").write_text(json.dumps({"version": int(name[:20]), "size": 3}))
    before = table.versions()[-1]
    if by == "repair":
        repaired = cryptostream("verify", "--repair", "--storage", lake)
        assert name in repaired.stderr
    else:
        started = start(cryptostream, lake, tmp_path)
        assert started.returncode == 0 and name in started.stderr, started.stderr
        assert table.versions() == list(range(len(table.versions()))) and table.versions()[-1] > before, "the log has a hole"
    assert (table.log / (name + ".unusable")).exists() and not (table.log / name).exists()
    assert verify(cryptostream, lake) == (0, [])
    deltalake.DeltaTable(str(table.root))


def test_a_log_cleaned_up_to_its_checkpoint_is_sound(cryptostream, kept, tmp_path):
    """No commit is left that somebody has read; readers and writers take the checkpoint, and so do we."""
    lake = shutil.copytree(kept, tmp_path / "lake")
    for name, unread in (("bronze", 1), ("silver", 1), ("quarantine", 0), ("gaps", 0)):
        table = Table(lake, name)
        for version in table.versions()[:len(table.versions()) - unread]:
            table.commit_path(version).unlink()
    assert verify(cryptostream, lake) == (0, [])
    assert start(cryptostream, lake, tmp_path).returncode == 0
    assert Table(lake, "bronze").versions()
    assert verify(cryptostream, lake) == (0, [])


def test_an_older_checkpoint_that_cannot_be_read_is_named_and_set_aside(cryptostream, long_log, tmp_path):  # noqa: F811
    lake = shutil.copytree(long_log, tmp_path / "lake")  # noqa: F811
    table = Table(lake, "bronze")
    checkpoints = sorted(table.log.glob("*.checkpoint.parquet"))
    if len(checkpoints) < 2:
        deltalake.DeltaTable(str(table.root)).create_checkpoint()
        checkpoints = sorted(table.log.glob("*.checkpoint.parquet"))
    for version in range(int(checkpoints[0].name[:20])):
        table.commit_path(version).unlink()
    checkpoints[0].write_bytes(b"")
    table.commit_path(int(checkpoints[0].name[:20])).unlink()
    assert_named(cryptostream, lake, "bronze", checkpoints[0].name)
    cryptostream("verify", "--repair", "--storage", lake)
    assert verify(cryptostream, lake) == (0, [])


# Not checked: never called wrong.

def outcome(cryptostream, lake, what="all", **keywords):
    done = cryptostream("verify", what, "--json", "--storage", lake, check=False, **keywords)
    return done.returncode, json.loads(done.stdout)


def test_what_the_machine_cannot_do_is_not_called_wrong(cryptostream, kept, tmp_path):
    """No place for what does not fit into memory: everything that could be looked at is sound, and the rest is not known."""
    full = tmp_path / "full"
    full.write_text("no folder")
    code, checks = outcome(cryptostream, kept, "silver", env={"TMPDIR": str(full)})
    unknown = [check for check in checks if check["ok"] is None]
    assert code == 75 and unknown and all(check["ok"] is not False for check in checks), checks
    assert all(check["outcome"] == "not checked" and "TMPDIR" in check["not_checked"] for check in unknown)
    text = cryptostream("verify", "silver", "-q", "--storage", kept, check=False, env={"TMPDIR": str(full)})
    assert text.returncode == 75 and "not checked: " in text.stdout and "WRONG" not in text.stdout


# The words at the end.

def test_the_verdict_is_the_last_line(cryptostream, kept, tmp_path):
    sound = cryptostream("verify", "--storage", kept).stdout.splitlines()
    assert sound[-1] == f"verdict: sound, {len(sound) - 1} checks" and all(line.startswith("ok ") for line in sound[:-1])
    assert cryptostream("verify", "-q", "--storage", kept).stdout == ""
    lake = shutil.copytree(kept, tmp_path / "lake")
    dict(log_damage.WAYS)["checkpoint-size"](Table(lake, "bronze"))
    wrong = cryptostream("verify", "--storage", lake, check=False).stdout.splitlines()
    assert wrong[-1].startswith("verdict: WRONG, ")
    quiet = cryptostream("verify", "-q", "--storage", lake, check=False).stdout.splitlines()
    assert quiet and quiet[0].startswith("WRONG  bronze") and not any(line.startswith("ok ") for line in quiet)


@pytest.mark.parametrize("table", ["silver", "gold"])
def test_the_newest_rows_are_shown_as_the_original_did(table, cryptostream, whole):  # noqa: F811
    text = cryptostream("verify", table, "--storage", whole).stdout
    rows = deltalake.DeltaTable(str(Table(whole, table).root)).to_pyarrow_table()
    lines = text.splitlines()
    assert lines[0] == f"{table} has {rows.num_rows} rows; the newest:"
    shown = [line for line in lines[2:] if "bitcoin" in line or "ethereum" in line]
    assert len(shown) == 5
    assert lines[-1].startswith("verdict: sound")


# Lakes that are not there, or not whole.

@pytest.mark.parametrize("made", ["nothing", "folder", "file", "tables' folders", "cut-off commit"])
def test_no_lake_is_told_and_nothing_is_made(made, cryptostream, tmp_path):
    lake = tmp_path / "lake"
    if made == "file":
        lake.write_text("not a folder")
    elif made != "nothing":
        lake.mkdir()
    if made in ("tables' folders", "cut-off commit"):
        Table(lake, "bronze").log.mkdir(parents=True)
    if made == "cut-off commit":
        (Table(lake, "bronze").log / f"{0:020}.json#1").touch()
    before = sorted(tmp_path.rglob("*"))
    for arguments in ([], ["bronze"], ["silver"], ["gold"], ["--repair"], ["--json"]):
        done = cryptostream("verify", *arguments, "--storage", lake, check=False)
        assert done.returncode == 1 and "there is no lake" in done.stderr and not done.stdout, (arguments, done)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("tables", [["bronze"], ["bronze", "silver"], ["bronze", "silver", "gold", "gold_1h", "gold_1d", "quarantine"]])
def test_a_lake_whose_making_was_cut_off_is_sound(tables, cryptostream, kept, tmp_path):
    lake = tmp_path / "lake"
    for name in tables:
        source, copy = Table(kept, name), Table(lake, name)
        copy.log.mkdir(parents=True)
        shutil.copy(source.commit_path(0), copy.log)
    for arguments in ([], ["bronze"], ["silver"], ["gold"], ["--repair"]):
        done = cryptostream("verify", *arguments, "--storage", lake, check=False)
        assert done.returncode == 0 and "not made yet" in done.stdout, (arguments, done)
    assert start(cryptostream, lake, tmp_path).returncode == 0
    assert verify(cryptostream, lake) == (0, [])


@pytest.mark.parametrize("table", ["bronze", "silver", "gold", "quarantine", "gaps"])
def test_a_table_that_is_gone_is_named(table, cryptostream, kept, tmp_path):
    lake = shutil.copytree(kept, tmp_path / "lake")
    shutil.rmtree(Table(lake, table).root)
    for arguments in ([], ["bronze"], ["silver"], ["gold"]):
        done = cryptostream("verify", *arguments, "--storage", lake, check=False)
        assert done.returncode == 1 and "WRONG  " + table in done.stdout and "it is missing" in done.stdout, (arguments, done)
