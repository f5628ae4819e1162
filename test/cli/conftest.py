"""The commands as a person types them."""

import json
import os
import subprocess

import pytest

def clean_environment(**more):
    return {key: value for key, value in os.environ.items() if not key.startswith("CRYPTOSTREAM_")} | more


@pytest.fixture(scope="session")
def cryptostream(binary):
    """Runs a command to its end and gives the finished process."""

    def run(*arguments, env=None, timeout=60, **keywords):
        keywords = {"capture_output": True, "text": True} | keywords
        return subprocess.run([binary, *map(str, arguments)], env=clean_environment(**(env or {})), timeout=timeout, **keywords)

    return run


def messages(path, count, step_s=1):
    rows = ({"timestamp": 1_723_118_400 + i * step_s, "coin_id": ("bitcoin", "ethereum")[i % 2], "price": 60000.123456789 + i, "volume_24h": 1.5e9}
            for i in range(count))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture(scope="session")
def lake(cryptostream, tmp_path_factory):
    """A lake of two days, with rows in every table but quarantine and gaps."""
    folder = tmp_path_factory.mktemp("cli")
    done = cryptostream("replay", messages(folder / "m.jsonl", 300, step_s=600), "--storage", folder / "lake", "--exit-when-done")
    assert done.returncode == 0, done.stderr
    return folder / "lake"


@pytest.fixture(scope="session")
def lake_without_rows(cryptostream, tmp_path_factory):
    """A lake whose tables are there and empty."""
    folder = tmp_path_factory.mktemp("cli")
    (folder / "m.jsonl").write_text("")
    done = cryptostream("replay", folder / "m.jsonl", "--storage", folder / "lake", "--exit-when-done")
    assert (folder / "lake" / "silver").exists(), done.stderr
    return folder / "lake"
