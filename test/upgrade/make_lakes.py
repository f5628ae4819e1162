#!/usr/bin/env python3
"""Makes the lakes of this folder with a program of the format that they are to have: `make_lakes.py BINARY FORMAT [LAKE]...`.

Everything in them is made up here, so that they may be published. They are small, and hold what an upgrade can stumble over
(README.md says which lake has what). Run it once a format, with the last program that writes it, and keep what it gives."""

import datetime
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE.parent / "kafka"), str(HERE.parent / "lake")]

import broker as kafka  # noqa: E402
import scenarios  # noqa: E402

DAYS = [datetime.datetime(2024, 5, day, tzinfo=datetime.UTC) for day in (1, 2, 3)]
TOPIC = "crypto-raw"
QUICK = ["--set", "storage.fsync=false", "--set", "engine.correct_every=10ms"]
MANY = 450  # commits: a table has a checkpoint at every hundredth, and its log is cut below the last but one


def price(moment, coin, amount):
    return json.dumps({"timestamp": moment.timestamp(), "coin_id": coin, "price": amount, "volume_24h": 1000.5})


def trade(moment, number, amount, quantity):
    return json.dumps({"timestamp": moment.timestamp(), "coin_id": "bitcoin", "price": amount, "quantity": quantity, "trade_id": number,
                       "symbol": "BTCUSDT", "source": "binance_spot"})


def day_of_prices(day):
    """Some minutes before noon and before midnight. Three prices of 0.1 have a mean that is not 0.1 when it is rounded twice, and
    so has one trade at 60000 a vwap that is not 60000."""
    lines = []
    for hour, minutes in ((11, 3), (23, 2)):
        for second in range(0, 60 * minutes, 20):
            moment = day + datetime.timedelta(hours=hour, minutes=57, seconds=second)
            lines.append(price(moment, "bitcoin", 60_000 + day.day * 100 + second))
            lines.append(price(moment, "dogecoin", 0.1))
            if second % 60 == 0:
                number = day.day * 1000 + hour * 10 + second // 60
                lines.append(trade(moment, number, 60_000, 0.003 if second else 0.7))
    return lines


LATE = [price(DAYS[0] + datetime.timedelta(hours=11, minutes=58, seconds=30), "bitcoin", 59_000.25),
        price(DAYS[0] + datetime.timedelta(hours=13), "dogecoin", 0.125),
        trade(DAYS[1] + datetime.timedelta(hours=23, minutes=57, seconds=1), 7, 59_999.5, 1.5)]
REJECTED = ["{broken", '{"timestamp": 1714557420, "coin_id": "bitcoin", "price": -1}',
            trade(DAYS[0] + datetime.timedelta(hours=11, minutes=57), 1110, 1, 1)]  # another price under the id of a trade


def write(folder, name, lines):
    path = folder / name
    path.write_text("".join(line + "\n" for line in lines))
    return path


class Maker:
    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder

    def run(self, *arguments, ends_with=0, **environ):
        command = [self.binary, *map(str, arguments), *QUICK]
        done = subprocess.run(command, env=scenarios.environment(**environ), capture_output=True, text=True, timeout=120)
        assert done.returncode == ends_with, f"{command}: exit {done.returncode}: {done.stderr}"

    def replay(self, lake, path, **more):
        self.run("replay", path, "--storage", lake, "--exit-when-done", **more)

    def recordings(self, lake):
        """Days of two sources, late rows, rejects; then the program died between two commits, and its log ends without a checkpoint."""
        first = write(self.folder, "first.jsonl", [*day_of_prices(DAYS[0]), *REJECTED, *day_of_prices(DAYS[1])])
        second = write(self.folder, "second.jsonl", [*LATE, *day_of_prices(DAYS[2])])
        self.replay(lake, first)
        self.replay(lake, second, ends_with=-9, CRYPTOSTREAM_CRASH="gold.before_commit:1")
        for path in (first, second):
            shutil.copy(path, lake)

    def topic(self, lake):
        """Two partitions of a topic, records among them that are rejected, and some that its retention had taken: a gap."""
        broker = kafka.Broker(kafka.versions()[-1], self.folder / "broker")
        try:
            broker.make_topic(TOPIC, 2)
            broker.produce(TOPIC, [(None, line) for line in [*day_of_prices(DAYS[0]), REJECTED[0]]], partition=0)
            broker.produce(TOPIC, [(None, line) for line in day_of_prices(DAYS[1])[:9]], partition=1)
            stream = ["stream", "--broker", broker.address, "--topic", TOPIC, "--storage", lake, "--exit-when-done"]
            self.run(*stream)
            places = broker.produce(TOPIC, [(None, line) for line in [*LATE, *day_of_prices(DAYS[2])]], partition=0)
            broker.delete_records(TOPIC, 0, places[3][1])
            self.run(*stream, "--accept-data-loss")
        finally:
            broker.stop()

    def cut(self, lake):
        """Retention has dropped the first day of bronze and silver; then so many commits, with a late row in every second one, that logs
        have checkpoints and have lost their beginning; small files are merged, the replaced ones deleted."""
        self.replay(lake, write(self.folder, "a.jsonl", day_of_prices(DAYS[0])))
        age = (datetime.datetime.now(datetime.UTC) - DAYS[1] - datetime.timedelta(hours=1)).days
        self.replay(lake, write(self.folder, "b.jsonl", [*LATE, *day_of_prices(DAYS[1])]))
        self.run("retention", "--storage", lake, "--set", f"maintenance.retain_silver={age}d")
        noon = DAYS[2] + datetime.timedelta(hours=12)
        late = lambda second: datetime.timedelta(seconds=second - (900 if second % 2 else 0))
        many = [price(noon + late(second), "bitcoin", 60_300 + second) for second in range(MANY)]
        self.run("replay", write(self.folder, "c.jsonl", many), "--storage", lake, "--exit-when-done", "--speed", 12,
                 "--set", "engine.commit_every=10ms", "--set", "maintenance.enabled=false")
        eager = [word for setting in ("compact_files=2", "closed_after=0s", "log_retention=0s", "file_retention=0s")
                 for word in ("--set", f"maintenance.{setting}")]
        self.run("compact", "--storage", lake, *eager)
        self.run("vacuum", "--storage", lake, *eager)

    def dropped(self, lake):
        """Retention has dropped the first day of gold, once its last hour and day were folded: only the rollups know it."""
        age = (datetime.datetime.now(datetime.UTC) - DAYS[1] - datetime.timedelta(hours=1)).days
        keep = ["--set", f"maintenance.retain_gold={age}d"]
        self.run("replay", write(self.folder, "a.jsonl", day_of_prices(DAYS[0])), "--storage", lake, "--exit-when-done", *keep)
        self.run("replay", write(self.folder, "b.jsonl", [*LATE, *day_of_prices(DAYS[1])]), "--storage", lake, "--exit-when-done", *keep)
        self.run("retention", "--storage", lake, *keep)


def main(binary, number, *names):
    target = HERE / f"format-{number}"
    target.mkdir(exist_ok=True)
    for name in names or ("recordings", "topic", "cut", "dropped"):
        with tempfile.TemporaryDirectory() as folder:
            lake = pathlib.Path(folder) / name
            lake.mkdir()
            getattr(Maker(os.path.abspath(binary), pathlib.Path(folder)), name)(lake)
            (lake / scenarios.LOCK).unlink(missing_ok=True)
            with tarfile.open(target / f"{name}.tar.xz", "w:xz", preset=9) as out:
                out.add(lake, name)


if __name__ == "__main__":
    main(*sys.argv[1:])
