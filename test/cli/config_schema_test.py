"""`config schema --json` and `config check` say the same of a file: held by a validator that is not ours."""

import json
import pathlib
import re
import subprocess
import sys
import tomllib

import jsonschema_rs
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
KEY = {"CRYPTOSTREAM_COINGECKO__KEY": "CG-of-nobody"}  # the examples name plans that need one


@pytest.fixture(scope="module")
def schema(cryptostream):
    return json.loads(cryptostream("config", "schema", "--json").stdout)


@pytest.fixture(scope="module")
def agreed(schema, cryptostream, tmp_path_factory):
    """Gives what both say of a TOML text, after asserting that they say the same."""
    validator = jsonschema_rs.Draft202012Validator(schema)
    folder = tmp_path_factory.mktemp("schema")
    for secret in ("coingecko-key", "kafka-password"):
        (folder / secret).write_text("of-nobody\n")

    def ask(text):
        (folder / "c.toml").write_text(text)
        as_json = json.loads(json.dumps(tomllib.loads(text), default=str))  # a day becomes its text
        done = cryptostream("config", "check", "--config", "c.toml", cwd=folder, env=KEY)
        assert done.returncode in (0, 78), done.stderr
        findings = [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(as_json)]
        assert (findings == []) == (done.returncode == 0), f"{text}\nschema: {findings}\nprogram: {done.stderr}"
        return done.returncode == 0

    return ask


def settings(schema):
    """Yields section, name and description of every setting that a file may hold."""
    for section, described in schema["properties"].items():
        for name, setting in described.get("properties", {}).items():
            if "x-kind" in setting and setting["x-kind"] != "secret":
                yield section, name, setting


def toml(value):
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def wrong_values(setting):
    yield "is no such value ://"
    yield ["one", 2]
    if setting["x-kind"] == "integer":
        yield setting["minimum"] - 1
        yield setting["maximum"] + 1
        yield 1.5
    if setting["x-kind"] == "duration":
        yield from ("36600000d", "-1s", "1.5s", "1 s", "")
    if setting["x-kind"] == "path":
        yield "s3://lake/one"
    if setting["x-kind"] == "list":
        yield ["good", 3]


def test_the_printed_configuration_is_good(cryptostream, agreed, tmp_path):
    assert agreed(cryptostream("config", "print", cwd=tmp_path).stdout)


def test_every_default_and_example_is_good(schema, agreed):
    count = 0
    for section, name, setting in settings(schema):
        values = setting["examples"] + ([setting["default"]] if "default" in setting else [])
        for value in values:
            assert agreed(f"[{section}]\n{name} = {toml(value)}\n"), (section, name, value)
            count += 1
    assert count > 100


def test_the_ends_of_a_range_are_good(schema, agreed):
    for section, name, setting in settings(schema):
        if "minimum" in setting:
            for value in (setting["minimum"], setting["maximum"]):
                assert agreed(f"[{section}]\n{name} = {value}\n")


def free(setting):
    """A text or list that nothing narrows takes any text."""
    return setting["x-kind"] == "text" and setting.get("pattern", "[\\s\\S]").startswith(("[\\s", "^(?:[\\s"))


def test_wrong_values_are_refused(schema, agreed):
    count = 0
    for section, name, setting in settings(schema):
        for value in wrong_values(setting):
            if isinstance(value, str) and (free(setting) or setting["x-kind"] in ("path", "list") and "s3:" not in value):
                continue
            if value == "" and "pace" == name:
                continue
            assert not agreed(f"[{section}]\n{name} = {toml(value)}\n"), (section, name, value)
            count += 1
    assert count > 150


@pytest.mark.parametrize("text", [
    "[serve]\nprot = 9000\n", "[server]\nport = 9000\n", "port = 9000\n", "[coingecko]\nkey = 'CG-1'\n", "[symbols]\n'BTC USDT' = 'bitcoin'\n",
    "[symbols]\nBTCUSDT = 'bit coin'\n", "[coingecko]\ncoins = ['bitcoin', 'bit coin']\n", "[serve]\nsource_order = ['']\n[storage]\npath = ''\n",
    "[kafka]\ntopic = '..'\n", "[kafka]\ndlq_topic = 'a b'\n", "[engine]\nlateness = '25h'\n", "[stream]\nlateness = '25h'\n",
    "[maintenance]\nretain_bronze = 'always'\n", "[source]\nkind = 'kraken'\n",
    "[symbols]\nXBTZ = {coin = 'bitcoin', quote = 'us d'}\n", "[symbols]\nXBTZ = {quote = 'usd'}\n", "[quotes]\nkraken = 'us d'\n",
    "[quotes]\n'a b' = 'usd'\n", "[coingecko]\nvs_currency = 'us-d'\n"])
def test_wrong_files_are_refused(text, agreed):
    assert not agreed(text)


@pytest.mark.parametrize("text", [
    "", "[symbols]\nXBTUSD = 'bitcoin'\n", "[stream]\nlateness = '45s'\n", "[coingecko]\nrun_out = 2026-01-31\npace = ''\n",
    "[maintenance]\nretain_bronze = 'never'\n", "[kafka.librdkafka]\nsecurity.protocol = 'plaintext'\n'socket.timeout.ms' = 5000\n",
    "[engine]\nlateness = '007s'\n", "[storage]\npath = 'file:///data/a%20lake'\n",
    "[symbols]\nXBTZ = {coin = 'bitcoin', quote = 'EUR'}\nXBTY = {coin = 'bitcoin'}\n", "[quotes]\nkraken = 'eur'\n"])
def test_good_files_are_accepted(text, agreed):
    assert agreed(text)


def documented():
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for block in re.findall(r"^```toml\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL):
            yield pytest.param(block, id=f"{page.name}:{block.splitlines()[0]}")


@pytest.mark.parametrize("text", list(documented()))
def test_examples_in_the_documents_are_good(text, agreed):
    assert agreed(text)


def test_flags_are_those_of_the_commands(schema, cryptostream):
    helps = "\n".join(cryptostream(command, "-h").stdout for command in ("run", "stream"))
    flags = [setting["x-flag"] for _, _, setting in settings(schema) if "x-flag" in setting]
    assert len(flags) >= 9 and [flag for flag in flags if f"{flag} " not in helps] == []


def test_the_page_of_settings_is_what_the_program_says(cryptostream):
    made = subprocess.run([sys.executable, ROOT / "tools/settings_page.py"], input=cryptostream("config", "schema", "--json").stdout,
                          capture_output=True, text=True, timeout=60)
    assert made.returncode == 0, made.stderr
    assert (ROOT / "docs/settings.md").read_text() == made.stdout, "run `make docs`"
