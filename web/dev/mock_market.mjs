// Made-up prices for developing the page without the engine; never shipped. A
// seeded walk, so that two runs show the same chart.
const MINUTE_MS = 60_000;

/** Id, symbol, a price to start from, market cap, volume of a day, name. */
export const COINS = [
  ["bitcoin", "btc", 97_000, 1.92e12, 3.8e10, "Bitcoin"],
  ["ethereum", "eth", 3_410, 4.1e11, 2.1e10, "Ethereum"],
  ["solana", "sol", 187.4, 8.9e10, 4.4e9, "Solana"],
  ["ripple", "xrp", 2.31, 1.3e11, 5.1e9, "XRP"],
  ["cardano", "ada", 0.8812, 3.1e10, 9.2e8, "Cardano"],
  ["dogecoin", "doge", 0.3204, 4.7e10, 2.6e9, "Dogecoin"],
  ["chainlink", "link", 17.53, 1.1e10, 7.0e8, "Chainlink"],
  ["polkadot", "dot", 6.87, 1.0e10, 3.1e8, "Polkadot"],
  ["tron", "trx", 0.2441, 2.1e10, 8.8e8, "TRON"],
  ["avalanche-2", "avax", 36.12, 1.4e10, 5.0e8, "Avalanche"],
];

/** Names as they are found, and worse: each is some coin's among very many. */
const ODD_NAMES = ["<b>bold</b>", "", "a name that goes on and on and will not end before the column does", "עברית", "🚀🌕", "O'Brien & Söhne"];

/** The coins above, then as many made-up ones as it takes: of all sizes, some without a market cap. */
export function makeCoins(count) {
  const made = Array.from({ length: Math.max(0, count - COINS.length) }, (_, index) => {
    const price = 10 ** ((index % 19) - 9) * (1 + (index % 7));
    const cap = index % 5 === 4 ? null : 9e9 / (index + 1);
    return [`coin-${index}`, `c${index}`, price, cap, cap && cap / 20, ODD_NAMES[index] ?? `Coin ${index}`];
  });
  return [...COINS, ...made].slice(0, count);
}

function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One coin's minutes up to `endMs`; `stepMinutes` 5 looks like a fresh backfill: a price each five minutes. */
export function makeMinutes(seed, startPrice, endMs, count, stepMinutes, trades) {
  const next = random(seed + 1);
  let price = startPrice * 0.97;
  const last = Math.floor(endMs / MINUTE_MS) * MINUTE_MS;
  const minutes = [];
  for (let index = count - 1; index >= 0; index--) {
    const open = price;
    price *= 1 + (next() - 0.492) * 0.0022;
    const wick = price * 0.0007;
    const high = Math.max(open, price) + next() * wick;
    const low = Math.min(open, price) - next() * wick;
    const hole = index > 90 && index < 104; // a source that was down
    const openMs = last - index * stepMinutes * MINUTE_MS;
    const share = next();
    if (hole) continue;
    if (stepMinutes > 1) minutes.push({ ...minute(openMs, price, price, price, price, share, false), samples: 1 });
    else minutes.push(minute(openMs, open, high, low, price, share, trades));
  }
  if (minutes.length > 0) minutes.at(-1).closed = false; // this minute is running
  return minutes;
}

function minute(openMs, open, high, low, close, share, trades) {
  const volume = trades ? 4 + share * 22 : null;
  return { openMs, open, high, low, close, samples: 2 + Math.floor(share * 4), volume, closed: true };
}

/** Minutes rolled into windows of `lengthMs`, as the contract's candles. */
export function rollUp(minutes, lengthMs, series) {
  const windows = new Map();
  for (const bar of minutes) {
    const openMs = Math.floor(bar.openMs / lengthMs) * lengthMs;
    const window = windows.get(openMs);
    if (!window) windows.set(openMs, { ...bar, openMs });
    else {
      window.high = Math.max(window.high, bar.high);
      window.low = Math.min(window.low, bar.low);
      window.close = bar.close;
      window.samples += bar.samples;
      window.volume = bar.volume === null ? null : window.volume + bar.volume;
      window.closed = bar.closed;
    }
  }
  // As the server tells it: a window is closed when its time has passed, not when its newest minute is. An open bar never
  // replaces a closed one on the page.
  const passedMs = minutes.length > 0 ? minutes.at(-1).openMs + MINUTE_MS : 0;
  return [...windows.values()].map((bar) => toCandle({ ...bar, closed: bar.closed && bar.openMs + lengthMs <= passedMs }, lengthMs, series));
}

function toCandle(bar, lengthMs, { source, quote }) {
  const { open, high, low, close, volume, samples, closed } = bar;
  return {
    open_time: new Date(bar.openMs).toISOString(),
    close_time: new Date(bar.openMs + lengthMs).toISOString(),
    open, high, low, close,
    avg: (high + low + close) / 3,
    volume,
    vwap: volume === null ? null : (high + low + close) / 3,
    samples,
    source,
    quote,
    closed,
    committed: closed,
  };
}

const SPARK_STEP_MS = 24 * MINUTE_MS;

/** The prices of the last 24 hours, one each 24 minutes or null, the newest one last. */
export function spark(minutes, nowMs) {
  const newestStep = Math.floor(nowMs / SPARK_STEP_MS) * SPARK_STEP_MS;
  const line = [];
  for (let step = 59; step >= 0; step--) {
    const end = newestStep - step * SPARK_STEP_MS;
    const last = minutes.findLast((bar) => bar.openMs < end);
    line.push(last && last.openMs >= end - SPARK_STEP_MS ? last.close : null);
  }
  return [...line, minutes.at(-1).close];
}

/** Moves the running minute by one price; starts a new minute when its time has come. */
export function applyPrice(minutes, price, timeMs, trades) {
  const openMs = Math.floor(timeMs / MINUTE_MS) * MINUTE_MS;
  let bar = minutes.at(-1);
  if (!bar || bar.openMs < openMs) {
    if (bar) bar.closed = true;
    bar = { openMs, open: price, high: price, low: price, close: price, samples: 0, volume: trades ? 0 : null, closed: false };
    minutes.push(bar);
  }
  bar.closed = false;
  bar.high = Math.max(bar.high, price);
  bar.low = Math.min(bar.low, price);
  bar.close = price;
  bar.samples += 1;
  if (bar.volume !== null) bar.volume += 0.4;
}
