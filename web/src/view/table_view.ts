// The chart's twin: the same candles as a table, newest first, for screen
// readers and for whoever wants the numbers.
import type { Bar } from "../data/bars";
import { formatCompact, formatPrice, sharedDecimals } from "../format";
import { formatMoment, type Zone, zoneLabel } from "../zone";
import { element } from "./dom";
import { barPrices, barState } from "./legend";

const MAX_ROWS = 300;

export class TableView {
  constructor(private readonly root: HTMLElement) {}

  get visible(): boolean {
    return !this.root.hidden;
  }

  setVisible(visible: boolean): void {
    this.root.hidden = !visible;
  }

  show(bars: readonly Bar[], caption: string, zone: Zone): void {
    const newest = bars.slice(-MAX_ROWS).reverse();
    const heads = [`Opens (${zoneLabel(zone)})`, "Open", "High", "Low", "Close", "Average", "Volume", "Samples", "State"];
    const head = element("thead", "", element("tr", "", ...heads.map((text) => cell("th", text, "col"))));
    const digits = sharedDecimals(bars.slice(-MAX_ROWS).flatMap(barPrices));
    const body = element("tbody", "", ...newest.map((bar) => row(bar, digits, zone)));
    const shown = newest.length < bars.length ? `the newest ${newest.length} of ${bars.length}` : `${bars.length}`;
    this.root.replaceChildren(element("table", "", element("caption", "", `${caption}, ${shown} candles`), head, body));
  }
}

function row(bar: Bar, digits: number, zone: Zone): HTMLTableRowElement {
  const prices = [bar.open, bar.high, bar.low, bar.close, bar.avg].map((value) => formatPrice(value, digits));
  const texts = [...prices, formatCompact(bar.volume), String(bar.samples), barState(bar)];
  return element("tr", "", cell("th", formatMoment(bar.openMs, zone), "row"), ...texts.map((text) => cell("td", text)));
}

function cell(tag: "th" | "td", text: string, scope?: "col" | "row"): HTMLTableCellElement {
  const made = element(tag, "", text);
  if (scope) made.scope = scope;
  return made;
}
