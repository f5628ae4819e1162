"""`verify` on one lake whose rows were damaged in some 270 ways, in every column of every table (damage_rows.py): each is named, with
its table and place. Several tables are damaged at once where none is made of another one of them; each damage is then looked for by itself."""

import collections
import itertools
import json
import shutil
import subprocess

import pytest

from damage import Table
from damage_rows import damages_of
from verify_log_test import polled  # noqa: F401 (fixture)
from verify_test import messages, verify

# Tables that may be damaged at once: what is made of what would blame the wrong one. Live: rows of a poller, among them gaps.
TOGETHER = [["silver"], ["bronze", "gold_sources"], ["gold"], ["quarantine", "gold_sources_1h", "gold_sources_1d", "gold_1h", "gold_1d"]]
LIVE = [["bronze", "gaps"], ["quarantine"]]
EVERY = 10  # of the runs, how many make one of the short test

# What no other table and nothing in the log tells, so that nobody can see it (docs/decisions/0015-verification.md).
UNSEEN = {
    "bronze-value-swapped": "two messages exchanged their bytes; both give the rows that they gave",
    "quarantine-last-moved": "the row lies in another file of its day, and nothing is made of quarantine's versions",
}


def is_gap(name):
    """The gaps table is the only record of what it says: a change that file and log agree on is seen by nobody."""
    return name.startswith("gaps-")


@pytest.fixture(scope="session")
def rich(binary, tmp_path_factory):
    """A lake of several commits with rows in every table but gaps; refused were lines by silver, and one before bronze. Read only."""
    folder = tmp_path_factory.mktemp("rich")
    for part, (start, count) in enumerate([(-180_000, 5), (-90_000, 5), (0, 40), (400, 40)]):
        recording = folder / f"part{part}.jsonl"
        bad = b'{"timestamp":1,"coin_id":"bitcoin","price":true}\n\n{"price":\xff}\n{"timestamp":1.763e9,"coin_id":"bitcoin","price":-1}\n'
        recording.write_bytes(messages(1_763_800_000 + start, count).encode() + bad)
        subprocess.run([binary, "replay", recording, "--storage", folder / "lake", "--exit-when-done"], check=True, capture_output=True)
    return folder / "lake"


def runs(lake, groups):
    """Damages to be done at once, one of each table of a group."""
    for group in groups:
        yield from itertools.zip_longest(*(damages_of(lake, table) for table in group))


def look_for(cryptostream, lake, copy, groups, short):
    """How many damages were tried, by table."""
    everything = list(runs(lake, groups))
    chosen = everything[::EVERY] if short else everything
    unseen, done = [], collections.Counter()
    for run in chosen:
        damages = [damage for damage in run if damage is not None]
        touched = [path for _, damage in damages for path in damage(copy)]
        code, wrong = verify(cryptostream, copy)
        places = [check["check"] + ": " + place for check in wrong for place in check["places"]]
        for name, _ in damages:
            table = name.partition("-")[0]
            done[table] += 1
            # A rejection that is missed is told where the offset is left without one.
            words = {"quarantine": ("quarantine", "a row or a rejection")}.get(table, (table,))
            named = any(any(word in place for word in words) and ("version=" in place or "window=" in place) for place in places)
            if (code, named) != (1, True) and name not in UNSEEN and not is_gap(name):
                unseen.append((name, places))
        for path in touched:  # whole again
            shutil.copyfile(lake / path, copy / path)
    assert unseen == []
    return done


@pytest.mark.parametrize("short", [True, pytest.param(False, marks=pytest.mark.long)], ids=["some", "all"])
def test_every_damage_of_rows_is_named(short, cryptostream, rich, tmp_path):
    copy = shutil.copytree(rich, tmp_path / "lake")
    assert verify(cryptostream, copy) == (0, [])
    done = look_for(cryptostream, rich, copy, TOGETHER, short)
    assert set(done) == set(itertools.chain(*TOGETHER)) and done.total() >= (25 if short else 240)


def test_every_damage_of_a_pollers_rows_is_named(cryptostream, polled, tmp_path):  # noqa: F811
    copy = shutil.copytree(polled, tmp_path / "lake")
    assert verify(cryptostream, copy) == (0, [])
    # How many rows a poller makes, and so how many damages there are, is a matter of the machine's pace.
    assert set(look_for(cryptostream, polled, copy, LIVE, short=True)) == set(itertools.chain(*LIVE))
