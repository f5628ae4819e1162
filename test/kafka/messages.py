"""Messages for the tests, and what a lake must hold of them."""

import json
import random

import judge

COINS = ["bitcoin", "ethereum", "tron"]


def prices(count, seed=1, start=1_763_800_000):
    """Messages in the original's form, in order of time, as (key, value)."""
    draw = random.Random(seed)
    out = []
    for i in range(count):
        coin = draw.choice(COINS)
        message = {"timestamp": start + i * 0.05, "coin_id": coin, "price": round(draw.uniform(1, 9), 6), "volume_24h": 5.0}
        out.append((coin, json.dumps(message)))
    return out


def check_lake(lake, expected):
    """Bronze holds exactly `expected`, {(partition, offset): value}, each once; silver and gold follow from it."""
    tables = judge.tables(lake)
    bronze = tables["bronze"].rows()
    places = [(row["partition"], row["offset"]) for row in bronze]
    assert len(set(places)) == len(places), "a record is in bronze twice"
    assert {(row["partition"], row["offset"]): row["value"] for row in bronze} == expected
    silver = tables["silver"].rows()
    found = sorted((judge.micros(row["api_timestamp"]), row["coin_id"], row["price"]) for row in silver)
    wanted = {(message["timestamp"], message["coin_id"], message["price"]) for message in map(json.loads, expected.values())}
    assert found == sorted((round(stamp * 1_000_000), coin, price) for stamp, coin, price in wanted)
    judge.check_gold(silver, tables["gold_sources"].rows())
    return tables


def kafka_positions(tables):
    """Bronze's positions in topics: {partition: next offset}, whatever the topic's identity."""
    return {int(name.rsplit("/", 1)[1]): version for name, version in tables["bronze"].txns.items()
            if name.startswith("cryptostream/bronze/")}
