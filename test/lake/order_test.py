"""The order of arrival leaves no trace: a recording cut in pieces, shuffled, overlapping, its oldest year last, ends in the same rows
of silver and in the same bits of gold and of the rollups as the ordered one."""

import json
import random

import judge
import pytest

START = 1_700_000_040
YEAR = 31_536_000


def recording(draw):
    """Two days and, a year before, one more: prices and trades of two coins, sparse enough to leave gaps."""
    lines = []
    for begin, hours in ((START - YEAR, 24), (START, 48)):
        for second in range(0, hours * 3600, 90):
            stamp = begin + second + round(draw.random() * 80, 6)
            row = {"timestamp": stamp, "coin_id": draw.choice(["bitcoin", "tron"]), "price": draw.uniform(1, 9), "volume_24h": second}
            if draw.random() < 0.4:
                row = {"timestamp": stamp, "coin_id": "bitcoin", "price": draw.uniform(1, 9), "quantity": draw.uniform(0, 2),
                       "trade_id": len(lines), "symbol": "BTCUSDT", "source": "kraken"}
            lines.append(json.dumps(row))
    return lines


def write(path, lines):
    path.write_text("".join(line + "\n" for line in lines))
    return path


def state(lake):
    """Silver as a set, gold and rollups by key, every column but the time of receiving."""
    tables = judge.tables(lake)
    out = {"silver": sorted(repr(sorted((k, repr(v)) for k, v in row.items() if k != "ingestion_timestamp"))
                            for row in tables["silver"].rows())}
    for name in ("gold_sources", "gold_sources_1h", "gold_sources_1d", "gold", "gold_1h", "gold_1d"):
        out[name] = sorted(repr(sorted((k, repr(v)) for k, v in row.items())) for row in tables[name].rows())
    return tables, out


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.long), pytest.param(3, marks=pytest.mark.long)])
def test_any_order_ends_in_the_same_tables(seed, cryptostream, tmp_path):
    draw = random.Random(seed)
    lines = recording(draw)
    command = ["--storage", tmp_path / "ordered", "--exit-when-done"]
    cryptostream("replay", write(tmp_path / "ordered.jsonl", lines), *command)

    year_ago = len(lines) // 3
    recent, old = lines[year_ago:], lines[:year_ago]
    shuffled = recent[:]
    draw.shuffle(shuffled)
    cut = len(shuffled) // 3
    pieces = [shuffled[:2 * cut], shuffled[cut:], draw.sample(old, len(old)), draw.sample(lines, 200)]  # overlapping, the old year late
    for number, piece in enumerate(pieces):
        cryptostream("replay", write(tmp_path / f"piece-{number}.jsonl", piece), "--storage", tmp_path / "any", "--exit-when-done",
                     "--set", "engine.correct_every=0ms")

    ordered, expected = state(tmp_path / "ordered")
    found_tables, found = state(tmp_path / "any")
    assert len(expected["silver"]) == len(lines)
    assert len(expected["gold_1h"]) > 100 and len(expected["gold_1d"]) > 5
    for name in expected:
        assert found[name] == expected[name], f"{name} differs"
    assert any("correct" in (operation or "") for operation in found_tables["gold_sources"].operations), "nothing was late"
    judge.check_gold(ordered["silver"].rows(), ordered["gold_sources"].rows())
    judge.check_rollups(ordered)
