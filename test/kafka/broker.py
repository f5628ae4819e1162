"""A real Apache Kafka on loopback: one KRaft node, out of the jars that the set-up of `make test` fetched."""

import base64
import pathlib
import signal
import socket
import subprocess
import time
import uuid

import confluent_kafka.admin

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Small and quick: no waiting for group members, internal topics of one partition. Topics are made by the tests alone, and nothing expires by
# itself: records carry the times of their events, which are years old.
PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
log.dirs={data}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
message.max.bytes=20971520
log.initial.task.delay.ms=100
log.cleaner.backoff.ms=200
log.retention.ms=-1
"""
PLAIN = """
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
"""


def versions():
    return sorted(path.name for path in (ROOT / "build/kafka").iterdir())


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Broker:
    """Life: started by the constructor; stop() asks it to end, kill() does not. start() brings it back with its data."""

    def __init__(self, version, folder, listeners=PLAIN, users=()):
        self.version, self.folder = version, folder
        self.port, self.controller, self.secure = free_ports(3)
        self.address, self.secure_address = f"127.0.0.1:{self.port}", f"127.0.0.1:{self.secure}"
        self.client = {"bootstrap.servers": self.address, "log_level": 1}
        self.process = self.asker = None
        folder.mkdir(parents=True)
        text = (PROPERTIES + listeners).format(port=self.port, controller=self.controller, secure=self.secure,
                                                data=folder / "data")
        (folder / "server.properties").write_text(text)
        identity = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        self._java("kafka.tools.StorageTool", "format", f"--cluster-id={identity}", "-c", str(folder / "server.properties"),
                   *(word for user in users for word in ("--add-scram", user))).wait(60)
        self.start()

    def _java(self, *arguments):
        jars = (ROOT / "build/kafka" / self.version).resolve()
        command = ["java", "-Xmx512m", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
        command += ["-cp", f"{jars}/*", *arguments]
        log = open(self.folder / "broker.log", "ab")
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder)

    def start(self):
        self.process = self._java("kafka.Kafka", str(self.folder / "server.properties"))
        deadline = time.monotonic() + 120
        while True:
            assert self.process.poll() is None, (self.folder / "broker.log").read_text()[-3000:]
            try:
                confluent_kafka.admin.AdminClient(self.client).list_topics(timeout=2)
                return
            except confluent_kafka.KafkaException:
                assert time.monotonic() < deadline, (self.folder / "broker.log").read_text()[-3000:]

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)

    def kill(self):
        self.process.kill()
        self.process.wait(60)

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def admin(self):
        self.asker = self.asker or confluent_kafka.admin.AdminClient(self.client)
        return self.asker

    def make_topic(self, name, partitions=1, **settings):
        new = confluent_kafka.admin.NewTopic(name, partitions, 1, config={key: str(value) for key, value in settings.items()})
        for result in self.admin().create_topics([new]).values():
            result.result(30)

    def delete_topic(self, name):
        for result in self.admin().delete_topics([name]).values():
            result.result(30)
        deadline = time.monotonic() + 60
        while name in self.admin().list_topics(timeout=10).topics:
            assert time.monotonic() < deadline, "the topic does not go"
            time.sleep(0.1)

    def add_partitions(self, name, total):
        for result in self.admin().create_partitions([confluent_kafka.admin.NewPartitions(name, total)]).values():
            result.result(30)

    def delete_records(self, name, partition, before):
        at = confluent_kafka.TopicPartition(name, partition, before)
        for result in self.admin().delete_records([at]).values():
            result.result(30)

    def produce(self, name, records, partition=None, **settings):
        """Records (key, value) to a topic, acknowledged; gives their (partition, offset) in the order given."""
        producer = confluent_kafka.Producer({**self.client, "enable.idempotence": True, "linger.ms": 5,
                                             "message.max.bytes": 20_000_000, **settings})
        places = [None] * len(records)

        def delivered(number):
            def note(error, message):
                assert error is None, error
                places[number] = (message.partition(), message.offset())
            return note

        for number, (key, value) in enumerate(records):
            extra = {} if partition is None else {"partition": partition}
            while True:
                try:
                    producer.produce(name, value, key, on_delivery=delivered(number), **extra)
                    break
                except BufferError:
                    producer.poll(0.1)
        assert producer.flush(60) == 0
        return places

    def records(self, name):
        """All records of a topic, as an independent client reads them: lists of messages by partition."""
        consumer = confluent_kafka.Consumer({**self.client, "group.id": "judge", "enable.auto.commit": False,
                                             "isolation.level": "read_committed", "enable.partition.eof": True})
        try:
            partitions = list(consumer.list_topics(name, timeout=10).topics[name].partitions)
            consumer.assign([confluent_kafka.TopicPartition(name, one, confluent_kafka.OFFSET_BEGINNING) for one in partitions])
            found, open_ones = {one: [] for one in partitions}, set(partitions)
            while open_ones:
                for message in consumer.consume(10_000, 0.5):
                    if message.error() is None:
                        found[message.partition()].append(message)
                    else:
                        assert message.error().code() == confluent_kafka.KafkaError._PARTITION_EOF, message.error()
                        open_ones.discard(message.partition())
            return found
        finally:
            consumer.close()
