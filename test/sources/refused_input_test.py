"""Input that is not what it should be: refused in words before anything of it is taken, or taken as far as it is whole; never a quiet success."""

import bz2
import gzip
import io
import json
import lzma
import subprocess
import zipfile

import judge
import pyarrow as pa
import pytest

START = 1_709_683_190
MESSAGES = [json.dumps({"timestamp": START + i, "coin_id": "bitcoin", "price": 60_000 + i}) for i in range(3000)]
TEXT = ("\n".join(MESSAGES) + "\n").encode()
COIN = {"id": "bitcoin", "symbol": "btc"}
MARKETS = [json.dumps([COIN | {"current_price": 60_549 + i, "last_updated": f"2024-03-05T23:59:{40 + i}.000Z"}]) for i in range(2)]
BODIES = [json.dumps({"received": START + 5 * i, "body": json.loads(line)}) for i, line in enumerate(MARKETS)]
TRADE = '{"stream":"btcusdt@trade","data":{"e":"trade","s":"BTCUSDT","t":%d,"p":"60549.5","q":"0.5","T":%d}}'
FRAMES = [TRADE % (1, START * 1000), f"{START + 1}125000000 " + TRADE % (2, (START + 1) * 1000)]


def replay(binary, lake, *arguments, stdin=None):
    command = [binary, "replay", *arguments, "--storage", lake, "--exit-when-done"]
    return subprocess.run(list(map(str, command)), input=stdin, capture_output=True, timeout=60)


def rows(lake):
    return {name: table.rows() for name, table in judge.tables(lake).items()}


def refused(binary, tmp_path, content, *flags, words):
    path = tmp_path / "input"
    path.write_bytes(content)
    done = replay(binary, tmp_path / "lake", path, *flags)
    said = done.stderr.decode()
    assert done.returncode == 1 and words in said and "100%" not in said, said
    tables = rows(tmp_path / "lake")
    assert tables["quarantine"] == tables["bronze"] == []


def zipped():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("day.jsonl", TEXT)
    return out.getvalue()


@pytest.mark.parametrize("content, words", [
    (lzma.compress(TEXT), "xz -dc"), (bz2.compress(TEXT), "bzip2 -dc"), (zipped(), "unzip -p"), (b"PAR1" + TEXT, "Parquet"),
    (TEXT.decode().encode("utf-16"), "UTF-16"), (TEXT.decode().encode("utf-16-be"), "UTF-16"), (gzip.compress(lzma.compress(TEXT)), "not read"),
    (b"root:x:0:0:root:/root:/bin/bash\nbin:x:1:1::/bin:/sbin/nologin\n", "root:x:0:0"), (gzip.compress(b"<!DOCTYPE html>\n"), "<!DOCTYPE"),
], ids=["xz", "bz2", "zip", "parquet", "utf-16", "utf-16 unmarked", "xz in gzip", "passwd", "html in gzip"])
def test_what_is_no_recording_is_refused_by_name(content, words, binary, tmp_path):
    refused(binary, tmp_path, content, words=words)


@pytest.mark.parametrize("lines, asked, right", [
    (MARKETS, "messages", "coingecko-markets"), (FRAMES, "messages", "binance-frames"), (MESSAGES, "binance-frames", "messages"),
    (MESSAGES, "coingecko-markets", "messages"), (FRAMES[1:], "coingecko-markets", "binance-frames"), (BODIES, "binance-frames", "coingecko-markets"),
])
def test_a_recording_of_another_format_is_refused_with_the_one_to_use(lines, asked, right, binary, tmp_path):
    refused(binary, tmp_path, "\n".join(lines).encode(), "--format", asked, words=f"use --format {right}")
    done = replay(binary, tmp_path / "lake", tmp_path / "input", "--format", right)
    assert done.returncode == 0, done.stderr  # the refusal left nothing behind that would be in the way
    assert len(rows(tmp_path / "lake")["silver"]) == len(lines)


def test_a_pipe_is_held_to_the_same(binary, tmp_path):
    done = replay(binary, tmp_path / "lake", "-", stdin=lzma.compress(TEXT))
    assert done.returncode == 1 and b"xz -dc" in done.stderr
    done = replay(binary, tmp_path / "lake", "-", stdin=b"junk\n" * 20)
    assert done.returncode == 1 and b"format=messages" in done.stderr
    assert rows(tmp_path / "lake")["quarantine"] == []
    assert replay(binary, tmp_path / "lake", "-", stdin=gzip.compress(TEXT)).returncode == 0
    assert len(rows(tmp_path / "lake")["silver"]) == 3000


@pytest.mark.parametrize("name, lines, flags", [
    ("messages", MESSAGES[:2], []), ("markets", MARKETS, ["--format", "coingecko-markets"]),
    ("received", BODIES, ["--format", "coingecko-markets"]), ("frames", FRAMES, ["--format", "binance-frames"]),
])
def test_a_byte_order_mark_costs_no_row(name, lines, flags, binary, tmp_path):
    (tmp_path / name).write_bytes(b"\xef\xbb\xbf" + "\n".join(lines).encode())
    assert replay(binary, tmp_path / "lake", tmp_path / name, *flags).returncode == 0
    tables = rows(tmp_path / "lake")
    assert len(tables["silver"]) == 2 and tables["quarantine"] == []


def test_whole_lines_before_a_cut_are_kept_and_the_rest_comes_later(binary, tmp_path):
    packed, path, lake = gzip.compress(TEXT), tmp_path / "day.jsonl.gz", tmp_path / "lake"
    for content, words in ((packed[:len(packed) // 2], "break off"), (packed[:-4], "break off")):
        path.write_bytes(content)
        done = replay(binary, lake, path)
        assert done.returncode == 1 and words in done.stderr.decode(), done.stderr
    assert len(rows(lake)["bronze"]) == len(rows(lake)["silver"]) == 3000  # of the second only the trailer is missing
    assert sum(row["samples"] for row in rows(lake)["gold"]) == 3000
    path.write_bytes(packed)
    assert replay(binary, lake, path).returncode == 0
    assert len(rows(lake)["bronze"]) == 3000


def test_members_and_frames_one_after_the_other_are_one_text(binary, tmp_path):
    parts = TEXT[:80_000], b"", TEXT[80_000:]
    (tmp_path / "a.gz").write_bytes(b"".join(map(gzip.compress, parts)))
    (tmp_path / "a.zst").write_bytes(b"".join(pa.compress(part, codec="zstd", asbytes=True) for part in parts if part))
    for name in ("a.gz", "a.zst"):
        assert replay(binary, tmp_path / f"lake-{name}", tmp_path / name).returncode == 0
        assert len(rows(tmp_path / f"lake-{name}")["silver"]) == 3000


@pytest.mark.parametrize("content", [b"", gzip.compress(b"")], ids=["plain", "gzip"])
def test_an_empty_recording_is_said_to_be_empty(content, binary, tmp_path):
    (tmp_path / "empty").write_bytes(content)
    done = replay(binary, tmp_path / "lake", tmp_path / "empty")
    assert done.returncode == 0 and b"the recording is empty" in done.stderr


def test_taken_and_refused_are_counted_at_the_end(binary, tmp_path):
    bad = json.dumps({"timestamp": START, "coin_id": "bitcoin"})
    for count, code in ((1, 0), (8, 0), (100, 1)):
        path = tmp_path / f"{count}.jsonl"
        path.write_text("\n".join([MESSAGES[0], *[bad] * count]))
        done = replay(binary, tmp_path / f"lake-{count}", path)
        said = done.stderr.decode()
        assert done.returncode == code and f"1 taken, {count} refused ({count} missing_price)" in said, said
    assert "little was taken" in said and "quarantine list" in said


def test_symbols_that_nobody_mapped_wait_in_quarantine(binary, tmp_path):
    path, lake = tmp_path / "pepe.frames", tmp_path / "lake"
    path.write_text(FRAMES[0].replace("BTCUSDT", "PEPEUSDT") + "\n")
    done = replay(binary, lake, path, "--format", "binance-frames")
    assert done.returncode == 0 and b"1 unmapped_symbol" in done.stderr and b"[symbols]" in done.stderr
    assert [row["reason"] for row in rows(lake)["quarantine"]] == ["unmapped_symbol"]
    again = [binary, "quarantine", "replay", "--storage", lake]
    vain = subprocess.run(list(map(str, again)), capture_output=True, timeout=60)
    assert vain.returncode == 1 and b"rejected again" in vain.stderr
    mended = subprocess.run(list(map(str, [*again, "--set", "symbols.PEPEUSDT=pepe"])), capture_output=True, timeout=60)
    assert mended.returncode == 0, mended.stderr
    assert [row["coin_id"] for row in rows(lake)["silver"]] == ["pepe"]


def test_run_refuses_what_replay_refuses(binary, tmp_path):
    (tmp_path / "day.jsonl").write_text("\n".join(MARKETS))
    command = [binary, "run", "--source", "replay", "--replay", tmp_path / "day.jsonl", "--storage", tmp_path / "lake", "--port", 0]
    done = subprocess.run(list(map(str, command)), capture_output=True, timeout=60)
    assert done.returncode == 1 and b"use --format coingecko-markets" in done.stderr
    assert rows(tmp_path / "lake")["quarantine"] == []
