"""Reads a Delta table from its log and Parquet files, and says what a lake must hold. Shares no code with the program: the
log is parsed as JSON lines, data files are read by pyarrow, sums are fractions."""

import fractions
import json
import math
import pathlib
import urllib.parse

import pyarrow.parquet as pq

TABLES = {
    "bronze": "bronze/crypto_raw",
    "silver": "silver/crypto_transformed",
    "gold": "gold/crypto_metrics_1m",
    "quarantine": "quarantine/crypto_rejected",
    "gaps": "gaps/crypto_gaps",
}


class DeltaTable:
    """The newest version of a table: live files, positions, and rows as dicts."""

    def __init__(self, root: pathlib.Path):
        self.root = root
        self.files, self.txns, self.version = {}, {}, -1
        commits = sorted((root / "_delta_log").glob("*.json"))
        numbers = [int(path.stem) for path in commits]
        assert numbers == list(range(len(numbers))), f"the log has a hole: {numbers}"
        for path in commits:
            seen = set()
            for line in path.read_text().splitlines():
                self._apply(json.loads(line), seen, path)
            self.version = int(path.stem)

    def _apply(self, action, seen, path):
        kind, body = next(iter(action.items()))
        if kind == "add":
            assert ("add", body["path"]) not in seen, f"added twice in {path}"
            seen.add(("add", body["path"]))
            self.files[body["path"]] = body
        elif kind == "remove":
            self.files.pop(body["path"])
        elif kind == "txn":
            known = self.txns.get(body["appId"])
            assert known is None or body["version"] >= known, f"a position went back in {path}: {body}"
            self.txns[body["appId"]] = body["version"]

    def rows(self):
        out = []
        for path, add in sorted(self.files.items()):
            file = self.root / urllib.parse.unquote(path)
            assert file.stat().st_size == add["size"], f"size of {file}"
            table = pq.ParquetFile(file).read()
            assert json.loads(add["stats"])["numRecords"] == table.num_rows, f"rows of {file}"
            for row in table.to_pylist():
                row.update({name: value for name, value in add["partitionValues"].items()})
                out.append(row)
        return out


def tables(lake: pathlib.Path):
    return {name: DeltaTable(lake / path) for name, path in TABLES.items()}


def micros(moment):
    return round(moment.timestamp() * 1_000_000)


def window_key(tick):
    return (micros(tick["api_timestamp"]) // 60_000_000 * 60_000_000, tick["coin_id"], tick["source"])


def gold_of(silver_rows):
    """What gold must say of these silver rows: key -> the figures that the judge recomputes, exactly."""
    groups = {}
    for tick in silver_rows:
        groups.setdefault(window_key(tick), []).append(tick)
    out = {}
    for key, ticks in groups.items():
        order = lambda t: (t["api_timestamp"], -math.inf if t["trade_id"] is None else t["trade_id"], t["price"])
        ticks.sort(key=order)
        exact = [fractions.Fraction(t["price"]) for t in ticks]
        out[key] = {
            "open": ticks[0]["price"],
            "close": ticks[-1]["price"],
            "max_price": max(t["price"] for t in ticks),
            "min_price": min(t["price"] for t in ticks),
            "avg_price": float(sum(exact)) / len(ticks),
            "samples": len(ticks),
        }
    return out


def check_gold(silver_rows, gold_rows, closed_all=True):
    """Gold is a function of silver: every window once, and its figures bit for bit."""
    expected = gold_of(silver_rows)
    found = {}
    for row in gold_rows:
        key = (micros(row["window"]["start"]), row["coin_id"], row["source"])
        assert key not in found, f"two rows of one window: {key}"
        found[key] = {name: row[name] for name in ("open", "close", "max_price", "min_price", "avg_price", "samples")}
    if closed_all:
        assert found.keys() == expected.keys()
    for key, figures in found.items():
        assert figures == expected[key], key
