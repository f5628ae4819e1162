// What the pages share, and what each of them does: the market, one coin, several
// compared. app.ts is the site; it knows which page is shown and feeds only that one.
import type { CandleEvent, Interval } from "../api/types";
import type { ServerClock } from "../data/server_clock";
import type { CoinEntry, Market } from "../state/market";
import type { Favourites } from "../state/preferences";
import type { Freshness } from "../data/freshness";
import type { Route } from "../state/route";
import type { Zone } from "../zone";

export interface Site {
  readonly market: Market;
  readonly clock: ServerClock;
  readonly favourites: Favourites;
  readonly zone: Zone;
  readonly route: Route;
  /** Set while the server does not answer. */
  readonly serverMessage: string | null;
  /** Goes to another view on the visitor's wish and remembers it in the history. */
  go(route: Route): void;
  /** Says in the address what is shown, without a step in the history. */
  note(route: Route): void;
  /** Events of this coin's candles are wanted from now on. */
  watch(coin: string, interval: Interval): void;
  say(sentence: string): void;
  setTitle(title: string): void;
  freshnessOf(entry: CoinEntry): Freshness;
}

export interface Page {
  readonly root: HTMLElement;
  /** Brings the page in line with the route and what is known. `anew`: the server was just asked. */
  follow(anew: boolean): Promise<void>;
  /** Another page is shown instead. */
  leave(): void;
  /** Coins, status or time zone are others. */
  showAll(): void;
  /** These coins have other prices; called at most once a frame. */
  showPrices(coins: ReadonlySet<string>): void;
  everySecond(): void;
  onCandle(event: CandleEvent): void;
  /** The stream flows again, or for the first time. */
  catchUp(): Promise<void>;
  fail(message: string): void;
  /** The theme is another. */
  repaint(): void;
  onVisible(visible: boolean): void;
}
