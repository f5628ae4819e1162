"""Every named point of the way (`cryptostream --list-crash-points`), again and again: the process is killed there, or frozen there
while a second one takes over with the lock defeated. Afterwards nothing is lost, doubled or invented; the judge (judge.py) reads
log and files by itself. A point that no scenario reaches fails, so a new one cannot be forgotten."""

import concurrent.futures
import os
import pathlib
import random
import shutil
import signal
import subprocess
import time

import pytest
import scenarios

THREADS = 5  # the runs mostly wait for their recording's pace
FROZEN_ALWAYS = {"bronze.before_commit", "silver.before_commit", "gold.before_commit", "quarantine.before_commit", "delta.after_commit"}


def points():
    binary = pathlib.Path(os.environ.get("CRYPTOSTREAM_BINARY", "build/release/cryptostream"))
    if not binary.exists():
        return []
    names = subprocess.run([binary.resolve(), "--list-crash-points"], check=True, capture_output=True, text=True).stdout.split()
    return [name for name in names if not name.startswith(("topic.", "sink."))]  # those need a broker: test/kafka, or a database: test/sink


def cases():
    for point in points():
        for mode in ("kill9", "stop"):
            for seed in (1, 2, 3):
                always = seed == 1 and (mode == "kill9" or point in FROZEN_ALWAYS)
                yield pytest.param(point, mode, seed, marks=[] if always else pytest.mark.long, id=f"{point}-{mode}-{seed}")


class Matrix:
    """Runs cases side by side, those asked for by this session; each test waits for its own."""

    def __init__(self, binary, folder, wanted):
        self.binary, self.folder = binary, folder
        scenarios.AgedLake.prepare(binary, self.new_folder("aged"))
        scenarios.Poll.prepare(self.new_folder("authority"))
        self.pool = concurrent.futures.ThreadPoolExecutor(THREADS)
        self.hits = dict(zip(scenarios.SCENARIOS, self.pool.map(self.count_hits, scenarios.SCENARIOS)))
        self.running = {case: self.pool.submit(self.run, *case) for case in wanted}

    def new_folder(self, name):
        path = self.folder / name
        path.mkdir()
        return path

    def count_hits(self, kind):
        """How often an undisturbed run of a scenario reaches each point; the run is judged too."""
        scenario = kind(self.binary, self.new_folder(kind.__name__), seed=1)
        report = scenario.folder / "hits"
        with scenario.start(CRYPTOSTREAM_CRASH_HITS=str(report)) as process:
            assert process.wait() == 0, process.text()
        scenario.check()
        return {name: int(hits) for name, hits in (line.split() for line in report.read_text().splitlines())}

    def run(self, point, mode, seed):
        reaching = [kind for kind in scenarios.SCENARIOS if self.hits[kind].get(point)]
        assert reaching, f"no scenario reaches {point}: add one to scenarios.py"
        draw = random.Random(f"{point} {mode} {seed}")
        kind = reaching[(seed - 1) % len(reaching)]
        for nth in (draw.randint(1, self.hits[kind][point]), 1):  # a busy machine commits less often: then the first time
            scenario = kind(self.binary, self.new_folder(f"{point}-{mode}-{seed}-{nth}"), seed)
            reached = getattr(self, mode)(scenario, f"{point}:{nth}:{mode}", draw)
            if reached and seed > 1:  # and again, on the way back
                getattr(self, mode)(scenario, f"{point}:{draw.randint(1, 3)}:{mode}", draw)
            scenario.finish()
            scenario.check()
            shutil.rmtree(scenario.folder)
            if reached:
                return
        raise AssertionError(f"{kind.__name__} did not reach {point}")

    def kill9(self, scenario, order, _draw):
        with scenario.start(CRYPTOSTREAM_CRASH=order) as process:
            code = process.wait()
            assert code in (0, -9), process.text()
            return code == -9

    def stop(self, scenario, order, draw):
        """Freezes one process at the point, defeats its lock, lets a second one take over, and wakes the first."""
        with scenario.start(CRYPTOSTREAM_CRASH=order) as frozen:
            if frozen.ended_or_stopped() is not None:
                return False
            (scenario.lake / scenarios.LOCK).unlink()
            with scenario.start() as second:
                if draw.random() < 0.5:  # both at once
                    time.sleep(draw.random() / 2)
                    frozen.popen.send_signal(signal.SIGCONT)
                second_code = second.wait()
            frozen.popen.send_signal(signal.SIGCONT)
            first_code = frozen.wait()
            assert {first_code, second_code} <= {0, 1}, frozen.text()
            assert 0 in (first_code, second_code), f"both gave up: {frozen.text()}"
            return True


@pytest.fixture(scope="session")
def matrix(binary, tmp_path_factory, request):
    mine = [item.callspec.params for item in request.session.items if "matrix" in item.fixturenames and hasattr(item, "callspec")]
    wanted = [(params["point"], params["mode"], params["seed"]) for params in mine]
    made = Matrix(binary, tmp_path_factory.mktemp("matrix"), wanted)
    yield made
    made.pool.shutdown(cancel_futures=True)


def test_the_binary_lists_its_points():
    listed = points()
    assert len(listed) > 20 and len(set(listed)) == len(listed)
    assert {"bronze.before_commit", "delta.before_checkpoint", "gold.before_correction"} <= set(listed)


@pytest.mark.parametrize("point, mode, seed", list(cases()))
def test_nothing_is_lost_or_doubled(point, mode, seed, matrix):
    matrix.running[(point, mode, seed)].result()
