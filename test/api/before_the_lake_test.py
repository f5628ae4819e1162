"""`serve` that is started before there is a lake, or on what is none; a storage behind a symbolic link."""

import json
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
