"""The empty case of every route: no lake, an empty one, one without windows, unknown coins, ranges without data."""

import json
import subprocess

import pytest

from api_recording import message
from stream_test import Events


@pytest.fixture(scope="module", params=["no folder", "empty folder", "foreign files", "bronze only"])
def bare(request, binary, serve, tmp_path_factory):
    """`serve` over a place where there is no window to show."""
    lake = tmp_path_factory.mktemp("bare") / "lake"
    if request.param != "no folder":
        lake.mkdir()
    if request.param == "foreign files":
        (lake / "bronze").mkdir()
        (lake / "bronze" / "notes.txt").write_text("not a table")
    if request.param == "bronze only":
        full = lake.parent / "full"
        file = lake.parent / "recording.jsonl"
        file.write_text(message(0, "bitcoin", 1) + "\n")
        done = subprocess.run([binary, "replay", file, "--format", "messages", "--storage", full, "--exit-when-done"],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        (full / "bronze").rename(lake / "bronze")
    server = serve(lake)
    server.wait_until(lambda: "loading" not in server.get("/readyz?verbose")[2].decode())
    server.has_lake = request.param == "bronze only"
    server.lake = lake
    yield server
    server.stop()


def test_it_is_said_at_once_that_there_is_no_lake(bare):
    status, _, body = bare.get("/readyz")
    if bare.has_lake:
        assert status == 200 and b"[+] tables: followed\n[-] data: there is no price yet\ndegraded\n" == body
        assert not any("nothing to serve" in line for line in bare.log)
        return
    assert status == 503 and b"[-] tables: there is no lake at the storage path yet" in body and body.endswith(b"\nnot ready\n")
    assert bare.json("/api/v1/status")["health"]["state"] == "not ready"
    told = bare.wait_until(lambda: [line for line in bare.log if "nothing to serve yet" in line], seconds=5)
    assert len(told) == 1 and str(bare.lake) in told[0] and "cryptostream run" in told[0], bare.log
    # Clients are not told of the machine's folders.
    assert str(bare.lake).encode() not in body + bare.get("/api/v1/status")[2]


def test_every_route_has_an_empty_answer(bare):
    assert bare.json("/api/v1/coins") == {"coins": [], "mode": "live"}
    assert bare.json("/metrics/bitcoin") == []
    assert bare.json("/api/v1/candles?coin=bitcoin", status=404)["title"] == "Not found"
    status = bare.json("/api/v1/status")
    assert status["watermarks"] == {} and status["sources"] == []
    for name, table in status["tables"].items():
        there = bare.has_lake and name == "bronze"
        assert table == {"version": None, "rows": 0, "files": 0, "bytes": 0} or there, (name, table)
    metrics = bare.get("/metrics")[2].decode()
    assert "cryptostream_build_info" in metrics and "cryptostream_price_age_seconds{" not in metrics
    for path in ("/livez", "/version", "/openapi.json", "/"):
        assert bare.get(path)[0] == 200, path


def test_a_stream_of_nothing_begins_with_the_status(bare):
    events = Events(bare.port)
    assert events.status == 200
    event, data = events.until(lambda event, data: True)
    assert event["event"] == "status" and data["health"]["state"] != "ready"
    events.close()
    # A coin that is configured may come; one that nobody has heard of is a mistake.
    events = Events(bare.port, "/api/v1/stream?coins=bitcoin")
    assert events.status == 200
    events.close()
    status, headers, body = bare.get("/api/v1/stream?coins=bitcoin,nope")
    assert status == 404 and headers["Content-Type"] == "application/problem+json" and "nope" in json.loads(body)["detail"]


def test_a_coin_without_rows(served):
    assert served.json("/metrics/nope") == []
    for path in ("/api/v1/candles?coin=nope", "/api/v1/stream?coins=nope", "/api/v1/stream?coins=bitcoin,nope"):
        problem = served.json(path, status=404)
        assert list(problem) == ["type", "title", "status", "detail"] and "unknown coin: nope" in problem["detail"], path
    events = Events(served.port, "/api/v1/stream?coins=bitcoin,ethereum")
    assert events.status == 200
    events.close()


@pytest.mark.parametrize("fill", ["none", "previous"])
@pytest.mark.parametrize("bounds", ["to=2024-03-03T00:00:00Z", "to=0&from=", "from=2024-03-06T00:00:00Z", "from=2031-01-01T00:00:00Z",
                                    "from=1970-01-01T00:00:00Z&to=1970-01-02T00:00:00Z", "from=2040-01-01T00:00:00Z&to=2041-01-01T00:00:00Z"])
def test_a_range_before_or_after_everything(served, bounds, fill):
    if bounds == "to=0&from=":
        assert served.get(f"/api/v1/candles?coin=bitcoin&fill={fill}&{bounds}")[0] == 400
        bounds = "to=0"
    status, headers, body = served.get(f"/api/v1/candles?coin=bitcoin&fill={fill}&{bounds}")
    answer = json.loads(body)
    assert status == 200 and answer["candles"] == [] and answer["source"] is None and "Link" not in headers


def test_a_lake_that_comes_later_is_served_without_a_restart(binary, serve, tmp_path):
    server = serve(tmp_path / "lake")
    server.wait_until(lambda: b"there is no lake" in server.get("/readyz")[2])
    events = Events(server.port, "/api/v1/stream?coins=bitcoin")
    file = tmp_path / "recording.jsonl"
    file.write_text("\n".join(message(second, "bitcoin", 100 + second) for second in range(0, 600, 20)) + "\n")
    done = subprocess.run([binary, "replay", file, "--format", "messages", "--storage", tmp_path / "lake", "--exit-when-done"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    events.until(lambda event, data: event == "tick" and data["price"] == 680)
    events.close()
    assert len(server.wait_until(lambda: server.json("/metrics/bitcoin"))) == 10
    server.wait_until(lambda: server.get("/readyz")[0] == 200)
    server.stop()
