import assert from "node:assert/strict";
import { test } from "node:test";
import { freshness, type FreshnessInput } from "./freshness";

const NOW = Date.parse("2026-01-01T12:00:00Z");
const thresholds = { live_s: 120, delayed_s: 600 };

function stateOf(changes: Partial<FreshnessInput>): string {
  const input: FreshnessInput = { mode: "live", nowMs: NOW, priceTimeMs: NOW, receivedMs: NOW, thresholds };
  return freshness({ ...input, ...changes }).state;
}

test("live: the age of the price decides, at the server's thresholds", () => {
  assert.equal(stateOf({ priceTimeMs: NOW - 120_000 }), "live");
  assert.equal(stateOf({ priceTimeMs: NOW - 120_001 }), "delayed");
  assert.equal(stateOf({ priceTimeMs: NOW - 600_000 }), "delayed");
  assert.equal(stateOf({ priceTimeMs: NOW - 600_001 }), "stale");
});

test("live: an old price just fetched is not live", () => {
  assert.equal(stateOf({ priceTimeMs: NOW - 3_600_000, receivedMs: NOW }), "stale");
});

test("the same data grows stale by the passing of time alone", () => {
  const price = { priceTimeMs: NOW };
  const states = [0, 121, 601].map((seconds) => stateOf({ ...price, nowMs: NOW + seconds * 1000 }));
  assert.deepEqual(states, ["live", "delayed", "stale"]);
});

test("replay: recorded times do not matter, silence does", () => {
  const replay = { mode: "replay", priceTimeMs: Date.parse("2021-03-05T00:00:00Z") } as const;
  assert.equal(stateOf({ ...replay, receivedMs: NOW - 120_000 }), "replay");
  assert.equal(stateOf({ ...replay, receivedMs: NOW - 120_001 }), "stale");
  assert.equal(stateOf({ ...replay, receivedMs: null }), "stale");
});

test("no price at all is stale, with no age to show", () => {
  assert.deepEqual(freshness({ mode: "live", nowMs: NOW, priceTimeMs: null, receivedMs: null, thresholds }), {
    state: "stale",
    ageMs: null,
  });
});

test("a price stamped a little ahead of the clock has age zero", () => {
  const fresh = freshness({ mode: "live", nowMs: NOW, priceTimeMs: NOW + 1_500, receivedMs: NOW, thresholds });
  assert.deepEqual(fresh, { state: "live", ageMs: 0 });
});
