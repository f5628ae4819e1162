"""Says which rows gold must hold of those of every source. As judge.py, it shares no code with the program."""

import urllib.parse

import judge


def order_at(txns, coin, start):
    """The order of sources and of currencies for a coin's window: of the records that apply the one with the greatest number."""
    best = (0, [], [])
    for name, since in txns.items():
        if not name.startswith("cryptostream/order/"):
            continue
        number, of_coin, sources, quotes = name.split("/")[2:]
        if urllib.parse.unquote(of_coin) in ("*", coin) and since <= start and int(number) > best[0]:
            best = (int(number), *([urllib.parse.unquote(part) for part in names.split(",") if part] for names in (sources, quotes)))
    return best[1:]


def place(listed, name):
    """What is listed by its place, the rest behind it by name."""
    return (listed.index(name), "") if name in listed else (len(listed), name)


def check_chosen(tables):
    """The chosen rows are a function of every source's: of each coin and minute that is closed the first row by order, to the bit. Their hours
    and days are folded from those in the period's first currency."""
    txns = tables["gold"].txns
    closed = txns.get("cryptostream/closed/chosen", 0)
    # What was made of days that retention has dropped stays.
    whole = max(tables[name].txns.get("cryptostream/retained-from", 0) for name in ("gold_sources", "gold"))
    expected = {}
    for row in tables["gold_sources"].rows():
        if row.get("quote") is None:  # from before there was the column
            row = {**row, "quote": "usdt" if row["source"].startswith("binance") else "usd"}
        start, coin = judge.micros(row["window"]["start"]), row["coin_id"]
        if start + 60_000_000 > closed or start < whole:
            continue
        sources, quotes = order_at(txns, coin, start)
        rank = (place(sources, row["source"]), place(quotes, row["quote"]))
        if (start, coin) not in expected or rank < expected[start, coin][0]:
            expected[start, coin] = (rank, row)
    found = {(judge.micros(row["window"]["start"]), row["coin_id"]): row for row in tables["gold"].rows()}
    assert len(found) == len(tables["gold"].rows()), "two chosen rows of one coin and minute"
    found = {key: row for key, row in found.items() if key[0] >= whole}
    assert found == {key: row for key, (_, row) in expected.items()}, "chosen rows differ"
    for table, length in (("gold_1h", 3_600_000_000), ("gold_1d", 86_400_000_000)):
        periods = {}
        until = tables[table].txns.get("cryptostream/closed/chosen", 0)
        for (minute, coin), row in found.items():
            start = minute // length * length
            if start + length <= until and start >= whole:
                periods.setdefault((start, coin), {}).setdefault(row["quote"], []).append(row)
        rows = {(judge.micros(row["window"]["start"]), row["coin_id"]): row for row in tables[table].rows()}
        assert len(rows) == len(tables[table].rows()), f"{table}: two rows of one period"
        rows = {key: row for key, row in rows.items() if key[0] >= whole}
        assert rows.keys() == periods.keys(), f"{table}: lost or invented"
        for (start, coin), row in rows.items():
            _, quotes = order_at(txns, coin, start)
            quote = min(periods[start, coin], key=lambda name: place(quotes, name))
            minutes = sorted(periods[start, coin][quote], key=lambda minute: minute["window"]["start"])
            judge.check_period(row, minutes)
            sources = {minute["source"] for minute in minutes}
            assert (row["quote"], row["source"]) == (quote, sources.pop() if len(sources) == 1 else None)
            assert judge.micros(row["window"]["end"]) == start + length
