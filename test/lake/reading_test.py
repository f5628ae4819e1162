"""What silver takes and refuses, and what `verify` makes of the same bytes: the two read with different code, and must agree on a value of
every type and form in every field. Times are also compared with a third reading, Python's exact fractions."""

import fractions
import json
import random

import pytest

import judge
from verify_test import verify

FIELDS = ["timestamp", "coin_id", "price", "volume_24h", "market_cap", "price_change_24h", "price_change_percentage_24h", "high_24h", "low_24h",
          "last_updated", "source", "symbol", "trade_id", "quantity", "raw", "another"]
FORMS = [
    "true", "false", "null", "NaN", "Infinity", "-Infinity", "nan", "inf", "nul", "undefined", "1e14", "1E14", "1.709683191E9", "1.709683190125E9",
    "1763800000.1234567", "-0", "0", "-0.0", "0.0000001", "-1", "1e999", "1e-400", "4.9e-324", "1e-100", "9.9e-101", "1e100", "1.1e100",
    "9223372036854775807", "9223372036854775808", "3735683261.0", "3.73568326E9", "253402300799.9999999", "253402300800", "4102444800",
    "01", "1.", ".5", "+1", "1e", "--1", "0x10", "1_000", "1 2", "9007199254740993", "0.30000000000000004", "123456789012345678901234567890",
    "1." + "0" * 60 + "1", "17638000000000000000000000000000e-22", "0." + "0" * 40 + "1763800000e50", '""', '" "', '"1"', '"1e3"', '" 1"', '"1 "', '"01"',
    '"NaN"', '"true"', '"null"', '"bitcoin"', '"a b"', '"\\u0062itcoin"', '"\\ud83d\\ude00"', '"\\ud83d"', '"\\ude00"', '"\\x"', '"\\u12"', '"' + "x" * 128 + '"',
    '"' + "x" * 129 + '"', '"\u00e4"', '"a\tb"', '"2025-11-22T08:26:40Z"', '"2025-11-22T24:00:00Z"', '"2025-11-22T23:59:60Z"', '"2025-11-22 08:26:40.1234567+05:45"',
    '"2025-11-22t08:26:40.z"', '"2025-02-29T00:00:00Z"', '"1969-12-31T23:59:59Z"', '"9999-12-31T23:59:59.999999Z"', '"2025-11-22T08:26:40"',
    '"2025-11-22T08:26:40+0000"', '"2025-11-22T08:26:40+24:00"', "[]", "{}", "[1]", '{"price":1}', "[1,]", '{"a":1,}', '{"a"}', "[[[[1]]]]", "[" * 63 + "1" + "]" * 63,
    "[" * 64 + "]" * 64, "[" * 64 + "1" + "]" * 64, "[" * 70 + "]" * 70, '"https://host/path?nan=inf,]"', '"/* no comment */"', "/* a comment */ 1", "1 // a comment",
]
FRAMES = ["{}", "\ufeff{}", "  {}  ", "{} x", "{}}}", "{}{}", "[{}]", "{},", "x{}", ""]  # what stands around the object ({}: the object)
OTHERS = ["", " ", "42", "null", '"text"', "[]", "{}", "{", "}", '{"price":1,,"coin_id":"x"}', '{"price" 1}', '{price:1}', "{'price':1}", '{"timestamp":1,"timestamp":1}',
          '{"a":1,"a":2}', "\ufeff", '{"pr\\u0069ce":1}']
CASE_09 = ["1.709683190125E9", "1.709683191125001E9", '"1.709683192125E9"', "1.709683193E9"]


def lines(draw, count):
    good = {"timestamp": "1763800000.123456", "coin_id": '"bitcoin"', "price": "97000.25", "volume_24h": "1e9", "last_updated": '"2025-11-22T08:26:40.5Z"'}
    text = lambda members: "{" + ",".join(f'"{key}":{value}' for key, value in members) + "}"
    stamp = lambda: f'{1763800000 + draw.randrange(100_000)}.{draw.randrange(10**7):07}'
    yield from OTHERS
    for time in CASE_09:
        yield text([("timestamp", time), ("coin_id", '"bitcoin"'), ("price", "6.0E4")])
    every = [(field, form) for field in FIELDS for form in FORMS]
    draw.shuffle(every)
    for i in range(count):
        members = dict(good, timestamp=stamp())
        for field, form in [every[i % len(every)]] + [draw.choice(every) for _ in range(draw.choice([0, 0, 0, 1, 3]))]:
            members[field] = form
        if draw.random() < 0.3:
            members.update(trade_id=str(draw.randrange(50)), symbol='"BTCUSDT"', quantity="1.5", source='"binance_spot"')
        members = list(members.items())
        if draw.random() < 0.1:
            draw.shuffle(members)
        if draw.random() < 0.05:
            members.append(draw.choice(members))
        if draw.random() < 0.05:
            members.pop(draw.randrange(len(members)))
        yield draw.choice(FRAMES if draw.random() < 0.05 else ["{}"]).replace("{}", text(members))


@pytest.mark.parametrize("seed, count", [(1, 3500), *(pytest.param(seed, 60_000, marks=pytest.mark.long) for seed in (2, 3, 4))])
def test_the_engine_and_verify_read_alike(seed, count, cryptostream, tmp_path):
    written = [line.replace("\n", " ") for line in lines(random.Random(seed), count)]
    recording = tmp_path / "random.jsonl"
    recording.write_bytes(b"".join(line.encode() + b"\n" for line in written) + b'{"price":\xff}\n')
    cryptostream("replay", recording, "--storage", tmp_path / "lake", "--exit-when-done")
    assert verify(cryptostream, tmp_path / "lake") == (0, [])
    tables = judge.tables(tmp_path / "lake")
    taken = {row["offset"]: row["value"] for row in tables["bronze"].rows()}
    assert taken == {i: line for i, line in enumerate(written) if line}, "each line that is not blank, byte for byte"
    silver, refused = tables["silver"].rows(), tables["quarantine"].rows()
    assert len(silver) > count / 10 and len({row["reason"].partition(":")[0] for row in refused}) >= 12, "both kinds, for many reasons"
    assert {judge.micros(row["api_timestamp"]) for row in silver} <= {cut for line in written for cut in [cut_time(line)] if cut is not None}


def cut_time(line):
    """Microseconds of a message's time, by fractions; None where Python's reader sees none."""
    try:
        message = json.loads(line.removeprefix("\ufeff"), parse_float=str, parse_int=str)
        stamp = fractions.Fraction(message["timestamp"])
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None
    return stamp * 1_000_000 // 1 if stamp >= 0 else 0
