import assert from "node:assert/strict";
import { test } from "node:test";
import { closesByWindow, pastPrice, percentSince } from "./changes";

const MINUTE = 60_000;
const bar = (minute: number, close: number) => ({ openMs: minute * MINUTE, closeMs: (minute + 5) * MINUTE, close });
const BARS = [bar(0, 100), bar(5, 110), bar(10, 120), bar(60, 200)];

test("the price of then is that of the last candle that had ended", () => {
  assert.deepEqual(pastPrice(BARS, 15 * MINUTE, 0), { price: 120, timeMs: 15 * MINUTE });
  assert.deepEqual(pastPrice(BARS, 14 * MINUTE, 10 * MINUTE), { price: 110, timeMs: 10 * MINUTE });
});

test("a price from long before is not the price of then", () => {
  assert.equal(pastPrice(BARS, 50 * MINUTE, 15 * MINUTE), undefined);
  assert.equal(pastPrice(BARS, 4 * MINUTE, 60 * MINUTE), undefined);
  assert.equal(pastPrice([], 0, Infinity), undefined);
});

test("a change needs both prices", () => {
  assert.equal(percentSince(110, { price: 100, timeMs: 0 })?.toFixed(6), "10.000000");
  assert.equal(percentSince(110, undefined), null);
  assert.equal(percentSince(110, { price: 0, timeMs: 0 }), null);
});

test("closes stand at their windows, and what is not there is not there", () => {
  assert.deepEqual(closesByWindow(BARS, 5 * MINUTE, 62 * MINUTE, 3), [null, null, 200]);
  assert.deepEqual(closesByWindow(BARS, 5 * MINUTE, 14 * MINUTE, 4), [null, 100, 110, 120]);
});
