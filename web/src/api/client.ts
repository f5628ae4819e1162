// Reads the REST part of the server. Every failure becomes an ApiError whose
// message a person can read: problem+json's own words, or that nobody answered.
import { apiRoot } from "./root";
import type { Candle, CandlesAnswer, CoinsAnswer, Interval, Status } from "./types";

export class ApiError extends Error {
  /** HTTP status; 0 when the server could not be reached at all. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "ApiError";
    this.status = status;
  }
}

/** Turns the body of a failed answer into one sentence. */
export function problemMessage(status: number, body: string): string {
  try {
    const problem = JSON.parse(body) as { title?: string; detail?: string };
    const words = problem.detail ?? problem.title;
    if (words) return words;
  } catch {
    // Not JSON: a proxy's page, most likely. The status says enough.
  }
  return `the server answered ${status}`;
}

/** The server itself gives up a query after 10 s; whoever is silent for longer does not answer. */
const TIMEOUT_MS = 20_000;

/** Reads `path`, which is relative to the API's root. */
async function getJson<T>(path: string): Promise<T> {
  let response: Response;
  let body: string;
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    response = await fetch(apiRoot() + path, { headers: { accept: "application/json" }, signal });
    body = await response.text();
  } catch (error) {
    const late = error instanceof DOMException && error.name === "TimeoutError";
    throw new ApiError(0, late ? "the server does not answer" : "the server cannot be reached");
  }
  if (!response.ok) throw new ApiError(response.status, problemMessage(response.status, body));
  try {
    return JSON.parse(body) as T;
  } catch {
    throw new ApiError(response.status, "what answers is not the server's API"); // a proxy's page
  }
}

export function fetchCoins(): Promise<CoinsAnswer> {
  return getJson<CoinsAnswer>("api/v1/coins");
}

export function fetchStatus(): Promise<Status> {
  return getJson<Status>("api/v1/status");
}

export interface CandleQuery {
  coin: string;
  quote: string;
  interval: Interval;
  /** Only candles that open before this, epoch ms; absent: up to now. */
  beforeMs?: number;
  /** From here on: the oldest `limit` ones, epoch ms. */
  fromMs?: number;
  limit: number;
}

/** Reads the latest candles (before a time, if one is given), ascending. */
export async function fetchCandles(query: CandleQuery): Promise<CandlesAnswer> {
  const params = new URLSearchParams({
    coin: query.coin,
    quote: query.quote,
    interval: query.interval,
    limit: String(query.limit),
  });
  if (query.fromMs !== undefined) params.set("from", new Date(query.fromMs).toISOString());
  if (query.beforeMs !== undefined) params.set("to", new Date(query.beforeMs).toISOString());
  const answer = await getJson<CandlesAnswer>(`api/v1/candles?${params}`);
  answer.candles.sort(byOpenTime);
  return answer;
}

function byOpenTime(a: Candle, b: Candle): number {
  return Date.parse(a.open_time) - Date.parse(b.open_time);
}
