"""The same recording again: grown, mended, shortened, packed, half written, begun like another one, taken anew. Bronze has each line once."""

import gzip
import json
import subprocess

import judge

START = 1_709_683_200


def line(i, price="60549.59"):
    return ('{"timestamp":%d.125,"coin_id":"bitcoin","price":%s,"quantity":"0.50000000","trade_id":%07d,"symbol":"BTCUSDT","source":"binance_spot"}\n'
            % (START + i, price, 1_000_000 + i))


def lines(count, mended=None, price="60999.59"):
    return "".join(line(i, price if i == mended else "60549.59") for i in range(count))


def replay(binary, lake, path, *flags, code=0):
    command = [binary, "replay", path, "--storage", lake, "--exit-when-done", *flags]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120)
    assert done.returncode == code, done.stderr
    return done.stderr


def table(lake, name):
    return judge.tables(lake)[name].rows()


def test_a_mended_line_in_the_middle_is_told_and_can_be_taken(binary, tmp_path):
    path, lake = tmp_path / "day.jsonl", tmp_path / "lake"
    path.write_text(lines(30_000, 15_000, "6099x.59"))
    replay(binary, lake, path)
    assert len(table(lake, "silver")) == 29_999
    path.write_text(lines(30_000, 15_000))
    said = replay(binary, lake, path, code=1)
    assert "changed since it was taken" in said and "between 8193 and 16384" in said and "--again" in said
    assert len(table(lake, "bronze")) == 30_000
    assert "29999 of them were there" in replay(binary, lake, path, "--again")
    silver = table(lake, "silver")
    assert len(silver) == 30_000 and max(row["price"] for row in silver) == 60_999.59
    replay(binary, lake, path)
    assert len(table(lake, "bronze")) == 60_000


def test_a_recording_that_grows_goes_on_where_it_ended(binary, tmp_path):
    path, lake = tmp_path / "day.jsonl", tmp_path / "lake"
    text = lines(500)
    for end in (1, 60, 20_000, 20_050, 40_000, len(text)):  # cut anywhere in a line
        path.write_text(text[:end])
        replay(binary, lake, path)
    packed = tmp_path / "moved.jsonl.gz"
    packed.write_bytes(gzip.compress(lines(700).encode()))
    replay(binary, lake, packed)
    bronze = table(lake, "bronze")
    assert sorted(row["offset"] for row in bronze) == list(range(700))
    assert len(table(lake, "silver")) == 700 and table(lake, "quarantine") == []


def test_one_that_was_shortened_is_told(binary, tmp_path):
    path, lake = tmp_path / "day.jsonl", tmp_path / "lake"
    path.write_text(lines(500))
    replay(binary, lake, path)
    path.write_text(lines(300))
    assert "it is shorter now: lines=300" in replay(binary, lake, path, code=1)
    assert len(table(lake, "bronze")) == 500


def test_two_days_that_begin_alike_are_two(binary, tmp_path):
    lake = tmp_path / "lake"
    for day, price in enumerate(("1.5", "2.5")):
        (tmp_path / f"{day}.jsonl").write_text("".join(line(i) for i in range(20)) + "".join(line(100 + day * 100 + i, price) for i in range(100)))
        replay(binary, lake, tmp_path / f"{day}.jsonl")
        replay(binary, lake, tmp_path / f"{day}.jsonl")
    assert len(table(lake, "bronze")) == 240
    assert len(table(lake, "silver")) == 220


def test_killed_anywhere_it_goes_on_exactly(binary, tmp_path):
    path, lake = tmp_path / "day.jsonl", tmp_path / "lake"
    good = [json.loads(text) for text in lines(400).splitlines()]
    path.write_bytes(b"".join(b"\xff\xfe\n" if i % 50 == 49 else json.dumps(row).encode() + b"\n" for i, row in enumerate(good)))
    command = [binary, "replay", path, "--storage", lake, "--exit-when-done", "--speed", "2000", "--set", "engine.commit_every=10ms"]
    kills = 0
    for point in ("bronze.before_commit", "bronze.after_commit", "quarantine.before_commit", "quarantine.after_commit", "delta.after_data_file"):
        for nth in (1, 2):
            done = subprocess.run(list(map(str, command)), capture_output=True, timeout=60, env={"CRYPTOSTREAM_CRASH": f"{point}:{nth}"})
            assert done.returncode in (-9, 0), done.stderr
            kills += done.returncode == -9
    assert kills >= 3
    replay(binary, lake, path)
    assert len(table(lake, "bronze")) == 392
    assert sorted(row["offset"] for row in table(lake, "quarantine")) == list(range(49, 400, 50))


def test_on_the_way_to_the_lake_a_local_file_matters_for_nothing(binary, tmp_path):
    path, lake = tmp_path / "day.jsonl", tmp_path / "lake"
    path.write_text(lines(300))
    replay(binary, lake, path)
    for file in (lake / "state").rglob("*") if (lake / "state").exists() else ():
        file.unlink()
    path.write_text(lines(400))
    replay(binary, lake, path)
    assert len(table(lake, "bronze")) == 400
