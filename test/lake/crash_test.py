"""kill -9 at every named point of the way, again and again: afterwards nothing is lost, doubled or invented. The judge
(judge.py) reads log and files by itself."""

import json
import random

import pytest

import judge

POINTS = [
    "data-file-before", "data-file-after", "commit-before", "commit-after", "quarantine-before", "quarantine-after",
    "bronze-before-commit", "bronze-after-commit", "silver-before-commit", "silver-after-commit",
    "gold-before-commit", "gold-after-commit",
]


def ledger(seed):
    """Messages with their fate: good, an equal row again, late by minutes, or bad."""
    draw = random.Random(seed)
    lines, good, bad = [], set(), 0
    for i in range(6000):
        stamp = 1_763_800_000 + i * 0.05
        kind = draw.random()
        if kind < 0.02:
            lines.append(draw.choice(["{broken", json.dumps({"timestamp": stamp, "coin_id": "bitcoin"}), '{"price": 1}']))
            bad += 1
            continue
        if kind < 0.05 and good:
            lines.append(draw.choice(lines[-50:]))
            bad += not lines[-1].startswith('{"timestamp": 1') or '"price"' not in lines[-1]
            continue
        if kind < 0.07:
            stamp -= 200
        row = {"timestamp": round(stamp, 6), "coin_id": draw.choice(["bitcoin", "ethereum", "tron"]), "price": draw.uniform(1, 9)}
        lines.append(json.dumps(row))
        good.add((round(row["timestamp"] * 1_000_000), row["coin_id"], row["price"]))
    return lines, good, bad


def check(lake, lines, good, bad):
    tables = judge.tables(lake)
    bronze = tables["bronze"].rows()
    assert sorted(row["offset"] for row in bronze) == list(range(len(lines)))
    assert all(row["value"] == lines[row["offset"]] for row in bronze)
    silver = tables["silver"].rows()
    assert len(silver) == len(good)
    assert {(judge.micros(row["api_timestamp"]), row["coin_id"], row["price"]) for row in silver} == good
    rejected = tables["quarantine"].rows()
    assert len(rejected) == bad
    assert all(row["value"] == lines[row["offset"]].encode() for row in rejected)
    judge.check_gold(silver, tables["gold"].rows())


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.long), pytest.param(3, marks=pytest.mark.long)])
def test_killed_at(point, seed, cryptostream, tmp_path):
    print(f"seed {seed}")
    lines, good, bad = ledger(seed)
    messages = tmp_path / "messages.jsonl"
    messages.write_text("\n".join(lines) + "\n")
    lake = tmp_path / "lake"
    command = ["replay", messages, "--storage", lake, "--exit-when-done", "--as-source", "coingecko",
               "--set", "stream.commit_every=10ms", "--set", "stream.commit_bytes=65536", "--set", "stream.correct_every=50ms"]
    kills = 0
    for nth in (1, 2, 3, 5):
        kills += cryptostream(*command, check=False, crash=f"{point}:{nth}").returncode == -9
    assert kills >= 1, "the point was never reached"
    cryptostream(*command)
    check(lake, lines, good, bad)
    verified = cryptostream("verify", "--storage", lake)
    assert "WRONG" not in verified.stdout
