import assert from "node:assert/strict";
import { test } from "node:test";
import type { Bar } from "../data/bars";
import { amountKind, axisDecimals, type Placed, pricePoint, scalePower, singlesPoint } from "./chart_series";

const COLOR = "#2457d6";

function bar(samples: number, close = 1): Bar {
  const prices = { open: close, high: close, low: close, close, avg: close, volume: null, vwap: null };
  return { openMs: 60_000, closeMs: 120_000, ...prices, samples, source: "coingecko", closed: true, committed: true };
}

function placed(changes: Partial<Placed>): Placed {
  return { bar: bar(4), before: undefined, after: undefined, gapAfter: false, ...changes };
}

const isCandle = (one: Placed): boolean => "open" in pricePoint(one, "candles", 1);
const isDrawn = (one: Placed): boolean => singlesPoint(one, COLOR, 1).color === COLOR;

test("a bar of several prices is a candle, one of a single price a point of a line", () => {
  assert.equal(isCandle(placed({ bar: bar(2), after: bar(2) })), true);
  assert.equal(isCandle(placed({ bar: bar(1), after: bar(2) })), false);
  assert.equal(isCandle(placed({ bar: bar(1), before: bar(1) })), false);
});

test("a single price between two gaps is a dash, for nothing else would show it", () => {
  assert.equal(isCandle(placed({ bar: bar(1), gapAfter: true })), true);
});

test("the line runs from and to each bar that is no candle", () => {
  assert.equal(isDrawn(placed({ bar: bar(1), after: bar(1) })), true);
  assert.equal(isDrawn(placed({ bar: bar(4), after: bar(1) })), true);
  assert.equal(isDrawn(placed({ bar: bar(1), after: bar(4) })), true);
  assert.equal(isDrawn(placed({ bar: bar(4), after: bar(4) })), false);
  assert.equal(isDrawn(placed({ bar: bar(1), gapAfter: true })), false);
});

test("line and area are not drawn across a gap", () => {
  const colorOf = (one: Placed): unknown => (pricePoint(one, "line", 1) as { color?: string }).color;
  assert.equal(colorOf(placed({ after: bar(4) })), undefined);
  assert.equal(colorOf(placed({})), undefined); // the newest bar: its colour is that of the label
  assert.match(String(colorOf(placed({ gapAfter: true }))), /, 0\)$/);
});

test("prices that the library cannot tell apart are scaled, usual ones are not", () => {
  assert.deepEqual([60_000, 8.8e-6, 9e11, 0, undefined].map(scalePower), [0, 0, 0, 0, 0]);
  assert.deepEqual([3.1e-13, 8.8e-8, 9.1e13].map(scalePower), [13, 8, -13]);
  const point = pricePoint(placed({ bar: bar(4, 3.1e-13) }), "candles", 10 ** 13) as { close: number };
  assert.ok(Math.abs(point.close - 3.1) < 1e-9);
});

test("the axis has the decimals of the prices, no more", () => {
  assert.equal(axisDecimals([bar(1, 60_000), bar(1, 60_100)]), 0);
  assert.equal(axisDecimals([bar(1, 187.4), bar(1, 187.45)]), 2);
  assert.equal(axisDecimals([]), 0);
});

test("samples that are all one are nothing to see", () => {
  assert.equal(amountKind([bar(1), bar(1)]), "none");
  assert.equal(amountKind([bar(1), bar(2)]), "samples");
  assert.equal(amountKind([{ ...bar(1), volume: 3 }]), "volume");
});
