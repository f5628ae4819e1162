"""A source onto a topic of a real broker, and through it into tables: nothing lost, whatever is killed, and in order per coin."""

import json
import sqlite3
import time

import pytest

import judge
from conftest import wait_until
from messages import check_lake, prices
from rejected_test import LETTER_POINTS, RESEND_POINTS

QUICK = ["--set", "engine.commit_every=20ms", "--set", "engine.commit_bytes=65536", "--set", "engine.correct_every=50ms"]


def recording(folder, sent):
    path = folder / "messages.jsonl"
    path.write_text("".join(value + "\n" for _, value in sent))
    return path


def produce_command(broker, topic, folder, file):
    return ["produce", "--broker", broker.address, "--topic", topic, "--storage", folder / "produced", "--source", "replay",
            "--replay", file, "--as-source", "coingecko"]


def in_topic(broker, topic):
    """Values by coin in the order of the topic, and all messages."""
    found, by_coin = broker.records(topic), {}
    for messages in found.values():
        for message in messages:
            by_coin.setdefault(message.key().decode(), []).append(message.value().decode())
    return by_coin, [message for messages in found.values() for message in messages]


def without_repeats(values):
    return list(dict.fromkeys(values))


def of_coin(sent):
    by_coin = {}
    for coin, value in sent:
        by_coin.setdefault(coin, []).append(value)
    return by_coin


@pytest.mark.both_versions
def test_a_message_from_the_future_stops_nobody(broker, topic, cryptostream, tmp_path):
    """T2: a broker takes no record time that is more than an hour ahead; the message goes through and silver refuses it."""
    broker.make_topic(topic)
    sent = prices(20)
    sent[10:10] = prices(1, start=time.time() + 7200)
    cryptostream(*produce_command(broker, topic, tmp_path, recording(tmp_path, sent)))
    assert in_topic(broker, topic)[0] == of_coin(sent)
    cryptostream("stream", "--broker", broker.address, "--topic", topic, "--storage", tmp_path / "lake", "--exit-when-done", *QUICK)
    [row] = judge.tables(tmp_path / "lake")["quarantine"].rows()
    assert row["reason"].startswith("future_timestamp") and row["offset"] == 10


def test_a_topic_that_takes_small_batches_only_gets_such(broker, topic, cryptostream, tmp_path):
    broker.make_topic(topic, **{"max.message.bytes": 20_000})
    sent = prices(3000)
    produced = cryptostream(*produce_command(broker, topic, tmp_path, recording(tmp_path, sent)), "--set",
                            "kafka.librdkafka.compression.type=none")
    assert in_topic(broker, topic)[0] == of_coin(sent), produced.stderr
    assert "too large" not in produced.stderr


@pytest.mark.both_versions
def test_a_recording_goes_through_the_topic_into_tables(broker, topic, cryptostream, tmp_path):
    broker.make_topic(topic, 3)
    sent = prices(2000)
    cryptostream(*produce_command(broker, topic, tmp_path, recording(tmp_path, sent)))
    by_coin, messages = in_topic(broker, topic)
    assert by_coin == of_coin(sent), "each message once, in order per coin, keyed by coin"
    one = messages[0]
    assert one.timestamp()[1] == int(json.loads(one.value())["timestamp"] * 1000), "the record's time is the event's"
    assert dict(one.headers()) == {"source": b"coingecko", "content-type": b"application/json", "schema-version": b"1"}
    again = cryptostream(*produce_command(broker, topic, tmp_path, tmp_path / "messages.jsonl"))
    assert in_topic(broker, topic)[0] == by_coin, again.stderr
    cryptostream("stream", "--broker", broker.address, "--topic", topic, "--storage", tmp_path / "lake", "--exit-when-done", *QUICK)
    check_lake(tmp_path / "lake", {(message.partition(), message.offset()): message.value().decode() for message in messages})


POINTS = ["topic.after_acknowledged", "topic.before_spool_commit", "topic.after_spool_commit"]


def test_every_crash_point_of_a_producer_is_among_those_that_are_tried(cryptostream):
    listed = cryptostream("--list-crash-points").stdout.split()
    elsewhere = {*LETTER_POINTS, *RESEND_POINTS}
    assert sorted(POINTS) == sorted(name for name in listed if name.startswith("topic.") and name not in elsewhere and "_marks_" not in name)


@pytest.mark.parametrize("point", [POINTS[0], *(pytest.param(point, marks=pytest.mark.long) for point in POINTS[1:])])
def test_a_killed_producer_loses_nothing(point, broker, topic, cryptostream, tmp_path):
    broker.make_topic(topic, 2)
    sent = prices(60_000)  # more than one batch
    command = produce_command(broker, topic, tmp_path, recording(tmp_path, sent))
    kills = 0
    for nth in (1, 2):
        kills += cryptostream(*command, check=False, crash=f"{point}:{nth}").returncode == -9
    assert kills >= 1, "the point was never reached"
    cryptostream(*command)
    by_coin, messages = in_topic(broker, topic)
    assert {coin: without_repeats(values) for coin, values in by_coin.items()} == of_coin(sent)
    cryptostream("stream", "--broker", broker.address, "--topic", topic, "--storage", tmp_path / "lake", "--exit-when-done")
    check_lake(tmp_path / "lake", {(message.partition(), message.offset()): message.value().decode() for message in messages})


def test_the_spool_keeps_what_a_broker_that_is_away_has_not_acknowledged(broker, topic, cryptostream, tmp_path):
    broker.make_topic(topic)
    sent = prices(500)
    broker.freeze()
    try:
        command = produce_command(broker, topic, tmp_path, recording(tmp_path, sent))
        running = cryptostream.start(*command, log=tmp_path / "log")
        spool = tmp_path / "produced" / "state" / f"kafka_spool_{topic}.db"
        wait_until(lambda: spool.exists() and spool.stat().st_size > 50_000, "the recording in the spool")
        running.kill()
        running.wait(10)
    finally:
        broker.thaw()
    (tmp_path / "messages.jsonl").unlink()  # the spool has it: the recording is not needed any more
    (tmp_path / "other.jsonl").write_text(prices(1, seed=5)[0][1] + "\n")
    cryptostream(*produce_command(broker, topic, tmp_path, tmp_path / "other.jsonl"))
    by_coin, _ = in_topic(broker, topic)
    coin, last = prices(1, seed=5)[0]
    expected = of_coin(sent)
    expected[coin].append(last)
    assert {coin: without_repeats(values) for coin, values in by_coin.items()} == expected


@pytest.mark.long
def test_a_broker_killed_in_the_middle(broker, topic, cryptostream, tmp_path):
    broker.make_topic(topic, 2)
    sent = prices(60_000)
    command = produce_command(broker, topic, tmp_path, recording(tmp_path, sent))
    running = cryptostream.start(*command, log=tmp_path / "log")
    wait_until(lambda: "writing topic" in (tmp_path / "log").read_text(), "the start")
    time.sleep(0.3)
    broker.kill()
    broker.start()
    assert running.wait(120) == 0, (tmp_path / "log").read_text()
    by_coin, _ = in_topic(broker, topic)
    assert {coin: without_repeats(values) for coin, values in by_coin.items()} == of_coin(sent)


def test_a_topic_that_is_missing_is_made_and_what_it_cannot_take_is_told(broker, topic, cryptostream, tmp_path):
    good = prices(3)
    large = json.dumps({"timestamp": 1763800000, "coin_id": "bitcoin", "price": 1, "pad": "x" * 5_000_000})
    lines = [good[0], ("bitcoin", large), good[1], ("", "{broken"), good[2]]
    cryptostream(*produce_command(broker, topic, tmp_path, recording(tmp_path, lines)), "--set", "kafka.partitions=1")
    assert broker.admin().list_topics(topic, 10).topics[topic].error is None
    lake = tmp_path / "lake"
    cryptostream("stream", "--broker", broker.address, "--topic", topic, "--storage", lake, "--exit-when-done")
    tables = judge.tables(lake)
    assert len(tables["silver"].rows()) == 3
    reasons = sorted(row["reason"].split(":")[0] for row in tables["quarantine"].rows())
    assert reasons == ["malformed_json", "too_large"]
    [kept] = [row for row in tables["quarantine"].rows() if row["reason"].startswith("too_large")]
    assert large.encode().startswith(kept["value"]) and len(kept["value"]) > 60_000


def test_a_damaged_spool_is_an_error_that_names_it(broker, topic, cryptostream, tmp_path):
    broker.make_topic(topic)
    command = produce_command(broker, topic, tmp_path, recording(tmp_path, prices(10)))
    cryptostream(*command)
    spool = tmp_path / "produced" / "state" / f"kafka_spool_{topic}.db"
    with sqlite3.connect(spool) as connection:
        connection.execute("update state set body = zeroblob(length(body))")
    refused = cryptostream(*command, check=False)
    assert refused.returncode == 1 and str(spool) in refused.stderr and "checksum" in refused.stderr


def test_run_through_a_topic_in_one_process(broker, topic, cryptostream, tmp_path):
    sent = prices(3000)
    lake = tmp_path / "lake"
    running = cryptostream.start("run", "--broker", broker.address, "--topic", topic, "--source", "replay", "--replay",
                                 recording(tmp_path, sent), "--storage", lake, "--port", "0", *QUICK, log=tmp_path / "log")
    wait_until(lambda: len(judge.rows_while_written(lake, "silver")) == 3000, "all rows in silver")
    running.terminate()
    assert running.wait(120) == 0
    found = judge.tables(lake)["bronze"].rows()
    assert sorted(row["value"] for row in found) == sorted(value for _, value in sent)
    assert {row["topic"] for row in found} == {topic}
