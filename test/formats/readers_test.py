"""Each kind of table, as delta-rs and DuckDB's Delta reader see it: rows, types, positions, partitions, statistics."""

import datetime

import pyarrow as pa
import pytest

import readers

UTC = datetime.timezone.utc
ROWS = {readers.BRONZE: 240, readers.SILVER: 240, readers.GOLD: 4, readers.QUARANTINE: 1, readers.GAPS: 1, readers.ODD: 9}


def at(second):
    return datetime.datetime(2024, 8, 8, 23, 58, 0, 1, UTC) + datetime.timedelta(seconds=second)


@pytest.mark.parametrize("table", readers.TABLES)
def test_both_readers_count_the_rows(lake, duck, table):
    assert len(readers.delta_rs(lake / table).to_pyarrow_table()) == ROWS[table]
    assert readers.duck_rows(duck, lake / table, "count(*)") == [(ROWS[table],)]


@pytest.mark.parametrize("table", readers.TABLES)
def test_both_readers_find_the_same_rows(lake, duck, table):
    theirs = readers.delta_rs(lake / table).to_pyarrow_table()
    columns = ", ".join(f'"{name}"' for name in theirs.column_names)
    ours = readers.duck_rows(duck, lake / table, columns)
    by_text = lambda row: [str(value) for value in row]
    assert sorted(map(by_text, ours)) == sorted(by_text(row.values()) for row in theirs.to_pylist())


def test_bronze_values_are_the_bytes_received(lake):
    rows = readers.delta_rs(lake / readers.BRONZE).to_pyarrow_table().sort_by("offset").to_pylist()
    assert [row["offset"] for row in rows] == list(range(240))
    assert rows[7]["value"] == '{"timestamp":7,"coin_id":"bitcoin","price":7.5,"note":"\\u00e9 東京"}'
    assert [row["timestamp"] for row in rows] == [at(i) for i in range(240)]
    assert rows[119]["date"] == datetime.date(2024, 8, 8) and rows[120]["date"] == datetime.date(2024, 8, 9)


def test_types_are_those_of_the_original(lake):
    utc = pa.timestamp("us", tz="UTC")
    silver = pa.schema(readers.delta_rs(lake / readers.SILVER).schema().to_arrow())
    assert [silver.field(i).name for i in range(5)] == [
        "coin_id", "price", "volume_24h", "api_timestamp", "ingestion_timestamp"]
    assert silver.field("price").type == pa.float64()
    assert silver.field("api_timestamp").type == utc and silver.field("ingestion_timestamp").type == utc
    gold = pa.schema(readers.delta_rs(lake / readers.GOLD).schema().to_arrow())
    assert gold.field("window").type == pa.struct([("start", utc), ("end", utc)])
    assert readers.delta_rs(lake / readers.SILVER).metadata().partition_columns == ["year", "month", "day"]


def test_gold_shows_the_replacement_and_the_version_before_it(lake, duck):
    new = readers.duck_rows(duck, lake / readers.GOLD, "list(avg_price ORDER BY \"window\".start)")
    assert new == [([100.0, 101.0, 202.0, 203.0],)]
    old = readers.delta_rs(lake / readers.GOLD, version=1).to_pyarrow_table().column("avg_price").to_pylist()
    assert sorted(old) == [100.0, 101.0, 102.0, 103.0]


def test_positions_are_delta_transactions(lake):
    def position(table, app_id):
        return readers.delta_rs(lake / table).transaction_version(app_id)
    assert position(readers.BRONZE, "cryptostream/bronze/direct/coingecko") == 240
    assert position(readers.BRONZE, "cryptostream/epoch") == 1
    assert position(readers.SILVER, "cryptostream/silver/the-bronze-id") == 2
    assert position(readers.GOLD, "cryptostream/corrected/the-silver-id") == 2
    assert position(readers.GOLD, "cryptostream/never/written") is None


def test_quarantine_keeps_bytes_that_are_not_text(lake, duck):
    assert readers.duck_rows(duck, lake / readers.QUARANTINE, "value, reason") == [(b"\xff\xfe\x00{", "bad utf-8")]


@pytest.mark.parametrize("value", ["plain", "a/b", "50% off", "a=b&c", "q?#[x]", "Zürich 東京", "tab\there", "{x}|y", None])
def test_odd_partition_values_are_found(lake, duck, value):
    where = "source IS NULL" if value is None else f"source = '{value}'"
    assert readers.duck_rows(duck, lake / readers.ODD, "n", where) == [(1,)]
    table = readers.delta_rs(lake / readers.ODD)
    dataset = table.to_pyarrow_table()
    assert value in dataset.column("source").to_pylist()


def test_statistics_enclose_the_rows_and_leave_out_floats(lake):
    actions = pa.table(readers.delta_rs(lake / readers.SILVER).get_add_actions(flatten=True))
    assert sum(actions.column("num_records").to_pylist()) == ROWS[readers.SILVER]
    names = actions.column_names
    assert "min.price" not in names and "max.coin_id" in names and "min.trade_id" in names
    low, high = (actions.column(f"{side}.api_timestamp").to_pylist() for side in ("min", "max"))
    assert min(low) <= at(0) and max(high) >= at(239)
    assert max(high) - at(239) < datetime.timedelta(milliseconds=2)


def test_a_reader_that_skips_by_statistics_loses_nothing(lake, duck):
    """The greatest microsecond of a file lies above its bound cut to milliseconds."""
    last = at(239)
    assert readers.duck_rows(duck, lake / readers.SILVER, "trade_id", f"api_timestamp = TIMESTAMPTZ '{last}'") == [
        (1_000_000_000_239,)]
    filters = [("api_timestamp", "=", last)]
    assert len(readers.delta_rs(lake / readers.SILVER).to_pyarrow_table(filters=filters)) == 1


def test_folders_are_hive_partitions_for_readers_without_delta(lake, duck):
    path = lake / readers.SILVER / "**/*.parquet"
    rows = duck.execute(f"SELECT year, month, day, count(*) FROM read_parquet('{path}', hive_partitioning=true) "
                        "GROUP BY ALL ORDER BY day").fetchall()
    assert rows == [(2024, 8, 8, 120), (2024, 8, 9, 120)]
