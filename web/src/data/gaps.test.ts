import assert from "node:assert/strict";
import { test } from "node:test";
import type { Bar } from "./bars";
import { emptySlots, withEmptySlots } from "./gaps";

const STEP = 60_000;

function bar(openMs: number): Bar {
  return { openMs, closeMs: openMs + STEP, open: 1, high: 1, low: 1, close: 1, avg: 1, volume: null, samples: 1, closed: true, committed: true };
}

test("neighbouring bars have nothing between them", () => {
  assert.deepEqual(emptySlots(0, STEP, STEP), []);
  assert.deepEqual(withEmptySlots([bar(0), bar(STEP)], STEP).gaps, []);
});

test("each missing window gets a slot of its own", () => {
  const { slots, gaps } = withEmptySlots([bar(0), bar(4 * STEP)], STEP);
  assert.deepEqual(slots.map((slot) => (typeof slot === "number" ? slot : "bar")), ["bar", STEP, 2 * STEP, 3 * STEP, "bar"]);
  assert.deepEqual(gaps, [{ afterMs: 0, beforeMs: 4 * STEP }]);
});

test("a gap of days is bounded and stays in order", () => {
  const { slots } = withEmptySlots([bar(0), bar(5000 * STEP)], STEP);
  assert.equal(slots.length, 122);
  const times = slots.map((slot) => (typeof slot === "number" ? slot : slot.openMs));
  assert.deepEqual(times, [...times].sort((a, b) => a - b));
});
