// The indicators on the chart: lines over the prices, RSI and MACD in panes of their
// own. As the price itself, no line is drawn across a gap.
import {
  type HistogramData,
  HistogramSeries,
  type IChartApi,
  type ISeriesApi,
  type LineData,
  LineSeries,
  LineStyle,
  type UTCTimestamp,
  type WhitespaceData,
} from "lightweight-charts";
import type { Bar } from "../data/bars";
import { type Indicator, indicatorName, indicatorText, IndicatorValues, KINDS } from "../data/indicators";
import { formatPrice } from "../format";
import type { ChartColors } from "./chart_look";
import { INVISIBLE, toTime } from "./chart_series";

type Series = ISeriesApi<"Line"> | ISeriesApi<"Histogram">;
type Point = LineData<UTCTimestamp> | HistogramData<UTCTimestamp> | WhitespaceData<UTCTimestamp>;

/** One indicator at one bar, for the legend. */
export interface IndicatorReading {
  name: string;
  color: string;
  values: { name: string; text: string }[];
}

interface Drawn {
  indicator: Indicator;
  values: IndicatorValues;
  series: Series[];
  color: string;
}

const OWN_PANE_STRETCH = 1.3;

export class IndicatorLines {
  private drawn: Drawn[] = [];
  private bars: readonly Bar[] = [];
  private gapsAfter: ReadonlySet<number> = new Set();
  private power = 0;
  private text = "";

  constructor(
    private readonly chart: IChartApi,
    private colors: ChartColors,
  ) {}

  /** Out: whether there are others now, which draw() has to bring to the chart. */
  set(indicators: readonly Indicator[]): boolean {
    const text = indicators.map(indicatorText).join();
    if (text === this.text) return false;
    this.text = text;
    for (const { series } of this.drawn) for (const one of series) this.chart.removeSeries(one);
    this.drawn = indicators.map((indicator, index) => {
      const color = this.colors.series[index % this.colors.series.length]!;
      return { indicator, color, values: new IndicatorValues(indicator), series: this.addSeries(indicator, color) };
    });
    return true;
  }

  paint(colors: ChartColors): void {
    this.colors = colors;
    this.drawn.forEach((one, index) => {
      one.color = colors.series[index % colors.series.length]!;
      one.series.forEach((series, line) => series.applyOptions({ color: this.lineColor(one, line) }));
    });
  }

  /** `power`: prices are handed to the library times ten to it (chart_series.ts). */
  draw(bars: readonly Bar[], gapsAfter: ReadonlySet<number>, power: number): void {
    this.bars = bars;
    this.gapsAfter = gapsAfter;
    this.power = power;
    for (const one of this.drawn) {
      one.values.reset(bars);
      one.series.forEach((series, line) => {
        this.setFormat(series, one.indicator);
        series.setData(bars.map((_, index) => this.point(one, line, index)) as never);
      });
    }
  }

  /** The newest bar changed, or is another one. */
  updateTail(bar: Bar): void {
    const count = this.bars.length;
    for (const one of this.drawn) {
      one.values.take(bar, count);
      one.series.forEach((series, line) => series.update(this.point(one, line, count - 1) as never));
    }
  }

  readingsAt(index: number): IndicatorReading[] {
    return this.drawn.map(({ indicator, values, color }) => {
      const { lines } = KINDS[indicator.kind];
      const texts = values.at(index).map((value) => (indicator.kind === "rsi" && value !== null ? value.toFixed(1) : formatPrice(value)));
      return { name: indicatorName(indicator), color, values: texts.map((text, line) => ({ name: lines.length > 1 ? lines[line]! : "", text })) };
    });
  }

  private addSeries(indicator: Indicator, color: string): Series[] {
    const kind = KINDS[indicator.kind];
    const pane = kind.onPrice ? 0 : this.chart.panes().length;
    const quiet = { priceLineVisible: false, lastValueVisible: !kind.onPrice, crosshairMarkerVisible: false };
    const series = kind.lines.map((name, line) => {
      if (indicator.kind === "macd" && name === "difference") return this.chart.addSeries(HistogramSeries, { ...quiet, lastValueVisible: false }, pane);
      const dashed = indicator.kind === "bb" ? line !== 1 : line === 1;
      const lineStyle = dashed ? LineStyle.Dashed : LineStyle.Solid;
      return this.chart.addSeries(LineSeries, { ...quiet, color, lineWidth: 1, lineStyle }, pane);
    });
    if (indicator.kind === "rsi") {
      series[0]!.applyOptions({ autoscaleInfoProvider: () => ({ priceRange: { minValue: 0, maxValue: 100 } }) });
      for (const price of [30, 70]) {
        series[0]!.createPriceLine({ price, color: this.colors.crosshair, lineWidth: 1, lineStyle: LineStyle.Dotted, axisLabelVisible: false, title: "" });
      }
    }
    if (!kind.onPrice) series[0]!.getPane().setStretchFactor(OWN_PANE_STRETCH);
    return series;
  }

  private setFormat(series: Series, { kind }: Indicator): void {
    if (kind === "rsi") {
      series.applyOptions({ priceFormat: { type: "price", precision: 1, minMove: 0.1 } });
      return;
    }
    const formatter = (value: number): string => formatPrice(value / 10 ** this.power);
    series.applyOptions({ priceFormat: { type: "custom", formatter, minMove: 1e-12 } });
  }

  private lineColor({ indicator, color }: Drawn, line: number): string {
    return indicator.kind === "macd" && line === 1 ? this.colors.down : color;
  }

  private point(one: Drawn, line: number, index: number): Point {
    const bar = this.bars[index]!;
    const time = toTime(bar.openMs);
    const value = one.values.at(index)[line] ?? null;
    if (value === null) return { time };
    const scaled = one.indicator.kind === "rsi" ? value : value * 10 ** this.power;
    if (one.indicator.kind === "macd" && line === 2) {
      return { time, value: scaled, color: value >= 0 ? this.colors.barUp : this.colors.barDown };
    }
    return { time, value: scaled, color: this.gapsAfter.has(bar.openMs) ? INVISIBLE : this.lineColor(one, line) };
  }
}
