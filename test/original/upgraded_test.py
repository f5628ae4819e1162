"""An upgraded lake read by Spark: old rows and new ones in one scan, versions of before, and a stream that was begun before."""

import json
import pathlib
import tarfile

import judge
import pytest
from conftest import run

KEPT = pathlib.Path(__file__).resolve().parents[1] / "upgrade/format-1/cut.tar.xz"


@pytest.fixture
def old_lake(tmp_path):
    with tarfile.open(KEPT) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path / "cut"


def add_rows(binary, lake, folder):
    more = folder / "more.jsonl"
    rows = [{"timestamp": 1_714_867_200 + 10 * i, "coin_id": "bitcoin", "price": 61_000 + i, "volume_24h": 1000.5} for i in range(30)]
    more.write_text("".join(json.dumps(row) + "\n" for row in rows))
    run(binary, "replay", more, "--storage", lake, "--exit-when-done")


def test_spark_reads_every_row_and_the_versions_of_before(spark, binary, old_lake, tmp_path):
    def load(name, **options):
        return spark.read.format("delta").options(**options).load(str(old_lake / judge.where(old_lake)[name]))

    before = {name: (load(name).columns, load(name).count(), table.version) for name, table in judge.tables(old_lake).items()}
    run(binary, "upgrade", "--storage", old_lake)
    add_rows(binary, old_lake, tmp_path)
    for name, table in judge.tables(old_lake).items():
        if name not in before:
            continue  # the chosen rows are new
        columns, count, version = before[name]
        assert load(name).count() == len(table.rows()) >= count
        assert (load(name, versionAsOf=version).columns, load(name, versionAsOf=version).count()) == (columns, count)
    assert load("silver").where("quote is null").count() == before["silver"][1] < load("silver").where("open is null and bar_s is null").count()


def test_a_stream_that_was_begun_before_goes_on_after(spark, binary, old_lake, tmp_path):
    table, out = old_lake / judge.TABLES["silver"], tmp_path / "out"

    def follow():
        frame = spark.readStream.format("delta").option("ignoreDeletes", "true").option("skipChangeCommits", "true").load(str(table))
        query = frame.select("coin_id", "price").writeStream.format("parquet").option("checkpointLocation", str(tmp_path / "at"))
        query.option("path", str(out)).trigger(availableNow=True).start().awaitTermination()

    follow()
    before = spark.read.parquet(str(out)).count()
    run(binary, "upgrade", "--storage", old_lake)
    add_rows(binary, old_lake, tmp_path)
    follow()
    assert before == 486 and spark.read.parquet(str(out)).count() == before + 30
