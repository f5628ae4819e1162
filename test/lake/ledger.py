"""What is sent, written down with its fate: what bronze, silver and quarantine must hold of it afterwards, no more, no less."""

import json
import random

import judge

START = 1_700_000_040  # a full minute, in the past of any machine that runs this
BROKEN = [
    "{broken",
    '{"price": 1}',
    '{"timestamp": 1600000000, "coin_id": "bitcoin"}',
    '{"timestamp": 1600000000, "coin_id": "bitcoin", "price": null}',
    '{"timestamp": 1600000000, "coin_id": "bitcoin", "price": -1}',
    "42",
]


class Ledger:
    """Files of messages in the original's form: prices and trades of three coins, some late by minutes, some sent twice, some broken.
    The same seed sends the same."""

    def __init__(self, seed):
        self.draw = random.Random(seed)
        self.lines = {}  # name of the file -> its lines
        self.good = set()  # rows that silver must hold
        self.rejected = set()  # (file, offset) that quarantine must hold
        self.sent = []  # good lines, for sending again
        self.trades = []  # their stamps; the id of a trade is its place

    def file(self, folder, name, count, start=START):
        """Writes a file of `count` messages a second apart and gives its path."""
        lines = self.lines[name] = []
        for i in range(count):
            fate = self.draw.random() if i > 0 else 1  # the pace begins with the first line's stamp
            if fate < 0.04:
                self.rejected.add((name, len(lines)))
                lines.append(self.draw.choice(BROKEN))
            elif fate < 0.08 and self.sent:
                lines.append(self.draw.choice(self.sent[-80:]))
            elif fate < 0.10 and self.trades:
                self.rejected.add((name, len(lines)))  # another price under the id of a trade
                trade_id = self.draw.randrange(len(self.trades))
                lines.append(self.trade(self.trades[trade_id], trade_id))
            else:
                stamp = start + i - (self.draw.choice([90, 200, 400]) if fate < 0.15 else 0)
                lines.append(self.good_line(round(stamp + self.draw.random() / 2, 6)))
        path = folder / name
        path.write_text("".join(line + "\n" for line in lines))
        return path

    def good_line(self, stamp):
        if self.draw.random() < 0.3:
            line = self.trade(stamp, len(self.trades))
            self.trades.append(stamp)
        else:
            row = {"timestamp": stamp, "coin_id": self.draw.choice(["bitcoin", "ethereum", "tron"]), "price": self.draw.uniform(1, 9),
                   "volume_24h": self.draw.uniform(1e6, 1e9)}
            line = json.dumps(row)
        row = json.loads(line)
        self.good.add((round(row["timestamp"] * 1_000_000), row["coin_id"], row["price"], row.get("trade_id"), row.get("quantity")))
        self.sent.append(line)
        return line

    def trade(self, stamp, trade_id):
        return json.dumps({"timestamp": stamp, "coin_id": "bitcoin", "price": self.draw.uniform(1, 9), "quantity": self.draw.uniform(0, 2),
                           "trade_id": trade_id, "symbol": "BTCUSDT", "source": "binance_spot"})

    def check(self, lake):
        """0 lost, 0 doubled, 0 invented, in every table; gold is what silver says."""
        tables = judge.tables(lake)
        bronze = tables["bronze"].rows()
        keys = sorted((row["topic"], row["offset"]) for row in bronze)
        assert keys == sorted((name, i) for name, lines in self.lines.items() for i in range(len(lines))), "bronze: lost or doubled"
        assert all(row["value"] == self.lines[row["topic"]][row["offset"]] for row in bronze), "bronze: other bytes"
        silver = tables["silver"].rows()
        found = {(judge.micros(row["api_timestamp"]), row["coin_id"], row["price"], row["trade_id"], row["quantity"]) for row in silver}
        assert len(found) == len(silver), "silver: doubled"
        assert found - self.good == set(), "silver: invented"
        assert self.good - found == set(), "silver: lost"
        rejected = tables["quarantine"].rows()
        assert sorted((row["topic"], row["offset"]) for row in rejected) == sorted(self.rejected), "quarantine: lost or doubled"
        assert all(row["value"] == self.lines[row["topic"]][row["offset"]].encode() for row in rejected), "quarantine: other bytes"
        judge.check_gold(silver, tables["gold_sources"].rows())
        judge.check_rollups(tables)
        return tables
