"""Reads a Delta table from its log and Parquet files, and says what a lake must hold. Shares no code with the program: the
log is parsed as JSON lines, checkpoints and data files are read by pyarrow, sums are fractions."""

import datetime
import fractions
import json
import math
import pathlib
import urllib.parse

import pyarrow.compute as pc
import pyarrow.parquet as pq

TABLES = {
    "bronze": "bronze/crypto_raw",
    "silver": "silver/crypto_transformed",
    "gold_sources": "gold/sources/crypto_metrics_1m",
    "gold_sources_1h": "gold/sources/crypto_metrics_1h",
    "gold_sources_1d": "gold/sources/crypto_metrics_1d",
    "gold": "gold/crypto_metrics_1m",
    "gold_1h": "gold/crypto_metrics_1h",
    "gold_1d": "gold/crypto_metrics_1d",
    "quarantine": "quarantine/crypto_rejected",
    "gaps": "gaps/crypto_gaps",
}
LAST_CHECKPOINT = "_last_checkpoint"


class NotMade(Exception):
    """The folder holds no Delta log yet."""


class DeltaTable:
    """The newest version of a table: live files, positions, and rows as dicts. Fails on a log that no writer may leave behind:
    a hole, a file added twice or removed without being there, a position that goes back, a batch committed twice."""

    def __init__(self, root: pathlib.Path):
        self.root = root
        self.files, self.txns, self.version = {}, {}, -1
        self.batches, self.operations = set(), []
        commits = {int(path.stem): path for path in (root / "_delta_log").glob("*.json")}
        checkpoints = {int(path.name[:20]): path for path in (root / "_delta_log").glob("*.checkpoint.parquet")}
        if not commits and not checkpoints:
            raise NotMade(root)
        self._check_last_checkpoint(checkpoints)
        if 0 not in commits:  # the old end of the log was cleaned up: what it said stands in a checkpoint
            usable = [version for version in checkpoints if version >= min(commits, default=version) - 1]
            assert usable, f"the log of {root} has lost its beginning: commits from {min(commits, default=None)}, no checkpoint for it"
            oldest = min(usable)
            self._read_checkpoint(checkpoints[oldest])
            self.version = oldest
        numbers = sorted(version for version in commits if version > self.version)
        assert numbers == list(range(self.version + 1, self.version + 1 + len(numbers))), f"the log of {root} has a hole: {numbers}"
        for version in numbers:
            seen = set()
            for line in commits[version].read_text().splitlines():
                self._apply(json.loads(line), seen, commits[version])
            self.version = version
            if version in checkpoints:
                self._check_checkpoint(checkpoints[version])

    def _apply(self, action, seen, path):
        (kind, body), = action.items()
        if kind == "add":
            assert ("add", body["path"]) not in seen, f"added twice in {path}"
            assert body["path"] not in self.files, f"added though it was there in {path}"
            seen.add(("add", body["path"]))
            self.files[body["path"]] = body
        elif kind == "remove":
            assert body["path"] in self.files, f"removed though it was not there in {path}: {body['path']}"
            self.files.pop(body["path"])
        elif kind == "txn":
            known = self.txns.get(body["appId"])
            assert known is None or body["version"] >= known, f"a position went back in {path}: {body}"
            self.txns[body["appId"]] = body["version"]
        elif kind == "commitInfo":
            parameters = body.get("operationParameters") or {}
            self.operations.append(parameters.get("operation", body.get("operation")))
            batch = parameters.get("batchId")
            assert batch is None or batch not in self.batches, f"one batch twice: {path}"
            self.batches.add(batch)

    def _state_of(self, path):
        actions = pq.read_table(path).to_pylist()
        files = {row["add"]["path"]: row["add"] for row in actions if row.get("add")}
        return files, {row["txn"]["appId"]: row["txn"]["version"] for row in actions if row.get("txn")}

    def _read_checkpoint(self, path):
        self.files, self.txns = self._state_of(path)
        for add in self.files.values():
            add["partitionValues"] = dict(add["partitionValues"] or [])

    def _check_checkpoint(self, path):
        files, txns = self._state_of(path)
        assert files.keys() == self.files.keys(), f"{path} has other files than the log"
        assert txns == self.txns, f"{path} has other positions than the log"

    def _check_last_checkpoint(self, checkpoints):
        hint = self.root / "_delta_log" / LAST_CHECKPOINT
        if hint.exists():
            assert json.loads(hint.read_text())["version"] in checkpoints, f"{hint} names a checkpoint that is not there"

    def rows(self):
        out = []
        for path, add in sorted(self.files.items()):
            file = self.root / urllib.parse.unquote(path)
            assert file.stat().st_size == add["size"], f"size of {file}"
            table = pq.ParquetFile(file).read()
            check_statistics(json.loads(add["stats"]), table, file)
            for row in table.to_pylist():
                row.update({name: value for name, value in add["partitionValues"].items()})
                out.append(row)
        return out


def check_statistics(stats, table, file):
    """Statistics are right: rows counted, bounds that enclose the data, nulls counted."""
    assert stats["numRecords"] == table.num_rows, f"rows of {file}"

    def columns(values, prefix=()):
        for name, value in values.items():
            if isinstance(value, dict):
                yield from columns(value, (*prefix, name))
            else:
                yield (*prefix, name), value

    for path, nulls in columns(stats.get("nullCount", {})):
        column = table.column(path[0]).combine_chunks()
        for name in path[1:]:
            column = pc.struct_field(column, name)
        assert column.null_count == nulls, f"nulls of {path} in {file}"
        for side, best in (("minValues", pc.min), ("maxValues", pc.max)):
            bound = stats.get(side, {})
            for name in path:
                bound = bound.get(name) if isinstance(bound, dict) else None
            real = best(column).as_py()
            if bound is None or real is None:
                continue
            shown = real.isoformat(timespec="microseconds") if hasattr(real, "isoformat") and hasattr(real, "hour") else real
            shown = real.isoformat() if hasattr(real, "isoformat") and not hasattr(real, "hour") else shown
            if isinstance(bound, str) and hasattr(real, "hour"):
                bound, shown = bound.replace("Z", ""), shown.split("+")[0]
            inside = bound <= shown if side == "minValues" else bound + "999" >= shown if hasattr(real, "hour") else bound >= shown
            assert inside, f"{side} of {path} in {file}: {bound} {shown}"


def where(lake: pathlib.Path):
    """The tables of a lake and their folders. Up to format 2 the windows of every source lay where the chosen ones lie now, and there were none."""
    places = dict(TABLES)
    for length in ("1m", "1h", "1d"):
        name = "gold" if length == "1m" else f"gold_{length}"
        every = name.replace("gold", "gold_sources")
        if not (lake / TABLES[every] / "_delta_log").exists() and (lake / TABLES[name] / "_delta_log").exists():
            places[every] = places.pop(name)
    return places


def tables(lake: pathlib.Path):
    return {name: DeltaTable(lake / path) for name, path in where(lake).items()}


def rows_while_written(lake: pathlib.Path, table):
    """Rows of one table of a lake that a process is writing, none before it is made. What fails while log and files change is looked at
    again; what fails twice over the same log is damage."""
    root = lake / TABLES[table]
    while True:
        before = sorted(path.name for path in (root / "_delta_log").glob("*"))
        try:
            return DeltaTable(root).rows()
        except NotMade:
            return []
        except (FileNotFoundError, AssertionError):
            if before == sorted(path.name for path in (root / "_delta_log").glob("*")):
                raise


def micros(moment):
    return round(moment.timestamp() * 1_000_000)


def quote_of(row):
    """A row's currency; one from before there was the column is in its source's."""
    return row.get("quote") or ("usdt" if row["source"].startswith("binance") else "usd")


def window_key(tick):
    return (micros(tick["api_timestamp"]) // 60_000_000 * 60_000_000, tick["coin_id"], tick["source"], quote_of(tick))


def last_of(ticks, column):
    """The value of the last tick that has one; of equal ticks the greatest value."""
    order = lambda t: (*in_order(t), t[column])
    return max((t for t in ticks if t[column] is not None), key=order, default={column: None})[column]


def in_order(tick):
    return (tick["api_timestamp"], -math.inf if tick["trade_id"] is None else tick["trade_id"], tick["price"])


def samples_of(ticks):
    """The prices of a window as (place in time or None, price, amount, paid for it), and the rows that count: a bar is four samples, open first and
    close last, and does not count beside trades."""
    traded = any(t["trade_id"] is not None for t in ticks)
    counted = [t for t in ticks if t.get("bar_s") is None or not traded]
    samples = []
    for t in counted:
        if t.get("bar_s") is None:
            samples.append((in_order(t), t["price"], None if t["trade_id"] is None else t["quantity"], t["price"]))
            continue
        length = t["bar_s"] * 1_000_000
        start = datetime.datetime.fromtimestamp(0, datetime.UTC) + datetime.timedelta(microseconds=micros(t["api_timestamp"]) // length * length)
        samples += [((start, -math.inf, t["open"]), t["open"], None, None), (None, t["high"], None, None), (None, t["low"], None, None),
                    (in_order(t), t["price"], t["quantity"], t["vwap"])]
    return samples, counted


def figures_of(ticks):
    """What gold's row says of a window's ticks, each sum and each mean exact and rounded once."""
    exact = fractions.Fraction
    samples, ticks = samples_of(ticks)
    placed = [sample for sample in samples if sample[0] is not None]
    first, last = min(placed)[1], max(placed)[1]
    prices = [price for _, price, _, _ in samples]
    traded = [(amount, paid) for _, _, amount, paid in samples if amount is not None]
    volume = float(sum(exact(amount) for amount, _ in traded)) if traded else None
    known = all(paid is not None for amount, paid in traded if amount > 0)
    turnover = sum(exact(paid) * exact(amount) for amount, paid in traded if paid is not None)
    whole = [t for t in ticks if t["trade_id"] is not None or t.get("bar_s") is not None]
    updates = {t["last_updated"] for t in ticks if t not in whole and t["last_updated"] is not None}
    high, low = max(prices), min(prices)
    average = float(sum(map(exact, prices)) / len(prices))
    return {
        "open": first,
        "close": last,
        "max_price": high,
        "min_price": low,
        "avg_price": average,
        "price_change": last - first,
        "range_pct": (high - low) / average * 100,
        "samples": len(samples),
        "updates": len(whole) + len(updates),
        "volume": volume,
        "vwap": float(turnover / sum(exact(amount) for amount, _ in traded)) if volume and known else None,
        "volume_24h": last_of(ticks, "volume_24h"),
        "market_cap": last_of(ticks, "market_cap"),
        "first_event": min(t["api_timestamp"] for t in ticks),
        "last_event": max(t["api_timestamp"] for t in ticks),
    }


def variance_of(ticks):
    prices = [fractions.Fraction(price) for _, price, _, _ in samples_of(ticks)[0]]
    mean = sum(prices) / len(prices)
    return sum((price - mean) ** 2 for price in prices) / len(prices)


def gold_of(silver_rows):
    """What gold must say of these silver rows: key -> the window's ticks."""
    groups = {}
    for tick in silver_rows:
        groups.setdefault(window_key(tick), []).append(tick)
    return groups


def check_gold(silver_rows, gold_rows, closed_all=True):
    """Gold is a function of silver: every window once, and its figures bit for bit (the square root of volatility: nearly)."""
    expected = gold_of(silver_rows)
    found = {}
    for row in gold_rows:
        key = (micros(row["window"]["start"]), row["coin_id"], row["source"], quote_of(row))
        assert key not in found, f"two rows of one window: {key}"
        found[key] = row
    if closed_all:
        assert found.keys() == expected.keys(), "windows of gold and of silver differ"
    for key, row in found.items():
        figures = figures_of(expected[key])
        assert {name: row[name] for name in figures} == figures, key
        assert micros(row["window"]["end"]) == key[0] + 60_000_000
        assert math.isclose(row["volatility"], math.sqrt(variance_of(expected[key])), rel_tol=1e-9, abs_tol=1e-12), key


def check_rollups(tables):
    """Each rollup of every source is a function of its windows: a row for every period that their positions call closed, folded from its
    minutes. And the chosen rows follow, and theirs."""
    closed = {name.removeprefix("cryptostream/closed/"): until for name, until in tables["gold_sources"].txns.items() if "/closed/" in name}
    gold = tables["gold_sources"].rows()
    for table, length in (("gold_sources_1h", 3_600_000_000), ("gold_sources_1d", 86_400_000_000)):
        periods = {}
        for row in gold:
            start = micros(row["window"]["start"]) // length * length
            if start + length <= closed[row["source"]]:
                periods.setdefault((start, row["coin_id"], row["source"], quote_of(row)), []).append(row)
        found = {(micros(row["window"]["start"]), row["coin_id"], row["source"], quote_of(row)): row for row in tables[table].rows()}
        assert len(found) == len(tables[table].rows()), f"{table}: two rows of one period"
        assert found.keys() == periods.keys(), f"{table}: lost or invented"
        for key, row in found.items():
            check_period(row, sorted(periods[key], key=lambda minute: minute["window"]["start"]))
            assert micros(row["window"]["end"]) == key[0] + length
    import judge_chosen  # which needs this module

    judge_chosen.check_chosen(tables)


def check_period(row, minutes):
    exact = fractions.Fraction
    samples = sum(minute["samples"] for minute in minutes)
    total = sum(exact(minute["avg_price"]) * minute["samples"] for minute in minutes)
    squares = sum((exact(minute["avg_price"]) ** 2 + exact(minute["volatility"]) ** 2) * minute["samples"] for minute in minutes)
    traded = [minute for minute in minutes if minute["volume"] is not None]
    volume = float(sum(exact(minute["volume"]) for minute in traded)) if traded else None
    turnover = sum(exact(minute["vwap"]) * exact(minute["volume"]) for minute in traded if minute["vwap"] is not None)
    priced = all(minute["vwap"] is not None for minute in traded if minute["volume"] > 0)
    alone = len(minutes) == 1
    figures = {
        "samples": samples,
        "updates": sum(minute["updates"] for minute in minutes),
        "open": minutes[0]["open"],
        "close": minutes[-1]["close"],
        "max_price": max(minute["max_price"] for minute in minutes),
        "min_price": min(minute["min_price"] for minute in minutes),
        "avg_price": minutes[0]["avg_price"] if alone else float(total / samples),
        "volume": volume,
        "vwap": minutes[0]["vwap"] if alone else float(turnover / sum(exact(minute["volume"]) for minute in traded)) if volume and priced else None,
        "volume_24h": ([None] + [m["volume_24h"] for m in minutes if m["volume_24h"] is not None])[-1],
        "first_event": minutes[0]["first_event"],
        "last_event": minutes[-1]["last_event"],
    }
    assert {name: row[name] for name in figures} == figures, row
    variance = squares / samples - (total / samples) ** 2
    assert math.isclose(row["volatility"], math.sqrt(variance), rel_tol=1e-9, abs_tol=1e-12), row
