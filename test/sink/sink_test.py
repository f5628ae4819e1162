"""The sink into a real PostgreSQL: whatever happens to it, to the lake or to the database, the database ends with exactly the lake's rows, bit
for bit (database_judge.py)."""

import pathlib
import shutil
import signal
import subprocess
import time

import database_judge as judge
import ledger
import pytest
import scenarios
from deltalake import DeltaTable

ALL = ["--set", "postgres.tables=candles,prices,candles_by_source,observations,quarantine"]
FAST = ["--set", "engine.commit_every=20ms", "--set", "engine.correct_every=50ms"]


class Lake:
    """A lake, and the commands that fill it and bring it into a database."""

    def __init__(self, binary, folder, postgres, database):
        self.binary, self.folder, self.root = binary, folder, folder / "lake"
        self.postgres, self.database = postgres, database
        self.ledger, self.files = ledger.Ledger(7), 0
        self.url = postgres.url(database)

    def command(self, *words):
        return [str(word) for word in (self.binary, *words, "--storage", self.root)]

    def run(self, *words, check=True, **environ):
        done = subprocess.run(self.command(*words), env=scenarios.environment(**environ), capture_output=True, text=True, timeout=60)
        assert not check or done.returncode == 0, done.stderr
        return done

    def replay(self, count=600, start=ledger.START, *more):
        """Messages a second apart; a second replay over the same time brings late rows, and so corrections."""
        self.files += 1
        path = self.ledger.file(self.folder, f"{self.files}.jsonl", count, start)
        return self.run("replay", path, "--exit-when-done", "--speed", "60000", *FAST, *more)

    def sink(self, *more, check=True, **environ):
        """Brings over what the lake has now, and ends."""
        return self.run("sink", "--postgres", self.url, "--exit-when-done", *ALL, *more, check=check, **environ)

    def follow(self, *more, url=None, **environ):
        return scenarios.Process(self.command("sink", "--postgres", url or self.url, *ALL, *more), self.folder / "sink.log", **environ)

    def check(self, **how):
        return judge.check_all(self.postgres, self.database, self.root, **how)

    def sql(self, statement):
        return self.postgres.sql("SET search_path = cryptostream; " + statement, self.database)


@pytest.fixture
def lake(binary, tmp_path, postgres, database):
    return Lake(binary, tmp_path, postgres, database)


@pytest.fixture(scope="session")
def filled(binary, tmp_path_factory):
    """A lake of some minutes, to be copied."""
    folder = tmp_path_factory.mktemp("filled")
    made = Lake(binary, folder, type("None", (), {"url": lambda *_: ""})(), "")
    made.replay(900)
    made.replay(300, ledger.START + 86_400)
    return made


@pytest.fixture
def started(lake, filled):
    """The same lake in a folder of the test's own, and in the database."""
    shutil.copytree(filled.root, lake.root)
    lake.ledger, lake.files = filled.ledger, filled.files
    lake.sink()
    return lake


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come")


def says(process, words):
    wait_for(lambda: words in process.text() or process.popen.poll() is not None)
    assert words in process.text(), process.text()


def wait_until_equal(lake, seconds=20):
    """The judge agrees at last; its complaint, if it never does."""
    end = time.monotonic() + seconds
    while True:
        try:
            return lake.check()
        except (AssertionError, subprocess.CalledProcessError):
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


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


def test_killed_at_each_point(started):
    """First in a correction and its appends, then, in another schema, in a first copy and in a resync."""
    names = points(started.binary)
    assert len(names) == 6
    reached = set()
    for i, point in enumerate(names):
        started.replay(200, ledger.START + 100 + i)
        for nth in (1, 3):
            killed = started.sink(check=False, CRYPTOSTREAM_CRASH=f"{point}:{nth}")
            reached |= {point} if killed.returncode == -9 else set()
        started.sink()
        started.check()
    assert reached == set(names)
    started.sql("DELETE FROM positions; DELETE FROM candles WHERE coin_id = 'tron'")
    for point in names:
        started.sink(check=False, CRYPTOSTREAM_CRASH=f"{point}:1")
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
        subprocess.run([started.postgres.bin / "pg_dump", "-d", started.url], stdout=out, check=True)
    started.replay(300, ledger.START + 100)
    started.sink()
    started.sql("DROP SCHEMA cryptostream CASCADE")
    subprocess.run([started.postgres.bin / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", started.url, "-f", dump], check=True,
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
    assert "cleaned up" in started.sink().stderr
    started.check()


def test_retention_deletes_nothing(started):
    count = started.sql("SELECT count(*) FROM candles")
    done = started.run("retention", "--set", "maintenance.retain_gold=1d", "--set", "maintenance.retain_silver=1d", check=False)
    assert done.returncode == 0, done.stderr
    started.sink()
    assert started.sql("SELECT count(*) FROM candles") == count
    assert int(count[0][0]) > len(judge.lake_rows(started.root, "gold")) + 3
    started.check(older=True)


def test_rows_that_were_taken_out_are_deleted(started):
    """A replacement that drops rows: the order of sources changes, and with it which series an hour is made of; and a row nobody has."""
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
