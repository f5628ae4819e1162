"""An upgrade that is killed, shut out, or left without room goes on where it was, and is never half of one format for a reader."""

import os
import pathlib
import signal
import subprocess
import tarfile
import time

import judge
import judge_chosen
import pytest
from conftest import HERE
from upgrade_test import ADDED, ROUNDED, check_kept, files, formats, more_prices, multiset



def points():
    binary = pathlib.Path(os.environ.get("CRYPTOSTREAM_BINARY", "build/release/cryptostream"))
    if not binary.exists():
        return []
    listed = subprocess.run([binary.resolve(), "--list-crash-points"], check=True, capture_output=True, text=True).stdout.split()
    return [name for name in listed if name.startswith("upgrade.")]


def kills():
    """Each point of an upgrade; those of a table at the first, a middle and the last one; and those of the commit itself."""
    for point in points():
        if point == "upgrade.after_carried":
            continue  # of a lake that retention has cut
        for nth in (1, 4, 14) if point.endswith("_table") else (1, 3) if point.endswith("_move") else (1,):
            yield f"{point}:{nth}"
    for nth in (1, 3, 8, 13, 16):
        yield f"delta.before_commit:{nth}"
        yield f"delta.after_commit:{nth}"


@pytest.fixture
def one_lake(tmp_path):
    """The lake with the most to stumble over."""
    with tarfile.open(HERE / "format-1/recordings.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path / "recordings"


def test_the_points_are_there():
    assert {"upgrade.before_table", "upgrade.after_table", "upgrade.before_move", "upgrade.after_move", "upgrade.before_rows",
            "upgrade.before_done", "upgrade.before_chosen", "upgrade.after_chosen"} <= set(points())


@pytest.mark.parametrize("order", kills())
def test_killed_it_goes_on(order, one_lake, cryptostream, tmp_path):
    before = judge.tables(one_lake)
    killed = cryptostream("upgrade", "--storage", one_lake, check=False, CRYPTOSTREAM_CRASH=order)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert "verdict: sound" in cryptostream("verify", "--storage", one_lake).stdout
    assert cryptostream("query", "--storage", one_lake, "select count(quote) from silver").stdout
    left = cryptostream("upgrade", "--dry-run", "--storage", one_lake)
    done = "nothing to do" in left.stderr
    assert not done, left.stderr
    said = cryptostream("replay", more_prices(tmp_path), "--storage", one_lake, "--exit-when-done").stderr
    assert "upgrading the lake" in said
    check_kept(before, judge.tables(one_lake), [("coingecko", "more.jsonl", 0, i) for i in range(30)])
    assert set(formats(one_lake).values()) == {"3"}
    assert "verdict: sound" in cryptostream("verify", "--storage", one_lake).stdout


def test_killed_while_cut_days_are_carried_over_it_goes_on(tmp_path, cryptostream):
    """Hours and days of days that retention has dropped are in the rollups only."""
    with tarfile.open(HERE / "format-1/dropped.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    lake = tmp_path / "dropped"
    before = {(row["window"]["start"], row["coin_id"]) for row in judge.tables(lake)["gold_sources_1d"].rows()}
    for _ in range(3):  # minutes, hours, days
        killed = cryptostream("upgrade", "--storage", lake, check=False, CRYPTOSTREAM_CRASH="upgrade.after_carried:1")
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert "verdict: sound" in cryptostream("verify", "--storage", lake).stdout
    cryptostream("upgrade", "--storage", lake)
    after = judge.tables(lake)
    assert sorted((row["window"]["start"], row["coin_id"]) for row in after["gold_1d"].rows()) == sorted(before)
    assert "verdict: sound" in cryptostream("verify", "--storage", lake).stdout


def test_stopped_it_goes_on(one_lake, binary, cryptostream):
    process = subprocess.Popen([binary, "upgrade", "--storage", one_lake], stderr=subprocess.PIPE, text=True,
                               env=os.environ | {"CRYPTOSTREAM_CRASH": "upgrade.before_rows:1:stop"})
    wait_until_frozen(process)
    process.terminate()
    process.send_signal(signal.SIGCONT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1 and "stopped" in said, said
    assert "upgrading the lake" in cryptostream("upgrade", "--storage", one_lake).stderr
    assert "verdict: sound" in cryptostream("verify", "--storage", one_lake).stdout


def wait_until_frozen(process):
    deadline = time.monotonic() + 60
    while f"{pathlib.Path(f'/proc/{process.pid}/stat').read_text()}".rpartition(")")[2].split()[0] != "T":
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)


def test_a_second_one_is_told_who_is_at_it(one_lake, binary, cryptostream):
    first = subprocess.Popen([binary, "upgrade", "--storage", one_lake], stderr=subprocess.DEVNULL,
                             env=os.environ | {"CRYPTOSTREAM_CRASH": "upgrade.after_table:3:stop"})
    try:
        wait_until_frozen(first)
        for command in (["upgrade"], ["replay", one_lake / "second.jsonl", "--exit-when-done"]):
            second = cryptostream(*command, "--storage", one_lake, check=False)
            assert second.returncode == 1 and f"pid={first.pid}" in second.stderr.replace("pid ", "pid="), second.stderr
        assert "verdict: sound" in cryptostream("verify", "--storage", one_lake).stdout
        first.send_signal(signal.SIGCONT)
        assert first.wait(60) == 0
    finally:
        first.kill()
        first.wait()
    assert "nothing to do" in cryptostream("upgrade", "--storage", one_lake).stderr


@pytest.mark.parametrize("fault", ["link,_delta_log,4-,ENOSPC", "open,_delta_log,5-,ENOSPC"])
def test_a_disk_that_fills_up_is_told_and_harms_nothing(fault, one_lake, binary, cryptostream):
    rows = {name: multiset(table, ROUNDED) for name, table in judge.tables(one_lake).items()}
    full = cryptostream("upgrade", "--storage", one_lake, check=False, LD_PRELOAD=str(binary.parent / "libfaults.so"), FAULTS=fault)
    assert full.returncode == 1 and "No space left on device" in full.stderr, full.stderr
    reached = set(formats(one_lake).values())
    assert reached == {"1", "2"} if fault.startswith("link") else "1" in reached
    assert "verdict: sound" in cryptostream("verify", "--storage", one_lake).stdout
    cryptostream("upgrade", "--storage", one_lake)
    now = judge.tables(one_lake)
    assert {name: multiset(now[name], {*ROUNDED, *ADDED.get(name, [])}) for name in rows} == rows
    judge_chosen.check_chosen(now)
    assert "verdict: sound" in cryptostream("verify", "--storage", one_lake).stdout


def test_too_little_room_is_told_before_anything_is_done(tmp_path, cryptostream):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", disk], capture_output=True).returncode != 0:
        pytest.skip("mounting a small disk is not permitted here")
    try:
        with tarfile.open(HERE / "format-1/recordings.tar.xz") as archive:
            archive.extractall(disk, filter="data")
        before = files(disk)
        refused = cryptostream("upgrade", "--storage", disk / "recordings", check=False)
        assert refused.returncode == 1 and "too little room" in refused.stderr and "nothing was changed" in refused.stderr
        assert files(disk) == before
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def test_without_the_right_to_write_it_is_told_in_words(one_lake, cryptostream):
    if os.geteuid() == 0:
        if subprocess.run(["mount", "--bind", one_lake, one_lake], capture_output=True).returncode != 0:
            pytest.skip("mounting is not permitted here")
        subprocess.run(["mount", "-o", "remount,ro,bind", one_lake], check=True)
    else:
        one_lake.chmod(0o555)
    try:
        refused = cryptostream("upgrade", "--storage", one_lake, check=False)
        assert refused.returncode == 1
        assert "Read-only file system" in refused.stderr or "Permission denied" in refused.stderr
        assert "from format 1 to 3" in cryptostream("upgrade", "--dry-run", "--storage", one_lake).stderr
    finally:
        if os.geteuid() == 0:
            subprocess.run(["umount", "-l", one_lake], check=True)
