"""The settings as a person gives them: one order of origins, one check for `config check` and `run`, and SIGHUP."""

import json
import os
import pty
import signal
import subprocess
import time
import urllib.request

import pytest
from program import clean_environment

BAD = {
    "no coins": (["coingecko.coins="], "coingecko.coins"),
    "a plan without its key": (["coingecko.plan=demo"], "coingecko.plan=demo needs a key"),
    "ftp": (["coingecko.base_url=ftp://example/"], "coingecko.base_url"),
    "ages": (["serve.live_age=1h", "serve.delayed_age=1m"], "serve.live_age"),
    "a symbol": (["symbols.BTC USDT=bitcoin"], "BTC USDT"),
    "a symbol's coin": (["symbols.BTCUSDT=bit coin"], "symbols.BTCUSDT"),
    "an address for all": (["serve.address=0.0.0.0"], "serve.allow_remote"),
    "no address": (["serve.address=example.org"], "serve.address"),
    "the recording's lake is the real one": (["source.demo_path=here", "storage.path=here"], "source.demo_path"),
    "a text for a number": (["serve.port=many"], "serve.port"),
    "an unknown key": (["serve.prot=1"], "serve.port"),
    "no value": (["serve.port"], "path=value"),
}


def sets(settings):
    return [word for setting in settings for word in ("--set", setting)]


@pytest.mark.parametrize("bad", BAD)
def test_check_and_run_refuse_the_same(bad, cryptostream, tmp_path):
    settings, words = BAD[bad]
    found = []
    for command in (["config", "check"], ["run"], ["produce"]):
        done = cryptostream(*command, *sets(settings), cwd=tmp_path)
        assert done.returncode == 78 and words in done.stderr, (command, done.stderr)
        found.append(done.stderr)
    assert found[0] == found[1] == found[2]
    assert list(tmp_path.iterdir()) == []


def test_every_problem_is_said_at_once(cryptostream, tmp_path):
    done = cryptostream("config", "check", *sets(["coingecko.coins=", "serve.live_age=1h", "serve.address=0.0.0.0"]), cwd=tmp_path)
    assert done.returncode == 78 and done.stderr.count("cryptostream: ") >= 2


@pytest.mark.parametrize("command", [["serve"], ["backfill"], ["show", "gold"], ["query", "select 1"], ["verify"], ["compact"], ["vacuum"], ["upgrade"], ["rebuild", "gold"],
                                     ["retention"], ["quarantine", "list"], ["quarantine", "replay"], ["replay", "x.jsonl"], ["stream"],
                                     ["import", "."], ["recompute", "--from", "2024-08-08", "--to", "2024-08-09"], ["config", "print"]],
                         ids=" ".join)
def test_a_bad_configuration_is_78_everywhere(command, cryptostream, tmp_path):
    for arguments in (["--set", "serve.port=many"], ["--config", "not-there.toml"]):
        done = cryptostream(*command, *arguments, cwd=tmp_path)
        assert done.returncode == 78, (done.returncode, done.stderr)
        assert ("serve.port" if arguments[0] == "--set" else "not-there.toml") in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_set_beats_flag_beats_environment_beats_file(cryptostream, tmp_path):
    file = tmp_path / "c.toml"
    file.write_text("[storage]\npath = 'by-file'\n")
    environment = {"CRYPTOSTREAM_STORAGE__PATH": "by-environment"}
    flag, setting, config = ["--storage", "by-flag"], ["--set", "storage.path=by-set"], ["--config", file]

    def lake(*arguments, **more):
        done = cryptostream("show", "gold", *arguments, cwd=tmp_path, **more)
        return [word for word in ("by-file", "by-environment", "by-flag", "by-set") if word in done.stderr]

    assert lake(*config) == ["by-file"]
    assert lake(*config, env=environment) == ["by-environment"]
    assert lake(*config, *flag, env=environment) == ["by-flag"]
    assert lake(*setting, *flag, env=environment) == lake(*flag, *setting, *config) == ["by-set"]


def test_a_flag_is_named_as_typed(cryptostream, tmp_path):
    done = cryptostream("serve", "--port", "70000", cwd=tmp_path)
    assert done.returncode == 78 and "--port" in done.stderr and "from 0 to 65535" in done.stderr


def test_a_variable_that_sets_nothing_is_said(cryptostream, tmp_path):
    done = cryptostream("config", "check", env={"CRYPTOSTREAM_SERVE_PORT": "9000"}, cwd=tmp_path)
    assert done.returncode == 0 and "did you mean CRYPTOSTREAM_SERVE__PORT?" in done.stderr
    done = cryptostream("config", "print", env={"CRYPTOSTREAM_SYMBOLS__xbtUSD": "bitcoin"}, cwd=tmp_path)
    assert '"xbtUSD" = "bitcoin"' in done.stdout


def test_an_old_name_works_with_a_warning(cryptostream, tmp_path):
    done = cryptostream("config", "print", "--set", "stream.lateness=45s", "--set", "maintenance.retain_bronze=0s", cwd=tmp_path)
    assert done.returncode == 0 and "engine.lateness" in done.stderr and "write never" in done.stderr
    assert "[engine]\nlateness = '45s'" in done.stdout.replace('"', "'") and "[stream]" not in done.stdout


class Running:
    def __init__(self, binary, log, *arguments):
        self.log = log
        self.process = subprocess.Popen([binary, *map(str, arguments)], env=clean_environment(), stdout=subprocess.DEVNULL,
                                        stderr=open(log, "w"))

    def wait_for(self, words, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if words in self.log.read_text():
                return
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.05)
        pytest.fail(f"not said: {words}\n{self.log.read_text()}")

    def end(self):
        self.process.terminate()
        code = self.process.wait(20)
        return code


def test_sighup_reloads_all_or_nothing(binary, lake, tmp_path):
    file = tmp_path / "c.toml"
    file.write_text("[serve]\nlive_age = '2m'\n")
    running = Running(binary, tmp_path / "log", "serve", "--storage", lake, "--port", "0", "--config", file)
    try:
        running.wait_for("http://127.0.0.1:")
        port = running.log.read_text().split("http://127.0.0.1:")[1].split()[0]

        def live_age():
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/status", timeout=10) as answer:
                return json.load(answer)["freshness"]["live_s"]

        assert live_age() == 120
        file.write_text("[serve]\nlive_age = '3m'\nquery_threads = 3\n[log]\nlevel = 'debug'\n")
        running.process.send_signal(signal.SIGHUP)
        running.wait_for("applied: serve.live_age, log.level")
        running.wait_for("a restart is needed for: serve.query_threads")
        assert live_age() == 180
        file.write_text("[serve]\nlive_age = '5m'\n[log]\nlevel = 'loud'\n")
        running.process.send_signal(signal.SIGHUP)
        running.wait_for("stays as it was")
        assert live_age() == 180
        file.write_text("[serve]\nlive_age = '1h'\n")
        running.process.send_signal(signal.SIGHUP)
        running.process.send_signal(signal.SIGHUP)
        running.wait_for("serve.live_age is above serve.delayed_age")
        assert live_age() == 180 and running.process.poll() is None
    finally:
        assert running.end() == 0


def test_sighup_of_a_closed_terminal_stops(binary, lake, tmp_path):
    leader, follower = pty.openpty()
    process = subprocess.Popen([binary, "serve", "--storage", str(lake), "--port", "0"], env=clean_environment(), stdout=subprocess.DEVNULL,
                               stderr=follower, start_new_session=True)
    os.close(follower)
    text = b""
    while b"http://127.0.0.1:" not in text:
        text += os.read(leader, 1000)
    os.close(leader)
    process.send_signal(signal.SIGHUP)
    try:
        assert process.wait(20) == 0
    finally:
        process.kill()


def test_a_replay_goes_to_the_lake_that_is_named(binary, tmp_path):
    running = Running(binary, tmp_path / "log", "run", "--source", "replay", "--storage", tmp_path / "mine", "--port", "0")
    try:
        running.wait_for(f"writing the lake {tmp_path / 'mine'}")
        assert (tmp_path / "mine" / "bronze").exists()
    finally:
        assert running.end() == 0


def test_a_replay_does_not_empty_a_real_lake(cryptostream, lake):
    before = sorted(lake.rglob("*"))
    done = cryptostream("run", "--source", "replay", "--storage", lake, "--port", "0")
    assert done.returncode == 1 and str(lake) in done.stderr
    assert sorted(lake.rglob("*")) == before
