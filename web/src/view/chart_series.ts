// The two series of the chart, price and volume (or samples where the source
// has no trades), and how a bar becomes a point of each.
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
import type { Bar } from "../data/bars";
import { formatPrice, priceDecimals } from "../format";
import type { ChartStyle } from "../state/route";
import type { ChartColors } from "./chart_look";

export type PriceSeries = ISeriesApi<"Candlestick"> | ISeriesApi<"Line"> | ISeriesApi<"Area">;
export type AmountSeries = ISeriesApi<"Histogram">;
export type AmountKind = "volume" | "samples";

type PricePoint = CandlestickData<UTCTimestamp> | LineData<UTCTimestamp> | AreaData<UTCTimestamp>;

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

/** Sets the decimals of the price axis by the size of the price. */
export function setPriceDigits(series: PriceSeries, price: number): void {
  const precision = priceDecimals(price);
  const formatter = (value: number): string => formatPrice(value, precision);
  series.applyOptions({ priceFormat: { type: "custom", formatter, minMove: 10 ** -precision } });
}

export function addAmountSeries(chart: IChartApi): AmountSeries {
  const series = chart.addSeries(HistogramSeries, { priceLineVisible: false, lastValueVisible: false }, 1);
  series.priceScale().applyOptions({ scaleMargins: { top: 0.32, bottom: 0 } });
  return series;
}

/** Trades have a volume; polled prices only a number of observations. */
export function amountKind(bars: readonly Bar[]): AmountKind {
  return bars.some((bar) => bar.volume !== null) ? "volume" : "samples";
}

export function setAmountFormat(series: AmountSeries, kind: AmountKind): void {
  series.applyOptions({ priceFormat: kind === "volume" ? { type: "volume" } : { type: "price", precision: 0, minMove: 1 } });
}

const INVISIBLE = "rgba(0, 0, 0, 0)";
const BROKEN = { lineColor: INVISIBLE, topColor: INVISIBLE, bottomColor: INVISIBLE };

/**
 * One object serves candles (open..close) and lines (value). The library draws a
 * line straight through empty slots; `beforeGap` hides that stretch, since no
 * price was seen there.
 */
export function pricePoint(
  slot: Bar | number,
  beforeGap: boolean,
  style: ChartStyle,
): PricePoint | WhitespaceData<UTCTimestamp> {
  if (typeof slot === "number") return { time: toTime(slot) };
  const { openMs, open, high, low, close } = slot;
  const time = toTime(openMs);
  if (style === "candles") return { time, open, high, low, close };
  if (!beforeGap) return { time, value: close };
  return style === "area" ? { time, value: close, ...BROKEN } : { time, value: close, color: INVISIBLE };
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
