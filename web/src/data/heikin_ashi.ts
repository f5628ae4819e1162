// Heikin-Ashi: candles averaged with the one before, so that a trend is seen at a
// glance. A way to draw: what is drawn are no prices that were paid, and the numbers
// in legend and table stay those of the candles. Across a gap nothing is averaged.
import type { Bar } from "./bars";

/** The averaged candle of a bar, after the averaged one before it (none: a gap, or the first). */
export function heikinAshi(bar: Bar, before: Bar | undefined): Bar {
  const close = (bar.open + bar.high + bar.low + bar.close) / 4;
  const open = before ? (before.open + before.close) / 2 : (bar.open + bar.close) / 2;
  return { ...bar, open, close, high: Math.max(bar.high, open, close), low: Math.min(bar.low, open, close) };
}

/** All of them. `gapsAfter`: open times after which data is missing. */
export function heikinAshiSeries(bars: readonly Bar[], gapsAfter: ReadonlySet<number>): Bar[] {
  const averaged: Bar[] = [];
  for (const bar of bars) {
    const before = averaged.at(-1);
    averaged.push(heikinAshi(bar, before && !gapsAfter.has(before.openMs) ? before : undefined));
  }
  return averaged;
}
