// Numbers and times as text. Nothing here rounds a price to look nicer than it
// is: the digits shown follow its size, none stands for what nobody said, and null
// is a dash, never a zero.
const DASH = "—";
const MINUS = "−";
const SUBSCRIPT = "₀₁₂₃₄₅₆₇₈₉";

/** What the library and toFixed() can take; a smaller price than this has no digit to show. */
const MAX_DECIMALS = 100;
/** From here on a price is told in billions, trillions, ... */
const LARGE = 1e9;
const LARGE_DIGITS = 6;
/** So many zeros behind the point are counted instead of written: 0.0₁₂31. */
const MANY_ZEROS = 6;

// Kept: each toLocaleString() makes a formatter anew, which takes longer than to draw a row.
const WHOLE = new Intl.NumberFormat("en-US");
const PLAIN = new Intl.NumberFormat("en-US", { maximumFractionDigits: 20 });
const SIGNIFICANT = new Intl.NumberFormat("en-US", { maximumSignificantDigits: LARGE_DIGITS });
const SHORT = new Intl.NumberFormat("en-US", { maximumFractionDigits: 3 });

/** Decimals that show at least five significant digits of a price, and at least two. */
export function priceDecimals(price: number): number {
  const size = Math.abs(price);
  if (size === 0 || !Number.isFinite(size)) return 2;
  return Math.min(MAX_DECIMALS, Math.max(2, 4 - Math.floor(Math.log10(size))));
}

/** Decimals that these prices need beside each other, so that no column ends in zeros throughout. */
export function sharedDecimals(prices: number[]): number {
  const last = prices.at(-1);
  if (last === undefined) return 0;
  const most = priceDecimals(last);
  let needed = 0;
  for (const price of prices) {
    if (needed === most) break;
    const [, fraction = ""] = withoutZeros(price.toFixed(most)).split(".");
    needed = Math.max(needed, fraction.length);
  }
  return needed;
}

/** A price without zeros at its end; with `decimals`, exactly as many of them (a column, an axis). */
export function formatPrice(price: number | null, decimals?: number): string {
  if (price === null) return DASH;
  if (Math.abs(price) >= LARGE) return largePrice(price, LARGE_DIGITS);
  const fixed = price.toFixed(decimals ?? priceDecimals(price));
  const [whole = "", fraction = ""] = (decimals === undefined ? withoutZeros(fixed) : fixed).split(".");
  const grouped = WHOLE.format(Number(whole));
  const sign = price < 0 && !grouped.startsWith("-") ? "-" : "";
  return fraction === "" ? `${sign}${grouped}` : `${sign}${grouped}.${zerosCounted(whole, fraction)}`;
}

/** The whole number as digits, for a tooltip, for copying, and for being read aloud. */
export function plainPrice(price: number): string {
  return Math.abs(price) >= 1e-6 || price === 0 ? PLAIN.format(price) : String(price);
}

function withoutZeros(fixed: string): string {
  return fixed.includes(".") ? fixed.replace(/\.?0+$/, "") : fixed;
}

function zerosCounted(whole: string, fraction: string): string {
  const zeros = /^0*/.exec(fraction)![0].length;
  if (Number(whole) !== 0 || zeros < MANY_ZEROS || zeros === fraction.length) return fraction;
  const count = [...String(zeros)].map((digit) => SUBSCRIPT[Number(digit)]).join("");
  return `0${count}${fraction.slice(zeros)}`;
}

function largePrice(price: number, digits: number): string {
  const units: [number, string][] = [[1e15, "Q"], [1e12, "T"], [1e9, "B"]];
  const [size, letter] = units.find(([unit]) => Math.abs(price) >= unit)!;
  const amount = price / size;
  if (Math.abs(amount) >= 1e6) return price.toExponential(digits - 1);
  const format = digits === LARGE_DIGITS ? SIGNIFICANT : new Intl.NumberFormat("en-US", { maximumSignificantDigits: digits });
  return `${format.format(amount)}${letter}`;
}

/** Digits more than the usual ones that an axis may need; a number has no more than these. */
const MOST_MORE_DIGITS = 11;

/** Prices of an axis: with as many digits as it takes to tell neighbours apart. */
export function formatTicks(prices: readonly number[], decimals: number): string[] {
  const wanted = new Set(prices).size;
  for (let more = 0; ; more++) {
    const labels = prices.map((price) => {
      if (Math.abs(price) >= LARGE) return largePrice(price, LARGE_DIGITS + more);
      return formatPrice(price, Math.min(MAX_DECIMALS, decimals + more));
    });
    if (more === MOST_MORE_DIGITS || new Set(labels).size === wanted) return labels;
  }
}

/** Percentages of an axis: none is rounded by more than a tenth of the way to its neighbour. */
export function formatPercentTicks(percents: readonly number[]): string[] {
  const steps = percents.slice(1).map((percent, index) => Math.abs(percent - percents[index]!));
  const most = Math.min(...steps, 10) / 10;
  const isNear = (decimals: number): boolean => percents.every((one) => Math.abs(Number(one.toFixed(decimals)) - one) <= most);
  let decimals = 0;
  while (decimals < MOST_MORE_DIGITS && !isNear(decimals)) decimals++;
  return percents.map((percent) => signed(percent, decimals));
}

function signed(percent: number, decimals: number): string {
  const text = Math.abs(percent).toFixed(decimals);
  if (Number(text) === 0) return `${text}%`;
  return `${percent < 0 ? MINUS : "+"}${text}%`;
}

/** A signed percentage with two decimals; "0.00%" has no sign. */
export function formatPercent(percent: number | null): string {
  if (percent === null || Number.isNaN(percent)) return DASH;
  return signed(percent, 2);
}

/** 1.92T, 38.4B, 512.0M, 7,120. */
export function formatCompact(amount: number | null): string {
  if (amount === null) return DASH;
  const units: [number, string][] = [[1e12, "T"], [1e9, "B"], [1e6, "M"]];
  for (const [size, letter] of units) {
    if (Math.abs(amount) >= size) return `${(amount / size).toFixed(2)}${letter}`;
  }
  return SHORT.format(Math.abs(amount) >= 1000 ? Math.round(amount) : amount);
}

const SIGNS: Record<string, string> = { usd: "$", eur: "€", gbp: "£", jpy: "¥", inr: "₹", krw: "₩" };

/** An amount with its currency: "$60,000", "1.9T USDT". `text` is the amount as it is to be read. */
export function withCurrency(text: string, quote: string): string {
  if (text === DASH || quote === "") return text;
  const sign = SIGNS[quote.toLowerCase()];
  return sign ? `${sign}${text}` : `${text} ${quote.toUpperCase()}`;
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
