"""Recordings in every form that `replay` takes, plain, packed and through a pipe."""

import gzip
import json
import subprocess

import judge
import pyarrow as pa

MESSAGES = [json.dumps({"timestamp": 1_763_800_000 + i, "coin_id": "bitcoin", "price": 100 + i, "volume_24h": None}) for i in range(50)]


def replay(binary, lake, *arguments, stdin=None):
    command = [binary, "replay", *map(str, arguments), "--storage", str(lake), "--exit-when-done"]
    done = subprocess.run(command, input=stdin, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return {name: table.rows() for name, table in judge.tables(lake).items()}


def values(tables):
    return [row["value"] for row in sorted(tables["bronze"], key=lambda row: row["offset"])]


def test_plain_gzip_zstd_and_stdin_give_the_same_rows(binary, tmp_path):
    text = ("\n".join(MESSAGES) + "\n").encode()
    (tmp_path / "a.jsonl").write_bytes(text)
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(text))
    (tmp_path / "a.jsonl.zst").write_bytes(pa.compress(text, codec="zstd", asbytes=True))
    for name in ("a.jsonl", "a.jsonl.gz", "a.jsonl.zst"):
        tables = replay(binary, tmp_path / f"lake-{name}", tmp_path / name)
        assert values(tables) == MESSAGES and {row["topic"] for row in tables["bronze"]} == {name}
    assert values(replay(binary, tmp_path / "lake-stdin", "-", stdin=text)) == MESSAGES


def test_a_second_replay_of_the_same_file_adds_nothing(binary, tmp_path):
    (tmp_path / "a.jsonl").write_text("\n".join(MESSAGES))
    first = replay(binary, tmp_path / "lake", tmp_path / "a.jsonl")
    (tmp_path / "moved.jsonl").write_text("\n".join(MESSAGES))
    again = replay(binary, tmp_path / "lake", tmp_path / "moved.jsonl")
    assert len(again["bronze"]) == len(first["bronze"]) == len(MESSAGES)


def test_recorded_markets_bodies(binary, tmp_path):
    coins = [{"id": "bitcoin", "current_price": 1.5, "last_updated": "2025-11-22T08:26:00Z"}, {"id": "tron", "current_price": 2}]
    lines = [json.dumps({"received": 1_763_800_000.25, "body": coins}), json.dumps(coins), '{"error":"coin not found"}']
    (tmp_path / "m.jsonl").write_text("\n".join(lines))
    tables = replay(binary, tmp_path / "lake", tmp_path / "m.jsonl", "--format", "coingecko-markets")
    times = sorted({judge.micros(row["api_timestamp"]) for row in tables["silver"]})
    assert times == [1_763_799_960_000_000, 1_763_800_000_250_000]
    assert len(tables["silver"]) == 4
    (rejected,) = tables["quarantine"]
    assert rejected["value"] == lines[2].encode() and rejected["offset"] == 2


def test_hostile_lines_cost_only_themselves(binary, tmp_path):
    lines = [MESSAGES[0].encode(), b"x" * 10_000_000, b"\xff\xfe", b"", b"{" * 10_000, MESSAGES[1].encode()]
    (tmp_path / "bad.jsonl").write_bytes(b"\n".join(lines))
    tables = replay(binary, tmp_path / "lake", tmp_path / "bad.jsonl")
    assert sorted(row["price"] for row in tables["silver"]) == [100, 101]
    reasons = {row["offset"]: row["reason"].split(":")[0] for row in tables["quarantine"]}
    assert reasons.pop(4) in ("malformed_json", "too_deep")
    assert reasons == {1: "too_large", 2: "not_utf8"}
