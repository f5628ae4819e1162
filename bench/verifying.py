"""Verification, repair and the check before a start, on lakes that are young, old, and long: memory and time."""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from measure import BENCH, BINARY, run, say
from upkeep import new_lake, upkeep_bench

COMMITS = (1, 1_000, 20_000)
YEAR_MINUTES = 525_600
COINS = 10
MEMORY_MB = 300


def year_of_rows(bench):
    """A lake with a price a minute of ten coins over a year: 5.3 million rows in each table."""
    lake, messages = new_lake(bench), pathlib.Path(tempfile.mkdtemp(dir=bench.folder)) / "year.jsonl"
    with open(messages, "wb") as out:
        subprocess.run([sys.executable, str(BENCH / "gen.py"), str(COINS * bench.minutes), str(COINS / 60)], stdout=out, check=True)
    run([BINARY, "replay", messages, "--storage", lake, "--exit-when-done", "--set", "storage.fsync=false"])
    messages.unlink()
    return lake


def cut_newest_checkpoint(lake):
    """As a disk that was full leaves it. Gives whether there was one."""
    found = sorted(pathlib.Path(lake, "bronze/crypto_raw/_delta_log").glob("*.checkpoint.parquet"))
    if found:
        found[-1].write_bytes(found[-1].read_bytes()[:-50])
    return bool(found)


def measured(bench, what, lake):
    one = pathlib.Path(bench.folder, "one.jsonl")
    one.write_text(json.dumps({"timestamp": int(time.time()), "coin_id": "bitcoin", "price": 1}) + "\n")
    reading = run([sys.executable, BENCH / "peer_read.py", lake])
    sound = run([BINARY, "verify", "-q", "--storage", lake])
    yield (f"verify, {what}", f"{sound.memory_mb:.0f} MB, {sound.seconds:.1f} s", f"<= {MEMORY_MB} MB", sound.memory_mb <= MEMORY_MB)
    yield ("  against reading all of it with json and pyarrow", f"{reading.seconds:.1f} s: {sound.seconds / reading.seconds:.2f}", "", None)
    if cut_newest_checkpoint(lake):
        mended = run([BINARY, "verify", "bronze", "-q", "--repair", "--storage", lake])
        yield ("  --repair of a cut checkpoint, and verify bronze", f"{mended.memory_mb:.0f} MB, {mended.seconds:.1f} s", f"<= {MEMORY_MB} MB",
               mended.memory_mb <= MEMORY_MB)
    if cut_newest_checkpoint(lake):
        started = run([BINARY, "replay", one, "--storage", lake, "--exit-when-done"])
        yield ("  a start that mends one, and a row", f"{started.memory_mb:.0f} MB, {started.seconds:.1f} s", f"<= {MEMORY_MB} MB",
               started.memory_mb <= MEMORY_MB)


def verify(bench):
    """Verification of lakes of 1, 1,000 and 20,000 commits, and of a year of ten coins, a window a minute each."""
    for commits in COMMITS:
        say(f"making {commits:,} commits")
        lake = new_lake(bench)
        upkeep_bench(lake, commits, "storage.fsync=false", "maintenance.enabled=false", rows=3)
        yield from measured(bench, f"{commits:,} commits", lake)
        shutil.rmtree(lake.parent)
    say(f"making {COINS * bench.minutes:,} rows")
    lake = year_of_rows(bench)
    yield from measured(bench, f"{COINS * bench.minutes:,} rows", lake)
    shutil.rmtree(lake.parent)
