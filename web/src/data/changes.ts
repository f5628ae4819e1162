// How far a price has moved since some time ago, out of our own candles: for the
// periods of which the provider says nothing. What is compared with is the close of
// the last candle that had ended by then; if that one ended long before, nothing is
// known, and nothing is said.
import type { Bar } from "./bars";

/** A price of the past, and when the window closed whose last price it was. */
export interface PastPrice {
  price: number;
  timeMs: number;
}

type Closed = Pick<Bar, "openMs" | "closeMs" | "close">;

/** The last price before `atMs`, unless it is more than `toleranceMs` older. In: bars, ascending. */
export function pastPrice(bars: readonly Closed[], atMs: number, toleranceMs: number): PastPrice | undefined {
  for (let index = bars.length - 1; index >= 0; index--) {
    const bar = bars[index]!;
    if (bar.closeMs > atMs) continue;
    return atMs - bar.closeMs <= toleranceMs ? { price: bar.close, timeMs: bar.closeMs } : undefined;
  }
  return undefined;
}

export function percentSince(price: number, past: PastPrice | undefined): number | null {
  return past && past.price > 0 ? (price / past.price - 1) * 100 : null;
}

/** The closes of `count` windows up to the one that holds `endMs`, each at its place, null where none is. */
export function closesByWindow(bars: readonly Closed[], stepMs: number, endMs: number, count: number): (number | null)[] {
  const firstMs = (Math.floor(endMs / stepMs) - count + 1) * stepMs;
  const closes = Array<number | null>(count).fill(null);
  for (const bar of bars) {
    const index = Math.round((bar.openMs - firstMs) / stepMs);
    if (index >= 0 && index < count) closes[index] = bar.close;
  }
  return closes;
}
