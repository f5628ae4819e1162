"""A power cut at the named points, and a disk that stands still: ext4 on a loop file, its journal thrown away as the cut would (D7, L1, L6).
What a stage has counted as committed must be there afterwards, and everything goes on to the end that the ledger knows."""

import os
import shutil
import socket
import time
import urllib.error
import urllib.request

import judge
import pytest
import scenarios
import small_disk

# point -> the table that has, once the point is reached for the nth time, at least n commits beyond its creation
PROMISES = {"bronze.after_commit": "bronze", "silver.after_commit": "silver", "gold.after_commit": "gold_sources",
            "quarantine.after_commit": "quarantine"}
OTHERS = ["delta.before_data_file_rename", "delta.after_data_file", "delta.before_commit", "delta.after_commit", "delta.after_create",
          "delta.before_checkpoint", "delta.after_checkpoint", "gold.before_correction", "gold.after_correction", "lake.after_open"]


@pytest.fixture(scope="session")
def permission():
    if reason := small_disk.why_not():
        pytest.skip(reason)


@pytest.fixture
def disk(permission, tmp_path):
    with small_disk.small_disk(tmp_path) as made:
        yield made


def cut_at(point, nth, scenario, disk):
    """Plays until the power is cut at the point, and gives the disk its power back. False: the point was not reached."""
    with scenario.start(CRYPTOSTREAM_CRASH=f"{point}:{nth}:powercut:{disk.path}") as process:
        code = process.wait()
        # Another thread's fsync may meet the dead disk before the kill comes, and ends the process as it must.
        dead = "input/output error; stopping" in process.text() and "cannot cut the power" not in process.text()
        assert code in (0, -9) or (code == -6 and dead), process.text()
    disk.unmount()
    disk.mount()
    return code != 0


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.long), pytest.param(3, marks=pytest.mark.long)])
@pytest.mark.parametrize("point", PROMISES)
def test_what_was_committed_survives(point, seed, disk, binary, tmp_path):
    scenario = scenarios.NewLake(binary, tmp_path, seed)
    scenario.lake = disk.path / "lake"
    nth = 1 + seed
    assert cut_at(point, nth, scenario, disk), "the point was not reached"
    tables = judge.tables(scenario.lake)
    assert tables[PROMISES[point]].version >= nth, "a commit that was counted as durable is gone"
    for table in tables.values():
        table.rows()
    scenario.finish()
    scenario.check()


@pytest.mark.parametrize("point", [pytest.param(point, marks=[] if point == "delta.before_commit" else pytest.mark.long) for point in OTHERS])
@pytest.mark.parametrize("nth", [1, pytest.param(4, marks=pytest.mark.long), pytest.param(9, marks=pytest.mark.long)])
def test_a_cut_on_the_way_leaves_what_can_be_gone_on_from(point, nth, disk, binary, tmp_path):
    if "checkpoint" in point:
        (tmp_path / "aged").mkdir()
        scenarios.AgedLake.template or scenarios.AgedLake.prepare(binary, tmp_path / "aged")
        disk_lake = disk.path / "lake"
        scenario = aged_on(disk_lake, binary, tmp_path)
    else:
        scenario = scenarios.NewLake(binary, tmp_path, seed=nth)
        scenario.lake = disk.path / "lake"
    cut_at(point, nth, scenario, disk)
    scenario.finish()
    scenario.check()


def aged_on(place, binary, folder):
    (folder / "work").mkdir()
    scenario = scenarios.AgedLake(binary, folder / "work", seed=5)
    shutil.copytree(scenario.lake, place)
    os.sync()
    scenario.lake = place
    return scenario


def test_a_disk_that_stands_still(disk, binary, tmp_path):
    """L6: while no write ends, the API answers; afterwards everything goes on and nothing is missing."""
    scenario = scenarios.NewLake(binary, tmp_path, seed=6)
    scenario.lake = disk.path / "lake"
    port = free_port()
    command = [binary, "run", "--source", "replay", "--replay", scenario.input, "--speed", 200, "--storage", scenario.lake,
               "--port", port, *scenarios.SETTINGS]
    with scenarios.Process(command, scenario.log) as process:
        wait_until(lambda: answer(port, "/livez") == 200)
        wait_until(lambda: (scenario.lake / judge.TABLES["silver"] / f"_delta_log/{3:020}.json").exists())
        with disk.frozen():
            end = time.monotonic() + 4
            while time.monotonic() < end:
                assert answer(port, "/livez") == 200
                assert answer(port, "/api/v1/candles?coin=bitcoin&interval=1m") in (200, 404, 503)
                time.sleep(0.2)
        wait_until(lambda: "replay ended" in process.text())
    scenario.finish()
    scenario.check()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answer(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as reply:
            return reply.status
    except urllib.error.HTTPError as error:
        return error.code
    except ConnectionError:
        return None
    except urllib.error.URLError as error:
        assert isinstance(error.reason, ConnectionError), error
        return None


def wait_until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
