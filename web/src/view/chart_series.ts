// The series of the chart, price and volume (or samples where the source has no
// trades), and how a bar becomes a point of each.
//
// A candle needs several prices. A bar of one has no body and no wick, and a row of
// such dashes looks like a broken chart; among candles these bars are points of a
// line, a series of its own under the candles.
import {
  type AreaData,
  AreaSeries,
  type CandlestickData,
  CandlestickSeries,
  type HistogramData,
  HistogramSeries,
  type IChartApi,
  type ISeriesApi,
  type LineData,
  LineSeries,
  type UTCTimestamp,
  type WhitespaceData,
} from "lightweight-charts";
import { type Bar, isSinglePrice } from "../data/bars";
import { formatPercent, formatPercentTicks, formatPrice, formatTicks, sharedDecimals } from "../format";
import type { ChartStyle } from "../state/route";
import type { ChartColors } from "./chart_look";

export type PriceSeries = ISeriesApi<"Candlestick"> | ISeriesApi<"Line"> | ISeriesApi<"Area">;
export type SinglesSeries = ISeriesApi<"Line">;
export type AmountSeries = ISeriesApi<"Histogram">;
export type AmountKind = "volume" | "samples" | "none";

type PricePoint = CandlestickData<UTCTimestamp> | LineData<UTCTimestamp> | AreaData<UTCTimestamp>;

/** Candles, averaged ones included: a bar of one price is none. */
export function hasCandles(style: ChartStyle): boolean {
  return style === "candles" || style === "heikin";
}

export function toTime(timeMs: number): UTCTimestamp {
  return Math.floor(timeMs / 1000) as UTCTimestamp;
}

export function addPriceSeries(chart: IChartApi, style: ChartStyle): PriceSeries {
  if (style === "line") return chart.addSeries(LineSeries, { lineWidth: 2 }, 0);
  if (style === "area") return chart.addSeries(AreaSeries, { lineWidth: 2 }, 0);
  return chart.addSeries(CandlestickSeries, { borderVisible: false }, 0);
}

export function paintPriceSeries(series: PriceSeries, colors: ChartColors): void {
  const { up, down, line, area, areaEnd } = colors;
  switch (series.seriesType()) {
    case "Candlestick":
      (series as ISeriesApi<"Candlestick">).applyOptions({ upColor: up, downColor: down, wickUpColor: up, wickDownColor: down });
      break;
    case "Area":
      (series as ISeriesApi<"Area">).applyOptions({ lineColor: line, topColor: area, bottomColor: areaEnd });
      break;
    default:
      (series as ISeriesApi<"Line">).applyOptions({ color: line });
  }
}

/** The line of single prices among candles; its points carry the closes of all bars. */
export function addSinglesSeries(chart: IChartApi): SinglesSeries {
  return chart.addSeries(LineSeries, { lineWidth: 2, crosshairMarkerVisible: false, priceLineVisible: false, lastValueVisible: false }, 0);
}

/**
 * Which of the two says the newest price at the axis: the one that draws the newest
 * bar. An averaged candle ends at no price that was paid, so there the line of closes says it.
 */
export function markNewest(price: PriceSeries, singles: SinglesSeries, newest: Bar | undefined, style: ChartStyle, color: string): void {
  const single = hasCandles(style) && newest !== undefined && (style === "heikin" || isSinglePrice(newest));
  price.applyOptions({ priceLineVisible: !single, lastValueVisible: !single });
  singles.applyOptions({ priceLineVisible: single, lastValueVisible: single, priceLineColor: single ? color : "" });
}

/** Decimals of the price axis: what the drawn prices need, no more. */
export function axisDecimals(bars: readonly Bar[]): number {
  return sharedDecimals(bars.flatMap((bar) => [bar.open, bar.high, bar.low, bar.close]));
}

/**
 * The power of ten by which prices are handed to the library: 0 for usual ones. It
 * compares with fixed differences (1e-14) and refuses what is over 9e13, so a price of
 * 3e-13 would have an axis without labels.
 */
export function scalePower(price: number | undefined): number {
  const size = Math.abs(price ?? 0);
  return size === 0 || (size >= 1e-6 && size < 1e12) ? 0 : -Math.floor(Math.log10(size));
}

/** How the price axis is written. */
export interface AxisText {
  decimals: number;
  power: number;
  /** Percent of this price instead of prices; none where it is not known yet. */
  base: number | undefined;
}

/** `base` and not minMove alone: the library cannot invert every small step. */
export function setAxisText(series: PriceSeries | SinglesSeries, { decimals, power, base }: AxisText): void {
  const size = 10 ** power;
  const percent = (value: number): number => (value / size / base! - 1) * 100;
  const formatter = (value: number): string => (base ? formatPercent(percent(value)) : formatPrice(value / size, decimals));
  const tickmarksFormatter = (values: number[]): string[] =>
    base ? formatPercentTicks(values.map(percent)) : formatTicks(values.map((value) => value / size), decimals);
  const scaled = Math.max(0, decimals - power);
  series.applyOptions({ priceFormat: { type: "custom", formatter, tickmarksFormatter, base: 10 ** scaled, minMove: 10 ** -scaled } });
}

export function addAmountSeries(chart: IChartApi, pane: number): AmountSeries {
  const series = chart.addSeries(HistogramSeries, { priceLineVisible: false, lastValueVisible: false }, pane);
  series.priceScale().applyOptions({ scaleMargins: { top: 0.32, bottom: 0 } });
  return series;
}

/** Trades have a volume; polled prices only a number of observations, and that is nothing to see where it is always one. */
export function amountKind(bars: readonly Bar[]): AmountKind {
  if (bars.some((bar) => bar.volume !== null)) return "volume";
  return bars.some((bar) => bar.samples > 1) ? "samples" : "none";
}

export function setAmountFormat(series: AmountSeries, kind: AmountKind): void {
  series.applyOptions({ priceFormat: kind === "volume" ? { type: "volume" } : { type: "price", precision: 0, minMove: 1 } });
}

export const INVISIBLE = "rgba(0, 0, 0, 0)";
const BROKEN = { lineColor: INVISIBLE, topColor: INVISIBLE, bottomColor: INVISIBLE };

/** A bar and the bars beside it; one across a gap is not beside it, since no price was seen in between. */
export interface Placed {
  bar: Bar;
  before: Bar | undefined;
  after: Bar | undefined;
  /** A gap follows, not just the end. */
  gapAfter: boolean;
}

/** A price point's place on the axis without a price. */
export function emptyPoint(openMs: number): WhitespaceData<UTCTimestamp> {
  return { time: toTime(openMs) };
}

/**
 * One object serves candles (open..close) and lines (value). The library draws a
 * line straight through empty slots; the colour of a point is that of the stretch
 * behind it, so the last point before a gap is invisible.
 */
export function pricePoint(
  { bar, before, after, gapAfter }: Placed,
  style: ChartStyle,
  scale: number,
): PricePoint | WhitespaceData<UTCTimestamp> {
  const time = toTime(bar.openMs);
  const close = bar.close * scale;
  if (hasCandles(style)) {
    // Alone between gaps it would not be seen as a point of a line.
    const onLine = isSinglePrice(bar) && (before !== undefined || after !== undefined);
    return onLine ? { time } : { time, open: bar.open * scale, high: bar.high * scale, low: bar.low * scale, close };
  }
  if (!gapAfter) return { time, value: close };
  return style === "area" ? { time, value: close, ...BROKEN } : { time, value: close, color: INVISIBLE };
}

/** The line of single prices: visible from and to a bar that is no candle. */
export function singlesPoint({ bar, after, gapAfter }: Placed, color: string, scale: number): LineData<UTCTimestamp> {
  const drawn = !gapAfter && (isSinglePrice(bar) || (after !== undefined && isSinglePrice(after)));
  return { time: toTime(bar.openMs), value: bar.close * scale, color: drawn ? color : INVISIBLE };
}

export function amountPoint(
  slot: Bar | number,
  kind: AmountKind,
  colors: ChartColors,
): HistogramData<UTCTimestamp> | WhitespaceData<UTCTimestamp> {
  if (typeof slot === "number") return { time: toTime(slot) };
  const time = toTime(slot.openMs);
  if (kind === "samples") return { time, value: slot.samples, color: colors.samples };
  const color = slot.close >= slot.open ? colors.barUp : colors.barDown;
  return { time, value: slot.volume ?? 0, color };
}
