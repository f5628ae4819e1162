import assert from "node:assert/strict";
import { test } from "node:test";
import { fittingInterval, isRange, RANGES, rangeMs } from "./range";

test("each range has an interval that fits on a screen", () => {
  const fitting = Object.fromEntries(RANGES.map((range) => [range, fittingInterval(rangeMs(range))]));
  assert.deepEqual(fitting, { "1H": "1m", "1D": "5m", "7D": "1h", "1M": "4h", "3M": "1d", "1Y": "1d", All: "1d" });
});

test("a lake of eight days is looked at in hours, whatever the range", () => {
  assert.equal(fittingInterval(8 * 86_400_000), "1h");
  assert.equal(fittingInterval(0), "1m");
});

test("only what is on the buttons is a range", () => {
  assert.deepEqual(["7D", "All", "7d", "", null].map(isRange), [true, true, false, false, false]);
});
