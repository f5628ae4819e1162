"""`rebuild`: tables that are damaged or lost come back as they were, from what they are made of."""

import collections
import json
import shutil
import signal
import subprocess

import deltalake
import pytest

import crash_test
import golden_test
import judge
import judge_chosen
import scenarios

WINDOWS = ["gold_sources", "gold_sources_1h", "gold_sources_1d", "gold", "gold_1h", "gold_1d"]
MADE = ["silver", *WINDOWS]


def rows(lake):
    return {name: collections.Counter(str(sorted(row.items())) for row in table.rows()) for name, table in judge.tables(lake).items()}


@pytest.fixture(scope="session")
def sound(binary, tmp_path_factory):
    """A lake of two sources with hours, days, late rows and rejected ones, and the rows that it has."""
    lake = tmp_path_factory.mktemp("sound") / "lake"
    for case in ("hours", "two-sources", "year-old"):
        for replay in golden_test.replays(case, lake):
            subprocess.run([binary, *map(str, replay)], check=True, capture_output=True)
    tables = judge.tables(lake)
    assert all(tables[name].rows() for name in (*MADE, "quarantine"))
    return lake, rows(lake)


@pytest.fixture
def lake(sound, tmp_path):
    shutil.copytree(sound[0], tmp_path / "lake")
    return tmp_path / "lake"


def newest_file(lake, table):
    """The data file that the newest commit with one has added."""
    for log in sorted((lake / judge.TABLES[table] / "_delta_log").glob("*.json"), reverse=True):
        for line in log.read_text().splitlines():
            if "add" in (action := json.loads(line)):
                return lake / judge.TABLES[table] / action["add"]["path"].replace("%3D", "=")
    raise AssertionError("no file")


def cut(lake, table):
    file = newest_file(lake, table)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def overwrite(lake, table):
    file = newest_file(lake, table)
    file.write_bytes(b"PAR1" + b"\0" * (file.stat().st_size - 8) + b"PAR1")


def remove_files(lake, table):
    for file in (lake / judge.TABLES[table]).rglob("*.parquet"):
        if "_delta_log" not in file.parts:
            file.unlink()


def remove_log(lake, table):
    shutil.rmtree(lake / judge.TABLES[table] / "_delta_log")


def remove_commit(lake, table):
    (lake / judge.TABLES[table] / "_delta_log" / f"{1:020}.json").unlink()


def garble_commit(lake, table):
    (lake / judge.TABLES[table] / "_delta_log" / f"{1:020}.json").write_text("{")


def remove_table(lake, table):
    shutil.rmtree(lake / judge.TABLES[table])


DATA, LOG = [cut, overwrite, remove_files], [remove_log, remove_commit, garble_commit, remove_table]


def ids(lake):
    return {name: deltalake.DeltaTable(lake / judge.TABLES[name]).metadata().id for name in MADE}


def assert_mended(cryptostream, lake, expected):
    assert rows(lake) == expected
    verified = cryptostream("verify", "--storage", lake, check=False)
    assert verified.returncode == 0, verified.stdout
    judge_chosen.check_chosen(judge.tables(lake))


@pytest.mark.parametrize("table", WINDOWS)
@pytest.mark.parametrize("damage", DATA)
def test_windows_whose_files_are_damaged_come_back_in_place(damage, table, lake, sound, cryptostream):
    before = ids(lake)
    damage(lake, table)
    done = cryptostream("rebuild", table, "--storage", lake, "--json")
    assert [(row["table"], row["how"]) for row in json.loads(done.stdout)] == [(table, "in place")]
    assert json.loads(done.stdout)[0]["unreadable_files"] >= 1
    assert_mended(cryptostream, lake, sound[1])
    assert ids(lake) == before and not (lake / ".rebuild").exists()


@pytest.mark.parametrize(("table", "damage"), [("silver", damage) for damage in DATA + LOG] +
                         [(table, damage) for table in WINDOWS for damage in (LOG if table in ("gold_sources", "gold") else LOG[:1])])
def test_silver_and_tables_without_their_log_are_made_anew(damage, table, lake, sound, cryptostream):
    damage(lake, table)
    assert cryptostream("verify", "--storage", lake, check=False).returncode == 1
    done = cryptostream("rebuild", table, "--storage", lake, "--json")
    assert {row["how"] for row in json.loads(done.stdout)} == {"anew"}
    assert_mended(cryptostream, lake, sound[1])
    if damage is not remove_table:
        (aside,) = (lake / ".rebuild").iterdir()
        assert aside.suffix != ".part" and str(aside) in done.stderr and list(aside.rglob("*.parquet"))


def test_all_of_it_comes_back_from_bronze(lake, sound, cryptostream):
    for table in MADE:
        remove_table(lake, table)
    assert {row["table"] for row in json.loads(cryptostream("rebuild", "--all", "--storage", lake, "--json").stdout)} == set(MADE)
    assert_mended(cryptostream, lake, sound[1])


def test_tables_behind_one_that_came_from_an_older_backup_are_made_anew(lake, cryptostream, tmp_path):
    """They have read what is not there any more."""
    older = shutil.copytree(lake / judge.TABLES["gold_sources"], tmp_path / "older")
    more = tmp_path / "more.jsonl"
    more.write_text("".join(json.dumps({"timestamp": 1_763_800_000 + 60 * i, "coin_id": "cardano", "price": 1 + i, "volume_24h": 5}) + "\n"
                            for i in range(200)))
    cryptostream("replay", more, "--storage", lake, "--exit-when-done")
    expected = rows(lake)
    shutil.rmtree(lake / judge.TABLES["gold_sources"])
    shutil.copytree(older, lake / judge.TABLES["gold_sources"])
    refused = cryptostream("replay", more, "--storage", lake, "--exit-when-done", check=False)
    assert refused.returncode == 1 and "cryptostream rebuild gold" in refused.stderr, refused.stderr
    cryptostream("rebuild", *WINDOWS, "--storage", lake)
    assert_mended(cryptostream, lake, expected)


def test_several_damaged_tables_at_once(lake, sound, cryptostream):
    for table in WINDOWS:
        cut(lake, table)
    cryptostream("rebuild", *WINDOWS, "--storage", lake)
    assert_mended(cryptostream, lake, sound[1])


@pytest.mark.parametrize("damage", [cut, remove_files, remove_log, remove_table])
@pytest.mark.parametrize("table", ["silver", "gold_sources", "gold_1h"])
def test_verify_names_the_command_that_mends(damage, table, lake, sound, cryptostream):
    damage(lake, table)
    said = cryptostream("verify", "--storage", lake, check=False).stdout.splitlines()
    assert said[-1].startswith("verdict: WRONG") and said[-2].startswith("to mend it: `cryptostream "), said[-3:]
    command = said[-2].split("`")[1].split()[1:]
    assert command[:2] == ["rebuild", table]
    cryptostream(*command)
    assert_mended(cryptostream, lake, sound[1])


def test_a_start_over_a_damaged_table_says_what_mends_it(lake, cryptostream, tmp_path):
    newest_file(lake, "gold").unlink()
    (tmp_path / "more.jsonl").write_text("")
    refused = cryptostream("replay", tmp_path / "more.jsonl", "--storage", lake, "--exit-when-done", check=False)
    assert refused.returncode == 1 and "cryptostream rebuild gold" in refused.stderr, refused.stderr


POINTS = [name for name in crash_test.points() if name.startswith("rebuild.")]


@pytest.mark.parametrize("order", [f"{name}:{nth}" for name in POINTS for nth in (1, 3)
                                   if nth == 1 or name.endswith(("commit", "_move"))])
def test_killed_it_goes_on(order, lake, sound, cryptostream):
    tables = WINDOWS if order.partition(":")[0].endswith("commit") else ["silver"]
    for table in tables:
        cut(lake, table)
    killed = cryptostream("rebuild", *tables, "--storage", lake, check=False, crash=order)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    cryptostream("rebuild", *tables, "--storage", lake)
    assert_mended(cryptostream, lake, sound[1])


@pytest.mark.parametrize("nth", [1, 2, 5, 9])
def test_killed_while_new_tables_are_made_it_goes_on(nth, lake, sound, cryptostream):
    cut(lake, "silver")
    killed = cryptostream("rebuild", "silver", "--storage", lake, check=False, crash=f"delta.after_commit:{nth}")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    said = cryptostream("rebuild", "silver", "--storage", lake).stderr
    assert "going on with the rebuild that was cut off" in said
    assert len(list((lake / ".rebuild").iterdir())) == 1
    assert_mended(cryptostream, lake, sound[1])


def test_a_sound_table_stays_as_it_is(lake, sound, cryptostream):
    before = {name: table.version for name, table in judge.tables(lake).items()}
    for row in json.loads(cryptostream("rebuild", *WINDOWS, "--storage", lake, "--json").stdout):
        assert (row["added"], row["changed"], row["removed"], row["unreadable_files"]) == (0, 0, 0, 0), row
    assert {name: table.version for name, table in judge.tables(lake).items()} == before
    assert_mended(cryptostream, lake, sound[1])


def test_a_dry_run_changes_nothing(lake, cryptostream):
    cut(lake, "gold")
    remove_log(lake, "gold_sources_1h")
    before = sorted((path, path.stat().st_mtime_ns) for path in lake.rglob("*") if path.name != ".cryptostream.lock")
    found = json.loads(cryptostream("rebuild", "gold", "gold_sources_1h", "--dry-run", "--storage", lake, "--json").stdout)
    assert {row["table"]: row["how"] for row in found} == {"gold": "in place", "gold_sources_1h": "anew"}
    after = sorted((path, path.stat().st_mtime_ns) for path in lake.rglob("*") if path.name != ".cryptostream.lock")
    assert [path for path, _ in after] == [path for path, _ in before]


def test_what_was_recorded_is_taken_over(lake, cryptostream):
    """The order of sources and the currency of a source that held in the past, whatever is configured today."""
    cryptostream("recompute", "--order", "--from", "2000-01-01", "--storage", lake, "--set", "gold.source_order=kraken,binance_spot")
    expected = rows(lake)
    cut(lake, "silver")
    cryptostream("rebuild", "silver", "--storage", lake, "--set", "gold.source_order=kraken,binance_spot", "--set", "quotes.coingecko=eur")
    assert_mended(cryptostream, lake, expected)


def test_rows_that_no_table_has_any_more_are_not_lost_unasked(lake, sound, cryptostream):
    cryptostream("retention", "--storage", lake, "--set", "maintenance.retain_silver=1d")
    expected = rows(lake)
    assert not expected["silver"] and expected["gold_sources"]
    for command in (["rebuild", "gold_sources"], ["rebuild", "gold"]):
        cryptostream(*command, "--storage", lake)
        assert rows(lake) == expected, "what was made of dropped days stays"
    cut(lake, "gold_sources")
    refused = cryptostream("rebuild", "gold_sources", "--storage", lake, check=False)
    assert refused.returncode == 1 and "--accept-loss" in refused.stderr, refused.stderr
    remove_log(lake, "gold_sources")
    refused = cryptostream("rebuild", "gold_sources", "--storage", lake, check=False)
    assert refused.returncode == 1 and "--accept-loss" in refused.stderr and "nothing was done" in refused.stderr, refused.stderr
    assert not (lake / ".rebuild").exists()
    cryptostream("rebuild", "gold_sources", "--accept-loss", "--storage", lake)
    assert rows(lake)["gold_sources"] <= expected["gold_sources"]  # files that no vacuum has taken yet are read
    assert cryptostream("verify", "--storage", lake, check=False).returncode == 0


def test_bronze_is_made_of_nothing(lake, cryptostream):
    remove_log(lake, "bronze")
    for command in (["rebuild", "silver"], ["rebuild", "--all", "--dry-run"]):
        refused = cryptostream(*command, "--storage", lake, check=False)
        assert refused.returncode == 1 and "backup" in refused.stderr and "bronze" in refused.stderr, refused.stderr
    assert "backup" in cryptostream("verify", "--storage", lake, check=False).stdout.splitlines()[-2]


def test_of_two_at_once_one_is_told(lake, binary, cryptostream, tmp_path):
    cut(lake, "gold")
    with scenarios.Process([binary, "rebuild", "gold", "--storage", lake], tmp_path / "log",
                           CRYPTOSTREAM_CRASH="rebuild.before_commit:1:stop") as first:
        assert first.ended_or_stopped() is None, first.text()
        second = cryptostream("rebuild", "gold", "--storage", lake, check=False)
        assert second.returncode == 1 and f"pid={first.popen.pid}" in second.stderr.replace("pid ", "pid="), second.stderr
        first.popen.send_signal(signal.SIGCONT)
        assert first.wait() == 0


def test_wrong_names_are_told(cryptostream, lake, tmp_path):
    assert cryptostream("rebuild", "--storage", lake, check=False).returncode == 2
    assert cryptostream("rebuild", "bronze", "--storage", lake, check=False).returncode != 0
    nowhere = cryptostream("rebuild", "gold", "--storage", tmp_path / "nowhere", check=False)
    assert nowhere.returncode == 1 and "nowhere" in nowhere.stderr and not (tmp_path / "nowhere").exists()
