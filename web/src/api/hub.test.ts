import assert from "node:assert/strict";
import { test } from "node:test";
import { type FromTab, Hub, streamUrl, type ToTab } from "./hub";
import type { LineHandlers } from "./line";
import { retryDelayMs } from "./line";
import type { Interval, StreamEvent } from "./types";

const ROOT = "http://localhost:8000/prices/";

/** A hub whose connections and timers are moved by hand. */
function setUp() {
  const lines: { url: string; handlers: LineHandlers; open: boolean }[] = [];
  let timers: { act: () => void; ms: number }[] = [];
  const hub = new Hub(
    (url, handlers) => {
      const line = { url: url.replace(ROOT, ""), handlers, open: true };
      lines.push(line);
      return { close: () => (line.open = false) };
    },
    (act, ms) => {
      const timer = { act, ms };
      timers.push(timer);
      return () => (timers = timers.filter((one) => one !== timer));
    },
  );
  const tab = (id: string) => {
    const heard: ToTab[] = [];
    const say = (message: FromTab): void => hub.take(id, message, (answer) => heard.push(answer));
    return {
      say,
      want: (coin: string, interval: Interval) => say({ kind: "want", root: ROOT, coin, interval }),
      rest: () => say({ kind: "rest" }),
      /** What it heard since the last call, in short. */
      heard: () => heard.splice(0).flatMap((message) => words(message)),
    };
  };
  const runTimers = (): void => timers.splice(0).forEach((timer) => timer.act());
  const openUrls = (): string[] => lines.filter((line) => line.open).map((line) => line.url);
  return { hub, lines, tab, runTimers, openUrls };
}

function words(message: ToTab): string[] {
  if (message.kind === "connection") return [message.connected ? "connected" : "lost"];
  if (message.kind !== "events") return [message.kind];
  return message.events.map((event) => (event.type === "heartbeat" ? "heartbeat" : `${event.type} ${"coin" in event.data ? event.data.coin : ""}`));
}

function tick(coin: string): StreamEvent {
  const time = "2026-01-01T12:00:00.000Z";
  return { type: "tick", data: { coin, price: 1, event_time: time, last_updated: time, source: "coingecko", quote: "usd", change_24h_pct: null } };
}

function candle(coin: string, interval: Interval): StreamEvent {
  return { type: "candle", data: { coin, interval, source: "coingecko", quote: "usd", candle: {} as never } };
}

test("many tabs have one connection, with the interval of each", () => {
  const { lines, tab, openUrls } = setUp();
  for (let number = 1; number <= 8; number++) tab(`${number}`).want("bitcoin", "1m");
  assert.deepEqual(openUrls(), ["api/v1/stream?interval=1m"]);
  lines[0]!.handlers.onConnection(true);
  tab("9").want("ethereum", "1d");
  tab("10").want("ethereum", "5m");
  assert.deepEqual(openUrls(), ["api/v1/stream?interval=1m", "api/v1/stream?interval=1m,5m,1d"]);
  lines.at(-1)!.handlers.onConnection(true);
  assert.deepEqual(openUrls(), ["api/v1/stream?interval=1m,5m,1d"]);
});

test("each tab gets the prices of all coins and the candles that it shows", () => {
  const { lines, tab, runTimers } = setUp();
  const first = tab("first");
  const second = tab("second");
  first.want("bitcoin", "1m");
  second.want("ethereum", "1m");
  const { handlers } = lines[0]!;
  handlers.onConnection(true);
  first.heard();
  second.heard();
  [tick("bitcoin"), candle("bitcoin", "1m"), candle("bitcoin", "5m"), candle("ethereum", "1m")].forEach(handlers.onEvent);
  runTimers();
  assert.deepEqual(first.heard(), ["tick bitcoin", "candle bitcoin"]);
  assert.deepEqual(second.heard(), ["tick bitcoin", "candle ethereum"]);
});

test("a new interval opens its connection before the old one ends, and nothing is missed in between", () => {
  const { lines, tab, runTimers, openUrls } = setUp();
  const first = tab("first");
  const second = tab("second");
  first.want("bitcoin", "1m");
  lines[0]!.handlers.onConnection(true);
  first.heard();
  second.want("bitcoin", "5m");
  lines[0]!.handlers.onEvent(candle("bitcoin", "1m"));
  runTimers();
  assert.deepEqual(first.heard(), ["candle bitcoin"]);
  assert.deepEqual(second.heard(), []);
  lines[1]!.handlers.onConnection(true);
  assert.deepEqual(openUrls(), ["api/v1/stream?interval=1m,5m"]);
  assert.deepEqual(first.heard(), []);
  assert.deepEqual(second.heard(), ["connected"]);
  lines[0]!.handlers.onEvent(candle("bitcoin", "1m")); // of a connection that has ended
  runTimers();
  assert.deepEqual(first.heard(), []);
});

test("a tab that comes later hears at once where the others stand", () => {
  const { lines, tab, runTimers } = setUp();
  const first = tab("first");
  first.want("bitcoin", "1m");
  lines[0]!.handlers.onConnection(true);
  lines[0]!.handlers.onEvent(tick("bitcoin"));
  runTimers();
  const second = tab("second");
  second.want("bitcoin", "1m");
  assert.deepEqual(second.heard(), ["connected", "tick bitcoin"]);
  lines[0]!.handlers.onConnection(false);
  assert.deepEqual(second.heard(), ["lost"]);
  const third = tab("third");
  third.want("bitcoin", "1m");
  assert.deepEqual(third.heard(), ["lost"]);
  lines[0]!.handlers.onConnection(true);
  assert.deepEqual(third.heard(), ["connected"]); // and no price of before: it may be of another lake
});

test("a connection that is refused makes place and says so", () => {
  const { lines, tab, openUrls } = setUp();
  const first = tab("first");
  first.want("bitcoin", "1m");
  lines[0]!.handlers.onConnection(true);
  first.want("bitcoin", "5m");
  first.heard();
  lines[1]!.handlers.onConnection(false);
  assert.deepEqual(openUrls(), ["api/v1/stream?interval=5m"]);
  assert.deepEqual(first.heard(), ["lost"]);
  lines[1]!.handlers.onConnection(true);
  assert.deepEqual(first.heard(), ["connected"]);
});

test("where every tab is hidden there is no connection, after a moment", () => {
  const { tab, lines, runTimers, openUrls } = setUp();
  const first = tab("first");
  const second = tab("second");
  first.want("bitcoin", "1m");
  second.want("bitcoin", "1m");
  lines[0]!.handlers.onConnection(true);
  first.rest();
  runTimers();
  assert.equal(openUrls().length, 1);
  second.rest();
  assert.equal(openUrls().length, 1);
  first.want("bitcoin", "1m"); // one goes as the other comes
  runTimers();
  assert.equal(openUrls().length, 1);
  first.rest();
  runTimers();
  assert.deepEqual(openUrls(), []);
  second.heard();
  second.want("bitcoin", "1m");
  lines.at(-1)!.handlers.onConnection(true);
  assert.deepEqual(second.heard(), ["connected"]);
});

test("a hidden tab is sent nothing", () => {
  const { tab, lines, runTimers } = setUp();
  const first = tab("first");
  const second = tab("second");
  first.want("bitcoin", "1m");
  second.want("bitcoin", "1m");
  lines[0]!.handlers.onConnection(true);
  second.rest();
  second.heard();
  lines[0]!.handlers.onEvent(tick("bitcoin"));
  runTimers();
  assert.deepEqual(second.heard(), []);
});

test("a tab that crashed is forgotten, one that pings is not", () => {
  const { hub, tab, runTimers, openUrls } = setUp();
  const first = tab("first");
  const second = tab("second");
  first.want("bitcoin", "1m");
  second.want("bitcoin", "5m");
  for (let sweep = 0; sweep < 10; sweep++) {
    first.say({ kind: "ping" });
    hub.sweep();
  }
  assert.deepEqual(first.heard().at(-1), "pong");
  assert.deepEqual(openUrls(), ["api/v1/stream?interval=1m"]);
  for (let sweep = 0; sweep < 10; sweep++) hub.sweep();
  runTimers();
  assert.deepEqual(openUrls(), []);
});

test("the address of the stream names each interval once, in order", () => {
  assert.equal(streamUrl("/", new Set<Interval>(["1d", "1m", "4h"])), "/api/v1/stream?interval=1m,4h,1d");
});

test("tries follow each other ever more slowly, at least each 20 s", () => {
  assert.deepEqual([0, 1, 2, 3, 10].map(retryDelayMs), [1_000, 2_000, 4_000, 8_000, 20_000]);
});
