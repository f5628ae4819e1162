"""Rejected records of a topic: the topic of dead letters hears of each, and they can be sent to the topic again, each once."""

import json

import pytest

import judge
from messages import prices

QUICK = ["--set", "engine.commit_every=20ms", "--set", "engine.correct_every=50ms"]
LETTER_POINTS = ["quarantine.after_commit", "topic.before_dead_letters", "topic.after_dead_letters", "silver.before_commit",
                 "bronze.before_commit"]
RESEND_POINTS = ["topic.before_resend_commit", "topic.after_resend_commit"]


def stream(cryptostream, broker, topic, lake, *more, **keywords):
    return cryptostream("stream", "--broker", broker.address, "--topic", topic, "--storage", lake, "--exit-when-done", *QUICK, *more,
                        **keywords)


def resend(cryptostream, broker, topic, lake, *more, **keywords):
    done = cryptostream("quarantine", "replay", "--to", "topic", "--broker", broker.address, "--topic", topic, "--storage", lake, "--json",
                        *more, **keywords)
    return json.loads(done.stdout)[0] if done.returncode == 0 else done


def in_order(broker, topic):
    return [message for messages in broker.records(topic).values() for message in messages]


def place(message):
    headers = dict(message.headers())
    return int(headers["source-partition"]), int(headers["source-offset"])


def test_every_crash_point_is_among_those_that_are_tried(cryptostream):
    listed = [name for name in cryptostream("--list-crash-points").stdout.split() if name.startswith("topic.")]
    mine = {name for name in listed if name.endswith(("_dead_letters", "_resend_commit"))}
    assert mine == {name for name in LETTER_POINTS + RESEND_POINTS if name.startswith("topic.")}


GOOD = [value for _, value in prices(4)]
LARGE = b'{"pad": "' + b"x" * 3_000_000 + b'"}'
RECORDS = [(None, GOOD[0]), (b"\xff", b"key is no text"), ("a", None), ("big", LARGE), (None, b"\xff\xfe"), ("k", b"{broken"),
           (None, GOOD[1])]
BAD = {1: "source not_utf8", 2: "source no_value", 3: "bronze too_large", 4: "bronze not_utf8", 5: "silver malformed_json"}


def test_dead_letters_have_the_records_own_bytes_and_say_why(broker, topic, cryptostream, tmp_path):
    broker.make_topic(topic)
    broker.produce(topic, RECORDS)
    stream(cryptostream, broker, topic, tmp_path / "lake", "--dlq-topic", topic + "-dead")
    letters = {place(message): message for message in in_order(broker, topic + "-dead")}
    assert sorted(letters) == [(0, offset) for offset in BAD]
    for (_, offset), letter in letters.items():
        headers = {name: value.decode() for name, value in letter.headers()}
        key, value = (part.encode() if isinstance(part, str) else part for part in RECORDS[offset])
        assert (letter.key(), letter.value()) == (key, value)
        assert f"{headers['stage']} {headers['reason'].split(':')[0]}" == BAD[offset]
        assert (headers["source"], headers["source-topic"]) == ("coingecko", topic) and "cut-from-bytes" not in headers
    stream(cryptostream, broker, topic, tmp_path / "lake", "--dlq-topic", topic + "-dead")
    assert len(in_order(broker, topic + "-dead")) == len(BAD), "nothing new: no letter"


def test_a_letter_that_the_broker_will_not_take_goes_cut(broker, topic, cryptostream, tmp_path):
    broker.make_topic(topic)
    broker.make_topic(topic + "-dead", **{"max.message.bytes": 200_000})
    broker.produce(topic, [("big", LARGE), ("k", b"{broken")])
    done = stream(cryptostream, broker, topic, tmp_path / "lake", "--dlq-topic", topic + "-dead", "--set", "kafka.compression=none", check=False)
    assert done.returncode == 1 and "nothing was taken" in done.stderr
    letters = {place(message)[1]: message for message in in_order(broker, topic + "-dead")}
    assert letters[1].value() == b"{broken" and letters[0].value() == LARGE[:64 << 10]
    assert dict(letters[0].headers())["cut-from-bytes"] == str(len(LARGE)).encode()


def test_where_dead_letters_cannot_go(cryptostream):
    refused = cryptostream("stream", "--topic", "a", "--dlq-topic", "a", check=False)
    assert refused.returncode == 78 and "kafka.dlq_topic" in refused.stderr


@pytest.mark.parametrize("point", [*LETTER_POINTS[:3], *(pytest.param(point, marks=pytest.mark.long) for point in LETTER_POINTS[3:])])
def test_no_letter_is_lost_by_a_kill(point, broker, topic, cryptostream, tmp_path):
    lake, dead = tmp_path / "lake", topic + "-dead"
    broker.make_topic(topic, 2)
    sent = [(str(i), b"{broken %d" % i if i % 3 else b"\xff\xfe %d" % i) for i in range(300)]
    places = broker.produce(topic, sent)
    kills = sum(stream(cryptostream, broker, topic, lake, "--dlq-topic", dead, check=False, crash=f"{point}:{nth}").returncode == -9
                for nth in (1, 2, 1))
    assert kills >= 1, "the point was never reached"
    stream(cryptostream, broker, topic, lake, "--dlq-topic", dead)
    letters = {place(message): (message.key().decode(), message.value()) for message in in_order(broker, dead)}
    assert letters == dict(zip(places, sent)), "every rejected record is there, with its own key and bytes"
    rejected = sorted((row["partition"], row["offset"]) for row in judge.tables(lake)["quarantine"].rows())
    assert rejected == sorted(places), "quarantine has each once"


def a_lake_with_soon_good_rows(cryptostream, folder):
    """Trades of a symbol that nobody mapped, and a message that stays broken."""
    trade = {"e": "trade", "E": 1_763_800_000_000, "s": "NEWUSDT", "p": "1.5", "q": "2.0", "T": 1_763_800_000_000}
    lines = ["1763800000000000000 " + json.dumps({"stream": "newusdt@trade", "data": {**trade, "t": i}}) for i in range(20)]
    (folder / "day.frames").write_text("\n".join(lines) + "\n")
    (folder / "bad.jsonl").write_text('{broken\n{"timestamp":1763800000,"coin_id":"bitcoin","price":1}\n')
    (folder / "mended.toml").write_text('[symbols]\nNEWUSDT = "newcoin"\n')
    for name, form in (("day.frames", "binance-frames"), ("bad.jsonl", "messages")):
        cryptostream("replay", folder / name, "--format", form, "--storage", folder / "first", "--exit-when-done", *QUICK)
    return folder / "first", ["--config", folder / "mended.toml"]


def test_sent_to_the_topic_once_and_from_there_into_tables(broker, topic, cryptostream, tmp_path):
    broker.make_topic(topic, 2)
    lake, mended = a_lake_with_soon_good_rows(cryptostream, tmp_path)
    looked = resend(cryptostream, broker, topic, lake, "--dry-run", *mended)
    assert (looked["would_send"], in_order(broker, topic)) == (21, [])
    unmended = resend(cryptostream, broker, topic, lake, "--reason", "unmapped_symbol")
    assert (unmended["sent"], unmended["no_message_yet"], in_order(broker, topic)) == (0, 20, [])
    assert resend(cryptostream, broker, topic, lake, "--reason", "unmapped_symbol", "--limit", 5, *mended)["sent"] == 5
    report = resend(cryptostream, broker, topic, lake, *mended)
    assert (report["sent"], report["in_topic"]) == (16, 5)
    assert resend(cryptostream, broker, topic, lake, *mended)["sent"] == 0
    messages = in_order(broker, topic)
    assert len(messages) == 21 and {message.key() for message in messages} == {b"newcoin", None}
    stream(cryptostream, broker, topic, tmp_path / "second")
    tables = judge.tables(tmp_path / "second")
    assert sorted(row["trade_id"] for row in tables["silver"].rows()) == list(range(20))
    assert [row["value"] for row in tables["quarantine"].rows()] == [b"{broken"]
    assert "WRONG" not in cryptostream("verify", "--storage", tmp_path / "second").stdout


def test_what_the_topics_retention_dropped_is_not_sent_again(broker, topic, cryptostream, tmp_path):
    """The topic cannot say any more what it held; this lake has read it, and its tables can."""
    broker.make_topic(topic)
    lake, mended = a_lake_with_soon_good_rows(cryptostream, tmp_path)
    assert resend(cryptostream, broker, topic, lake, *mended)["sent"] == 21
    stream(cryptostream, broker, topic, lake, *mended)  # 20 are taken, "{broken" is refused once more
    end = len(in_order(broker, topic)) + 1
    assert len(in_order(broker, topic)) == 21
    broker.delete_records(topic, 0, end)
    report = resend(cryptostream, broker, topic, lake, *mended)
    assert (report["sent"], report["in_tables"]) == (1, 21), "of the broken one, which is in quarantine twice, one is enough"
    assert [message.value() for message in in_order(broker, topic)] == [b"{broken"]
    other, _ = tmp_path / "other", (tmp_path / "other").mkdir()
    unread, mended = a_lake_with_soon_good_rows(cryptostream, other)
    done = cryptostream("quarantine", "replay", "--to", "topic", "--broker", broker.address, "--topic", topic, "--storage", unread, *mended)
    assert "this lake does not read it" in done.stderr


@pytest.mark.parametrize("point", RESEND_POINTS)
def test_a_killed_replay_to_the_topic_doubles_nothing(point, broker, topic, cryptostream, tmp_path):
    broker.make_topic(topic, 2)
    lake, mended = a_lake_with_soon_good_rows(cryptostream, tmp_path)
    for _ in range(2):
        killed = resend(cryptostream, broker, topic, lake, *mended, check=False, crash=f"{point}:1")
        if not isinstance(killed, dict):
            assert killed.returncode == -9, killed.stderr
    resend(cryptostream, broker, topic, lake, *mended)
    found = [message.value() for message in in_order(broker, topic)]
    assert len(found) == len(set(found)) == 21
