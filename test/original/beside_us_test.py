"""Other programs that follow the tables commit by commit while the engine writes, compacts, corrects, cleans its logs and vacuums: no error,
no row twice, nothing missing.

What hours separate in a real lake is seconds here, and machines are slow and noisy: the engine runs in slices that are shorter than what it
keeps (`KEPT`), and is held still after each until the readers have come up to it. So a reader never meets what was deleted too early
because of the machine, only because of us."""

import json
import signal
import subprocess
import threading
import time

import deltalake
import pyarrow.parquet as pq
import pytest

import judge
import ledger
import scenarios

SLICE_S = 3
KEPT = "5s"
SETTINGS = ["engine.commit_every=50ms", "engine.correct_every=500ms", "storage.fsync=false", "maintenance.compact_every=100ms",
            "maintenance.compact_files=2", "maintenance.closed_after=0s", "maintenance.clean_every=100ms",
            f"maintenance.log_retention={KEPT}", f"maintenance.file_retention={KEPT}"]
PER_S = 60  # messages, a second of event time apart
ROUND = 600  # messages


def replay(binary, file, lake):
    settings = [word for setting in SETTINGS for word in ("--set", setting)]
    return [binary, "replay", file, "--storage", lake, "--exit-when-done", "--speed", str(PER_S), *settings]


class Poller(threading.Thread):
    """delta-rs asked for one version after the other, as a program without streams does: what each commit adds, and what kind it was."""

    def __init__(self, table, columns):
        super().__init__(daemon=True)
        self.table, self.columns = table, columns
        self.version, self.rows, self.files, self.operations, self.error = -1, [], [], [], None
        self.end = threading.Event()
        self.start()

    def run(self):
        try:
            while not self.end.is_set():
                if self.version == self.newest():
                    time.sleep(0.1)
                else:
                    self.read(self.version + 1)
        except Exception as error:  # whatever it is, it is told by the test
            self.error = error

    def newest(self):
        return deltalake.DeltaTable(str(self.table)).version()

    def read(self, version):
        actions = [json.loads(line) for line in (self.table / f"_delta_log/{version:020}.json").read_text().splitlines()]
        added = [action["add"] for action in actions if "add" in action]
        known = {uri.rsplit("/", 1)[1] for uri in deltalake.DeltaTable(str(self.table), version=version).file_uris()}
        assert {add["path"].rsplit("/", 1)[1] for add in added} <= known, f"version {version}"
        self.files += [add["path"] for add in added]
        for add in added:
            if add["dataChange"]:
                self.rows += pq.ParquetFile(self.table / add["path"]).read(columns=self.columns).to_pylist()
        info = next(action["commitInfo"] for action in actions if "commitInfo" in action)
        self.operations.append((info.get("operationParameters") or {}).get("operation"))
        self.version = version

    def saw_everything(self):
        """Compaction, log clean-up and vacuum came by while this one read."""
        cleaned = not (self.table / f"_delta_log/{1:020}.json").exists()
        return "compact" in self.operations and cleaned and not all((self.table / file).exists() for file in self.files)


def follow(spark, table, name, *columns, **options):
    """A Spark stream on a table; what it brought is the view `name`."""
    frame = spark.readStream.format("delta").options(**options).load(str(table)).selectExpr(*columns)
    return frame.writeStream.format("memory").queryName(name).outputMode("append").start()


def run_in_slices(command, caught_up):
    """Runs the engine to its end; after each slice the readers come up to it."""
    engine = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        while True:
            try:
                _, log = engine.communicate(timeout=SLICE_S)
                assert engine.returncode == 0, log
                caught_up()
                return
            except subprocess.TimeoutExpired:
                engine.send_signal(signal.SIGSTOP)
                caught_up()
                engine.send_signal(signal.SIGCONT)
    finally:
        if engine.poll() is None:
            engine.kill()
            engine.wait()


@pytest.fixture
def young_lake(binary, sent_in_disorder, tmp_path):
    """A lake with a few rows and a checkpoint at every tenth commit, so that there is a log to clean."""
    folder = tmp_path / "lake"
    file = sent_in_disorder.file(tmp_path, "first.jsonl", 130, ledger.START - 600)
    subprocess.run(list(map(str, replay(binary, file, folder))), check=True, timeout=120, stdin=subprocess.DEVNULL)
    for path in judge.TABLES.values():
        scenarios.checkpoint_often(folder / path)
    return folder


@pytest.fixture
def sent_in_disorder():
    """Late rows, rows sent twice, broken ones among them."""
    return ledger.Ledger(21)


@pytest.mark.alone
@pytest.mark.parametrize("least", [1, pytest.param(20, marks=pytest.mark.long)])
def test_spark_streams_and_a_poller_miss_nothing_and_get_nothing_twice(least, spark, binary, young_lake, sent_in_disorder, tmp_path):
    table = {name: young_lake / path for name, path in judge.TABLES.items()}
    pollers = [Poller(table["bronze"], ["topic", "offset"]), Poller(table["gold_sources"], ["coin_id"])]
    streams = [
        follow(spark, table["silver"], "silver_seen", "coin_id", "unix_micros(api_timestamp) AS time", "price", "trade_id"),
        follow(spark, table["gold"], "gold_seen", "unix_micros(window.start) AS start", "coin_id", "source", "samples", "avg_price",
               "max_price", "min_price", skipChangeCommits="true"),
    ]

    def caught_up():
        for stream in streams:
            stream.processAllAvailable()  # raises what ended the stream
        deadline = time.monotonic() + 120
        while any(poller.version < poller.newest() for poller in pollers):
            assert not any(poller.error for poller in pollers), [poller.error for poller in pollers]
            assert time.monotonic() < deadline, "a poller does not come up to the engine"
            time.sleep(0.05)

    try:
        caught_up()
        rounds = 0
        while rounds < least or not all(poller.saw_everything() for poller in pollers):
            assert rounds < least + 10, "the engine did not compact, clean and vacuum both tables"
            file = sent_in_disorder.file(tmp_path, f"round-{rounds}.jsonl", ROUND, ledger.START + rounds * ROUND)
            run_in_slices(replay(binary, file, young_lake), caught_up)
            rounds += 1
    finally:
        for stream in streams:
            stream.stop()
        for poller in pollers:
            poller.end.set()
            poller.join(60)

    tables = sent_in_disorder.check(young_lake)
    bronze, windows = pollers
    assert (bronze.version, windows.version) == (tables["bronze"].version, tables["gold_sources"].version)
    place = lambda row: (row["topic"], row["offset"])
    assert sorted(map(place, bronze.rows)) == sorted(map(place, tables["bronze"].rows()))

    seen = spark.sql("SELECT coin_id, time, price, trade_id FROM silver_seen").collect()
    there = [(row["coin_id"], judge.micros(row["api_timestamp"]), row["price"], row["trade_id"]) for row in tables["silver"].rows()]
    assert sorted(map(str, map(tuple, seen))) == sorted(map(str, there))

    check_windows(spark.sql("SELECT * FROM gold_seen").collect(), tables["gold"].rows())
    assert len(windows.rows) > len(tables["gold_sources"].rows()), "nothing was corrected"


def check_windows(seen, there):
    """Each window came once, with what was known when it closed: the figures of now, unless late rows have changed them since."""
    windows = {(judge.micros(row["window"]["start"]), row["coin_id"], row["source"]): row for row in there}
    assert sorted((row.start, row.coin_id, row.source) for row in seen) == sorted(windows)
    corrected = 0
    for row in seen:
        now = windows[(row.start, row.coin_id, row.source)]
        if row.samples == now["samples"]:
            assert (row.avg_price, row.max_price, row.min_price) == (now["avg_price"], now["max_price"], now["min_price"])
        else:
            assert row.samples < now["samples"] and row.max_price <= now["max_price"] and row.min_price >= now["min_price"]
            corrected += 1
    assert corrected > 0, "nothing was corrected"
