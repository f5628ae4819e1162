"""The queries of docs/database.md, as they stand there, on a database that the sink has filled."""

import pathlib
import re

import pytest

TEXT = (pathlib.Path(__file__).resolve().parents[2] / "docs/database.md").read_text()
QUERIES = [code for code in re.findall(r"^```sql\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL) if not code.startswith("CREATE ROLE")]




def test_there_are_five():
    assert len(QUERIES) == 5


@pytest.mark.parametrize("query", QUERIES, ids=["last-price", "daily", "movers", "correlation", "gaps"])
def test_it_gives_rows(query, started):
    rows = started.sql(query)
    assert len(rows) >= 1 and all(cell is not None for cell in rows[0][:4]), rows


def test_a_reader_of_dashboards_sees_later_partitions_too(started):
    (grants,) = [code for code in re.findall(r"^```sql\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL) if code.startswith("CREATE ROLE")]
    started.postgres.sql("DROP ROLE IF EXISTS reader")
    started.sql(grants)
    started.replay(60, 1_710_000_000)
    started.sink()
    seen = started.postgres.sql("SELECT count(*) FROM cryptostream.candles_2024_03", started.database, "reader")
    assert seen != [["0"]]
    started.postgres.sql("DROP OWNED BY reader; DROP ROLE reader", started.database)
