"""A lake of ours made of messages in the original's form, and the tools with which the original read its own."""

import json
import pathlib
import random
import re
import subprocess
import sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path += [str(TESTS / folder) for folder in ("lake", "formats", "kafka")]

import broker as kafka  # noqa: E402
import spark as spark_setup  # noqa: E402

COINS = ["bitcoin", "ethereum", "solana", "cardano", "ripple", "polkadot", "dogecoin", "chainlink", "tron", "avalanche-2"]
START = 1_763_800_020  # a full minute


def messages_of_the_producer():
    """Ten coins every 10 s for 20 minutes, in order of time, as the original's producer wrote them: (key, value)."""
    draw, out = random.Random(11), []
    for poll in range(120):
        for place, coin in enumerate(COINS):
            message = {"timestamp": START + poll * 10 + place * 0.001, "coin_id": coin, "price": round(draw.uniform(1, 9) * 10 ** place, 6),
                       "volume_24h": round(draw.uniform(1e6, 1e9), 2)}
            out.append((coin, json.dumps(message)))
    return out


def run(binary, *arguments):
    subprocess.run([binary, *map(str, arguments)], check=True, timeout=120, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="session")
def sent():
    return messages_of_the_producer()


@pytest.fixture(scope="session")
def broker(tmp_path_factory):
    made = kafka.Broker(kafka.versions()[-1], tmp_path_factory.mktemp("kafka") / "broker")
    yield made
    made.stop()


@pytest.fixture(scope="session")
def topic(binary, broker, sent, tmp_path_factory):
    """All of the messages on a topic, put there by `cryptostream produce`."""
    folder = tmp_path_factory.mktemp("sent")
    (folder / "messages.jsonl").write_text("".join(value + "\n" for _, value in sent))
    broker.make_topic("crypto-raw", 3)
    run(binary, "produce", "--broker", broker.address, "--storage", folder / "spool", "--source", "replay", "--as-source", "coingecko",
        "--replay", folder / "messages.jsonl")
    return "crypto-raw"


@pytest.fixture(scope="session")
def lake(binary, broker, topic, tmp_path_factory):
    """What `cryptostream stream` makes of the topic. Read only."""
    folder = tmp_path_factory.mktemp("original") / "lake"
    run(binary, "stream", "--broker", broker.address, "--topic", topic, "--storage", folder, "--exit-when-done")
    return folder


@pytest.fixture(scope="session")
def spark(tmp_path_factory):
    """One session for all: it takes seconds to start and half a gigabyte."""
    made = spark_setup.session(tmp_path_factory.mktemp("spark"))
    yield made
    spark_setup.end(made)


@pytest.fixture
def served(binary, lake):
    """The address of `cryptostream serve` over the lake."""
    process = subprocess.Popen([binary, "serve", "--storage", lake, "--port", "0"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if match := re.search(r"http://127\.0\.0\.1:\d+", line):
            yield match[0]
            break
    else:
        pytest.fail("no address was printed")
    process.terminate()
    process.communicate(timeout=30)
