"""Each figure of /metrics beside the truth: the tables as delta-rs reads them, the kernel's view of the process, and
docs/metrics.md."""

import os
import pathlib
import re
import time

import deltalake
import pytest

from api_recording import message

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TABLES = {"bronze": "bronze/crypto_raw", "silver": "silver/crypto_transformed", "gold": "gold/crypto_metrics_1m", "gold_sources": "gold/sources/crypto_metrics_1m",
          "gold_sources_1h": "gold/sources/crypto_metrics_1h", "gold_sources_1d": "gold/sources/crypto_metrics_1d",
          "gold_1h": "gold/crypto_metrics_1h", "gold_1d": "gold/crypto_metrics_1d", "quarantine": "quarantine/crypto_rejected",
          "gaps": "gaps/crypto_gaps"}
START_S = 1_709_424_000  # api_recording's


class Scrape:
    """The text format, parsed: types, helps, and values by name and labels."""

    def __init__(self, server):
        status, headers, body = server.get("/metrics")
        assert status == 200 and headers["Content-Type"] == "text/plain; version=0.0.4"
        self.types, self.helps, self.values = {}, {}, {}
        for line in body.decode().splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                self.types[name] = kind
            elif line.startswith("# HELP "):
                _, _, name, text = line.split(" ", 3)
                self.helps[name] = text
            elif line:
                name, labels, value = re.fullmatch(r"([a-z_0-9]+)(?:\{(.*)\})? (\S+)", line).groups()
                self.values[name, tuple(sorted(re.findall(r'(\w+)="([^"]*)"', labels or "")))] = float(value)

    def __call__(self, name, **labels):
        return self.values[name, tuple(sorted(labels.items()))]

    def of(self, name, label):
        """One label's values of a family."""
        return {dict(labels)[label]: value for (found, labels), value in self.values.items() if found == name}


@pytest.fixture(scope="module")
def engine(binary, tmp_path_factory):
    """`run` over a recording that it has taken whole, with a bad row, a row twice and a late one."""
    from server import Server
    folder = tmp_path_factory.mktemp("metrics")
    lines = [message(second, coin, 100 + second) for second in range(0, 1200, 10) for coin in ("bitcoin", "ethereum")]
    lines += ["no json", lines[3], message(5, "bitcoin", 7)]
    (folder / "recording.jsonl").write_text("\n".join(lines) + "\n")
    before = time.time()
    server = Server(binary, "run", "--source", "replay", "--replay", folder / "recording.jsonl", "--format", "messages",
                    "--speed", "max", "--storage", folder / "lake", "--port", "0", "--set", "stream.idle_after=1s")
    server.lake, server.began, server.sent = folder / "lake", before, len(lines)
    server.wait_until(lambda: server.json("/api/v1/status")["tables"]["gold"]["rows"] >= 40)
    yield server
    server.stop()


def tables(server):
    """The tables that are there: that of the gaps, say, comes with the first gap."""
    return {name: deltalake.DeltaTable(str(server.lake / path)) for name, path in TABLES.items() if (server.lake / path / "_delta_log").exists()}


def settled(server):
    """A scrape that counts the tables as they are now."""
    def look():
        versions = {name: table.version() for name, table in tables(server).items()}
        scrape = Scrape(server)
        return scrape if scrape.of("cryptostream_delta_table_version", "table") == versions else None
    return server.wait_until(look)


def test_tables_are_what_they_are(engine):
    scrape = settled(engine)
    assert set(tables(engine)) >= {"bronze", "silver", "gold", "quarantine"}
    for name, table in tables(engine).items():
        assert scrape("cryptostream_delta_table_version", table=name) == table.version(), name
        assert scrape("cryptostream_delta_files", table=name) == len(table.file_uris()), name


def test_rows_are_counted_as_the_tables_hold_them(engine):
    scrape = settled(engine)
    rows = {name: deltalake.DeltaTable(str(engine.lake / TABLES[name])).to_pyarrow_table().num_rows for name in ("bronze", "silver", "quarantine")}
    assert scrape("cryptostream_events_total", stage="bronze") == rows["bronze"] == engine.sent
    assert scrape("cryptostream_events_total", stage="silver") == rows["silver"]
    assert sum(scrape.of("cryptostream_quarantined_total", "reason").values()) == rows["quarantine"] == 1
    assert scrape("cryptostream_duplicate_events_total") == rows["bronze"] - rows["silver"] - rows["quarantine"] == 1


def test_the_watermark_is_what_is_complete_and_not_the_newest_event(engine):
    scrape = settled(engine)
    assert scrape("cryptostream_newest_event_timestamp_seconds", source="coingecko") == START_S + 1190
    gold = deltalake.DeltaTable(str(engine.lake / TABLES["gold_sources"]))
    closed = gold.transaction_version("cryptostream/closed/coingecko")
    assert scrape("cryptostream_watermark_timestamp_seconds", source="coingecko") == closed / 1e6
    ends = [window["end"].timestamp() for window in gold.to_pyarrow_table()["window"].to_pylist()]
    assert max(ends) <= closed / 1e6


def test_ages_are_of_the_price_itself(engine):
    scrape = Scrape(engine)
    age = time.time() - (START_S + 1190)
    assert scrape.of("cryptostream_price_age_seconds", "coin") == {"bitcoin": pytest.approx(age, abs=5), "ethereum": pytest.approx(age, abs=5)}


def test_the_process_is_described_as_the_kernel_sees_it(engine):
    pid = engine.process.pid
    scrape = Scrape(engine)
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = os.sysconf("SC_CLK_TCK")
    boot = int(re.search(r"^btime (\d+)", pathlib.Path("/proc/stat").read_text(), re.MULTILINE)[1])
    assert scrape("process_start_time_seconds") == pytest.approx(boot + int(fields[19]) / ticks, abs=0.02)
    assert engine.began - 2 <= scrape("process_start_time_seconds") <= time.time() - 0.5, "the start, not the first scrape"
    assert scrape("process_cpu_seconds_total") == pytest.approx((int(fields[11]) + int(fields[12])) / ticks, abs=0.5)
    assert scrape("process_resident_memory_bytes") == pytest.approx(int(fields[21]) * os.sysconf("SC_PAGESIZE"), rel=0.2)
    assert scrape("process_open_fds") == pytest.approx(len(os.listdir(f"/proc/{pid}/fd")), abs=10)
    limit = re.search(r"^Max open files\s+(\d+)", pathlib.Path(f"/proc/{pid}/limits").read_text(), re.MULTILINE)[1]
    assert scrape("process_max_fds") == int(limit)
    again = Scrape(engine)
    assert again("process_cpu_seconds_total") >= scrape("process_cpu_seconds_total")
    assert again("process_start_time_seconds") == scrape("process_start_time_seconds")


def test_requests_are_counted_and_timed(engine):
    labels = {"route": "/livez", "method": "GET", "code": "200"}
    name = "cryptostream_http_request_duration_seconds"
    engine.get("/livez")
    before = Scrape(engine)(name + "_count", **labels)
    for _ in range(5):
        engine.get("/livez")
    after = Scrape(engine)
    assert after(name + "_count", **labels) - before == 5
    # A refused head is timed too, from its own beginning.
    engine.get("/" + "a" * 20_000)
    refused = {"route": "none", "method": "other", "code": "431"}
    assert Scrape(engine)(name + "_sum", **refused) < 5


def test_streams_are_counted_while_they_are_open(engine):
    from stream_test import Events
    events = Events(engine.port)
    events.next()
    assert Scrape(engine)("cryptostream_sse_clients") == 1
    events.close()
    engine.wait_until(lambda: Scrape(engine)("cryptostream_sse_clients") == 0)


def test_types_and_names_are_prometheus_own(engine):
    scrape = Scrape(engine)
    assert scrape.types["process_cpu_seconds_total"] == "counter"
    for name, kind in scrape.types.items():
        assert scrape.helps[name].strip(), name
        assert (kind == "counter") == name.endswith("_total"), f"{name} is a {kind}"
        if "duration" in name or "age" in name:
            assert name.endswith("_seconds"), name
    for (name, _), value in scrape.values.items():
        assert value >= 0 or name.endswith("_timestamp_seconds"), name


def test_the_docs_list_what_there_is():
    """Every metric of the sources is in docs/metrics.md, with its labels, and nothing else is."""
    calls = r'(CountMetric|SetGauge|ReplaceGauges|ObserveSeconds|GaugeOf|CounterOf)\(\s*(?:state, )?"((?:cryptostream|process)_\w+)"'
    used = set()
    for path in (ROOT / "src").rglob("*.cc"):
        if not path.stem.endswith("_test"):
            used |= {name for _, name in re.findall(calls, path.read_text())}
    documented = set(re.findall(r"`((?:cryptostream|process)_\w+)", (ROOT / "docs" / "metrics.md").read_text()))
    assert used == documented
    assert len(used) > 25


def test_nothing_is_told_of_what_has_gone(engine):
    """Gauges by coin or table hold what is there now (unit tests: base/metrics_test.cc); here: no label is empty."""
    for (name, labels), _ in Scrape(engine).values.items():
        assert all(value for _, value in labels), (name, labels)
    assert sorted(Scrape(engine).of("cryptostream_price_age_seconds", "coin")) == ["bitcoin", "ethereum"]
