// Coins beside each other: each as a share of its own price at the first moment at
// which all of them have one, how their moves go together, and how far each has
// fallen from its highest. Only closes are used, and only those that exist.
import type { Bar } from "./bars";

export const MOST_COMPARED = 8;
/** Fewer common moves than this say nothing of how two coins go together. */
export const LEAST_MOVES = 20;

/** The close of a window. */
export interface Close {
  openMs: number;
  close: number;
}

export function toCloses(bars: readonly Bar[]): Close[] {
  return bars.filter((bar) => bar.close > 0).map(({ openMs, close }) => ({ openMs, close }));
}

/** The first window at which every coin that has closes has begun; undefined without any. */
export function commonStart(all: readonly (readonly Close[])[]): number | undefined {
  const firsts = all.flatMap((closes) => (closes[0] ? [closes[0].openMs] : []));
  return firsts.length > 0 ? Math.max(...firsts) : undefined;
}

/** The closes from `startMs` on, as shares of the first of them. */
export function shares(closes: readonly Close[], startMs: number): Close[] {
  const from = closes.filter((one) => one.openMs >= startMs);
  const base = from[0]?.close;
  return base === undefined ? [] : from.map(({ openMs, close }) => ({ openMs, close: close / base }));
}

/** How far below its highest so far each close is: 0 at the top, -0.2 a fifth below it. */
export function drawdowns(closes: readonly Close[]): Close[] {
  let highest = 0;
  return closes.map(({ openMs, close }) => {
    highest = Math.max(highest, close);
    return { openMs, close: close / highest - 1 };
  });
}

export interface Fall {
  /** 0 or below. */
  depth: number;
  fromMs: number;
  toMs: number;
}

/** The deepest fall from a high to a low after it; undefined without closes. */
export function deepestFall(closes: readonly Close[]): Fall | undefined {
  let high = closes[0];
  if (!high) return undefined;
  let deepest: Fall = { depth: 0, fromMs: high.openMs, toMs: high.openMs };
  for (const one of closes) {
    if (one.close > high.close) high = one;
    const depth = one.close / high.close - 1;
    if (depth < deepest.depth) deepest = { depth, fromMs: high.openMs, toMs: one.openMs };
  }
  return deepest;
}

export interface Correlation {
  /** -1 to 1; null where there are too few moves, or one coin did not move. */
  value: number | null;
  moves: number;
}

/** How the moves of two coins from window to window go together (Pearson, of logarithms). Windows that one lacks do not count. */
export function correlation(a: readonly Close[], b: readonly Close[], stepMs: number): Correlation {
  const others = moves(b, stepMs);
  const pairs: [number, number][] = [];
  for (const [openMs, move] of moves(a, stepMs)) {
    const other = others.get(openMs);
    if (other !== undefined) pairs.push([move, other]);
  }
  if (pairs.length < LEAST_MOVES) return { value: null, moves: pairs.length };
  return { value: pearson(pairs), moves: pairs.length };
}

function moves(closes: readonly Close[], stepMs: number): Map<number, number> {
  const found = new Map<number, number>();
  for (let index = 1; index < closes.length; index++) {
    const before = closes[index - 1]!;
    const one = closes[index]!;
    if (one.openMs - before.openMs === stepMs) found.set(one.openMs, Math.log(one.close / before.close));
  }
  return found;
}

function pearson(pairs: readonly [number, number][]): number | null {
  const mean = (at: 0 | 1): number => pairs.reduce((sum, pair) => sum + pair[at], 0) / pairs.length;
  const [meanA, meanB] = [mean(0), mean(1)];
  let [both, ofA, ofB] = [0, 0, 0];
  for (const [a, b] of pairs) {
    both += (a - meanA) * (b - meanB);
    ofA += (a - meanA) ** 2;
    ofB += (b - meanB) ** 2;
  }
  return ofA > 0 && ofB > 0 ? Math.min(1, Math.max(-1, both / Math.sqrt(ofA * ofB))) : null;
}

/** Takes a price that came just now into the closes: that of the newest window, or of another one. */
export function takePrice(closes: Close[], openMs: number, price: number): boolean {
  const last = closes.at(-1);
  if (!last || openMs < last.openMs || price <= 0) return false;
  if (openMs === last.openMs) last.close = price;
  else closes.push({ openMs, close: price });
  return true;
}
