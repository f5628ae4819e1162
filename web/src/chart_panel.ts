// The chart of one coin at one interval: loads its candles, merges what the
// stream brings, asks for older ones when the visitor scrolls back, and keeps
// legend, table and empty state in step. Answers that arrive after the visitor
// has moved on are dropped.
import { fetchCandles } from "./api/client";
import type { Candle, CandleEvent, Coin, Interval, Mode } from "./api/types";
import { type Bar, BarSeries, toBar } from "./data/bars";
import { coinName } from "./data/coin_label";
import type { Indicator } from "./data/indicators";
import { isDense } from "./data/interval";
import { PAGE_SIZE } from "./opening";
import type { ChartScale, ChartStyle } from "./state/route";
import { ChartView } from "./view/chart_view";
import { byId, setText } from "./view/dom";
import { type EmptyState, EmptyView } from "./view/empty";
import { barSentence, drawingNote, Legend } from "./view/legend";
import { TableView } from "./view/table_view";
import type { Zone } from "./zone";

const AMOUNT_LABELS = { volume: "Volume, in coins", samples: "Samples per candle", none: "" };

export interface PanelHandlers {
  onWantInterval(interval: Interval): void;
  onSpeak(sentence: string): void;
}

export class ChartPanel {
  private readonly container = byId("chart");
  private readonly card = byId("chart-card");
  private readonly latestButton = byId("to-latest");
  private readonly legend = new Legend(byId("legend"));
  private readonly table = new TableView(byId("table-view"));
  private readonly empty = new EmptyView(byId("empty"));
  private readonly amountLabel = byId("amount-label");
  private readonly view: ChartView;
  private readonly series = new BarSeries();
  private coin = "";
  private quote = "";
  private name = "";
  private interval: Interval = "1m";
  private loadingOlder = false;
  private exhausted = false;
  private pointedMs: number | null = null;

  constructor(
    private style: ChartStyle,
    private zone: Zone,
    private readonly handlers: PanelHandlers,
  ) {
    this.view = new ChartView(this.container, style, zone, {
      onPoint: (openMs) => this.point(openMs),
      onNeedOlder: () => void this.loadOlder(),
      onAtLatest: (atLatest) => (this.latestButton.hidden = atLatest || this.series.last === undefined),
    });
    this.latestButton.addEventListener("click", () => this.view.toLatest());
    this.container.addEventListener("keydown", (event) => this.onKey(event));
    this.container.addEventListener("blur", () => this.view.clearPoint());
  }

  get barCount(): number {
    return this.series.bars.length;
  }

  get isDense(): boolean {
    return isDense(this.series.bars.map((bar) => bar.openMs), this.interval);
  }

  /** Dims the chart if another one is on its way: it does not belong to the new headline. */
  expect(entry: Coin, interval: Interval | undefined): void {
    const same = entry.coin === this.coin && entry.quote === this.quote && (interval ?? this.interval) === this.interval;
    this.card.dataset["loading"] = String(!same);
  }

  /** Says why the expected chart did not come; one that is shown already stays. */
  fail(message: string): void {
    if (this.series.last !== undefined && this.card.dataset["loading"] !== "true") return;
    this.empty.show({ title: "Nothing could be loaded", text: `${message}; trying again`, busy: true });
  }

  /** Shows a coin with these candles, from `fromMs` on; the view stays where it is if the chart was this one. */
  open(entry: Coin, interval: Interval, candles: Candle[], fromMs?: number): void {
    const { coin, quote } = entry;
    const same =
      coin === this.coin && quote === this.quote && interval === this.interval && fromMs === undefined && this.series.last !== undefined;
    if (!same) this.series.clear();
    this.card.dataset["loading"] = "false";
    this.coin = coin;
    this.quote = quote;
    this.name = coinName(entry);
    this.interval = interval;
    this.pointedMs = null;
    this.exhausted = false;
    const added = this.series.mergeAll(candles.map(toBar));
    this.draw(!same || added > 1);
    if (fromMs !== undefined) this.view.showFrom(fromMs);
  }

  /** Lets go of the coin: what is drawn next is another chart. */
  forget(): void {
    this.series.clear();
    this.coin = "";
    this.view.draw([], this.interval, false);
    delete this.container.dataset["close"];
    this.container.dataset["bars"] = "0";
    this.card.dataset["loading"] = "true";
  }

  /** The provider's name of the coin may come after its candles. */
  rename(entry: Coin): void {
    const name = coinName(entry);
    if (entry.coin !== this.coin || name === this.name) return;
    this.name = name;
    this.describe();
  }

  /** Fetches the newest candles again, after the stream was away. */
  async catchUp(): Promise<void> {
    const { coin, quote, interval } = this;
    if (!coin || !this.series.last) return;
    const answer = await fetchCandles({ coin, quote, interval, limit: PAGE_SIZE });
    if (coin !== this.coin || quote !== this.quote || interval !== this.interval) return;
    const bars = answer.candles.map(toBar);
    const hole = this.series.last && bars[0] && bars[0].openMs > this.series.last.openMs;
    if (hole) {
      this.series.clear();
      this.exhausted = false;
    }
    this.series.mergeAll(bars);
    this.draw(Boolean(hole));
  }

  applyCandle(event: CandleEvent): void {
    if (event.coin !== this.coin || event.quote !== this.quote || event.interval !== this.interval) return;
    const bar = toBar(event.candle);
    const wasEmpty = this.series.last === undefined;
    const change = this.series.merge(bar);
    if (change === "none") return;
    if (wasEmpty || change === "inside") this.draw(wasEmpty);
    else {
      this.view.updateTail(bar, this.interval);
      this.describe();
    }
  }

  setStyle(style: ChartStyle): void {
    this.style = style;
    this.view.setStyle(style, this.interval);
  }

  setScale(scale: ChartScale): void {
    this.view.setScale(scale);
  }

  setIndicators(indicators: readonly Indicator[]): void {
    this.view.setIndicators(indicators);
    this.describe();
  }

  /** What only trades have; without it some indicators say nothing. */
  get hasVolume(): boolean {
    return this.series.bars.some((bar) => bar.volume !== null);
  }

  setZone(zone: Zone): void {
    if (zone === this.zone) return;
    this.zone = zone;
    this.view.setZone(zone);
    this.describe();
  }

  setReplay(mode: Mode): void {
    this.view.setReplay(mode === "replay");
  }

  repaint(mode: Mode): void {
    this.view.repaint(this.interval, mode === "replay");
  }

  showTable(visible: boolean): void {
    this.table.setVisible(visible);
    this.describe();
  }

  /** Covers the chart with a reason why there is none. */
  showEmpty(title: string, text: string, action?: EmptyState["action"]): void {
    this.empty.show({ title, text, busy: action === undefined, ...(action && { action }) });
  }

  private draw(fit: boolean): void {
    this.view.draw(this.series.bars, this.interval, fit);
    if (this.series.last) this.empty.hide();
    else this.showNoCandles();
    this.describe();
  }

  private describe(): void {
    this.showLegend();
    const last = this.series.last;
    const newest = last ? `newest: ${barSentence(last, this.zone)}` : "no candles";
    this.container.ariaLabel = `${this.name}, ${this.interval} candles, ${newest}`;
    setText(this.amountLabel, last ? AMOUNT_LABELS[this.view.amountKind] : "");
    this.amountLabel.style.setProperty("--pane-height", `${this.view.heightBelowPrices()}px`);
    this.container.dataset["bars"] = String(this.series.bars.length);
    if (last) this.container.dataset["close"] = String(last.close);
    if (this.table.visible) this.table.show(this.series.bars, `${this.name}, ${this.interval}`, this.zone);
  }

  private point(openMs: number | null): void {
    this.pointedMs = openMs;
    this.showLegend();
  }

  private showLegend(): void {
    const index = this.pointedMs === null ? this.series.bars.length - 1 : this.series.indexAt(this.pointedMs);
    this.legend.show(this.series.bars[index], this.zone, this.view.readingsAt(index), drawingNote(this.style, this.series.bars));
  }

  private async loadOlder(): Promise<void> {
    const first = this.series.first;
    if (this.exhausted || this.loadingOlder || !first) return;
    this.loadingOlder = true;
    const { coin, quote, interval } = this;
    try {
      const answer = await fetchCandles({ coin, quote, interval, beforeMs: first.openMs, limit: PAGE_SIZE });
      if (coin !== this.coin || quote !== this.quote || interval !== this.interval) return;
      const added = this.series.mergeAll(answer.candles.map(toBar));
      this.exhausted = added === 0;
      if (added > 0) this.draw(false);
    } catch {
      this.exhausted = true; // what is drawn stays right; opening the coin again retries
    } finally {
      this.loadingOlder = false;
    }
  }

  private showNoCandles(): void {
    const wanted: Interval = this.interval === "1m" ? "5m" : "1m";
    this.empty.show({
      title: `No ${this.interval} candles of ${this.name} yet`,
      text: "The lake holds no rows for this interval. A candle appears with the first price.",
      busy: true,
      action: { label: `Show ${wanted}`, run: () => this.handlers.onWantInterval(wanted) },
    });
  }

  private onKey(event: KeyboardEvent): void {
    const bars = this.series.bars;
    const at = this.pointedMs === null ? bars.length : bars.findIndex((bar) => bar.openMs === this.pointedMs);
    const target = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: bars.length - 1 }[event.key];
    if (target === undefined || bars.length === 0) return;
    event.preventDefault();
    const bar: Bar = bars[Math.min(bars.length - 1, Math.max(0, target))]!;
    this.view.pointAt(bar);
    this.point(bar.openMs);
    this.handlers.onSpeak(barSentence(bar, this.zone));
  }
}
