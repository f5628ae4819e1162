"""`cryptostream import`: an original installation's bronze table, as Spark writes it, becomes ours, each row once."""

import datetime
import json
import os
import pathlib
import subprocess
import sys
import uuid

import deltalake
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "lake"))
import judge  # noqa: E402

SCHEMA = {"type": "struct", "fields": [{"name": name, "type": kind, "nullable": True, "metadata": {}}
                                       for name, kind in (("key", "string"), ("value", "string"), ("timestamp", "timestamp"))]}


class Original:
    """The bronze table of the original: a Delta log and Parquet files in Spark's own forms (INT96 times)."""

    def __init__(self, folder):
        self.table, self.version, self.values = folder / "storage/bronze/crypto_raw", 0, []
        (self.table / "_delta_log").mkdir(parents=True)
        self._commit([{"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
                      {"metaData": {"id": str(uuid.uuid4()), "format": {"provider": "parquet", "options": {}},
                                    "schemaString": json.dumps(SCHEMA), "partitionColumns": [], "configuration": {}}}])

    def _commit(self, actions):
        text = "".join(json.dumps(action) + "\n" for action in actions)
        (self.table / f"_delta_log/{self.version:020}.json").write_text(text)
        self.version += 1

    def append(self, count, statistics=True):
        """A micro-batch in two files, their names in no order."""
        actions = [{"commitInfo": {"timestamp": 1_723_000_000_000 + self.version, "operation": "STREAMING UPDATE"}}]
        files = sorted(f"part-{uuid.uuid4()}.snappy.parquet" for _ in range(2))
        for name, rows in zip(files, (count // 2, count - count // 2)):
            values = []
            for _ in range(rows):
                number = len(self.values) + len(values)
                values.append(json.dumps({"timestamp": 1_723_000_000 + number * 2.5, "coin_id": ["bitcoin", "tron"][number % 2],
                                          "price": 1.5 + number, "volume_24h": 7}))
            self.values += values
            stamp = datetime.datetime(2024, 8, 7, 3, 6, 40, 123000, tzinfo=datetime.timezone.utc)
            stamps = [stamp + datetime.timedelta(seconds=2.5 * (len(self.values) + i)) for i in range(rows)]
            table = pa.table({"key": pa.array([None] * rows, pa.string()), "value": values,
                              "timestamp": pa.array(stamps, pa.timestamp("us", "UTC"))})
            pq.write_table(table, self.table / name, use_deprecated_int96_timestamps=True)
            add = {"path": name, "size": (self.table / name).stat().st_size, "partitionValues": {}, "dataChange": True,
                   "modificationTime": 1_723_000_000_000}
            if statistics:
                add["stats"] = json.dumps({"numRecords": rows})
            actions.append({"add": add})
        self._commit(actions)


@pytest.fixture
def run():
    binary = pathlib.Path(os.environ.get("CRYPTOSTREAM_BINARY", "build/release/cryptostream")).resolve()

    def command(*arguments, code=0, **environment):
        done = subprocess.run([binary, *map(str, arguments)], env={**os.environ, **environment}, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=60)
        assert done.returncode == code, done.stderr
        return done

    return command


def check(lake, original):
    tables = judge.tables(lake)
    rows = sorted(tables["bronze"].rows(), key=lambda row: row["offset"])
    assert [row["value"] for row in rows] == original.values
    assert {row["key"] for row in rows} == {None}
    assert rows[0]["timestamp"].isoformat() > "2024-08-07T03:06:40"
    silver = tables["silver"].rows()
    assert len(silver) == len(original.values)
    judge.check_gold(silver, tables["gold_sources"].rows())


def test_each_row_once_also_when_repeated_and_when_the_original_went_on(run, tmp_path):
    original, lake = Original(tmp_path), tmp_path / "lake"
    for count in (40, 1, 25):
        original.append(count)
    run("import", tmp_path / "storage", "--storage", lake)
    check(lake, original)
    run("import", tmp_path / "storage", "--storage", lake)
    check(lake, original)
    original.append(30, statistics=False)
    run("import", original.table, "--storage", lake)
    check(lake, original)


@pytest.mark.parametrize("point", ["bronze.before_commit", "delta.after_commit"])
def test_a_killed_import_goes_on(point, run, tmp_path):
    original, lake = Original(tmp_path), tmp_path / "lake"
    for _ in range(3):
        original.append(60)
    run("import", tmp_path / "storage", "--storage", lake, code=-9, CRYPTOSTREAM_CRASH=f"{point}:1")
    run("import", tmp_path / "storage", "--storage", lake)
    check(lake, original)


def tidy_up(original, how):
    """What the original's owner may have done: a clean-up of the log, or OPTIMIZE and VACUUM."""
    table = deltalake.DeltaTable(str(original.table))
    if how == "compacted":
        table.optimize.compact()
        table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    else:
        table.create_checkpoint()
        for version in range(table.version()):
            (original.table / f"_delta_log/{version:020}.json").unlink()
    original.version = deltalake.DeltaTable(str(original.table)).version() + 1


@pytest.mark.parametrize("how", ["cleaned", "compacted"])
def test_where_commits_or_files_are_gone_the_newest_version_is_taken(how, run, tmp_path):
    original, lake = Original(tmp_path), tmp_path / "lake"
    for count in (40, 1, 25):
        original.append(count)
    tidy_up(original, how)
    run("import", tmp_path / "storage", "--storage", lake, code=-9, CRYPTOSTREAM_CRASH="delta.after_commit:1")
    for more in (0, 30):
        if more:
            original.append(more)
        run("import", tmp_path / "storage", "--storage", lake)
        assert sorted(row["value"] for row in judge.tables(lake)["bronze"].rows()) == sorted(original.values)


def test_what_came_since_cannot_be_told_when_the_commits_are_gone(run, tmp_path):
    original, lake = Original(tmp_path), tmp_path / "lake"
    original.append(10)
    run("import", tmp_path / "storage", "--storage", lake)
    original.append(10)
    tidy_up(original, "cleaned")
    refused = run("import", tmp_path / "storage", "--storage", lake, code=1)
    assert "import into a new lake" in refused.stderr
    assert len(judge.tables(lake)["bronze"].rows()) == 10
    run("import", tmp_path / "storage", "--storage", tmp_path / "new")
    assert len(judge.tables(tmp_path / "new")["bronze"].rows()) == 20


def test_what_is_no_original_is_refused(run, tmp_path):
    original, lake = Original(tmp_path), tmp_path / "lake"
    original.append(5)
    run("import", tmp_path / "storage", "--storage", lake)
    assert "a lake of our own" in run("import", lake, "--storage", tmp_path / "other", code=1).stderr
    (tmp_path / "empty").mkdir()
    assert "empty" in run("import", tmp_path / "empty", "--storage", tmp_path / "other", code=1).stderr
    (next(original.table.glob("*.parquet"))).unlink()
    assert run("import", tmp_path / "storage", "--storage", tmp_path / "third", code=1).stderr
