// How a coin is called: as its provider calls it. Ids are not names ("usd-coin",
// "avalanche-2"), so none is made up from one; the coins that are there by default are
// known by heart, for recordings that say no name, and any other is shown by its id.
import type { Coin } from "../api/types";

interface Known {
  name: string;
  symbol: string;
  hue: number;
}

const KNOWN = new Map<string, Known>(Object.entries({
  bitcoin: { name: "Bitcoin", symbol: "BTC", hue: 33 },
  ethereum: { name: "Ethereum", symbol: "ETH", hue: 228 },
  solana: { name: "Solana", symbol: "SOL", hue: 276 },
  cardano: { name: "Cardano", symbol: "ADA", hue: 216 },
  ripple: { name: "XRP", symbol: "XRP", hue: 205 },
  polkadot: { name: "Polkadot", symbol: "DOT", hue: 328 },
  dogecoin: { name: "Dogecoin", symbol: "DOGE", hue: 46 },
  chainlink: { name: "Chainlink", symbol: "LINK", hue: 222 },
  tron: { name: "TRON", symbol: "TRX", hue: 354 },
  "avalanche-2": { name: "Avalanche", symbol: "AVAX", hue: 2 },
}));

export function coinName(coin: Pick<Coin, "coin" | "name">): string {
  return coin.name || KNOWN.get(coin.coin)?.name || coin.coin;
}

/** What is traded against what. Exchanges name the pair ("BTCUSDT"), CoinGecko the coin ("btc"); the currency is the row's own. */
export function market(coin: Pick<Coin, "coin" | "symbol" | "quote">): { base: string; quote: string } {
  const symbol = coin.symbol?.toUpperCase() ?? "";
  const quote = coin.quote.toUpperCase();
  const pair = symbol.length > quote.length + 1 && symbol.endsWith(quote);
  const base = pair ? symbol.slice(0, -quote.length).replace(/[/_:.-]$/, "") : symbol;
  return { base: base || KNOWN.get(coin.coin)?.symbol || coin.coin, quote };
}

export function coinHue(coin: string): number {
  const known = KNOWN.get(coin)?.hue;
  if (known !== undefined) return known;
  let hash = 0;
  for (const letter of coin) hash = (hash * 31 + letter.charCodeAt(0)) % 360;
  return hash;
}
