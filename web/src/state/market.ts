// What the page knows about the coins and the server, fed by REST answers and
// the stream. Holds no DOM, so that its rules can be tested.
import type { Coin, CoinsAnswer, Mode, SourceStatus, Status, Thresholds, TickEvent } from "../api/types";
import { DEFAULT_THRESHOLDS, type Freshness, freshness } from "../data/freshness";

export interface CoinEntry extends Coin {
  /** Server time at which this page last received a price, null before any. */
  receivedMs: number | null;
  /** Direction of the last change of price: 1, -1, or 0 when none was seen. */
  direction: -1 | 0 | 1;
}

export class Market {
  mode: Mode = "live";
  thresholds: Thresholds = DEFAULT_THRESHOLDS;
  status: Status | undefined;
  private entries = new Map<string, CoinEntry>();

  get coins(): CoinEntry[] {
    return [...this.entries.values()];
  }

  coin(id: string | undefined): CoinEntry | undefined {
    return id === undefined ? undefined : this.entries.get(id);
  }

  get sources(): SourceStatus[] {
    return this.status?.sources ?? [];
  }

  /** Takes the whole list; the order of the server is the order shown. */
  applyCoins(answer: CoinsAnswer, nowMs: number): void {
    this.mode = answer.mode;
    const next = new Map<string, CoinEntry>();
    for (const coin of answer.coins) {
      next.set(coin.coin, this.mergedEntry(coin, nowMs));
    }
    this.entries = next;
  }

  /** Takes a tick. Out: false when the coin is not in the list yet. */
  applyTick(tick: TickEvent, nowMs: number): boolean {
    const entry = this.entries.get(tick.coin);
    if (!entry) return false;
    if (Date.parse(tick.event_time) < Date.parse(entry.event_time)) return true;
    // A new connection begins with what is known already: that is no sign of life.
    if (tick.event_time === entry.event_time && tick.price === entry.price) return true;
    if (tick.price !== entry.price) entry.direction = tick.price > entry.price ? 1 : -1;
    entry.price = tick.price;
    entry.event_time = tick.event_time;
    entry.last_updated = tick.last_updated;
    entry.source = tick.source;
    entry.quote = tick.quote;
    if (tick.change_24h_pct !== null) entry.change_24h_pct = tick.change_24h_pct;
    entry.receivedMs = nowMs;
    moveSparkEnd(entry.spark, tick.price);
    return true;
  }

  /** Takes the status. Out: true when the server changed between live and replay. */
  applyStatus(status: Status): boolean {
    const changed = this.mode !== status.mode;
    this.status = status;
    this.mode = status.mode;
    this.thresholds = status.freshness;
    return changed;
  }

  freshnessOf(entry: CoinEntry, nowMs: number): Freshness {
    return freshness({
      mode: this.mode,
      nowMs,
      priceTimeMs: priceTimeMs(entry),
      receivedMs: entry.receivedMs,
      thresholds: this.thresholds,
    });
  }

  private mergedEntry(coin: Coin, nowMs: number): CoinEntry {
    const known = this.entries.get(coin.coin);
    const spark = [...coin.spark];
    if (known && Date.parse(known.event_time) > Date.parse(coin.event_time)) {
      const { name, symbol, image, market_cap, volume_24h } = coin;
      return { ...known, spark, name, symbol, image, market_cap, volume_24h };
    }
    if (known && known.event_time === coin.event_time) {
      return { ...coin, spark, receivedMs: known.receivedMs, direction: known.direction };
    }
    return { ...coin, spark, receivedMs: receivedBefore(coin, nowMs), direction: known?.direction ?? 0 };
  }
}

/** The time of the price itself: the provider's stamp, else the event's. */
export function priceTimeMs(coin: Coin): number {
  return Date.parse(coin.last_updated ?? coin.event_time);
}

/** What the first answer tells: a price the server calls stale was not received just now. */
function receivedBefore(coin: Coin, nowMs: number): number | null {
  return coin.freshness === "stale" ? null : nowMs;
}

function moveSparkEnd(spark: (number | null)[], price: number): void {
  if (spark.length > 0) spark[spark.length - 1] = price;
}
