"""Rows of tables: ranges, pages by a cursor, tables as they were, one coin, and what is said to questions that cannot be answered."""

import csv
import io
import json
import subprocess
import urllib.parse

import pyarrow as pa
import pyarrow.ipc
import pytest

from api_recording import message, recording

LAST = "2024-03-05T23:59:40.000Z"


def pages(server, path, list_name):
    """The rows of all pages, in the order in which they were given."""
    out = []
    while path:
        status, headers, body = server.get(path)
        assert status == 200, body
        out.append(json.loads(body)[list_name])
        link = headers.get("Link")
        path = link[1:link.index(">")] if link else None
    return out


def replayed(binary, lake, folder, name, lines):
    file = folder / name
    file.write_text("\n".join(lines) + "\n")
    done = subprocess.run([binary, "replay", file, "--format", "messages", "--storage", lake, "--exit-when-done"],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def odd(binary, serve, tmp_path_factory):
    """A lake that grows by a second recording, with messages that cannot become rows."""
    folder = tmp_path_factory.mktemp("odd")
    good = [message(60 * i, "bitcoin", 100 + i) for i in range(20)]
    bad = ["no json at all", '{"timestamp": 1709424000, "coin_id": "bitcoin", "price": "=1+1, \\"x\\""}', message(5, "bitcoin", -1)]
    replayed(binary, folder / "lake", folder, "first.jsonl", good + bad)
    server = serve(folder / "lake")
    server.wait_until(lambda: server.json("/api/v1/quarantine")["messages"])
    yield server, folder
    server.stop()


def test_the_latest_rows_come_first_and_ascend(served):
    rows = served.json("/api/v1/ticks?limit=5")["ticks"]
    assert rows[-1]["api_timestamp"] == LAST and [row["api_timestamp"] for row in rows] == sorted(row["api_timestamp"] for row in rows)
    assert {row["coin_id"] for row in served.json("/api/v1/ticks?coin=ethereum&limit=50")["ticks"]} == {"ethereum"}
    first = served.json("/api/v1/ticks?from=0&limit=2")["ticks"]
    assert {row["api_timestamp"] for row in first} == {"2024-03-03T00:00:00.000Z"} and len(first) == 2
    inside = served.json("/api/v1/ticks?coin=bitcoin&from=2024-03-04T00:00:00Z&to=2024-03-04T00:10:00Z")["ticks"]
    assert [row["api_timestamp"] for row in inside] == ["2024-03-04T00:00:00.000Z", "2024-03-04T00:05:00.000Z"]


@pytest.mark.parametrize("limit", [1000, 7, 333])
@pytest.mark.parametrize("coin", ["", "&coin=ethereum"])
def test_pages_give_each_row_once_in_both_directions(served, limit, coin):
    if limit == 7:
        coin += "&from=2024-03-05T23:00:00Z&to=2024-03-05T23:20:00Z"
    forward = [row for page in pages(served, f"/api/v1/ticks?limit={limit}{coin}" + ("" if "from" in coin else "&from=0"), "ticks") for row in page]
    whole = served.json(f"/api/v1/ticks?limit=10000{coin}")["ticks"]
    assert forward == whole and len(whole) > 50
    if limit != 7:
        backward = pages(served, f"/api/v1/ticks?limit={limit}{coin}", "ticks")
        assert [row for page in reversed(backward) for row in page] == whole


BARS = ["interval=1m", "interval=1m&limit=5", "interval=1h", "interval=1m&from=0&limit=7", "interval=5m&fill=previous", "interval=1m&to=2024-03-03T00:10:00Z"]


def check_bars_as_they_were(server, bars):
    server.wait_until(lambda: len(server.json("/api/v1/candles?coin=bitcoin&interval=1m")["candles"]) == 30)
    for query, before in bars.items():
        path = f"/api/v1/candles?coin=bitcoin&{query}"
        assert server.json(path)["candles"] != before["candles"]
        assert server.json(f"{path}&as_of={before['as_of_version']}") == before, query
        server.wait_until(lambda: server.json(f"{path}&as_of=2100-01-01T00:00:00Z")["candles"] == server.json(path)["candles"])
    for asked in ("999999", "2001-01-01T00:00:00Z"):
        assert "the table gold_sources is kept from version 0" in server.json(f"/api/v1/candles?coin=bitcoin&as_of={asked}", 410)["detail"]
    assert server.json("/api/v1/candles?coin=dogecoin&as_of=0", 404)["status"] == 404
    link = server.get(f"/api/v1/candles?coin=bitcoin&limit=5&as_of={before['as_of_version']}")[1]["Link"]
    assert f"as_of={before['as_of_version']}" in link


def test_rows_that_come_meanwhile_move_no_page(binary, odd):
    server, folder = odd
    status, headers, body = server.get("/api/v1/ticks?coin=bitcoin&from=0&limit=8")
    first, link = json.loads(body), headers["Link"]
    bars = {query: server.json(f"/api/v1/candles?coin=bitcoin&{query}") for query in BARS}
    late = [message(60 * i + 30, "bitcoin", 200 + i) for i in range(3)] + [message(60 * i, "bitcoin", 300 + i) for i in range(20, 30)]
    replayed(binary, folder / "lake", folder, "second.jsonl", late)
    server.wait_until(lambda: len(server.json("/api/v1/ticks?coin=bitcoin&from=0")["ticks"]) == 33)
    rest = [row for page in pages(server, link[1:link.index(">")], "ticks") for row in page]
    assert [row["price"] for row in first["ticks"] + rest] == [100 + i for i in range(20)] + [300 + i for i in range(20, 30)]
    check_bars_as_they_were(server, bars)
    # The table as it was: by version, and by a time before and after all commits.
    version = first["as_of_version"]
    assert server.json(f"/api/v1/ticks?coin=bitcoin&from=0&as_of={version}&limit=8")["ticks"] == first["ticks"]
    assert len(server.json(f"/api/v1/ticks?coin=bitcoin&as_of={version}")["ticks"]) == 20
    assert len(server.json("/api/v1/ticks?coin=bitcoin&as_of=2100-01-01T00:00:00Z")["ticks"]) == 33
    for asked in ("as_of=999999", "as_of=2001-01-01T00:00:00Z"):
        problem = server.json(f"/api/v1/ticks?{asked}", 410)
        assert "the table silver is kept from version 0 of 20" in problem["detail"] and "without as_of" in problem["detail"]
    old, new = server.json(f"/api/v1/tables/silver?as_of={version}"), server.json("/api/v1/tables/silver")
    assert (old["rows"], new["rows"]) == (20, 33) and old["version"] == version < new["version"]


def test_quarantine_keeps_bytes_apart_from_everything_else(odd):
    server, _ = odd
    messages = server.json("/api/v1/quarantine")["messages"]
    assert len(messages) == 3 and {message["stage"] for message in messages} == {"silver"}
    lines = list(csv.DictReader(io.StringIO(server.get("/api/v1/quarantine?format=csv")[2].decode())))
    assert sorted(line["value"] for line in lines) == sorted(message["value"] for message in messages)
    assert any('"=1+1, \\"x\\""' in line["value"] for line in lines)
    rows = pa.ipc.open_stream(server.get("/api/v1/quarantine?format=arrow")[2]).read_all().to_pylist()
    assert sorted(row["value"].decode() for row in rows) == sorted(message["value"] for message in messages)
    assert server.json("/api/v1/quarantine?stage=bronze")["messages"] == [] == server.json("/api/v1/quarantine?source=nobody")["messages"]


def test_no_gaps_are_columns_without_rows(served):
    assert served.json("/api/v1/gaps") == {"as_of_version": None, "gaps": []} or served.json("/api/v1/gaps")["gaps"] == []
    names = served.get("/api/v1/gaps?format=csv")[2].decode().strip().split(",")
    assert names == list(served.json("/api/v1/gaps?format=columns")) and names[0] == "source" and names[-1] == "detected_at"


def test_every_table_is_described(served):
    for table in ("bronze", "silver", "gold_sources", "gold_sources_1h", "gold_sources_1d", "gold", "gold_1h", "gold_1d"):
        answer = served.json(f"/api/v1/tables/{table}")
        assert answer["rows"] > 0 and answer["files"] > 0 and answer["bytes"] > 0, table
        assert (answer["watermark"] is None) == (table == "bronze")
    assert served.json("/api/v1/tables/silver")["watermarks"] == {"coingecko": LAST}
    assert served.json("/api/v1/tables/nothing", 404)["detail"].startswith("unknown table: nothing")


def test_one_coin(served, serve, lake, tmp_path):
    coin = served.json("/api/v1/coins/bitcoin")
    listed = next(entry for entry in served.json("/api/v1/coins")["coins"] if entry["coin"] == "bitcoin")
    assert {**coin, "age_s": 0} == {**listed, "age_s": 0}
    assert served.json("/api/v1/coins/dogecoin", 404)["detail"].startswith("unknown coin: dogecoin")
    assert served.get("/api/v1/coins/%20")[0] == 400


@pytest.mark.parametrize(("query", "status", "word"), [
    ("coin=dogecoin", 404, "unknown coin"), ("coin=x%27%20OR%201%3D1--", 400, "bad value: coin"), ("source=a%00b", 400, "malformed"),
    ("cursor=after.1", 400, "Link"), ("cursor=after.1.xyz", 400, "Link"), ("cursor=.", 400, "Link"), ("cursor=", 400, "Link"),
    ("cursor=sideways.1.1", 400, "Link"), ("cursor=after.99999999999999999999.1", 400, "Link"), ("limit=0", 400, "from 1 to 10000"),
    ("limit=10001", 400, "10000"), ("from=5&to=5", 400, "from must be before to"), ("as_of=yesterday", 400, "as_of"), ("as_of=-1", 400, "as_of"),
    ("format=xlsx", 400, "format"), ("offset=5", 400, "unknown parameter"), ("stage=silver", 400, "unknown parameter"),
])
def test_bad_questions_say_what_is_wrong(served, query, status, word):
    assert word in served.json(f"/api/v1/ticks?{query}", status)["detail"]


def test_odd_cursors_never_break_anything(served):
    for cursor in ("after.-1.0", "before.0.0", "after.9999999999999999.ffffffffffffffff", "before.1709683180000000.0", "after.1709683180000000.0"):
        status, _, body = served.get("/api/v1/ticks?limit=3&cursor=" + urllib.parse.quote(cursor))
        assert status == 200 and isinstance(json.loads(body)["ticks"], list), cursor


def test_before_there_is_a_lake_there_are_no_rows(serve, tmp_path):
    server = serve(tmp_path / "nothing")
    try:
        for path, name in (("ticks", "ticks"), ("gaps", "gaps"), ("quarantine", "messages")):
            assert server.json(f"/api/v1/{path}") == {"as_of_version": None, name: []}
            assert server.json(f"/api/v1/{path}?as_of=0", 410)["detail"].startswith("there is no table")
        assert server.json("/api/v1/ticks?coin=bitcoin", 404)["status"] == 404
        table = server.json("/api/v1/tables/gold")
        assert (table["version"], table["rows"], table["watermark"]) == (None, 0, None) and len(table["columns"]) > 20
        assert server.get("/api/v1/coins/bitcoin")[0] == 404
    finally:
        server.stop()


def test_the_recording_is_what_silver_has(served):
    assert served.json("/api/v1/tables/silver")["rows"] == len(recording())
