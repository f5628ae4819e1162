"""The unit tests and golden cases are tested: each of twenty random small faults in src/ must turn one of them red.

A copy of the sources is built beside the build folder and keeps its objects from one fault to the next. CRYPTOSTREAM_MUTATION_SEED draws
others. A fault that changes nothing that can be seen is entered below with the reason; one that nobody saw otherwise fails the test: write
the test that sees it.
"""

import functools
import os
import pathlib
import shutil
import subprocess
import sys
import time

import mutations
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SEED = int(os.environ.get("CRYPTOSTREAM_MUTATION_SEED", "20261127"))
COUNT = int(os.environ.get("CRYPTOSTREAM_MUTATION_COUNT", "20"))

# (file, the line's new text) -> why no test can see it.
EQUIVALENT = {}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of what git sees, built once with its tests."""
    folder = tmp_path_factory.mktemp("mutation") / "copy"
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    (folder / "build").mkdir()
    for link in (ROOT / "build").iterdir():
        if link.is_symlink():
            (folder / "build" / link.name).symlink_to(link.resolve())
    built = build(folder)
    assert built.returncode == 0, built.stdout[-3000:] + built.stderr[-3000:]
    for name, judge in judges(folder).items():
        start = time.monotonic()
        assert judge(1800), f"red without a fault: {name}"
        PATIENCE[name] = 60 + 10 * (time.monotonic() - start)
    yield folder
    shutil.rmtree(folder)


def build(folder, *targets):
    return subprocess.run([folder / "tools/build", "release", *targets], cwd=folder, capture_output=True, text=True,
                          env=os.environ | {"WITH_TESTS": "1"}, stdin=subprocess.DEVNULL)


PATIENCE = {}  # seconds until a judge counts as hanging: many times what it took without a fault, on this machine as it is


def is_green(command, patience, **keywords):
    try:
        return subprocess.run(command, capture_output=True, timeout=patience, **keywords).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def judges(folder):
    """Name -> a call with patience in seconds that says whether it is green: the test binaries, then the golden cases."""
    found = {path.name: functools.partial(is_green, [path, "--gtest_brief=1", "--gtest_fail_fast"])
             for path in sorted((folder / "build/release/src").glob("*/*_test"))}
    golden = [sys.executable, "-m", "pytest", ROOT / "test/lake/golden_test.py", "-c", ROOT / "test/pytest.ini", "-q", "-x"]
    environment = os.environ | {"CRYPTOSTREAM_BINARY": str(folder / "build/release/cryptostream")}
    return found | {"golden": functools.partial(is_green, golden, env=environment)}


def first_red(folder, of):
    """What sees the fault: "compiler", a test binary or "golden". The mutated folder's own tests are built and asked first. None: nothing."""
    own = f"{of}_test"
    if build(folder, own).returncode != 0:
        return "compiler"
    found = judges(folder)
    if not found.pop(own)(PATIENCE[own]):
        return own
    if build(folder).returncode != 0:
        return "compiler"
    return next((name for name, judge in found.items() if not judge(PATIENCE[name])), None)


@pytest.mark.long
@pytest.mark.parametrize("mutation", mutations.draw(ROOT, SEED, COUNT), ids=lambda mutation: f"{mutation.file}:{mutation.line}")
def test_a_random_fault_is_seen(mutation, copy):
    key = (mutation.file, mutation.after.strip())
    if key in EQUIVALENT:
        return
    path = copy / mutation.file
    whole = path.read_text()
    lines = whole.split("\n")
    lines[mutation.line - 1] = mutation.after
    path.write_text("\n".join(lines))
    try:
        red = first_red(copy, pathlib.Path(mutation.file).parent.name)
        print(f"{mutation}: seen by {red}")
        assert red is not None, f"seed {SEED}: nobody sees {mutation}"
    finally:
        path.write_text(whole)


def test_mutations_are_made():
    assert len(mutations.draw(ROOT, 1, 20)) == 20
    assert mutations.mutations_of("  if (a < b) return x + 1;  // a < b") == [
        "  if (a <= b) return x + 1;  // a < b", "  if (a > b) return x + 1;  // a < b",
        "  if (a < b) return x - 1;  // a < b", "  if (a < b) return x + 2;  // a < b"]
    assert mutations.mutations_of('  LogInfo("a < b");') == [] == mutations.mutations_of('  Call("true");')
