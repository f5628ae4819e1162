"""Lakes as older versions of the program left them, which are sound. What a version wrote differently is put into a lake of today by hand."""

import json

import pyarrow as pa
import pytest
from damage import Table, rewrite
from verify_test import verify

# What the provider says: two objects, and something that is none.
COIN = {"id": "bitcoin", "symbol": "btc", "current_price": 60000.5, "total_volume": 1000, "last_updated": "2024-08-08T12:00:01.000Z"}
OTHER = COIN | {"id": "ethereum", "current_price": 2500.25}
NO_OBJECT = "soon"


def uncounted(table):
    """Its commits as versions wrote them that did not count themselves."""
    for version in table.versions():
        actions = table.actions(version)
        for action in actions:
            parameters = action.get("commitInfo", {}).get("operationParameters", {})
            for name in ("files", "filesRemoved", "rows", "positions", "positionSum", "offsetsWithoutRow"):
                parameters.pop(name, None)
        table.write(version, actions)


def first_row_twice(rows):
    return pa.concat_tables([rows.slice(0, 1), rows])


@pytest.fixture
def answers(cryptostream, tmp_path):
    """A lake of two answers of the provider."""
    file = tmp_path / "markets.jsonl"
    later = [row | {"last_updated": "2024-08-08T12:01:01.000Z"} for row in (COIN, OTHER)]
    file.write_text(json.dumps([COIN, OTHER, NO_OBJECT]) + "\n" + json.dumps(later) + "\n")
    lake = tmp_path / "lake"
    cryptostream("replay", file, "--format", "coingecko-markets", "--storage", lake, "--exit-when-done")
    return lake


@pytest.mark.parametrize("table", ["bronze", "quarantine"])
def test_what_an_answer_said_twice_was_kept_twice(table, answers, cryptostream):
    rewrite(Table(answers, table), first_row_twice)
    uncounted(Table(answers, table))
    code, wrong = verify(cryptostream, answers)
    assert (code, wrong) == (0, [])


@pytest.mark.parametrize("table", ["bronze", "quarantine"])
def test_what_is_twice_in_a_commit_of_today_is_wrong(table, answers, cryptostream):
    rewrite(Table(answers, table), first_row_twice)
    code, wrong = verify(cryptostream, answers)
    assert code == 1 and any("it is there 2 times" in place for check in wrong for place in check["places"]), wrong
