import assert from "node:assert/strict";
import { test } from "node:test";
import { coinName, formatAge, formatCompact, formatCountdown, formatPercent, formatPrice, sourceName } from "./format";

test("prices keep five significant digits and at least two decimals", () => {
  assert.equal(formatPrice(97000.1), "97,000.10");
  assert.equal(formatPrice(187.4), "187.40");
  assert.equal(formatPrice(17.53), "17.530");
  assert.equal(formatPrice(0.08123), "0.081230");
  assert.equal(formatPrice(8.8782e-8), "0.000000088782");
  assert.equal(formatPrice(0), "0.00");
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

test("ids read as names", () => {
  assert.equal(coinName("avalanche-2"), "Avalanche");
  assert.equal(coinName("shiba-inu"), "Shiba Inu");
  assert.equal(sourceName("binance_spot"), "Binance spot");
  assert.equal(sourceName("somewhere"), "somewhere");
});
