"""The producer's spool on a disk that fails, and a broker that is away until the spool is full. Judged by what is in the topic."""

import os
import pathlib
import re
import shutil
import signal
import sqlite3
import time

import judge
import pytest

import small_disk
from conftest import wait_until
from messages import prices
from produce_test import in_topic, of_coin, produce_command, recording, without_repeats

from sources_of_polls import FakeCoinGecko, certificates, numbered_polls


@pytest.fixture
def many_batches(broker, topic, tmp_path):
    """A command that plays a recording in about a second, in many small batches; and what it says."""
    broker.make_topic(topic)
    sent = prices(300)
    return [*produce_command(broker, topic, tmp_path, recording(tmp_path, sent)), "--speed", 15], sent


def arrived(broker, topic):
    return {coin: without_repeats(values) for coin, values in in_topic(broker, topic)[0].items()}


def under(binary, *rules, **more):
    return {"LD_PRELOAD": str(pathlib.Path(binary).parent / "libfaults.so"), "FAULTS": ";".join(rules), **more}


def check_killed_at(changes, many_batches, broker, topic, cryptostream, tmp_path):
    command, sent = many_batches
    for nth in changes:
        done = cryptostream(*command, check=False, env=under(cryptostream.binary, f"change,kafka_spool,{nth},kill"))
        assert done.returncode in (0, -9), done.stderr
    cryptostream(*command)
    assert arrived(broker, topic) == of_coin(sent)


def test_killed_while_the_spool_is_written(many_batches, broker, topic, cryptostream, tmp_path):
    check_killed_at((2, 9, 16, 23, 31, 42), many_batches, broker, topic, cryptostream, tmp_path)


@pytest.mark.long
def test_killed_at_each_change_of_the_spool(many_batches, broker, topic, cryptostream, tmp_path):
    check_killed_at(range(1, 61), many_batches, broker, topic, cryptostream, tmp_path)


@pytest.mark.parametrize("rule", ["fsync,kafka_spool,1,EIO", "fsync,kafka_spool,20-,EIO", "fsync,kafka_spool,24,ENOSPC"])
def test_an_io_error_of_the_spool_ends_the_process_and_a_restart_recovers(rule, many_batches, broker, topic, cryptostream):
    """What the kernel dropped cannot be known: not a word is believed after a failed fsync."""
    command, sent = many_batches
    ended = cryptostream(*command, check=False, env=under(cryptostream.binary, rule))
    assert ended.returncode == -6, ended.stderr
    assert "input/output error; stopping" in ended.stderr.splitlines()[-1] and "kafka_spool" in ended.stderr.splitlines()[-1]
    cryptostream(*command)
    assert arrived(broker, topic) == of_coin(sent)


@pytest.mark.parametrize("rule", ["write,kafka_spool,20-22,ENOSPC", "write,kafka_spool,*/7,short", "write,kafka_spool,*/5,EINTR",
                                  "write,kafka_spool,30-31,EIO", "write,kafka_spool,25,EDQUOT", "truncate,kafka_spool,5,EINTR"])
def test_what_passes_is_waited_for(rule, many_batches, broker, topic, cryptostream):
    """Goes on by itself, or ends in words and the next start goes on; nothing is lost either way."""
    command, sent = many_batches
    done = cryptostream(*command, check=False, env=under(cryptostream.binary, rule))
    assert done.returncode in (0, 1), done.stderr
    cryptostream(*command)
    assert arrived(broker, topic) == of_coin(sent)


def test_a_full_disk_sends_nothing_again(many_batches, broker, topic, cryptostream):
    """What was acknowledged cannot be taken out of the spool for a while; it must not be sent for that reason."""
    command, sent = many_batches
    done = cryptostream(*command, check=False, env=under(cryptostream.binary, "write,kafka_spool,60-120,ENOSPC"))
    assert done.returncode == 0, done.stderr
    assert in_topic(broker, topic)[0] == of_coin(sent)


@pytest.mark.parametrize("nth", [3, pytest.param(1, marks=pytest.mark.long), pytest.param(8, marks=pytest.mark.long)])
def test_what_was_taken_survives_a_power_cut(nth, many_batches, broker, topic, cryptostream, tmp_path):
    if reason := small_disk.why_not():
        pytest.skip(reason)
    command, sent = many_batches
    with small_disk.small_disk(tmp_path) as disk:
        command[command.index("--storage") + 1] = disk.path / "produced"
        broker.freeze()  # nothing is acknowledged: each commit of the spool is a batch that was taken
        try:
            cut = cryptostream(*command, check=False, crash=f"topic.after_spool_commit:{nth}:powercut:{disk.path}")
        finally:
            broker.thaw()
        assert cut.returncode == -9, cut.stderr
        disk.unmount()
        disk.mount()
        with sqlite3.connect(disk.path / "produced/state" / f"kafka_spool_{topic}.db") as spool:
            numbers = [number for number, in spool.execute("select number from batch order by number")]
        spool.close()
        assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) >= nth, "a batch that was taken is gone"
        cryptostream(*command)
    assert arrived(broker, topic) == of_coin(sent)


def test_a_cut_spool_is_named_and_nothing_is_sent(many_batches, broker, topic, cryptostream, tmp_path):
    command, _ = many_batches
    cryptostream(*command)
    before, spool = in_topic(broker, topic)[0], tmp_path / "produced" / "state" / f"kafka_spool_{topic}.db"
    for left in (9000, 4096, 100, 1, 0):
        os.truncate(spool, left)
        refused = cryptostream(*command, check=False)
        assert refused.returncode == 1 and str(spool) in refused.stderr and "kafka.spool_path" in refused.stderr, refused.stderr
    assert in_topic(broker, topic)[0] == before


def test_a_broker_that_is_away_until_the_spool_is_full(broker, topic, cryptostream, tmp_path):
    """K4: said at 80 %, the source paused at 100 %; back, all is drained, and the pause is a row of the gaps table."""
    broker.make_topic(topic)
    (tmp_path / "authority").mkdir()
    authority = certificates.Authority(tmp_path / "authority")
    answers, coins = numbered_polls(60)
    log = tmp_path / "log"
    with FakeCoinGecko(authority.server("good"), answers) as server:
        broker.kill()
        try:
            running = cryptostream.start(
                "produce", "--broker", broker.address, "--topic", topic, "--storage", tmp_path / "produced", "--source", "coingecko",
                *(word for setting in (f"coingecko.base_url={server.url}", f"coingecko.ca_file={authority.file}",
                                       f"coingecko.coins={','.join(coins)}", "coingecko.pace=1s", "coingecko.calls_per_minute=1000",
                                       "kafka.spool_mb=1") for word in ("--set", setting)),
                log=log, env={"NO_PROXY": "localhost,127.0.0.1"})
            wait_until(lambda: "the spool is full, the source is paused" in log.read_text(), "a full spool", 120)
            assert re.search(r"the spool is filled to [89]\d %.*the spool is full", log.read_text(), re.DOTALL), log.read_text()
            asked = len(server.polls())
            assert running.poll() is None
        finally:
            broker.start()
        wait_until(lambda: len(server.polls()) > asked + 1, "polls after the pause")
        running.send_signal(signal.SIGTERM)
        assert running.wait(120) == 0
        taken = len(server.polls()) - 1  # the last one may have been cut off by the end
    lake = tmp_path / "lake"
    cryptostream("stream", "--broker", broker.address, "--topic", topic, "--storage", lake, "--exit-when-done")
    tables = judge.tables(lake)
    found = sorted((row["price"], row["coin_id"]) for row in tables["silver"].rows())
    whole = sorted((float(poll), coin) for poll in range(1, taken + 1) for coin in coins)
    assert found[:len(whole)] == whole and len(found) in (len(whole), len(whole) + len(coins)), "no poll lost, doubled or halved"
    assert len(tables["bronze"].rows()) == len(found)
    [gap] = [row for row in tables["gaps"].rows() if "spool was full" in row["reason"]]
    assert gap["source"] == "coingecko" and gap["from_time"] < gap["to_time"]


def poll_a_while(cryptostream, broker, topic, server, authority, folder):
    """A producer of live prices, until some polls are in the topic."""
    asked = len(server.polls())
    running = cryptostream.start(
        "produce", "--broker", broker.address, "--topic", topic, "--storage", folder, "--source", "coingecko",
        *(word for setting in (f"coingecko.base_url={server.url}", f"coingecko.ca_file={authority.file}", "coingecko.coins=bitcoin",
                               "coingecko.pace=1s", "coingecko.calls_per_minute=1000") for word in ("--set", setting)),
        log=folder.with_suffix(".log"), env={"NO_PROXY": "localhost,127.0.0.1"})
    wait_until(lambda: len(server.polls()) >= asked + 3, "three polls", 60)
    running.terminate()
    assert running.wait(60) == 0, folder.with_suffix(".log").read_text()


def test_the_time_without_a_producer_is_a_gap_while_its_spool_remembers(broker, topic, cryptostream, tmp_path):
    broker.make_topic(topic)
    (tmp_path / "authority").mkdir()
    authority = certificates.Authority(tmp_path / "authority")
    spool = tmp_path / "produced"

    def gaps():
        cryptostream("stream", "--broker", broker.address, "--topic", topic, "--storage", tmp_path / "lake", "--exit-when-done")
        return judge.tables(tmp_path / "lake")["gaps"].rows()

    with FakeCoinGecko(authority.server("good")) as server:
        started = time.time()
        poll_a_while(cryptostream, broker, topic, server, authority, spool)
        stopped = time.time()
        assert gaps() == []
        wait_until(lambda: time.time() > stopped + 3, "longer than two polls apart", 10)
        poll_a_while(cryptostream, broker, topic, server, authority, spool)
        [gap] = gaps()
        assert started < gap["from_time"].timestamp() < stopped and gap["to_time"].timestamp() >= stopped + 3
        assert "the program did not run" in gap["reason"]
        shutil.rmtree(spool)
        poll_a_while(cryptostream, broker, topic, server, authority, spool)
        assert gaps() == [gap], "nobody remembers since when"
