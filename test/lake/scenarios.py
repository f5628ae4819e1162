"""What the crash tests let the program do: each scenario runs it from a state of its own over an input whose ledger is known. Together
they must reach every crash point that the program lists."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import time

import judge
import judge_chosen
import ledger

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "sources"))

import certificates  # noqa: E402
from fake_coingecko import Answer, FakeCoinGecko, prices  # noqa: E402

LOCK = ".cryptostream.lock"
SETTINGS = ["--set", "engine.commit_every=10ms", "--set", "engine.correct_every=50ms"]
SPEED = 600  # of the recordings, in event time: a batch every 20 ms


def environment(**more):
    return {key: value for key, value in os.environ.items() if not key.startswith(("CRYPTOSTREAM_", "FAULTS"))} | more


def state_of(pid):
    """The kernel's letter for what a process does: T is stopped."""
    return re.sub(r".*\) ", "", pathlib.Path(f"/proc/{pid}/stat").read_text(), flags=re.S)[0]


class Process:
    """One run of the program. Ended by its owner, at the latest when the `with` block is left."""

    def __init__(self, command, log, **environ):
        self.log = log
        with open(log, "ab") as out:
            self.popen = subprocess.Popen([str(word) for word in command], env=environment(**environ), stdin=subprocess.DEVNULL,
                                          stdout=subprocess.DEVNULL, stderr=out)

    def wait(self, seconds=60):
        return self.popen.wait(timeout=seconds)

    def ended_or_stopped(self, seconds=60):
        """Waits until it ended (gives the exit code) or stands still (gives None)."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.popen.poll() is not None:
                return self.popen.returncode
            if state_of(self.popen.pid) == "T":
                return None
            time.sleep(0.01)
        raise AssertionError(f"neither ended nor stopped within {seconds} s: {self.text()}")

    def text(self):
        return pathlib.Path(self.log).read_text(errors="replace")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGCONT)
            self.popen.kill()
            self.popen.wait()


class Scenario:
    """A folder with a lake and an input. `start` runs the program once over it; `check` judges the lake when a run ended well."""

    environ = {}

    def __init__(self, binary, folder, seed):
        self.binary, self.folder, self.seed = binary, folder, seed
        self.lake, self.log = folder / "lake", folder / "log"
        self.ledger = ledger.Ledger(seed)

    def replay(self, path, *more):
        return [self.binary, "replay", path, "--storage", self.lake, "--exit-when-done", *SETTINGS, *more]

    def add(self, name, count, start):
        """Replays `count` messages, stamped from `start` on, to their end."""
        with Process(self.replay(self.ledger.file(self.folder, name, count, start), "--speed", SPEED), self.log) as process:
            assert process.wait() == 0, process.text()

    def start(self, **environ):
        return Process(self.command(), self.log, **self.environ, **environ)

    def finish(self):
        """Runs the program to a good end."""
        with self.start() as process:
            assert process.wait() == 0, process.text()

    def check(self):
        self.ledger.check(self.lake)


def checkpoint_often(table):
    """Sets the table's delta.checkpointInterval to 10, as its creator could have done."""
    first = table / "_delta_log" / f"{0:020}.json"
    text = first.read_text()
    assert '"delta.checkpointInterval":"100"' in text
    first.write_text(text.replace('"delta.checkpointInterval":"100"', '"delta.checkpointInterval":"10"'))
    for checksum in first.parent.glob("*.crc"):
        checksum.unlink()


class NewLake(Scenario):
    """An empty folder becomes a lake."""

    def __init__(self, binary, folder, seed):
        super().__init__(binary, folder, seed)
        self.input = self.ledger.file(folder, "first.jsonl", 360)

    def command(self):
        return self.replay(self.input, "--speed", SPEED)


class AgedLake(Scenario):
    """A lake with a past, and a checkpoint at every tenth commit: duplicates of old rows, corrections of old windows."""

    template = None  # the lake that all start from; made once a session

    @classmethod
    def prepare(cls, binary, folder):
        made = cls.template = Scenario(binary, folder, seed=0)
        made.add("old-0.jsonl", 12, ledger.START - 40_000)
        for path in judge.TABLES.values():
            checkpoint_often(made.lake / path)
        made.add("old-1.jsonl", 720, ledger.START - 30_000)
        # A machine that is busy puts more rows into a commit; clean-up needs three checkpoints all the same.
        for more in range(8):
            if len(list((made.lake / "bronze/crypto_raw/_delta_log").glob("*.checkpoint.parquet"))) >= 3:
                return
            made.add(f"old-{more + 2}.jsonl", 360, ledger.START - 28_000 + 1_000 * more)
        raise AssertionError(f"3,600 rows made less than 30 commits of bronze: {made.lake}")

    def __init__(self, binary, folder, seed):
        super().__init__(binary, folder, seed)
        shutil.copytree(self.template.lake, self.lake)
        old = self.template.ledger
        self.ledger.lines, self.ledger.good, self.ledger.rejected = dict(old.lines), set(old.good), set(old.rejected)
        self.ledger.sent, self.ledger.trades = list(old.sent), list(old.trades)
        self.input = self.ledger.file(folder, "new.jsonl", 480)

    def command(self):
        return self.replay(self.input, "--speed", SPEED)


class Doubt(AgedLake):
    """Commits that are in the log and reported as failed, in two ways: as taken by another, and as refused by the disk."""

    @property
    def environ(self):
        return {"LD_PRELOAD": str(pathlib.Path(self.binary).parent / "libfaults.so"),
                "FAULTS": "link,_delta_log/0,*/9,lie-EEXIST;link,_delta_log/0,*/7,lie-ENOSPC"}


class Poll(Scenario):
    """A provider that fails now and then, asked each second: gaps, rejected bodies, the count of calls. What was answered cannot be
    asked for again, so each run brings new rows; none may be there twice, and silver and gold must follow from bronze."""

    authority = None

    @classmethod
    def prepare(cls, folder):
        cls.authority = certificates.Authority(folder)
        cls.certificate = cls.authority.server("good")

    def start(self, **environ):
        good, bad = lambda: Answer(prices(["bitcoin", "ethereum"])), Answer(b"<html>soon</html>", content_type="text/html")
        server = FakeCoinGecko(self.certificate, [good(), bad, good()])
        server.__enter__()
        settings = ["source.kind=coingecko", f"coingecko.base_url={server.url}", f"coingecko.ca_file={self.authority.file}",
                    "coingecko.coins=bitcoin,ethereum", "coingecko.pace=1s", "coingecko.calls_per_minute=1000", "coingecko.plan=demo",
                    "coingecko.key_file=" + str(self.key_file()), "source.backfill_days=0", "engine.commit_every=10ms", "serve.port=0"]
        command = [self.binary, "run", "--storage", self.lake, *(word for setting in settings for word in ("--set", setting))]
        process = Process(command, self.log, NO_PROXY="localhost,127.0.0.1", **environ)
        threading.Thread(target=self.stop_when_served, args=(process.popen, server), daemon=True).start()
        return process

    def key_file(self):
        path = self.folder / "key"
        path.write_text("CG-test")
        return path

    @staticmethod
    def stop_when_served(popen, server):
        while popen.poll() is None and server.script_left:
            time.sleep(0.05)
        time.sleep(0.5)
        if popen.poll() is None:
            popen.send_signal(signal.SIGTERM)
            popen.wait()
        server.__exit__()

    def check(self):
        tables = {name: table.rows() for name, table in judge.tables(self.lake).items()}
        polled = [(row["offset"], row["key"]) for row in tables["bronze"]]
        assert len(set(polled)) == len(polled) >= 4, "bronze: doubled, or the last run's answers lost"
        sent = {(round(row["timestamp"] * 1_000_000), row["coin_id"]) for row in (json.loads(row["value"]) for row in tables["bronze"])}
        assert {(judge.micros(row["api_timestamp"]), row["coin_id"]) for row in tables["silver"]} == sent
        assert len(tables["silver"]) == len(sent), "silver: doubled"
        judge.check_gold(tables["silver"], tables["gold_sources"], closed_all=False)
        # A start after a pause tells of it too, from the newest row on, which an outage told before may share.
        for name, columns in (("gaps", ("from_time", "to_time", "reason")), ("quarantine", ("offset",))):
            keys = [tuple(row[column] for column in columns) for row in tables[name]]
            assert len(set(keys)) == len(keys) >= 1, f"{name}: doubled or lost"
        assert json.loads((self.lake / "state/coingecko_budget.json").read_text())["calls"] >= 3


class Compact(AgedLake):
    """A lake at rest whose small files become few."""

    EAGER = [word for setting in ("compact_files=2", "closed_after=0s", "log_retention=0s", "file_retention=0s")
             for word in ("--set", f"maintenance.{setting}")]

    def __init__(self, binary, folder, seed):
        super().__init__(binary, folder, seed)
        del self.ledger.lines["new.jsonl"]
        old = self.template.ledger
        self.ledger.good, self.ledger.rejected = set(old.good), set(old.rejected)

    def command(self):
        return [self.binary, "compact", "--storage", self.lake, *self.EAGER]


class Vacuum(Compact):
    """The same afterwards: old log entries and the files that were replaced are deleted."""

    def __init__(self, binary, folder, seed):
        super().__init__(binary, folder, seed)
        with Process(super().command(), self.log) as process:
            assert process.wait() == 0, process.text()

    def command(self):
        return [self.binary, "vacuum", "--storage", self.lake, *self.EAGER]


class Retention(Compact):
    """All days of silver are older than is kept: they go, and what was made of them stays."""

    def command(self):
        return [self.binary, "retention", "--storage", self.lake, "--set", "maintenance.retain_silver=1d"]

    def check(self):
        tables, before = judge.tables(self.lake), judge.tables(self.template.lake)
        assert tables["silver"].rows() == [] != before["silver"].rows()
        for name in ("bronze", "gold", "quarantine"):
            rows, rows_before = (sorted(map(str, table[name].rows())) for table in (tables, before))
            assert rows == rows_before, name


class Upgrade(Scenario):
    """A lake of the first format, whose program died; the recording that it was at is played to its end."""

    KEPT = pathlib.Path(__file__).resolve().parent.parent / "upgrade/format-1/recordings.tar.xz"

    def __init__(self, binary, folder, seed):
        super().__init__(binary, folder, seed)
        with tarfile.open(self.KEPT) as archive:
            archive.extractall(folder, filter="data")
        (folder / "recordings").rename(self.lake)
        self.before = judge.tables(self.lake)["bronze"].rows()

    def command(self):
        return self.replay(self.lake / "second.jsonl")

    def check(self):
        tables = judge.tables(self.lake)
        rows, before = (sorted((row["topic"], row["offset"], row["value"]) for row in found) for found in (tables["bronze"].rows(), self.before))
        assert rows == before, "bronze: lost or doubled"
        silver = tables["silver"].rows()
        assert len(silver) + len(tables["quarantine"].rows()) == len(rows), "silver: lost or doubled"
        judge.check_gold(silver, tables["gold_sources"].rows())
        judge.check_rollups(tables)


class UpgradeDropped(Scenario):
    """A lake of the first format of whose gold retention has dropped days; only its rollups know them."""

    KEPT = pathlib.Path(__file__).resolve().parent.parent / "upgrade/format-1/dropped.tar.xz"

    def __init__(self, binary, folder, seed):
        super().__init__(binary, folder, seed)
        with tarfile.open(self.KEPT) as archive:
            archive.extractall(folder, filter="data")
        (folder / "dropped").rename(self.lake)
        self.days = judge.tables(self.lake)["gold_sources_1d"].rows()

    def command(self):
        return [self.binary, "upgrade", "--storage", self.lake]

    def check(self):
        tables = judge.tables(self.lake)
        judge_chosen.check_chosen(tables)
        found = {(row["window"]["start"], row["coin_id"]) for row in tables["gold_1d"].rows()}
        assert found == {(row["window"]["start"], row["coin_id"]) for row in self.days} and len(found) == len(tables["gold_1d"].rows())


class Reorder(Compact):
    """Another source comes first from now on, and for all that is there."""

    def command(self):
        return [self.binary, "recompute", "--order", "--from", "2000-01-01", "--set", "gold.source_order=binance_spot,kraken",
                "--storage", self.lake]

    def check(self):
        super().check()
        tables = judge.tables(self.lake)
        judge_chosen.check_chosen(tables)
        assert judge_chosen.order_at(tables["gold"].txns, "bitcoin", 10**15)[0] == ["binance_spot", "kraken"]


class RebuildWindows(Compact):
    """Tables of windows whose files cannot be read are mended in place."""

    tables = ["gold_sources", "gold", "gold_1h"]

    def __init__(self, binary, folder, seed):
        super().__init__(binary, folder, seed)
        for file in (path for table in self.tables for path in (self.lake / judge.TABLES[table]).glob("*=*/**/*.parquet")):
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])

    def command(self):
        return [self.binary, "rebuild", *self.tables, "--storage", self.lake]

    def check(self):
        super().check()
        judge_chosen.check_chosen(judge.tables(self.lake))


class RebuildSilver(RebuildWindows):
    """Silver, and all that is made of it, become new tables."""

    tables = ["silver"]


SCENARIOS = [NewLake, AgedLake, Doubt, Poll, Compact, Vacuum, Retention, Upgrade, UpgradeDropped, Reorder, RebuildWindows, RebuildSilver]
