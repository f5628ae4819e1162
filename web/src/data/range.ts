// How much of the past is shown, and the interval that suits it: the finest at
// which the range has at most 400 windows, which is what fits on a screen.
import { INTERVALS, type Interval } from "../api/types";
import { intervalMs } from "./interval";

export const RANGES = ["1H", "1D", "7D", "1M", "3M", "1Y", "All"] as const;
export type Range = (typeof RANGES)[number];

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MOST_WINDOWS = 400;

const LENGTH_MS: Record<Range, number> = {
  "1H": HOUR_MS,
  "1D": DAY_MS,
  "7D": 7 * DAY_MS,
  "1M": 30 * DAY_MS,
  "3M": 90 * DAY_MS,
  "1Y": 365 * DAY_MS,
  All: Infinity,
};

export function isRange(text: string | null | undefined): text is Range {
  return RANGES.includes(text as Range);
}

/** Length of the range; Infinity for all there is. */
export function rangeMs(range: Range): number {
  return LENGTH_MS[range];
}

/** The interval for a stretch of time; days for whatever is longer. */
export function fittingInterval(spanMs: number): Interval {
  return INTERVALS.find((interval) => spanMs / intervalMs(interval) <= MOST_WINDOWS) ?? "1d";
}
