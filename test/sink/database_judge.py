"""Compares a database with the lake that it follows: the lake is read by delta-rs, the database by COPY in PostgreSQL's binary form, and
every value is compared as its bytes. Shares no code with the program."""

import collections
import datetime
import struct

from deltalake import DeltaTable

LAKE = {"gold": "gold/crypto_metrics_1m", "gold_1h": "gold/crypto_metrics_1h", "gold_1d": "gold/crypto_metrics_1d",
        "gold_sources": "gold/sources/crypto_metrics_1m", "gold_sources_1h": "gold/sources/crypto_metrics_1h",
        "gold_sources_1d": "gold/sources/crypto_metrics_1d", "silver": "silver/crypto_transformed",
        "quarantine": "quarantine/crypto_rejected"}
EPOCH = datetime.datetime(2000, 1, 1, tzinfo=datetime.timezone.utc)
CANDLE = [("open", "open"), ("high", "max_price"), ("low", "min_price"), ("close", "close"), ("avg", "avg_price"), ("volume", "volume"),
          ("vwap", "vwap"), ("samples", "samples"), ("updates", "updates"), ("price_change", "price_change"),
          ("price_change_pct", "price_change_pct"), ("volatility", "volatility"), ("range_pct", "range_pct"), ("volume_24h", "volume_24h"),
          ("market_cap", "market_cap"), ("first_event", "first_event"), ("last_event", "last_event"),
          ("max_source_age_s", "max_source_age_s"), ("source", "source"), ("quote", "quote")]
OBSERVATION = [("coin_id", "coin_id"), ("event_time", "api_timestamp"), ("price", "price"), ("quantity", "quantity"),
               ("volume_24h", "volume_24h"), ("market_cap", "market_cap"), ("price_change_24h", "price_change_24h"),
               ("price_change_percentage_24h", "price_change_percentage_24h"), ("high_24h", "high_24h"), ("low_24h", "low_24h"),
               ("last_updated", "last_updated"), ("received", "ingestion_timestamp"), ("source", "source"), ("quote", "quote"),
               ("symbol", "symbol"), ("trade_id", "trade_id")]


def encoded(value):
    """A value of the lake as PostgreSQL sends it."""
    if value is None:
        return None
    if isinstance(value, float):
        return struct.pack(">d", value)
    if isinstance(value, datetime.datetime):
        return struct.pack(">q", (value.astimezone(datetime.timezone.utc) - EPOCH) // datetime.timedelta(microseconds=1))
    if isinstance(value, int):
        return struct.pack(">q", value)
    if isinstance(value, bytes):
        return value
    return value.encode()


def copied(data):
    """The rows of a COPY in binary form."""
    at, rows = 19, []
    while True:
        (fields,) = struct.unpack_from(">h", data, at)
        at += 2
        if fields < 0:
            return rows
        row = []
        for _ in range(fields):
            (size,) = struct.unpack_from(">i", data, at)
            at += 4
            row.append(None if size < 0 else data[at:at + size])
            at += max(size, 0)
        rows.append(tuple(row))


def lake_rows(lake, table):
    path = lake / LAKE[table]
    if not (path / "_delta_log").exists():
        return []
    return DeltaTable(str(path)).to_pyarrow_table().to_pylist()


def differences(expected, found):
    """Lost, doubled or invented rows; those that differ are both."""
    expected, found = collections.Counter(expected), collections.Counter(found)
    return list((expected - found).elements()), list((found - expected).elements())


def check_candles(postgres, database, lake, tables=("gold", "gold_1h", "gold_1d"), into="candles", schema="cryptostream", older=False):
    """`older`: rows that the lake does not have any more may be there (retention)."""
    count = 0
    for table, interval in zip(tables, ("1m", "1h", "1d")):
        expected = [(row["coin_id"].encode(), encoded(row["window"]["start"]), *(encoded(row[name]) for _, name in CANDLE))
                    for row in lake_rows(lake, table)]
        columns = ", ".join(["coin_id", "open_time", *(f'"{name}"' for name, _ in CANDLE)])
        found = copied(postgres.copy_out(f"SELECT {columns} FROM {into} WHERE interval = '{interval}'", database, schema))
        lost, more = differences(expected, found)
        assert not lost, f"{len(lost)} rows of {table} are not in the database, such as {lost[:2]}; it has {more[:2]}"
        assert older or not more, f"{len(more)} rows of {into} {interval} are not in the lake, such as {more[:2]}"
        count += len(expected)
    return count


def check_observations(postgres, database, lake, schema="cryptostream"):
    expected = [tuple(encoded(row[name]) for _, name in OBSERVATION) for row in lake_rows(lake, "silver")]
    found = copied(postgres.copy_out("SELECT " + ", ".join(name for name, _ in OBSERVATION) + " FROM observations", database, schema))
    lost, more = differences(expected, found)
    assert not lost and not more, f"lost {len(lost)} {lost[:2]} doubled or invented {len(more)} {more[:2]}"
    return len(expected)


def check_prices(postgres, database, lake, schema="cryptostream"):
    newest = {}
    for row in lake_rows(lake, "silver"):
        key = (row["coin_id"], row["source"], row["quote"])
        order = (row["api_timestamp"], row["trade_id"] if row["trade_id"] is not None else -2**63, row["price"])
        if key not in newest or order >= newest[key][0]:
            newest[key] = (order, row)
    expected = [tuple(encoded(row[name]) for name in ("coin_id", "source", "quote", "price", "api_timestamp", "trade_id"))
                for _, row in newest.values()]
    found = copied(postgres.copy_out("SELECT coin_id, source, quote, price, event_time, trade_id FROM prices", database, schema))
    assert differences(expected, found) == ([], [])
    return len(expected)


def check_quarantine(postgres, database, lake, schema="cryptostream"):
    expected = [tuple(encoded(row[name]) for name in ("timestamp", "source", "topic", "offset", "stage", "reason", "value"))
                for row in lake_rows(lake, "quarantine")]
    found = copied(postgres.copy_out('SELECT received, source, topic, "offset", stage, reason, value FROM quarantine', database, schema))
    assert differences(expected, found) == ([], [])
    return len(expected)


def check_all(postgres, database, lake, schema="cryptostream", older=False):
    """Everything that a sink with all tables has written; `older`: the candles, beside which there may be some that the lake has lost to its
    age. Gives the rows that were compared."""
    sources = ("gold_sources", "gold_sources_1h", "gold_sources_1d")
    count = check_candles(postgres, database, lake, schema=schema, older=older)
    count += check_candles(postgres, database, lake, sources, "candles_by_source", schema, older)
    if not older:
        count += check_observations(postgres, database, lake, schema) + check_quarantine(postgres, database, lake, schema)
    assert postgres.sql(f"SELECT count(*) FROM {schema}.refused_rows", database) == [["0"]]
    return count if older else count + check_prices(postgres, database, lake, schema)
