"""`cryptostream query`: DuckDB over the live files, and nothing but reading."""

import csv
import io
import json
import subprocess

import pytest


def query(binary, lake, sql, *flags):
    return subprocess.run([binary, *flags, "query", sql, "--storage", lake], capture_output=True, text=True, timeout=60)


def test_every_table_is_a_view(binary, lake):
    sql = " UNION ALL ".join(f"SELECT '{view}' AS view, count(*) AS n FROM {view}" for view in ("bronze", "silver", "gold", "quarantine", "gaps"))
    done = query(binary, lake, sql, "--json")
    assert done.returncode == 0, done.stderr
    counts = {row["view"]: row["n"] for row in json.loads(done.stdout)}
    assert counts["bronze"] == counts["silver"] > counts["gold"] > 1000
    assert counts["quarantine"] == 0


def test_csv_and_table(binary, lake):
    sql = "SELECT coin_id, min(\"window\".start) AS first, count(*) AS n FROM gold GROUP BY 1 ORDER BY 1"
    done = subprocess.run([binary, "query", sql, "--storage", lake, "--csv"], capture_output=True, text=True, timeout=60)
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["coin_id"] for row in rows] == ["bitcoin", "ethereum"] and rows[0]["first"] == "2024-03-03T00:00:00.000Z"
    assert "bitcoin" in query(binary, lake, sql).stdout


@pytest.mark.parametrize("sql", ["COPY gold TO 'out.csv'", "CREATE TABLE t (a INT)", "SELECT * FROM read_csv('/etc/passwd')",
                                 "INSTALL httpfs", "SELECT 1; SELECT 2", "DROP VIEW gold", "SELEC 1"])
def test_anything_else_is_refused(binary, lake, sql):
    done = query(binary, lake, sql)
    assert done.returncode == 1 and done.stdout == "" and done.stderr
