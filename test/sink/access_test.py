"""What the sink says, and what goes on, when the database does not let it in or does not answer."""

import json
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request

import database_judge as judge
import ledger
import pytest
from followed_lake import ALL, says, wait_for, wait_until_equal


def check(lake, *more, url=None):
    return lake.run("sink", "check", "--postgres", url or lake.url, *more, check=False)


@pytest.fixture
def role(postgres, database):
    """A role without rights, gone afterwards."""
    postgres.sql("DROP ROLE IF EXISTS prices")
    postgres.sql("CREATE ROLE prices LOGIN PASSWORD 'right-one'")
    yield "prices"
    postgres.allow("trust")
    postgres.sql("SELECT pg_reload_conf()")
    postgres.sql("DROP OWNED BY prices CASCADE; REVOKE ALL ON DATABASE " + database + " FROM prices", database)
    postgres.sql("DROP ROLE prices")


def test_the_check_says_what_is_missing_and_how_to_mend_it(lake, filled, postgres):
    shutil.copytree(filled.root, lake.root)
    done = check(lake)
    assert done.returncode == 0 and re.search(r"candles/gold: would copy \d+ rows", done.stdout), done.stdout
    lake.sink()
    done = check(lake, "--json")
    assert done.returncode == 0 and "has everything" in done.stdout
    json.loads(done.stdout)
    missing = check(lake, url=postgres.url("no_such_one"))
    assert missing.returncode == 1 and "createdb -O postgres no_such_one" in missing.stdout
    missing = check(lake, url=postgres.url("postgres", "nobody_there"))
    assert missing.returncode == 1 and "createuser --login nobody_there" in missing.stdout
    missing = check(lake, url="postgresql://x@127.0.0.1:1/x")
    assert missing.returncode == 1 and "systemctl start postgresql" in missing.stdout


def test_a_wrong_password_and_then_the_right_one(lake, filled, postgres, database, role, tmp_path):
    shutil.copytree(filled.root, lake.root)
    postgres.sql(f"GRANT CREATE ON DATABASE {database} TO {role}")
    postgres.allow("scram-sha-256")
    postgres.sql("SELECT pg_reload_conf()")
    url, password = postgres.url(database, role, host="127.0.0.1"), tmp_path / "password"
    lake.url = url
    assert "postgres.password_file" in check(lake).stdout
    password.write_text("the-wrong-one\n")
    with lake.follow("--set", f"postgres.password_file={password}") as sink:
        says(sink, "28P01")
        password.write_text("right-one\n")  # read again: no restart
        says(sink, "has everything")
        assert "the-wrong-one" not in sink.text() and "right-one" not in sink.text()
    lake.check()


def test_rights_that_are_lacking(lake, filled, postgres, database, role):
    shutil.copytree(filled.root, lake.root)
    postgres.sql(f"REVOKE ALL ON DATABASE {database} FROM PUBLIC; GRANT CONNECT ON DATABASE {database} TO {role}")
    lake.url = postgres.url(database, role)
    done = check(lake)
    assert done.returncode == 1 and f'GRANT CREATE ON DATABASE "{database}" TO "prices"' in done.stdout, done.stdout
    with lake.follow() as sink:
        says(sink, "GRANT CREATE ON DATABASE")
        postgres.sql(f'GRANT CREATE, TEMPORARY ON DATABASE "{database}" TO "prices"')
        says(sink, "has everything")
    lake.check()


def test_a_database_that_is_read_only(started):
    started.postgres.sql(f"ALTER DATABASE {started.database} SET default_transaction_read_only = on")
    done = check(started)
    assert done.returncode == 1 and "target_session_attrs=read-write" in done.stdout
    started.replay(100, ledger.START + 20)
    assert "25006" in started.sink(check=False).stderr
    started.postgres.sql(f"ALTER DATABASE {started.database} SET default_transaction_read_only = off")
    started.sink()
    started.check()


def test_a_server_that_never_answers(lake, filled):
    """It takes the connection and says nothing: the sink goes on trying, and ends at once when it is asked to."""
    shutil.copytree(filled.root, lake.root)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://x@127.0.0.1:{silent.getsockname()[1]}/x"
        done = check(lake, "--set", "postgres.timeout=1s", url=url)
        assert done.returncode == 1 and "none within 1s" in done.stdout
        with lake.follow(url=url) as sink:
            time.sleep(0.5)
            begin = time.monotonic()
            sink.popen.send_signal(signal.SIGTERM)
            assert sink.wait() == 0 and time.monotonic() - begin < 2


def test_a_server_that_stops_answering(started):
    """Frozen in the middle of its work: a lock that somebody holds, then no answer at all; other tables go on, and nothing is doubled."""
    started.replay(200, ledger.START + 40)
    holder = subprocess.Popen([started.postgres.client("psql"), "-X", "-q", "-d", started.url, "-c",
                               "BEGIN; LOCK TABLE cryptostream.candles; SELECT pg_sleep(2)"], stdout=subprocess.DEVNULL)
    wait_for(lambda: started.postgres.sql("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock'", started.database) != [["0"]])
    with started.follow("--set", "postgres.timeout=1s") as sink:
        says(sink, "trying again")
        assert started.postgres.sql("SELECT max(version) > 2 FROM cryptostream.positions WHERE name LIKE '%silver'", started.database) == [["t"]]
        holder.wait(timeout=20)
        wait_until_equal(started)


def scrape(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
        return answer.read().decode()


def test_run_feeds_it_and_shows_its_state(lake, postgres, database):
    """The engine serves on while the database is away; /readyz is degraded, not refused."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    path = lake.ledger.file(lake.folder, "live.jsonl", 3000)
    command = [lake.binary, "run", "--source", "replay", "--replay", path, "--speed", "300", "--storage", lake.root, "--port", port,
               "--postgres", lake.url, *ALL]
    with open(lake.folder / "run.log", "wb") as log:
        run = subprocess.Popen([str(word) for word in command], stderr=log, stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: postgres.sql("SELECT to_regclass('cryptostream.positions')", database) != [[None]])
        wait_for(lambda: postgres.sql("SELECT count(*) FROM cryptostream.candles", database) != [["0"]])
        wait_for(lambda: "postgres" in scrape(port, "/readyz?verbose"))
        assert "cryptostream_sink_up 1" in scrape(port, "/metrics")
        postgres.stop()
        wait_for(lambda: "cryptostream_sink_up 0" in scrape(port, "/metrics"))
        wait_for(lambda: "is it running?" in scrape(port, "/readyz?verbose"))
        postgres.start()
        wait_for(lambda: "cryptostream_sink_up 1" in scrape(port, "/metrics"))
        assert 'cryptostream_sink_rows_total{table="candles/gold"}' in scrape(port, "/metrics")
        run.send_signal(signal.SIGTERM)
        assert run.wait(20) == 0
    finally:
        run.kill()
        run.wait()
        if postgres.process.poll() is not None:
            postgres.start()
    lake.sink()
    lake.check()


def test_a_recording_has_a_schema_of_its_own(lake, postgres, database):
    command = [lake.binary, "run", "--source", "replay", "--storage", lake.root, "--port", "0", "--postgres", lake.url]
    with open(lake.folder / "run.log", "wb") as log:
        run = subprocess.Popen([str(word) for word in command], stderr=log, stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: postgres.sql("SELECT to_regclass('cryptostream_demo.prices')", database) != [[None]])
        wait_for(lambda: postgres.sql("SELECT count(*) FROM cryptostream_demo.prices", database) != [["0"]])
    finally:
        run.send_signal(signal.SIGTERM)
        run.wait(20)
    assert postgres.sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'cryptostream'", database) == [["0"]]


@pytest.mark.parametrize("url, words", [
    ("postgresql://u:canary-secret@h/d", "password_file"), ("postgresql://h/d?password=canary-secret", "password_file"),
    ("host=h password=canary-secret", "password_file"), ("nonsense", "not one of PostgreSQL"),
])
def test_an_url_with_a_password_is_refused(cryptostream_exit, url, words):
    done = cryptostream_exit("config", "check", "--set", f"postgres.url={url}")
    assert done.returncode == 78 and words in done.stderr and "canary" not in done.stderr


@pytest.fixture
def cryptostream_exit(binary, tmp_path):
    return lambda *words: subprocess.run([binary, *words], cwd=tmp_path, capture_output=True, text=True, timeout=30)


@pytest.mark.parametrize("setting, words", [
    ("tables=candels", "did you mean candles?"), ("tables=", "tables is empty"), ("schema=pg_mine", "no name of a schema"),
    ("schema=" + "x" * 64, "no name of a schema"), ("tls=maybe", "verify-full"), ("timeout=1ms", "1s"),
])
def test_settings_that_are_refused(cryptostream_exit, setting, words):
    done = cryptostream_exit("config", "check", "--set", "postgres." + setting)
    assert done.returncode == 78 and words in done.stderr, done.stderr
