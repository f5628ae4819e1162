// Window arithmetic of the page: lengths, borders, and which interval has
// enough candles to be worth opening on.
import { INTERVALS, type Interval } from "../api/types";

const MINUTE_MS = 60_000;

const LENGTH_MS: Record<Interval, number> = {
  "1m": MINUTE_MS,
  "5m": 5 * MINUTE_MS,
  "15m": 15 * MINUTE_MS,
  "1h": 60 * MINUTE_MS,
  "4h": 240 * MINUTE_MS,
  "1d": 1440 * MINUTE_MS,
};

/** The windows looked at when judging whether an interval is dense enough. */
export const DENSITY_WINDOWS = 60;
const DENSE_ENOUGH = 0.5;

export function intervalMs(interval: Interval): number {
  return LENGTH_MS[interval];
}

export function isInterval(text: string | null | undefined): text is Interval {
  return INTERVALS.includes(text as Interval);
}

/** The start of the window that holds `timeMs`; windows are aligned to the epoch, UTC. */
export function windowStart(timeMs: number, interval: Interval): number {
  const length = intervalMs(interval);
  return Math.floor(timeMs / length) * length;
}

/** How many of the last `windows` windows up to the newest candle hold data. */
export function presentWindows(openTimesMs: number[], interval: Interval, windows: number): number {
  const newest = openTimesMs.at(-1);
  if (newest === undefined) return 0;
  const from = newest - (windows - 1) * intervalMs(interval);
  return openTimesMs.filter((open) => open >= from).length;
}

/**
 * Says whether candles at this interval make a chart rather than loose dots: of
 * the last 60 windows before the newest candle, half must hold data.
 * In: open times, ascending, epoch ms.
 */
export function isDense(openTimesMs: number[], interval: Interval): boolean {
  return presentWindows(openTimesMs, interval, DENSITY_WINDOWS) >= DENSITY_WINDOWS * DENSE_ENOUGH;
}
