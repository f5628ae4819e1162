"""The program under test, run as a user runs it."""

import os
import resource
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


@pytest.fixture
def background(binary, tmp_path):
    """Starts a command that runs on; ended by the test, at the latest when it is over."""
    started = []

    def start(*arguments, limit=resource.RLIM_INFINITY):
        log = open(tmp_path / f"log-{len(started)}", "w+")
        environment = {key: value for key, value in os.environ.items() if not key.startswith("CRYPTOSTREAM_")}
        process = subprocess.Popen([binary, *map(str, arguments)], stderr=log, stdout=subprocess.DEVNULL, env=environment,
                                   preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY)))
        process.log = lambda: (tmp_path / log.name).read_text()
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait()
