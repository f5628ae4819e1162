"""Names of folders mean nothing: a lake gives the same answers wherever it lies (duckdb/duckdb#10431, #18152, #5901: a folder
"source=prod" above the data wins over the column in the file)."""

import json
import pathlib
import urllib.request

import pytest

from power_test import free_port, wait_until
from trouble_test import wait_for

INPUT = pathlib.Path(__file__).parent.parent / "data/cases/01-hive-parent"
HIVE = ["source=prod", "coin_id=all", "date=2020-01-01", "year=2020", "month=1", "day=1", "symbol=x", "stage=dev", "topic=x", "partition=3",
        "offset=7", "price=1", "filename=x", "window=x"]
ODD = ["a%20b", "%41", "a b", "[x]", "?", "*", "it's", "\"quoted\"", "#1", "ünï", "two\nlines", "s3:", "{a,b}", "~", "a;b", "$HOME"]
BACKSLASH = ["back\\slash", "[y]\\"]  # a slash to DuckDB's patterns
QUESTIONS = [
    "select key, value, source, topic, \"partition\", \"offset\", date from bronze order by source, topic, \"offset\"",
    "select coin_id, source, symbol, price, api_timestamp, year, month, day, hour from silver order by api_timestamp, coin_id, source",
    "select coin_id, source, \"window\".start as start, samples, open, close, date from gold order by 3, 1, 2",
    "select coin_id, source, \"window\".start as start, samples, date from gold_1h order by 3, 1, 2",
    "select source, topic, \"partition\", \"offset\", stage, reason, date = current_date as today from quarantine order by \"offset\", stage",
    "select count(*) from silver where year = 2024 and month = 3 and day = 5 and source = 'binance_spot'",
    "select count(*) from gold where date = '2024-03-01'",
]


def life(cryptostream, background, lake, elsewhere):
    """What a lake answers through all that can be done to it."""
    quick = ["--storage", lake, "--exit-when-done"]
    answers = {}

    def ask(when):
        answers[when] = [json.loads(cryptostream("query", sql, "--storage", lake, "--json").stdout) for sql in QUESTIONS]
        shown = [cryptostream("show", table, "--storage", lake, "--json").stdout for table in ("silver", "gold", "gold_1h")]
        answers[when].append([[{key: value for key, value in row.items() if "ingestion" not in key} for row in json.loads(rows)]
                              for rows in shown])
        listed = json.loads(cryptostream("quarantine", "list", "--storage", lake, "--json").stdout)
        answers[when].append([{key: value for key, value in row.items() if key != "time"} for row in listed])
        report = cryptostream("verify", "--storage", lake, check=False)
        assert report.returncode == 0, report.stdout

    cryptostream("replay", INPUT / "trades.jsonl", *quick)
    cryptostream("replay", INPUT / "two_days.jsonl", *quick)
    cryptostream("replay", INPUT / "pepe.frames", "--format", "binance-frames", *quick)
    ask("played")
    cryptostream("quarantine", "replay", "--storage", lake, "--set", "symbols.PEPEUSDT=pepe")
    ask("sent again")
    answers["recompute"] = cryptostream("recompute", "--from", "2000-01-01", "--to", "2100-01-01", "--storage", lake, "--json").stdout
    cryptostream("compact", "--storage", lake)
    answers["vacuum"] = json.loads(cryptostream("vacuum", "--storage", lake, "--json", "--set", "maintenance.file_retention=0s").stdout)
    for row in answers["vacuum"]:
        row.pop("bytes", None)
    ask("kept small")
    answers["served"] = serve(background, lake)
    assert not elsewhere.exists() or not list(elsewhere.iterdir()), "something was made where the name was read as a pattern or a URL"
    return answers


def serve(background, lake):
    port = free_port()
    process = background("serve", "--storage", lake, "--port", port)

    def get(path):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as reply:
            return json.load(reply)

    wait_for(lambda: process.poll() is not None or "listen" in process.log() or "http://" in process.log(), "the server")
    wait_until(lambda: len(get("/api/v1/coins")["coins"]) > 0)
    found = [get(f"/api/v1/candles?coin={coin}&interval={interval}&from=2024-02-29T00:00:00Z&to=2024-03-07T00:00:00Z")
             for coin in ("bitcoin", "ethereum", "pepe") for interval in ("1m", "1h")]
    process.terminate()
    process.wait(timeout=20)
    return found


@pytest.fixture(scope="module")
def plain():
    return {}


def check(cryptostream, background, tmp_path, plain, names):
    if not plain:
        plain.update(life(cryptostream, background, tmp_path / "plain/lake", tmp_path / "nowhere"))
        assert sorted(row["source"] for row in plain["played"][1]) == ["binance_spot"] * 3 + ["coingecko"] * 3
        assert ("pepe", "binance_spot") in {(row["coin_id"], row["source"]) for row in plain["sent again"][1]}
    odd = tmp_path / "odd"
    for decoy in ("x/lake", "1/lake", "a b/lake", "A/lake"):  # what a pattern or a decoded name would find instead
        (odd / decoy).mkdir(parents=True)
    found = life(cryptostream, background, odd.joinpath(*names) / "lake", odd / "x/lake")
    for when in plain:
        assert found[when] == plain[when], when


def test_folders_named_like_partitions_mean_nothing(cryptostream, background, tmp_path, plain):
    check(cryptostream, background, tmp_path, plain, HIVE)


def test_folders_named_like_patterns_and_urls_mean_nothing(cryptostream, background, tmp_path, plain):
    check(cryptostream, background, tmp_path, plain, ODD)


@pytest.mark.long
@pytest.mark.parametrize("name", HIVE + ODD + BACKSLASH)
def test_a_folder_of_any_name_is_a_folder(cryptostream, background, tmp_path, plain, name):
    check(cryptostream, background, tmp_path, plain, [name])


@pytest.mark.parametrize("command", ["replay", "run", "serve", "query", "show", "verify", "compact", "vacuum", "quarantine", "recompute",
                                     "produce", "stream", "import"])
def test_a_url_is_refused_before_anything_is_made(cryptostream, tmp_path, command):
    more = {"replay": [INPUT / "trades.jsonl"], "query": ["select 1"], "show": ["gold"], "quarantine": ["list"],
            "recompute": ["--from", "2024-01-01", "--to", "2024-01-02"], "import": [tmp_path], "produce": ["--broker", "localhost:1"],
            "stream": ["--broker", "localhost:1"]}.get(command, [])
    refused = cryptostream(command, *more, "--storage", "s3://lake/one", check=False, cwd=tmp_path)
    assert refused.returncode == 78
    assert "s3://lake/one" in refused.stderr and "not yet" in refused.stderr, refused.stderr
    assert not list(tmp_path.iterdir())
