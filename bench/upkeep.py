"""A lake at one commit a second, without the waiting (maintenance_bench): an hour of it, and 100,000 commits. What happens every ten seconds in
the real one happens as often between two commits here."""

import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

from measure import BINARY, say

HOUR, RATE, ROWS = 3600, 60, 10  # commits, of which so many a second, and rows in each
OLD_LAKE = 100_000
OFTEN = [f"maintenance.compact_every={10_000 // RATE}ms", "maintenance.clean_every=2s"]
TABLES = ("bronze", "silver", "gold", "gold_1h", "gold_1d")


def upkeep_bench(lake, commits, *settings, rows=ROWS):
    """Brings a lake to so many commits. Gives what maintenance_bench prints. Errors: exits with its words."""
    command = [BINARY.parent / "maintenance_bench", str(commits), str(rows), f"storage.path={lake}", *settings]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"bench: failed with {done.returncode}: {' '.join(map(str, command))}\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


def new_lake(bench):
    return pathlib.Path(tempfile.mkdtemp(dir=bench.folder)) / "lake"


def hour(bench):
    """An hour at one commit a second (60 times as fast), with maintenance and without."""
    tidied, left = [], []
    for _ in range(bench.runs):
        tidied.append(upkeep_bench(new_lake(bench), f"{HOUR}@{RATE}", *OFTEN))
        left.append(upkeep_bench(new_lake(bench), f"{HOUR}@{RATE}", "maintenance.enabled=false"))
    small = max(run[table]["most_small_files_while_it_ran"] for run in tidied for table in TABLES)
    yield "after an hour at 1 commit/s: small files in a partition, at most", str(small), "<= 60", small <= 60
    rewritten = max(run[table]["rewritten"] for run in tidied for table in ("bronze", "silver"))
    yield "  rewritten by compaction (rows; its bytes are fewer)", f"{rewritten:.1f}x", "<= 4x", rewritten <= 4
    ours, without = (statistics.median(run["commit_p99_ms"] for run in runs) for runs in (tidied, left))
    yield ("  a commit's p99, against one without maintenance", f"{ours:.1f} against {without:.1f} ms: {ours / without:.2f}", "<= 1.5x",
           ours <= 1.5 * without)


def age(bench):
    """100,000 commits of the engine, without fsync, all maintenance on; then commits and starts beside those of a young lake."""
    settings = ["storage.fsync=false", *OFTEN, "maintenance.log_retention=0s", "maintenance.file_retention=0s"]
    old = new_lake(bench)
    say(f"making {bench.commits:,} commits")
    made = upkeep_bench(old, bench.commits, *settings, rows=3)
    slowest = max(made[table]["checkpoint_s"] for table in TABLES)
    yield f"at version {made['bronze']['version']:,}: a checkpoint, the slowest table's", f"{slowest * 1000:.0f} ms", "<= 1 s", slowest <= 1
    files = max(made[table]["log_files"] - made[table]["log_files_above_floor"] for table in TABLES)
    yield "  files in _delta_log beyond what the floor needs, at most", f"{files:,}", "<= 10,000", files <= 10_000
    young_ms, old_ms, starts = [], [], []
    for turn in range(1, bench.runs + 1):
        young_ms.append(upkeep_bench(new_lake(bench), 600, *settings, rows=3)["commit_p50_ms"])
        again = upkeep_bench(old, bench.commits + 500 * turn, *settings, rows=3)
        old_ms.append(again["commit_p50_ms"])
        starts.append(again["start_s"])
    young, aged, start = map(statistics.median, (young_ms, old_ms, starts))
    yield "  a commit, against one of a young lake", f"{aged:.1f} against {young:.1f} ms: {aged / young:.2f}", "<= 1.5x", aged <= 1.5 * young
    yield "  start of the engine", f"{start * 1000:.0f} ms", "<= 1 s", start <= 1
    shutil.rmtree(old.parent)
