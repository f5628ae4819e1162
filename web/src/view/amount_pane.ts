// The pane under the prices: volume, or where the source has no trades the number of
// samples. Where each candle has one sample there is nothing to see, and no pane.
import type { IChartApi } from "lightweight-charts";
import type { Bar } from "../data/bars";
import type { Gap } from "../data/gaps";
import type { ChartColors } from "./chart_look";
import { addAmountSeries, type AmountKind, amountKind, amountPoint, type AmountSeries, setAmountFormat } from "./chart_series";
import { GapShade } from "./gap_shade";

const PRICE_STRETCH = 5;

export class AmountPane {
  private series: AmountSeries | undefined;
  private readonly shade = new GapShade(false);
  private colors: ChartColors;
  kind: AmountKind = "none";

  constructor(
    private readonly chart: IChartApi,
    colors: ChartColors,
  ) {
    this.colors = colors;
    chart.panes()[0]!.setStretchFactor(PRICE_STRETCH);
  }

  paint(colors: ChartColors): void {
    this.colors = colors;
    this.shade.setColors(colors.gap, colors.text);
  }

  draw(slots: readonly (Bar | number)[], bars: readonly Bar[], gaps: Gap[]): void {
    this.kind = amountKind(bars);
    if (this.kind === "none") return this.remove();
    const series = this.series ?? this.add();
    setAmountFormat(series, this.kind);
    series.setData(slots.map((slot) => amountPoint(slot, this.kind, this.colors)));
    this.shade.setGaps(gaps);
  }

  /** Whether this bar can be shown without a change of what is counted. */
  fits(bar: Bar): boolean {
    if (this.kind === "none") return bar.samples <= 1 && bar.volume === null;
    return this.kind === "volume" || bar.volume === null;
  }

  update(bar: Bar): void {
    this.series?.update(amountPoint(bar, this.kind, this.colors));
  }

  private add(): AmountSeries {
    this.series = addAmountSeries(this.chart, this.chart.panes().length);
    const pane = this.series.getPane();
    pane.moveTo(1);
    pane.setStretchFactor(1);
    pane.attachPrimitive(this.shade);
    return this.series;
  }

  private remove(): void {
    if (!this.series) return;
    this.series.getPane().detachPrimitive(this.shade);
    this.chart.removeSeries(this.series);
    this.series = undefined;
  }
}
