// One coin in the list: name, line of closes, price, change, and a dot that
// says how fresh its price is.
import type { FreshnessState } from "../api/types";
import { coinName, market } from "../data/coin_label";
import { formatPercent, formatPrice, plainPrice } from "../format";
import type { CoinEntry } from "../state/market";
import { paintAvatar } from "./avatar";
import { element, flash, setText, trendClass } from "./dom";
import { Sparkline, sparkTrend } from "./sparkline";

export class CoinRow {
  readonly root = element("div", "coin");
  private readonly spark = new Sparkline();
  private readonly price = element("span", "coin-price");
  private readonly change = element("span", "coin-change");
  private readonly dot = element("span", "dot");
  private shownPrice: number | undefined;

  private readonly avatar = element("span", "avatar");
  private readonly name = element("span", "coin-name");
  private readonly label = element("span");
  private readonly period = element("span", "sr-only", " in 24 hours");
  private readonly said = element("span", "sr-only");

  constructor(readonly coin: string) {
    this.avatar.setAttribute("aria-hidden", "true");
    const names = element(
      "div",
      "coin-names",
      this.name,
      element("span", "coin-symbol", this.dot, this.label),
    );
    const numbers = element("div", "coin-numbers", this.price, this.change, this.period, this.said);
    this.root.append(this.avatar, names, this.spark.root, numbers);
    this.root.setAttribute("role", "option");
    this.root.dataset["coin"] = coin;
  }

  show(entry: CoinEntry, state: FreshnessState): void {
    const price = formatPrice(entry.price);
    const change = formatPercent(entry.change_24h_pct);
    paintAvatar(this.avatar, entry);
    setText(this.name, coinName(entry));
    this.name.title = entry.coin;
    setText(this.label, market(entry).base);
    setText(this.price, price);
    this.price.title = plainPrice(entry.price);
    setText(this.change, change);
    this.period.hidden = entry.change_24h_pct === null;
    const trend = trendClass(entry.change_24h_pct);
    this.change.className = `coin-change ${trend}`;
    this.spark.draw(entry.spark, entry.change_24h_pct === null ? sparkTrend(entry.spark) : trend);
    this.showState(state);
    if (this.shownPrice !== undefined && this.shownPrice !== entry.price) flash(this.price, entry.direction);
    this.shownPrice = entry.price;
  }

  showState(state: FreshnessState): void {
    this.dot.dataset["state"] = state;
    this.dot.title = state;
    setText(this.said, `, ${state}`);
  }

  select(selected: boolean): void {
    this.root.setAttribute("aria-selected", String(selected));
    this.root.tabIndex = selected ? 0 : -1;
  }
}
