// The rows of the market: which coins, in which order, with which rank. No DOM.
import type { CoinEntry } from "../state/market";
import { coinName, market } from "./coin_label";

export const SORT_KEYS = ["rank", "name", "price", "change_1h", "change_24h", "change_7d", "market_cap", "volume_24h", "age"] as const;
export type SortKey = (typeof SORT_KEYS)[number];

export interface Sorting {
  key: SortKey;
  descending: boolean;
}

export interface MarketRow {
  entry: CoinEntry;
  /** Place by market cap, null where that is not known. */
  rank: number | null;
  change1h: number | null;
  change7d: number | null;
  /** There is a line to draw. */
  hasWeek: boolean;
  priceTimeMs: number;
}

/** "-price" as the address has it. Out: by rank, if it says nothing that can be sorted by. */
export function parseSorting(text: string | undefined): Sorting {
  const descending = text?.startsWith("-") ?? false;
  const key = SORT_KEYS.find((one) => one === (descending ? text!.slice(1) : text));
  return key ? { key, descending } : { key: "rank", descending: false };
}

export function sortingText({ key, descending }: Sorting): string | undefined {
  if (key === "rank" && !descending) return undefined;
  return descending ? `-${key}` : key;
}

/** A column that is clicked the first time begins with what is looked for: the largest number, the first name. */
export function nextSorting(now: Sorting, key: SortKey): Sorting {
  if (now.key === key) return { key, descending: !now.descending };
  return { key, descending: !["rank", "name", "age"].includes(key) };
}

/** Places by market cap. Amounts in two currencies cannot be compared: only those in the most frequent one have a place. */
export function ranks(entries: readonly CoinEntry[]): Map<string, number> {
  const known = entries.filter((entry) => entry.market_cap !== null && entry.market_cap > 0);
  const counts = new Map<string, number>();
  for (const { quote } of known) counts.set(quote, (counts.get(quote) ?? 0) + 1);
  const [quote] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? [];
  const ordered = known.filter((entry) => entry.quote === quote).sort((a, b) => b.market_cap! - a.market_cap!);
  return new Map(ordered.map((entry, index) => [entry.coin, index + 1]));
}

/** Whether a coin is what somebody looks for: each word in its name, symbol or id. */
export function matches(entry: CoinEntry, search: string): boolean {
  if (search === "") return true;
  const text = `${coinName(entry)} ${market(entry).base} ${entry.symbol ?? ""} ${entry.coin}`.toLowerCase();
  return search.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

function value(row: MarketRow, key: SortKey): number | string | null {
  switch (key) {
    case "rank": return row.rank;
    case "name": return coinName(row.entry).toLowerCase();
    case "price": return row.entry.price;
    case "change_1h": return row.change1h;
    case "change_24h": return row.entry.change_24h_pct;
    case "change_7d": return row.change7d;
    case "market_cap": return row.entry.market_cap;
    case "volume_24h": return row.entry.volume_24h;
    case "age": return -row.priceTimeMs;
  }
}

/** Sorted rows. What is not known comes last either way; what is equal stays in the server's order. */
export function sortRows(rows: readonly MarketRow[], { key, descending }: Sorting): MarketRow[] {
  const keyed = rows.map((row) => ({ row, by: value(row, key) }));
  keyed.sort((a, b) => {
    if (a.by === null || b.by === null) return Number(a.by === null) - Number(b.by === null);
    const order = typeof a.by === "string" ? a.by.localeCompare(String(b.by)) : a.by - Number(b.by);
    return descending ? -order : order;
  });
  return keyed.map(({ row }) => row);
}
