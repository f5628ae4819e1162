import assert from "node:assert/strict";
import { test } from "node:test";
import type { Bar } from "./bars";
import { cadences, emptySlots, withEmptySlots } from "./gaps";

const STEP = 60_000;

function bar(openMs: number, samples = 4, source = "coingecko"): Bar {
  const price = { open: 1, high: 1, low: 1, close: 1, avg: 1, volume: null, vwap: null };
  return { openMs, closeMs: openMs + STEP, ...price, samples, source, closed: true, committed: true };
}

/** Bars `every` windows apart. */
function bars(count: number, every: number, samples: number, source = "coingecko", fromMs = 0): Bar[] {
  return Array.from({ length: count }, (_, index) => bar(fromMs + index * every * STEP, samples, source));
}

test("neighbouring bars have nothing between them", () => {
  assert.deepEqual(emptySlots(0, STEP, STEP), []);
  assert.deepEqual(withEmptySlots(bars(2, 1, 4), STEP).gaps, []);
});

test("each missing window gets a slot of its own", () => {
  const { slots, gaps } = withEmptySlots([...bars(3, 1, 4), bar(6 * STEP)], STEP);
  const shape = slots.map((slot) => (typeof slot === "number" ? slot / STEP : "bar"));
  assert.deepEqual(shape, ["bar", "bar", "bar", 3, 4, 5, "bar"]);
  assert.deepEqual(gaps, [{ afterMs: 2 * STEP, beforeMs: 6 * STEP }]);
});

test("a source's own pace is no gap", () => {
  const { slots, gaps } = withEmptySlots(bars(50, 5, 1, "coingecko_chart"), STEP);
  assert.equal(slots.length, 49 * 5 + 1);
  assert.deepEqual(gaps, []);
});

test("a price that a slow source left out is a gap", () => {
  const slow = bars(50, 5, 1, "coingecko_chart");
  slow.splice(20, 1);
  assert.deepEqual(withEmptySlots(slow, STEP).gaps, [{ afterMs: 95 * STEP, beforeMs: 105 * STEP }]);
});

test("one poll a minute that slips over a border is no gap, two silent minutes are", () => {
  const polled = bars(40, 1, 1).filter((_, index) => index !== 10 && index !== 20 && index !== 21);
  assert.deepEqual(withEmptySlots(polled, STEP).gaps, [{ afterMs: 19 * STEP, beforeMs: 22 * STEP }]);
});

test("several prices a minute make one silent minute a gap", () => {
  const dense = bars(40, 1, 4).filter((_, index) => index !== 10);
  assert.deepEqual(withEmptySlots(dense, STEP).gaps, [{ afterMs: 9 * STEP, beforeMs: 11 * STEP }]);
});

test("a fast source after a slow one does not make the slow one's pace a gap", () => {
  const history = bars(30, 5, 1, "coingecko_chart");
  const live = bars(200, 1, 4, "coingecko", 149 * STEP);
  assert.deepEqual(withEmptySlots([...history, ...live], STEP).gaps, []);
  assert.deepEqual([...cadences([...history, ...live])], [["coingecko_chart", 5 * STEP], ["coingecko", STEP / 4]]);
});

test("a history that ends two steps before the live prices is no gap, three are", () => {
  const history = bars(30, 5, 1, "coingecko_chart");
  const liveFrom = (minute: number): Bar[] => [...history, ...bars(20, 1, 4, "coingecko", minute * STEP)];
  assert.deepEqual(withEmptySlots(liveFrom(145 + 10), STEP).gaps, []);
  assert.equal(withEmptySlots(liveFrom(145 + 16), STEP).gaps.length, 1);
});

test("a gap of days is bounded and stays in order", () => {
  const { slots } = withEmptySlots([bar(0), bar(5000 * STEP)], STEP);
  assert.equal(slots.length, 122);
  const times = slots.map((slot) => (typeof slot === "number" ? slot : slot.openMs));
  assert.deepEqual(times, [...times].sort((a, b) => a - b));
});

test("ten thousand prices far apart do not make a million slots", () => {
  const { slots } = withEmptySlots(bars(10_000, 1440, 1), STEP);
  assert.ok(slots.length <= 20_000, `${slots.length} slots`);
  assert.equal(slots.filter((slot) => typeof slot !== "number").length, 10_000);
});
