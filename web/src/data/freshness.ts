// How old the data is, and what may be said of it. In live mode the age is that
// of the price itself (the provider's last_updated), not of the poll that brought
// it: a provider may hand out the same minute-old price at every poll. In a
// replay the recorded times are years old by design, so the age is the time
// since something was last received; once that is longer than a live price may be
// old, a replay is stale too. The server's `freshness` follows the same rules.
import type { FreshnessState, Mode, Thresholds } from "../api/types";

export interface FreshnessInput {
  mode: Mode;
  nowMs: number;
  /** Time of the price itself; null when nothing is known. */
  priceTimeMs: number | null;
  /** When the page last received a price of this coin, server time. */
  receivedMs: number | null;
  thresholds: Thresholds;
}

export interface Freshness {
  state: FreshnessState;
  /** Null when there is no data to have an age. */
  ageMs: number | null;
}

export const DEFAULT_THRESHOLDS: Thresholds = { live_s: 120, delayed_s: 600 };

export function freshness(input: FreshnessInput): Freshness {
  const since = input.mode === "replay" ? input.receivedMs : input.priceTimeMs;
  if (since === null || Number.isNaN(since)) return { state: "stale", ageMs: null };
  const ageMs = Math.max(0, input.nowMs - since);
  return { state: stateAt(input.mode, ageMs, input.thresholds), ageMs };
}

function stateAt(mode: Mode, ageMs: number, thresholds: Thresholds): FreshnessState {
  const recent = ageMs <= thresholds.live_s * 1000;
  if (mode === "replay") return recent ? "replay" : "stale";
  if (recent) return "live";
  return ageMs <= thresholds.delayed_s * 1000 ? "delayed" : "stale";
}
