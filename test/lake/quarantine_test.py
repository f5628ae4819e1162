"""Rejected messages: shown as they are, and sent into the lake again once their cause is mended, each once, whatever is killed."""

import json
import time

import pytest

import judge
from trouble_test import wait_for

QUICK = ["--set", "engine.commit_every=10ms", "--set", "engine.correct_every=50ms"]
START = 1_763_800_000
POINTS = ["bronze.before_commit", "bronze.after_commit", "silver.before_commit", "quarantine.before_commit", "quarantine.after_commit",
          "delta.after_data_file", "delta.before_commit", "delta.after_commit"]


def frame(trade_id, symbol):
    trade = {"e": "trade", "E": START * 1000, "s": symbol, "t": trade_id, "p": f"{trade_id}.5", "q": "2.0", "T": START * 1000}
    return f"{START * 10**9 + trade_id} " + json.dumps({"stream": symbol.lower() + "@trade", "data": trade})


def message(second, price):
    return json.dumps({"timestamp": START + second, "coin_id": "bitcoin", "price": price, "volume_24h": 5})


def play(cryptostream, lake, path, lines, *more, code=0):
    path.write_bytes(b"".join(line.encode() + b"\n" if isinstance(line, str) else line + b"\n" for line in lines))
    done = cryptostream("replay", path, "--storage", lake, "--exit-when-done", *QUICK, *more, check=False)
    assert done.returncode == code, done.stderr


def listed(cryptostream, lake, *more):
    return json.loads(cryptostream("quarantine", "list", "--storage", lake, "--json", *more).stdout)


def replay(cryptostream, lake, *more, **keywords):
    done = cryptostream("quarantine", "replay", "--storage", lake, "--json", *QUICK, *more, **keywords)
    return json.loads(done.stdout)[0] if done.returncode == 0 else done


def assert_verified(cryptostream, lake):
    report = cryptostream("verify", "--storage", lake, check=False)
    assert report.returncode == 0, report.stdout


@pytest.fixture
def mended(tmp_path):
    """A configuration that knows the symbols which the lake of `unmapped` refused."""
    (tmp_path / "mended.toml").write_text('[symbols]\nBTCUSDT = "bitcoin"\nNEWUSDT = "newcoin"\nOTHERUSDT = "othercoin"\n')
    return ["--config", tmp_path / "mended.toml"]


@pytest.fixture
def unmapped(cryptostream, tmp_path):
    """A lake with six good trades, twelve of two symbols that nobody mapped, and a broken message."""
    lake = tmp_path / "lake"
    frames = [frame(i, ["BTCUSDT", "NEWUSDT", "OTHERUSDT"][i % 3]) for i in range(1, 19)]
    play(cryptostream, lake, tmp_path / "day.frames", frames, "--format", "binance-frames")
    play(cryptostream, lake, tmp_path / "bad.jsonl", [message(0, 1), "{broken", b"\xff\xfe no text"])
    assert len(judge.tables(lake)["quarantine"].rows()) == 14
    return lake


def test_the_list_is_safe_to_print_filtered_and_works_beside_a_writer(cryptostream, background, unmapped, tmp_path):
    play(cryptostream, unmapped, tmp_path / "evil.jsonl", ['{"a": "\x1b[31mred', message(1, -1)], code=1)  # nothing is taken
    (tmp_path / "more.jsonl").write_text(message(2, 2) + "\n")
    writer = background("replay", tmp_path / "more.jsonl", "--storage", unmapped, *QUICK)
    wait_for(lambda: "the input has ended" in writer.log(), "the writer to have the lake")
    refused = replay(cryptostream, unmapped, check=False)
    assert refused.returncode == 1 and f"pid={writer.pid}" in refused.stderr
    rows = listed(cryptostream, unmapped)
    assert len(rows) == 16 and {row["state"] for row in rows} == {"open"}
    [evil] = [row for row in rows if "red" in row["preview"]]
    assert evil["preview"] == '{"a": "\\x1b[31mred' and evil["bytes"] == 15 and evil["stage"] == "silver"
    assert (evil["source"], evil["topic"], evil["partition"], evil["offset"]) == ("coingecko", "evil.jsonl", 0, 0)
    assert {row["reason"] for row in listed(cryptostream, unmapped, "--stage", "source", "--source", "binance_spot")} == {
        "unmapped_symbol"}
    assert len(listed(cryptostream, unmapped, "--reason", "unmapped_symbol", "--limit", 5)) == 5
    assert len(listed(cryptostream, unmapped, "--since", "2025-11-23")) == 4, "received in this test"
    assert replay(cryptostream, unmapped, "--dry-run")["would_send"] == 16, "looking needs no lock"
    text = cryptostream("quarantine", "list", "--storage", unmapped, "--limit", 3).stdout
    assert len(text.splitlines()) == 5 and "\x1b" not in text
    bad = cryptostream("quarantine", "list", "--since", "yesterday", check=False)
    assert bad.returncode == 2 and "--since" in bad.stderr


def test_a_symbol_that_was_mapped_meanwhile(cryptostream, unmapped, mended):
    before = judge.tables(unmapped)
    assert replay(cryptostream, unmapped, "--reason", "unmapped_symbol", "--dry-run", *mended)["would_send"] == 12
    assert judge.tables(unmapped)["bronze"].version == before["bronze"].version, "only looked"
    report = replay(cryptostream, unmapped, "--reason", "unmapped_symbol", *mended)
    assert (report["sent"], report["rejected_again"]) == (12, 0)
    tables = judge.tables(unmapped)
    trades = sorted(row["trade_id"] for row in tables["silver"].rows() if row["trade_id"] is not None)
    assert trades == list(range(1, 19)), "every trade once"
    marked = [row for row in tables["bronze"].rows() if row["topic"] == "quarantine:day.frames"]
    assert len({row["offset"] for row in marked}) == len(marked) == 12
    judge.check_gold(tables["silver"].rows(), tables["gold_sources"].rows())
    assert_verified(cryptostream, unmapped)
    again = replay(cryptostream, unmapped, "--reason", "unmapped_symbol", *mended)
    assert (again["sent"], judge.tables(unmapped)["bronze"].version) == (0, tables["bronze"].version), "what went in stays once"
    states = [row["state"] for row in listed(cryptostream, unmapped, "--limit", 100)]
    assert sorted(states) == ["open"] * 2 + ["sent"] * 12


def test_what_fails_again_is_quarantined_again_at_each_stage(cryptostream, unmapped, tmp_path):
    """Nothing was mended: frames fail in the source, bytes that are no text there or in bronze, a broken message in silver."""
    play(cryptostream, unmapped, tmp_path / "trades.jsonl",
         [json.dumps({"timestamp": START, "coin_id": "x", "price": price, "quantity": 1, "trade_id": 7, "symbol": "XY"}) for price in (1, 2)])
    first = len(judge.tables(unmapped)["quarantine"].rows())
    assert first == 15, "a trade id that came again with another price"
    for run in (1, 2):
        done = replay(cryptostream, unmapped, check=False)
        assert done.returncode == 1 and "all of it was rejected again" in done.stderr
        [report] = json.loads(done.stdout)
        assert (report["sent"], report["rejected_again"]) == (15, 15)
        tables = judge.tables(unmapped)
        assert len(tables["quarantine"].rows()) == first * (run + 1)
        assert len(tables["silver"].rows()) == 8
        rows = listed(cryptostream, unmapped, "--limit", 1000)
        assert sorted(row["state"] for row in rows) == ["open"] * first + ["sent"] * first * run
        assert {row["topic"] for row in rows} == {"day.frames", "bad.jsonl", "trades.jsonl"}, "where it first came from"
        assert_verified(cryptostream, unmapped)


def test_a_stamp_that_was_in_the_future(cryptostream, tmp_path):
    lake, due = tmp_path / "lake", time.time() + 25
    soon = json.dumps({"timestamp": due, "coin_id": "bitcoin", "price": 3, "volume_24h": 5})
    play(cryptostream, lake, tmp_path / "soon.jsonl", [soon], code=1)  # nothing of it was taken
    assert [row["reason"].split(":")[0] for row in listed(cryptostream, lake)] == ["future_timestamp"]
    wait_for(lambda: time.time() > due, "its time")
    report = replay(cryptostream, lake, "--stage", "silver")
    assert (report["sent"], report["rejected_again"]) == (1, 0)
    tables = judge.tables(lake)
    assert [row["price"] for row in tables["silver"].rows()] == [3.0]
    assert [row["value"] for row in tables["bronze"].rows()] == [soon, soon], "the refused row stays, silver took the new one"
    assert_verified(cryptostream, lake)
    assert replay(cryptostream, lake)["sent"] == 0


def test_bytes_that_were_cut_are_not_sent(cryptostream, tmp_path):
    lake = tmp_path / "lake"
    play(cryptostream, lake, tmp_path / "large.jsonl", [message(0, 1), '{"pad": "' + "x" * 2_000_000 + '"}'])
    report = replay(cryptostream, lake)
    assert (report["sent"], report["left_out_cut"]) == (0, 1)
    assert len(judge.tables(lake)["bronze"].rows()) == 1


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_replay_doubles_nothing(point, cryptostream, unmapped, mended):
    """Twelve messages can go in now, two fail again; killed and repeated, every one that went in is there once."""
    kills = 0
    for nth in (1, 2, 3):
        done = cryptostream("quarantine", "replay", "--storage", unmapped, *QUICK, *mended, crash=f"{point}:{nth}", check=False)
        kills += done.returncode == -9
    assert kills >= 1, f"{point} was never reached"
    last = cryptostream("quarantine", "replay", "--storage", unmapped, *QUICK, *mended, check=False)
    assert last.returncode == 0 or "all of it was rejected again" in last.stderr  # the two, where the others went in before
    tables = judge.tables(unmapped)
    marked = [row for row in tables["bronze"].rows() if (row["topic"] or "").startswith("quarantine:day")]
    assert len({row["offset"] for row in marked}) == len(marked) == 12, "each of those that can go in is there, once"
    trades = sorted(row["trade_id"] for row in tables["silver"].rows() if row["trade_id"] is not None)
    assert trades == list(range(1, 19))
    judge.check_gold(tables["silver"].rows(), tables["gold_sources"].rows())
    assert_verified(cryptostream, unmapped)
    assert replay(cryptostream, unmapped, "--reason", "unmapped_symbol", *mended)["sent"] == 0
