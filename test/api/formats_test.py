"""The forms of an answer's rows: each is read back by a client that is not ours and says the same as the objects."""

import csv
import datetime
import io
import json

import duckdb
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet
import pytest

TYPES = {"json": "application/json", "columns": "application/json", "csv": "text/csv", "arrow": "application/vnd.apache.arrow.stream",
         "parquet": "application/vnd.apache.parquet"}
BARS = "/api/v1/candles?coin=bitcoin&interval=1h&limit=30"


def read(body, form, folder):
    """The rows of an answer, as a pyarrow table; of objects those of the list in it."""
    if form == "json":
        return next(value for value in json.loads(body).values() if isinstance(value, list))
    if form == "columns":
        return pa.table(json.loads(body)).to_pylist()
    if form == "csv":
        return list(csv.DictReader(io.StringIO(body.decode())))
    if form == "arrow":
        return pa.ipc.open_stream(body).read_all().to_pylist()
    file = folder / "answer.parquet"
    file.write_bytes(body)
    return pa.parquet.read_table(file).to_pylist()


def text(value):
    """A value as the objects have it: times in RFC 3339."""
    if isinstance(value, datetime.datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value


def test_every_form_has_the_same_bars(served, tmp_path):
    objects = served.json(BARS)["candles"]
    assert len(objects) == 30
    for form in ("arrow", "parquet"):
        rows = read(served.get(f"{BARS}&format={form}")[2], form, tmp_path)
        assert [{name: text(value) for name, value in row.items()} for row in rows] == objects, form
    columns = served.json(f"{BARS}&format=columns")
    assert list(columns) == list(objects[0])
    assert columns["close"] == [bar["close"] for bar in objects] and columns["volume"] == [None] * 30
    first = datetime.datetime.fromisoformat(objects[0]["open_time"].replace("Z", "+00:00")).timestamp() * 1000
    assert columns["open_time"] == [first + 3_600_000 * i for i in range(30)]
    lines = read(served.get(f"{BARS}&format=csv")[2], "csv", tmp_path)
    assert [line["open_time"] for line in lines] == [bar["open_time"] for bar in objects]
    assert [float(line["avg"]) for line in lines] == [bar["avg"] for bar in objects] and lines[0]["vwap"] == ""
    assert {line["closed"] for line in lines} == {"true"}


def test_duckdb_reads_csv_and_parquet(served, tmp_path):
    for form in ("csv", "parquet"):
        (tmp_path / f"bars.{form}").write_bytes(served.get(f"{BARS}&format={form}")[2])
        found = duckdb.sql(f"select count(*), max(high), max(typeof(open_time)), bool_and(closed) from '{tmp_path}/bars.{form}'").fetchone()
        bars = served.json(BARS)["candles"]
        assert found == (30, max(bar["high"] for bar in bars), "TIMESTAMP WITH TIME ZONE", True), form


def test_the_metadata_say_what_the_question_says(served):
    schema = pa.ipc.open_stream(served.get(f"{BARS}&format=arrow")[2]).schema
    assert schema.metadata[b"coin"] == b"bitcoin" and schema.metadata[b"interval"] == b"1h" and int(schema.metadata[b"as_of_version"]) >= 0


@pytest.mark.parametrize(("accept", "form"), [
    ("", "json"), ("*/*", "json"), ("application/json", "json"), ("text/csv", "csv"), ("text/*", "csv"),
    ("application/vnd.apache.parquet", "parquet"), ("application/vnd.apache.arrow.stream;q=0.9, text/csv;q=0.5", "arrow"),
    ("application/json;q=0.1, text/csv", "csv"), ("text/html, application/xhtml+xml, */*;q=0.8", "json"), ("image/png", "json"),
    ("text/csv;q=0, */*", "json"), (",;=,q=,text/csv;q=x", "json"), ("application/json;q=0, */*", "csv"),
])
def test_accept_chooses(served, accept, form):
    status, headers, _ = served.get(BARS, {"Accept": accept} if accept else {})
    assert status == 200 and headers["Content-Type"].split(";")[0] == TYPES[form]


def test_format_beats_accept(served):
    for form, kind in TYPES.items():
        status, headers, _ = served.get(f"{BARS}&format={form}", {"Accept": "application/json"})
        assert status == 200 and headers["Content-Type"].split(";")[0] == kind
    assert b"json, columns, csv, arrow, parquet" in served.get(f"{BARS}&format=xml")[2]


def test_forms_are_apart_for_a_cache(served):
    tags = set()
    for form in TYPES:
        status, headers, _ = served.get(f"{BARS}&format={form}")
        tags.add(headers["ETag"])
        assert served.get(f"{BARS}&format={form}", {"If-None-Match": headers["ETag"]})[0] == 304
    assert len(tags) == len(TYPES)


def test_the_next_page_has_the_same_form(served):
    link = served.get("/api/v1/candles?coin=bitcoin&limit=5&format=csv")[1]["Link"]
    assert "format=csv" in link
    page = served.get(link[1:link.index(">")])
    assert page[0] == 200 and len(page[2].splitlines()) == 6


def test_no_bars_are_no_rows_in_every_form(served, tmp_path):
    empty = "/api/v1/candles?coin=bitcoin&from=2030-01-01T00:00:00Z"
    for form in TYPES:
        status, _, body = served.get(f"{empty}&format={form}")
        assert status == 200 and read(body, form, tmp_path) == [], form
    assert served.get(f"{empty}&format=csv")[2].startswith(b"open_time,close_time,open,")
