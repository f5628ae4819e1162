// Numbers and times as text. Nothing here rounds a price to look nicer than it
// is: the digits shown follow its size, and null is a dash, never a zero.
const DASH = "—";
const MINUS = "−";

/** Decimals that show at least five significant digits of a price, and at least two. */
export function priceDecimals(price: number): number {
  const size = Math.abs(price);
  if (size === 0) return 2;
  return Math.min(12, Math.max(2, 4 - Math.floor(Math.log10(size))));
}

export function formatPrice(price: number | null, decimals?: number): string {
  if (price === null) return DASH;
  const digits = decimals ?? priceDecimals(price);
  return price.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** A signed percentage with two decimals; "0.00%" has no sign. */
export function formatPercent(percent: number | null): string {
  if (percent === null || Number.isNaN(percent)) return DASH;
  const text = Math.abs(percent).toFixed(2);
  if (Number(text) === 0) return "0.00%";
  return `${percent < 0 ? MINUS : "+"}${text}%`;
}

/** 1.92T, 38.4B, 512.0M, 7,120. */
export function formatCompact(amount: number | null): string {
  if (amount === null) return DASH;
  const units: [number, string][] = [[1e12, "T"], [1e9, "B"], [1e6, "M"]];
  for (const [size, letter] of units) {
    if (Math.abs(amount) >= size) return `${(amount / size).toFixed(2)}${letter}`;
  }
  const digits = Math.abs(amount) >= 1000 ? 0 : 3;
  return amount.toLocaleString("en-US", { maximumFractionDigits: digits });
}

/** An age in the largest fitting unit: "8 s", "4 min", "3 h", "12 d". */
export function formatAge(ageMs: number): string {
  const seconds = Math.floor(ageMs / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** A countdown: "0:42", "14:03", "3:59:10". */
export function formatCountdown(leftMs: number): string {
  const total = Math.max(0, Math.ceil(leftMs / 1000));
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor(total / 60) % 60;
  const seconds = String(total % 60).padStart(2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${seconds}` : `${minutes}:${seconds}`;
}

/** The provider's id as a name: "avalanche-2" -> "Avalanche". */
export function coinName(coin: string): string {
  const words = coin.replace(/-\d+$/, "").split(/[-_]/).filter(Boolean);
  const name = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(" ");
  return name || coin;
}

const SOURCE_NAMES: Record<string, string> = {
  coingecko: "CoinGecko",
  coingecko_chart: "CoinGecko history",
  binance_spot: "Binance spot",
  binance_usdm: "Binance futures",
  kraken: "Kraken",
  recording: "Recording",
};

/** A source's id as people know it; an unknown id stays as it is. */
export function sourceName(source: string): string {
  return SOURCE_NAMES[source] ?? source;
}
