// The chart of compared coins: a line each, and below it how far each is under its
// highest. Values come as shares of 1 and are written as percent or as points of 100.
import { createChart, type IChartApi, type ISeriesApi, LineSeries, type LineData, type MouseEventParams, type UTCTimestamp, type WhitespaceData } from "lightweight-charts";
import type { Close } from "../data/compare";
import { emptySlots } from "../data/gaps";
import { formatPercent, formatPercentTicks, formatTicks } from "../format";
import type { Measure } from "../state/route";
import type { Zone } from "../zone";
import { type ChartColors, chartOptions, readColors } from "./chart_look";
import { INVISIBLE, toTime } from "./chart_series";

/** A silence of more windows than this is a gap, and no line is drawn over it. */
const LONGEST_STEP = 3;

export interface ComparedLine {
  coin: string;
  /** Place among the colours. */
  color: number;
  shares: Close[];
  drawdowns: Close[];
}

/** "+12.30%" or "112.30": a share of 1 as it is read. */
export function measured(share: number | undefined, measure: Measure): string {
  if (share === undefined) return "—";
  return measure === "percent" ? formatPercent((share - 1) * 100) : (share * 100).toFixed(2);
}

export class CompareChart {
  private readonly chart: IChartApi;
  private colors: ChartColors = readColors();
  private measure: Measure = "percent";
  private lines: ComparedLine[] = [];
  private series: { share: ISeriesApi<"Line">; drawdown: ISeriesApi<"Line"> }[] = [];
  private stepMs = 1;

  constructor(container: HTMLElement, zone: Zone, onPoint: (openMs: number | null) => void) {
    this.chart = createChart(container, chartOptions(this.colors, zone));
    this.chart.subscribeCrosshairMove((event: MouseEventParams) => {
      onPoint(event.time !== undefined && event.point !== undefined ? (event.time as number) * 1000 : null);
    });
  }

  setZone(zone: Zone): void {
    this.chart.applyOptions(chartOptions(this.colors, zone));
  }

  repaint(zone: Zone): void {
    this.colors = readColors();
    this.setZone(zone);
    this.series.forEach(({ share, drawdown }, index) => {
      const color = this.colorOf(this.lines[index]!);
      share.applyOptions({ color });
      drawdown.applyOptions({ color });
    });
    this.fill();
  }

  draw(lines: ComparedLine[], stepMs: number, measure: Measure): void {
    this.stepMs = stepMs;
    this.measure = measure;
    const same = lines.length === this.lines.length && lines.every((line, index) => line.color === this.lines[index]!.color);
    this.lines = lines;
    if (!same) this.makeSeries();
    this.setFormats();
    this.fill();
  }

  fit(): void {
    this.chart.timeScale().fitContent();
  }

  /** The newest point of one line moved, or there is another one. */
  updateTail(index: number): void {
    const line = this.lines[index]!;
    const series = this.series[index]!;
    series.share.update(this.point(line, line.shares, line.shares.length - 1));
    series.drawdown.update(this.point(line, line.drawdowns, line.drawdowns.length - 1));
  }

  private makeSeries(): void {
    for (const { share, drawdown } of this.series) {
      this.chart.removeSeries(share);
      this.chart.removeSeries(drawdown);
    }
    const quiet = { priceLineVisible: false, crosshairMarkerVisible: false } as const;
    this.series = this.lines.map((line) => {
      const color = this.colorOf(line);
      return {
        share: this.chart.addSeries(LineSeries, { ...quiet, color, lineWidth: 2 }, 0),
        drawdown: this.chart.addSeries(LineSeries, { ...quiet, color, lineWidth: 1, lastValueVisible: false }, 1),
      };
    });
    this.chart.panes()[0]?.setStretchFactor(3);
    this.chart.panes()[1]?.setStretchFactor(1);
  }

  private setFormats(): void {
    const { measure } = this;
    const percentOf = (value: number): number => (value - 1) * 100;
    const formatter = (value: number): string => measured(value, measure);
    const tickmarksFormatter = (values: number[]): string[] =>
      measure === "percent" ? formatPercentTicks(values.map(percentOf)) : formatTicks(values.map((value) => value * 100), 1);
    const fall = {
      formatter: (value: number): string => formatPercent(value * 100),
      tickmarksFormatter: (values: number[]): string[] => formatPercentTicks(values.map((value) => value * 100)),
    };
    for (const { share, drawdown } of this.series) {
      share.applyOptions({ priceFormat: { type: "custom", formatter, tickmarksFormatter, minMove: 1e-6 } });
      drawdown.applyOptions({ priceFormat: { type: "custom", ...fall, minMove: 1e-6 } });
    }
  }

  private fill(): void {
    this.lines.forEach((line, index) => {
      this.series[index]!.share.setData(this.points(line, line.shares));
      this.series[index]!.drawdown.setData(this.points(line, line.drawdowns));
    });
  }

  private points(line: ComparedLine, values: Close[]): (LineData<UTCTimestamp> | WhitespaceData<UTCTimestamp>)[] {
    return values.flatMap((one, index) => {
      const next = values[index + 1];
      const empty = next ? emptySlots(one.openMs, next.openMs, this.stepMs) : [];
      return [this.point(line, values, index), ...empty.map((openMs) => ({ time: toTime(openMs) }))];
    });
  }

  private point(line: ComparedLine, values: Close[], index: number): LineData<UTCTimestamp> {
    const one = values[index]!;
    const next = values[index + 1];
    const broken = next !== undefined && next.openMs - one.openMs > LONGEST_STEP * this.stepMs;
    return { time: toTime(one.openMs), value: one.close, color: broken ? INVISIBLE : this.colorOf(line) };
  }

  private colorOf(line: ComparedLine): string {
    return this.colors.series[line.color % this.colors.series.length]!;
  }
}
