// The chart on the page: draws bars, follows the live tail, reports what the
// visitor points at and when older candles are needed. Knows nothing of the
// server. Rejected: handing stream candles straight to series.update(), which
// throws for any time before the last one; here an older bar means a redraw.
import {
  createChart,
  createTextWatermark,
  type IChartApi,
  PriceScaleMode,
  type ITextWatermarkPluginApi,
  type LogicalRange,
  type MouseEventParams,
  type Time,
} from "lightweight-charts";
import type { Interval } from "../api/types";
import { heikinAshi, heikinAshiSeries } from "../data/heikin_ashi";
import type { Indicator } from "../data/indicators";
import { type Bar, isSinglePrice } from "../data/bars";
import { withEmptySlots } from "../data/gaps";
import { intervalMs } from "../data/interval";
import type { ChartScale, ChartStyle } from "../state/route";
import type { Zone } from "../zone";
import { type ChartColors, chartOptions, readColors } from "./chart_look";
import { AmountPane } from "./amount_pane";
import {
  addPriceSeries,
  addSinglesSeries,
  type AmountKind,
  axisDecimals,
  emptyPoint,
  hasCandles,
  markNewest,
  paintPriceSeries,
  type Placed,
  pricePoint,
  type PriceSeries,
  scalePower,
  setAxisText,
  singlesPoint,
  type SinglesSeries,
  toTime,
} from "./chart_series";
import { GapShade } from "./gap_shade";
import { IndicatorLines, type IndicatorReading } from "./indicator_lines";

const PIXELS_PER_BAR = 9;
const MIN_BARS_SHOWN = 26;
const PIXELS_PER_POINT = 5;
const EMPTY_BARS_RIGHT = 5;
const LOAD_OLDER_WITHIN_BARS = 30;

export interface ChartHandlers {
  /** The open time under the crosshair, null when it left the chart. */
  onPoint(openMs: number | null): void;
  onNeedOlder(): void;
  onAtLatest(atLatest: boolean): void;
}

export class ChartView {
  private readonly chart: IChartApi;
  private readonly amount: AmountPane;
  private readonly indicators: IndicatorLines;
  private readonly singles: SinglesSeries;
  private readonly shade = new GapShade(true);
  private readonly watermark: ITextWatermarkPluginApi<Time>;
  private price: PriceSeries;
  private colors: ChartColors = readColors();
  private zone: Zone;
  private style: ChartStyle;
  private scale: ChartScale = "linear";
  private percentOf: number | undefined;
  private bars: readonly Bar[] = [];
  private averaged: Bar[] = []; // for Heikin-Ashi
  private slotTimes: number[] = [];
  private gapsAfter = new Set<number>();
  private lastMs: number | undefined;
  private lastSingle = false;
  private pointsShown = false;
  private decimals = 0;
  private power = 0;
  private stepMs = intervalMs("1m");

  constructor(
    private readonly container: HTMLElement,
    style: ChartStyle,
    zone: Zone,
    private readonly handlers: ChartHandlers,
  ) {
    this.zone = zone;
    this.style = style;
    this.chart = createChart(container, chartOptions(this.colors, zone));
    this.singles = addSinglesSeries(this.chart);
    this.price = addPriceSeries(this.chart, style);
    this.amount = new AmountPane(this.chart, this.colors);
    this.indicators = new IndicatorLines(this.chart, this.colors);
    const pricePane = this.chart.panes()[0]!;
    pricePane.attachPrimitive(this.shade);
    this.watermark = createTextWatermark(pricePane, { visible: false, horzAlign: "center", vertAlign: "center" });
    this.paint();
    this.chart.subscribeCrosshairMove((event) => this.onCrosshair(event));
    this.chart.timeScale().subscribeVisibleLogicalRangeChange((range) => this.onRange(range));
  }

  get amountKind(): AmountKind {
    return this.amount.kind;
  }

  /** Height of the panes below the prices with the time axis under them, pixels. */
  heightBelowPrices(): number {
    const lower = this.chart.panes().slice(1);
    return lower.reduce((sum, pane) => sum + pane.getHeight() + 1, this.chart.timeScale().height());
  }

  setIndicators(indicators: readonly Indicator[]): void {
    if (this.indicators.set(indicators)) this.indicators.draw(this.bars, this.gapsAfter, this.power);
  }

  /** What the indicators say of the bar at this index. */
  readingsAt(index: number): IndicatorReading[] {
    return this.indicators.readingsAt(index);
  }

  setScale(scale: ChartScale): void {
    if (scale === this.scale) return;
    this.scale = scale;
    const mode = scale === "log" ? PriceScaleMode.Logarithmic : PriceScaleMode.Normal;
    this.chart.priceScale("right").applyOptions({ mode });
    this.setPercentBase(this.chart.timeScale().getVisibleLogicalRange());
    this.setDecimals(this.decimals);
  }

  /** Replaces everything drawn. `fit` moves the view to the newest bars. */
  draw(bars: readonly Bar[], interval: Interval, fit: boolean): void {
    this.bars = bars;
    this.stepMs = intervalMs(interval);
    const { slots, gaps } = withEmptySlots(bars, this.stepMs);
    this.slotTimes = slots.map((slot) => (typeof slot === "number" ? slot : slot.openMs));
    this.gapsAfter = new Set(gaps.map((gap) => gap.afterMs));
    this.power = scalePower(bars.at(-1)?.close);
    this.averaged = this.style === "heikin" ? heikinAshiSeries(bars, this.gapsAfter) : [];
    this.setDecimals(axisDecimals(bars));
    let index = 0;
    const placed = slots.map((slot) => (typeof slot === "number" ? slot : this.placed(index++)));
    this.price.setData(placed.map((one) => (typeof one === "number" ? emptyPoint(one) : this.pricePoint(one))));
    this.singles.setData(hasCandles(this.style) ? placed.flatMap((one) => (typeof one === "number" ? [] : [this.singlesPoint(one)])) : []);
    this.amount.draw(slots, bars, gaps);
    this.indicators.draw(bars, this.gapsAfter, this.power);
    this.noteNewest();
    this.shade.setGaps(gaps);
    if (fit) this.fit(slots.length);
  }

  /** Updates the newest bar or appends the next; anything else is redrawn. */
  updateTail(bar: Bar, interval: Interval): void {
    const step = this.lastMs === undefined ? NaN : bar.openMs - this.lastMs;
    const inPlace = step === 0 || step === this.stepMs;
    if (!inPlace || !this.amount.fits(bar)) {
      this.draw(this.bars, interval, false);
      return;
    }
    const decimals = axisDecimals([bar]);
    if (decimals > this.decimals) this.setDecimals(decimals);
    // The line of single prices may reach back to the bar before.
    if (this.style === "heikin") this.average();
    if (hasCandles(this.style) && (step !== 0 || isSinglePrice(bar) !== this.lastSingle)) this.put(this.bars.length - 2);
    this.put(this.bars.length - 1);
    this.amount.update(bar);
    this.indicators.updateTail(bar);
    this.noteNewest();
  }

  setStyle(style: ChartStyle, interval: Interval): void {
    if (style === this.style) return;
    this.style = style;
    const old = this.price;
    this.price = addPriceSeries(this.chart, style);
    this.chart.removeSeries(old);
    this.paint();
    this.draw(this.bars, interval, false);
  }

  setZone(zone: Zone): void {
    this.zone = zone;
    this.chart.applyOptions(chartOptions(this.colors, zone));
  }

  /** Writes REPLAY behind the candles, so that no picture of it passes for live. */
  setReplay(replay: boolean): void {
    const fontSize = Math.min(84, Math.round(this.container.clientWidth / 8));
    const lines = [{ text: "REPLAY", color: this.colors.watermark, fontSize, fontStyle: "bold" }];
    this.watermark.applyOptions({ visible: replay, lines });
  }

  /** Takes the theme's colours anew. */
  repaint(interval: Interval, replay: boolean): void {
    this.colors = readColors();
    this.chart.applyOptions(chartOptions(this.colors, this.zone));
    this.paint();
    this.setReplay(replay);
    this.draw(this.bars, interval, false);
  }

  /** Shows everything from this time on. */
  showFrom(fromMs: number): void {
    const first = this.slotTimes.findIndex((timeMs) => timeMs >= fromMs);
    const to = this.slotTimes.length - 1 + EMPTY_BARS_RIGHT;
    if (first >= 0) this.chart.timeScale().setVisibleLogicalRange({ from: Math.min(first - 1, to - MIN_BARS_SHOWN), to });
  }

  toLatest(): void {
    // Not scrollToRealTime(): the next live update stops its animation half-way.
    this.chart.timeScale().scrollToPosition(EMPTY_BARS_RIGHT, false);
  }

  /** Puts the crosshair on a bar, scrolling it into view. */
  pointAt(bar: Bar): void {
    const scale = this.chart.timeScale();
    const index = scale.timeToIndex(toTime(bar.openMs));
    const range = scale.getVisibleLogicalRange();
    if (index !== null && range) {
      const shift = index < range.from ? index - range.from : Math.max(0, index - range.to + 1);
      if (shift !== 0) scale.setVisibleLogicalRange({ from: range.from + shift, to: range.to + shift });
    }
    this.chart.setCrosshairPosition(bar.close * 10 ** this.power, toTime(bar.openMs), this.price);
  }

  clearPoint(): void {
    this.chart.clearCrosshairPosition();
  }

  /** Averages the newest bar anew. */
  private average(): void {
    const index = this.bars.length - 1;
    const before = this.averaged[index - 1];
    this.averaged[index] = heikinAshi(this.bars[index]!, before && !this.gapsAfter.has(before.openMs) ? before : undefined);
  }

  private placed(index: number): Placed {
    const bar = this.averaged[index] ?? this.bars[index]!;
    const before = this.bars[index - 1];
    const gapAfter = this.gapsAfter.has(bar.openMs);
    return {
      bar,
      before: before && !this.gapsAfter.has(before.openMs) ? before : undefined,
      after: gapAfter ? undefined : this.bars[index + 1],
      gapAfter,
    };
  }

  /** Draws one bar anew, if there is one at this index. */
  private put(index: number): void {
    if (index < 0) return;
    const placed = this.placed(index);
    const historical = index < this.bars.length - 1;
    this.price.update(this.pricePoint(placed), historical);
    if (hasCandles(this.style)) this.singles.update(this.singlesPoint(placed), historical);
  }

  private singlesPoint(placed: Placed): ReturnType<typeof singlesPoint> {
    return singlesPoint(placed, this.colors.line, 10 ** this.power);
  }

  private pricePoint(placed: Placed): ReturnType<typeof pricePoint> {
    return pricePoint(placed, this.style, 10 ** this.power);
  }

  private noteNewest(): void {
    const last = this.bars.at(-1);
    this.lastMs = last?.openMs;
    this.lastSingle = last !== undefined && isSinglePrice(last);
    markNewest(this.price, this.singles, last, this.style, this.colors.line);
  }

  private setDecimals(decimals: number): void {
    this.decimals = decimals;
    const text = { decimals, power: this.power, base: this.scale === "percent" ? this.percentOf : undefined };
    setAxisText(this.price, text);
    setAxisText(this.singles, text);
  }

  /** Percent of the first close in view. */
  private setPercentBase(range: LogicalRange | null): void {
    if (this.scale !== "percent") return;
    const slot = Math.max(0, Math.ceil(range?.from ?? 0));
    const fromMs = this.slotTimes[slot] ?? 0;
    const base = this.bars.find((bar) => bar.openMs >= fromMs)?.close;
    if (base === this.percentOf) return;
    this.percentOf = base;
    this.setDecimals(this.decimals);
  }

  private paint(): void {
    paintPriceSeries(this.price, this.colors);
    this.shade.setColors(this.colors.gap, this.colors.text);
    this.amount.paint(this.colors);
    this.indicators.paint(this.colors);
  }

  private fit(slotCount: number): void {
    const byWidth = Math.floor(this.container.clientWidth / PIXELS_PER_BAR);
    const shown = Math.min(Math.max(slotCount, MIN_BARS_SHOWN), Math.max(byWidth, MIN_BARS_SHOWN));
    const to = slotCount - 1 + EMPTY_BARS_RIGHT;
    this.chart.timeScale().setVisibleLogicalRange({ from: to - shown, to });
    this.chart.priceScale("right").applyOptions({ autoScale: true });
  }

  private onCrosshair(event: MouseEventParams): void {
    const inside = event.time !== undefined && event.point !== undefined;
    this.handlers.onPoint(inside ? (event.time as number) * 1000 : null);
  }

  /** Single prices are points, as long as there is room between them. */
  private showPoints(range: LogicalRange): void {
    const visible = (range.to - range.from) * PIXELS_PER_POINT < this.container.clientWidth;
    if (visible === this.pointsShown) return;
    this.pointsShown = visible;
    this.singles.applyOptions({ pointMarkersVisible: visible, pointMarkersRadius: 2.5 });
  }

  private onRange(range: LogicalRange | null): void {
    if (!range || this.bars.length === 0) return;
    this.setPercentBase(range);
    this.showPoints(range);
    const lastIndex = this.chart.timeScale().timeToIndex(toTime(this.lastMs ?? 0));
    this.handlers.onAtLatest(lastIndex === null || range.to >= lastIndex - 1);
    if (range.from < LOAD_OLDER_WITHIN_BARS) this.handlers.onNeedOlder();
  }
}
