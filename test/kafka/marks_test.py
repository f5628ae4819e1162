"""What is no message has a topic of its own: the messages' topic holds nothing else, and quarantine and gaps get each mark once."""

import json
import struct

import confluent_kafka.admin as admin
import kafka
import pytest

import broker as brokers
import judge
from conftest import wait_until
from messages import check_lake, prices
from produce_test import produce_command, recording

QUICK = ["--set", "stream.commit_every=20ms", "--set", "stream.correct_every=50ms"]
SENDER_POINTS = ["topic.after_marks_acknowledged"]
STAGE_POINTS = ["topic.after_marks_load", "topic.before_marks_commit", "topic.after_marks_commit"]
MARK_POINTS = SENDER_POINTS + STAGE_POINTS
GZIP = 1


def stream(cryptostream, broker, topic, lake, *more, **keywords):
    return cryptostream("stream", "--broker", broker.address, "--topic", topic, "--storage", lake, "--exit-when-done", *QUICK, *more,
                        **keywords)


def broken(count, seed=0):
    return [("", "{broken %d %d" % (seed, number)) for number in range(count)]


def produce(cryptostream, broker, topic, folder, good, bad, *more, **keywords):
    """A recording of good and broken lines, in turn, onto the topic."""
    folder.mkdir(exist_ok=True)
    lines = [line for number in range(max(len(good), len(bad))) for line in (good[number:number + 1] + bad[number:number + 1])]
    return cryptostream(*produce_command(broker, topic, folder, recording(folder, lines)), *more, **keywords)


def all_of(broker, topic):
    return [message for messages in broker.records(topic).values() for message in messages]


def expected_of(broker, topic):
    return {(message.partition(), message.offset()): message.value().decode() for message in all_of(broker, topic)}


def codecs(broker, topic):
    """Compression of each record batch in the log of partition 0, as the broker has it on its disk."""
    data, at, found = (broker.folder / f"data/{topic}-0/00000000000000000000.log").read_bytes(), 0, []
    while at + 27 < len(data):
        size, attributes = struct.unpack_from(">i", data, at + 8)[0], struct.unpack_from(">h", data, at + 21)[0]
        if size <= 0:
            break
        found.append(attributes & 7)
        at += size + 12
    return found


def quarantined(lake):
    return sorted(row["value"].decode() for row in judge.tables(lake)["quarantine"].rows())


def test_every_crash_point_of_marks_is_among_those_that_are_tried(cryptostream):
    listed = cryptostream("--list-crash-points").stdout.split()
    assert sorted(MARK_POINTS) == sorted(name for name in listed if name.startswith("topic.") and "_marks_" in name)


@pytest.mark.both_versions
def test_the_original_reads_nothing_but_messages(broker, topic, cryptostream, tmp_path):
    """kafka-python with json.loads, as the original's consumers do it: no null, no HTML, and no codec that it lacks."""
    broker.make_topic(topic)
    good, bad = prices(300), broken(7)
    produce(cryptostream, broker, topic, tmp_path / "a", good, bad)
    consumer = kafka.KafkaConsumer(topic, bootstrap_servers=broker.address, auto_offset_reset="earliest", enable_auto_commit=False,
                                   consumer_timeout_ms=3000, value_deserializer=json.loads)
    read = [message.value for message in consumer]
    consumer.close()
    assert read == [json.loads(value) for _, value in good]
    assert set(codecs(broker, topic)) == {GZIP}
    marks = all_of(broker, topic + "-marks")
    assert [mark.value().decode() for mark in marks] == [value for _, value in bad]
    assert {dict(mark.headers())["cryptostream-kind"] for mark in marks} == {b"reject"}
    assert len({dict(mark.headers())["cryptostream-mark"] for mark in marks}) == len(bad)
    lake = tmp_path / "lake"
    for _ in range(2):
        stream(cryptostream, broker, topic, lake)
    tables = check_lake(lake, expected_of(broker, topic))
    rejected = tables["quarantine"].rows()
    assert sorted((row["topic"], row["offset"], row["stage"]) for row in rejected) == [(topic + "-marks", i, "source") for i in range(7)]
    assert quarantined(lake) == sorted(value for _, value in bad)
    assert all(row["reason"].startswith("malformed_json") for row in rejected)
    assert "WRONG" not in cryptostream("verify", "--storage", lake).stdout


def test_the_topic_of_marks_and_the_compression_can_be_chosen(broker, topic, cryptostream, tmp_path):
    broker.make_topic(topic)
    settings = ["--set", f"kafka.marks_topic={topic}.side", "--set", "kafka.compression=zstd"]
    produce(cryptostream, broker, topic, tmp_path / "a", prices(50), broken(2), *settings)
    assert len(all_of(broker, topic + ".side")) == 2 and set(codecs(broker, topic)) == {4}
    said = stream(cryptostream, broker, topic, tmp_path / "lake", *settings)
    assert len(quarantined(tmp_path / "lake")) == 2, said.stderr
    for wrong in (f"kafka.marks_topic={topic}", "kafka.marks_topic=a b", "kafka.compression=zip", "kafka.topic=a/b", "kafka.topic=" + "x" * 250):
        refused = cryptostream("stream", "--topic", topic, "--set", wrong, check=False)
        assert refused.returncode == 78 and wrong.partition("=")[0] in refused.stderr, refused.stderr


@pytest.mark.parametrize("point", [*SENDER_POINTS, "topic.after_spool_commit"])
def test_a_killed_producer_loses_no_mark_and_doubles_none(point, broker, topic, cryptostream, tmp_path):
    broker.make_topic(topic)
    good, bad = prices(40), broken(40)
    kills = sum(produce(cryptostream, broker, topic, tmp_path / "a", good, bad, check=False, crash=f"{point}:{nth}").returncode == -9
                for nth in (1, 2, 1))
    assert kills >= 1, "the point was never reached"
    produce(cryptostream, broker, topic, tmp_path / "a", good, bad)
    if point in SENDER_POINTS:
        assert len(all_of(broker, topic + "-marks")) > len(bad), "the topic holds some twice"
    stream(cryptostream, broker, topic, tmp_path / "lake")
    assert quarantined(tmp_path / "lake") == sorted(value for _, value in bad)


@pytest.mark.parametrize("point", [*STAGE_POINTS[1:], "quarantine.after_commit",
                                   *(pytest.param(point, marks=pytest.mark.long) for point in (STAGE_POINTS[0], "quarantine.before_commit"))])
def test_a_killed_reader_takes_each_mark_once(point, broker, topic, cryptostream, tmp_path):
    lake = tmp_path / "lake"
    broker.make_topic(topic)
    kills, sent = 0, []
    for seed, nth in enumerate((1, 1, 1)):  # more marks each time
        sent += broken(30, seed)
        produce(cryptostream, broker, topic, tmp_path / f"{seed}", prices(20, seed=seed), broken(30, seed))
        kills += stream(cryptostream, broker, topic, lake, check=False, crash=f"{point}:{nth}").returncode == -9
    assert kills >= 1, "the point was never reached"
    for _ in range(2):
        stream(cryptostream, broker, topic, lake)
    check_lake(lake, expected_of(broker, topic))
    assert quarantined(lake) == sorted(value for _, value in sent)


def test_what_the_topic_of_marks_has_lost_is_told_and_stops_nobody(broker, topic, cryptostream, tmp_path):
    lake, marks = tmp_path / "lake", topic + "-marks"
    broker.make_topic(topic)

    def more(seed):
        produce(cryptostream, broker, topic, tmp_path / f"{seed}", prices(5, seed=seed, start=1_763_800_000 + seed * 1000), broken(5, seed))

    def gaps():
        rows = judge.tables(lake)["gaps"].rows()
        return sorted((row["topic"], row["from_offset"], row["to_offset"], row["reason"].split(":")[0]) for row in rows)

    more(1)
    stream(cryptostream, broker, topic, lake)
    more(2)
    broker.delete_records(marks, 0, 8)
    said = stream(cryptostream, broker, topic, lake)
    assert gaps() == [(marks, 5, 8, "DATA_LOSS")] and "going on over a loss" in said.stderr
    broker.delete_topic(marks)
    more(3)  # makes it anew
    said = stream(cryptostream, broker, topic, lake)
    assert gaps() == [(marks, 5, 8, "DATA_LOSS"), (marks, 10, None, "TOPIC_REPLACED")]
    assert sorted(quarantined(lake)) == sorted(value for _, value in [*broken(5, 1), *broken(5, 2)[3:], *broken(5, 3)])
    stream(cryptostream, broker, topic, lake)
    assert len(gaps()) == 2, "told once"
    check_lake(lake, expected_of(broker, topic))


AUTHORIZER = brokers.PLAIN + """
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=true
"""


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    """A broker that has a say in who makes which topic."""
    made = brokers.Broker(brokers.versions()[-1], tmp_path_factory.mktemp("strict") / "broker", listeners=AUTHORIZER)
    yield made
    made.stop()


def rule(topic, operation):
    return admin.AclBinding(admin.ResourceType.TOPIC, topic, admin.ResourcePatternType.LITERAL, "User:ANONYMOUS", "*", operation,
                            admin.AclPermissionType.DENY)


def test_without_the_right_to_make_their_topic_marks_wait_and_messages_do_not(strict, topic, cryptostream, tmp_path):
    strict.make_topic(topic)
    rules = [rule(topic + "-marks", operation) for operation in (admin.AclOperation.CREATE, admin.AclOperation.WRITE)]
    for made in strict.admin().create_acls(rules).values():
        made.result(30)
    good, bad = prices(20), broken(4)
    done = produce(cryptostream, strict, topic, tmp_path / "a", good, bad)
    assert [message.value().decode() for message in all_of(strict, topic)] == [value for _, value in good]
    assert done.stderr.count("wait in the spool, messages do not wait for them") == 1 and "kafka.marks_topic" in done.stderr
    assert f"topic={topic}-marks" in done.stderr and "4 rejected bodies and gaps stay in the spool" in done.stderr
    stream(cryptostream, strict, topic, tmp_path / "lake")
    assert quarantined(tmp_path / "lake") == []
    for removed in strict.admin().delete_acls([admin.AclBindingFilter(
            admin.ResourceType.TOPIC, topic + "-marks", admin.ResourcePatternType.LITERAL, None, None, admin.AclOperation.ANY,
            admin.AclPermissionType.ANY)]).values():
        removed.result(30)
    produce(cryptostream, strict, topic, tmp_path / "a", good, bad)
    assert [mark.value().decode() for mark in all_of(strict, topic + "-marks")] == [value for _, value in bad]
    stream(cryptostream, strict, topic, tmp_path / "lake")
    assert quarantined(tmp_path / "lake") == sorted(value for _, value in bad)


def test_a_reader_that_waits_finds_the_topic_when_it_is_made(broker, topic, cryptostream, tmp_path):
    lake = tmp_path / "lake"
    broker.make_topic(topic)
    running = cryptostream.start("stream", "--broker", broker.address, "--topic", topic, "--storage", lake, *QUICK, log=tmp_path / "log")
    produce(cryptostream, broker, topic, tmp_path / "a", prices(5), broken(3))
    wait_until(lambda: len(judge.rows_while_written(lake, "quarantine")) == 3, "the marks", 60)
    running.terminate()
    assert running.wait(60) == 0
    log = (tmp_path / "log").read_text()
    assert "-marks does not exist" not in log, "that nobody has marks is no news"
