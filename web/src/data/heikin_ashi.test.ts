import assert from "node:assert/strict";
import { test } from "node:test";
import type { Bar } from "./bars";
import { heikinAshiSeries } from "./heikin_ashi";

const bar = (openMs: number, open: number, high: number, low: number, close: number): Bar => ({ openMs, open, high, low, close } as Bar);
const prices = ({ open, high, low, close }: Bar): number[] => [open, high, low, close];
const BARS = [bar(0, 10, 14, 8, 12), bar(1, 12, 20, 12, 18), bar(2, 18, 18, 10, 10)];

test("each candle is averaged with the one before", () => {
  assert.deepEqual(heikinAshiSeries(BARS, new Set()).map(prices), [[11, 14, 8, 11], [11, 20, 11, 15.5], [13.25, 18, 10, 14]]);
});

test("nothing is averaged across a gap, and the bars stay as they are", () => {
  assert.deepEqual(prices(heikinAshiSeries(BARS, new Set([1]))[2]!), [14, 18, 10, 14]);
  assert.deepEqual(prices(BARS[2]!), [18, 18, 10, 10]);
  assert.deepEqual(heikinAshiSeries([], new Set()), []);
});
