// The server's answers as the page reads them: the contract of /api/v1.
// Times are RFC 3339 in UTC; null means that the source did not say.

export const INTERVALS = ["1m", "5m", "15m", "1h", "4h", "1d"] as const;
export type Interval = (typeof INTERVALS)[number];

export type Mode = "live" | "replay";
export type FreshnessState = "live" | "delayed" | "stale" | "replay";

export interface Coin {
  coin: string;
  /** Name and symbol as the provider (or an exchange) gives them. */
  name: string | null;
  symbol: string | null;
  /** Address of the coin's logo at the provider. Nothing loads it: the page works offline. */
  image: string | null;
  source: string;
  /** The currency of all figures of money: "usd", "usdt", "eur". */
  quote: string;
  price: number;
  change_24h_pct: number | null;
  market_cap: number | null;
  volume_24h: number | null;
  last_updated: string | null;
  event_time: string;
  age_s: number;
  freshness: FreshnessState;
  /** Prices of the last 24 hours, one each 24 minutes, null where none came, the newest one at the end. */
  spark: (number | null)[];
}

export interface CoinsAnswer {
  coins: Coin[];
  mode: Mode;
}

export interface Candle {
  open_time: string;
  close_time: string;
  open: number;
  high: number;
  low: number;
  close: number;
  avg: number;
  volume: number | null;
  vwap: number | null;
  samples: number;
  /** Null where several sources contributed. */
  source: string | null;
  quote: string;
  closed: boolean;
  committed: boolean;
}

export interface CandlesAnswer {
  coin: string;
  interval: Interval;
  /** Of the newest candle; null without one, or where several sources made it. */
  source: string | null;
  quote: string | null;
  /** Null while there is no table of windows yet. */
  as_of_version: number | null;
  candles: Candle[];
}

export type SourceState =
  | "starting"
  | "ok"
  | "waiting"
  | "unreachable"
  | "limited"
  | "banned"
  | "refused"
  | "failing"
  | "replaying"
  | "done";

export interface SourceStatus {
  source: string;
  state: SourceState;
  message: string;
  last_success: string | null;
  next_attempt: string | null;
}

export interface Thresholds {
  live_s: number;
  delayed_s: number;
}

export interface TableStatus {
  /** Null while the table does not exist yet. */
  version: number | null;
  rows: number;
}

/** The verdict of /readyz, and what it complains of. */
export interface Health {
  state: "ready" | "degraded" | "not ready";
  troubles: string[];
}

export interface Status {
  version: string;
  mode: Mode;
  now: string;
  health: Health;
  sources: SourceStatus[];
  tables: Record<string, TableStatus | undefined>;
  watermarks: Record<string, string>;
  freshness: Thresholds;
}

export interface CandleEvent {
  coin: string;
  interval: Interval;
  source: string | null;
  quote: string;
  candle: Candle;
}

export interface TickEvent {
  coin: string;
  price: number;
  event_time: string;
  last_updated: string | null;
  source: string;
  quote: string;
  change_24h_pct: number | null;
}

/** One event of /api/v1/stream. */
export type StreamEvent =
  | { type: "candle"; data: CandleEvent }
  | { type: "tick"; data: TickEvent }
  | { type: "status"; data: Status }
  | { type: "heartbeat"; data: { now: string } };

export type StreamEventType = StreamEvent["type"];
