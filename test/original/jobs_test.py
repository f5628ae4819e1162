"""The original's jobs beside us: Spark streams from our topic and from our tables, with the results that our own stages have."""

import json

import pytest

import judge

import spark  # noqa: F401  makes pyspark importable
import jobs

LATENESS_US = 30_000_000


def test_its_bronze_job_reads_our_topic(spark, broker, topic, sent, tmp_path):
    table = jobs.run(jobs.bronze(spark, broker.address, topic), tmp_path / "bronze")
    assert jobs.rows(spark, table, "key", "value") == sorted(sent)
    stamps = jobs.rows(spark, table, "unix_millis(timestamp)")
    assert stamps == sorted((int(json.loads(value)["timestamp"] * 1000),) for _, value in sent), "a record's time is its event's"
    assert spark.read.format("delta").load(str(table)).schema == jobs.BRONZE


def test_its_silver_job_makes_of_our_bronze_what_our_silver_holds(spark, lake, tmp_path):
    table = jobs.run(jobs.silver(jobs.stream(spark, lake / judge.TABLES["bronze"])), tmp_path / "silver")
    assert spark.read.format("delta").load(str(table)).schema == jobs.SILVER
    theirs = jobs.rows(spark, table, *jobs.SILVER_COLUMNS)
    assert theirs == jobs.rows(spark, lake / judge.TABLES["silver"], *jobs.SILVER_COLUMNS) != []


def test_its_gold_job_makes_of_our_silver_what_our_gold_holds(spark, lake, tmp_path):
    """Up to the windows that its watermark has not passed: those it would write with the next rows."""
    table = jobs.run(jobs.gold(jobs.stream(spark, lake / judge.TABLES["silver"])), tmp_path / "gold")
    assert spark.read.format("delta").load(str(table)).dtypes == spark.read.format("delta").load(str(lake / judge.TABLES["gold"])).dtypes[:5]
    theirs = jobs.rows(spark, table, *jobs.GOLD_COLUMNS)
    newest, = max(jobs.rows(spark, lake / judge.TABLES["silver"], "unix_micros(api_timestamp)"))
    ours = [row for row in jobs.rows(spark, lake / judge.TABLES["gold"], *jobs.GOLD_COLUMNS) if row[1] <= newest - LATENESS_US]
    assert len(ours) == 190
    assert [row[:3] + row[4:] for row in theirs] == [row[:3] + row[4:] for row in ours]
    assert [row[3] for row in theirs] == pytest.approx([row[3] for row in ours], rel=1e-14)
