"""The sink that follows: how long after a window has closed its row is visible, and what steady rows cost in lag and memory.

A reader with a connection of its own asks for the positions every 10 ms; a commit's time is that of its file in the log.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import time

from measure import BINARY, ROOT, percentile

sys.path.insert(0, str(ROOT / "test/sink"))

from postgres_server import Postgres, new_folder  # noqa: E402

START = 1_700_000_000  # seconds since 1970
COINS = 10
WINDOWS, WINDOW_SPEED = 40, 30  # forty minutes, one every two seconds
STEADY_RATE, STEADY_SECONDS = 5000, 30
FOLLOWED = {"gold": "gold/crypto_metrics_1m", "silver": "silver/crypto_transformed"}


def messages(path, a_second, seconds):
    with open(path, "w") as out:
        for i in range(a_second * seconds):
            out.write('{"timestamp": %.6f, "coin_id": "coin-%d", "price": %d.5, "volume_24h": 7}\n' %
                      (START + i / a_second, i % COINS, 100 + i % 900))


class Positions(threading.Thread):
    """When the database first had each version of each table: seen[name][version] = seconds since 1970."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.psql = subprocess.Popen([server.client("psql"), "-X", "-q", "-A", "-t", "-F", " ", "-d", server.url("postgres")], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1)
        self.seen, self.ended = {}, threading.Event()

    def run(self):
        while not self.ended.wait(0.01):
            self.psql.stdin.write("SELECT name, version FROM cryptostream.positions;\n\\echo end\n")
            self.psql.stdin.flush()
            rows, now = [], None
            for line in iter(self.psql.stdout.readline, "end\n"):
                rows.append(line.split())
            now = time.time()
            for name, version in rows:
                self.seen.setdefault(name, {}).setdefault(int(version), now)

    def close(self):
        self.ended.set()
        self.join()
        self.psql.stdin.close()
        self.psql.wait()

    def when(self, name, version):
        """The first time that the database had this version or a later one; None: never."""
        return min((at for seen, at in self.seen.get(name, {}).items() if seen >= version), default=None)


def commits(lake, table):
    """Versions with the time and the words of their commits."""
    for path in sorted((lake / FOLLOWED[table] / "_delta_log").glob("*.json")):
        if re.fullmatch(r"\d{20}", path.stem):
            yield int(path.stem), path.stat().st_mtime, path.read_text()


def play(bench, name, a_second, seconds, speed, tables, server=None):
    """Plays messages at their pace, with the sink if there is a server. Gives the lake, the positions seen, and the peak memory in MB."""
    folder = pathlib.Path(bench.folder) / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    messages(folder / "messages.jsonl", a_second, seconds)
    command = [BINARY, "replay", folder / "messages.jsonl", "--storage", folder / "lake", "--speed", str(speed), "--exit-when-done", "--quiet"]
    positions = None
    if server:
        server.sql("DROP SCHEMA IF EXISTS cryptostream CASCADE")
        command += ["--set", f"postgres.url={server.url('postgres')}", "--set", f"postgres.tables={tables}"]
        positions = Positions(server)
        positions.start()
    peak = 0
    with subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL) as process:
        while process.poll() is None:
            try:
                peak = int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{process.pid}/status").read_text())[1]) / 1024
            except (TypeError, OSError):
                pass  # it has just ended
            time.sleep(0.05)
        if process.returncode != 0:
            sys.exit(f"bench: replay failed with {process.returncode}")
    if positions:
        positions.close()
    return folder / "lake", positions, peak


def window_lag(lake, positions):
    """From the commit of silver that closed a window to its row in the database, in seconds."""
    silver = [at for _, at, _ in commits(lake, "silver")]
    for version, at, words in commits(lake, "gold"):
        if '"add"' in words and (seen := positions.when("candles/gold", version)):
            yield seen - max(before for before in silver if before <= at)


def row_lag(lake, positions):
    for version, at, words in commits(lake, "silver"):
        if '"add"' in words and (seen := positions.when("observations/silver", version)):
            yield seen - at


def follow(bench):
    """the sink that follows: a closed window's row in PostgreSQL, and 5,000 rows a second of observations"""
    server = Postgres(new_folder("pgfollow")).start()
    try:
        lake, positions, _ = play(bench, "windows", COINS, 60 * WINDOWS, WINDOW_SPEED, "candles,prices", server)
        took = list(window_lag(lake, positions))
        _, _, alone = play(bench, "alone", STEADY_RATE, STEADY_SECONDS, 1, "")
        lake, positions, beside = play(bench, "steady", STEADY_RATE, STEADY_SECONDS, 1, "observations", server)
        lags = list(row_lag(lake, positions))
        rows = int(server.sql("SELECT count(*) FROM cryptostream.observations")[0][0])
    finally:
        server.stop()
        shutil.rmtree(server.folder)
    if len(took) < WINDOWS // 2 or len(lags) < STEADY_SECONDS // 2:
        sys.exit(f"bench: too few commits were seen in the database: {len(took)} of gold, {len(lags)} of silver: {json.dumps(positions.seen)[:300]}")
    closed, lag = percentile(took, 99), max(lags)
    yield ("sink, a window closes -> its row is visible, p99, 10 coins", f"{closed * 1e3:.0f} ms", "<= 1 s", closed <= 1)
    yield (f"sink, {rows:,} observations at {STEADY_RATE:,} rows/s, longest lag", f"{lag * 1e3:.0f} ms", "<= 2 s", lag <= 2)
    yield ("sink, the same, memory more than without", f"{beside - alone:.0f} MB ({alone:.0f} -> {beside:.0f})", "<= 60 MB", beside - alone <= 60)
