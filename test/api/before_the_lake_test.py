"""`serve` that is started before there is a lake, or on what is none; a storage behind a symbolic link."""

import json
import shutil
import subprocess

import deltalake
import pyarrow as pa
import pytest

from server import Server

ROWS = [{"timestamp": 1_709_683_200 + i * 20, "coin_id": "bitcoin", "price": 100 + i, "source": "coingecko"} for i in range(12)]


@pytest.fixture
def serve(binary):
    started = []

    def start(lake):
        started.append(Server(binary, "serve", "--storage", lake, "--port", "0"))
        return started[-1]

    yield start
    for server in started:
        server.process.terminate()
        server.process.wait(20)


def replay(binary, lake, folder):
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    subprocess.run([binary, "replay", folder / "rows.jsonl", "--storage", lake, "--exit-when-done"], check=True, capture_output=True)


def bars(server):
    return server.wait_until(lambda: json.loads(server.get("/api/v1/candles?coin=bitcoin")[2]).get("candles"))


def candles(server):
    """The bars, none where the coin is not known."""
    return json.loads(server.get("/api/v1/candles?coin=bitcoin")[2]).get("candles", [])


def test_a_lake_that_comes_later_is_served_without_a_restart(binary, serve, tmp_path):
    server = serve(tmp_path / "lake")
    replay(binary, tmp_path / "lake", tmp_path)
    assert [bar["open"] for bar in bars(server)] == [100, 103, 106, 109]


def test_a_storage_behind_a_symbolic_link_is_the_same(binary, serve, tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to("disk")
    replay(binary, tmp_path / "link", tmp_path)
    assert [bar["open"] for bar in bars(serve(tmp_path / "link"))] == [100, 103, 106, 109]
    assert (tmp_path / "disk/silver").exists()


def original(folder):
    rows = pa.table({"key": ["bitcoin"], "value": ["{}"], "timestamp": pa.array([1_709_683_200_000_000], pa.timestamp("us", "UTC"))})
    deltalake.write_deltalake(str(folder / "bronze/crypto_raw"), rows)


def foreign(folder):
    deltalake.write_deltalake(str(folder / "silver/crypto_transformed"), pa.table({"a": [1]}))


def table(folder):
    deltalake.write_deltalake(str(folder), pa.table({"a": [1]}))


def papers(folder):
    (folder / "letter.txt").write_text("dear")


@pytest.mark.parametrize("made, words", [(original, "cryptostream import"), (foreign, "another program"), (table, "a single table"),
                                         (papers, "is --storage the right folder?")])
@pytest.mark.parametrize("command", [["show", "gold"], ["query", "select 1"], ["quarantine", "list"], ["serve"]])
def test_what_is_no_lake_of_ours_is_told_by_name(binary, tmp_path, command, made, words):
    folder = tmp_path / "storage"
    folder.mkdir()
    made(folder)
    done = subprocess.run([binary, *command, "--storage", folder], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1, done.stderr
    assert words in done.stderr and str(folder) in done.stderr, done.stderr
    assert "Binder" not in done.stderr


@pytest.mark.parametrize("commits", [1, 2, 5], ids=["fewer", "as many", "more"])
def test_a_lake_in_place_of_another_is_served_alone(commits, binary, serve, tmp_path):
    """Removed and made anew, with other numbers of versions than before: nothing of the old one stays."""
    lake, rows = tmp_path / "lake", tmp_path / "rows.jsonl"

    def commit(numbers, of):
        for number in numbers:
            rows.write_text("".join(json.dumps(row | {"timestamp": row["timestamp"] + 240 * number, "price": row["price"] * of}) + "\n" for row in ROWS))
            subprocess.run([binary, "replay", rows, "--storage", lake, "--exit-when-done"], check=True, capture_output=True)

    commit(range(2), 1)
    server = serve(lake)
    server.wait_until(lambda: len(candles(server)) == 8)
    shutil.rmtree(lake)
    server.wait_until(lambda: server.get("/readyz")[0] == 503)
    commit(range(commits), 1000)
    def is_new():
        page = candles(server)
        return len(page) == 4 * commits and all(bar["low"] >= 100_000 for bar in page)

    server.wait_until(is_new)
    server.wait_until(lambda: server.get("/readyz")[0] == 200)
    assert is_new()


def test_a_lake_that_is_swapped_between_two_looks_is_served_alone(binary, serve, tmp_path):
    for name, of in (("lake", 1), ("other", 1000)):
        (tmp_path / name).mkdir()
        (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row | {"price": row["price"] * of}) + "\n" for row in ROWS))
        subprocess.run([binary, "replay", tmp_path / "rows.jsonl", "--storage", tmp_path / name, "--exit-when-done"], check=True,
                       capture_output=True)
    server = serve(tmp_path / "lake")
    assert bars(server)[0]["open"] == 100
    (tmp_path / "lake").rename(tmp_path / "before")
    (tmp_path / "other").rename(tmp_path / "lake")
    server.wait_until(lambda: [bar["open"] for bar in candles(server)] == [100_000, 103_000, 106_000, 109_000])
