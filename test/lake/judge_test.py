"""The judge over a lake that is being made and written: what is not there yet is no damage, and damage is not taken for that."""

import deltalake
import judge
import pyarrow
import pytest

ROOT = judge.TABLES["silver"]


def write(lake, value):
    deltalake.write_deltalake(str(lake / ROOT), pyarrow.table({"coin_id": [value]}), mode="append")


def coins(lake):
    return sorted(row["coin_id"] for row in judge.rows_while_written(lake, "silver"))


def test_a_table_that_is_not_made_has_no_rows(tmp_path):
    assert coins(tmp_path) == []
    (tmp_path / ROOT / "_delta_log").mkdir(parents=True)
    assert coins(tmp_path) == []
    write(tmp_path, "bitcoin")
    assert coins(tmp_path) == ["bitcoin"]
    with pytest.raises(judge.NotMade):
        judge.tables(tmp_path)


def test_a_log_that_changes_under_the_reader_is_read_again(tmp_path, monkeypatch):
    write(tmp_path, "bitcoin")
    read, looks = judge.DeltaTable.rows, []

    def rows_of_the_first_look_are_gone(table):
        looks.append(table.version)
        if len(looks) == 1:
            write(tmp_path, "tron")
            raise FileNotFoundError("vacuumed")
        return read(table)

    monkeypatch.setattr(judge.DeltaTable, "rows", rows_of_the_first_look_are_gone)
    assert coins(tmp_path) == ["bitcoin", "tron"] and looks == [0, 1]


def test_damage_is_not_taken_for_something_not_made(tmp_path):
    for value in ("bitcoin", "ethereum", "tron"):
        write(tmp_path, value)
    log = tmp_path / ROOT / "_delta_log"
    (log / f"{1:020}.json").rename(tmp_path / "taken")
    with pytest.raises(AssertionError, match="hole"):
        coins(tmp_path)
    (log / f"{0:020}.json").unlink()
    with pytest.raises(AssertionError, match="lost its beginning"):
        coins(tmp_path)


def test_a_data_file_that_is_gone_is_damage(tmp_path):
    write(tmp_path, "bitcoin")
    next((tmp_path / ROOT).glob("*.parquet")).unlink()
    with pytest.raises(FileNotFoundError):
        coins(tmp_path)
