"""A lake of an earlier format is read as it is, and opened by a writer without a row being lost."""

import json

import judge

NEW_DAY = 1_714_867_200  # 2024-05-05, after all that the lakes hold


def more_prices(folder):
    """A recording of a day that no lake has."""
    path = folder / "more.jsonl"
    rows = [{"timestamp": NEW_DAY + 10 * i, "coin_id": "bitcoin", "price": 61_000 + i, "volume_24h": 1000.5} for i in range(30)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def places(table):
    return sorted((row["source"], row["topic"], row["partition"], row["offset"]) for row in table.rows())


def check_kept(before, after, new=()):
    """What was there is there, and `new` rows of bronze besides; no position is lost or goes back."""
    assert places(after["bronze"]) == sorted([*places(before["bronze"]), *new])
    for name, table in after.items():
        assert {key: table.txns.get(key, -1) for key in before[name].txns if table.txns.get(key, -1) < before[name].txns[key]} == {}
        if name in ("quarantine", "gaps"):
            assert sorted(map(str, table.rows())) == sorted(map(str, before[name].rows()))


def test_it_is_sound_as_it_lies(lake, cryptostream):
    """Read only: nothing of it changes."""
    before = sorted((path, path.stat().st_mtime_ns) for path in lake.rglob("*"))
    assert "verdict: sound" in cryptostream("verify", "--storage", lake).stdout
    assert cryptostream("query", "--storage", lake, "select count(*) from gold").stdout
    assert sorted((path, path.stat().st_mtime_ns) for path in lake.rglob("*")) == before


def test_a_writer_goes_on_in_it(lake, cryptostream, tmp_path):
    before = judge.tables(lake)
    for path in [*sorted(lake.glob("*.jsonl")), more_prices(tmp_path)]:
        cryptostream("replay", path, "--storage", lake, "--exit-when-done")
    check_kept(before, judge.tables(lake), [("coingecko", "more.jsonl", 0, i) for i in range(30)])
    assert "verdict: sound" in cryptostream("verify", "--storage", lake).stdout
