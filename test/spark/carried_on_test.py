"""Silver and gold by Spark's tasks, from a lake that the engine left between bronze and silver, and back: the same rows, bit for bit."""

import json
import os
import pathlib
import random
import subprocess
import sys

import pytest
from deltalake import DeltaTable

TESTS = pathlib.Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
SPARK = (ROOT / "build/spark").resolve()
sys.path += [str(TESTS / "lake")]

from judge import TABLES  # noqa: E402

COINS = ["bitcoin", "ethereum", "solana", "cardano", "tron"]
BEFORE_MIDNIGHT = 1_763_855_700  # 2025-11-22, 23:55
# When a message was received is another moment in each lake.
OF_RECEIVING = {"bronze": ("timestamp", "date"), "silver": ("ingestion_timestamp",), "quarantine": ("timestamp", "date")}


def messages(seed, start, polls):
    """Two sources and trades, over midnight: rows that come twice, at odds, late, and what is no message."""
    draw, out = random.Random(seed), []
    for poll in range(polls):
        time = start + poll * 0.3
        for source in ("coingecko", "kraken"):
            out.append(json.dumps({"timestamp": round(time, 3), "coin_id": draw.choice(COINS), "price": round(draw.uniform(1, 9e4), draw.randint(0, 6)),
                                   "volume_24h": draw.uniform(1, 1e9), "source": source}))
        trade = {"timestamp": round(time, 3), "coin_id": "bitcoin", "price": str(round(draw.uniform(8e4, 9e4), 2)), "quantity": str(draw.random()),
                 "trade_id": seed * 1_000_000 + poll, "symbol": "BTCUSDT", "source": "binance_spot"}
        out.append(json.dumps(trade))
        if draw.random() < 0.1:
            out.append(draw.choice(out))
        if draw.random() < 0.03:
            out.append(json.dumps(trade | {"price": "1.5"}))
        if draw.random() < 0.03:
            out.append(draw.choice(['{"x": 1}', "no message", '{"timestamp": 1, "coin_id": "b", "price": -1}']))
    for _ in range(polls // 20):
        out.insert(draw.randrange(len(out)), out.pop(draw.randrange(len(out))))
    return out


@pytest.fixture(scope="session")
def recordings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recordings")
    paths = []
    for part, start in enumerate([BEFORE_MIDNIGHT, BEFORE_MIDNIGHT + 500]):
        path = folder / f"part{part}.jsonl"
        path.write_text("\n".join(messages(part + 1, start, 1500)) + "\n")
        paths.append(path)
    return paths


@pytest.fixture(scope="session")
def tree(binary, tmp_path_factory):
    """A tree as `make install` makes it, out of links."""
    tree = tmp_path_factory.mktemp("tree")
    (tree / "bin").mkdir()
    (tree / "bin/cryptostream").symlink_to(binary)
    return tree


@pytest.fixture
def spark(tree, tmp_path):
    """Runs the application on two threads of this machine until the lake has all that bronze has."""

    def run(lake, *flags, master="local[2]", check=True):
        environment = os.environ | {"SPARK_HOME": str(SPARK / "deps"), "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_DIRS": str(tmp_path / "local"),
                                    "PYTHONPATH": os.pathsep.join([str(SPARK), *map(str, SPARK.glob("lib/py4j-*.zip"))]), "SPARK_LOCAL_IP": "127.0.0.1"}
        done = subprocess.run([SPARK / "deps/bin/spark-submit", "--master", master, "--driver-memory", "600m", "--conf", "spark.ui.enabled=false", "--conf",
                               "spark.driver.extraJavaOptions=-XX:+UseSerialGC -XX:TieredStopAtLevel=1", ROOT / "spark/cryptostream_spark.py", "--home",
                               tree, "--exit-when-done", *flags, "--", "--storage", lake],
                              env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
        if check:
            assert done.returncode == 0, done.stderr[-4000:]
        return done

    return run


def replay(binary, lake, recording, crash=None):
    environment = os.environ | ({"CRYPTOSTREAM_CRASH": crash} if crash else {})
    done = subprocess.run([binary, "replay", recording, "--storage", lake, "--exit-when-done", "-q"], env=environment, capture_output=True, timeout=120)
    assert (done.returncode == 0) == (crash is None), done.stderr


def rows(lake, table):
    """All rows of a table, sorted, as texts that tell every bit of a number."""
    found = DeltaTable(str(lake / TABLES[table])).to_pyarrow_table()
    return sorted(map(repr, found.drop_columns(list(OF_RECEIVING.get(table, ()))).to_pylist()))


def test_the_cluster_and_the_engine_take_turns(binary, recordings, spark, tmp_path):
    by_engine, in_turns = tmp_path / "engine", tmp_path / "turns"
    for recording in recordings:
        replay(binary, by_engine, recording)
        # Bronze has it, and the rejects are in quarantine, when the engine ends: the cluster goes on with silver.
        replay(binary, in_turns, recording, crash="silver.before_commit:1")
        said = spark(in_turns, "--rows", "1000").stdout  # of both of Python's
        assert "cryptostream: silver: rows=" in said
    assert {table: rows(in_turns, table) == rows(by_engine, table) for table in TABLES} == dict.fromkeys(TABLES, True)
    assert rows(in_turns, "quarantine") and rows(in_turns, "gold_1d")
    done = subprocess.run([binary, "verify", "--storage", in_turns], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout
    # The engine has nothing left to do, and nothing comes twice.
    before = DeltaTable(str(in_turns / TABLES["silver"])).version()
    replay(binary, in_turns, recordings[0])
    assert DeltaTable(str(in_turns / TABLES["silver"])).version() == before
