import assert from "node:assert/strict";
import { test } from "node:test";
import type { Coin, Status } from "../api/types";
import { Market } from "./market";

const NOW = Date.parse("2026-01-01T12:00:00Z");

function at(seconds: number): string {
  return new Date(NOW + seconds * 1000).toISOString();
}

function coin(changes: Partial<Coin> = {}): Coin {
  return {
    coin: "bitcoin", name: "Bitcoin", symbol: "BTC", image: null, source: "coingecko", quote: "usd", price: 100, change_24h_pct: 1, market_cap: null, volume_24h: null,
    last_updated: at(-30), event_time: at(-5), age_s: 30, freshness: "live", spark: [98, 99, 100], ...changes,
  };
}

function status(mode: "live" | "replay"): Status {
  const freshness = { live_s: 10, delayed_s: 20 };
  return { version: "1", mode, now: at(0), health: { state: "ready", troubles: [] }, sources: [], tables: {}, watermarks: {}, freshness };
}

function tick(price: number, seconds: number): Parameters<Market["applyTick"]>[0] {
  return { coin: "bitcoin", price, event_time: at(seconds), last_updated: at(seconds), source: "coingecko", quote: "usd", change_24h_pct: null };
}

function marketWith(one: Coin, mode: "live" | "replay" = "live"): Market {
  const market = new Market();
  market.applyCoins({ coins: [one], mode }, NOW);
  return market;
}

test("a tick moves price, direction and the end of the line, and keeps what it does not say", () => {
  const market = marketWith(coin());
  assert.equal(market.applyTick(tick(103, 1), NOW + 1000), true);
  const entry = market.coin("bitcoin")!;
  assert.deepEqual([entry.price, entry.direction, entry.spark, entry.change_24h_pct], [103, 1, [98, 99, 103], 1]);
});

test("a tick older than what is shown changes nothing", () => {
  const market = marketWith(coin());
  market.applyTick(tick(90, -60), NOW);
  assert.equal(market.coin("bitcoin")!.price, 100);
});

test("a list that was on its way while a tick came does not turn time back", () => {
  const market = marketWith(coin());
  market.applyTick(tick(103, 5), NOW + 5000);
  market.applyCoins({ coins: [coin({ market_cap: 7 })], mode: "live" }, NOW + 6000);
  const entry = market.coin("bitcoin")!;
  assert.deepEqual([entry.price, entry.market_cap, entry.receivedMs], [103, 7, NOW + 5000]);
});

test("an unknown coin is reported, so that the list is read again", () => {
  assert.equal(new Market().applyTick(tick(1, 0), NOW), false);
});

test("without last_updated the event time is the price's time", () => {
  const market = marketWith(coin({ last_updated: null }));
  const fresh = market.freshnessOf(market.coin("bitcoin")!, NOW);
  assert.equal(fresh.ageMs, 5000);
});

test("the server's thresholds replace the defaults", () => {
  const market = marketWith(coin());
  const stateOf = (): string => market.freshnessOf(market.coin("bitcoin")!, NOW).state;
  assert.equal(stateOf(), "live");
  assert.equal(market.applyStatus(status("live")), false);
  assert.equal(stateOf(), "stale");
});

test("a change between live and replay is reported", () => {
  const market = marketWith(coin());
  assert.equal(market.applyStatus(status("replay")), true);
  assert.equal(market.mode, "replay");
});

test("replay: reading the same list again is not an update", () => {
  const market = marketWith(coin({ freshness: "replay" }), "replay");
  market.applyStatus(status("replay"));
  market.applyCoins({ coins: [coin({ freshness: "replay" })], mode: "replay" }, NOW + 60_000);
  assert.equal(market.freshnessOf(market.coin("bitcoin")!, NOW + 60_000).state, "stale");
});

test("replay: a page opened after the recording stopped shows stale at once", () => {
  const market = marketWith(coin({ freshness: "stale" }), "replay");
  assert.equal(market.freshnessOf(market.coin("bitcoin")!, NOW).state, "stale");
});

test("replay: a connection that repeats the last tick does not make it fresh", () => {
  const market = marketWith(coin({ freshness: "stale" }), "replay");
  market.applyTick(tick(100, -5), NOW);
  assert.equal(market.coin("bitcoin")!.receivedMs, null);
  market.applyTick(tick(100, -4), NOW);
  assert.equal(market.coin("bitcoin")!.receivedMs, NOW);
});
