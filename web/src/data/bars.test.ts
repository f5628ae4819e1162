import assert from "node:assert/strict";
import { test } from "node:test";
import { type Bar, BarSeries } from "./bars";

function bar(openMs: number, changes: Partial<Bar> = {}): Bar {
  const prices = { open: 1, high: 2, low: 0.5, close: 1.5, avg: 1.2 };
  return { openMs, closeMs: openMs + 60_000, ...prices, volume: null, vwap: null, samples: 3, source: "coingecko", closed: true, committed: true, ...changes };
}

function opens(series: BarSeries): number[] {
  return series.bars.map((one) => one.openMs);
}

test("a newer bar goes to the tail, the newest is updated in place", () => {
  const series = new BarSeries();
  assert.equal(series.merge(bar(60_000)), "tail");
  assert.equal(series.merge(bar(120_000, { closed: false, samples: 1, close: 7 })), "tail");
  assert.equal(series.merge(bar(120_000, { closed: false, samples: 2, close: 8 })), "tail");
  assert.deepEqual(opens(series), [60_000, 120_000]);
  assert.equal(series.last?.close, 8);
});

test("a bar older than the last one is put in its place, never at the end", () => {
  const series = new BarSeries();
  series.mergeAll([bar(60_000), bar(240_000)]);
  assert.equal(series.merge(bar(120_000)), "inside");
  assert.equal(series.merge(bar(0)), "inside");
  assert.deepEqual(opens(series), [0, 60_000, 120_000, 240_000]);
});

test("a late row's correction of a closed bar is taken", () => {
  const series = new BarSeries();
  series.mergeAll([bar(60_000), bar(120_000)]);
  assert.equal(series.merge(bar(60_000, { high: 9, samples: 4 })), "inside");
  assert.equal(series.at(60_000)?.high, 9);
});

test("old news is dropped: an open bar over a closed one, fewer samples over more", () => {
  const series = new BarSeries();
  series.merge(bar(60_000, { close: 5 }));
  assert.equal(series.merge(bar(60_000, { close: 4, closed: false, samples: 9 })), "none");
  series.merge(bar(120_000, { closed: false, samples: 5 }));
  assert.equal(series.merge(bar(120_000, { closed: false, samples: 2, close: 4 })), "none");
  assert.equal(series.last?.samples, 5);
  assert.equal(series.first?.close, 5);
});

test("a page of older bars that overlaps counts only what is new", () => {
  const series = new BarSeries();
  series.mergeAll([bar(180_000), bar(240_000)]);
  assert.equal(series.mergeAll([bar(60_000), bar(120_000), bar(180_000)]), 2);
  assert.equal(series.mergeAll([bar(60_000)]), 0);
  assert.deepEqual(opens(series), [60_000, 120_000, 180_000, 240_000]);
});

test("any order of arrival gives ascending, unique times", () => {
  const times = [5, 1, 4, 4, 2, 0, 3, 1, 5].map((minute) => minute * 60_000);
  const series = new BarSeries();
  for (const time of times) series.merge(bar(time));
  assert.deepEqual(opens(series), [0, 1, 2, 3, 4, 5].map((minute) => minute * 60_000));
});
