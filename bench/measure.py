"""Running a command and measuring it: wall time, CPU, peak memory, and what a lake holds afterwards."""

import dataclasses
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BENCH = ROOT / "bench"
BINARY = ROOT / "build/release/cryptostream"


@dataclasses.dataclass
class Run:
    seconds: float
    cpu_seconds: float
    memory_mb: float


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def run(command, **options):
    """Runs a command to its end. Errors: exits with the command's own output when it fails."""
    started = time.monotonic()
    with subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **options) as process:
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"bench: failed with {process.returncode}: {' '.join(map(str, command))}\n{output.decode()[-2000:]}")
    return Run(time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def in_turn(runs, *commands):
    """Runs each command `runs` times, taking turns, so that all of them meet the same noise. Gives a list of runs for each."""
    results = [[] for _ in commands]
    for _ in range(runs):
        for command, result in zip(commands, results):
            result.append(command())
    return results


def median(runs, what="seconds"):
    return statistics.median(getattr(each, what) for each in runs)


def percentile(values, p):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * p / 100))]


def lake_size(lake):
    """Commits, data files and bytes of data of a lake's tables."""
    files = [path for path in pathlib.Path(lake).rglob("*") if path.is_file()]
    return {"commits": sum(path.suffix == ".json" and path.stem.isdigit() for path in files),
            "files": sum(path.suffix == ".parquet" and "_delta_log" not in path.parts for path in files),
            "megabytes": sum(path.stat().st_size for path in files) / 1e6}


def fsync_p99(folder, writes=300):
    """The 99th percentile of writing 64 KB to a new file and fsyncing it, in seconds: what a durable commit cannot beat."""
    block, took = os.urandom(64 << 10), []
    for i in range(writes):
        started = time.monotonic()
        with open(pathlib.Path(folder, f"fsync-{i % 8}"), "wb") as out:
            out.write(block)
            out.flush()
            os.fsync(out.fileno())
        took.append(time.monotonic() - started)
    return percentile(took, 99)
