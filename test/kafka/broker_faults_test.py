"""What a topic and its broker can do to a reader: holes, open transactions, records that go while it sleeps, giants, long pauses."""

import re
import signal
import struct
import subprocess
import sys
import time
import urllib.request

import confluent_kafka
import judge
import pytest

import scenarios
from broker import free_ports
from conftest import wait_until
from messages import check_lake, kafka_positions, prices
from topic_to_tables_test import QUICK, stream

# Begins a transaction, says so, and is killed with it open.
OPEN_TRANSACTION = """
import sys, time, confluent_kafka
producer = confluent_kafka.Producer({"bootstrap.servers": sys.argv[1], "transactional.id": sys.argv[2], "transaction.timeout.ms": 600000})
producer.init_transactions(60)
producer.begin_transaction()
producer.produce(sys.argv[2], "never")
producer.flush(60)
print("open", flush=True)
time.sleep(600)
"""


def by_place(broker, topic):
    return {(message.partition(), message.offset()): message.value().decode()
            for messages in broker.records(topic).values() for message in messages}


def test_holes_of_compaction_are_no_loss(broker, topic, cryptostream, tmp_path):
    lake = tmp_path / "lake"
    broker.make_topic(topic, **{"cleanup.policy": "compact", "segment.ms": 100, "min.cleanable.dirty.ratio": 0.01,
                                "max.compaction.lag.ms": 100, "min.compaction.lag.ms": 0})
    sent = prices(60)
    first = dict(zip(broker.produce(topic, sent[:20]), (value for _, value in sent)))
    stream(cryptostream, broker, topic, lake)
    broker.produce(topic, sent[20:])

    def compacted():
        broker.produce(topic, prices(1, seed=len(by_place(broker, topic))))  # a segment is closed by what comes after it
        return min(place[1] for place in by_place(broker, topic)) > 40

    wait_until(compacted, "the cleaner")
    left = by_place(broker, topic)
    stream(cryptostream, broker, topic, lake)
    tables = judge.tables(lake)
    found = {(row["partition"], row["offset"]): row["value"] for row in tables["bronze"].rows()}
    # What the cleaner takes between the two looks may or may not have been read; the newest of each coin is there.
    assert first.items() <= found.items() and by_place(broker, topic).items() <= found.items()
    assert found.keys() <= first.keys() | left.keys()
    assert tables["gaps"].rows() == []
    end = max(left)[1] + 1
    assert kafka_positions(tables) == {0: end}
    stream(cryptostream, broker, topic, lake)  # though the record before the position may be gone by now


@pytest.mark.both_versions
def test_lag_ends_at_an_open_transaction_of_a_killed_producer(broker, topic, cryptostream, tmp_path):
    broker.make_topic(topic)
    before = broker.produce(topic, prices(5))
    owner = subprocess.Popen([sys.executable, "-c", OPEN_TRANSACTION, broker.address, topic], stdout=subprocess.PIPE, text=True)
    try:
        assert owner.stdout.readline() == "open\n"
    finally:
        owner.kill()
        owner.wait(120)
        owner.stdout.close()
    behind = prices(7, seed=3)
    places = broker.produce(topic, behind)
    lake, [port] = tmp_path / "lake", free_ports(1)
    (tmp_path / "none.jsonl").write_text("")
    cryptostream.start("run", "--broker", broker.address, "--topic", topic, "--source", "replay", "--replay", tmp_path / "none.jsonl",
                       "--storage", lake, "--port", port, *QUICK, log=tmp_path / "log")

    def lag():
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                found = re.findall(r"^cryptostream_kafka_consumer_lag_messages\{.*\} (\S+)$", answer.read().decode(), re.M)
        except OSError:
            return None
        return float(found[0]) if found else None

    wait_until(lambda: len(judge.rows_while_written(lake, "bronze")) == len(before), "what lies before the transaction")
    wait_until(lambda: lag() == 0, "no lag: what lies behind the last stable offset cannot be read")
    assert len(judge.rows_while_written(lake, "bronze")) == len(before)
    successor = confluent_kafka.Producer({**broker.client, "transactional.id": topic})
    successor.init_transactions(60)  # fences the killed one off and aborts what it left open
    wait_until(lambda: len(judge.rows_while_written(lake, "bronze")) == len(before) + len(places), "what lies behind it")
    assert "never" not in {row["value"] for row in judge.rows_while_written(lake, "bronze")}


def batches(segment):
    """The record batches of a log segment: (place in the file, size, first offset, offset behind the last)."""
    data, at = segment.read_bytes(), 0
    while at + 27 < len(data):
        first, size = struct.unpack_from(">qi", data, at)
        if size <= 0:  # the rest is room made beforehand
            return
        last = struct.unpack_from(">i", data, at + 23)[0]
        yield at, size + 12, first, first + last + 1
        at += size + 12


def damage(broker, topic, *ranges):
    """Flips a bit in the batches of partition 0 that begin in these ranges of offsets, on the disk of a broker that is made to look again.
    Returns the offsets that are lost."""
    broker.stop()
    segment = broker.folder / f"data/{topic}-0/00000000000000000000.log"
    data, lost = bytearray(segment.read_bytes()), []
    for at, size, first, end in batches(segment):
        if any(first in each for each in ranges):
            data[at + size - 5] ^= 1
            lost += range(first, end)
    segment.write_bytes(data)
    broker.start()
    return lost


def check_damaged(lake, kept, lost):
    """What was readable is in bronze, what was not in the gaps, each offset once."""
    tables = judge.tables(lake)
    assert sorted(row["offset"] for row in tables["bronze"].rows()) == kept
    told = sorted((row["from_offset"], row["to_offset"]) for row in tables["gaps"].rows())
    assert [offset for first, end in told for offset in range(first, end)] == lost
    assert kafka_positions(tables) == {0: len(kept) + len(lost)}


def test_a_damaged_batch_is_a_loss_that_is_told(broker, topic, cryptostream, tmp_path):
    """A flipped bit on the broker's disk: librdkafka would go on behind the batch."""
    lake = tmp_path / "lake"
    broker.make_topic(topic)
    for part in range(4):
        broker.produce(topic, prices(50, seed=part))
    lost = damage(broker, topic, range(50, 100), range(150, 200))
    assert lost == [*range(50, 100), *range(150, 200)]
    refused = stream(cryptostream, broker, topic, lake, check=False)
    assert refused.returncode == 1
    assert f"DATA_LOSS {topic}/0 [50,?)" in refused.stderr and "--accept-data-loss" in refused.stderr
    assert sorted(row["offset"] for row in judge.tables(lake)["bronze"].rows()) == [*range(50)]
    for _ in range(2):
        stream(cryptostream, broker, topic, lake, "--accept-data-loss")
    check_damaged(lake, [*range(50), *range(100, 150)], lost)


@pytest.mark.long
def test_a_broker_that_falls_silent_while_the_end_of_damage_is_looked_for(broker, topic, cryptostream, tmp_path):
    lake, log = tmp_path / "lake", tmp_path / "log"
    broker.make_topic(topic)
    for size in (50, 20_000, 50):  # so many lost ones take some thirty questions, of a tenth of a second each
        broker.produce(topic, prices(size, seed=size))
    lost = damage(broker, topic, range(50, 20_050))
    running = cryptostream.start("stream", "--broker", broker.address, "--topic", topic, "--storage", lake, "--exit-when-done",
                                 "--accept-data-loss", *QUICK, log=log)
    wait_until(lambda: "partition 0:" in log.read_text(), "the damage to be seen", interval=0.01)
    time.sleep(0.5)
    broker.freeze()
    try:
        wait_until(lambda: "no answer while readable records were looked for" in log.read_text(), "the silence to be said", 60)
    finally:
        broker.thaw()
    assert running.wait(120) == 0, log.read_text()
    check_damaged(lake, [*range(50), *range(20_050, 20_100)], lost)


def test_records_deleted_while_the_reader_sleeps(broker, topic, cryptostream, tmp_path):
    lake, log = tmp_path / "lake", tmp_path / "log"
    broker.make_topic(topic)
    broker.produce(topic, prices(50))
    running = cryptostream.start("stream", "--broker", broker.address, "--topic", topic, "--storage", lake, *QUICK, log=log)
    wait_until(lambda: len(judge.rows_while_written(lake, "bronze")) == 50, "the first rows")
    running.send_signal(signal.SIGSTOP)
    time.sleep(3)  # the fetch that is on its way is answered empty after half a second
    broker.produce(topic, prices(60, seed=2))
    broker.delete_records(topic, 0, 80)
    running.send_signal(signal.SIGCONT)
    assert running.wait(120) == 1, log.read_text()
    assert f"DATA_LOSS {topic}/0 [50,80)" in log.read_text() and "--accept-data-loss" in log.read_text()
    assert len(judge.tables(lake)["bronze"].rows()) == 50
    stream(cryptostream, broker, topic, lake, "--accept-data-loss")
    tables = judge.tables(lake)
    assert [row["offset"] for row in sorted(tables["bronze"].rows(), key=lambda row: row["offset"])] == [*range(50), *range(80, 110)]
    [gap] = tables["gaps"].rows()
    assert (gap["from_offset"], gap["to_offset"]) == (50, 80)


def test_a_giant_does_not_hold_up_other_partitions(broker, topic, cryptostream, tmp_path):
    """10 MB, a hundred times what a fetch of a partition asks for."""
    lake = tmp_path / "lake"
    broker.make_topic(topic, 3)
    sent = prices(900)
    giant = b'{"timestamp": 1763800000, "coin_id": "bitcoin", "price": 1, "pad": "' + b"x" * 10_000_000 + b'"}'
    expected = {}
    for partition in range(3):
        part = sent[partition * 300:partition * 300 + 300]
        for half in (part[:150], part[150:]):
            expected |= dict(zip(broker.produce(topic, half, partition), (value for _, value in half)))
            if partition == 1:
                broker.produce(topic, [(None, giant)], partition)
    stream(cryptostream, broker, topic, lake, "--set", "kafka.librdkafka.max.partition.fetch.bytes=100000")
    tables = check_lake(lake, expected)
    rejected = tables["quarantine"].rows()
    assert sorted((row["partition"], row["offset"]) for row in rejected) == [(1, 150), (1, 301)]
    assert all(row["reason"].startswith("too_large") and giant.startswith(row["value"]) for row in rejected)
    assert kafka_positions(tables) == {0: 300, 1: 302, 2: 300}


@pytest.mark.parametrize("pause_s", [4, pytest.param(60, marks=pytest.mark.long)])
def test_a_commit_that_takes_longer_than_any_poll_may(pause_s, broker, topic, cryptostream, tmp_path):
    """K11, time scaled: the whole reader stands at its first commit, and the broker may count it for dead."""
    lake = tmp_path / "lake"
    broker.make_topic(topic, 2)
    sent = prices(3000)
    places = broker.produce(topic, sent)
    settings = ["--set", "kafka.librdkafka.session.timeout.ms=1000", "--set", "kafka.librdkafka.max.poll.interval.ms=2000"]
    running = cryptostream.start("stream", "--broker", broker.address, "--topic", topic, "--storage", lake, "--exit-when-done", *QUICK,
                                 *settings, log=tmp_path / "log", crash="bronze.before_commit:1:stop")
    wait_until(lambda: running.poll() is not None or scenarios.state_of(running.pid) == "T", "the first commit")
    assert running.poll() is None, (tmp_path / "log").read_text()
    time.sleep(pause_s)
    places += broker.produce(topic, more := prices(100, seed=4, start=1_763_803_600))
    running.send_signal(signal.SIGCONT)
    assert running.wait(120) == 0, (tmp_path / "log").read_text()
    stream(cryptostream, broker, topic, lake)
    check_lake(lake, dict(zip(places, (value for _, value in sent + more))))


@pytest.mark.long
def test_a_reader_killed_at_every_point_that_it_reaches(broker, topic, cryptostream, tmp_path):
    broker.make_topic(topic, 2)
    sent = prices(2000) + [("tron", "{broken")] + prices(40, start=1_763_800_000 - 7200)  # a reject, and rows that come late
    expected = dict(zip(broker.produce(topic, sent), (value for _, value in sent)))
    hits = tmp_path / "hits"
    stream(cryptostream, broker, topic, tmp_path / "undisturbed", env={"CRYPTOSTREAM_CRASH_HITS": str(hits)})
    reached = [line.split()[0] for line in hits.read_text().splitlines() if not line.endswith(" 0")]
    assert len(reached) > 12
    for point in reached:
        lake = tmp_path / point
        for nth in (1, 2, 3):
            stream(cryptostream, broker, topic, lake, check=False, crash=f"{point}:{nth}")
        stream(cryptostream, broker, topic, lake)
        bronze = judge.tables(lake)["bronze"].rows()
        assert len(bronze) == len(expected), point
        assert {(row["partition"], row["offset"]): row["value"] for row in bronze} == expected, point
        assert "WRONG" not in cryptostream("verify", "--storage", lake).stdout, point
