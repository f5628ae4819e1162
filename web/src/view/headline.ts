// The chosen coin: name, price, change, and the badge that says how old the
// price is. The badge is recomputed each second, so silence alone turns it stale.
import type { FreshnessState, Mode } from "../api/types";
import type { Freshness } from "../data/freshness";
import { coinName, market } from "../data/coin_label";
import { formatAge, formatPercent, formatPrice, plainPrice, sourceName } from "../format";
import type { CoinEntry } from "../state/market";
import { paintAvatar } from "./avatar";
import { byId, element, flash, setText, trendClass } from "./dom";

const WORDS: Record<FreshnessState, string> = {
  live: "Live",
  delayed: "Delayed",
  stale: "Stale",
  replay: "Replay",
};

/** What the badge says behind its word. */
export function ageText(fresh: Freshness, mode: Mode): string {
  if (fresh.ageMs === null) return mode === "replay" ? "nothing is coming in" : "no price yet";
  if (mode === "live") return `price is ${formatAge(fresh.ageMs)} old`;
  return fresh.state === "stale" ? `nothing for ${formatAge(fresh.ageMs)}` : "recorded data";
}

/** Why the badge says what it says, for the tooltip. */
export function badgeReason(mode: Mode): string {
  return mode === "replay"
    ? "A recording is played back; these are not current prices. Stale once nothing is received any more."
    : "Counted from the time of the price itself, not from when it was fetched.";
}

/** The tab's title; without a price where nobody keeps it up to date. */
export function pageTitle(entry: CoinEntry, mode: Mode, visible: boolean): string {
  const price = visible ? `${formatPrice(entry.price)} ` : "";
  return `${mode === "replay" ? "replay · " : ""}${price}${market(entry).base} · CryptoStream`;
}

export class Headline {
  private readonly name = byId("coin-name");
  private readonly subtitle = byId("coin-subtitle");
  private readonly avatar = byId("coin-avatar");
  private readonly price = byId("price");
  private readonly change = byId("change");
  private readonly badge = byId("badge");
  private shown: { coin: string; price: number } | undefined;

  show(entry: CoinEntry): void {
    setText(this.name, coinName(entry));
    const { base, quote } = market(entry);
    setText(this.subtitle, `${base} / ${quote} · ${sourceName(entry.source)}`);
    paintAvatar(this.avatar, entry);
    setText(this.price, formatPrice(entry.price));
    this.price.title = plainPrice(entry.price);
    this.change.className = `change ${trendClass(entry.change_24h_pct)}`;
    const known = entry.change_24h_pct !== null;
    const period = element("span", "change-period", known ? " 24 h" : "no 24 h change in this data");
    this.change.replaceChildren(known ? formatPercent(entry.change_24h_pct) : "", period);
    if (this.shown?.coin === entry.coin && this.shown.price !== entry.price) flash(this.price, entry.direction);
    this.shown = { coin: entry.coin, price: entry.price };
  }

  showFreshness(fresh: Freshness, mode: Mode): void {
    const [, word, age] = this.badge.children;
    this.badge.dataset["state"] = fresh.state;
    this.badge.title = badgeReason(mode);
    setText(word!, WORDS[fresh.state]);
    setText(age!, ageText(fresh, mode));
  }
}
