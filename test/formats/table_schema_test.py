"""`cryptostream schema` says what the tables are: their logs, Spark's types and docs/tables.md say the same."""

import json
import os
import pathlib
import subprocess

import pytest

import readers

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("CRYPTOSTREAM_BINARY", ROOT / "build/release/cryptostream"))


def schema(*arguments):
    return subprocess.run([BINARY, "schema", *arguments], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("name, path", [("bronze", readers.BRONZE), ("silver", readers.SILVER), ("gold", readers.GOLD),
                                        ("quarantine", readers.QUARANTINE), ("gaps", readers.GAPS)])
def test_it_is_the_schema_of_the_table(lake, name, path):
    said, table = json.loads(schema(name, "--json")), readers.delta_rs(lake / path)
    assert said["path"] == path
    assert said["schema"] == json.loads(table.schema().to_json())
    assert said["partition_columns"] == table.metadata().partition_columns
    assert str(said["format"]) == table.metadata().configuration["cryptostream.format"]


def test_without_a_table_it_says_all():
    tables = json.loads(schema("--json"))
    assert [table["name"] for table in tables] == ["bronze", "silver", "gold_sources", "gold_sources_1h", "gold_sources_1d", "gold", "gold_1h", "gold_1d",
                                                 "quarantine", "gaps"]
    for table in tables:
        assert [column["name"] for column in table["columns"]] == [field["name"] for field in table["schema"]["fields"]]
        assert [column["name"] for column in table["columns"] if column["partition"]] == table["partition_columns"]
        assert all(column["meaning"] for column in table["columns"])


def test_people_are_told_every_column():
    words = schema("gold")
    for column in json.loads(schema("gold", "--json"))["columns"]:
        assert column["name"] in words and column["meaning"] in words


@pytest.mark.parametrize("name", ["bronze", "silver", "gold_sources", "quarantine", "gaps"])
def test_the_page_lists_the_columns(name):
    page = (ROOT / "docs/tables.md").read_text()
    assert f"<!-- columns of {name} -->\n{schema(name, '--markdown')}<!-- end -->" in page, "run tools/tables-doc"
