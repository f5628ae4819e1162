// Speaks the engine's /api/v1 with made-up prices, and serves dist/, so that the
// page can be developed and its odd states looked at without the engine. For
// development and for the tests of those states only; never shipped.
//   node dev/mock_server.mjs --port 8100 --mode live|replay --scenario normal|waiting|limited|disorder
//     --step 1|5 (minutes between old candles) --minutes 1500 (how many of them) --coins 10 (more are made up) --live-s 120 --delayed-s 600 --stop-after SECONDS --dist DIR
// Scenarios: waiting (no coin yet, the source says why), limited (slowed down), disorder (each candle is followed by an
// older one), normal.
import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { applyPrice, makeCoins, makeMinutes, rollUp, spark } from "./mock_market.mjs";

const WEB = join(dirname(fileURLToPath(import.meta.url)), "..");
const options = {
  port: "8100", mode: "live", scenario: "normal", step: "1", "live-s": "120", "delayed-s": "600", "stop-after": "0",
  minutes: "1500", coins: "10",
  dist: join(WEB, "dist"),
};
for (let index = 2; index < process.argv.length; index += 2) {
  options[process.argv[index].replace(/^--/, "")] = process.argv[index + 1];
}

const LENGTH_MS = { "1m": 60e3, "5m": 300e3, "15m": 900e3, "1h": 3600e3, "4h": 14_400e3, "1d": 86_400e3 };
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const CSP = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:";

const replay = options.mode === "replay";
const startedMs = Date.now();
const replayStartMs = Date.parse("2024-03-05T23:40:00Z");
const dataNow = () => (replay ? replayStartMs + (Date.now() - startedMs) : Date.now());
const iso = (ms) => new Date(ms).toISOString();
const hasCoins = options.scenario !== "waiting";
const markets = makeCoins(Number(options.coins)).map(([coin, symbol, start, marketCap, volume, name], index) => {
  const trades = replay && index < 2;
  const minutes = hasCoins ? makeMinutes(index, start, dataNow() - 60e3, Number(options.minutes), Number(options.step), trades) : [];
  return { coin, name, symbol, marketCap, volume, trades, minutes, updatedMs: dataNow() - 20e3 };
});
const series = (market) => (market.trades ? { source: "binance_spot", quote: "usdt" } : { source: "coingecko", quote: "usd" });

function coinsAnswer() {
  const coins = hasCoins ? markets.map(coinAnswer) : [];
  return { coins, mode: options.mode };
}

function coinAnswer(market) {
  const closes = market.minutes.map((bar) => bar.close);
  const price = closes.at(-1);
  const dayAgo = closes[Math.max(0, closes.length - 1440)];
  return {
    coin: market.coin, name: replay ? null : market.name, symbol: replay ? `${market.symbol.toUpperCase()}USDT` : market.symbol,
    image: replay ? null : `https://images.example/${market.coin}.png`, ...series(market), price,
    change_24h_pct: replay ? null : (price / dayAgo - 1) * 100,
    market_cap: replay ? null : market.marketCap, volume_24h: replay ? null : market.volume,
    last_updated: replay ? null : iso(market.updatedMs), event_time: iso(market.updatedMs),
    age_s: (dataNow() - market.updatedMs) / 1000, freshness: replay ? "replay" : "live",
    spark: spark(market.minutes, market.updatedMs),
  };
}

function sourceStatus() {
  if (options.scenario === "waiting") {
    return { source: "coingecko", state: "waiting", message: "rate limited (429): waiting as the provider asked",
      last_success: null, next_attempt: iso(Date.now() + 95e3) };
  }
  if (options.scenario === "limited") {
    return { source: "coingecko", state: "limited", message: "the provider slowed us down (429); polling every 60 s",
      last_success: iso(Date.now() - 40e3), next_attempt: iso(Date.now() + 50e3) };
  }
  return { source: "coingecko", state: replay ? "unreachable" : "ok", last_success: replay ? null : iso(Date.now()),
    message: replay ? "cannot be reached; a recording is played until it answers" : "", next_attempt: null };
}

function health() {
  const { source, state, message } = sourceStatus();
  const troubles = ["waiting", "limited", "unreachable"].includes(state) ? [`${source}: ${message}`] : [];
  return { state: troubles.length > 0 ? "degraded" : "ready", troubles };
}

function table(version, rows) {
  return { version, rows, files: 3, bytes: rows * 40 };
}

function status() {
  return {
    version: "0.0.0-mock", mode: options.mode, now: iso(Date.now()), health: health(), sources: [sourceStatus()],
    tables: {
      bronze: table(412, 61_204), silver: table(410, 61_190),
      gold_sources: table(389, 14_880), gold_sources_1h: table(24, 240), gold_sources_1d: table(1, 10),
      gold: table(389, 14_880), gold_1h: table(24, 240), gold_1d: table(1, 10),
    },
    watermarks: { coingecko: iso(dataNow() - 30e3) },
    freshness: { live_s: Number(options["live-s"]), delayed_s: Number(options["delayed-s"]) },
  };
}

function candles(query) {
  const market = markets.find((one) => one.coin === query.get("coin"));
  const interval = query.get("interval");
  if (!market || !LENGTH_MS[interval]) return undefined;
  const before = query.get("to") ? Date.parse(query.get("to")) : Infinity;
  const since = query.get("from") ? Date.parse(query.get("from")) : -Infinity;
  const opens = (one) => Date.parse(one.open_time);
  const all = rollUp(market.minutes, LENGTH_MS[interval], series(market)).filter((one) => opens(one) >= since && opens(one) < before);
  const limit = Number(query.get("limit") ?? 500);
  return { coin: market.coin, interval, ...series(market), as_of_version: 389, candles: since > -Infinity ? all.slice(0, limit) : all.slice(-limit) };
}

const clients = new Set();
function send(client, event, data) {
  client.response.write(`event: ${event}\nid: ${Date.now()}\ndata: ${JSON.stringify(data)}\n\n`);
}

function tickOnce() {
  const stopAfter = Number(options["stop-after"]);
  if (!hasCoins || (stopAfter > 0 && Date.now() - startedMs > stopAfter * 1000)) return;
  for (const market of markets) {
    if (Math.random() > 0.55) continue;
    const price = market.minutes.at(-1).close * (1 + (Math.random() - 0.5) * 0.0009);
    market.updatedMs = dataNow();
    applyPrice(market.minutes, price, market.updatedMs, market.trades);
    for (const client of clients) sendPrice(client, market);
  }
}

function sendPrice(client, market) {
  const { coin, price, event_time, last_updated, change_24h_pct } = coinAnswer(market);
  send(client, "tick", { coin, price, event_time, last_updated, ...series(market), change_24h_pct });
  const shown = options.scenario === "disorder" ? [-1, -3] : [-1];
  for (const interval of client.intervals) {
    const newest = rollUp(market.minutes, LENGTH_MS[interval], series(market));
    for (const index of shown) send(client, "candle", { coin, interval, ...series(market), candle: newest.at(index) });
  }
}

function stream(request, response, query) {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  const client = { response, intervals: (query.get("interval") ?? "1m").split(",") };
  clients.add(client);
  send(client, "status", status());
  request.on("close", () => clients.delete(client));
}

function json(response, body) {
  const code = body ? 200 : 404;
  response.writeHead(code, { "content-type": body ? "application/json" : "application/problem+json" });
  response.end(JSON.stringify(body ?? { type: "about:blank", title: "Not Found", status: 404, detail: "unknown coin or interval" }));
}

function file(response, path) {
  const name = normalize(path === "/" ? "/index.html" : path);
  const full = join(options.dist, name);
  if (!existsSync(full)) return response.writeHead(404).end();
  response.writeHead(200, { "content-type": TYPES[extname(full)] ?? "text/plain", "content-security-policy": CSP });
  return createReadStream(full).pipe(response);
}

createServer((request, response) => {
  const url = new URL(request.url, "http://localhost");
  if (url.pathname === "/api/v1/coins") return json(response, coinsAnswer());
  if (url.pathname === "/api/v1/status") return json(response, status());
  if (url.pathname === "/api/v1/candles") return json(response, candles(url.searchParams));
  if (url.pathname === "/api/v1/stream") return stream(request, response, url.searchParams);
  return file(response, url.pathname);
}).listen(Number(options.port), "127.0.0.1", function () {
  console.log(`mock server on http://127.0.0.1:${this.address().port}`);
});

setInterval(tickOnce, 500);
setInterval(() => clients.forEach((client) => send(client, "heartbeat", { now: iso(Date.now()) })), 15_000);
