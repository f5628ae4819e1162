"""Fills a lake's gold table with made-up candles, for measuring the sink: sink_lake.py LAKE FIRST_DAY DAYS DAYS_A_COMMIT append|replace.

Ten coins, a candle a minute; `replace` changes every number of the days that are there, a commit for some of them. Written by delta-rs, so that making a
million candles takes seconds and no engine.
"""

import sys

import duckdb
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

BASE = "timestamptz '2025-01-01 00:00:00+00'"


def value(field):
    if field.name == "window":
        return "{'start': t, 'end': t + interval 1 minute}"
    if field.name == "coin_id":
        return "'coin-' || coin"
    if field.name in ("source", "quote"):
        return {"source": "'coingecko'", "quote": "'usd'"}[field.name]
    if field.name == "date":
        return "cast(t at time zone 'UTC' as date)"
    if pa.types.is_timestamp(field.type):
        return "t + to_microseconds(cast(random() * 59000000 as bigint))"
    return "cast(random() * 60 as bigint)" if pa.types.is_integer(field.type) else "random() * 100000"


def candles(schema, first, days):
    columns = ", ".join(f'{value(field)} as "{field.name}"' for field in schema)
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    query = (f"select {columns} from (select {BASE} + to_minutes(minute) as t, coin from range({first * 1440}, {(first + days) * 1440}) m(minute), "
             "range(10) c(coin))")
    return connection.execute(query).fetch_arrow_table().cast(schema)


def main(lake, first, days, a_commit, mode):
    table = DeltaTable(f"{lake}/gold/crypto_metrics_1m")
    schema = pa.schema(table.schema().to_arrow())
    for day in range(int(first), int(first) + int(days), int(a_commit)):
        rows = candles(schema, day, min(int(a_commit), int(first) + int(days) - day))
        dates = rows.column("date").unique().to_pylist()
        if mode == "append":
            write_deltalake(table, rows, mode="append")
        else:
            write_deltalake(table, rows, mode="overwrite", predicate=f"date >= '{min(dates)}' AND date <= '{max(dates)}'")
    print(table.version())


main(*sys.argv[1:])
