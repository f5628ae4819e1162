"""Kafka in the middle: a waiting topic into tables beside the limits and peers, onto a topic, and how fresh a record is on the other side.

The broker is the one of the tests, on the same machine and out of the same two cores.
"""

import contextlib
import json
import os
import pathlib
import shutil
import sys
import tempfile
import threading
import time

import confluent_kafka

from measure import BENCH, BINARY, ROOT, in_turn, median, percentile, run, say
from service import FRESH_RATE, FRESH_SECONDS, running, table_latencies, wait_until_up, watch_open_window, window_latencies

sys.path.append(str(ROOT / "test/kafka"))
import broker as kafka_broker

LIMIT = BINARY.parent / "consume_limit"
PARTITIONS = 4
TICK_S = 0.01  # of the live producer: so often it sends what is due


@contextlib.contextmanager
def running_broker(bench):
    """A broker of the newest version with its data in the folder of the measurements."""
    folder = pathlib.Path(tempfile.mkdtemp(dir=bench.folder))
    broker = kafka_broker.Broker(kafka_broker.versions()[-1], folder / "broker")
    try:
        yield broker
    finally:
        broker.stop()
        shutil.rmtree(folder)


def made(broker, topic, partitions=1):
    broker.make_topic(topic, partitions, **{"retention.ms": -1})  # the generator's event times are years old
    return topic


def records_in(broker, topic):
    """How many records a topic holds, by its offsets."""
    consumer = confluent_kafka.Consumer({**broker.client, "group.id": "bench"})
    try:
        partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
        return sum(consumer.get_watermark_offsets(confluent_kafka.TopicPartition(topic, one), timeout=10)[1] for one in partitions)
    finally:
        consumer.close()


class Topics:
    """The commands that are compared, each with a new folder for what it writes."""

    def __init__(self, bench, broker):
        self.bench, self.broker = bench, broker

    def _in_new_folder(self, command, **options):
        out = pathlib.Path(tempfile.mkdtemp(dir=self.bench.folder))
        result = run([*command, out / "out"], **options)
        shutil.rmtree(out)
        return result

    def to_gold(self, topic):
        return self._in_new_folder([BINARY, "stream", "--broker", self.broker.address, "--topic", topic, "--exit-when-done",
                                    "--quiet", "--storage"])

    def produce(self, source, topic):
        """A recording onto a topic, until every record is acknowledged."""
        return self._in_new_folder([BINARY, "produce", "--broker", self.broker.address, "--topic", topic, "--source", "replay",
                                    "--replay", source, "--quiet", "--storage"])

    def limit(self, topic, how):
        return run([LIMIT, self.broker.address, topic, self.bench.messages, how])

    def deltars(self, topic):
        return self._in_new_folder([sys.executable, BENCH / "peer_deltars.py", self.broker.address, topic, self.bench.messages])

    def spark(self, topic, environment):
        return self._in_new_folder([sys.executable, BENCH / "spark_tuned.py", self.broker.address, topic], env=environment)


def spark_environment():
    """What Spark's Python needs to be found: PySpark and the jars of Delta and Kafka, as tools/setup leaves them. None without them."""
    home = ROOT / "build/spark"
    if not (home / "pyspark").is_dir():
        return None
    paths = [home, *home.glob("lib/py4j-*.zip")]
    return {**os.environ, "SPARK_HOME": str((home / "deps").resolve()), "PYTHONPATH": ":".join(map(str, paths)),
            "SPARK_JARS": "", "SPARK_LOCAL_IP": "127.0.0.1"}  # Delta's and Kafka's jars lie among Spark's own


def kafka(bench):
    """2 million waiting messages of a topic until gold is committed, beside loops that only consume them, delta-rs and Spark."""
    if not LIMIT.exists():
        sys.exit("bench: build first: tools/build release consume_limit")
    source = bench.generated(bench.messages)
    with running_broker(bench) as broker:
        topics = Topics(bench, broker)
        for name, partitions in (("one", 1), ("four", PARTITIONS)):
            topics.produce(source, made(broker, name, partitions))
        ours, loop, batches, four, deltars = in_turn(
            bench.runs, lambda: topics.to_gold("one"), lambda: topics.limit("one", "records"), lambda: topics.limit("one", "batches"),
            lambda: topics.to_gold("four"), lambda: topics.deltars("one"))
        seconds, memory = median(ours), median(ours, "memory_mb")
        yield f"{bench.messages:,} waiting messages, topic to gold", f"{bench.messages / seconds:,.0f}/s", "", None
        ratio = median(loop) / seconds
        yield f"  of librdkafka's loop, a record a call ({bench.messages / median(loop):,.0f}/s)", f"{ratio:.2f}", ">= 0.5", ratio >= 0.5
        ratio = median(batches) / seconds
        yield f"  of the same, 10,000 a call ({bench.messages / median(batches):,.0f}/s)", f"{ratio:.2f}", "", None
        cpu = [1e6 * median(each, "cpu_seconds") / bench.messages for each in (ours, loop, batches)]
        yield "  CPU a message; of the two loops", f"{cpu[0]:.2f}; {cpu[1]:.2f}, {cpu[2]:.2f} us", "", None
        yield "  its memory", f"{memory:.0f} MB", "<= 500 MB", memory <= 500
        ratio = seconds / median(four)
        yield f"  {PARTITIONS} partitions against one", f"{ratio:.2f}", ">= 1.0", ratio >= 1
        ratio = median(deltars) / seconds
        yield f"  against confluent-kafka + delta-rs ({bench.messages / median(deltars):,.0f}/s)", f"{ratio:.1f}", ">= 4", ratio >= 4
        yield against_spark(topics, seconds)


def against_spark(topics, seconds):
    """Once only: it takes a minute, and the ratio that is asked leaves room for noise."""
    environment = spark_environment()
    if environment is None:
        say("Spark is not here, so it is not measured: tools/setup bench brings it")
        return "  against Spark, tuned", "not measured: tools/setup bench", ">= 15", None
    spark = topics.spark("one", environment)
    ratio = spark.seconds / seconds
    return f"  against Spark, tuned ({topics.bench.messages / spark.seconds:,.0f}/s)", f"{ratio:.0f}", ">= 15", ratio >= 15


def produce(bench):
    """Half as many messages out of a recording onto a topic, until every one is acknowledged."""
    messages = bench.messages // 2
    source, runs = bench.generated(messages), []
    with running_broker(bench) as broker:
        for number in range(bench.runs):
            topic = made(broker, f"produced-{number}")
            runs.append(Topics(bench, broker).produce(source, topic))
            there = records_in(broker, topic)
            if there != messages:
                sys.exit(f"bench: {messages:,} messages were sent, {there:,} are in the topic")
            broker.delete_topic(topic)
    rate = messages / median(runs)
    yield f"produce {messages:,} messages of a recording, acknowledged", f"{rate:,.0f}/s", ">= 300,000/s", rate >= 300_000
    yield "  CPU a message", f"{1e6 * median(runs, 'cpu_seconds') / messages:.2f} us", "", None


class LiveProducer(threading.Thread):
    """Messages as they happen, FRESH_RATE of them a second: the time in a message is the moment in which it is made."""

    def __init__(self, broker, topic, lines):
        super().__init__(daemon=True)
        self.producer, self.topic, self.lines = confluent_kafka.Producer({**broker.client, "linger.ms": 1}), topic, lines
        self.ending = threading.Event()

    def run(self):
        begun, sent = time.time(), 0
        while not self.ending.wait(TICK_S):
            for _ in range(int((time.time() - begun) * FRESH_RATE) - sent):
                message = json.loads(self.lines[sent % len(self.lines)])
                message["timestamp"] = round(time.time(), 6)
                self.producer.produce(self.topic, json.dumps(message), message["coin_id"])
                sent += 1
            self.producer.poll(0)
        self.producer.flush(30)

    def stop(self):
        self.ending.set()
        self.join()


def fresh(bench):
    """5,000 events a second as they happen, through a topic: from the event to the commit of bronze, and to the API's open window."""
    lines = bench.generated(FRESH_RATE).read_text().splitlines()
    lake, empty = pathlib.Path(tempfile.mkdtemp(dir=bench.folder)) / "lake", bench.folder / "empty.jsonl"
    empty.touch()
    with running_broker(bench) as broker:
        events = LiveProducer(broker, made(broker, "live"), lines)
        command = ["run", "--broker", broker.address, "--topic", "live", "--source", "replay", "--replay", empty, "--storage", lake]
        with running(*command) as (connection, _):
            wait_until_up(connection)
            events.start()
            time.sleep(3)
            seen = watch_open_window(connection, FRESH_SECONDS - 6)
            events.stop()
            time.sleep(2)
    for table, column, seconds in (("bronze/crypto_raw", "value", lambda value: json.loads(value)["timestamp"]),
                                   ("silver/crypto_transformed", "api_timestamp", lambda time: time.timestamp())):
        p99 = percentile(table_latencies(lake / table, column, FRESH_RATE, seconds), 99)
        asked, ok = ("<= 1.3 s", p99 <= 1.3) if table.startswith("bronze") else ("", None)
        yield f"a topic at {FRESH_RATE:,}/s: event committed in {table.split('/')[0]}, p99", f"{p99:.2f} s", asked, ok
    p99 = percentile(window_latencies(lake, seen, "api_timestamp"), 99)
    yield "  event in the API's open window, p99", f"{p99 * 1000:.0f} ms", "<= 200 ms", p99 <= 0.2
