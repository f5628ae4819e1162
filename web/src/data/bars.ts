// The candles of one chart, ascending and unique by open time. The stream may
// repeat, reorder or correct candles (a reconnect resends, late rows rewrite a
// closed window), so every change goes through merge(), which says what the
// chart has to do: an older bar is never handed to the chart as "the next one".
import type { Candle } from "../api/types";

export interface Bar {
  openMs: number;
  closeMs: number;
  open: number;
  high: number;
  low: number;
  close: number;
  avg: number;
  volume: number | null;
  vwap: number | null;
  samples: number;
  source: string;
  closed: boolean;
  committed: boolean;
}

/** A single price: it has a height and no body, so it is drawn as a point of a line, not as a candle. */
export function isSinglePrice(bar: Bar): boolean {
  return bar.samples <= 1;
}

/** What a merge did: `tail` can be appended or updated in place, `inside` needs a redraw. */
export type Change = "tail" | "inside" | "none";

export function toBar(candle: Candle): Bar {
  return {
    openMs: Date.parse(candle.open_time),
    closeMs: Date.parse(candle.close_time),
    open: candle.open,
    high: candle.high,
    low: candle.low,
    close: candle.close,
    avg: candle.avg,
    volume: candle.volume,
    vwap: candle.vwap,
    samples: candle.samples,
    source: candle.source ?? "",
    closed: candle.closed,
    committed: candle.committed,
  };
}

export class BarSeries {
  private list: Bar[] = [];

  get bars(): readonly Bar[] {
    return this.list;
  }

  get last(): Bar | undefined {
    return this.list.at(-1);
  }

  get first(): Bar | undefined {
    return this.list[0];
  }

  clear(): void {
    this.list = [];
  }

  /** The bar that opens exactly at this time. */
  at(openMs: number): Bar | undefined {
    const index = this.lowerBound(openMs);
    const bar = this.list[index];
    return bar?.openMs === openMs ? bar : undefined;
  }

  /** The place of the bar that opens exactly at this time, -1 without one. */
  indexAt(openMs: number): number {
    const index = this.lowerBound(openMs);
    return this.list[index]?.openMs === openMs ? index : -1;
  }

  /** Takes one bar from the stream. */
  merge(bar: Bar): Change {
    const index = this.lowerBound(bar.openMs);
    const present = this.list[index];
    if (present === undefined) {
      this.list.push(bar);
      return "tail";
    }
    if (present.openMs !== bar.openMs) {
      this.list.splice(index, 0, bar);
      return "inside";
    }
    if (isOlderVersion(bar, present)) return "none";
    this.list[index] = bar;
    return index === this.list.length - 1 ? "tail" : "inside";
  }

  /** Takes many bars of a REST answer; returns how many were new. */
  mergeAll(bars: Bar[]): number {
    const before = this.list.length;
    for (const bar of bars) this.merge(bar);
    return this.list.length - before;
  }

  private lowerBound(openMs: number): number {
    let low = 0;
    let high = this.list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.list[middle]!.openMs < openMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** An open bar never replaces a closed one, nor a fuller open one. */
function isOlderVersion(candidate: Bar, present: Bar): boolean {
  if (candidate.closed) return false;
  return present.closed || candidate.samples < present.samples;
}
