// A round mark for a coin: letters on a hue of its own. The coins' logos belong
// to others and would have to be fetched from elsewhere.
const HUES: Record<string, number> = {
  bitcoin: 33,
  ethereum: 228,
  solana: 276,
  cardano: 216,
  ripple: 205,
  polkadot: 328,
  dogecoin: 46,
  chainlink: 222,
  tron: 354,
  "avalanche-2": 2,
};

export function coinHue(coin: string): number {
  const known = HUES[coin];
  if (known !== undefined) return known;
  let hash = 0;
  for (const letter of coin) hash = (hash * 31 + letter.charCodeAt(0)) % 360;
  return hash;
}

export function paintAvatar(target: HTMLElement, coin: string, symbol: string | null): void {
  target.style.setProperty("--hue", String(coinHue(coin)));
  target.textContent = (symbol ?? coin).slice(0, 4).toUpperCase();
}
