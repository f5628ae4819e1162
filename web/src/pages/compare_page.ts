// Up to eight coins beside each other, from the first moment at which all of them have
// a price: percent since then, or indexed to 100. Candles are read when the choice
// changes and every few minutes; in between the lines follow the prices that come.
import { type Close, commonStart, drawdowns, MOST_COMPARED, shares, takePrice, toCloses } from "../data/compare";
import { coinName, market } from "../data/coin_label";
import { matches } from "../data/market_rows";
import { intervalMs, windowStart } from "../data/interval";
import { type Range, RANGES } from "../data/range";
import { choice, RANGE_TITLES } from "../controls";
import { type Compared, loadCompared } from "../opening";
import type { CoinEntry } from "../state/market";
import type { Measure, Route } from "../state/route";
import { CompareChart, type ComparedLine, measured } from "../view/compare_chart";
import { type ComparedCoin, correlationTable, figuresTable } from "../view/compare_tables";
import { byId, element, setText } from "../view/dom";
import { EmptyView } from "../view/empty";
import { Segmented } from "../view/segmented";
import { formatMoment, zoneLabel } from "../zone";
import type { Page, Site } from "./site";

const USUAL_RANGE: Range = "7D";
const USUAL_COINS = 4;
/** Late candles are corrected: what was read is read again after a while. */
const REREAD_MS = 300_000;
const JUST_READ_MS = 5_000;
const MOST_OPTIONS = 500;

export class ComparePage implements Page {
  readonly root = byId("compare-view");
  private readonly chips = byId("compare-chips");
  private readonly input = byId<HTMLInputElement>("compare-add");
  private readonly options = byId("compare-options");
  private readonly summary = byId("compare-summary");
  private readonly tables = byId("compare-tables");
  private readonly empty = new EmptyView(byId("compare-empty"));
  private readonly range: Segmented<Range>;
  private readonly measure: Segmented<Measure>;
  private readonly chart: CompareChart;
  private opened: string | undefined;
  private readMs = 0;
  private loaded: Compared | undefined;
  private closes = new Map<string, Close[]>();
  private lines: ComparedLine[] = [];
  private startMs = 0;
  private pointedMs: number | null = null;
  private loading = false;
  private moved = false; // since the numbers were written

  constructor(private readonly site: Site) {
    const go = (some: Partial<Route>): void => site.go({ ...site.route, ...some });
    const ranges = byId("compare-range");
    ranges.append(...RANGES.map((range) => choice(range, RANGE_TITLES[range])));
    this.range = new Segmented(ranges, (range) => go({ range }));
    this.measure = new Segmented(byId("compare-measure"), (measure) => go({ measure }));
    this.chart = new CompareChart(byId("compare-chart"), site.zone, (openMs) => this.point(openMs));
    byId("compare-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.add(this.input.value);
    });
    this.chips.addEventListener("click", (event) => {
      const coin = (event.target as Element).closest<HTMLElement>("[data-remove]")?.dataset["remove"];
      if (coin !== undefined) go({ compared: this.coins.filter((one) => one !== coin) });
    });
  }

  private get coins(): string[] {
    return this.site.route.compared;
  }

  async follow(): Promise<void> {
    this.site.watch("", "1d"); // prices of all coins, candles of none
    const { market: all, route } = this.site;
    if (route.compared.length === 0 && all.coins.length > 0) this.site.note({ ...route, compared: this.usualCoins() });
    this.range.set(route.range ?? USUAL_RANGE);
    this.measure.set(route.measure);
    this.showChips();
    const entries = this.coins.flatMap((coin) => all.coin(coin) ?? []);
    const wanted = [route.range ?? USUAL_RANGE, all.mode, ...entries.map((entry) => `${entry.coin} ${entry.quote}`)].join("\n");
    const known = wanted === this.opened;
    if (entries.length === 0) return this.showNothing();
    if (known && performance.now() - this.readMs < REREAD_MS) return this.draw(false);
    this.opened = wanted;
    this.readMs = performance.now();
    this.loading = true;
    this.showNothingYet();
    const loaded = await loadCompared(entries, route.range ?? USUAL_RANGE);
    if (this.opened !== wanted) return;
    this.loading = false;
    this.loaded = loaded;
    this.closes = new Map([...loaded.bars].map(([coin, bars]) => [coin, toCloses(bars)]));
    this.draw(!known);
  }

  leave(): void {
    this.opened = undefined;
    this.loading = false;
  }

  showAll(): void {
    this.chart.setZone(this.site.zone);
    this.options.replaceChildren(
      ...this.site.market.coins.slice(0, MOST_OPTIONS).map((entry) => {
        const option = element("option", "", `${coinName(entry)} (${market(entry).base})`);
        option.value = entry.coin;
        return option;
      }),
    );
    this.showChips();
    this.showFigures();
    this.showTitle();
  }

  showPrices(coins: ReadonlySet<string>): void {
    if (!this.loaded) return;
    const { interval } = this.loaded;
    let begun = false;
    for (const [index, line] of this.lines.entries()) {
      const entry = coins.has(line.coin) ? this.site.market.coin(line.coin) : undefined;
      const closes = this.closes.get(line.coin);
      if (!entry || !closes) continue;
      const count = closes.length;
      if (!takePrice(closes, windowStart(Date.parse(entry.event_time), interval), entry.price)) continue;
      this.moved = true;
      begun ||= closes.length > count;
      this.measureLine(line, closes);
      if (!begun) this.chart.updateTail(index);
    }
    if (begun) this.draw(false);
    else this.showValues();
  }

  everySecond(): void {
    if (this.closes.size === 0 && !this.loading) this.showNothing();
    if (this.moved) this.showFigures();
  }

  onCandle(): void {}

  async catchUp(): Promise<void> {
    if (this.opened === undefined || performance.now() - this.readMs < JUST_READ_MS) return;
    this.readMs = -REREAD_MS;
    await this.follow();
  }

  fail(message: string): void {
    this.opened = undefined; // the next answer reads anew
    this.loading = false;
    if (this.closes.size === 0) this.empty.show({ title: "Nothing could be loaded", text: `${message}; trying again`, busy: true });
  }

  repaint(): void {
    this.chart.repaint(this.site.zone);
  }

  onVisible(): void {
    this.showTitle();
  }

  private showTitle(): void {
    this.site.setTitle(`${this.site.market.mode === "replay" ? "replay · " : ""}Compare · CryptoStream`);
  }

  /** Favourites if there are any, else the largest, else the first. */
  private usualCoins(): string[] {
    const { coins } = this.site.market;
    const favourites = coins.filter((entry) => this.site.favourites.has(entry.coin));
    const bySize = [...coins].sort((a, b) => (b.market_cap ?? 0) - (a.market_cap ?? 0));
    return (favourites.length > 1 ? favourites : bySize).slice(0, USUAL_COINS).map((entry) => entry.coin);
  }

  private add(text: string): void {
    const wanted = text.trim().toLowerCase();
    const { coins } = this.site.market;
    const isIt = (entry: CoinEntry): boolean => [entry.coin, coinName(entry), market(entry).base].some((name) => name.toLowerCase() === wanted);
    const entry = wanted === "" ? undefined : (coins.find(isIt) ?? coins.find((one) => matches(one, wanted)));
    if (!entry) return this.site.say(`No coin like ${text}`);
    this.input.value = "";
    if (this.coins.includes(entry.coin)) return this.site.say(`${coinName(entry)} is compared already`);
    this.site.go({ ...this.site.route, compared: [...this.coins, entry.coin] });
  }

  private draw(fit: boolean): void {
    if (!this.loaded) return;
    this.startMs = commonStart([...this.closes.values()]) ?? 0;
    this.lines = this.coins.flatMap((coin, color) => {
      const closes = this.closes.get(coin);
      if (!closes) return [];
      const line: ComparedLine = { coin, color, shares: [], drawdowns: [] };
      this.measureLine(line, closes);
      return line.shares.length > 0 ? [line] : [];
    });
    if (this.lines.length === 0) return this.showNothing();
    this.empty.hide();
    this.chart.draw(this.lines, intervalMs(this.loaded.interval), this.site.route.measure);
    if (fit) this.chart.fit();
    byId("compare-chart").dataset["lines"] = String(this.lines.length);
    this.showFigures();
    this.showValues();
  }

  private measureLine(line: ComparedLine, closes: Close[]): void {
    line.shares = shares(closes, this.startMs);
    line.drawdowns = drawdowns(line.shares);
  }

  private showFigures(): void {
    this.moved = false;
    if (!this.loaded || this.lines.length === 0) return;
    const stepMs = intervalMs(this.loaded.interval);
    const coins: ComparedCoin[] = this.lines.map(({ coin }) => {
      const entry = this.site.market.coin(coin);
      return { coin, name: entry ? coinName(entry) : coin, symbol: entry ? market(entry).base : coin, closes: this.closes.get(coin)! };
    });
    this.tables.replaceChildren(figuresTable(coins, this.startMs, this.site.zone), correlationTable(coins, stepMs, this.startMs));
  }

  private showChips(): void {
    const full = this.coins.length >= MOST_COMPARED;
    this.input.disabled = full;
    this.input.placeholder = full ? `${MOST_COMPARED} coins at most` : "Add a coin";
    this.chips.replaceChildren(...this.coins.map((coin, index) => this.chip(coin, index)));
    this.showValues();
  }

  private chip(coin: string, index: number): HTMLElement {
    const entry = this.site.market.coin(coin);
    const remove = element("button", "chip-remove", "×");
    remove.type = "button";
    remove.dataset["remove"] = coin;
    const name = entry ? coinName(entry) : coin;
    remove.setAttribute("aria-label", `Remove ${name}`);
    const chip = element("li", "chip", element("span", "chip-name", name), element("b", "chip-value"), remove);
    chip.dataset["coin"] = coin;
    chip.style.setProperty("--line", `var(--series-${index + 1})`);
    return chip;
  }

  /** The value of each coin at the crosshair, else its newest. */
  private showValues(): void {
    for (const chip of this.chips.children) {
      const { coin } = (chip as HTMLElement).dataset;
      const line = this.lines.find((one) => one.coin === coin);
      const at = this.pointedMs === null ? line?.shares.at(-1) : line?.shares.find((one) => one.openMs === this.pointedMs);
      const words = this.site.market.coin(coin) ? "no candles in this range" : "not in this lake";
      setText(chip.querySelector(".chip-value")!, line || this.loading || !this.loaded ? measured(at?.close, this.site.route.measure) : words);
    }
    this.showSummary();
  }

  private showSummary(): void {
    if (!this.loaded || this.lines.length === 0) return setText(this.summary, "");
    const { zone, route } = this.site;
    const since = `${formatMoment(this.startMs, zone)} ${zoneLabel(zone)}`;
    const what = route.measure === "percent" ? `Change since ${since}` : `Indexed to 100 at ${since}`;
    const quotes = new Set(this.lines.flatMap((line) => this.site.market.coin(line.coin)?.quote ?? []));
    const apart = quotes.size > 1 ? " · each in its own currency" : "";
    const at = this.pointedMs === null ? "" : ` · values of ${formatMoment(this.pointedMs, zone)}`;
    setText(this.summary, `${what} · closes of ${this.loaded.interval}${apart}${at}`);
  }

  private point(openMs: number | null): void {
    this.pointedMs = openMs;
    this.showValues();
  }

  private showNothingYet(): void {
    if (this.lines.length === 0) this.empty.show({ title: "Loading", text: "Asking the server for their candles.", busy: true });
  }

  private showNothing(): void {
    this.tables.replaceChildren();
    this.lines = [];
    const { market: all, serverMessage } = this.site;
    if (all.coins.length > 0) {
      const none = this.coins.length === 0;
      const text = none ? "Add a coin above." : "The lake holds no candles of them. They are shown as soon as some come.";
      return this.empty.show({ title: none ? "Nothing to compare" : "Nothing to compare in this range", text, busy: false });
    }
    if (serverMessage !== null) return this.fail(serverMessage);
    const words = all.sources.map((source) => source.message).filter(Boolean);
    const title = all.status ? "Waiting for the first price" : "Loading";
    this.empty.show({ title, text: words.join(" · ") || "Asking the server for its coins.", busy: true });
  }
}
