// The list of coins: a listbox whose arrows move the choice. Rows are kept and
// updated in place, so that focus and scroll position survive every tick. Of very many
// coins it has the first ones, and above them the chosen one; the market has all.
import type { CoinEntry } from "../state/market";
import type { FreshnessState } from "../api/types";
import { CoinRow } from "./coin_row";

export type StateOf = (entry: CoinEntry) => FreshnessState;

export const MOST_ROWS = 200;

export class CoinList {
  private rows = new Map<string, CoinRow>();
  private selected: string | undefined;

  constructor(
    private readonly root: HTMLElement,
    private readonly onChoose: (coin: string) => void,
  ) {
    root.addEventListener("click", (event) => {
      const coin = (event.target as Element).closest<HTMLElement>(".coin")?.dataset["coin"];
      if (coin) this.onChoose(coin);
    });
    root.addEventListener("keydown", (event) => this.onKey(event));
  }

  /** Shows these coins in this order. */
  show(all: CoinEntry[], stateOf: StateOf): void {
    const rows = new Map<string, CoinRow>();
    const first = all.slice(0, MOST_ROWS);
    const chosen = all.find((entry) => entry.coin === this.selected);
    const coins = chosen && !first.includes(chosen) ? [chosen, ...first] : first;
    for (const entry of coins) {
      const row = this.rows.get(entry.coin) ?? new CoinRow(entry.coin);
      row.show(entry, stateOf(entry));
      rows.set(entry.coin, row);
    }
    const sameOrder = [...rows.keys()].join() === [...this.rows.keys()].join();
    this.rows = rows;
    if (!sameOrder) this.root.replaceChildren(...[...rows.values()].map((row) => row.root));
    if (this.selected) this.select(this.selected);
  }

  showCoin(entry: CoinEntry, stateOf: StateOf): void {
    this.rows.get(entry.coin)?.show(entry, stateOf(entry));
  }

  showStates(coins: CoinEntry[], stateOf: StateOf): void {
    for (const entry of coins) this.rows.get(entry.coin)?.showState(stateOf(entry));
  }

  select(coin: string): void {
    const moved = coin !== this.selected;
    this.selected = coin;
    for (const row of this.rows.values()) row.select(row.coin === coin);
    if (moved) this.rows.get(coin)?.root.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  private onKey(event: KeyboardEvent): void {
    const coins = [...this.rows.keys()];
    const at = coins.indexOf(this.selected ?? "");
    const last = coins.length - 1;
    const target = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: last }[event.key];
    if (target === undefined || last < 0) return;
    event.preventDefault();
    const coin = coins[Math.min(last, Math.max(0, target))]!;
    this.rows.get(coin)?.root.focus();
    if (coin !== this.selected) this.onChoose(coin);
  }
}
