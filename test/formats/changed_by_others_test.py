"""Tables that another program changed, read by ours: a column added, rows appended, a compaction, rows deleted."""

import pyarrow as pa
import deltalake

import readers


def test_a_column_added_by_others_is_null_in_our_rows(own_lake):
    table = readers.delta_rs(own_lake / readers.ODD)
    table.alter.add_columns([deltalake.schema.Field("added", deltalake.schema.PrimitiveType("string"))])
    found = readers.dump(own_lake / readers.ODD)
    assert (found["version"], found["columns"], found["rows"]) == (2, 3, 9)
    rows = pa.table({"n": pa.array([2], pa.int64()), "source": ["plain"], "added": ["new"]})
    deltalake.write_deltalake(str(own_lake / readers.ODD), rows, mode="append")
    found = readers.dump(own_lake / readers.ODD)
    assert (found["version"], found["rows"], found["last_adds"], found["last_removes"]) == (3, 10, 1, 0)
    assert found["last_operation"] == "WRITE"


def test_a_compaction_by_others_changes_no_rows_and_is_not_seen_as_one(own_lake):
    before = readers.dump(own_lake / readers.BRONZE)
    readers.delta_rs(own_lake / readers.BRONZE).optimize.compact()
    after = readers.dump(own_lake / readers.BRONZE)
    assert after["version"] == before["version"] + 1
    assert after["files"] < before["files"] and after["rows"] == before["rows"]
    assert (after["last_adds"], after["last_removes"]) == (0, 0)


def test_a_deletion_by_others_is_seen_as_a_change(own_lake):
    readers.delta_rs(own_lake / readers.SILVER).delete("trade_id = 1000000000000")
    found = readers.dump(own_lake / readers.SILVER)
    assert found["rows"] == 239
    assert (found["last_adds"], found["last_removes"]) == (1, 1)


def test_a_checkpoint_by_others_carries_our_positions(own_lake):
    table = readers.delta_rs(own_lake / readers.GOLD)
    table.create_checkpoint()
    for commit in (own_lake / readers.GOLD / "_delta_log").glob("0*[01].json"):
        commit.unlink()
    found = readers.dump(own_lake / readers.GOLD)
    assert (found["version"], found["rows"], found["with_statistics"]) == (2, 4, 2)
    assert readers.delta_rs(own_lake / readers.GOLD).transaction_version("cryptostream/gold/the-silver-id") == 2
