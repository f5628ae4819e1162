// The footer: whose numbers these are, and the state of the lake they come from.
import type { Status } from "../api/types";
import { sourceName } from "../format";
import { formatSeconds, type Zone, zoneLabel } from "../zone";
import { byId, setText } from "./dom";

export class Footer {
  private readonly lake = byId("lake");
  private readonly coinGecko = byId("credits-coingecko");
  private readonly extra = byId("credits-extra");

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
