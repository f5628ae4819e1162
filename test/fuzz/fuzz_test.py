"""Every reader of foreign bytes on its corpus (our own recordings and golden inputs) and on mutations of it: half a second each, a minute
each with the long tests. A crash leaves its input behind and is repeated by giving that file to the target."""

import os
import pathlib
import subprocess
import time

import pytest

TEST = pathlib.Path(__file__).resolve().parent.parent
BODIES = sorted((TEST / "recordings").glob("*.body"))
MESSAGES = sorted((TEST / "golden").glob("*/input.jsonl"))
FRAMES = [TEST / "data/binance_spot/mixed_frames.txt", *sorted((TEST / "golden").glob("*/input.frames"))]
STATISTICS = ['{"numRecords":12,"minValues":{"api_timestamp":"2025-11-22T10:00:00.000Z","trade_id":1,"window":{"start":"2025-11-22T10:00:00.000Z"}},'
              '"maxValues":{"api_timestamp":"2025-11-22T10:01:00.001Z","trade_id":99,"window":{"start":"2025-11-22T10:01:00.001Z"}},'
              '"nullCount":{"trade_id":0}}', '{"numRecords":0}', "{}"]
CONFIGS = ['[serve]\nport = 8000\naddress = "127.0.0.1"\n', '[stream]\nlateness = "30s"\ncommit_bytes = 65536\n',
           '[coingecko]\ncoins = ["bitcoin", "ethereum"]\npace = "1m"\n[symbols]\nBTCUSDT = "bitcoin"\n']
PACKED = [TEST.parent / "data/coingecko_daily_snapshots.jsonl.gz"]

CORPUS = {
    "message": MESSAGES,
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
@pytest.mark.parametrize("seconds", [0.5, pytest.param(60, marks=pytest.mark.long)])
def test_nothing_crashes_or_lies(name, seconds, targets, tmp_path):
    seed = int(time.time()) if seconds > 1 else 1
    command = [targets / f"fuzz_{name}", "--seconds", str(seconds), "--seed", str(seed), *files_of(name, tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace")
    crash = tmp_path / f"fuzz-crash-{seed}"
    assert done.returncode == 0, f"seed {seed}: {done.stderr[-2000:]}\ninput: {crash.read_bytes()[:2000] if crash.exists() else None!r}"
    assert int(done.stdout) > 100
