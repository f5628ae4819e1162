"""Gives a file of messages back with disorder: 3 % of the lines come twice, 2 % come late (1 to 20 minutes of event time).

usage: disorder.py FILE EVENTS_PER_SECOND > OUT
"""

import heapq
import random
import sys

DUPLICATES, LATE = 0.03, 0.02
LATE_SECONDS = (60, 1200)


def main():
    path, rate = sys.argv[1], float(sys.argv[2])
    choose = random.Random(11)
    waiting = []  # (line number at which it is due, line)
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            while waiting and waiting[0][0] <= number:
                sys.stdout.write(heapq.heappop(waiting)[1])
            lot = choose.random()
            if lot < LATE:
                heapq.heappush(waiting, (number + int(rate * choose.uniform(*LATE_SECONDS)), line))
                continue
            sys.stdout.write(line)
            if lot < LATE + DUPLICATES:
                heapq.heappush(waiting, (number + choose.randint(1, 10_000), line))
    while waiting:
        sys.stdout.write(heapq.heappop(waiting)[1])


main()
