"""Replays at full speed: against the peers, with disorder, and as the file grows."""

import pathlib
import shutil
import subprocess
import sys
import tempfile

from measure import BENCH, BINARY, in_turn, lake_size, median, run, say

EVENTS_PER_SECOND = 200  # of event time, in the generated files


class Bench:
    """Keeps the generated files for the measurements of one run."""

    def __init__(self, folder, arguments):
        self.folder, self.messages, self.runs = pathlib.Path(folder), arguments.messages, arguments.runs
        self.commits, self.rate, self.minutes = arguments.commits, arguments.rate, arguments.minutes

    def generated(self, messages):
        path = self.folder / f"messages-{messages}.jsonl"
        if not path.exists():
            say(f"making {messages:,} messages")
            with open(path, "wb") as out:
                subprocess.run([sys.executable, BENCH / "gen.py", str(messages)], stdout=out, check=True)
        return path

    def disordered(self, messages):
        path = self.folder / f"disorder-{messages}.jsonl"
        if not path.exists():
            with open(path, "wb") as out:
                command = [sys.executable, BENCH / "disorder.py", self.generated(messages), str(EVENTS_PER_SECOND)]
                subprocess.run(command, stdout=out, check=True)
        return path

    def ours(self, source, look=lambda lake: None):
        """One replay into a new lake, which `look` may look at before it goes."""
        lake = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        command = [BINARY, "replay", source, "--speed", "max", "--exit-when-done", "--storage", lake / "lake", "--quiet"]
        result = run(command)
        look(lake / "lake")
        shutil.rmtree(lake)
        return result

    def peer(self, script, source):
        out = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        result = run([sys.executable, BENCH / script, source, out / "tables"])
        shutil.rmtree(out)
        return result


def replay(bench):
    """2 million messages of a file until gold is committed, beside DuckDB in batch and pyarrow with delta-rs."""
    source, sizes = bench.generated(bench.messages), []
    ours, duckdb, deltars = in_turn(
        bench.runs, lambda: bench.ours(source, lambda lake: sizes.append(lake_size(lake))),
        lambda: bench.peer("peer_duckdb.py", source), lambda: bench.peer("peer_deltars_file.py", source))
    rate = bench.messages / median(ours)
    memory = median(ours, "memory_mb")
    yield f"replay of {bench.messages:,} messages", f"{rate:,.0f}/s", ">= 500,000/s", rate >= 500_000
    yield "  its memory", f"{memory:.0f} MB", "<= 500 MB", memory <= 500
    size = sizes[-1]
    yield ("  its CPU, commits, files, disk", f"{median(ours, 'cpu_seconds'):.1f} s, {size['commits']}, {size['files']}, "
           f"{size['megabytes']:.0f} MB", "", None)
    for name, peer, least in (("DuckDB in batch", duckdb, 0.7), ("pyarrow + delta-rs", deltars, 2.4)):
        ratio = median(peer) / median(ours)
        yield f"  against {name} ({bench.messages / median(peer):,.0f}/s)", f"{ratio:.2f}", f">= {least}", ratio >= least


def disorder(bench):
    """The same with 3 % duplicates and 2 % late rows."""
    clean, mixed = bench.generated(bench.messages), bench.disordered(bench.messages)
    lines = round(bench.messages * 1.03)
    of_clean, of_mixed = in_turn(bench.runs, lambda: bench.ours(clean), lambda: bench.ours(mixed))
    ratio = (lines / median(of_mixed)) / (bench.messages / median(of_clean))
    yield "with 3 % duplicates and 2 % late rows, of the clean rate", f"{ratio:.2f}", ">= 0.7", ratio >= 0.7


def growth(bench):
    """Five times the messages: the rate must not fall, nor memory grow."""
    small, large = bench.generated(bench.messages), bench.generated(5 * bench.messages)
    of_small, of_large = in_turn(bench.runs, lambda: bench.ours(small), lambda: bench.ours(large))
    ratio = 5 * median(of_small) / median(of_large)
    memory = median(of_large, "memory_mb")
    yield f"rate of {5 * bench.messages:,} messages, of that of {bench.messages:,}", f"{ratio:.2f}", ">= 0.9", ratio >= 0.9
    yield "  its memory", f"{memory:.0f} MB", "<= 500 MB", memory <= 500
