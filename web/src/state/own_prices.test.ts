import assert from "node:assert/strict";
import { test } from "node:test";
import type { Bar } from "../data/bars";
import type { CoinEntry } from "./market";
import { type FetchBars, OwnPrices } from "./own_prices";

const NOW = Date.parse("2026-01-10T12:00:00Z");
const HOUR = 3_600_000;

function entry(coin: string, price = 110): CoinEntry {
  return { coin, quote: "usd", price, event_time: new Date(NOW).toISOString() } as CoinEntry;
}

function bars(fromMs: number, stepMs: number, count: number, close: number): Bar[] {
  return Array.from({ length: count }, (_, index) => {
    const openMs = fromMs + index * stepMs;
    return { openMs, closeMs: openMs + stepMs, close } as Bar;
  });
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/** A server that answers when told to, and counts. */
function server(): { fetch: FetchBars; asked: string[]; most: () => number } {
  const asked: string[] = [];
  let running = 0;
  let most = 0;
  const fetch: FetchBars = async ({ coin, interval }) => {
    asked.push(`${coin} ${interval}`);
    most = Math.max(most, ++running);
    await settle();
    running--;
    if (coin === "broken") throw new Error("no");
    return interval === "5m" ? bars(NOW - 36 * 300_000, 300_000, 36, 100) : bars(NOW - 174 * HOUR, HOUR, 174, 50);
  };
  return { fetch, asked, most: () => most };
}

async function until(done: () => boolean): Promise<void> {
  for (let turn = 0; turn < 500 && !done(); turn++) await settle();
  assert.ok(done());
}

test("the changes and the line of a week come from the candles", async () => {
  const { fetch } = server();
  const own = new OwnPrices(() => undefined, () => 0, fetch);
  own.want([entry("a")]);
  await until(() => own.settled);
  assert.deepEqual(own.hourAgo(entry("a")), { price: 100, timeMs: NOW - HOUR });
  assert.equal(own.weekAgo(entry("a"))?.price, 50);
  const week = own.week(entry("a"));
  assert.deepEqual([week.length, week.at(-1), week.at(-2), week[0]], [169, 110, 50, 50]);
  assert.deepEqual(own.week(entry("b")), []);
});

test("five hundred coins are asked for two at a time, the seen ones first, and once", async () => {
  const { fetch, asked, most } = server();
  const own = new OwnPrices(() => undefined, () => 0, fetch);
  const coins = Array.from({ length: 50 }, (_, index) => entry(`c${index}`));
  own.want(coins);
  own.want([coins[40]!, ...coins.slice(0, 40)]);
  await until(() => own.settled);
  assert.ok(most() <= 2, `${most()}`);
  assert.equal(asked.filter((one) => one === "c40 5m").length, 1);
  assert.ok(asked.indexOf("c40 5m") < asked.indexOf("c5 5m"));
  assert.ok(!asked.includes("c45 5m"), "nobody looks at it any more");
  own.want(coins.slice(0, 41));
  assert.equal(own.settled, true);
});

test("a coin is asked for again after a while, a failed one sooner, and one in another currency at once", async () => {
  const { fetch, asked } = server();
  let now = 0;
  const own = new OwnPrices(() => undefined, () => now, fetch);
  const both = [entry("a"), entry("broken")];
  const count = (coin: string): number => asked.filter((one) => one === `${coin} 5m`).length;
  const look = async (entries: CoinEntry[]): Promise<void> => {
    own.want(entries);
    await until(() => own.settled);
  };
  await look(both);
  now += 61_000;
  await look(both);
  assert.deepEqual([count("a"), count("broken")], [1, 2]);
  await look([{ ...entry("a"), quote: "eur" }]);
  assert.equal(count("a"), 2);
  now += 31 * 60_000;
  await look([{ ...entry("a"), quote: "eur" }]);
  assert.equal(count("a"), 3);
});
