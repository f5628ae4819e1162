// The numbers of a comparison: what each coin did in the range, and how their moves go
// together.
import { type Close, correlation, deepestFall, drawdowns, LEAST_MOVES } from "../data/compare";
import { formatPercent } from "../format";
import { formatDay, formatMoment, formatTime, type Zone } from "../zone";
import { element, trendClass } from "./dom";

export interface ComparedCoin {
  coin: string;
  name: string;
  symbol: string;
  closes: Close[];
}

export function figuresTable(coins: readonly ComparedCoin[], startMs: number, zone: Zone): HTMLElement {
  const rows = coins.map(({ name, closes }) => {
    const from = closes.filter((one) => one.openMs >= startMs);
    const change = from.length > 0 ? (from.at(-1)!.close / from[0]!.close - 1) * 100 : null;
    const fall = deepestFall(from);
    const now = drawdowns(from).at(-1);
    const period = fall && fall.depth < 0 ? `${formatDay(fall.fromMs, zone)} ${formatTime(fall.fromMs, zone)} to ${formatDay(fall.toMs, zone)} ${formatTime(fall.toMs, zone)}` : "—";
    const cell = element("td", "period", period);
    if (fall && fall.depth < 0) cell.title = `${formatMoment(fall.fromMs, zone)} to ${formatMoment(fall.toMs, zone)}`;
    return element(
      "tr", "", head(name, "row"), percent(change, trendClass(change)), percent(fall ? fall.depth * 100 : null),
      cell, percent(now ? now.close * 100 : null),
    );
  });
  const heads = ["Coin", "Change", "Deepest fall", "From high to low", "Below its high now"];
  return table("What each did", element("tr", "", ...heads.map((text) => head(text, "col"))), rows);
}

export function correlationTable(coins: readonly ComparedCoin[], stepMs: number, startMs: number): HTMLElement {
  const all = coins.map((one) => ({ ...one, closes: one.closes.filter((close) => close.openMs >= startMs) }));
  const rows = all.map((one) => element("tr", "", head(one.symbol, "row", one.name), ...all.map((other) => correlationCell(one, other, stepMs))));
  const heads = element("tr", "", element("td"), ...all.map((one) => head(one.symbol, "col", one.name)));
  return table("How their moves go together (1: the same way, −1: against each other)", heads, rows);
}

function correlationCell(one: ComparedCoin, other: ComparedCoin, stepMs: number): HTMLElement {
  const { value, moves } = correlation(one.closes, other.closes, stepMs);
  const cell = element("td", "", value === null ? "—" : value.toFixed(2).replace("-", "−"));
  const enough = moves < LEAST_MOVES ? `; fewer than ${LEAST_MOVES} say nothing` : value === null ? "; one of the prices stood still" : "";
  cell.title = `${one.name} and ${other.name}: ${moves} common moves${enough}`;
  if (value !== null) {
    cell.style.setProperty("--share", `${Math.round(Math.abs(value) * 34)}%`);
    cell.className = value < 0 ? "against" : "together";
  }
  return cell;
}

function percent(value: number | null, trend = ""): HTMLElement {
  return element("td", trend, formatPercent(value));
}

function head(text: string, scope: "row" | "col", title = ""): HTMLElement {
  const made = element("th", "", text);
  made.scope = scope;
  if (title) made.title = title;
  return made;
}

function table(caption: string, heads: HTMLElement, rows: HTMLElement[]): HTMLElement {
  return element("table", "", element("caption", "", caption), element("thead", "", heads), element("tbody", "", ...rows));
}
