// The page put together: what the server says goes into Market, what the visitor
// chooses into the route, and both are shown. Ticks are drawn once a frame; a
// timer of one second lets ages and countdowns move even when nothing arrives. A
// hidden tab draws nothing, asks for nothing and lets go of the stream.
import { fetchCoins, fetchStatus } from "./api/client";
import { SharedStream } from "./api/shared_stream";
import type { CandleEvent, FreshnessState, Interval, Status, TickEvent } from "./api/types";
import { ChartPanel } from "./chart_panel";
import { Controls } from "./controls";
import { coinName } from "./data/coin_label";
import { timeToClose } from "./data/countdown";
import { ServerClock } from "./data/server_clock";
import { formatCountdown } from "./format";
import { chooseOpening, loadOpening } from "./opening";
import { type CoinEntry, Market } from "./state/market";
import { loadZone, saveZone, startTheme } from "./state/preferences";
import { parseRoute, type Route, routeQuery } from "./state/route";
import { CoinList } from "./view/coin_list";
import { byId, element, setText } from "./view/dom";
import { Headline } from "./view/headline";
import { Notice } from "./view/notice";
import { Stats } from "./view/stats";
import type { Zone } from "./zone";

const REFRESH_MS = 15_000; // lines of closes, slow figures, new coins; prices come by stream
const RETRY_MS = 5_000;
/** A chart with fewer candles, or with holes at an interval that nobody chose, is looked at again: a new lake is still filling. */
const FEW_CANDLES = 60;

export class App {
  private readonly market = new Market();
  private readonly clock = new ServerClock();
  private readonly headline = new Headline();
  private readonly stats = new Stats();
  private readonly notice = new Notice(byId("notice"));
  private readonly list: CoinList;
  private readonly panel: ChartPanel;
  private readonly controls: Controls;
  private readonly stream: SharedStream;
  private route: Route;
  private zone: Zone = loadZone();
  private interval: Interval = "1m";
  private opened: string | undefined;
  private dirty = new Set<string>();
  private serverMessage: string | null = null;
  private refreshTimer: number | undefined;
  private refreshing = false;
  private saidState: FreshnessState | undefined;

  constructor() {
    this.route = parseRoute(location.search);
    this.interval = this.route.interval ?? "1m";
    const theme = startTheme(() => this.panel?.repaint(this.market.mode));
    this.list = new CoinList(byId("coin-list"), (coin) => this.go({ ...this.route, coin }));
    this.panel = new ChartPanel(this.route.style, this.zone, {
      onWantInterval: (interval) => this.go({ ...this.route, interval }),
      onSpeak: (sentence) => this.say(sentence),
    });
    this.controls = new Controls({
      onInterval: (interval) => this.go({ ...this.route, interval }),
      onStyle: (style) => this.go({ ...this.route, style }),
      onZone: (zone) => this.setZone(zone),
      onTheme: () => theme.toggle(),
      onTable: (visible) => this.panel.showTable(visible),
    });
    this.stream = new SharedStream({
      onCandle: (event) => this.onCandle(event),
      onTick: (event) => this.onTick(event),
      onStatus: (status) => this.onStatus(status),
      onHeartbeat: (now) => this.clock.sync(now),
      onConnection: (connected, again) => this.onConnection(connected, again),
    });
  }

  start(): void {
    this.showControls();
    this.panel.showEmpty("Loading", "Asking the server for its coins.");
    window.addEventListener("popstate", () => this.follow(parseRoute(location.search)));
    document.addEventListener("visibilitychange", () => this.onVisible(!document.hidden));
    window.setInterval(() => {
      if (!document.hidden) this.everySecond();
    }, 1_000);
    void this.refresh();
  }

  private onVisible(visible: boolean): void {
    if (visible) void this.refresh();
    else window.clearTimeout(this.refreshTimer);
    const entry = this.selected();
    if (entry) this.headline.showTitle(entry, this.market.mode, visible);
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
      if (this.panel.barCount < FEW_CANDLES || (!this.route.interval && !this.panel.isDense)) this.opened = undefined;
      await this.openChart();
    } catch (error) {
      this.onUnreachable(error);
    }
    this.refreshing = false;
    if (document.hidden) return;
    const settled = this.serverMessage === null && this.market.coins.length > 0;
    this.refreshTimer = window.setTimeout(() => void this.refresh(), settled ? REFRESH_MS : RETRY_MS);
  }

  /** Goes to a view on the visitor's wish and remembers it in the history. */
  private go(route: Route): void {
    history.pushState(null, "", routeQuery(route) || location.pathname);
    this.follow(route);
  }

  private follow(route: Route): void {
    this.route = route;
    this.panel.setStyle(route.style);
    this.interval = route.interval ?? this.interval;
    this.showControls();
    this.openChart().catch((error: unknown) => this.onUnreachable(error));
  }

  private onUnreachable(error: unknown): void {
    this.opened = undefined; // the next refresh opens the chart anew
    this.serverMessage = error instanceof Error ? error.message : String(error);
    this.panel.fail(this.serverMessage);
    this.everySecond();
  }

  /** Opens the chart of the route's coin, if it is not the one open already. */
  private async openChart(): Promise<void> {
    const entry = this.selected();
    if (!entry) {
      this.showNoCoins();
      return;
    }
    byId("board").dataset["empty"] = "false";
    const wanted = `${entry.coin} ${entry.quote} ${this.route.interval ?? "auto"} ${this.market.mode}`;
    if (wanted === this.opened) return;
    this.opened = wanted;
    this.panel.expect(entry, this.route.interval);
    this.list.select(entry.coin);
    this.showSelected();
    this.panel.setReplay(this.market.mode);
    const { interval } = this.route;
    const opening = interval ? await loadOpening(entry, interval) : await chooseOpening(entry);
    if (this.opened !== wanted) return;
    this.interval = opening.interval;
    this.stream.open(entry.coin, opening.interval);
    this.panel.open(entry, opening.interval, opening.candles);
    this.showControls();
    const shown = { ...this.route, coin: entry.coin, interval: opening.interval };
    history.replaceState(null, "", routeQuery(shown));
  }

  private selected(): CoinEntry | undefined {
    return this.market.coin(this.route.coin) ?? this.market.coins[0];
  }

  private onCandle(event: CandleEvent): void {
    this.panel.applyCandle(event);
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
    this.stats.showLake(status, this.zone);
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
    if (connected) void this.panel.catchUp().catch(() => undefined); // refresh() tells if the server is gone
  }

  private setZone(zone: Zone): void {
    this.zone = zone;
    saveZone(zone);
    this.panel.setZone(zone);
    this.showAll();
  }

  private stateOf = (entry: CoinEntry): FreshnessState =>
    this.market.freshnessOf(entry, this.clock.nowMs()).state;

  private showAll(): void {
    this.list.show(this.market.coins, this.stateOf);
    this.stats.showCredits(this.market.coins.map((entry) => entry.source));
    if (this.market.status) this.stats.showLake(this.market.status, this.zone);
    this.showControls();
    this.showSelected();
    this.everySecond();
  }

  private showDirty(): void {
    for (const coin of this.dirty) {
      const entry = this.market.coin(coin);
      if (entry) this.list.showCoin(entry, this.stateOf);
    }
    const selected = this.selected();
    if (selected && this.dirty.has(selected.coin)) this.showSelected();
    this.dirty.clear();
  }

  private showSelected(): void {
    const entry = this.selected();
    if (!entry) return;
    this.headline.show(entry);
    this.headline.showTitle(entry, this.market.mode, !document.hidden);
    this.panel.rename(entry);
    this.stats.show(entry, this.zone);
    this.showAges(entry);
  }

  private showControls(): void {
    this.controls.show({ interval: this.interval, style: this.route.style, zone: this.zone });
  }

  private everySecond(): void {
    const entry = this.selected();
    if (entry) this.showAges(entry);
    else if (this.market.status) this.showNoCoins();
    this.list.showStates(this.market.coins, this.stateOf);
    this.notice.show({
      mode: this.market.mode,
      sources: this.market.sources,
      nowMs: this.clock.nowMs(),
      serverMessage: this.serverMessage,
    });
  }

  private showAges(entry: CoinEntry): void {
    const nowMs = this.clock.nowMs();
    const fresh = this.market.freshnessOf(entry, nowMs);
    this.headline.showFreshness(fresh, this.market.mode);
    this.showCountdown(entry, fresh.state, nowMs);
    if (this.saidState && this.saidState !== fresh.state) this.say(`${coinName(entry)} is now ${fresh.state}`);
    this.saidState = fresh.state;
  }

  private showCountdown(entry: CoinEntry, state: FreshnessState, nowMs: number): void {
    const { mode } = this.market;
    const left = timeToClose({ mode, interval: this.interval, nowMs, eventMs: Date.parse(entry.event_time) });
    const root = byId("countdown");
    const ended = mode === "replay" && this.market.sources.some((source) => source.state === "done");
    root.hidden = left === null || state === "stale" || ended;
    if (left === null) return;
    const clock = element("span", "countdown-clock", mode === "replay" ? " of replay time" : "");
    root.replaceChildren("closes in ", element("b", "", formatCountdown(left)), clock);
  }

  private showNoCoins(): void {
    const words = this.market.sources.map((source) => source.message).filter(Boolean);
    const text = words.join(" · ") || "The source has not delivered a price yet.";
    byId("board").dataset["empty"] = "true";
    this.showConnection(this.serverMessage === null);
    this.panel.showEmpty("Waiting for the first price", text);
  }

  private say(sentence: string): void {
    setText(byId("announcer"), sentence);
  }
}
