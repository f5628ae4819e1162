// The numbers of the bar under the crosshair, or of the newest one.
import type { Bar } from "../data/bars";
import { formatCompact, formatPercent, formatPrice, sharedDecimals } from "../format";
import { formatMoment, type Zone, zoneLabel } from "../zone";
import { element, trendClass } from "./dom";

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

export class Legend {
  constructor(private readonly root: HTMLElement) {}

  show(bar: Bar | undefined, zone: Zone): void {
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
      ...(bar.closed && bar.committed ? [] : [element("span", "legend-flag", barState(bar))]),
    );
  }
}

function field(name: string, value: string, trend: string): HTMLElement {
  return element("span", trend === "flat" ? "" : trend, `${name} `, element("b", "", value));
}
