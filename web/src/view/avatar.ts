// A round mark for a coin, letters on a hue of its own. The coins' logos belong to
// others and would have to be fetched from elsewhere.
import type { Coin } from "../api/types";
import { coinHue, market } from "../data/coin_label";

export function paintAvatar(target: HTMLElement, coin: Pick<Coin, "coin" | "symbol" | "quote">): void {
  target.style.setProperty("--hue", String(coinHue(coin.coin)));
  const letters = [...market(coin).base].slice(0, 4).join("");
  target.dataset["letters"] = String(letters.length);
  if (target.textContent !== letters) target.textContent = letters;
}
