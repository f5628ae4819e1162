"""A lake of more rows than `verify` compares at once: it goes through event time in slices, and what is wrong in any of them is named."""

import deltalake
import pytest

from verify_test import verify

ROWS = 250_000  # two slices and more (src/verify/verify_gold.cc)


@pytest.fixture
def long_lake(cryptostream, tmp_path):
    recording = tmp_path / "days.jsonl"
    recording.write_text("".join(f'{{"timestamp":{1_763_800_000 + i * 1.25:.2f},"coin_id":"bitcoin","price":{100 + i / 1000}}}\n' for i in range(ROWS)))
    cryptostream("replay", recording, "--storage", tmp_path / "lake", "--exit-when-done")
    return tmp_path / "lake"


def test_each_slice_is_compared(cryptostream, long_lake):
    assert verify(cryptostream, long_lake) == (0, [])
    gold = deltalake.DeltaTable(long_lake / "gold/crypto_metrics_1m")
    windows = sorted(gold.to_pyarrow_table(columns=["window", "close"]).to_pylist(), key=lambda row: row["window"]["start"])
    gone = [windows[at] for at in (1, len(windows) // 2, len(windows) - 2)]
    gold.delete(" or ".join(f"close = {row['close']!r}" for row in gone))
    code, wrong = verify(cryptostream, long_lake)
    places = " ".join(place for check in wrong for place in check["places"])
    assert code == 1 and all(f"window={row['window']['start']:%Y-%m-%d %H:%M:%S}" in places for row in gone), places
