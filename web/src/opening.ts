// Which interval a coin opens on when the visitor named none: the finest at which
// its candles are dense, so that a coin with a price each five minutes does not
// open on a 1m chart full of holes. If none is dense, the one that shows most.
import { fetchCandles } from "./api/client";
import type { Candle, Coin, Interval } from "./api/types";
import { PAGE_SIZE } from "./chart_panel";
import { DENSITY_WINDOWS, isDense, presentWindows } from "./data/interval";

const TRIED: Interval[] = ["1m", "5m", "15m", "1h", "1d"];

export interface Opening {
  interval: Interval;
  candles: Candle[];
}

export async function loadOpening({ coin, quote }: Pick<Coin, "coin" | "quote">, interval: Interval): Promise<Opening> {
  return { interval, candles: (await fetchCandles({ coin, quote, interval, limit: PAGE_SIZE })).candles };
}

export async function chooseOpening(coin: Pick<Coin, "coin" | "quote">): Promise<Opening> {
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
