"""Real trades give exactly the candles that were derived from them elsewhere: compared as decimals, no tolerance."""

import decimal
import gzip
import json
import pathlib

import judge

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
COINS = {"BTCUSDT": "bitcoin", "ETHUSDT": "ethereum"}


def test_the_recorded_trades_give_the_expected_candles(cryptostream, tmp_path):
    lake = tmp_path / "lake"
    frames = ROOT / "data/binance_spot_trades.frames.gz"
    cryptostream("replay", frames, "--format", "binance-frames", "--storage", lake, "--exit-when-done")
    gold = {(judge.micros(row["window"]["start"]) // 1000, row["coin_id"]): row for row in judge.tables(lake)["gold"].rows()}
    expected = json.loads((ROOT / "test/data/binance_spot/expected_candles_1m.json").read_text())
    expected = [candle for candle in expected if candle["symbol"] in COINS]
    assert len(expected) == len(gold) > 20
    for candle in expected:
        row = gold[(candle["minute_ms"], COINS[candle["symbol"]])]
        for ours, theirs in (("open", "open"), ("max_price", "high"), ("min_price", "low"), ("close", "close"), ("volume", "volume")):
            digits = decimal.Decimal(candle[theirs])
            # The shortest decimal that gives the double; quantities have 8 places, which a double holds exactly enough.
            assert round(decimal.Decimal(repr(row[ours])), 8) == digits, (candle["symbol"], candle["minute_ms"], ours)
        assert row["samples"] == candle["trades"]


def test_every_trade_of_the_recording_is_in_silver_once(cryptostream, tmp_path):
    lake = tmp_path / "lake"
    path = ROOT / "data/binance_spot_trades.frames.gz"
    cryptostream("replay", path, "--format", "binance-frames", "--storage", lake, "--exit-when-done")
    trades = set()
    for line in gzip.open(path, "rt"):
        data = json.loads(line.split(" ", 1)[1])["data"]
        trades.add((data["s"], data["t"], data["T"] * 1000, float(data["p"]), float(data["q"])))
    silver = judge.tables(lake)["silver"].rows()
    found = [(row["symbol"], row["trade_id"], judge.micros(row["api_timestamp"]), row["price"], row["quantity"]) for row in silver]
    assert len(found) == len(trades) and set(found) == trades
    for symbol in COINS:  # trade ids are contiguous: none is missing
        ids = [row["trade_id"] for row in silver if row["symbol"] == symbol]
        assert max(ids) - min(ids) + 1 == len(ids)
