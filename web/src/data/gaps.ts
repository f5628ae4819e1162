// Where data is missing. The chart library places points side by side whatever
// their times, so a missing hour would look like a minute; empty slots are put
// in so that the axis tells the truth. Very long gaps get a bounded number of
// slots: a coin with one price a day must still fit on a screen.
import type { Bar } from "./bars";

const MAX_SLOTS_PER_GAP = 120;

/** A run of windows without any data, between two bars that exist. */
export interface Gap {
  /** Open time of the bar before the gap. */
  afterMs: number;
  /** Open time of the bar that ends it. */
  beforeMs: number;
}

export interface Slots {
  /** Bars and empty slots (open time only), ascending. */
  slots: (Bar | number)[];
  gaps: Gap[];
}

/** The open times of the empty windows between two bars, at most 120. */
export function emptySlots(afterMs: number, beforeMs: number, stepMs: number): number[] {
  const missing = Math.max(0, Math.ceil((beforeMs - afterMs) / stepMs) - 1);
  const shown = Math.min(missing, MAX_SLOTS_PER_GAP);
  return Array.from({ length: shown }, (_, index) => afterMs + (index + 1) * stepMs);
}

/** Spreads bars over an axis with a slot for each window. */
export function withEmptySlots(bars: readonly Bar[], stepMs: number): Slots {
  const slots: (Bar | number)[] = [];
  const gaps: Gap[] = [];
  let previous: Bar | undefined;
  for (const bar of bars) {
    if (previous) {
      const empty = emptySlots(previous.openMs, bar.openMs, stepMs);
      if (empty.length > 0) gaps.push({ afterMs: previous.openMs, beforeMs: bar.openMs });
      slots.push(...empty);
    }
    slots.push(bar);
    previous = bar;
  }
  return { slots, gaps };
}
