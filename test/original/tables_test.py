"""The tables as the original's programs read them, with the original's tools: Spark 3.5 with Delta 3.1, DuckDB's delta_scan, its route."""

import json
import os
import statistics
import subprocess
import time
import urllib.request

import pytest

import judge
import readers

import spark  # noqa: F401  makes pyspark importable
import jobs
from pyspark.sql.types import StructType

COLUMNS = {"bronze": jobs.BRONZE, "silver": jobs.SILVER, "gold": jobs.GOLD}
MINUTE_US = 60_000_000


def windows_of(sent):
    """What a minute of a coin holds: (start in us, coin) -> prices."""
    out = {}
    for coin, value in sent:
        message = json.loads(value)
        out.setdefault((int(message["timestamp"]) // 60 * MINUTE_US, coin), []).append(message["price"])
    return out


@pytest.mark.parametrize("table", COLUMNS)
def test_spark_finds_the_originals_columns_with_their_types(table, spark, lake):
    frame = spark.read.format("delta").load(str(lake / judge.TABLES[table]))
    assert frame.select(*COLUMNS[table].fieldNames()).schema == COLUMNS[table]
    assert frame.columns[:len(COLUMNS[table])] == COLUMNS[table].fieldNames(), "first, and in the original's order"


@pytest.mark.parametrize("table", COLUMNS)
def test_spark_takes_the_exported_schema(table, spark, lake):
    command = [os.environ.get("CRYPTOSTREAM_BINARY", "build/release/cryptostream"), "schema", table, "--json"]
    said = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    frame = spark.read.format("delta").load(str(lake / judge.TABLES[table]))
    assert StructType.fromJson(said["schema"]) == frame.schema


def test_spark_reads_in_bronze_what_was_sent(spark, lake, sent):
    found = jobs.rows(spark, lake / judge.TABLES["bronze"], "key", "value")
    assert found == sorted(sent)
    stamps = [stamp / 1_000_000 for stamp, in jobs.rows(spark, lake / judge.TABLES["bronze"], "unix_micros(timestamp)")]
    assert time.time() - 3600 < stamps[0] <= stamps[-1] <= time.time(), "received while these tests ran"


def test_spark_reads_in_silver_what_was_sent(spark, lake, sent):
    found = jobs.rows(spark, lake / judge.TABLES["silver"], *jobs.SILVER_COLUMNS[:4])
    messages = [json.loads(value) for _, value in sent]
    assert found == sorted((row["coin_id"], row["price"], row["volume_24h"], round(row["timestamp"] * 1_000_000)) for row in messages)
    received = dict.fromkeys(jobs.rows(spark, lake / judge.TABLES["bronze"], "unix_micros(timestamp)"))
    stamps = jobs.rows(spark, lake / judge.TABLES["silver"], jobs.SILVER_COLUMNS[4])
    assert set(stamps) <= set(received), "the time of ingestion is bronze's"


def test_spark_reads_in_gold_the_figures_of_what_was_sent(spark, lake, sent):
    found = jobs.rows(spark, lake / judge.TABLES["gold"], *jobs.GOLD_COLUMNS)
    expected = windows_of(sent)
    assert [(start, coin) for start, _end, coin, *_ in found] == sorted(expected)
    for start, end, coin, average, highest, lowest in found:
        prices = expected[(start, coin)]
        assert (end - start, highest, lowest) == (MINUTE_US, max(prices), min(prices))
        assert average == pytest.approx(statistics.fmean(prices), rel=1e-15)


def test_the_originals_query_and_our_route_say_the_same(lake, served, sent):
    """The last ten windows of a coin: by DuckDB over gold, as the original's API asked, and by the route that took its place."""
    connection = readers.duck()
    for coin in ("bitcoin", "avalanche-2"):
        query = connection.execute(
            'SELECT epoch("window".start) AS window_start, epoch("window"."end") AS window_end, coin_id, avg_price, min_price, max_price '
            f"FROM delta_scan('file://{lake / judge.TABLES['gold']}') WHERE coin_id = ? ORDER BY \"window\".start DESC LIMIT 10", [coin])
        asked = query.fetch_arrow_table().to_pylist()
        with urllib.request.urlopen(f"{served}/metrics/{coin}", timeout=30) as answer:
            told = json.load(answer)
        assert told == asked and len(told) == 10
        assert [list(row) for row in told] == [list(row) for row in asked], "keys in the same order"
        starts = sorted((start for start, of in windows_of(sent) if of == coin), reverse=True)[:10]
        assert [row["window_start"] * 1_000_000 for row in told] == starts
