"""A lake whose tables other programs look after: what they may do to them leaves every row right, and what they have set so that we cannot
write any more is refused in words, at once and with the way out (delta-io/delta-rs#2700, #3534, #3645; Azure/Azure-DataFactory#532;
delta-io/delta-kernel-rs#1449; trinodb/trino#12642)."""

import json
import shutil
import subprocess

import deltalake
import pytest
from deltalake.schema import Field, PrimitiveType

import judge
from trouble_test import wait_for

START = 1_709_683_200
LATE = [{"timestamp": START + i * 60 + 59.5, "coin_id": "bitcoin", "price": 70_000 + i, "source": "coingecko"} for i in range(40)]
DATA = ["bronze", "silver", "gold", "gold_1h", "gold_1d"]


def half(number):
    """An hour of three coins; the second one has rows late for the first."""
    rows = [{"timestamp": START + number * 3600 + i * 3 + 0.25 * k, "coin_id": coin, "source": "coingecko",
             "price": round(60_000 / (k + 1) ** 3 + ((i * 7919 + k * 13) % 997) / 100, 2)}
            for i in range(1200) for k, coin in enumerate(("bitcoin", "ethereum", "solana"))]
    return "".join(json.dumps(row) + "\n" for row in rows + (LATE if number == 1 else []))


@pytest.fixture(scope="module")
def first_half(binary, tmp_path_factory):
    folder = tmp_path_factory.mktemp("foreign")
    (folder / "half0.jsonl").write_text(half(0))
    (folder / "half1.jsonl").write_text(half(1))
    subprocess.run([binary, "replay", folder / "half0.jsonl", "--storage", folder / "lake", "--exit-when-done"], check=True,
                   capture_output=True)
    return folder


@pytest.fixture
def lake(first_half, tmp_path):
    return shutil.copytree(first_half / "lake", tmp_path / "lake")


def table(lake, name):
    return deltalake.DeltaTable(str(lake / judge.TABLES[name]))


def set_properties(lake, properties, tables=DATA):
    for name in tables:
        table(lake, name).alter.set_table_properties(properties)


def play_second(cryptostream, first_half, lake, **keywords):
    return cryptostream("replay", first_half / "half1.jsonl", "--storage", lake, "--exit-when-done", **keywords)


def assert_right(cryptostream, lake):
    tables = judge.tables(lake)
    gold = tables["gold"].rows()
    assert (len(tables["silver"].rows()), len(gold), max(row["max_price"] for row in gold)) == (7240, 360, 70_039)
    report = cryptostream("verify", "--storage", lake, check=False)
    assert report.returncode == 0, report.stdout


HARMLESS = {
    "compact": lambda t, name: t.optimize.compact(),
    "zorder": lambda t, name: t.optimize.z_order(["key" if name == "bronze" else "coin_id"]),
    "checkpoint": lambda t, name: (t.create_checkpoint(), t.cleanup_metadata()),
    "vacuum": lambda t, name: t.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False),
    "comment": lambda t, name: t.alter.set_table_description("prices, see wiki"),
    "addcol": lambda t, name: t.alter.add_columns([Field("note", PrimitiveType("string"), nullable=True)]),
}


def look_after(lake, chores):
    for chore in chores:
        for name in DATA:
            HARMLESS[chore](table(lake, name), name)


def test_maintenance_by_another_program_leaves_every_row_right(cryptostream, first_half, lake):
    look_after(lake, HARMLESS)
    play_second(cryptostream, first_half, lake)
    assert_right(cryptostream, lake)


@pytest.mark.long
@pytest.mark.parametrize("chore", HARMLESS)
def test_each_chore_of_another_program_leaves_every_row_right(cryptostream, first_half, lake, chore):
    look_after(lake, [chore])
    play_second(cryptostream, first_half, lake)
    assert_right(cryptostream, lake)


def constrain(lake):
    table(lake, "gold").alter.add_constraint({"p": "avg_price > 0"})


REFUSED = {
    "cdf": (lambda lake: set_properties(lake, {"delta.enableChangeDataFeed": "true"}), "delta.enableChangeDataFeed"),
    "appendonly": (lambda lake: set_properties(lake, {"delta.appendOnly": "true"}), "delta.appendOnly"),
    "deletion vectors": (lambda lake: set_properties(lake, {"delta.enableDeletionVectors": "TRUE"}), "delta.enableDeletionVectors"),
    "constraint": (constrain, "DROP CONSTRAINT"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_written_is_refused_at_the_start(cryptostream, first_half, lake, what):
    change, words = REFUSED[what]
    change(lake)
    refused = play_second(cryptostream, first_half, lake, check=False)
    assert refused.returncode == 1
    assert words in refused.stderr and "gold" in refused.stderr or "bronze" in refused.stderr, refused.stderr
    assert "tries again" not in refused.stderr


def test_taken_off_again_the_lake_goes_on(cryptostream, first_half, lake):
    set_properties(lake, {"delta.appendOnly": "true", "delta.enableChangeDataFeed": "true"})
    assert play_second(cryptostream, first_half, lake, check=False).returncode == 1
    set_properties(lake, {"delta.appendOnly": "false", "delta.enableChangeDataFeed": "false"})
    play_second(cryptostream, first_half, lake)
    assert_right(cryptostream, lake)


def test_only_what_cannot_pass_is_refused(cryptostream, first_half, lake):
    """Bronze and silver are only appended to; who drops their old days says so at the start."""
    set_properties(lake, {"delta.appendOnly": "true", "delta.enableChangeDataFeed": "true"}, ["bronze", "silver"])
    refused = play_second(cryptostream, first_half, lake, check=False, env={"CRYPTOSTREAM_MAINTENANCE__RETAIN_BRONZE": "36500d"})
    assert (refused.returncode, "old days" in refused.stderr, "bronze" in refused.stderr) == (1, True, True), refused.stderr
    play_second(cryptostream, first_half, lake)
    assert_right(cryptostream, lake)


@pytest.mark.parametrize("what", ["appendonly", "cdf", "constraint"])
def test_what_cannot_be_written_any_more_ends_the_run(background, first_half, lake, tmp_path, what):
    rows = [{"timestamp": START + 7200 + i, "coin_id": "bitcoin", "price": 1, "source": "coingecko"} for i in range(4)]
    slow = tmp_path / "slow.jsonl"
    slow.write_text("".join(json.dumps(row) + "\n" for row in rows + LATE))
    silver = len(list((lake / judge.TABLES["silver"] / "_delta_log").glob("*.json")))
    process = background("replay", slow, "--storage", lake, "--exit-when-done", "--speed", "1")
    wait_for(lambda: len(list((lake / judge.TABLES["silver"] / "_delta_log").glob("*.json"))) > silver, "the first row")
    change, words = REFUSED[what]
    change(lake)
    assert process.wait(timeout=40) == 1, process.log()
    assert words in process.log() and "works again" not in process.log(), process.log()


def test_a_deletion_and_a_vacuum_before_gold_looked_are_worked_in(cryptostream, first_half, lake):
    """Which rows went nobody can say any more: the windows of their day are made anew."""
    silver = table(lake, "silver")
    silver.delete("coin_id = 'solana'")
    table(lake, "silver").vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    (lake / "one.jsonl").write_text(json.dumps({"timestamp": START + 3600, "coin_id": "bitcoin", "price": 5, "source": "coingecko"}))
    done = cryptostream("replay", lake / "one.jsonl", "--storage", lake, "--exit-when-done")
    assert "made anew" in done.stderr
    gold = judge.tables(lake)["gold"].rows()
    assert {row["coin_id"] for row in gold} == {"bitcoin", "ethereum"}
    assert len(gold) == 121


def cut(lake, name):
    """Another program's clean-up: a checkpoint, and the commits below it gone."""
    t = table(lake, name)
    t.create_checkpoint()
    for commit in (lake / judge.TABLES[name] / "_delta_log").glob("0*.json"):
        if int(commit.stem) < t.version():
            commit.unlink()
    return t.version()


def test_recompute_ends_on_a_log_that_was_cut(cryptostream, first_half, lake):
    table(lake, "gold").delete("coin_id = 'solana'")
    cut(lake, "gold")
    done = cryptostream("recompute", "--from", "2024-01-01", "--to", "2025-01-01", "--storage", lake, "--json")
    assert {row["table"]: row["added"] for row in json.loads(done.stdout)}["gold"] == 60
    rows = cryptostream("query", "select count(*) as n from gold", "--storage", lake, "--json").stdout
    assert json.loads(rows) == [{"n": 180}]


RECOMPUTE = ["recompute", "--from", "2024-01-01", "--to", "2025-01-01"]


def test_recompute_says_that_silvers_log_was_cut_beyond_what_gold_has_read(cryptostream, first_half, lake):
    before = judge.tables(lake)["gold"].version
    table(lake, "silver").delete("coin_id = 'solana'")  # gold has not read it
    newest = cut(lake, "silver")
    refused = cryptostream(*RECOMPUTE, "--storage", lake, check=False)
    assert refused.returncode == 1 and "silver" in refused.stderr, refused.stderr
    assert "removed from the log before they were read" in refused.stderr and f"..{newest - 1} " in refused.stderr, refused.stderr
    assert "put their files back into _delta_log from a backup" in refused.stderr
    assert judge.tables(lake)["gold"].version == before


def test_a_log_cut_right_behind_what_was_read_is_said_and_not_waited_for(cryptostream, first_half, lake):
    """The next commit is there, but the table as gold knows it cannot be opened any more."""
    table(lake, "silver").delete("coin_id = 'solana'")
    cut(lake, "silver")
    refused = play_second(cryptostream, first_half, lake, check=False)
    assert refused.returncode == 1 and "removed from the log before they were read" in refused.stderr, refused.stderr


def test_a_log_that_was_cut_before_it_was_read_is_said_and_not_waited_for(cryptostream, first_half, lake):
    for _ in range(2):
        table(lake, "silver").delete("coin_id = 'solana' and price < 0")
        table(lake, "silver").alter.set_table_description("more commits")
    cut(lake, "silver")
    refused = play_second(cryptostream, first_half, lake, check=False)
    assert refused.returncode == 1
    assert "silver" in refused.stderr and "removed from the log before they were read" in refused.stderr, refused.stderr
