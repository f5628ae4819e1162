"""Producer and reader at once on a broker that freezes, and two readers on one lake."""

import time

import judge
import pytest

from conftest import wait_until
from messages import check_lake, prices
from produce_test import in_topic, of_coin, produce_command, recording, without_repeats

QUICK = ["--set", "engine.commit_every=20ms", "--set", "engine.correct_every=50ms"]


def stream_command(broker, topic, lake):
    return ["stream", "--broker", broker.address, "--topic", topic, "--storage", lake, *QUICK]


@pytest.mark.parametrize("count, frozen_s, thawed_s, loops", [(3000, 3, 1, 2), pytest.param(24_000, 45, 20, 4, marks=pytest.mark.long)])
def test_a_broker_that_freezes_again_and_again(count, frozen_s, thawed_s, loops, broker, topic, cryptostream, tmp_path):
    broker.make_topic(topic, 2)
    sent, lake = prices(count), tmp_path / "lake"
    speed = count * 0.05 / ((frozen_s + thawed_s) * loops)  # the recording lasts as long as the trouble
    writer = cryptostream.start(*produce_command(broker, topic, tmp_path, recording(tmp_path, sent)), "--speed", speed,
                                log=tmp_path / "produce.log")
    reader = cryptostream.start(*stream_command(broker, topic, lake), log=tmp_path / "stream.log")
    for _ in range(loops):
        broker.freeze()
        time.sleep(frozen_s)
        broker.thaw()
        time.sleep(thawed_s)
    assert writer.wait(120) == 0, (tmp_path / "produce.log").read_text()
    by_coin, messages = in_topic(broker, topic)
    assert {coin: without_repeats(values) for coin, values in by_coin.items()} == of_coin(sent)
    wait_until(lambda: len(judge.rows_while_written(lake, "bronze")) >= len(messages), "every record in bronze")
    reader.terminate()
    assert reader.wait(120) == 0, (tmp_path / "stream.log").read_text()
    cryptostream(*stream_command(broker, topic, lake), "--exit-when-done")
    check_lake(lake, {(message.partition(), message.offset()): message.value().decode() for message in messages})


def test_two_readers_on_one_lake(broker, topic, cryptostream, tmp_path):
    broker.make_topic(topic, 2)
    sent, lake = prices(600), tmp_path / "lake"
    expected = dict(zip(broker.produce(topic, sent[:200]), (value for _, value in sent)))
    first = cryptostream.start(*stream_command(broker, topic, lake), log=tmp_path / "first.log")
    wait_until(lambda: len(judge.rows_while_written(lake, "bronze")) == 200, "the first rows")
    refused = cryptostream(*stream_command(broker, topic, lake), check=False)
    assert refused.returncode == 1 and f"pid={first.pid}" in refused.stderr
    assert first.poll() is None
    (lake / ".cryptostream.lock").unlink()
    second = cryptostream.start(*stream_command(broker, topic, lake), log=tmp_path / "second.log")
    for begin in range(200, 600, 50):
        places = broker.produce(topic, sent[begin:begin + 50])
        expected |= dict(zip(places, (value for _, value in sent[begin:])))
        time.sleep(0.1)
    wait_until(lambda: len(judge.rows_while_written(lake, "bronze")) >= 600, "all rows")
    assert second.poll() is None, "the older one may be fenced off, the newer one goes on"
    for reader in (first, second):
        reader.terminate()
        reader.wait(120)
    cryptostream(*stream_command(broker, topic, lake), "--exit-when-done")
    check_lake(lake, expected)
