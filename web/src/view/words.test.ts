import assert from "node:assert/strict";
import { test } from "node:test";
import type { SourceStatus } from "../api/types";
import type { Bar } from "../data/bars";
import { ageText } from "./headline";
import { barState } from "./legend";
import { noticeLines } from "./notice";
import { sparkPath, sparkTrend } from "./sparkline";

const NOW = Date.parse("2026-01-01T12:00:00Z");

function source(changes: Partial<SourceStatus>): SourceStatus {
  return { source: "coingecko", state: "ok", message: "", last_success: null, next_attempt: null, ...changes };
}

function lines(mode: "live" | "replay", sources: SourceStatus[], serverMessage: string | null = null): string[] {
  return noticeLines({ mode, sources, nowMs: NOW, serverMessage }).map((line) => `${line.title}: ${line.text}`);
}

test("a healthy live source needs no words", () => {
  assert.deepEqual(lines("live", [source({})]), []);
});

test("a waiting source says why and until when", () => {
  const waiting = source({ state: "limited", message: "rate limited (429)", next_attempt: "2026-01-01T12:01:30Z" });
  assert.deepEqual(lines("live", [waiting]), ["CoinGecko: rate limited (429) · next try in 1:30"]);
});

test("what has ended is news in a replay only", () => {
  const done = source({ source: "recording", state: "done", message: "replay ended" });
  assert.deepEqual(lines("live", [done]), []);
  assert.equal(lines("replay", [done])[1], "Recording: replay ended");
});

test("a recording is described in its source's own words", () => {
  const bars = source({ source: "binance_usdm", state: "replaying", message: "one-minute bars of seven coins" });
  assert.equal(lines("replay", [bars])[0], "Replay: A recording is shown: one-minute bars of seven coins. These are not current prices.");
  const file = source({ source: "x", state: "replaying", message: "replay of x.jsonl" });
  assert.equal(lines("replay", [file])[0], "Replay: A recording is shown. These are not current prices.");
});

test("a replay is always named, before anything else", () => {
  const [first, second] = lines("replay", [source({ state: "unreachable", message: "cannot be reached" })]);
  assert.match(first!, /^Replay: .*not current prices/);
  assert.equal(second, "CoinGecko: cannot be reached");
});

test("a silent server is the only news", () => {
  assert.deepEqual(lines("replay", [], "the server cannot be reached"), [
    "Cannot load: the server cannot be reached; trying again",
  ]);
});

test("the badge's words tell the age, and in a replay never an age of the prices", () => {
  assert.equal(ageText({ state: "delayed", ageMs: 180_000 }, "live"), "price is 3 min old");
  assert.equal(ageText({ state: "replay", ageMs: 1_000 }, "replay"), "recorded data");
  assert.equal(ageText({ state: "stale", ageMs: 660_000 }, "replay"), "nothing for 11 min");
  assert.equal(ageText({ state: "stale", ageMs: null }, "live"), "no price yet");
});

test("a candle whose rows are not durable yet says so", () => {
  const bar = { closed: true, committed: true } as Bar;
  assert.equal(barState(bar), "closed");
  assert.equal(barState({ ...bar, closed: false }), "running");
  assert.equal(barState({ ...bar, closed: false, committed: false }), "running, not yet stored");
});

test("a sparkline needs two points and draws a flat one in the middle", () => {
  assert.equal(sparkPath([null, 1]), "");
  assert.equal(sparkPath(Array(61).fill(5)).slice(0, 18), "M0.0,15.0L1.3,15.0");
  assert.ok(sparkPath(Array(61).fill(5)).endsWith("L76.0,15.0"));
});

test("a sparkline without a change beside it has the colour of its own", () => {
  assert.deepEqual([[1, 2], [2, 1], [null, 1, null, 3, 1], [], [null]].map(sparkTrend), ["up", "down", "flat", "flat", "flat"]);
});

test("a sparkline of a part of the day stands at its right end", () => {
  assert.equal(sparkPath([...Array<null>(59).fill(null), 1, 2]), "M74.7,27.0L76.0,3.0");
  assert.equal(sparkPath([1, ...Array<null>(59).fill(null), 2]), "M0.0,27.0L76.0,3.0"); // a price a day
});
