// One coin: its headline, its chart, the facts below, and the list of the others
// beside it.
import type { CandleEvent, FreshnessState, Interval } from "../api/types";
import { ChartPanel } from "../chart_panel";
import { CoinControls } from "../controls";
import { coinName } from "../data/coin_label";
import { timeToClose } from "../data/countdown";
import { formatCountdown } from "../format";
import { chooseOpening, loadOpening, loadRange } from "../opening";
import type { CoinEntry } from "../state/market";
import type { Route } from "../state/route";
import { CoinList, MOST_ROWS } from "../view/coin_list";
import { byId, element, setText } from "../view/dom";
import { Headline, pageTitle } from "../view/headline";
import { Stats } from "../view/stats";
import type { Page, Site } from "./site";

/** A chart with fewer candles, or with holes at an interval that nobody chose, is looked at again: a new lake is still filling. */
const FEW_CANDLES = 60;

export class CoinPage implements Page {
  readonly root = byId("board");
  private readonly headline = new Headline();
  private readonly stats = new Stats();
  private readonly list: CoinList;
  private readonly panel: ChartPanel;
  private readonly controls: CoinControls;
  private interval: Interval = "1m";
  private opened: string | undefined;
  private saidState: FreshnessState | undefined;

  constructor(private readonly site: Site) {
    const go = (some: Partial<Route>): void => site.go({ ...site.route, ...some });
    this.list = new CoinList(byId("coin-list"), (coin) => go({ coin }));
    this.panel = new ChartPanel(site.route.style, site.zone, {
      onWantInterval: (interval) => go({ interval, range: undefined }),
      onSpeak: (sentence) => site.say(sentence),
    });
    this.controls = new CoinControls({
      onInterval: (interval) => go({ interval, range: undefined }),
      onRange: (range) => go({ range, interval: undefined }),
      onStyle: (style) => go({ style }),
      onScale: (scale) => go({ scale }),
      onIndicators: (indicators) => go({ indicators }),
      onTable: (visible) => this.panel.showTable(visible),
      isShown: () => !this.root.hidden,
    });
    this.panel.showEmpty("Loading", "Asking the server for its coins.");
  }

  async follow(anew: boolean): Promise<void> {
    const { route } = this.site;
    this.panel.setStyle(route.style);
    this.panel.setScale(route.scale);
    this.panel.setIndicators(route.indicators);
    this.interval = route.interval ?? this.interval;
    this.showControls();
    const sparse = this.panel.barCount < FEW_CANDLES || (!route.interval && !this.panel.isDense);
    if (anew && sparse && !route.range) this.opened = undefined;
    await this.openChart();
  }

  leave(): void {
    this.opened = undefined;
    this.saidState = undefined;
    this.panel.forget(); // what changes meanwhile is not told to it
  }

  /** Opens the chart of the route's coin, if it is not the one open already. */
  private async openChart(): Promise<void> {
    const { route, market } = this.site;
    const entry = this.selected();
    if (!entry) {
      this.showNoCoin();
      return;
    }
    this.root.dataset["empty"] = "false";
    const wanted = [entry.coin, entry.quote, route.interval ?? "auto", route.range ?? "", market.mode].join(" ");
    if (wanted === this.opened) return;
    this.opened = wanted;
    this.panel.expect(entry, route.interval);
    this.list.select(entry.coin);
    this.list.show(market.coins, this.stateOf);
    this.showSelected();
    this.panel.setReplay(market.mode);
    const opening = await this.load(entry, route);
    if (this.opened !== wanted) return;
    this.interval = opening.interval;
    this.site.watch(entry.coin, opening.interval);
    this.panel.open(entry, opening.interval, opening.candles, opening.fromMs);
    this.showControls();
    this.site.note({ ...this.site.route, coin: entry.coin, interval: opening.interval });
  }

  private load(entry: CoinEntry, { interval, range }: Route): ReturnType<typeof loadOpening> {
    if (range) return loadRange(entry, range, interval);
    return interval ? loadOpening(entry, interval) : chooseOpening(entry);
  }

  /** The coin of the address; without one the first there is. One that is not there is not replaced by another. */
  private selected(): CoinEntry | undefined {
    const { coin } = this.site.route;
    return coin === undefined ? this.site.market.coins[0] : this.site.market.coin(coin);
  }

  showAll(): void {
    this.panel.setZone(this.site.zone);
    const { coins } = this.site.market;
    this.list.show(coins, this.stateOf);
    setText(byId("coins-more"), coins.length > MOST_ROWS ? `The first ${MOST_ROWS} of ${coins.length}; the market has them all.` : "");
    this.showControls();
    this.showSelected();
  }

  showPrices(coins: ReadonlySet<string>): void {
    for (const coin of coins) {
      const entry = this.site.market.coin(coin);
      if (entry) this.list.showCoin(entry, this.stateOf);
    }
    const selected = this.selected();
    if (selected && coins.has(selected.coin)) this.showSelected();
  }

  everySecond(): void {
    const entry = this.selected();
    if (entry) this.showAges(entry);
    else if (this.site.market.status) this.showNoCoin();
    this.list.showStates(this.site.market.coins, this.stateOf);
  }

  onCandle(event: CandleEvent): void {
    this.panel.applyCandle(event);
  }

  catchUp(): Promise<void> {
    return this.panel.catchUp();
  }

  fail(message: string): void {
    this.opened = undefined; // the next answer opens the chart anew
    this.panel.fail(message);
  }

  repaint(): void {
    this.panel.repaint(this.site.market.mode);
  }

  onVisible(): void {
    this.showTitle();
  }

  private stateOf = (entry: CoinEntry): FreshnessState => this.site.freshnessOf(entry).state;

  private showTitle(): void {
    const entry = this.selected();
    this.site.setTitle(entry ? pageTitle(entry, this.site.market.mode, !document.hidden) : "CryptoStream");
  }

  private showSelected(): void {
    this.showTitle();
    const entry = this.selected();
    if (!entry) return;
    this.headline.show(entry);
    this.panel.rename(entry);
    this.stats.show(entry, this.site.zone);
    this.showAges(entry);
  }

  private showControls(): void {
    this.controls.show(this.interval, this.site.route, this.panel.hasVolume);
  }

  private showAges(entry: CoinEntry): void {
    const fresh = this.site.freshnessOf(entry);
    this.headline.showFreshness(fresh, this.site.market.mode);
    this.showCountdown(entry, fresh.state);
    if (this.saidState && this.saidState !== fresh.state) this.site.say(`${coinName(entry)} is now ${fresh.state}`);
    this.saidState = fresh.state;
  }

  private showCountdown(entry: CoinEntry, state: FreshnessState): void {
    const { mode, sources } = this.site.market;
    const left = timeToClose({ mode, interval: this.interval, nowMs: this.site.clock.nowMs(), eventMs: Date.parse(entry.event_time) });
    const root = byId("countdown");
    const ended = mode === "replay" && sources.some((source) => source.state === "done");
    root.hidden = left === null || state === "stale" || ended;
    if (left === null) return;
    const clock = element("span", "countdown-clock", mode === "replay" ? " of replay time" : "");
    root.replaceChildren("closes in ", element("b", "", formatCountdown(left)), clock);
  }

  private showNoCoin(): void {
    const { market, route, serverMessage } = this.site;
    this.root.dataset["empty"] = "true";
    if (market.coins.length > 0) {
      this.panel.showEmpty(`No coin “${route.coin}” here`, "The lake holds no price of it. It is shown as soon as one comes.", {
        label: "Show all coins",
        run: () => this.site.go({ ...route, view: "market", coin: undefined }),
      });
      return;
    }
    if (serverMessage !== null) return this.panel.fail(serverMessage);
    const words = market.sources.map((source) => source.message).filter(Boolean);
    this.panel.showEmpty("Waiting for the first price", words.join(" · ") || "The source has not delivered a price yet.");
  }
}
