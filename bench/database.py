"""The sink into PostgreSQL: made-up candles into a server of the bench's own, beside COPY alone into the same table with its indexes."""

import pathlib
import shutil
import subprocess
import sys
import time

from measure import BINARY, ROOT

sys.path.insert(0, str(ROOT / "test/sink"))

from postgres_server import Postgres, new_folder  # noqa: E402

DAYS = 70  # of ten coins: 1,008,000 candles
ROWS = DAYS * 14_400
MESSAGE = '{"timestamp": 1700000040, "coin_id": "bitcoin", "price": 1}\n'


def fill(lake, first, days_a_commit, mode):
    subprocess.run([sys.executable, ROOT / "bench/sink_lake.py", lake, str(first), str(DAYS), str(days_a_commit), mode], check=True,
                   stdout=subprocess.DEVNULL)


class Measured:
    """A server, a lake, and how long things take there."""

    def __init__(self, bench):
        self.folder = new_folder("pgbench")
        self.server = Postgres(self.folder).start()
        self.lake = pathlib.Path(bench.folder) / "sink-lake"
        first = pathlib.Path(bench.folder) / "first.jsonl"
        first.write_text(MESSAGE)
        subprocess.run([BINARY, "replay", first, "--storage", self.lake, "--exit-when-done", "-q"], check=True)

    def sink(self):
        begin = time.monotonic()
        subprocess.run([BINARY, "sink", "--postgres", self.server.url("postgres"), "--storage", self.lake, "--exit-when-done", "-q", "--set",
                        "postgres.tables=candles", "--set", "postgres.timeout=10m"], check=True)
        return time.monotonic() - begin

    def copy_alone(self):
        """The same rows by COPY, into the sink's own table, emptied before: the same key, index and partitions."""
        self.server.sql("SET search_path = cryptostream; COPY (SELECT * FROM candles WHERE interval = '1m') TO "
                        f"'{self.folder}/candles' (FORMAT binary); TRUNCATE candles, positions")
        begin = time.monotonic()
        subprocess.run([self.server.client("psql"), "-X", "-q", "-d", self.server.url("postgres"), "-c",
                        f"\\copy cryptostream.candles from {self.folder}/candles (format binary)"], check=True)
        took = time.monotonic() - begin
        self.server.sql("TRUNCATE cryptostream.candles")
        return took

    def close(self):
        self.server.stop()
        shutil.rmtree(self.folder)


def sink(bench):
    """a million candles into PostgreSQL: first copy, ordinary commits, corrections of every row; COPY alone in turn with them"""
    ratios = {"first copy": [], "ordinary commits": [], "every row a correction": []}
    rates = {name: [] for name in ratios}
    measured = Measured(bench)
    try:
        fill(measured.lake, 0, 10, "append")
        measured.sink()
        for run in range(bench.runs):
            alone = measured.copy_alone()
            took = {"first copy": measured.sink()}
            rows = int(measured.server.sql("SELECT count(*) FROM cryptostream.candles")[0][0])
            took["first copy"] *= ROWS / rows  # later runs have more rows
            fill(measured.lake, DAYS * (run + 1), 2, "append")
            took["ordinary commits"] = measured.sink()
            fill(measured.lake, 0, 7, "replace")
            took["every row a correction"] = measured.sink()
            alone *= ROWS / rows
            for name, seconds in took.items():
                ratios[name].append(alone / seconds)
                rates[name].append(ROWS / seconds)
    finally:
        measured.close()
    for name, asked in (("first copy", 0.8), ("ordinary commits", 0.8), ("every row a correction", 0.3)):
        middle = sorted(ratios[name])[len(ratios[name]) // 2]
        rate = sorted(rates[name])[len(rates[name]) // 2]
        yield (f"sink, {name}, of COPY alone", f"{middle:.2f} ({rate:,.0f} rows/s)", f">= {asked}", middle >= asked)
