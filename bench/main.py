"""Prints what this program reaches on this machine, each figure beside what it must reach.

usage: tools/bench [replay|disorder|growth|fresh|polls|http|streams|start|size|hour|age|verify|kafka|produce|kafka-fresh|sink|sink-follow]... [--messages N] [--commits N] [--rate N] [--runs N]
"""

import argparse
import os
import sys
import tempfile

import database
import database_follow
import replays
import service
import topics
import upkeep
import verifying
from measure import BINARY, say

PARTS = {"replay": replays.replay, "disorder": replays.disorder, "growth": replays.growth, "fresh": service.fresh,
         "polls": service.polls, "http": service.http, "streams": service.streams, "start": service.start, "size": service.size,
         "hour": upkeep.hour, "age": upkeep.age, "verify": verifying.verify, "kafka": topics.kafka, "produce": topics.produce, "kafka-fresh": topics.fresh,
         "sink": database.sink, "sink-follow": database_follow.follow}


def main():
    parser = argparse.ArgumentParser(description="Measures the program against peers and limits of this machine.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--messages", type=int, default=2_000_000)
    parser.add_argument("--commits", type=int, default=upkeep.OLD_LAKE, help="of the old lake")
    parser.add_argument("--minutes", type=int, default=verifying.YEAR_MINUTES, help="of the lake whose rows are verified")
    parser.add_argument("--rate", type=int, default=1, help="commits a second of the part `hour`; at 1 it takes an hour")
    parser.add_argument("--runs", type=int, default=3, help="of which the median counts")
    arguments = parser.parse_args()
    for unknown in set(arguments.parts) - set(PARTS):
        parser.error(f"no such part: {unknown} (there are {', '.join(PARTS)})")
    if not BINARY.exists():
        sys.exit("bench: build first: make build")
    say(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; other work on the machine makes every figure worse")
    missed = 0
    with tempfile.TemporaryDirectory(prefix="cryptostream-bench-") as folder:
        bench = replays.Bench(folder, arguments)
        for name in arguments.parts or PARTS:
            say(f"measuring: {PARTS[name].__doc__.strip()}")
            for what, reached, asked, ok in PARTS[name](bench):
                missed += ok is False
                verdict = {None: "", True: "reached", False: "MISSED"}[ok]
                print(f"{what:68} {reached:>34}   {asked:28} {verdict}".rstrip(), flush=True)
    say("all reached" if not missed else f"{missed} missed")


main()
