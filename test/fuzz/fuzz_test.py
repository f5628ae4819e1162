"""Every reader of foreign bytes on its corpus (our own recordings and golden inputs) and on mutations of it: half a second each blindly; with
the long tests a minute each led by coverage (libFuzzer, build/fuzz). A crash leaves its input behind and is repeated by giving that file
to the target."""

import os
import pathlib
import re
import subprocess

import pytest

TEST = pathlib.Path(__file__).resolve().parent.parent
BUILD = TEST.parent / "build/fuzz/fuzz"
BODIES = sorted((TEST / "recordings").glob("*.body"))
MESSAGES = sorted((TEST / "golden").glob("*/input.jsonl"))
FRAMES = [TEST / "data/binance_spot/mixed_frames.txt", *sorted((TEST / "golden").glob("*/input.frames"))]
STATISTICS = ['{"numRecords":12,"minValues":{"api_timestamp":"2025-11-22T10:00:00.000Z","trade_id":1,"window":{"start":"2025-11-22T10:00:00.000Z"}},'
              '"maxValues":{"api_timestamp":"2025-11-22T10:01:00.001Z","trade_id":99,"window":{"start":"2025-11-22T10:01:00.001Z"}},'
              '"nullCount":{"trade_id":0}}', '{"numRecords":0}', "{}"]
CONFIGS = ['[serve]\nport = 8000\naddress = "127.0.0.1"\n', '[engine]\nlateness = "30s"\ncommit_bytes = 65536\n',
           '[coingecko]\ncoins = ["bitcoin", "ethereum"]\npace = "1m"\n[symbols]\nBTCUSDT = "bitcoin"\n']
PACKED = [TEST.parent / "data/coingecko_daily_snapshots.jsonl.gz"]

CORPUS = {
    "message": MESSAGES,
    "reading": MESSAGES,
    "markets_body": [body for body in BODIES if body.name.startswith(("markets", "ohlc"))],
    "chart_body": [body for body in BODIES if body.name.startswith("chart")],
    "line": [*FRAMES, *MESSAGES],
    "reader": [*MESSAGES, *FRAMES, *PACKED],
    "config": CONFIGS,
    "statistics": STATISTICS,
}


@pytest.fixture(scope="session")
def targets():
    return pathlib.Path(os.environ.get("CRYPTOSTREAM_BINARY", "build/release/cryptostream")).resolve().parent / "fuzz"


def files_of(name, folder):
    for i, entry in enumerate(CORPUS[name]):
        if isinstance(entry, str):
            path = folder / f"corpus-{i}"
            path.write_text(entry)
            entry = path
        yield str(entry)


@pytest.mark.parametrize("name", CORPUS)
def test_nothing_crashes_or_lies(name, targets, tmp_path):
    command = [targets / f"fuzz_{name}", "--seconds", "0.5", "--seed", "1", *files_of(name, tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace")
    crash = tmp_path / "fuzz-crash-1"
    assert done.returncode == 0, f"{done.stderr[-2000:]}\ninput: {crash.read_bytes()[:2000] if crash.exists() else None!r}"
    assert int(done.stdout) > 100


def write_corpus(name, folder):
    """One file an input, as libFuzzer wants it: of recordings of lines each line is one, but for the reader of whole files."""
    folder.mkdir()
    for path in map(pathlib.Path, files_of(name, folder.parent)):
        content, lines = path.read_bytes(), path.suffix in (".jsonl", ".txt", ".frames") and name != "reader"
        for i, part in enumerate(content.splitlines() if lines else [content]):
            (folder / f"{path.parent.name}-{path.name}-{i}").write_bytes(part)
    return folder


@pytest.mark.long
@pytest.mark.parametrize("name", CORPUS)
def test_nothing_crashes_or_lies_where_coverage_leads(name, tmp_path):
    target = BUILD / f"fuzz_{name}"
    assert target.exists(), "make test-long builds it: WITH_TESTS=1 tools/build fuzz fuzz_targets"
    corpus = write_corpus(name, tmp_path / "corpus")
    seconds = os.environ.get("CRYPTOSTREAM_FUZZ_SECONDS", "60")
    command = [target, corpus, f"-max_total_time={seconds}", "-max_len=65536", "-timeout=20", "-rss_limit_mb=4096", "-print_final_stats=1"]
    # Libraries that are not instrumented grow vectors without telling the sanitizer.
    environment = os.environ | {"ASAN_OPTIONS": "detect_container_overflow=0:detect_leaks=0"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, errors="replace")
    left = [path.read_bytes()[:2000] for path in tmp_path.glob("*-*") if path.name.startswith(("crash-", "oom-", "timeout-"))]
    assert done.returncode == 0, f"{done.stderr[-4000:]}\ninput: {left}"
    assert int(re.search(r"number_of_executed_units: (\d+)", done.stderr)[1]) > len(list(corpus.iterdir()))
