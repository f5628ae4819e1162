// The facts under the chart.
import { formatCompact, sourceName, withCurrency } from "../format";
import { type CoinEntry, priceTimeMs } from "../state/market";
import { formatMomentSeconds, type Zone } from "../zone";
import { byId, element, setText } from "./dom";

export class Stats {
  private readonly root = byId("stats");

  show(entry: CoinEntry, zone: Zone): void {
    const time = priceTimeMs(entry);
    const facts: [string, string][] = [
      ["Price time", `${formatMomentSeconds(time, zone)}${zone === "utc" ? " UTC" : ""}`],
      ["Market cap", withCurrency(formatCompact(entry.market_cap), entry.quote)],
      ["Volume, rolling 24 h", withCurrency(formatCompact(entry.volume_24h), entry.quote)],
      ["Source", sourceName(entry.source)],
    ];
    if (this.root.childElementCount === facts.length) {
      facts.forEach(([, value], index) => setText(this.root.children[index]!.lastElementChild!, value));
      return;
    }
    this.root.replaceChildren(
      ...facts.map(([name, value]) => element("div", "", element("dt", "", name), element("dd", "", value))),
    );
  }
}
