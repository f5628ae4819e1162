import assert from "node:assert/strict";
import { test } from "node:test";
import type { Bar } from "./bars";
import { type Indicator, indicatorName, indicatorText, IndicatorValues, parseIndicators, usualIndicator } from "./indicators";

const CLOSES = [44.34, 44.09, 44.15, 43.61, 44.33, 44.83, 45.1, 45.42, 45.84, 46.08, 45.89, 46.03, 45.61, 46.28, 46.28, 46.0, 46.03, 46.41, 46.22, 45.64];

function bars(closes: number[], volume: number | null = null): Bar[] {
  return closes.map((close, index) => ({ openMs: index * 60_000, open: close, high: close, low: close, close, volume, vwap: null }) as Bar);
}

function valuesOf(indicator: Indicator, list: Bar[]): (number | null)[][] {
  const values = new IndicatorValues(indicator);
  values.reset(list);
  return list.map((_, index) => values.at(index));
}

const firstLine = (indicator: Indicator, list: Bar[]): (number | null)[] => valuesOf(indicator, list).map((row) => row[0]!);
const near = (value: number | null | undefined, expected: number): void => assert.ok(Math.abs(value! - expected) < 0.01, `${value} for ${expected}`);

test("means and bands are those of the closes by hand, and none before there are enough bars", () => {
  const sma = firstLine({ kind: "sma", settings: [3] }, bars([1, 2, 3, 7]));
  assert.deepEqual(sma, [null, null, 2, 4]);
  assert.deepEqual(firstLine({ kind: "ema", settings: [3] }, bars([2, 4, 8, 16])), [null, null, 5.5, 10.75]);
  const [upper, middle, lower] = valuesOf({ kind: "bb", settings: [4, 2] }, bars([2, 4, 4, 6]))[3]!;
  near(middle, 4);
  near(upper, 4 + 2 * Math.SQRT2);
  near(lower, 4 - 2 * Math.SQRT2);
});

test("the RSI is the one that Wilder's example has, and a price that never moved has none", () => {
  const rsi = firstLine({ kind: "rsi", settings: [14] }, bars(CLOSES));
  assert.equal(rsi[13], null);
  near(rsi[14], 70.46);
  near(rsi[15], 66.25);
  near(rsi[19], 57.92);
  assert.deepEqual(firstLine({ kind: "rsi", settings: [2] }, bars([5, 5, 5, 5, 4])).map((one) => one === null), [true, true, true, true, false]);
});

test("the MACD is the difference of two means, its signal the mean of that", () => {
  const list = bars(CLOSES);
  const fast = firstLine({ kind: "ema", settings: [3] }, list);
  const slow = firstLine({ kind: "ema", settings: [6] }, list);
  const rows = valuesOf({ kind: "macd", settings: [3, 6, 4] }, list);
  rows.forEach(([macd, signal, difference], index) => {
    if (slow[index] === null) return assert.deepEqual([macd, signal, difference], [null, null, null]);
    near(macd, fast[index]! - slow[index]!);
    if (signal !== null) near(difference, macd! - signal!);
  });
  assert.equal(rows[7]![1], null);
  assert.notEqual(rows[8]![1], null);
});

test("the VWAP weighs by volume, begins with each day, and is none without a volume", () => {
  const day = (openMs: number, close: number, volume: number | null, vwap: number | null = null): Bar => ({ ...bars([close])[0]!, openMs, volume, vwap });
  const list = [day(0, 10, 1), day(60_000, 99, 3, 20), day(120_000, 5, null), day(86_400_000, 7, 2)];
  assert.deepEqual(firstLine({ kind: "vwap", settings: [1] }, list), [10, 17.5, null, 7]);
  assert.deepEqual(firstLine({ kind: "vwap", settings: [2] }, list), [10, 17.5, null, 14]);
});

test("the open candle is taken again and again, and what follows is as if it had come once", () => {
  for (const kind of ["sma", "ema", "bb", "vwap", "rsi", "macd"] as const) {
    const indicator = { kind, settings: usualIndicator(kind).settings.map((one) => Math.max(2, Math.min(one, 5))) };
    const list = bars(CLOSES, 2);
    const values = new IndicatorValues(indicator);
    values.reset([]);
    list.forEach((bar, index) => {
      for (const close of [bar.close + 3, bar.close - 1, bar.close]) values.take({ ...bar, close }, index + 1);
    });
    const once = valuesOf(indicator, list);
    list.forEach((_, index) => {
      values.at(index).forEach((value, line) => {
        const expected = once[index]![line]!;
        if (value === null || expected === null) assert.equal(value, expected, `${kind} ${index}`);
        else assert.ok(Math.abs(value - expected) < 1e-9, `${kind} ${index}: ${value} ${expected}`);
      });
    });
  }
});

test("an address has indicators of the right kind and size, and not too many", () => {
  const text = "sma:20,bb:20:2,rsi:14";
  assert.equal(parseIndicators(text).map(indicatorText).join(), text);
  assert.equal(parseIndicators("sma,macd,moon:3,sma:9999,ema:-1,bb:20:0.7").map(indicatorText).join(), "sma:20,macd:12:26:9,sma:400,ema:2,bb:20:0.5");
  assert.equal(parseIndicators("sma:5,sma:5").length, 1);
  assert.equal(parseIndicators(Array.from({ length: 30 }, (_, index) => `sma:${index + 2}`).join()).length, 8);
  assert.deepEqual(parseIndicators(null), []);
  assert.equal(indicatorName(parseIndicators("bb")[0]!), "Bollinger 20 2");
});
