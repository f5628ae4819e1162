// Where data is missing. The chart library places points side by side whatever
// their times, so a missing hour would look like a minute; empty slots are put
// in so that the axis tells the truth. How many is bounded, for one gap and for the
// chart: prices of 1970, 2013 and 2024 must still fit on a screen and not freeze it.
//
// Not every empty slot is a gap. A source with a price each five minutes leaves four
// of five 1m windows empty by its own pace; a gap is a silence that is longer than
// the source's own.
import type { Bar } from "./bars";

const MAX_SLOTS_PER_GAP = 120;
const MAX_EMPTY_SLOTS = 6_000;
/** A silence longer than so many times the usual distance of two prices is a gap. */
const PATIENCE = 1.5;
/** Where another source begins: a history ends up to a step of its own before now, and may be as old again. */
const PATIENCE_AT_SEAM = 2.5;

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

/** The open times of the first `most` empty windows between two bars. */
export function emptySlots(afterMs: number, beforeMs: number, stepMs: number, most = MAX_SLOTS_PER_GAP): number[] {
  const shown = Math.min(missingSlots(afterMs, beforeMs, stepMs), most);
  return Array.from({ length: shown }, (_, index) => afterMs + (index + 1) * stepMs);
}

function missingSlots(afterMs: number, beforeMs: number, stepMs: number): number {
  return Math.max(0, Math.ceil((beforeMs - afterMs) / stepMs) - 1);
}

/** The usual distance of two prices of each source: the median over neighbouring bars, ms. */
export function cadences(bars: readonly Bar[]): Map<string, number> {
  const distances = new Map<string, number[]>();
  for (let index = 1; index < bars.length; index++) {
    const before = bars[index - 1]!;
    const bar = bars[index]!;
    if (before.source !== bar.source) continue;
    const list = distances.get(bar.source) ?? [];
    list.push((bar.openMs - before.openMs) / Math.max(1, before.samples));
    distances.set(bar.source, list);
  }
  const usual = new Map<string, number>();
  for (const [source, list] of distances) {
    list.sort((a, b) => a - b);
    usual.set(source, list[(list.length - 1) >> 1]!);
  }
  return usual;
}

/** Spreads bars over an axis with a slot for each window. */
export function withEmptySlots(bars: readonly Bar[], stepMs: number): Slots {
  const slots: (Bar | number)[] = [];
  const gaps: Gap[] = [];
  const usual = cadences(bars);
  const most = slotsPerGap(bars, stepMs);
  let previous: Bar | undefined;
  for (const bar of bars) {
    if (previous) {
      for (const openMs of emptySlots(previous.openMs, bar.openMs, stepMs, most)) slots.push(openMs);
      if (isGap(previous, bar, stepMs, usual)) gaps.push({ afterMs: previous.openMs, beforeMs: bar.openMs });
    }
    slots.push(bar);
    previous = bar;
  }
  return { slots, gaps };
}

function isGap(before: Bar, bar: Bar, stepMs: number, usual: Map<string, number>): boolean {
  const silenceMs = bar.openMs - before.openMs - stepMs;
  if (silenceMs <= 0) return false;
  const slower = Math.max(usual.get(before.source) ?? 0, usual.get(bar.source) ?? 0);
  return silenceMs > (before.source === bar.source ? PATIENCE : PATIENCE_AT_SEAM) * slower;
}

/** Fewer slots a gap where there are many gaps. */
function slotsPerGap(bars: readonly Bar[], stepMs: number): number {
  let gaps = 0;
  let empty = 0;
  for (let index = 1; index < bars.length; index++) {
    const missing = missingSlots(bars[index - 1]!.openMs, bars[index]!.openMs, stepMs);
    if (missing === 0) continue;
    gaps++;
    empty += Math.min(missing, MAX_SLOTS_PER_GAP);
  }
  if (empty <= MAX_EMPTY_SLOTS) return MAX_SLOTS_PER_GAP;
  return Math.max(1, Math.floor(MAX_EMPTY_SLOTS / gaps));
}
