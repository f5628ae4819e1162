"""The program under test, run as a user runs it."""

import os
import subprocess

import pytest


@pytest.fixture
def cryptostream(binary):
    """Runs a command to its end and gives the finished process; fails after a minute."""

    def run(*arguments, check=True, crash=None, **keywords):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("CRYPTOSTREAM_")}
        if crash:
            environment["CRYPTOSTREAM_CRASH"] = crash
        environment.update(keywords.pop("env", {}))
        done = subprocess.run([binary, *map(str, arguments)], env=environment, capture_output=True, text=True, timeout=60, **keywords)
        if check:
            assert done.returncode == 0, f"exit {done.returncode}: {done.stderr}"
        return done

    return run
