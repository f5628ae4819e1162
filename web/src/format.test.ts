import assert from "node:assert/strict";
import { test } from "node:test";
import {
  formatAge,
  formatCompact,
  formatCountdown,
  formatPercent,
  formatPercentTicks,
  formatPrice,
  formatTicks,
  plainPrice,
  sharedDecimals,
  sourceName,
  withCurrency,
} from "./format";

test("prices keep five significant digits, and no zeros at their end", () => {
  const shown = [97000.1, 187.4, 17.53, 0.08123, 60_000, 0.999999, 1e-3, 0].map((price) => formatPrice(price));
  assert.deepEqual(shown, ["97,000.1", "187.4", "17.53", "0.08123", "60,000", "1", "0.001", "0"]);
  assert.equal(formatPrice(66_040.123456), "66,040.12");
});

test("tiny prices count their zeros, so that the digits can be seen", () => {
  const shown = [8.8e-6, 8.8782e-8, 3.1e-10, 3.1e-13, -3.1e-13].map((price) => formatPrice(price));
  assert.deepEqual(shown, ["0.0000088", "0.0₇88782", "0.0₉31", "0.0₁₂31", "-0.0₁₂31"]);
});

test("huge prices are told in billions and above", () => {
  const shown = [999_999_999, 1.5e9, 9.1e13, 9.101e13, 2e15, 1.5e22].map((price) => formatPrice(price));
  assert.deepEqual(shown, ["999,999,999", "1.5B", "91T", "91.01T", "2Q", "1.50000e+22"]);
});

test("an axis has as many digits as it takes to tell its prices apart", () => {
  assert.deepEqual(formatTicks([9.1e13, 9.1000001e13, 9.1000002e13], 0), ["91T", "91.000001T", "91.000002T"]);
  assert.deepEqual(formatTicks([9e13, 9.05e13, 9.1e13], 0), ["90T", "90.5T", "91T"]);
  assert.deepEqual(formatTicks([60_000, 60_000.5, 60_001], 0), ["60,000.0", "60,000.5", "60,001.0"]);
  assert.deepEqual(formatTicks([60_000, 61_000], 2), ["60,000.00", "61,000.00"]);
  assert.deepEqual(formatTicks([], 2), []);
  assert.deepEqual(formatPercentTicks([-10, 0, 10]), ["−10%", "0%", "+10%"]);
  assert.deepEqual(formatPercentTicks([-0.05, 0, 0.05]), ["−0.05%", "0.00%", "+0.05%"]);
});

test("an amount has the currency of its row", () => {
  const shown = ["usd", "eur", "usdt", ""].map((quote) => withCurrency("60,000", quote));
  assert.deepEqual(shown, ["$60,000", "€60,000", "60,000 USDT", "60,000"]);
  assert.equal(withCurrency("—", "usd"), "—");
});

test("a column of prices has as many decimals as its longest", () => {
  assert.equal(sharedDecimals([60_000, 60_100, 60_050]), 0);
  assert.equal(sharedDecimals([187.4, 187.45, 187]), 2);
  assert.equal(sharedDecimals([0.61, 0.612345678]), 5);
  assert.equal(sharedDecimals([]), 0);
  assert.equal(formatPrice(187, 2), "187.00");
  assert.equal(formatPrice(3.1e-13, sharedDecimals([3.1e-13, 3.15e-13])), "0.0₁₂310");
  assert.equal(formatPrice(0, 15), "0.000000000000000");
});

test("the tooltip of a price has all its digits", () => {
  assert.deepEqual([9.101e13, 66_040.123456, 3.1e-13].map(plainPrice), ["91,010,000,000,000", "66,040.123456", "3.1e-13"]);
});

test("what the source did not say is a dash, not a zero", () => {
  assert.equal(formatPrice(null), "—");
  assert.equal(formatPercent(null), "—");
  assert.equal(formatCompact(null), "—");
});

test("a change has a sign unless it rounds to nothing", () => {
  assert.equal(formatPercent(1.234), "+1.23%");
  assert.equal(formatPercent(-0.5), "−0.50%");
  assert.equal(formatPercent(-0.001), "0.00%");
});

test("large amounts are short", () => {
  assert.equal(formatCompact(1.92e12), "1.92T");
  assert.equal(formatCompact(38_000_000_000), "38.00B");
  assert.equal(formatCompact(7120), "7,120");
  assert.equal(formatCompact(2.8), "2.8");
});

test("an age is told in its largest unit, never rounded up", () => {
  assert.deepEqual([0, 59_999, 60_000, 3_599_999, 3_600_000, 49 * 3_600_000].map(formatAge), [
    "0 s",
    "59 s",
    "1 min",
    "59 min",
    "1 h",
    "2 d",
  ]);
});

test("countdowns", () => {
  assert.deepEqual([42_000, 843_000, 14_350_000, -5].map(formatCountdown), ["0:42", "14:03", "3:59:10", "0:00"]);
});

test("sources read as people know them", () => {
  assert.equal(sourceName("binance_spot"), "Binance spot");
  assert.equal(sourceName("somewhere"), "somewhere");
});
