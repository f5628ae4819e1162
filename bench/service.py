"""The running program: how fresh its tables and its API are, how fast it answers and starts, and what a row costs on disk."""

import contextlib
import datetime
import itertools
import json
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from http import client as http_client
from http import server as http_server

import deltalake
import duckdb
import pyarrow.parquet

from measure import BINARY, ROOT, fsync_p99, percentile, run

FRESH_RATE, FRESH_SECONDS = 5000, 30
POLLED_SECONDS = 90
COINS = 10  # of the generator, in turn


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(*arguments):
    """The program as a service on a free port: gives a connection to it and its process."""
    port = free_port()
    command = [BINARY, *map(str, arguments), "--port", str(port)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield http_client.HTTPConnection("127.0.0.1", port, timeout=10), process
    finally:
        process.terminate()
        process.wait(timeout=30)


def get(connection, path):
    connection.request("GET", path)
    return connection.getresponse().read()


def wait_until_up(connection, path="/livez", unlike=b""):
    """Asks until there is an answer other than `unlike`."""
    while True:
        with contextlib.suppress(OSError):
            if get(connection, path) != unlike:
                return
        connection.close()
        time.sleep(0.002)


def table_latencies(root, column, rows_from, seconds=lambda time: time.timestamp()):
    """Seconds from the time that `column` tells of a row to the commit that holds it, for each row of a table."""
    latencies = []
    for commit in sorted((root / "_delta_log").glob("*.json")):
        committed = commit.stat().st_mtime
        for line in commit.read_text().splitlines():
            add = json.loads(line).get("add")
            if add and add["dataChange"]:  # not what a compaction only moved
                told = pyarrow.parquet.read_table(root / add["path"], columns=[column])[column]
                latencies += [committed - seconds(each) for each in told.to_pylist()]
    return latencies[rows_from:]


def watch_open_window(connection, seconds):
    """Polls the newest candle of bitcoin: pairs of (time seen, opening time of the window in ms, samples)."""
    seen, until = [], time.time() + seconds
    while time.time() < until:
        candles = json.loads(get(connection, "/api/v1/candles?coin=bitcoin&interval=1m&limit=1"))
        now = time.time()
        newest = candles["candles"][-1] if isinstance(candles, dict) else candles[-1]
        if not seen or seen[-1][1:] != (newest["open_time"], newest["samples"]):
            seen.append((now, newest["open_time"], newest["samples"]))
        time.sleep(0.005)
    return seen


def fresh(bench):
    """5,000 events a second, played at their own pace: from receiving to the commits, and to the API's open window."""
    source = bench.folder / "fresh.jsonl"
    with open(source, "wb") as out:
        command = [sys.executable, ROOT / "bench/gen.py", str(FRESH_RATE * FRESH_SECONDS), str(FRESH_RATE)]
        subprocess.run(command, stdout=out, check=True)
    lake = pathlib.Path(tempfile.mkdtemp(dir=bench.folder)) / "lake"
    limit = 1.0 + 10 * fsync_p99(bench.folder)
    with running("run", "--source", "replay", "--replay", source, "--speed", "1", "--storage", lake) as (connection, _):
        wait_until_up(connection)
        time.sleep(2)
        seen = watch_open_window(connection, FRESH_SECONDS - 6)
    for table, column in (("bronze/crypto_raw", "timestamp"), ("silver/crypto_transformed", "ingestion_timestamp")):
        p99 = percentile(table_latencies(lake / table, column, FRESH_RATE), 99)
        yield f"fresh at {FRESH_RATE:,}/s: committed in {table.split('/')[0]}, p99", f"{p99:.2f} s", f"<= {limit:.2f} s", p99 <= limit
    p99 = percentile(window_latencies(lake, seen), 99)
    yield "  in the API's open window, p99", f"{p99 * 1000:.0f} ms", "<= 100 ms", p99 <= 0.1


class Provider(http_server.BaseHTTPRequestHandler):
    """Answers as CoinGecko's /coins/markets does, with a new price each time."""

    polls = itertools.count()

    def do_GET(self):
        price, now = 100 + next(self.polls) / 100, datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        coins = [{"id": f"coin-{i}", "symbol": f"c{i}", "name": f"Coin {i}", "current_price": price + i, "total_volume": 1e6,
                  "last_updated": now.replace("+00:00", "Z")} for i in range(COINS)]
        body = json.dumps(coins).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def cpu_seconds(process):
    """What all threads of a process have used, to the nanosecond: clock ticks are too coarse for an idle one."""
    tasks = pathlib.Path(f"/proc/{process.pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def polls(bench):
    """A poll of ten coins every 15 s: from receiving to the commits, and the processor that it takes."""
    lake = pathlib.Path(tempfile.mkdtemp(dir=bench.folder)) / "lake"
    provider = http_server.ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    threading.Thread(target=provider.serve_forever, daemon=True).start()
    coins = ",".join(f"coin-{i}" for i in range(COINS))
    settings = (f"coingecko.base_url=http://127.0.0.1:{provider.server_port}", f"coingecko.coins={coins}", "coingecko.pace=15s",
                "source.backfill_days=0")
    within = max(0.05, 10 * fsync_p99(bench.folder))
    with running("run", "--source", "coingecko", "--storage", lake, *(part for each in settings for part in ("--set", each))) as (
            connection, process):
        wait_until_up(connection)
        time.sleep(5)
        before, since = cpu_seconds(process), time.monotonic()
        time.sleep(POLLED_SECONDS)
        share = (cpu_seconds(process) - before) / (time.monotonic() - since)
    provider.shutdown()
    for table, column in (("bronze/crypto_raw", "timestamp"), ("silver/crypto_transformed", "ingestion_timestamp")):
        p99 = percentile(table_latencies(lake / table, column, 0), 99)
        yield (f"a poll of {COINS} coins every 15 s: committed in {table.split('/')[0]}, p99", f"{p99 * 1000:.0f} ms",
               f"<= {within * 1000:.0f} ms", p99 <= within)
    yield "  the processor", f"{share:.2%} of a core", "<= 0.5 %", share <= 0.005


def window_latencies(lake, seen, since="ingestion_timestamp"):
    """Seconds from the time `since` of bitcoin's n-th row of a minute to an answer that counts at least n."""
    # Each row once: files that were merged stand beside the new one until vacuum takes them.
    rows = duckdb.sql(f"""select epoch_ms(time_bucket(interval '1 minute', api_timestamp)), epoch({since})
        from (select distinct api_timestamp, {since} from read_parquet('{lake}/silver/**/*.parquet', hive_partitioning=false)
              where coin_id = 'bitcoin') order by api_timestamp""").fetchall()
    received = {}
    for minute, at in rows:
        received.setdefault(minute, []).append(at)
    latencies, shown = [], {}
    for at, opened, samples in seen:
        opened = opened if isinstance(opened, int) else round(time_of(opened) * 1000)
        times = received.get(opened, [])
        latencies += [at - first for first in times[shown.get(opened, samples):samples]]
        shown[opened] = max(samples, shown.get(opened, 0))
    return latencies


def time_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def wrk(port, path):
    """Requests per second and the p99 in ms, with 8 connections for 5 s."""
    command = ["wrk", "-t2", "-c8", "-d5s", "--latency", f"http://127.0.0.1:{port}{path}"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    amount, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", output).groups()
    return float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1]), float(amount) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def http(bench):
    """/metrics/bitcoin beside a constant answer of the same server, a small file that it holds in memory."""
    if not shutil.which("wrk"):
        yield "/metrics/bitcoin under load", "not measured: apt-get install wrk", "", None
        return
    lake = pathlib.Path(tempfile.mkdtemp(dir=bench.folder)) / "lake"
    run([BINARY, "replay", bench.generated(200_000), "--exit-when-done", "--storage", lake, "--quiet"])
    with running("serve", "--storage", lake) as (connection, _):
        wait_until_up(connection, "/metrics/bitcoin", unlike=b"[]")
        results = {"/metrics/bitcoin": [], "/favicon.svg": []}
        size = {path: len(get(connection, path)) for path in results}
        for _ in range(bench.runs):
            for path, result in results.items():
                result.append(wrk(connection.port, path))
    ours, constant = (statistics.median(rate for rate, _ in result) for result in results.values())
    p99 = statistics.median(slowest for _, slowest in results["/metrics/bitcoin"])
    yield (f"/metrics/bitcoin ({size['/metrics/bitcoin']} bytes), 8 connections, of /favicon.svg ({size['/favicon.svg']})",
           f"{ours:,.0f} of {constant:,.0f}/s: {ours / constant:.2f}", ">= 0.5", ours >= 0.5 * constant)
    yield "  p99", f"{p99:.1f} ms", "<= 5 ms", p99 <= 5


STREAMS = 256
READER = """
import selectors, socket, sys
chosen = selectors.DefaultSelector()
for i in range(int(sys.argv[2])):
    stream = socket.create_connection(("127.0.0.1", int(sys.argv[1])), source_address=(f"127.0.0.{2 + i % 4}", 0))
    stream.sendall(b"GET /api/v1/stream HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
    chosen.register(stream, selectors.EVENT_READ)
print("open", flush=True)
while True:
    for key, _ in chosen.select():
        if not key.fileobj.recv(1 << 16):
            sys.exit("a stream ended")
"""


def paced_p99(connection, path, requests=5000, rate=1000):
    """The 99th percentile, in ms, of `requests` at this rate a second: from when a request was due to its answer."""
    took, due = [], time.monotonic()
    for _ in range(requests):
        due += 1 / rate
        time.sleep(max(0, due - time.monotonic()))
        get(connection, path)
        took.append(time.monotonic() - due)
    return percentile(took, 99) * 1000


def streams(bench):
    """1,000 requests a second beside 256 event streams, while 1,000 prices a second come in."""
    source = bench.folder / "streams.jsonl"
    with open(source, "wb") as out:
        subprocess.run([sys.executable, ROOT / "bench/gen.py", "120000", "1000"], stdout=out, check=True)
    alone, beside = [], []
    for _ in range(bench.runs):
        lake = pathlib.Path(tempfile.mkdtemp(dir=bench.folder)) / "lake"
        with running("run", "--source", "replay", "--replay", source, "--speed", "1", "--storage", lake) as (connection, _):
            wait_until_up(connection, "/metrics/bitcoin", unlike=b"[]")
            alone.append(paced_p99(connection, "/metrics/bitcoin"))
            command = [sys.executable, "-c", READER, str(connection.port), str(STREAMS)]
            with subprocess.Popen(command, stdout=subprocess.PIPE) as reader:
                reader.stdout.readline()
                time.sleep(1)
                beside.append(paced_p99(connection, "/metrics/bitcoin"))
                reader.terminate()
    ours, limit = statistics.median(beside), 2 * statistics.median(alone)
    yield f"1,000 requests/s beside {STREAMS} streams, p99", f"{ours:.1f} ms", f"<= {limit:.1f} ms, twice of none", ours <= limit


def start(bench):
    """From the command to the first answer on a new lake, and memory when nothing happens."""
    took, memory = [], []
    for _ in range(bench.runs):
        lake = pathlib.Path(tempfile.mkdtemp(dir=bench.folder)) / "lake"
        empty = bench.folder / "empty.jsonl"
        empty.touch()
        started = time.monotonic()
        with running("run", "--source", "replay", "--replay", empty, "--storage", lake) as (connection, process):
            wait_until_up(connection)
            took.append(time.monotonic() - started)
            time.sleep(5)
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            memory.append(int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024)
    yield "start on a new lake", f"{statistics.median(took) * 1000:.0f} ms", "<= 300 ms", statistics.median(took) <= 0.3
    yield "  idle memory", f"{statistics.median(memory):.0f} MB", "<= 120 MB", statistics.median(memory) <= 120


def size(bench):
    """What an observation and a trade cost in bronze and silver, compacted."""
    recordings = {"real CoinGecko observation": ("coingecko-markets", "coingecko_daily_snapshots.jsonl.gz"),
                  "real trade": ("binance-frames", "binance_spot_trades.frames.gz")}
    for name, (form, recording) in recordings.items():
        lake = pathlib.Path(tempfile.mkdtemp(dir=bench.folder)) / "lake"
        run([BINARY, "replay", ROOT / "data" / recording, "--format", form, "--exit-when-done", "--storage", lake, "--quiet"])
        run([BINARY, "compact", "--storage", lake])
        for table in ("bronze/crypto_raw", "silver/crypto_transformed"):
            yield f"{name}: {table}", *row_cost(lake / table), None


def row_cost(table):
    """Bytes a row of the live files, and the column that takes most of them."""
    files = deltalake.DeltaTable(str(table)).file_uris()
    sizes = duckdb.sql(f"""select path_in_schema, sum(total_compressed_size) from parquet_metadata({files})
        group by 1 order by 2 desc""").fetchall()
    rows = duckdb.sql(f"select sum(num_rows) from parquet_file_metadata({files})").fetchone()[0]
    total = sum(amount for _, amount in sizes)
    return f"{total / rows:.1f} bytes a row", f"{sizes[0][0]} takes {sizes[0][1] / rows:.1f}"
