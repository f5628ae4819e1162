"""A lake and the commands that fill it and bring it into a database."""

import subprocess
import time

import database_judge as judge
import ledger
import scenarios

ALL = ["--set", "postgres.tables=candles,prices,candles_by_source,observations,quarantine"]
FAST = ["--set", "engine.commit_every=20ms", "--set", "engine.correct_every=50ms"]


class FollowedLake:
    """A folder with a lake, its input, and the database that it goes to."""

    def __init__(self, binary, folder, postgres, database):
        self.binary, self.folder, self.root = binary, folder, folder / "lake"
        self.postgres, self.database = postgres, database
        self.ledger, self.files = ledger.Ledger(7), 0
        self.url = postgres.url(database)

    def command(self, *words):
        return [str(word) for word in (self.binary, *words, "--storage", self.root)]

    def run(self, *words, check=True, **environ):
        done = subprocess.run(self.command(*words), env=scenarios.environment(**environ), capture_output=True, text=True, timeout=300)
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
