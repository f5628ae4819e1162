"""POST /api/v1/query: a SELECT over the lake's views, in every form, and nothing that is not one: no file, no catalog, no setting, no end
without a bound. No answer holds a path of the machine."""

import csv
import http.client
import io
import json
import threading
import time

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet
import pytest


def post(server, body, path="/api/v1/query", kind="application/json", headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.request("POST", path, body if isinstance(body, (bytes, str)) else json.dumps(body), {"Content-Type": kind, **(headers or {})})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def ask(server, sql, **more):
    status, _, body = post(server, {"sql": sql, **more})
    assert status == 200, body
    return json.loads(body)


@pytest.fixture(autouse=True)
def nothing_of_the_machine(served, lake, monkeypatch):
    """Every answer of these tests is searched for the folder in which the lake lies."""
    real = http.client.HTTPResponse.read

    def read(self, *arguments):
        body = real(self, *arguments)
        assert str(lake).encode() not in body and b"read_parquet" not in body.replace(b"function read_parquet", b""), body[:500]
        return body

    monkeypatch.setattr(http.client.HTTPResponse, "read", read)


def test_rows_and_their_columns(served):
    answer = ask(served, "SELECT coin_id, count(*) AS n, min(\"window\".start) AS first FROM gold GROUP BY 1 ORDER BY 1")
    assert answer["columns"] == [{"name": "coin_id", "type": "string"}, {"name": "n", "type": "int64"}, {"name": "first", "type": "timestamp[us, tz=UTC]"}]
    assert [row["coin_id"] for row in answer["rows"]] == ["bitcoin", "ethereum"] and answer["rows"][0]["first"] == "2024-03-03T00:00:00.000Z"
    assert answer["truncated"] is False
    assert ask(served, "SELECT 1 AS a WHERE false") == {"columns": [{"name": "a", "type": "int64"}], "rows": [], "truncated": False}


def test_every_table_can_be_asked(served):
    for table in ("bronze", "silver", "gold", "gold_1h", "gold_1d", "gold_sources", "gold_sources_1h", "gold_sources_1d", "quarantine", "gaps"):
        assert ask(served, f"SELECT * FROM {table} LIMIT 2")["columns"], table


def test_odd_types_in_every_form(served, tmp_path):
    sql = ("SELECT {'a': 1, 'b': [1.5, NULL]} AS s, MAP {'k': 2} AS m, 170141183460469231731687303715884105::HUGEINT AS h, 1.50::DECIMAL(5,2) AS d, "
           "DATE '2024-02-29' AS day, 'q\"uo,te\nline' AS t, '\\xff'::BLOB AS b, NULL AS nothing, 'NaN'::DOUBLE AS nan, 1 AS s, INTERVAL 1 DAY AS i, true AS yes")
    row = ask(served, sql)["rows"][0]
    assert row["s"] == {"a": 1, "b": [1.5, None]} and row["m"] == [{"key": "k", "value": 2}] and row["h"] == 170141183460469231731687303715884105
    assert row["d"] == 1.5 and row["day"] == "2024-02-29" and row["t"] == 'q"uo,te\nline' and row["b"] == "\\xff"
    assert row["nothing"] is None and row["nan"] is None and row["s_1"] == 1 and row["i"] == "1 day" and row["yes"] is True
    arrow = pa.ipc.open_stream(post(served, {"sql": sql}, "/api/v1/query?format=arrow")[2]).read_all()
    file = tmp_path / "x.parquet"
    file.write_bytes(post(served, {"sql": sql}, "/api/v1/query?format=parquet")[2])
    for table in (arrow, pa.parquet.read_table(file)):
        got = table.to_pylist()[0]
        assert got["b"] == b"\xff" and str(got["d"]) == "1.50" and got["s"] == {"a": 1, "b": [pytest.approx(1.5), None]} and got["t"] == 'q"uo,te\nline'
    line = next(csv.DictReader(io.StringIO(post(served, {"sql": sql}, headers={"Accept": "text/csv"})[2].decode(), newline="")))
    assert line["s_a"] == "1" and line["t"] == 'q"uo,te\nline' and line["nothing"] == "" and json.loads(line["s_b"]) == [1.5, None]


@pytest.mark.parametrize("form", ["json", "columns", "csv", "arrow", "parquet"])
def test_what_is_cut_is_said(served, form):
    for sql, limit, cut in (("SELECT * FROM range(10)", 10, "false"), ("SELECT * FROM range(11)", 10, "true"), ("SELECT * FROM silver", 5, "true")):
        status, headers, body = post(served, {"sql": sql, "limit": limit}, f"/api/v1/query?format={form}")
        assert status == 200 and headers["X-Truncated"] == cut
        if form == "json":
            assert json.loads(body)["truncated"] is (cut == "true") and len(json.loads(body)["rows"]) == min(limit, 10)


REFUSED = [
    "COPY gold TO 'out.csv'", "CREATE TABLE t (a INT)", "INSERT INTO gold SELECT * FROM gold", "DROP VIEW gold", "ATTACH 'x.db'", "INSTALL httpfs", "LOAD json",
    "SET threads = 9", "RESET ALL", "PRAGMA database_list", "CALL pragma_version()", "EXPLAIN SELECT 1", "EXPLAIN ANALYZE SELECT 1", "CHECKPOINT", "VACUUM",
    "EXPORT DATABASE 'x'", "BEGIN", "SELECT 1; SELECT 2", "SELECT 1; DROP VIEW gold", "", " ", ";", "--", "SELEC 1", "SELECT", "SELECT * FROM",
    "PREPARE p AS SELECT 1", "EXECUTE p", "DESCRIBE gold", "SHOW TABLES", "SUMMARIZE gold", "FROM (DESCRIBE gold)", "FROM (SHOW ALL TABLES)",
    "SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM READ_CSV('/etc/passwd')", "SELECT * FROM \"read_csv\"('/etc/passwd')",
    "SELECT * FROM main.read_csv('/etc/passwd')", "SELECT * FROM system.main.read_text('/etc/passwd')", "SELECT * FROM read_blob('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'", "SELECT * FROM \"/etc/passwd\"", "SELECT * FROM 'gold/crypto_metrics_1m/*/*.parquet'", "SELECT * FROM glob('*')",
    "SELECT * FROM parquet_metadata('x')", "SELECT * FROM parquet_scan('x')", "SELECT * FROM sniff_csv('x')", "SELECT * FROM read_json_auto('x')",
    "WITH a AS (SELECT * FROM read_text('/etc/passwd')) SELECT * FROM a", "SELECT (SELECT content FROM read_text('/etc/passwd'))",
    "SELECT * FROM gold WHERE coin_id IN (SELECT content FROM read_text('/etc/passwd'))", "SELECT * FROM gold, LATERAL (SELECT * FROM glob(coin_id))",
    "SELECT 1 UNION ALL SELECT size FROM read_text('/etc/passwd')", "SELECT * FROM range(1) ORDER BY (SELECT count(*) FROM glob('*'))",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r, glob('*')) SELECT * FROM r", "VALUES ((SELECT max(file) FROM glob('*')))",
    "SELECT * FROM query('SELECT * FROM glob(''*'')')", "SELECT * FROM query_table('gold')", "SELECT * FROM json_execute_serialized_sql('{}')",
    "SELECT json_serialize_plan('SELECT * FROM gold')", "SELECT json_serialize_sql('SELECT 1')", "SELECT current_setting('allowed_directories')",
    "SELECT CURRENT_SETTING('temp_directory')", "SELECT list_transform(['allowed_directories'], x -> current_setting(x))", "SELECT getvariable('x')",
    "SELECT * FROM duckdb_settings()", "SELECT * FROM duckdb_views()", "SELECT sql FROM duckdb_views", "SELECT * FROM sqlite_master", "SELECT * FROM pragma_database_list",
    "SELECT * FROM information_schema.tables", "SELECT * FROM pg_catalog.pg_views", "SELECT * FROM system.information_schema.tables", "SELECT pg_get_viewdef(22085)",
    "SELECT * FROM files.gold", "SELECT filename FROM memory.files.gold", "SELECT * FROM \"files\".\"gold\"", "SELECT * FROM Files.Gold", "SELECT filename FROM gold",
    "SELECT file_row_number FROM silver", "SELECT * FROM nothing", "SELECT nothing FROM gold", "SELECT * FROM gold WHERE 'x' > ", "SELECT $1", "SELECT ?",
    "SELECT * FROM test_all_types()", "SELECT * FROM duckdb_secrets()", "SELECT * FROM which_secret('s3://x', 's3')", "SELECT nextval('x')",
    "SELECT * FROM gold AT (VERSION => 1)", "PIVOT gold ON coin_id USING count(*)", "SELECT '" + "x" * 30_000 + "'", "SELECT 1 /* \x01 */ FROM `gold`",
    "SELECT * FROM gold\x00; DROP VIEW gold", "SELECT 1 \x00 FROM read_text('x')", "SELECT repeat('x', 900000000)", "SELECT lpad('x', 900000000, 'x')", "SELECT \"repeat\"('x', 9)",
    "SELECT printf('%900000000d', 1)", "SELECT format('{:900000000}', 1)", "SELECT range(900000000)", "SELECT list_resize([1], 900000000)", "SELECT unnest(generate_series(9))", "sElEcT * fRoM rEaD_tExT($$/etc/passwd$$)", "SELECT DATE 'infinity'",
]


@pytest.mark.parametrize("sql", REFUSED, ids=lambda sql: repr(sql[:60]))
def test_anything_else_is_refused(served, sql):
    status, headers, body = post(served, {"sql": sql})
    assert status == 400 and headers["Content-Type"] == "application/problem+json", body
    assert json.loads(body)["detail"] and "\n" not in json.loads(body)["detail"]


@pytest.mark.parametrize("sql", [
    "WITH a AS (SELECT 5 AS n), b AS (SELECT n FROM a) SELECT n FROM b", "SELECT 5 AS n FROM GOLD LIMIT 1", "FROM (SELECT 5 AS n)", "SELECT max(n) + 0 AS n FROM generate_series(5) g(n)",
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT max(n) AS n FROM r", "SELECT unnest([5]) AS n", "SELECT 5 AS n;", "SELECT 5 AS n -- read_csv('x')",
    "SELECT 5 AS n FROM main.gold g JOIN silver s USING (coin_id) LIMIT 1", "SELECT count(*) OVER () - count(*) OVER () + 5 AS n FROM gold QUALIFY row_number() OVER () = 1",
    "SELECT length('read_csv(''x'')') - 8 AS n", "VALUES (5) ORDER BY 1",
])
def test_a_select_is_no_injection(served, sql):
    assert list(ask(served, sql)["rows"][0].values()) == [5], sql


@pytest.mark.parametrize("sql", ["SELECT " + "(" * 9_000 + "1" + ")" * 9_000, "SELECT " + "1+" * 9_000 + "1", "SELECT " + "-" * 1 + "- " * 9_000 + "1", "SELECT " + "NOT " * 4_500 + "true",
                                 "SELECT " + "[" * 9_000 + "]" * 9_000, "SELECT * FROM " + "(SELECT * FROM " * 1_200 + "gold" + ")" * 1_200, "SELECT " + "x." * 9_000 + "x"])
def test_what_is_nested_deeply_ends_nothing(served, sql):
    assert post(served, {"sql": sql})[0] in (200, 400, 503)
    assert ask(served, "SELECT 1 AS one")["rows"] == [{"one": 1}]


def test_bytes_are_bounded(served):
    status, headers, body = post(served, {"sql": "SELECT (SELECT string_agg('x', '') FROM range(1000000)) AS x FROM range(1000)"})
    assert status == 200 and headers["X-Truncated"] == "true" and 20_000_000 < len(body) < 40_000_000


def test_time_and_memory_are_bounded(serve, lake):
    server = serve(lake, "--set", "serve.query_timeout=2s", "--set", "serve.query_memory_mb=64")
    try:
        server.wait_until(lambda: server.json("/api/v1/coins")["coins"])
        for sql in ("SELECT count(*) FROM range(100000000000) a, range(100000) b", "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT max(n) FROM r",
                    "SELECT list(range) FROM range(100000000)"):
            begin = time.monotonic()
            status, headers, body = post(server, {"sql": sql})
            assert status == 503 and headers["Retry-After"] and time.monotonic() - begin < 20, (sql, status, body[:200])
        assert ask(server, "SELECT 1 AS one")["rows"] == [{"one": 1}]
    finally:
        server.stop()


def test_two_at_once_are_answered_or_told_to_wait_and_bars_go_on(served):
    answers = []
    slow = "SELECT count(*) AS n FROM range(40000000) a WHERE a.range % 7 = 3"
    threads = [threading.Thread(target=lambda: answers.append(post(served, {"sql": slow}))) for _ in range(6)]
    for thread in threads:
        thread.start()
    begin = time.monotonic()
    assert served.get("/api/v1/candles?coin=bitcoin&limit=5")[0] == 200 and time.monotonic() - begin < 5
    for thread in threads:
        thread.join()
    statuses = sorted(status for status, _, _ in answers)
    assert statuses[0] == 200 and set(statuses) <= {200, 503}
    assert all(headers.get("Retry-After") == "1" for status, headers, _ in answers if status == 503 and b"another question" in _)


@pytest.mark.parametrize(("body", "kind", "status", "word"), [
    ({"sql": "SELECT 1"}, "text/plain", 415, "application/json"), ({"sql": "SELECT 1"}, "", 415, "application/json"),
    ({}, "application/json", 400, "missing member: sql"), ("", "application/json", 400, "JSON object"), ("[]", "application/json", 400, "JSON object"),
    ('{"sql": 5}', "application/json", 400, "bad member"), ('{"sql": "SELECT 1", "x": 1}', "application/json", 400, "bad member: x"),
    ('{"sql": "SELECT 1", "limit": 0}', "application/json", 400, "limit"), ('{"sql": "SELECT 1", "limit": 100001}', "application/json", 400, "limit"),
    ('{"sql": "SELECT 1", "limit": 1.5}', "application/json", 400, "limit"), ('{"sql": "SELECT 1"', "application/json", 400, "JSON object"),
    ('{"sql": "SELECT 1", "sql": "SELECT 2"}', "application/json", 400, "twice"), (b'{"sql": "SELECT \xff"}', "application/json", 400, "JSON object"),
])
def test_bad_bodies_say_what_is_wrong(served, body, kind, status, word):
    got, _, answer = post(served, body, kind=kind)
    assert got == status and word in json.loads(answer)["detail"]


def test_only_post_is_answered(served):
    status, headers, body = served.get("/api/v1/query")
    assert status == 405 and headers["Allow"] == "POST, OPTIONS" and b"only POST" in body
    assert served.get("/api/v1/query", method="OPTIONS")[1]["Allow"] == "POST, OPTIONS"
    assert post(served, {"sql": "SELECT 1"}, "/api/v1/query?x=1")[0] == 400 and post(served, b"x" * 70_000)[0] == 413


def test_without_a_lake_the_views_are_empty(serve, tmp_path):
    server = serve(tmp_path / "nothing")
    try:
        assert ask(server, "SELECT count(*) AS n FROM gold")["rows"] == [{"n": 0}]
        assert ask(server, "SELECT * FROM gaps")["rows"] == []
    finally:
        server.stop()


def test_only_a_server_on_loopback_answers(serve, lake):
    server = serve(lake, "--address", "0.0.0.0", "--set", "serve.allow_remote=true")
    try:
        status, _, body = post(server, {"sql": "SELECT 1"})
        assert status == 403 and b"loopback" in body
    finally:
        server.stop()
