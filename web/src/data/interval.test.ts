import assert from "node:assert/strict";
import { test } from "node:test";
import { timeToClose } from "./countdown";
import { isDense, isInterval, presentWindows, windowStart } from "./interval";

const MINUTE = 60_000;
const NOON = Date.parse("2026-01-01T12:00:00Z");

function every(minutes: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => NOON + index * minutes * MINUTE);
}

test("a minute-by-minute series is dense at 1m", () => {
  assert.equal(isDense(every(1, 60), "1m"), true);
});

test("a price each five minutes has too little at 1m and enough at 5m", () => {
  const opens = every(5, 288);
  assert.equal(isDense(opens, "1m"), false);
  assert.equal(isDense(opens, "5m"), true);
});

test("a backfill with a few live minutes after it still opens on 5m", () => {
  const backfill = every(5, 200);
  const live = every(1, 15).map((time) => time + 200 * 5 * MINUTE);
  assert.equal(isDense([...backfill, ...live], "1m"), false);
});

test("nothing is dense without candles", () => {
  assert.equal(isDense([], "1m"), false);
  assert.equal(presentWindows([], "1m", 60), 0);
});

test("windows are aligned to the epoch", () => {
  assert.equal(windowStart(NOON + 7 * MINUTE + 30_000, "5m"), NOON + 5 * MINUTE);
  assert.equal(windowStart(NOON + 1, "1d"), Date.parse("2026-01-01T00:00:00Z"));
});

test("only the six intervals of the API are intervals", () => {
  assert.equal(isInterval("4h"), true);
  assert.equal(isInterval("2m"), false);
  assert.equal(isInterval(null), false);
});

test("live candles count down by the clock, replayed ones by their own events", () => {
  const nowMs = NOON + 12_000;
  assert.equal(timeToClose({ mode: "live", interval: "1m", nowMs, eventMs: null }), 48_000);
  const eventMs = Date.parse("2024-03-05T10:59:30Z");
  assert.equal(timeToClose({ mode: "replay", interval: "1h", nowMs, eventMs }), 30_000);
  assert.equal(timeToClose({ mode: "replay", interval: "1h", nowMs, eventMs: null }), null);
});
