"""Nothing there, refused, cut off, twice, far too many: each wait says what it waits for, and with an end to reach it ends."""

import socket
import threading

import pytest

import judge
from broker import free_ports
from conftest import wait_until
from messages import prices
from produce_test import produce_command, recording

QUICK = ["--set", "stream.commit_every=20ms", "--set", "stream.correct_every=50ms"]


def stream(cryptostream, address, topic, lake, *more, **keywords):
    return cryptostream("stream", "--broker", address, "--topic", topic, "--storage", lake, "--exit-when-done", *QUICK, *more, **keywords)


def test_a_topic_that_is_not_there_and_one_without_records(broker, topic, cryptostream, tmp_path):
    missing = stream(cryptostream, broker.address, topic, tmp_path / "lake", check=False)
    assert missing.returncode == 1
    assert f"topic {topic} (--topic, kafka.topic) does not exist at {broker.address} (--broker, kafka.broker)" in missing.stderr
    broker.make_topic(topic, 3)
    empty = stream(cryptostream, broker.address, topic, tmp_path / "lake")
    assert "0 records in this run (nothing new was there)" in empty.stderr
    assert judge.tables(tmp_path / "lake")["bronze"].rows() == []


def test_a_broker_that_refuses_or_hangs_up_is_named_with_its_flag(cryptostream, tmp_path):
    [port] = free_ports(1)
    with socket.create_server(("127.0.0.1", 0)) as rude:
        def hang_up():
            while True:
                try:
                    rude.accept()[0].close()
                except OSError:
                    return
        thread = threading.Thread(target=hang_up, daemon=True)
        thread.start()
        for name, address in (("refuses", f"127.0.0.1:{port}"), ("hangs up", f"127.0.0.1:{rude.getsockname()[1]}")):
            log = tmp_path / f"{name}.log"
            running = cryptostream.start("stream", "--broker", address, "--storage", tmp_path / name, log=log)
            wait_until(lambda: f"cannot reach {address} (--broker, kafka.broker)" in log.read_text(), name, 60)
            running.terminate()
            assert running.wait(30) == 0
        rude.shutdown(socket.SHUT_RDWR)


def test_two_producers_with_one_spool(broker, topic, cryptostream, tmp_path):
    broker.make_topic(topic)
    command = produce_command(broker, topic, tmp_path, recording(tmp_path, prices(2000)))
    first = cryptostream.start(*command, "--speed", 10, log=tmp_path / "log")
    wait_until(lambda: (tmp_path / "log").exists() and "writing topic" in (tmp_path / "log").read_text(), "the first one")
    second = cryptostream(*command, check=False)
    assert second.returncode == 1 and "another producer has this spool" in second.stderr and f"pid={first.pid}" in second.stderr
    assert first.poll() is None


@pytest.mark.long
def test_far_too_many_partitions(broker, topic, cryptostream, tmp_path):
    broker.make_topic(topic, 400)
    sent = prices(300)
    broker.produce(topic, sent)
    stream(cryptostream, broker.address, topic, tmp_path / "lake")
    assert len(judge.tables(tmp_path / "lake")["bronze"].rows()) == len(sent)
