"""What a start does on a damaged lake: it refuses, naming table and place, before anything is written; or it mends what can be made anew
from the commits and goes on, without a row lost or doubled. And `verify --repair`."""

import fcntl
import json
import shutil

import deltalake
import pytest

import damage_by_hand as by_hand
from damage import Table
from verify_test import long_log, verify, whole  # noqa: F401 (fixtures)


@pytest.fixture
def lake(long_log, tmp_path):  # noqa: F811
    return shutil.copytree(long_log, tmp_path / "lake")


def start(cryptostream, lake, tmp_path):
    """Starts the engine on a lake, with a few more rows."""
    more = tmp_path / "more.jsonl"
    more.write_text("".join(
        json.dumps({"timestamp": 1_763_900_000 + i, "coin_id": "ethereum", "price": 5 + i}) + "\n" for i in range(20)))
    return cryptostream("replay", more, "--storage", lake, "--exit-when-done", check=False)


def content(lake):
    return {str(path.relative_to(lake)): path.read_bytes() for path in lake.rglob("*") if path.is_file() and "lock" not in path.name}


UNSAFE = [by_hand.missing_file, by_hand.truncated_file, by_hand.added_again_later, by_hand.removed_but_never_added,
          by_hand.removed_from_the_log, by_hand.add_cut_out, by_hand.last_line_cut, by_hand.cut_in_the_middle, by_hand.missing_commit,
          by_hand.position_forward, by_hand.position_back]


def some(damages, names, short):
    """All of them in the long run, those of `short` in the short one too."""
    return [pytest.param(damage, id=name, marks=[] if name in short else [pytest.mark.long]) for damage, name in zip(damages, names)]


@pytest.mark.parametrize("damage", some(UNSAFE, [damage.__name__ for damage in UNSAFE],
                                        ["missing_file", "added_again_later", "cut_in_the_middle", "missing_commit", "position_back"]))
def test_a_start_refuses(damage, cryptostream, lake, tmp_path):  # noqa: F811
    table = Table(lake, "silver")
    place = damage(table)
    before = content(lake)
    done = start(cryptostream, lake, tmp_path)
    assert done.returncode == 1
    assert "silver/crypto_transformed" in done.stderr and place in done.stderr, done.stderr
    assert content(lake) == before, "something was written"


def test_a_start_refuses_rows_without_a_log(cryptostream, lake, tmp_path):  # noqa: F811
    shutil.rmtree(Table(lake, "silver").log)
    before = content(lake)
    done = start(cryptostream, lake, tmp_path)
    assert done.returncode == 1 and "rows and no log" in done.stderr and ".parquet" in done.stderr, done.stderr
    assert content(lake) == before, "something was written"


def test_a_table_whose_making_was_cut_off_is_made(cryptostream, tmp_path):
    """A kill in the first commit leaves the log's folder and what the store calls the file until it is whole."""
    lake = tmp_path / "lake"
    log = Table(lake, "bronze").root / "_delta_log"
    log.mkdir(parents=True)
    (log / f"{0:020}.json#1").touch()
    assert start(cryptostream, lake, tmp_path).returncode == 0
    assert verify(cryptostream, lake) == (0, [])


def test_a_start_refuses_a_table_that_forgets_its_positions(cryptostream, lake, tmp_path):  # noqa: F811
    table = Table(lake, "gold")
    place = by_hand.forgets_positions(table)
    done = start(cryptostream, lake, tmp_path)
    assert done.returncode == 1 and place in done.stderr


def test_a_commit_that_a_checksum_hides_is_seen(cryptostream, lake, tmp_path):  # noqa: F811
    """The kernel takes the newest checksum's word and does not look at the commit."""
    table = Table(lake, "bronze")
    newest = table.versions()[-1]
    by_hand.cut_in_the_middle(table)
    shutil.copy(sorted(table.log.glob("*.crc"))[-1], table.log / f"{newest:020}.crc")
    done = start(cryptostream, lake, tmp_path)
    assert done.returncode == 1 and f"{newest:020}" in done.stderr, done.stderr


MENDABLE = by_hand.STANDINS
SHORT = ["hint-empty", "checkpoint_truncated", "checksum_of_positions"]
NAMES = by_hand.STANDIN_NAMES


@pytest.mark.parametrize("damage", [case for case in some(MENDABLE, NAMES, SHORT) if case.id != "checkpoint_flipped"])
def test_a_start_mends_what_stands_for_the_commits(damage, cryptostream, lake, tmp_path):  # noqa: F811
    """Not seen by a start, but by `verify`: a checkpoint that can be read and has another statistic than its commit."""
    rows = deltalake.DeltaTable(str(Table(lake, "silver").root)).to_pyarrow_table().num_rows
    damage(Table(lake, "silver"))
    done = start(cryptostream, lake, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "a log was mended" in done.stderr
    assert verify(cryptostream, lake) == (0, [])
    assert deltalake.DeltaTable(str(Table(lake, "silver").root)).to_pyarrow_table().num_rows == rows + 20


@pytest.mark.parametrize("damage", some(MENDABLE, NAMES, SHORT))
def test_repair(damage, cryptostream, lake):  # noqa: F811
    damage(Table(lake, "bronze"))
    assert verify(cryptostream, lake)[0] == 1
    mended = cryptostream("verify", "--repair", "--storage", lake)
    assert "file=" in mended.stderr
    assert verify(cryptostream, lake) == (0, [])
    assert deltalake.DeltaTable(str(Table(lake, "bronze").root)).version() == Table(lake, "bronze").versions()[-1]


def test_repair_leaves_a_good_lake_alone(cryptostream, lake):  # noqa: F811
    before = content(lake)
    done = cryptostream("verify", "--repair", "--storage", lake)
    assert "file=" not in done.stderr and content(lake) == before


def test_repair_does_not_touch_damaged_commits(cryptostream, lake):  # noqa: F811
    by_hand.missing_commit(Table(lake, "bronze"))
    before = content(lake)
    done = cryptostream("verify", "--repair", "--storage", lake, check=False)
    assert done.returncode == 1 and "missing" in done.stderr
    assert content(lake) == before


def test_repair_waits_for_nobody(cryptostream, lake):  # noqa: F811
    with open(lake / ".cryptostream.lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = cryptostream("verify", "--repair", "--storage", lake, check=False)
    assert done.returncode == 1 and "--repair" not in done.stdout


def test_a_table_from_another_lake_is_refused(cryptostream, lake, whole, tmp_path):  # noqa: F811
    for name in ("bronze", "silver"):
        copy = tmp_path / name
        shutil.copytree(lake, copy)
        shutil.rmtree(Table(copy, name).root)
        shutil.copytree(Table(whole, name).root, Table(copy, name).root)
        done = start(cryptostream, copy, tmp_path)
        assert done.returncode == 1 and "replaced" in done.stderr, done.stderr
        assert verify(cryptostream, copy)[0] == 1


def test_an_older_backup_of_a_table_is_refused(cryptostream, lake, tmp_path):  # noqa: F811
    old = shutil.copytree(Table(lake, "bronze").root, tmp_path / "backup")
    assert start(cryptostream, lake, tmp_path).returncode == 0
    shutil.rmtree(Table(lake, "bronze").root)
    shutil.copytree(old, Table(lake, "bronze").root)
    done = start(cryptostream, lake, tmp_path)
    assert done.returncode == 1 and "older" in done.stderr, done.stderr
