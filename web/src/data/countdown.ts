// Time left until the running candle closes. Live: by the server's clock. In a
// replay time runs at the recording's pace, so only its own last event can say.
import type { Interval, Mode } from "../api/types";
import { intervalMs, windowStart } from "./interval";

export interface CountdownInput {
  mode: Mode;
  interval: Interval;
  nowMs: number;
  /** Event time of the newest price, null when none came yet. */
  eventMs: number | null;
}

/** Milliseconds to the close, or null when it cannot be told. */
export function timeToClose(input: CountdownInput): number | null {
  const clock = input.mode === "replay" ? input.eventMs : input.nowMs;
  if (clock === null) return null;
  return windowStart(clock, input.interval) + intervalMs(input.interval) - clock;
}
