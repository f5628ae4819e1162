"""The sink into a real PostgreSQL: whatever happens to it, to the lake or to the database, the database ends with exactly the lake's rows, bit
for bit (database_judge.py)."""

import pathlib
import random
import shutil
import signal
import subprocess
import time

import database_judge as judge
import ledger
import pytest
from deltalake import DeltaTable
from followed_lake import ALL, says, wait_until_equal

def test_the_first_copy_and_corrections(started):
    assert started.check() > 1000
    before = started.sql("SELECT count(*) FROM candles")
    started.replay(600, ledger.START + 60)  # late rows: most windows are replaced
    started.sink()
    started.check()
    assert started.sql("SELECT count(*) FROM candles") >= before
    again = started.sink().stderr
    assert "has the lake's rows" not in again, "nothing is copied twice"


def test_it_follows_a_lake_that_is_being_written(lake):
    with lake.follow() as sink:
        says(sink, "waiting for it")
        lake.replay(900)
        lake.replay(600, ledger.START + 300)
        wait_until_equal(lake)
        sink.popen.send_signal(signal.SIGTERM)
        assert sink.wait() == 0


def test_inside_the_replay(lake):
    lake.replay(900, ledger.START, "--set", f"postgres.url={lake.url}", *ALL)
    lake.replay(900, ledger.START + 100, "--set", f"postgres.url={lake.url}", *ALL)
    lake.check()


def test_a_lake_without_rows_and_none(lake):
    assert lake.sink(check=False).returncode == 1
    lake.replay(1)
    lake.sink()
    lake.check()


def points(binary):
    listed = subprocess.run([binary, "--list-crash-points"], check=True, capture_output=True, text=True).stdout.split()
    return [point for point in listed if point.startswith("sink.")]


def kill_in_each_transaction(lake, point):
    """Kills it in its second transaction, again and again: each run comes one transaction further. Gives how often it was killed."""
    for kills in range(40):
        if lake.sink(check=False, CRYPTOSTREAM_CRASH=f"{point}:2").returncode == 0:
            break
    lake.sink()
    lake.check()
    return kills


ALWAYS = ("sink.before_position", "sink.after_commit")
POINTS = ("sink.after_copy", "sink.after_stage", "sink.after_upsert", "sink.before_position", "sink.before_commit", "sink.after_commit")


@pytest.mark.parametrize("point", [pytest.param(each, marks=[] if each in ALWAYS else pytest.mark.long) for each in POINTS])
def test_killed_at_each_point(started, point):
    """In appends and corrections of all tables."""
    assert sorted(POINTS) == points(started.binary)
    for i in range(1 if point in ALWAYS else 3):
        started.replay(200, ledger.START + 100 + i)
        assert kill_in_each_transaction(started, point) >= 1, f"{point} was not reached"


@pytest.mark.parametrize("prepare", ["DELETE FROM positions; DELETE FROM candles WHERE coin_id = 'tron'", "DROP SCHEMA cryptostream CASCADE"],
                         ids=["resync", "copy"])
def test_killed_in_a_resync_and_in_a_first_copy(started, prepare):
    started.sql(prepare)
    assert kill_in_each_transaction(started, "sink.before_commit") >= 5


@pytest.mark.long
def test_killed_a_thousand_times_at_random(started):
    """At any moment, not only at named points, while the lake goes on."""
    draw = random.Random(1)
    for i in range(1000):
        if i % 8 == 0:
            started.replay(60, ledger.START + 100 + i)
        with started.follow() as sink:
            time.sleep(draw.random() / 4)
            sink.popen.kill()
            sink.wait()
        if i % 25 == 24:
            started.postgres.stop(signal.SIGQUIT)
            started.postgres.start()
    started.sink()
    started.check()


def test_the_server_killed_and_restarted(started):
    with started.follow() as sink:
        says(sink, "has everything")
        for i in range(3):
            started.postgres.stop(signal.SIGQUIT)
            started.replay(200, ledger.START + 50 + i)
            started.postgres.start()
        says(sink, "trying again")
        wait_until_equal(started)


def test_a_commit_whose_answer_is_lost(started):
    """The process is frozen behind COMMIT and its connection cut: it must read its position again, not write twice."""
    started.replay(300, ledger.START + 30)
    with started.follow(CRYPTOSTREAM_CRASH="sink.before_commit:1:stop") as sink:
        assert sink.ended_or_stopped() is None
        started.postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cryptostream'")
        sink.popen.send_signal(signal.SIGCONT)
        wait_until_equal(started)
    started.replay(300, ledger.START + 60)
    with started.follow(CRYPTOSTREAM_CRASH="sink.after_commit:2:stop") as sink:
        assert sink.ended_or_stopped() is None
        started.postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cryptostream'")
        sink.popen.send_signal(signal.SIGCONT)
        wait_until_equal(started)


def test_an_older_backup_of_the_database(started):
    dump = started.folder / "dump"
    with open(dump, "wb") as out:
        subprocess.run([started.postgres.client("pg_dump"), "-d", started.url], stdout=out, check=True)
    started.replay(300, ledger.START + 100)
    started.sink()
    started.sql("DROP SCHEMA cryptostream CASCADE")
    subprocess.run([started.postgres.client("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", started.url, "-f", dump], check=True,
                   stdout=subprocess.DEVNULL)
    started.sink()
    started.check()


def test_an_older_backup_of_the_lake(started):
    older = started.folder / "older"
    shutil.copytree(started.root, older)
    started.replay(300, ledger.START + 4000)
    started.sink()
    shutil.rmtree(started.root)
    shutil.copytree(older, started.root)
    assert "which was set back" in started.sink().stderr
    started.check()
    started.replay(200, ledger.START + 9000)  # and one that has gone on since: other commits under the same numbers
    started.sink()
    shutil.rmtree(started.root)
    shutil.copytree(older, started.root)
    started.replay(500, ledger.START + 20_000)
    started.sink()
    started.check()


def test_another_lake(started):
    """Its rows come in; those of the first one stay where it has none."""
    kept = started.sql("SELECT count(*) FROM candles")
    shutil.rmtree(started.root)
    started.replay(200, ledger.START + 500_000)
    assert "another lake's rows" in started.sink().stderr
    started.check(older=True)
    assert int(started.sql("SELECT count(*) FROM candles")[0][0]) > int(kept[0][0])


def test_a_log_that_was_cleaned_up(started):
    """The position is behind the oldest commit: the whole tables are compared, and readers never see an empty one."""
    started.replay(300, ledger.START + 100)
    for table in judge.LAKE.values():
        log = started.root / table / "_delta_log"
        newest = max(int(path.stem) for path in log.glob("*.json"))
        DeltaTable(str(started.root / table)).create_checkpoint()
        for path in log.glob("*.json"):
            if int(path.stem) < newest:
                path.unlink()
    said = started.sink().stderr
    assert "cleaned up" in said
    started.check()


def test_retention_deletes_nothing(started):
    count = started.sql("SELECT count(*) FROM candles")
    done = started.run("retention", "--set", "maintenance.retain_gold=1d", "--set", "maintenance.retain_silver=1d", check=False)
    assert done.returncode == 0, done.stderr
    started.sink()
    assert started.sql("SELECT count(*) FROM candles") == count
    assert int(count[0][0]) > len(judge.lake_rows(started.root, "gold")) + 3
    started.check(older=True)


def test_a_table_that_was_rebuilt_is_followed(started):
    """The rebuild has removed a file that nobody can read."""
    for file in (started.root / "gold/crypto_metrics_1m").glob("date=*/*.parquet"):
        file.write_bytes(file.read_bytes()[:100])
    subprocess.run([started.binary, "rebuild", "gold", "--storage", started.root], check=True, capture_output=True)
    started.sink()
    started.check()


def test_rows_that_a_replacement_drops_are_deleted(started):
    """Another program deletes rows: files are removed and others added, in a commit that changes data."""
    for table in ("gold", "gold_1h", "gold_sources", "silver"):
        deleted = DeltaTable(str(started.root / judge.LAKE[table])).delete("coin_id = 'tron'")
        assert deleted["num_deleted_rows"] > 0 and deleted["num_added_files"] > 0
    said = started.sink().stderr
    started.check()
    assert "candles/gold is compared" not in said and "observations/silver is compared" in said
    assert started.sql("SELECT count(*) FROM candles WHERE coin_id = 'tron' AND interval <> '1d'") == [["0"]]


def test_rows_that_nobody_has_are_deleted_by_a_resync(started):
    started.sql("INSERT INTO candles (coin_id, interval, open_time) VALUES ('ghost', '1m', '2023-11-14 22:14+00')")
    started.sql("DELETE FROM positions WHERE name = 'candles/gold'")
    started.sink()
    assert started.sql("SELECT count(*) FROM candles WHERE coin_id = 'ghost'") == [["0"]]
    started.check()


def test_the_database_is_away_then_back(started):
    started.postgres.stop()
    try:
        with started.follow() as sink:
            says(sink, "is it running?")
            started.replay(200, ledger.START + 77)
            time.sleep(1.5)
            assert sink.text().count("trying again") == 1, sink.text()
            started.postgres.start()
            wait_until_equal(started, 30)
    finally:
        if started.postgres.process.poll() is not None:
            started.postgres.start()


def test_two_sinks_on_one_schema(started):
    with started.follow() as first:
        says(first, "has everything")
        second = started.sink(check=False)
        assert second.returncode == 1 and "another sink feeds this schema" in second.stderr
    started.sink()


def test_a_newer_schema_is_refused(started):
    started.sql("INSERT INTO schema_version (version, name) VALUES (9999, 'later')")
    done = started.sink(check=False)
    assert done.returncode == 1 and "newer cryptostream" in done.stderr


def test_a_row_that_the_database_refuses_holds_up_no_other(started):
    started.sql("DROP SCHEMA cryptostream CASCADE")
    started.run("sink", "--postgres", started.url, "--exit-when-done", "--set", "postgres.tables=prices")
    started.sql("ALTER TABLE candles ADD CONSTRAINT no_tron CHECK (coin_id <> 'tron')")
    started.run("sink", "--postgres", started.url, "--exit-when-done")
    expected = [row for row in judge.lake_rows(started.root, "gold") if row["coin_id"] != "tron"]
    assert started.sql("SELECT count(*) FROM candles WHERE interval = '1m'") == [[str(len(expected))]]
    refused = started.sql("SELECT count(*), min(reason) FROM refused_rows WHERE content->>'interval' = '1m'")[0]
    assert int(refused[0]) == len(judge.lake_rows(started.root, "gold")) - len(expected) and "no_tron" in refused[1]


@pytest.mark.parametrize("schema", ['we ird"', "Ünï'cödé", "select", "A" * 58])
def test_odd_names_of_schemas(lake, filled, schema):
    shutil.copytree(filled.root, lake.root)
    lake.sink("--set", f"postgres.schema={schema}")
    quoted = '"' + schema.replace('"', '""') + '"'
    judge.check_candles(lake.postgres, lake.database, lake.root, schema=quoted)


def test_the_note_for_maintenance(started):
    (note,) = (started.root / "state/readers").iterdir()
    assert len(note.read_text().splitlines()) == 8
    shutil.rmtree(started.root / "state")  # deleting it loses nothing
    started.replay(100, ledger.START + 100)
    started.sink()
    started.check()
    assert pathlib.Path(note).exists()
