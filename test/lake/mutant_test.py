"""The tests are tested: three variants of the engine, each with one fault that loses or doubles rows (src/base/mutant.h), are built
out of the files that differ, and for each the tests that must see it are run. A mutant that stays green fails."""

import os
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent

# mutant -> tests that must turn red, each of them
CATCHES = {
    "mutant_retry_blindly": ["faults_test.py::test_a_commit_reported_as_failed_is_recognised[lie-ENOSPC]"],
    "mutant_no_position_check": ["crash_test.py::test_nothing_is_lost_or_doubled[bronze.before_commit-stop-1]",
                                 "twin_test.py::test_two_writers_of_the_same_age[bronze]"],
    "mutant_acknowledge_before_fsync": ["faults_test.py::test_an_io_error_of_fsync_ends_the_process_and_a_restart_recovers"],
}


@pytest.fixture(scope="module")
def mutants(binary):
    """Builds all three; gives their folder."""
    subprocess.run(["cmake", "--build", binary.parent, "--target", *CATCHES], check=True, capture_output=True, text=True)
    return binary.parent


@pytest.mark.long
@pytest.mark.parametrize("mutant, test", [(mutant, test) for mutant, tests in CATCHES.items() for test in tests])
def test_a_mutant_is_caught(mutant, test, mutants):
    command = [sys.executable, "-m", "pytest", str(HERE / test), "-c", str(HERE.parent / "pytest.ini"), "-q", "--tb=line"]
    environment = os.environ | {"CRYPTOSTREAM_BINARY": str(mutants / mutant)}
    done = subprocess.run(command, env=environment, cwd=HERE.parent.parent, capture_output=True, text=True)
    assert done.returncode == 1, f"{test} did not fail for {mutant}:\n{done.stdout[-3000:]}"
    assert " failed" in done.stdout and " error" not in done.stdout.splitlines()[-1], done.stdout[-3000:]
