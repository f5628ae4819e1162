"""Means are the exact ones rounded once: neither avg_price nor vwap ever leaves the range of what it is the mean of, in any table. Tables of the
first format, whose means were rounded twice, are no alarm; the same in a table of a later format is."""

import json
import pathlib
import random
import tarfile

import pytest

import judge
from verify_test import verify

FORMAT_1 = pathlib.Path(__file__).resolve().parent.parent / "upgrade/format-1/recordings.tar.xz"
START = 1_763_769_600  # a midnight
OUT_OF_RANGE = """select count(*) from {} where not avg_price between min_price and max_price
    or (vwap is not null and not vwap between min_price and max_price)"""


def trade(number, moment, price, quantity):
    return {"timestamp": moment, "coin_id": "bitcoin", "symbol": "BTCUSDT", "source": "binance_spot", "price": price, "quantity": quantity,
            "trade_id": number}


def play(cryptostream, folder, messages):
    recording = folder / "messages.jsonl"
    recording.write_text("".join(json.dumps(message) + "\n" for message in messages))
    cryptostream("replay", recording, "--storage", folder / "lake", "--exit-when-done")
    return folder / "lake"


def number(cryptostream, lake, sql):
    return json.loads(cryptostream("query", "--json", sql, "--storage", lake).stdout)[0]


def test_one_price_is_its_own_mean(cryptostream, tmp_path):
    polls = [{"timestamp": START + i * 15, "coin_id": "dogecoin", "price": 0.1} for i in range(3)]
    lake = play(cryptostream, tmp_path, [*polls, trade(1, START + 1, 60000, 0.00123), trade(2, START + 3600, 60000, 1)])
    rows = number(cryptostream, lake, "select max(avg_price) filter (coin_id = 'dogecoin') as avg, min(vwap) as vwap from gold")
    assert rows == {"avg": 0.1, "vwap": 60000}
    assert verify(cryptostream, lake) == (0, [])


@pytest.mark.parametrize("spread", [0, 1e-15, 1e-9, 1e-3, 30])
def test_means_are_exact_and_in_range_whatever_the_prices(spread, cryptostream, tmp_path):
    draw = random.Random(f"means {spread}")
    messages, moment = [], START
    for i in range(3000):
        moment += draw.choice([0.25, 1, 7])
        price = 10 ** (draw.choice([-60, -3, 4.77, 60]) if i % 500 == 0 else 4.77) * (1 + spread * draw.random())
        messages.append(trade(i, round(moment, 2), price, 10 ** draw.uniform(-6, 3)))
    lake = play(cryptostream, tmp_path, messages)
    for table in ("gold_sources", "gold_sources_1h", "gold_sources_1d", "gold", "gold_1h", "gold_1d"):
        assert list(number(cryptostream, lake, OUT_OF_RANGE.format(table)).values()) == [0], table
    tables = judge.tables(lake)
    judge.check_gold(tables["silver"].rows(), tables["gold_sources"].rows(), closed_all=False)
    judge.check_rollups(tables)
    assert verify(cryptostream, lake) == (0, [])


def test_means_rounded_twice_are_right_until_the_upgrade(cryptostream, tmp_path):
    with tarfile.open(FORMAT_1) as archive:
        archive.extractall(tmp_path, filter="data")
    lake = tmp_path / "recordings"
    twice = "select count(*) as n from gold where avg_price > max_price or vwap > max_price or vwap < min_price"
    assert verify(cryptostream, lake) == (0, [])
    assert json.loads(cryptostream("query", "--json", "--storage", lake, twice).stdout)[0]["n"] > 0
    cryptostream("upgrade", "--storage", lake)
    assert json.loads(cryptostream("query", "--json", "--storage", lake, twice).stdout)[0]["n"] == 0
    assert verify(cryptostream, lake) == (0, [])
