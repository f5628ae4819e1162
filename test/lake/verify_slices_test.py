"""A lake of more rows than `verify` compares at once: it goes through keys and event time in slices, what is wrong in any of them is named, also
where two of them meet, and memory does not grow with the lake."""

import subprocess
import sys

import deltalake
import pyarrow
import pytest

from verify_test import verify

DAY = 86_400
START = 1_763_769_600  # 2025-11-22, midnight
ROWS = 250_000  # two slices of event time and more (src/verify/verify_gold.cc)
STEP_S = 1.25


def play(cryptostream, lake, rows, step_s=STEP_S):
    recording = lake.with_suffix(".jsonl")
    lines = [f'{{"timestamp":{START + i * step_s:.2f},"coin_id":"bitcoin","price":{100 + i / 1000}}}\n' for i in range(rows)]
    recording.write_text("".join(lines + lines[:3] + lines[-3:]))  # messages that come again, at once and much later: silver drops them
    cryptostream("replay", recording, "--storage", lake, "--exit-when-done")
    return lake


@pytest.fixture
def long_lake(cryptostream, tmp_path):
    return play(cryptostream, tmp_path / "lake", ROWS)


def places(wrong):
    return " ".join(place for check in wrong for place in check["places"])


def test_each_slice_of_gold_is_compared(cryptostream, long_lake):
    assert verify(cryptostream, long_lake) == (0, [])
    gold = deltalake.DeltaTable(long_lake / "gold/crypto_metrics_1m")
    windows = sorted(gold.to_pyarrow_table(columns=["window", "close"]).to_pylist(), key=lambda row: row["window"]["start"])
    midnights = [at for at, row in enumerate(windows) if row["window"]["start"].strftime("%H:%M") == "00:00" and at > 0]
    assert len(midnights) == 3
    # Slices begin at whole hours, so both sides of each midnight and of the hours beside it are borders of one or near one.
    gone = [windows[at] for at in {1, len(windows) // 2, len(windows) - 2, *midnights, *(at - 1 for at in midnights)}]
    gold.delete(" or ".join(f"close = {row['close']!r}" for row in gone))
    code, wrong = verify(cryptostream, long_lake)
    assert code == 1 and all(f"window={row['window']['start']:%Y-%m-%d %H:%M:%S}" in places(wrong) for row in gone), places(wrong)


def test_every_row_of_silver_is_compared_whatever_its_slice(cryptostream, long_lake):
    silver = deltalake.DeltaTable(long_lake / "silver/crypto_transformed")
    prices = [100 + i / 1000 for i in (0, 1, ROWS // 3, ROWS // 2, ROWS - 1)]
    silver.delete(" or ".join(f"price = {price!r}" for price in prices))
    code, wrong = verify(cryptostream, long_lake, "silver")
    lacking = [place for check in wrong for place in check["places"] if "silver lacks what it makes" in place]
    assert code == 1 and len(lacking) == len(prices), places(wrong)


def test_a_row_twice_is_seen_although_slices_would_hide_it(cryptostream, long_lake):
    silver = deltalake.DeltaTable(long_lake / "silver/crypto_transformed")
    rows = silver.to_pyarrow_table().slice(ROWS // 2, 1)
    deltalake.write_deltalake(silver, pyarrow.concat_tables([rows]), mode="append")
    code, wrong = verify(cryptostream, long_lake, "silver")
    assert code == 1 and "no bronze row makes it" in places(wrong), places(wrong)


# A process that forks counts in its child's peak what it has itself, so this is done by a small one.
PEAK = """import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=2)
print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"""


def peak_mb(binary, lake):
    """The most memory that a verification of a sound lake has."""
    done = subprocess.run([sys.executable, "-c", PEAK, binary, "verify", "-q", "--storage", lake], capture_output=True, text=True, check=True)
    code, peak_kb = map(int, done.stdout.split())
    assert code == 0, done.stderr
    return peak_kb / 1024


def test_memory_does_not_grow_with_the_rows(cryptostream, binary, tmp_path):
    """Both have more rows than are held at once, one four times as many."""
    one = peak_mb(binary, play(cryptostream, tmp_path / "one", ROWS))
    four = peak_mb(binary, play(cryptostream, tmp_path / "four", 4 * ROWS))
    assert four < 300 and four < one + 100, (one, four)
