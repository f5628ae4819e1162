"""Faults of the system under the running program (test/faults/faults.c): errors of fsync, short writes, no descriptors, no room, a
commit that is reported as failed and is not, no threads, a stepped clock. The ledger says what must stand in the tables."""

import struct
import subprocess
import time

import judge
import pytest
import scenarios

class Faulty(scenarios.NewLake):
    """A new lake under rules; `calm` runs it without them."""

    def start(self, *rules, **environ):
        if rules:
            environ |= {"LD_PRELOAD": str(self.binary.parent / "libfaults.so"), "FAULTS": ";".join(rules), "FAULTS_HITS": str(self.hits)}
        return super().start(**environ)

    @property
    def hits(self):
        return self.log.parent / "faults-hits"

    def under(self, *rules, seconds=60, **environ):
        """Gives the exit code of a run in which at least one fault was done: a rule that meets no call proves nothing."""
        self.hits.unlink(missing_ok=True)
        with self.start(*rules, **environ) as process:
            code = process.wait(seconds)
        assert self.hits.exists(), f"no fault was done by {rules}"
        return code

    def tables_are_right(self):
        self.finish()
        self.check()


@pytest.fixture
def faulty(binary, tmp_path):
    return Faulty(binary, tmp_path, seed=11)


@pytest.mark.parametrize("part", ["/bronze/crypto_raw/date=", "/bronze/crypto_raw/_delta_log", "/silver/", "/gold/", "/quarantine/", ".parquet"])
def test_an_io_error_of_fsync_ends_the_process_and_a_restart_recovers(part, faulty):
    assert faulty.under(f"fsync,{part},4-,EIO") == -6, "not aborted"
    assert "input/output error; stopping" in faulty.log.read_text().splitlines()[-1]  # not a word after it
    faulty.tables_are_right()


def make(folder):
    folder.mkdir()
    return folder


@pytest.mark.parametrize("rule", [
    "write,/lake/,*/3,short", "write,/lake/,50-51,EINTR;write,/lake/,90,EINTR", "fsync,/lake/,*/4,EINTR", "write,/lake/,60-62,EAGAIN",
    "create,/lake/,30-32,EMFILE", "open,/lake/,40-44,EMFILE;open,/lake/,99-100,EMFILE", "write,/lake/,45-48,ENOSPC",
    "rename,/lake/,7-8,ENOSPC", "link,_delta_log/0,10-12,ENOSPC", "mkdir,/lake/,4,ENOSPC", "fsync,/lake/,30-31,ENOSPC",
    "write,/lake/,70-71,EDQUOT",
])
def test_what_passes_is_survived(rule, faulty):
    """Either it goes on by itself, or it ends in words; it never ends by a signal, and a calm run afterwards completes the tables."""
    assert faulty.under(rule) in (0, 1), faulty.log.read_text()
    faulty.tables_are_right()


@pytest.mark.parametrize("what", ["ENOSPC", "short", "EINTR"])
def test_a_data_file_that_fails_midway_is_never_published(what, binary, tmp_path):
    """D8: the write that fails is any one of a file's; what is under a final name is a whole file."""
    for nth in (1, 2, 3, 4, 5, 9):
        faulty = Faulty(binary, make(tmp_path / str(nth)), seed=11)
        assert faulty.under(f"write,.zstd.parquet.tmp,{nth},{what}") in (0, 1)
        for table in ("bronze", "silver", "gold"):
            for file in (faulty.lake / judge.TABLES[table]).rglob("part-*.parquet"):
                assert file.read_bytes()[-4:] == b"PAR1", file
        faulty.tables_are_right()


@pytest.mark.parametrize("lie", ["lie-ENOSPC", "lie-EEXIST", "lie-EAGAIN"])
def test_a_commit_reported_as_failed_is_recognised(lie, faulty):
    """D2: the link into the log was made, the caller is told that it was not."""
    assert faulty.under(f"link,_delta_log/0,*/3,{lie}") == 0, faulty.log.read_text()
    faulty.check()


def calm_count(scenario, count):
    """Counts the calls that change the disk, in a run without a fault."""
    with scenario.start("change,/lake/,1000000-,kill", FAULTS_COUNT=str(count)) as process:
        return process.wait(60)


@pytest.mark.alone
def test_killed_at_any_system_call_that_changes_the_disk(binary, tmp_path, faulty):
    count = tmp_path / "count"
    assert calm_count(faulty, count) == 0
    total = int(count.read_text())  # a busy machine makes fewer commits, and so fewer calls
    assert total > 500
    for i in range(7):
        scenario = Faulty(binary, make(tmp_path / f"kill-{i}"), seed=i)
        scenario.under(f"change,/lake/,{1 + total * i // 12},kill")
        scenario.tables_are_right()


@pytest.mark.long
def test_killed_at_every_tenth_system_call_that_changes_the_disk(binary, tmp_path, faulty):
    count = tmp_path / "count"
    assert calm_count(faulty, count) == 0
    for nth in range(1, int(count.read_text()), 10):
        scenario = Faulty(binary, make(tmp_path / f"kill-{nth}"), seed=nth)
        scenario.under(f"change,/lake/,{nth},kill")
        with scenario.start(f"change,/lake/,{1 + nth * 7 % 90},kill") as process:  # near the end there may be nothing left to kill
            process.wait(60)
        scenario.tables_are_right()


def test_a_panic_in_the_kernel_is_an_error_in_words(faulty):
    """D18: the kernel's input threads cannot be made, and tokio panics. At a start the program says so and ends."""
    assert faulty.under("thread,,2-,EAGAIN") == 1, faulty.log.read_text()  # the first is the program's own, for signals
    assert "panic" in faulty.log.read_text() or "cannot start the input threads" in faulty.log.read_text()
    faulty.tables_are_right()


@pytest.mark.long
def test_a_panic_in_the_middle_is_retried_and_the_process_lives(binary, tmp_path):
    """D18: the kernel's idle input thread ends after ten seconds; then no new one can be made, for a while."""
    scenario, switch = Faulty(binary, tmp_path, seed=3), tmp_path / "switch"
    lines = scenario.input.read_text().splitlines(keepends=True)
    environ = scenarios.environment(LD_PRELOAD=str(binary.parent / "libfaults.so"), FAULTS="thread,,1-,EAGAIN", FAULTS_WHEN=str(switch))
    command = [binary, "replay", "-", "--storage", scenario.lake, "--exit-when-done", *scenarios.SETTINGS,
               "--set", "maintenance.enabled=false"]  # its looks keep the thread busy
    with open(scenario.log, "wb") as log:
        process = subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE, stderr=log, stdout=subprocess.DEVNULL, env=environ)
    try:
        process.stdin.write("".join(lines[:100]).encode())
        process.stdin.flush()
        time.sleep(13)
        switch.touch()
        process.stdin.write("".join(lines[100:]).encode())
        process.stdin.close()
        time.sleep(1)
        assert process.poll() is None, scenario.log.read_text()
        switch.unlink()
        assert process.wait(timeout=60) == 0, scenario.log.read_text()
    finally:
        process.kill()
        process.wait()
    assert len(judge.tables(scenario.lake)["bronze"].rows()) == len(lines)


@pytest.mark.parametrize("steps", [[3600], [-3600], [1, -1, 7200, -86400, 0], [86400 * 400, 0]], ids=["ahead", "back", "to and fro", "years"])
def test_a_stepped_clock_changes_nothing(steps, binary, tmp_path):
    """T1: the wall clock jumps while a recording plays; the windows of an undisturbed run come out, and the run takes its time."""
    scenario, clock = Faulty(binary, tmp_path, seed=21), tmp_path / "clock"
    clock.write_bytes(struct.pack("=q", 0))
    started = time.monotonic()
    with scenario.start(LD_PRELOAD=str(binary.parent / "libfaults.so"), FAULTS_CLOCK=str(clock)) as process:
        for step in steps:
            time.sleep(0.15)
            with open(clock, "r+b") as mapped:  # in place: it is mapped into the program
                mapped.write(struct.pack("=q", step * 1_000_000))
        assert process.wait() == 0, process.text()
    assert time.monotonic() - started < 20
    scenario.check()


def test_a_clock_that_stands_in_the_past_or_future_at_the_start(binary, tmp_path):
    for i, offset in enumerate((-86400 * 20, 86400 * 3650)):
        scenario, clock = Faulty(binary, make(tmp_path / str(i)), seed=22), tmp_path / f"clock-{i}"
        clock.write_bytes(struct.pack("=q", offset * 1_000_000))
        with scenario.start(LD_PRELOAD=str(binary.parent / "libfaults.so"), FAULTS_CLOCK=str(clock)) as process:
            assert process.wait() == 0, process.text()
        scenario.tables_are_right()
