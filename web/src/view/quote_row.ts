// One coin of the market's table. A spare row shows another coin after scrolling, so
// nothing of the one before may stay: no flash, no colour, no tooltip.
import type { FreshnessState } from "../api/types";
import { coinName, market } from "../data/coin_label";
import type { MarketRow } from "../data/market_rows";
import type { PastPrice } from "../data/changes";
import { formatAge, formatCompact, formatPercent, formatPrice, plainPrice, withCurrency } from "../format";
import { formatMoment, type Zone, zoneLabel } from "../zone";
import { paintAvatar } from "./avatar";
import { element, flash, setText, trendClass } from "./dom";
import { Sparkline, sparkTrend } from "./sparkline";
import type { Row } from "./virtual_rows";

/** What the table needs to know of a coin beside its row. */
export interface QuoteFacts {
  row: MarketRow;
  hourAgo: PastPrice | undefined;
  weekAgo: PastPrice | undefined;
  week: (number | null)[];
  state: FreshnessState;
  ageMs: number | null;
  favourite: boolean;
  current: boolean;
  href: string;
  zone: Zone;
}

const OWN = "From our own candles: the provider does not say it.";

export class QuoteRow implements Row<MarketRow> {
  readonly root = element("div", "quotes-row");
  private readonly star = element("button", "star");
  private readonly rank = cell("rank");
  private readonly avatar = element("span", "avatar");
  private readonly name = element("span", "quotes-name");
  private readonly symbol = element("span");
  private readonly dot = element("span", "dot");
  private readonly link = element("a", "quotes-link");
  private readonly price = element("span", "quotes-price");
  private readonly change1h = cell("change_1h");
  private readonly change24h = cell("change_24h");
  private readonly change7d = cell("change_7d");
  private readonly cap = cell("market_cap");
  private readonly volume = cell("volume_24h");
  private readonly spark = new Sparkline();
  private readonly age = cell("age");
  private shown: { coin: string; price: number } | undefined;

  constructor(private readonly factsOf: (row: MarketRow) => QuoteFacts) {
    this.root.setAttribute("role", "row");
    this.avatar.setAttribute("aria-hidden", "true");
    this.dot.setAttribute("aria-hidden", "true");
    this.star.type = "button";
    this.star.textContent = "★";
    this.link.append(
      this.avatar,
      element("span", "quotes-names", this.name, element("span", "quotes-symbol", this.dot, this.symbol)),
    );
    const head = cell("name", this.link);
    head.setAttribute("role", "rowheader");
    this.root.append(
      cell("star", this.star), this.rank, head, cell("price", this.price), this.change1h, this.change24h, this.change7d,
      this.cap, this.volume, cell("week", this.spark.root), this.age,
    );
  }

  show(row: MarketRow, index: number): void {
    const facts = this.factsOf(row);
    const { entry } = row;
    this.root.dataset["coin"] = entry.coin;
    this.root.setAttribute("aria-rowindex", String(index + 2));
    this.showNames(facts);
    setText(this.rank, row.rank === null ? "—" : String(row.rank));
    this.showPrice(facts);
    this.showChange(this.change1h, row.change1h, pastWords(facts.hourAgo, "an hour", facts));
    this.showChange(this.change24h, entry.change_24h_pct, "As the provider says it; else from our own candles.");
    this.showChange(this.change7d, row.change7d, pastWords(facts.weekAgo, "seven days", facts));
    this.showAmount(this.cap, entry.market_cap, entry.quote);
    this.showAmount(this.volume, entry.volume_24h, entry.quote);
    this.spark.draw(facts.week, row.change7d === null ? sparkTrend(facts.week) : trendClass(row.change7d));
    this.showAge(facts);
  }

  /** What moves by the passing of time alone. */
  showAge({ state, ageMs, row, zone }: QuoteFacts): void {
    if (this.dot.dataset["state"] !== state) this.dot.dataset["state"] = state;
    if (this.age.dataset["state"] !== state) this.age.dataset["state"] = state;
    setText(this.age, state === "replay" ? "replay" : ageMs === null ? "—" : formatAge(ageMs));
    const title = `${state}: the price is of ${formatMoment(row.priceTimeMs, zone)} ${zoneLabel(zone)}`;
    if (this.age.title !== title) this.age.title = title;
  }

  /** The row that Tab reaches. */
  setCurrent(current: boolean): void {
    this.link.tabIndex = this.star.tabIndex = current ? 0 : -1;
  }

  focus(): void {
    this.link.focus({ preventScroll: true });
  }

  private showNames({ row: { entry }, favourite, current, href }: QuoteFacts): void {
    paintAvatar(this.avatar, entry);
    setText(this.name, coinName(entry));
    setText(this.symbol, market(entry).base);
    this.link.title = entry.coin;
    this.link.setAttribute("href", href);
    this.star.setAttribute("aria-pressed", String(favourite));
    this.star.setAttribute("aria-label", `Favourite: ${coinName(entry)}`);
    this.setCurrent(current);
  }

  private showPrice({ row: { entry } }: QuoteFacts): void {
    setText(this.price, withCurrency(formatPrice(entry.price), entry.quote));
    this.price.title = withCurrency(plainPrice(entry.price), entry.quote);
    if (this.shown?.coin !== entry.coin) this.price.classList.remove("tick-up", "tick-down");
    else if (this.shown.price !== entry.price) flash(this.price, entry.direction);
    this.shown = { coin: entry.coin, price: entry.price };
  }

  private showChange(target: HTMLElement, percent: number | null, title: string): void {
    setText(target, formatPercent(percent));
    target.className = `quotes-cell q-${target.dataset["column"]} ${trendClass(percent)}`;
    target.title = title;
  }

  private showAmount(target: HTMLElement, amount: number | null, quote: string): void {
    setText(target, withCurrency(formatCompact(amount), quote));
    target.title = amount === null ? "The provider does not say it." : withCurrency(plainPrice(amount), quote);
  }
}

function pastWords(past: PastPrice | undefined, period: string, { row, zone }: QuoteFacts): string {
  if (!past) return `Our own candles hold no price of ${period} before.`;
  const then = withCurrency(formatPrice(past.price), row.entry.quote);
  return `${OWN} ${then} at ${formatMoment(past.timeMs, zone)} ${zoneLabel(zone)}.`;
}

function cell(column: string, ...children: Node[]): HTMLElement {
  const made = element("div", `quotes-cell q-${column}`, ...children);
  made.setAttribute("role", "cell");
  made.dataset["column"] = column;
  return made;
}
