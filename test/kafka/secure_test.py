"""TLS and SASL against a real broker, the older of the two versions: what `[kafka.librdkafka]` passes through, and what never shows."""

import pathlib
import sys
import time

import pytest

import broker as kafka
import judge
from conftest import wait_until
from messages import check_lake, prices

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "sources"))
import certificates  # noqa: E402

LISTENERS = """
listeners=PLAINTEXT://127.0.0.1:{port},SASL_SSL://127.0.0.1:{secure},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},SASL_SSL://127.0.0.1:{secure}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512,OAUTHBEARER
ssl.keystore.type=PEM
ssl.keystore.location=@keystore@
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_me="plain-canary-1";
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_ssl.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="me";
"""
PASSWORDS = {"PLAIN": "plain-canary-1", "SCRAM-SHA-512": "scram-canary-2", "OAUTHBEARER": "principal=me"}


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return certificates.Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory, authority):
    server = authority.server("broker")
    keystore = authority.folder / "keystore.pem"
    keystore.write_text(server.key.read_text() + server.chain.read_text())
    made = kafka.Broker(kafka.versions()[0], tmp_path_factory.mktemp("guarded") / "broker",
                        listeners=LISTENERS.replace("@keystore@", str(keystore)),
                        users=["SCRAM-SHA-512=[name=me,password=scram-canary-2]"])
    yield made
    made.stop()


def settings(folder, authority, mechanism, password=None):
    secret = folder / f"{mechanism}.password"
    secret.write_text((password or PASSWORDS[mechanism]) + "\n")
    lines = ["[kafka.librdkafka]", 'security.protocol = "sasl_ssl"', f'sasl.mechanism = "{mechanism}"',
             f'ssl.ca.location = "{authority.file}"', 'debug = "security,broker"']
    if mechanism == "OAUTHBEARER":
        lines += ['enable.sasl.oauthbearer.unsecure.jwt = "true"', f'sasl.oauthbearer.config_file = "{secret}"']
    else:
        lines += ['sasl.username = "me"', f'sasl.password_file = "{secret}"']
    path = folder / "kafka.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", *(pytest.param(name, marks=pytest.mark.long) for name in ("PLAIN", "OAUTHBEARER"))])
def test_both_ways_through_tls_and_sasl(mechanism, guarded, topic, authority, cryptostream, tmp_path):
    guarded.make_topic(topic)
    sent = prices(200)
    (tmp_path / "m.jsonl").write_text("".join(value + "\n" for _, value in sent))
    common = ["--config", settings(tmp_path, authority, mechanism), "-v", "--broker", guarded.secure_address, "--topic", topic]
    produced = cryptostream("produce", *common, "--source", "replay", "--replay", tmp_path / "m.jsonl", "--storage", tmp_path / "spool")
    read = cryptostream("stream", *common, "--storage", tmp_path / "lake", "--exit-when-done")
    check_lake(tmp_path / "lake", {(0, i): value for i, (_, value) in enumerate(sent)})
    for text in (produced.stderr, read.stderr):
        assert "librdkafka" in text, "its log is there to be looked at"
        assert "canary" not in text


def test_a_wrong_password_is_told_and_tried_again(guarded, topic, authority, cryptostream, tmp_path):
    guarded.make_topic(topic)
    running = cryptostream.start("stream", "--config", settings(tmp_path, authority, "PLAIN", "wrong-canary"), "--broker",
                                 guarded.secure_address, "--topic", topic, "--storage", tmp_path / "lake", log=tmp_path / "log")
    wait_until(lambda: "uthentication" in (tmp_path / "log").read_text(), "words about the refusal")
    time.sleep(0.5)
    assert running.poll() is None
    assert "canary" not in (tmp_path / "log").read_text()


def test_a_certificate_of_nobody_we_know_is_refused(guarded, topic, tmp_path_factory, cryptostream, tmp_path):
    stranger = certificates.Authority(tmp_path_factory.mktemp("stranger"))
    guarded.make_topic(topic)
    guarded.produce(topic, prices(3))
    cryptostream.start("stream", "--config", settings(tmp_path, stranger, "PLAIN"), "--broker", guarded.secure_address, "--topic", topic,
                       "--storage", tmp_path / "lake", log=tmp_path / "log")
    wait_until(lambda: "certificate verify failed" in (tmp_path / "log").read_text(), "words about the certificate")
    assert judge.tables(tmp_path / "lake")["bronze"].rows() == []


SECRETS = ["SASL__PASSWORD", "SSL__KEY__PASSWORD", "SSL__KEY__PEM", "SSL__KEYSTORE__PASSWORD", "SASL__OAUTHBEARER__CLIENT__SECRET",
           "SASL__OAUTHBEARER__CONFIG"]


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_shows_nowhere(name, topic, cryptostream, tmp_path):
    """In the environment it is taken and never printed; on the command line, where `ps` shows it, and in a file of settings it is refused."""
    setting = "kafka.librdkafka." + name.lower().replace("__", ".")
    secret = {f"CRYPTOSTREAM_KAFKA__LIBRDKAFKA__{name}": "canary-4711"}
    printed = cryptostream("config", "print", env=secret)
    assert "***" in printed.stdout and setting.removeprefix("kafka.librdkafka.") in printed.stdout
    argument = cryptostream("config", "print", "--set", f"{setting}=canary-4711", check=False)
    (tmp_path / "c.toml").write_text(f'[kafka.librdkafka]\n"{setting.removeprefix("kafka.librdkafka.")}" = "canary-4711"\n')
    in_file = cryptostream("config", "print", "--config", tmp_path / "c.toml", check=False)
    assert (argument.returncode, in_file.returncode) == (78, 78)
    [nobody] = kafka.free_ports(1)
    running = cryptostream.start("stream", "-v", "--broker", f"127.0.0.1:{nobody}", "--topic", topic, "--storage", tmp_path / "lake",
                                 "--set", "kafka.librdkafka.debug=all", env=secret, log=tmp_path / "log")
    wait_until(lambda: running.poll() is not None or "cannot reach" in (tmp_path / "log").read_text(), "an error of the start or words")
    command = pathlib.Path(f"/proc/{running.pid}/cmdline").read_bytes() if running.poll() is None else b""
    running.kill()
    running.wait(30)
    (tmp_path / "c.toml").unlink()
    written = [path for path in tmp_path.rglob("*") if path.is_file() and b"canary" in path.read_bytes()]
    assert written == [] and b"canary" not in command
    for done in (printed, argument, in_file):
        assert "canary" not in done.stdout + done.stderr
