// The start: all coins as a table that can be sorted and searched. Prices move as
// they come; the order only when nobody points at a row, so that none slips away
// from under a finger.
import { percentSince } from "../data/changes";
import { coinName } from "../data/coin_label";
import { type MarketRow, matches, nextSorting, parseSorting, ranks, SORT_KEYS, type SortKey, sortingText, sortRows } from "../data/market_rows";
import { type CoinEntry, priceTimeMs } from "../state/market";
import { OwnPrices } from "../state/own_prices";
import { type Route, routeQuery } from "../state/route";
import { byId, setText } from "../view/dom";
import { EmptyView } from "../view/empty";
import { type QuoteFacts, QuoteRow } from "../view/quote_row";
import { VirtualRows } from "../view/virtual_rows";
import { zoneLabel } from "../zone";
import type { Page, Site } from "./site";

const ROW_HEIGHT = 56;
/** Sorted by a figure that needs candles, so many coins are asked for, not only those in view. */
const MOST_SORTED = 500;
/** Columns that vanish where no row has a value. */
const OPTIONAL: Record<string, (row: MarketRow) => number | null> = {
  rank: (row) => row.rank,
  change_1h: (row) => row.change1h,
  change_24h: (row) => row.entry.change_24h_pct,
  change_7d: (row) => row.change7d,
  market_cap: (row) => row.entry.market_cap,
  volume_24h: (row) => row.entry.volume_24h,
  week: (row) => (row.hasWeek ? 1 : null),
};
const OWN = ["change_1h", "change_7d", "week"];

export class MarketPage implements Page {
  readonly root = byId("market-view");
  private readonly table = byId("quotes-table");
  private readonly summary = byId("market-summary");
  private readonly search = byId<HTMLInputElement>("market-search");
  private readonly onlyFavourites = byId("market-favourites");
  private readonly empty = new EmptyView(byId("market-empty"));
  private readonly rows: VirtualRows<MarketRow>;
  private readonly own: OwnPrices;
  private all: MarketRow[] = [];
  private shown: MarketRow[] = [];
  private current: string | undefined;
  private news = false;

  constructor(private readonly site: Site) {
    this.own = new OwnPrices(() => (this.news = true));
    const space = byId("quotes-space");
    this.rows = new VirtualRows<MarketRow>(
      byId("quotes-scroll"), space, ROW_HEIGHT, (row) => row.entry.coin, () => new QuoteRow((row) => this.factsOf(row)), () => this.askForPast(),
    );
    this.search.addEventListener("input", () => this.change({ search: this.search.value }));
    this.onlyFavourites.addEventListener("click", () => this.change({ favourites: !this.site.route.favourites }));
    for (const button of this.table.querySelectorAll<HTMLElement>("[data-sort]")) {
      button.addEventListener("click", () => this.sortBy(button.dataset["sort"] as SortKey));
    }
    space.addEventListener("click", (event) => this.onClick(event));
    space.addEventListener("keydown", (event) => this.onKey(event));
    document.addEventListener("keydown", (event) => this.onSlash(event));
  }

  async follow(): Promise<void> {
    this.site.watch("", "1d"); // prices of all coins, candles of none
    if (this.search.value !== this.site.route.search) this.search.value = this.site.route.search;
    this.showAll();
  }

  leave(): void {
    this.own.want([]);
  }

  showAll(): void {
    const places = ranks(this.site.market.coins);
    this.all = this.site.market.coins.map((entry) => this.rowOf(entry, places.get(entry.coin) ?? null));
    this.arrange(this.isHeld());
    this.showTitle();
  }

  showPrices(coins: ReadonlySet<string>): void {
    for (const row of this.all) {
      if (!coins.has(row.entry.coin)) continue;
      // The list may have been read anew since: the row keeps its place and takes the newer entry.
      row.entry = this.site.market.coin(row.entry.coin) ?? row.entry;
      this.derive(row);
    }
    this.rows.update(coins);
  }

  everySecond(): void {
    if (this.news || !this.isHeld()) {
      this.news = false;
      this.all.forEach((row) => this.derive(row));
      if (this.isHeld()) this.rows.update(new Set(this.rows.shown.map((row) => row.entry.coin)));
      else this.arrange();
    }
    for (const row of this.rows.shown) (this.rows.rowOf(row.entry.coin) as QuoteRow | undefined)?.showAge(this.factsOf(row));
    this.showSummary();
    this.showEmptiness();
  }

  onCandle(): void {}

  async catchUp(): Promise<void> {}

  fail(): void {
    this.showEmptiness();
  }

  repaint(): void {}

  onVisible(visible: boolean): void {
    if (visible) this.askForPast();
    else this.own.want([]);
  }

  private showTitle(): void {
    this.site.setTitle(`${this.site.market.mode === "replay" ? "replay · " : ""}Market · CryptoStream`);
  }

  private rowOf(entry: CoinEntry, rank: number | null): MarketRow {
    const row: MarketRow = { entry, rank, change1h: null, change7d: null, hasWeek: false, priceTimeMs: 0 };
    this.derive(row);
    return row;
  }

  private derive(row: MarketRow): void {
    row.change1h = percentSince(row.entry.price, this.own.hourAgo(row.entry));
    row.change7d = percentSince(row.entry.price, this.own.weekAgo(row.entry));
    row.hasWeek = this.own.week(row.entry).filter((price) => price !== null).length > 1;
    row.priceTimeMs = priceTimeMs(row.entry);
  }

  private factsOf(row: MarketRow): QuoteFacts {
    const { entry } = row;
    const fresh = this.site.freshnessOf(entry);
    return {
      row, hourAgo: this.own.hourAgo(entry), weekAgo: this.own.weekAgo(entry), week: this.own.week(entry),
      state: fresh.state, ageMs: fresh.ageMs, favourite: this.site.favourites.has(entry.coin),
      current: entry.coin === this.currentCoin(), href: routeQuery(this.routeOf(entry.coin)), zone: this.site.zone,
    };
  }

  private currentCoin(): string | undefined {
    if (this.current !== undefined && this.shown.some((row) => row.entry.coin === this.current)) return this.current;
    return this.shown[0]?.entry.coin;
  }

  /** Somebody points at a row, or is at one with the keyboard. */
  private isHeld(): boolean {
    return this.table.matches(":hover") || this.table.contains(document.activeElement);
  }

  /** Which rows, in which order; with `inPlace` those that are shown stay where they are. */
  private arrange(inPlace = false): void {
    const { search, favourites, sort } = this.site.route;
    const found = this.all.filter((row) => matches(row.entry, search) && (!favourites || this.site.favourites.has(row.entry.coin)));
    const places = new Map(this.shown.map((row, index) => [row.entry.coin, index]));
    this.shown = sortRows(found, parseSorting(sort));
    if (inPlace) this.shown.sort((a, b) => (places.get(a.entry.coin) ?? Infinity) - (places.get(b.entry.coin) ?? Infinity) || 0);
    this.table.setAttribute("aria-rowcount", String(this.shown.length + 1));
    this.showColumns();
    this.rows.setItems(this.shown);
    this.showSummary();
    this.showEmptiness();
  }

  private showColumns(): void {
    const sorting = parseSorting(this.site.route.sort);
    for (const [column, valueOf] of Object.entries(OPTIONAL)) {
      // What comes out of candles may still be on its way; a column that came and went would be worse.
      const waiting = OWN.includes(column) && !this.own.settled;
      this.table.classList.toggle(`without-${column}`, !waiting && this.all.every((row) => valueOf(row) === null));
    }
    for (const key of SORT_KEYS) {
      const head = this.table.querySelector(`[data-sort="${key}"]`)!.parentElement!;
      head.setAttribute("aria-sort", sorting.key !== key ? "none" : sorting.descending ? "descending" : "ascending");
    }
    this.onlyFavourites.setAttribute("aria-pressed", String(this.site.route.favourites));
  }

  private showSummary(): void {
    const count = this.all.length;
    const coins = count === 1 ? "1 coin" : `${count.toLocaleString("en-US")} coins`;
    const part = this.shown.length === count ? coins : `${this.shown.length.toLocaleString("en-US")} of ${coins}`;
    const states = { live: 0, delayed: 0, stale: 0, replay: 0 };
    for (const row of this.all) states[this.site.freshnessOf(row.entry).state]++;
    const ages = Object.entries(states).flatMap(([state, some]) => (some > 0 ? [`${some.toLocaleString("en-US")} ${state}`] : []));
    setText(this.summary, count === 0 ? "" : `${part} · ${ages.join(", ")} · times in ${zoneLabel(this.site.zone)}`);
  }

  private showEmptiness(): void {
    this.table.hidden = this.shown.length === 0;
    const { market, serverMessage, route, favourites } = this.site;
    if (this.shown.length > 0) return this.empty.hide();
    if (this.all.length > 0) {
      const none = route.favourites && favourites.count === 0;
      return this.empty.show({
        title: none ? "No favourites yet" : "No coin like this",
        text: none ? "A click on a star makes a coin one. They are kept in this browser." : `Of ${this.all.length} coins none has all of this in its name, symbol or id.`,
        busy: false,
        action: { label: "Show all coins", run: () => this.change({ search: "", favourites: false }) },
      });
    }
    if (serverMessage !== null) return this.empty.show({ title: "Nothing could be loaded", text: `${serverMessage}; trying again`, busy: true });
    if (market.status === undefined) return this.empty.show({ title: "Loading", text: "Asking the server for its coins.", busy: true });
    const words = market.sources.map((source) => source.message).filter(Boolean);
    this.empty.show({ title: "Waiting for the first price", text: words.join(" · ") || "The source has not delivered a price yet.", busy: true });
  }

  private askForPast(): void {
    if (document.hidden || this.root.hidden) return;
    const { key } = parseSorting(this.site.route.sort);
    const seen = this.rows.shown.map((row) => row.entry);
    const all = key === "change_1h" || key === "change_7d" ? this.all.slice(0, MOST_SORTED).map((row) => row.entry) : [];
    this.own.want([...new Set([...seen, ...all])]);
  }

  /** What is looked for and by what is sorted: said in the address, but no step back. */
  private change(some: Partial<Route>): void {
    this.site.note({ ...this.site.route, ...some });
    if (this.search.value !== this.site.route.search) this.search.value = this.site.route.search;
    this.rows.reveal(0);
    this.arrange();
    this.site.say(`${this.shown.length} of ${this.all.length} coins`);
  }

  private sortBy(key: SortKey): void {
    const sorting = nextSorting(parseSorting(this.site.route.sort), key);
    this.change({ sort: sortingText(sorting) });
    this.askForPast();
  }

  private routeOf(coin: string): Route {
    return { ...this.site.route, view: "coin", coin };
  }

  private onClick(event: MouseEvent): void {
    const target = event.target as Element;
    const coin = target.closest<HTMLElement>(".quotes-row")?.dataset["coin"];
    if (coin === undefined) return;
    if (target.closest(".star")) return this.toggleFavourite(coin);
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return; // another tab: the link knows how
    event.preventDefault();
    this.site.go(this.routeOf(coin));
  }

  private toggleFavourite(coin: string): void {
    const added = this.site.favourites.toggle(coin);
    const entry = this.site.market.coin(coin);
    this.rows.update(new Set([coin]));
    if (entry) this.site.say(`${coinName(entry)} is ${added ? "a favourite now" : "no favourite any more"}`);
    if (!added && this.site.route.favourites) this.arrange();
  }

  private onKey(event: KeyboardEvent): void {
    const at = this.shown.findIndex((row) => row.entry.coin === this.currentCoin());
    const last = this.shown.length - 1;
    const page = Math.max(1, Math.floor(byId("quotes-scroll").clientHeight / ROW_HEIGHT) - 1);
    const steps: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: last };
    const target = steps[event.key];
    if (target === undefined || last < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const before = this.currentCoin();
    const index = Math.min(last, Math.max(0, target));
    this.current = this.shown[index]!.entry.coin;
    this.rows.reveal(index);
    this.rows.update(new Set([before ?? "", this.current]));
    (this.rows.rowOf(this.current) as QuoteRow | undefined)?.focus();
  }

  private onSlash(event: KeyboardEvent): void {
    if (event.key !== "/" || this.root.hidden || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target instanceof HTMLInputElement) return;
    event.preventDefault();
    this.search.focus();
  }
}
