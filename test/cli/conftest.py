"""The commands as a person types them."""

import subprocess

import pytest

from program import clean_environment, messages


@pytest.fixture(scope="session")
def cryptostream(binary):
    """Runs a command to its end and gives the finished process."""

    def run(*arguments, env=None, timeout=60, **keywords):
        keywords = {"capture_output": True, "text": True} | keywords
        return subprocess.run([binary, *map(str, arguments)], env=clean_environment(**(env or {})), timeout=timeout, **keywords)

    return run


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
