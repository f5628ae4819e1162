"""Writes docs/settings.md out of what the program says of its settings: cryptostream config schema --json | settings_page.py > docs/settings.md"""

import json
import sys

HEAD = """# Settings

Every setting, as `cryptostream config schema` gives it. This page is generated: `make docs` writes it, and a test compares it with the program.
Where a value comes from, what must fit together and what changes without a restart: [configuration.md](configuration.md).
"""

TITLES = {
    "storage": "where the tables are",
    "engine": "how rows become windows",
    "gold": "which row gold takes of several sources",
    "maintenance": "keeping the lake small",
    "source": "where prices come from",
    "coingecko": "CoinGecko's API",
    "kafka": "a topic between source and tables",
    "serve": "the API and the page",
    "log": "what is printed",
}

FREE = """
## kafka.librdkafka

Settings of librdkafka, passed through under their own names: `"security.protocol" = "sasl_ssl"`. A secret comes from the environment
(`CRYPTOSTREAM_KAFKA__LIBRDKAFKA__SASL__PASSWORD`) or a file (`"sasl.password_file" = "kafka-password"`). [kafka.md](kafka.md) shows TLS and SASL.

## symbols

Your own words for an exchange's symbols: `BTCUSDT = "bitcoin"`, or `XBTZEUR = {coin = "bitcoin", quote = "eur"}` where its end does not tell the
currency. In the environment what follows `CRYPTOSTREAM_SYMBOLS__` keeps its case.

## quotes

The currency of a source's messages that do not say theirs: `kraken = "eur"`. Without it usd, of Binance usdt; CoinGecko's is `coingecko.vs_currency`. In the environment what follows
`CRYPTOSTREAM_QUOTES__` keeps its case.
"""


def toml(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def kind(setting):
    """Type and range, in words."""
    words = setting["x-kind"]
    return f"{words}, {setting['x-range']}" if "x-range" in setting else words


def default(setting):
    return f"`{toml(setting['default'])}`" if "default" in setting else "not set"


def entry(section, name, setting):
    yield f"### {section}.{name}"
    yield ""
    yield setting["description"]
    yield ""
    if "examples" in setting:
        yield f"    {name} = {toml(setting['examples'][0])}"
        yield ""
    yield f"- type: {kind(setting)}"
    yield f"- default: {default(setting)}"
    yield f"- environment: `{setting['x-environment']}`"
    if "x-flag" in setting:
        yield f"- flag: `{setting['x-flag']}`"
    yield ""


def page(schema):
    lines = [HEAD]
    for section, described in schema["properties"].items():
        names = {name: setting for name, setting in described.get("properties", {}).items() if "x-kind" in setting}
        if names:
            lines += [f"## {section}" + (f": {TITLES[section]}" if section in TITLES else ""), ""]
        for name, setting in names.items():
            lines += entry(section, name, setting)
    return "\n".join(lines).rstrip("\n") + "\n" + FREE


if __name__ == "__main__":
    sys.stdout.write(page(json.load(sys.stdin)))
