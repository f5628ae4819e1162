"""A provider for the producer's tests: the fake CoinGecko of test/sources, whose polls are told apart by their price."""

import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "sources"))

import certificates  # noqa: E402, F401
from fake_coingecko import Answer, FakeCoinGecko  # noqa: E402, F401

ROW = '{"id":"%s","symbol":"x","current_price":%d,"pad":"%s"}'


def numbered_polls(count, coins=40, pad=4500):
    """Answers of about 180 KB, the first with price 1 for every coin, the second with 2, ...; and the coins."""
    names = [f"coin-{number}" for number in range(coins)]
    bodies = ("[" + ",".join(ROW % (name, poll, "x" * pad) for name in names) + "]" for poll in range(1, count + 1))
    return [Answer(body.encode()) for body in bodies], names
