"""Runs the tool that makes the tables, and opens them with readers that share none of our code."""

import importlib.util
import json
import os
import pathlib
import subprocess

import deltalake
import duckdb

BRONZE = "bronze/crypto_raw"
SILVER = "silver/crypto_transformed"
GOLD = "gold/crypto_metrics_1m"
QUARANTINE = "quarantine/crypto_rejected"
GAPS = "gaps/crypto_gaps"
ODD = "odd"
TABLES = [BRONZE, SILVER, GOLD, QUARANTINE, GAPS, ODD]


def tool(*arguments):
    """Runs tables_tool, which is built beside the program."""
    root = pathlib.Path(__file__).resolve().parents[2]
    binary = pathlib.Path(os.environ.get("CRYPTOSTREAM_BINARY", root / "build/release/cryptostream"))
    command = [binary.parent / "tables_tool", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def dump(table):
    """What our own reader finds in a table."""
    return json.loads(tool("dump", table))


def delta_rs(table, version=None):
    return deltalake.DeltaTable(str(table), version=version)


def duck():
    """DuckDB with its Delta reader out of the pinned packages: nothing is downloaded at run time."""
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})
    packages = pathlib.Path(importlib.util.find_spec("duckdb_ext").submodule_search_locations[0])
    for name in ("parquet", "delta"):
        for extension in packages.glob(f"extensions/v{duckdb.__version__}/*/{name}.duckdb_extension"):
            connection.execute(f"LOAD '{extension}'")
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def duck_rows(connection, table, select="*", where="true"):
    query = connection.execute(f"SELECT {select} FROM delta_scan('file://{table}') WHERE {where}")
    columns = [column.to_pylist() for column in query.fetch_arrow_table().columns]
    return list(zip(*columns))
