"""A topic of a real broker into the tables: every committed record once, whatever is killed or changed."""

import json

import confluent_kafka
import kafka
import pytest

import judge
from conftest import wait_until
from messages import check_lake, kafka_positions, prices

QUICK = ["--set", "engine.commit_every=20ms", "--set", "engine.commit_bytes=65536", "--set", "engine.correct_every=50ms"]


def stream(cryptostream, broker, topic, lake, *more, **keywords):
    return cryptostream("stream", "--broker", broker.address, "--topic", topic, "--storage", lake, "--exit-when-done", *QUICK, *more,
                        **keywords)


@pytest.mark.both_versions
def test_messages_of_the_original_producer_go_through_unchanged(broker, topic, cryptostream, tmp_path):
    """kafka-python, four keys, no record key: as the original's producer sends them."""
    broker.make_topic(topic)
    producer = kafka.KafkaProducer(bootstrap_servers=broker.address, value_serializer=lambda x: json.dumps(x).encode())
    sent = [json.loads(value) for _, value in prices(300)]
    for message in sent:
        producer.send(topic, value=message)
    producer.flush(30)
    producer.close(10)
    stream(cryptostream, broker, topic, tmp_path / "lake")
    tables = check_lake(tmp_path / "lake", {(0, i): json.dumps(message) for i, message in enumerate(sent)})
    assert {row["key"] for row in tables["bronze"].rows()} == {None}
    assert {row["source"] for row in tables["silver"].rows()} == {"coingecko"}


POINTS = ["delta.after_data_file", "delta.before_commit", "delta.after_commit", "bronze.before_commit", "bronze.after_commit",
          "silver.before_commit"]


@pytest.mark.parametrize("point", [POINTS[2], *(pytest.param(point, marks=pytest.mark.long) for point in POINTS)])
def test_a_killed_reader_goes_on_where_bronze_stands(point, broker, topic, cryptostream, tmp_path):
    broker.make_topic(topic, 3)
    sent = prices(4000)
    places = broker.produce(topic, sent[:3000])
    kills = 0
    for nth in (1, 2, 4):
        kills += stream(cryptostream, broker, topic, tmp_path / "lake", check=False, crash=f"{point}:{nth}").returncode == -9
    assert kills >= 1, "the point was never reached"
    places += broker.produce(topic, sent[3000:])
    stream(cryptostream, broker, topic, tmp_path / "lake")
    check_lake(tmp_path / "lake", dict(zip(places, (value for _, value in sent))))
    assert "WRONG" not in cryptostream("verify", "--storage", tmp_path / "lake").stdout


def test_a_second_run_finds_nothing_new(broker, topic, cryptostream, tmp_path):
    broker.make_topic(topic, 2)
    sent = prices(100)
    places = broker.produce(topic, sent)
    stream(cryptostream, broker, topic, tmp_path / "lake")
    version = judge.tables(tmp_path / "lake")["bronze"].version
    stream(cryptostream, broker, topic, tmp_path / "lake")
    tables = check_lake(tmp_path / "lake", dict(zip(places, (value for _, value in sent))))
    assert tables["bronze"].version == version, "nothing came: no commit"


@pytest.mark.both_versions
def test_a_topic_made_anew_is_not_read_at_the_old_offsets(broker, topic, cryptostream, tmp_path):
    lake = tmp_path / "lake"
    broker.make_topic(topic)
    broker.produce(topic, prices(50))
    stream(cryptostream, broker, topic, lake)
    broker.delete_topic(topic)
    broker.make_topic(topic)
    broker.produce(topic, prices(80, seed=2, start=1_763_900_000))
    refused = stream(cryptostream, broker, topic, lake, check=False)
    assert refused.returncode == 1
    assert f"TOPIC_REPLACED {topic}" in refused.stderr and f"missing={topic}/0 [50,?)" in refused.stderr
    assert len(judge.tables(lake)["bronze"].rows()) == 50, "nothing was read"
    stream(cryptostream, broker, topic, lake, "--accept-data-loss")
    tables = judge.tables(lake)
    assert len(tables["bronze"].rows()) == 130
    [gap] = tables["gaps"].rows()
    assert (gap["topic"], gap["partition"], gap["from_offset"], gap["to_offset"]) == (topic, 0, 50, None)
    assert gap["reason"].startswith("TOPIC_REPLACED")
    stream(cryptostream, broker, topic, lake)  # asked once


@pytest.mark.both_versions
def test_a_topic_replaced_while_it_is_read(broker, topic, cryptostream, tmp_path):
    lake = tmp_path / "lake"
    broker.make_topic(topic)
    broker.produce(topic, prices(50))
    running = cryptostream.start("stream", "--broker", broker.address, "--topic", topic, "--storage", lake, *QUICK,
                                 log=tmp_path / "log")
    wait_until(lambda: len(judge.rows_while_written(lake, "bronze")) == 50, "the first rows")
    broker.delete_topic(topic)
    broker.make_topic(topic)
    broker.produce(topic, prices(90, seed=2))
    assert running.wait(120) == 1
    assert "TOPIC_REPLACED" in (tmp_path / "log").read_text()
    assert len(judge.tables(lake)["bronze"].rows()) == 50, "no record of the other topic"


def test_a_replaced_topics_quiet_partition_is_told_too(broker, topic, cryptostream, tmp_path):
    lake = tmp_path / "lake"
    broker.make_topic(topic, 2)
    for partition in (0, 1):
        broker.produce(topic, prices(20, seed=partition), partition=partition)
    stream(cryptostream, broker, topic, lake)
    broker.delete_topic(topic)
    broker.make_topic(topic, 2)
    broker.produce(topic, prices(30, seed=3), partition=0)
    stream(cryptostream, broker, topic, lake, "--accept-data-loss")
    stream(cryptostream, broker, topic, lake)
    gaps = judge.tables(lake)["gaps"].rows()
    assert sorted((row["partition"], row["from_offset"], row["to_offset"]) for row in gaps) == [(0, 20, None), (1, 20, None)]


@pytest.mark.both_versions
def test_deleted_records_are_a_loss_that_is_told(broker, topic, cryptostream, tmp_path):
    lake = tmp_path / "lake"
    broker.make_topic(topic)
    broker.produce(topic, prices(60))
    stream(cryptostream, broker, topic, lake)
    broker.produce(topic, prices(60, seed=2, start=1_763_900_000))
    broker.delete_records(topic, 0, 90)
    refused = stream(cryptostream, broker, topic, lake, check=False)
    assert refused.returncode == 1
    assert f"DATA_LOSS {topic}/0 [60,90)" in refused.stderr
    stream(cryptostream, broker, topic, lake, "--accept-data-loss")
    tables = judge.tables(lake)
    assert sorted(row["offset"] for row in tables["bronze"].rows()) == [*range(60), *range(90, 120)]
    [gap] = tables["gaps"].rows()
    assert (gap["from_offset"], gap["to_offset"], gap["reason"]) == (60, 90, "DATA_LOSS: retention passed us")
    stream(cryptostream, broker, topic, lake)


def test_a_new_lake_on_an_old_topic_misses_nothing_it_never_had(broker, topic, cryptostream, tmp_path):
    broker.make_topic(topic, 2)
    broker.produce(topic, prices(40), partition=0)
    broker.produce(topic, prices(30, seed=2), partition=1)
    broker.delete_records(topic, 0, 40)
    broker.delete_records(topic, 1, 10)
    stream(cryptostream, broker, topic, tmp_path / "lake")
    stream(cryptostream, broker, topic, tmp_path / "lake")
    tables = judge.tables(tmp_path / "lake")
    assert kafka_positions(tables) == {0: 40, 1: 30}
    assert tables["gaps"].rows() == []
    assert "WRONG" not in cryptostream("verify", "--storage", tmp_path / "lake").stdout


@pytest.mark.both_versions
def test_only_committed_records_and_no_loss_behind_an_aborted_tail(broker, topic, cryptostream, tmp_path):
    lake = tmp_path / "lake"
    broker.make_topic(topic)
    producer = confluent_kafka.Producer({**broker.client, "transactional.id": topic})
    producer.init_transactions(30)
    sent, expected, offset = prices(30), {}, 0
    for number, commit in enumerate([True, False, True, False]):
        producer.begin_transaction()
        for key, value in sent[number * 7:number * 7 + 7]:
            producer.produce(topic, value, key)
            if commit:
                expected[(0, offset)] = value
            offset += 1
        producer.flush(30)
        producer.commit_transaction(30) if commit else producer.abort_transaction(30)
        offset += 1  # the control record
    stream(cryptostream, broker, topic, lake)
    tables = check_lake(lake, expected)
    assert kafka_positions(tables) == {0: offset}, "past the aborted tail and its control record"
    broker.delete_records(topic, 0, offset)
    stream(cryptostream, broker, topic, lake)  # nothing that was ours is gone


@pytest.mark.both_versions
def test_an_open_transaction_is_waited_for(broker, topic, cryptostream, tmp_path):
    broker.make_topic(topic)
    places = broker.produce(topic, prices(5))
    producer = confluent_kafka.Producer({**broker.client, "transactional.id": topic})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(topic, prices(1, seed=9)[0][1])
    producer.flush(30)
    broker.produce(topic, prices(5, seed=3))
    stream(cryptostream, broker, topic, tmp_path / "lake")
    assert len(judge.tables(tmp_path / "lake")["bronze"].rows()) == len(places), "up to the last stable offset"
    producer.abort_transaction(30)
    stream(cryptostream, broker, topic, tmp_path / "lake")
    assert len(judge.tables(tmp_path / "lake")["bronze"].rows()) == 10


def test_what_cannot_be_a_row_is_quarantined_in_its_place(broker, topic, cryptostream, tmp_path):
    lake = tmp_path / "lake"
    broker.make_topic(topic)
    large = b'{"timestamp": 1763800000, "coin_id": "bitcoin", "price": 1, "pad": "' + b"x" * 10_000_000 + b'"}'
    good = [value for _, value in prices(3)]
    broker.produce(topic, [(None, good[0]), (b"\xff", b"key is no text"), ("a", None), (None, large), (None, b"\xff\xfe"),
                           (None, good[1]), (None, b"{broken"), (None, good[2])])
    stream(cryptostream, broker, topic, lake)
    tables = judge.tables(lake)
    assert {row["offset"]: row["value"] for row in tables["bronze"].rows()} == {
        0: good[0], 5: good[1], 6: "{broken", 7: good[2]}
    rejected = {row["offset"]: row for row in tables["quarantine"].rows()}
    assert {offset: row["reason"].split(":")[0] for offset, row in rejected.items()} == {
        1: "not_utf8", 2: "no_value", 3: "too_large", 4: "not_utf8", 6: "malformed_json"}
    assert all((row["topic"], row["partition"]) == (topic, 0) for row in rejected.values())
    assert rejected[3]["value"] == large[:1 << 20]
    assert len(tables["silver"].rows()) == 3


@pytest.mark.both_versions
def test_new_partitions_group_offsets_and_a_broker_that_dies(broker, topic, cryptostream, tmp_path):
    lake = tmp_path / "lake"
    broker.make_topic(topic)
    sent = prices(90)
    expected = dict(zip(broker.produce(topic, sent[:30]), (value for _, value in sent)))
    cryptostream.start("stream", "--broker", broker.address, "--topic", topic, "--storage", lake, "--group", topic, *QUICK,
                       log=tmp_path / "log")
    rows = lambda: judge.rows_while_written(lake, "bronze")
    wait_until(lambda: len(rows()) == 30, "the first rows")
    broker.add_partitions(topic, 3)
    expected |= dict(zip(broker.produce(topic, sent[30:60], partition=2), (value for _, value in sent[30:])))
    wait_until(lambda: len(rows()) == 60, "rows of a partition that was added")
    broker.kill()
    broker.start()
    expected |= dict(zip(broker.produce(topic, sent[60:], partition=1), (value for _, value in sent[60:])))
    wait_until(lambda: len(rows()) == 90, "rows after the broker came back")
    assert {(row["partition"], row["offset"]): row["value"] for row in rows()} == expected
    consumer = confluent_kafka.Consumer({**broker.client, "group.id": topic})
    asked = [confluent_kafka.TopicPartition(topic, partition) for partition in range(3)]
    wait_until(lambda: [at.offset for at in consumer.committed(asked, 10)] == [30, 30, 30], "the group's offsets")
    consumer.close()


def test_a_setting_that_is_ours_and_one_that_nobody_knows(cryptostream, tmp_path):
    ours = cryptostream("stream", "--set", "kafka.librdkafka.enable.auto.commit=true", check=False)
    assert ours.returncode == 78 and "kafka.librdkafka.enable.auto.commit" in ours.stderr
    unknown = cryptostream("stream", "--set", "kafka.librdkafka.no.such=1", check=False)
    assert unknown.returncode == 78 and "no.such" in unknown.stderr
    secret = cryptostream("stream", "--set", "kafka.librdkafka.sasl.password=hunter2", check=False)
    assert secret.returncode == 78 and "hunter2" not in secret.stderr
    (tmp_path / "password").write_text("hunter2\n")
    (tmp_path / "c.toml").write_text(f'[kafka.librdkafka]\n"sasl.password_file" = "{tmp_path}/password"\nsasl.username = "me"\n')
    printed = cryptostream("config", "print", "--config", tmp_path / "c.toml").stdout
    assert '"sasl.username" = "me"' in printed.replace("'", '"') and "***" in printed and "hunter2" not in printed
