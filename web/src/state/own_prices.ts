// Past prices out of our own candles, for the market's changes over an hour and
// seven days and its line of a week. In: the coins that are seen, in the order of
// their importance. Two requests at once and no more, each coin again after half an
// hour; what nobody looks at is not asked for, and what nobody looked at for long
// is forgotten.
import { fetchCandles } from "../api/client";
import type { Interval } from "../api/types";
import { type Bar, toBar } from "../data/bars";
import { closesByWindow, type PastPrice, pastPrice } from "../data/changes";
import type { CoinEntry } from "./market";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const WEEK_MS = 7 * 24 * HOUR_MS;
const AT_ONCE = 2;
const MOST_COINS = 1_000;
/** A coin is asked for again after so long, or when its prices have moved on by as much (a recording runs fast). */
const KEEP_MS = 30 * MINUTE_MS;
const RETRY_MS = MINUTE_MS;
const HOUR_TOLERANCE_MS = 15 * MINUTE_MS;
const WEEK_TOLERANCE_MS = 6 * HOUR_MS;
const WEEK_WINDOWS = 169;

interface Past {
  quote: string;
  askedMs: number;
  eventMs: number;
  failed: boolean;
  minutes: Bar[];
  hours: Bar[];
}

export type FetchBars = (query: { coin: string; quote: string; interval: Interval; fromMs?: number; limit: number }) => Promise<Bar[]>;

async function fetchBars(query: Parameters<FetchBars>[0]): Promise<Bar[]> {
  return (await fetchCandles(query)).candles.map(toBar);
}

export class OwnPrices {
  private readonly known = new Map<string, Past>();
  private queue: CoinEntry[] = [];
  private readonly running = new Set<string>();

  constructor(
    private readonly onNews: (coin: string) => void,
    private readonly nowMs: () => number = () => performance.now(),
    private readonly fetch: FetchBars = fetchBars,
  ) {}

  /** These are looked at, in this order; what waited before and is not among them waits no longer. */
  want(entries: readonly CoinEntry[]): void {
    this.queue = entries.slice(0, MOST_COINS).filter((entry) => this.isDue(entry));
    this.work();
  }

  /** Nothing is on its way and nothing waits. */
  get settled(): boolean {
    return this.queue.length === 0 && this.running.size === 0;
  }

  hourAgo(entry: CoinEntry): PastPrice | undefined {
    return pastPrice(this.pastOf(entry)?.minutes ?? [], Date.parse(entry.event_time) - HOUR_MS, HOUR_TOLERANCE_MS);
  }

  weekAgo(entry: CoinEntry): PastPrice | undefined {
    return pastPrice(this.pastOf(entry)?.hours ?? [], Date.parse(entry.event_time) - WEEK_MS, WEEK_TOLERANCE_MS);
  }

  /** A price an hour over seven days, the newest one last; empty while nothing is known. */
  week(entry: CoinEntry): (number | null)[] {
    const hours = this.pastOf(entry)?.hours ?? [];
    if (hours.length === 0) return [];
    const closes = closesByWindow(hours, HOUR_MS, Date.parse(entry.event_time), WEEK_WINDOWS);
    closes[closes.length - 1] = entry.price;
    return closes;
  }

  private pastOf(entry: CoinEntry): Past | undefined {
    const past = this.known.get(entry.coin);
    return past?.quote === entry.quote ? past : undefined;
  }

  private isDue(entry: CoinEntry): boolean {
    if (this.running.has(entry.coin)) return false;
    const past = this.pastOf(entry);
    if (!past) return true;
    const age = this.nowMs() - past.askedMs;
    if (age < RETRY_MS) return false;
    return past.failed || age >= KEEP_MS || Math.abs(Date.parse(entry.event_time) - past.eventMs) >= KEEP_MS;
  }

  private work(): void {
    while (this.running.size < AT_ONCE) {
      const entry = this.queue.shift();
      if (!entry) return;
      this.running.add(entry.coin);
      void this.ask(entry).finally(() => {
        this.running.delete(entry.coin);
        this.onNews(entry.coin);
        this.work();
      });
    }
  }

  private async ask({ coin, quote, event_time }: CoinEntry): Promise<void> {
    const eventMs = Date.parse(event_time);
    const past: Past = { quote, askedMs: this.nowMs(), eventMs, failed: false, minutes: [], hours: [] };
    try {
      past.minutes = await this.fetch({ coin, quote, interval: "5m", limit: 36 });
      const fromMs = Math.floor((eventMs - WEEK_MS - WEEK_TOLERANCE_MS) / HOUR_MS) * HOUR_MS - HOUR_MS;
      past.hours = await this.fetch({ coin, quote, interval: "1h", fromMs, limit: WEEK_WINDOWS + 20 });
    } catch {
      past.failed = true; // that the server is away is told elsewhere; asked again in a minute
    }
    this.known.delete(coin);
    this.known.set(coin, past);
    const oldest = this.known.keys().next();
    if (this.known.size > MOST_COINS && !oldest.done) this.known.delete(oldest.value);
  }
}
