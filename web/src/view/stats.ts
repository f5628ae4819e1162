// The facts under the chart and the line about the lake in the footer.
import type { Status } from "../api/types";
import { formatCompact, sourceName } from "../format";
import { type CoinEntry, priceTimeMs } from "../state/market";
import { formatMomentSeconds, formatSeconds, type Zone, zoneLabel } from "../zone";
import { byId, element, setText } from "./dom";

function dollars(amount: number | null): string {
  return amount === null ? "—" : `$${formatCompact(amount)}`;
}

export class Stats {
  private readonly root = byId("stats");
  private readonly lake = byId("lake");
  private readonly coinGecko = byId("credits-coingecko");
  private readonly extra = byId("credits-extra");

  show(entry: CoinEntry, zone: Zone): void {
    const time = priceTimeMs(entry);
    const facts: [string, string][] = [
      ["Price time", `${formatMomentSeconds(time, zone)}${zone === "utc" ? " UTC" : ""}`],
      ["Market cap", dollars(entry.market_cap)],
      ["Volume, rolling 24 h", dollars(entry.volume_24h)],
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

  /** Where the numbers come from. CoinGecko is named until it is known that nothing is theirs. */
  showCredits(sources: string[]): void {
    const fromCoinGecko = (source: string): boolean => source.startsWith("coingecko");
    const venues = [...new Set(sources)].filter((source) => !fromCoinGecko(source));
    this.coinGecko.hidden = sources.length > 0 && !sources.some(fromCoinGecko);
    setText(this.extra, venues.length > 0 ? `Trades: ${venues.map(sourceName).join(", ")}` : "");
  }

  showLake(status: Status, zone: Zone): void {
    const layers = ["bronze", "silver", "gold"].flatMap((layer) => {
      const table = status.tables[layer];
      return table && table.version !== null ? [`${layer} v${table.version}`] : [];
    });
    const clock = `${formatSeconds(Date.parse(status.now), zone)} ${zoneLabel(zone)}`;
    const tables = layers.length > 0 ? layers.join(" · ") : "no tables yet";
    setText(this.lake, [`Delta Lake ${tables}`, `as of ${clock}`, `cryptostream ${status.version}`].join(" — "));
  }
}
