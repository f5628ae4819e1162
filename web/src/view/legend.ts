// The numbers of the bar under the crosshair, or of the newest one.
import { type Bar, isSinglePrice } from "../data/bars";
import { formatCompact, formatPercent, formatPrice, sharedDecimals, sourceName } from "../format";
import type { ChartStyle } from "../state/route";
import { formatMoment, type Zone, zoneLabel } from "../zone";
import { element, trendClass } from "./dom";
import type { IndicatorReading } from "./indicator_lines";

export function changePercent(bar: Bar): number {
  return bar.open === 0 ? 0 : ((bar.close - bar.open) / bar.open) * 100;
}

/** The four prices that are shown beside each other. */
export function barPrices(bar: Bar): number[] {
  return [bar.open, bar.high, bar.low, bar.close];
}

/** What must be said of a bar that is not final. */
export function barState(bar: Bar): string {
  if (!bar.committed) return "running, not yet stored";
  return bar.closed ? "closed" : "running";
}

export function samplesText(samples: number): string {
  return samples === 1 ? "1 sample" : `${samples.toLocaleString("en-US")} samples`;
}

/** The bar as one spoken sentence. */
export function barSentence(bar: Bar, zone: Zone): string {
  const digits = sharedDecimals(barPrices(bar));
  const price = (value: number): string => formatPrice(value, digits);
  return (
    `${formatMoment(bar.openMs, zone)} ${zoneLabel(zone)}: open ${price(bar.open)}, high ${price(bar.high)}, ` +
    `low ${price(bar.low)}, close ${price(bar.close)}, ${formatPercent(changePercent(bar))}, ` +
    `${samplesText(bar.samples)}, ${barState(bar)}`
  );
}

const NOTED_BARS = 120;

/** Why the chart does not look as it was asked to, or "". */
export function drawingNote(style: ChartStyle, bars: readonly Bar[]): string {
  if (style === "heikin") return "drawn averaged; the numbers are the candles' own";
  const newest = bars.slice(-NOTED_BARS);
  const singles = newest.filter(isSinglePrice).length;
  if (style !== "candles" || singles * 2 <= newest.length) return "";
  return "most have a single price, which makes no candle: drawn as a line";
}

export class Legend {
  constructor(private readonly root: HTMLElement) {}

  show(bar: Bar | undefined, zone: Zone, readings: IndicatorReading[], note: string): void {
    if (!bar) {
      this.root.replaceChildren();
      return;
    }
    const digits = sharedDecimals(barPrices(bar));
    const change = changePercent(bar);
    const trend = trendClass(change);
    const time = `${formatMoment(bar.openMs, zone)} ${zoneLabel(zone)}`;
    this.root.replaceChildren(
      element("span", "legend-time", time),
      field("O", formatPrice(bar.open, digits), trend),
      field("H", formatPrice(bar.high, digits), trend),
      field("L", formatPrice(bar.low, digits), trend),
      field("C", formatPrice(bar.close, digits), trend),
      element("b", trend, formatPercent(change)),
      ...(bar.volume === null ? [] : [field("Vol", formatCompact(bar.volume), "flat")]),
      element("span", "", samplesText(bar.samples)),
      ...(bar.source === "" ? [] : [element("span", "legend-source", sourceName(bar.source))]),
      ...(bar.closed && bar.committed ? [] : [element("span", "legend-flag", barState(bar))]),
      ...(note === "" ? [] : [element("span", "legend-flag legend-note", note)]),
      ...(readings.length === 0 ? [] : [element("span", "legend-readings", ...readings.map(reading))]),
    );
  }
}

function field(name: string, value: string, trend: string): HTMLElement {
  return element("span", trend === "flat" ? "" : trend, `${name} `, element("b", "", value));
}

function reading({ name, color, values }: IndicatorReading): HTMLElement {
  const texts = values.map((value) => element("b", "", value.text));
  const title = element("span", "", name);
  title.style.color = color;
  const made = element("span", "legend-reading", title, ...texts);
  made.title = values.map((value) => value.name).filter(Boolean).join(", ");
  return made;
}
