"""Gold has one row a coin and minute, whatever number of sources runs: as the original's readers ask for it, by the order in force, and by
another order for the past."""

import json

import deltalake
import judge
import pytest

START = 1_714_521_600  # 2024-05-01
SOURCES = [("coingecko", "usd", 15), ("kraken", "usd", 4), ("binance_spot", "usdt", 7)]


def recording(path, begin=0, minutes=150, sources=SOURCES):
    """Three sources side by side; the first one begins late, is silent for a while and ends early, so that others stand in."""
    lines = []
    for source, quote, step in sources:
        for second in range(begin * 60, (begin + minutes) * 60, step):
            away = source == "coingecko" and (second < 1800 or 4000 < second < 4600 or second > 8000)
            if not away:
                lines.append((second, {"timestamp": START + second, "coin_id": "bitcoin" if second // step % 2 else "ethereum", "source": source,
                                       "price": 60_000 + second % 113 + len(source), "volume_24h": 1.0, "quote": quote}))
    path.write_text("".join(json.dumps(line) + "\n" for _, line in sorted(lines, key=lambda entry: entry[0])))
    return path


@pytest.fixture
def lake(cryptostream, tmp_path):
    cryptostream("replay", recording(tmp_path / "three.jsonl"), "--storage", tmp_path / "lake", "--exit-when-done")
    return tmp_path / "lake"


def sources(lake, where="true"):
    rows = deltalake.DeltaTable(lake / "gold/crypto_metrics_1m").to_pyarrow_table(columns=["source", "window"]).to_pylist()
    return {source: sum(row["source"] == source for row in rows) for source in {row["source"] for row in rows}}


def sound(cryptostream, lake):
    judge.check_rollups(judge.tables(lake))
    return "verdict: sound" in cryptostream("verify", "--storage", lake).stdout


def test_the_originals_readers_see_each_window_once(cryptostream, lake):
    """As its API asks: the newest ten windows of a coin; and as its dashboard draws: all of them, in order."""
    gold = deltalake.DeltaTable(lake / "gold/crypto_metrics_1m")
    for coin in ("bitcoin", "ethereum"):
        starts = [row["window"]["start"] for row in gold.to_pyarrow_table(filters=[("coin_id", "=", coin)]).to_pylist()]
        assert len(starts) == len(set(starts)) > 100
        asked = cryptostream("query", "--json", "--storage", lake,
                             f"select \"window\".start as start from gold where coin_id = '{coin}' order by 1 desc limit 10").stdout
        newest = [row["start"] for row in json.loads(asked)]
        assert len(newest) == 10 and newest == sorted(set(newest), reverse=True)
    assert len(deltalake.DeltaTable(lake / "gold/sources/crypto_metrics_1m").to_pyarrow_table()) > 1.5 * len(gold.to_pyarrow_table())
    assert set(sources(lake)) == {"coingecko", "kraken", "binance_spot"} - {"kraken"}  # kraken ranks behind one that is always there
    assert sound(cryptostream, lake)


def test_a_change_of_order_holds_from_then_on_and_for_the_past_when_told_so(cryptostream, lake, tmp_path):
    before = sources(lake)
    order = ["--set", "gold.source_order=kraken,coingecko"]
    cryptostream("replay", recording(tmp_path / "more.jsonl", 150, 60), "--storage", lake, "--exit-when-done", *order)
    now = sources(lake)
    assert {name: now[name] for name in before} == before and now["kraken"] == 120
    assert sound(cryptostream, lake)
    dry = cryptostream("recompute", "--order", "--from", "2024-05-01T01:00:00Z", "--dry-run", "--json", "--storage", lake, *order).stdout
    assert sources(lake) == now
    done = cryptostream("recompute", "--order", "--from", "2024-05-01T01:00:00Z", "--json", "--storage", lake, *order).stdout
    changed = {row["table"]: row["changed"] for row in json.loads(done)}
    assert changed["gold"] == json.loads(dry)[0]["changed"] == 180 and changed["gold_1h"] > 0
    assert sources(lake)["kraken"] == 120 + 180
    assert sound(cryptostream, lake)
    assert {row["changed"] for row in json.loads(cryptostream("recompute", "--order", "--from", "2024-05-01T01:00:00Z", "--json",
                                                              "--storage", lake, *order).stdout)} == {0}


def test_rows_that_come_later_replace_what_stood_in_for_them(cryptostream, lake, tmp_path):
    early = tmp_path / "early.jsonl"
    early.write_text("".join(json.dumps({"timestamp": START + 60 * m + 1, "coin_id": "bitcoin", "source": "coingecko", "price": 1 + m})
                             + "\n" for m in range(10)))
    cryptostream("replay", early, "--storage", lake, "--exit-when-done")
    rows = judge.tables(lake)["gold"].rows()
    first = [row for row in rows if row["coin_id"] == "bitcoin" and judge.micros(row["window"]["start"]) < (START + 600) * 1_000_000]
    assert {row["source"] for row in first} == {"coingecko"} and len(first) == 10
    assert "gold correct" in judge.tables(lake)["gold"].operations
    assert sound(cryptostream, lake)


def test_verify_tells_a_row_that_was_not_the_first(cryptostream, lake):
    gold = deltalake.DeltaTable(lake / "gold/crypto_metrics_1m")
    gold.update(updates={"source": "'kraken'"}, predicate="source = 'coingecko' and samples = 2")
    done = cryptostream("verify", "gold", "--storage", lake, check=False)
    assert done.returncode == 1 and "WRONG  gold: every closed minute the first of its sources' rows" in done.stdout


def test_the_settings_former_name_works(cryptostream, tmp_path):
    recorded = recording(tmp_path / "three.jsonl", minutes=40)
    said = cryptostream("replay", recorded, "--storage", tmp_path / "lake", "--exit-when-done", "--set", "serve.source_order=kraken").stderr
    assert "gold.source_order" in said
    assert set(sources(tmp_path / "lake")) == {"kraken"}
