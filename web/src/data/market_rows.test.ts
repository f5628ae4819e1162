import assert from "node:assert/strict";
import { test } from "node:test";
import type { CoinEntry } from "../state/market";
import { type MarketRow, matches, nextSorting, parseSorting, ranks, sortingText, sortRows } from "./market_rows";

function entry(coin: string, changes: Partial<CoinEntry> = {}): CoinEntry {
  return { coin, name: null, symbol: null, quote: "usd", price: 1, market_cap: null, volume_24h: null, change_24h_pct: null, ...changes } as CoinEntry;
}

function row(coin: string, changes: Partial<CoinEntry> = {}, more: Partial<MarketRow> = {}): MarketRow {
  return { entry: entry(coin, changes), rank: null, change1h: null, change7d: null, hasWeek: false, priceTimeMs: 0, ...more };
}

const order = (rows: MarketRow[]): string => rows.map((one) => one.entry.coin).join("");

test("ranks are places by market cap, of what is known and comparable", () => {
  const caps = { a: 5, b: 9, c: null, d: 7 };
  const entries = Object.entries(caps).map(([coin, market_cap]) => entry(coin, { market_cap }));
  assert.deepEqual([...ranks([...entries, entry("e", { market_cap: 99, quote: "eur" })])], [["b", 1], ["d", 2], ["a", 3]]);
  assert.equal(ranks([]).size, 0);
});

test("what is not known is last, in both directions, and equals keep their order", () => {
  const rows = [row("a", { change_24h_pct: 1 }), row("b"), row("c", { change_24h_pct: -3 }), row("d", { change_24h_pct: 1 })];
  assert.equal(order(sortRows(rows, { key: "change_24h", descending: true })), "adcb");
  assert.equal(order(sortRows(rows, { key: "change_24h", descending: false })), "cadb");
});

test("names are sorted as people read them, ages by the newest price", () => {
  const rows = [row("z", { name: "Éther" }), row("y", { name: "apple" }), row("x", { name: "Zoo" })];
  assert.equal(order(sortRows(rows, { key: "name", descending: false })), "yzx");
  const aged = [row("o", {}, { priceTimeMs: 1 }), row("n", {}, { priceTimeMs: 2 })];
  assert.equal(order(sortRows(aged, { key: "age", descending: false })), "no");
});

test("a search looks at name, symbol and id, word by word", () => {
  const coin = entry("usd-coin", { name: "USDC (Circle)", symbol: "usdc" });
  assert.deepEqual(["", "usdc", "circle usd", "USD-COIN", "bitcoin", "(c"].map((text) => matches(coin, text)), [true, true, true, true, false, true]);
});

test("a sorting survives the address, and nonsense is by rank", () => {
  for (const text of ["-price", "name", "-rank"]) assert.equal(sortingText(parseSorting(text)), text);
  assert.deepEqual(parseSorting("moon"), { key: "rank", descending: false });
  assert.equal(sortingText(parseSorting(undefined)), undefined);
  assert.deepEqual(nextSorting(parseSorting(undefined), "price"), { key: "price", descending: true });
  assert.deepEqual(nextSorting(parseSorting("-price"), "price"), { key: "price", descending: false });
});
