"""A lake at one commit a second (maintenance_bench): an hour of it, and 100,000 commits without the waiting, where what happens every ten seconds in
the real one happens as often between two commits."""

import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

from measure import BINARY, say

HOUR, ROWS = 3600, 10  # commits, and rows in each
OLD_LAKE, OLD_RATE = 100_000, 60
TABLES = ("bronze", "silver", "gold", "gold_1h", "gold_1d")


def often(rate):
    """Settings with which maintenance looks as often between two commits as at one a second."""
    return [f"maintenance.compact_every={10_000 // rate}ms", f"maintenance.clean_every={max(1, 120 // rate)}s"]


def launch(lake, commits, *settings, rows=ROWS):
    """Starts to bring a lake to so many commits."""
    command = [BINARY.parent / "maintenance_bench", str(commits), str(rows), f"storage.path={lake}", *settings]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def result(running):
    """What maintenance_bench printed. Errors: exits with its words."""
    out, err = running.communicate()
    if running.returncode != 0:
        sys.exit(f"bench: failed with {running.returncode}: {' '.join(map(str, running.args))}\n{err[-2000:]}")
    return json.loads(out)


def upkeep_bench(lake, commits, *settings, rows=ROWS):
    return result(launch(lake, commits, *settings, rows=rows))


def new_lake(bench):
    return pathlib.Path(tempfile.mkdtemp(dir=bench.folder)) / "lake"


def hour(bench):
    """3,600 commits, one a second (or --rate), with maintenance and, at the same time, without."""
    commits, settings = f"{HOUR}@{bench.rate}", [] if bench.rate == 1 else often(bench.rate)
    ours, left = launch(new_lake(bench), commits, *settings), launch(new_lake(bench), commits, "maintenance.enabled=false")
    ours, left = result(ours), result(left)
    small = max(ours[table]["most_small_files_while_it_ran"] for table in TABLES)
    yield f"after an hour's commits, {bench.rate}/s: small files in a partition, at most", str(small), "<= 60", small <= 60
    rewritten = max(ours[table]["rewritten"] for table in ("bronze", "silver"))
    yield "  rewritten by compaction (rows; its bytes are fewer)", f"{rewritten:.1f}x", "<= 4x", rewritten <= 4
    p99, without = ours["commit_p99_ms"], left["commit_p99_ms"]
    yield "  a commit's p99, against one without maintenance", f"{p99:.1f} against {without:.1f} ms: {p99 / without:.2f}", "<= 1.5x", p99 <= 1.5 * without


def age(bench):
    """100,000 commits of the engine, without fsync, all maintenance on; then commits and starts beside those of a young lake."""
    settings = ["storage.fsync=false", *often(OLD_RATE), "maintenance.log_retention=0s", "maintenance.file_retention=0s"]
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
