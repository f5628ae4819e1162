// The page put together: what the server says goes into Market, what the visitor
// chooses into the route, and the view that the route names shows both. Ticks are
// drawn once a frame; a timer of one second lets ages and countdowns move even when
// nothing arrives. A hidden tab draws nothing, asks for nothing and lets go of the
// stream.
import { fetchCoins, fetchStatus } from "./api/client";
import { SharedStream } from "./api/shared_stream";
import type { Interval, Status, TickEvent } from "./api/types";
import { SiteControls } from "./controls";
import type { Freshness } from "./data/freshness";
import { ServerClock } from "./data/server_clock";
import { CoinPage } from "./pages/coin_page";
import { ComparePage } from "./pages/compare_page";
import { MarketPage } from "./pages/market_page";
import type { Page, Site } from "./pages/site";
import { type CoinEntry, Market } from "./state/market";
import { Favourites, loadZone, saveZone, startTheme } from "./state/preferences";
import { parseRoute, type Route, routeQuery, type View, VIEWS } from "./state/route";
import { byId, setText } from "./view/dom";
import { Footer } from "./view/footer";
import { Notice } from "./view/notice";
import type { Zone } from "./zone";

const REFRESH_MS = 15_000; // lines of closes, slow figures, new coins; prices come by stream
const RETRY_MS = 5_000;

export class App implements Site {
  readonly market = new Market();
  readonly clock = new ServerClock();
  readonly favourites = new Favourites(() => this.page?.showAll());
  zone: Zone = loadZone();
  route: Route;
  serverMessage: string | null = null;
  private readonly footer = new Footer();
  private readonly notice = new Notice(byId("notice"));
  private readonly controls: SiteControls;
  private readonly stream: SharedStream;
  private readonly pages: Partial<Record<View, Page>> = {};
  private page: Page | undefined;
  private dirty = new Set<string>();
  private refreshTimer: number | undefined;
  private refreshing = false;

  constructor() {
    this.route = parseRoute(location.search);
    const theme = startTheme(() => this.page?.repaint());
    this.controls = new SiteControls({
      onView: (view) => this.go({ ...this.route, view }),
      onZone: (zone) => this.setZone(zone),
      onTheme: () => theme.toggle(),
    });
    this.stream = new SharedStream({
      onCandle: (event) => this.page?.onCandle(event),
      onTick: (event) => this.onTick(event),
      onStatus: (status) => this.onStatus(status),
      onHeartbeat: (now) => this.clock.sync(now),
      onConnection: (connected, again) => this.onConnection(connected, again),
    });
  }

  start(): void {
    this.follow(this.route);
    window.addEventListener("popstate", () => this.follow(parseRoute(location.search)));
    document.addEventListener("visibilitychange", () => this.onVisible(!document.hidden));
    window.setInterval(() => {
      if (!document.hidden) this.everySecond();
    }, 1_000);
    void this.refresh();
  }

  go(route: Route): void {
    history.pushState(null, "", routeQuery(route) || location.pathname);
    this.follow(route);
  }

  note(route: Route): void {
    this.route = route;
    history.replaceState(null, "", routeQuery(route) || location.pathname);
    this.showControls();
  }

  watch(coin: string, interval: Interval): void {
    this.stream.open(coin, interval);
  }

  say(sentence: string): void {
    setText(byId("announcer"), sentence);
  }

  setTitle(title: string): void {
    if (document.title !== title) document.title = title;
  }

  freshnessOf(entry: CoinEntry): Freshness {
    return this.market.freshnessOf(entry, this.clock.nowMs());
  }

  private follow(route: Route): void {
    this.route = route;
    const page = this.pageOf(route.view);
    if (page !== this.page) {
      this.page?.leave();
      for (const view of VIEWS) byId(view === "coin" ? "board" : `${view}-view`).hidden = view !== route.view;
      document.body.dataset["view"] = route.view;
      this.page = page;
      window.scrollTo(0, 0);
      if (this.market.status) page.showAll();
    }
    this.showControls();
    page.follow(false).catch((error: unknown) => this.onUnreachable(error));
  }

  /** A page is made when it is first looked at. */
  private pageOf(view: View): Page {
    const make: Record<View, () => Page> = {
      market: () => new MarketPage(this),
      coin: () => new CoinPage(this),
      compare: () => new ComparePage(this),
    };
    return (this.pages[view] ??= make[view]());
  }

  private onVisible(visible: boolean): void {
    if (visible) void this.refresh();
    else window.clearTimeout(this.refreshTimer);
    this.page?.onVisible(visible);
  }

  /** Reads status and coins, then again after a while: soon if there is nothing yet. */
  private async refresh(): Promise<void> {
    if (this.refreshing) return;
    this.refreshing = true;
    window.clearTimeout(this.refreshTimer);
    try {
      const [status, coins] = await Promise.all([fetchStatus(), fetchCoins()]);
      this.serverMessage = null;
      this.clock.sync(status.now);
      this.market.applyStatus(status);
      this.market.applyCoins(coins, this.clock.nowMs());
      this.showAll();
      await this.page?.follow(true);
    } catch (error) {
      this.onUnreachable(error);
    }
    this.refreshing = false;
    if (document.hidden) return;
    const settled = this.serverMessage === null && this.market.coins.length > 0;
    this.refreshTimer = window.setTimeout(() => void this.refresh(), settled ? REFRESH_MS : RETRY_MS);
  }

  private onUnreachable(error: unknown): void {
    this.serverMessage = error instanceof Error ? error.message : String(error);
    this.page?.fail(this.serverMessage);
    this.everySecond();
  }

  private onTick(tick: TickEvent): void {
    const quote = this.market.coin(tick.coin)?.quote;
    if (!this.market.applyTick(tick, this.clock.nowMs())) {
      void this.refresh();
      return;
    }
    // Prices in another currency are another chart.
    if (quote !== this.market.coin(tick.coin)?.quote) void this.refresh();
    if (this.dirty.size === 0) requestAnimationFrame(() => this.showDirty());
    this.dirty.add(tick.coin);
  }

  private onStatus(status: Status): void {
    this.clock.sync(status.now);
    const modeChanged = this.market.applyStatus(status);
    this.footer.showLake(status, this.zone);
    if (modeChanged) void this.refresh();
  }

  private showConnection(connected: boolean): void {
    const root = byId("connection");
    root.dataset["state"] = connected ? "open" : "lost";
    setText(root.lastElementChild!, connected ? "Connected" : "Reconnecting");
  }

  private onConnection(connected: boolean, again: boolean): void {
    this.showConnection(connected);
    if (again) void this.refresh();
    // Between the chart's answer and the subscription a candle may have closed.
    if (connected) void this.page?.catchUp().catch(() => undefined); // refresh() tells if the server is gone
  }

  private setZone(zone: Zone): void {
    this.zone = zone;
    saveZone(zone);
    this.showAll();
  }

  private showAll(): void {
    this.footer.showCredits(this.market.coins.map((entry) => entry.source));
    if (this.market.status) this.footer.showLake(this.market.status, this.zone);
    this.showControls();
    this.page?.showAll();
    this.everySecond();
  }

  private showDirty(): void {
    const coins = this.dirty;
    this.dirty = new Set();
    this.page?.showPrices(coins);
  }

  private showControls(): void {
    this.controls.show({ route: this.route, zone: this.zone });
  }

  private everySecond(): void {
    if (this.market.coins.length === 0 && (this.market.status || this.serverMessage)) this.showConnection(this.serverMessage === null);
    this.page?.everySecond();
    this.notice.show({
      mode: this.market.mode,
      sources: this.market.sources,
      nowMs: this.clock.nowMs(),
      serverMessage: this.serverMessage,
    });
  }
}
