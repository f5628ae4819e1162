// Which candles a coin opens on. A visitor who named an interval gets it; who named a
// range gets the interval that fits it, and a finer one where the lake is younger
// than the range. Who named nothing gets the finest interval at which the candles are
// dense, so that a coin with a price each five minutes does not open on a 1m chart
// full of holes; if none is dense, the one that shows most. Coins that are compared
// have one interval.
import { fetchCandles } from "./api/client";
import type { Candle, Coin, Interval } from "./api/types";
import { type Bar, toBar } from "./data/bars";
import { DENSITY_WINDOWS, intervalMs, isDense, presentWindows } from "./data/interval";
import { fittingInterval, type Range, rangeMs } from "./data/range";

export const PAGE_SIZE = 500;

const TRIED: Interval[] = ["1m", "5m", "15m", "1h", "1d"];
/** The server's own limit of an answer. */
const MOST_CANDLES = 10_000;

export interface Opening {
  interval: Interval;
  candles: Candle[];
  /** Where the view begins; absent: with as many of the newest candles as fit. */
  fromMs?: number;
}

type Which = Pick<Coin, "coin" | "quote">;

export async function loadOpening({ coin, quote }: Which, interval: Interval, limit = PAGE_SIZE): Promise<Opening> {
  return { interval, candles: (await fetchCandles({ coin, quote, interval, limit })).candles };
}

export async function chooseOpening(coin: Which): Promise<Opening> {
  let best: Opening = { interval: "5m", candles: [] };
  let most = 0;
  for (const interval of TRIED) {
    const { candles } = await loadOpening(coin, interval);
    const opens = candles.map((candle) => Date.parse(candle.open_time));
    if (isDense(opens, interval)) return { interval, candles };
    const present = presentWindows(opens, interval, DENSITY_WINDOWS);
    if (present > most) {
      most = present;
      best = { interval, candles };
    }
  }
  return best;
}

/** The candles of a range, which ends with the coin's newest price. */
export async function loadRange(coin: Pick<Coin, "coin" | "quote" | "event_time">, range: Range, named: Interval | undefined): Promise<Opening> {
  const endMs = Date.parse(coin.event_time);
  const beginMs = endMs - rangeMs(range);
  const load = async (interval: Interval): Promise<Opening> => {
    const windows = Math.ceil((endMs - Math.max(0, beginMs)) / intervalMs(interval)) + 1;
    const opening = await loadOpening(coin, interval, Math.min(MOST_CANDLES, Math.max(PAGE_SIZE, windows)));
    const first = opening.candles.find((candle) => Date.parse(candle.close_time) > beginMs);
    return { ...opening, fromMs: first ? Date.parse(first.open_time) : beginMs };
  };
  if (named) return load(named);
  const fitting = fittingInterval(rangeMs(range));
  const opening = await load(fitting);
  const finer = fittingInterval(endMs - (opening.fromMs ?? beginMs));
  return intervalMs(finer) < intervalMs(fitting) ? load(finer) : opening;
}

export interface Compared {
  interval: Interval;
  /** Of each coin that has candles in the range. */
  bars: Map<string, Bar[]>;
}

/** The candles of several coins over a range that ends with the newest price of all, at one interval. */
export async function loadCompared(coins: readonly Pick<Coin, "coin" | "quote" | "event_time">[], range: Range): Promise<Compared> {
  const endMs = Math.max(...coins.map((coin) => Date.parse(coin.event_time)));
  const beginMs = endMs - rangeMs(range);
  const load = async (interval: Interval): Promise<Compared> => {
    const windows = Math.ceil((endMs - Math.max(0, beginMs)) / intervalMs(interval)) + 2;
    const answers = await Promise.allSettled(coins.map((coin) => loadOpening(coin, interval, Math.min(MOST_CANDLES, windows))));
    const failed = answers.find((answer) => answer.status === "rejected");
    if (failed && answers.every((answer) => answer.status === "rejected")) throw failed.reason;
    const bars = new Map<string, Bar[]>();
    answers.forEach((answer, index) => {
      if (answer.status === "rejected") return; // gone meanwhile; its name stays, without a line
      const found = answer.value.candles.map(toBar).filter((bar) => bar.closeMs > beginMs);
      if (found.length > 0) bars.set(coins[index]!.coin, found);
    });
    return { interval, bars };
  };
  const fitting = fittingInterval(rangeMs(range));
  const compared = await load(fitting);
  const first = Math.max(...[...compared.bars.values()].map((bars) => bars[0]!.openMs));
  const finer = fittingInterval(endMs - first);
  return Number.isFinite(first) && intervalMs(finer) < intervalMs(fitting) ? load(finer) : compared;
}
