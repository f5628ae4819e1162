// A round mark for a coin, letters on a hue of its own, and its short name. The
// coins' logos belong to others and would have to be fetched from elsewhere.
import type { Coin } from "../api/types";

/** Ticker and hue of the coins that are there by default. */
const KNOWN: Record<string, [ticker: string, hue: number]> = {
  bitcoin: ["BTC", 33],
  ethereum: ["ETH", 228],
  solana: ["SOL", 276],
  cardano: ["ADA", 216],
  ripple: ["XRP", 205],
  polkadot: ["DOT", 328],
  dogecoin: ["DOGE", 46],
  chainlink: ["LINK", 222],
  tron: ["TRX", 354],
  "avalanche-2": ["AVAX", 2],
};

const PAIR = /^(.{2,})(USDT|USDC|USD)$/;

/** A symbol taken apart: exchanges name a pair ("BTCUSDT"), CoinGecko the coin ("btc"). */
export function market(coin: Pick<Coin, "coin" | "symbol">): { base: string; quote: string } {
  const symbol = coin.symbol?.toUpperCase();
  const pair = symbol ? PAIR.exec(symbol) : null;
  if (pair) return { base: pair[1]!, quote: pair[2]! };
  return { base: symbol ?? KNOWN[coin.coin]?.[0] ?? coin.coin.toUpperCase(), quote: "USD" };
}

export function coinHue(coin: string): number {
  const known = KNOWN[coin]?.[1];
  if (known !== undefined) return known;
  let hash = 0;
  for (const letter of coin) hash = (hash * 31 + letter.charCodeAt(0)) % 360;
  return hash;
}

export function paintAvatar(target: HTMLElement, coin: Pick<Coin, "coin" | "symbol">): void {
  target.style.setProperty("--hue", String(coinHue(coin.coin)));
  target.textContent = market(coin).base.slice(0, 4);
}
