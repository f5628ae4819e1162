// The switches of the page and their keys: those of every view (which view, time
// zone, theme) and those of a coin's chart (interval, range, style, table). Each only
// reports what was chosen; the site and its pages decide what follows.
import { INTERVALS, type Interval } from "./api/types";
import type { Indicator } from "./data/indicators";
import { RANGES, type Range } from "./data/range";
import { type ChartScale, type ChartStyle, type Route, routeQuery, type View, VIEWS } from "./state/route";
import { byId, element } from "./view/dom";
import { IndicatorMenu } from "./view/indicator_menu";
import { Segmented } from "./view/segmented";
import type { Zone } from "./zone";

export interface SiteHandlers {
  onView(view: View): void;
  onZone(zone: Zone): void;
  onTheme(): void;
}

export class SiteControls {
  private readonly zone: Segmented<Zone>;
  private readonly links = [...byId("views").querySelectorAll<HTMLAnchorElement>("a[data-view]")];

  constructor(private readonly handlers: SiteHandlers) {
    this.zone = new Segmented(byId("zone-switch"), (zone) => handlers.onZone(zone));
    byId("theme-toggle").addEventListener("click", () => handlers.onTheme());
    for (const link of this.links) link.addEventListener("click", (event) => this.onView(event, link));
    document.addEventListener("keydown", (event) => {
      if (isPlainKey(event) && event.key === "t") handlers.onTheme();
    });
  }

  show({ route, zone }: { route: Route; zone: Zone }): void {
    this.zone.set(zone);
    for (const link of this.links) {
      const view = VIEWS.find((one) => one === link.dataset["view"])!;
      link.setAttribute("href", routeQuery({ ...route, view }) || "./");
      if (view === route.view) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }

  private onView(event: MouseEvent, link: HTMLAnchorElement): void {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return; // another tab: the link knows how
    event.preventDefault();
    if (!link.hasAttribute("aria-current")) this.handlers.onView(link.dataset["view"] as View);
  }
}

export interface CoinHandlers {
  onInterval(interval: Interval): void;
  onRange(range: Range): void;
  onStyle(style: ChartStyle): void;
  onScale(scale: ChartScale): void;
  onIndicators(indicators: Indicator[]): void;
  onTable(visible: boolean): void;
  /** Keys of the chart mean nothing where there is none. */
  isShown(): boolean;
}

export class CoinControls {
  private readonly interval: Segmented<Interval>;
  private readonly range: Segmented<Range>;
  private readonly style: Segmented<ChartStyle>;
  private readonly scale: Segmented<ChartScale>;
  private readonly menu: IndicatorMenu;
  private readonly table = byId("table-toggle");

  constructor(private readonly handlers: CoinHandlers) {
    const intervals = byId("interval-switch");
    intervals.append(...INTERVALS.map((interval, index) => choice(interval, `${interval} candles (${index + 1})`)));
    this.interval = new Segmented(intervals, (interval) => handlers.onInterval(interval));
    const ranges = byId("range-switch");
    ranges.append(...RANGES.map((range) => choice(range, RANGE_TITLES[range])));
    this.range = new Segmented(ranges, (range) => handlers.onRange(range));
    this.style = new Segmented(byId("style-switch"), (style) => handlers.onStyle(style));
    this.scale = new Segmented(byId("scale-switch"), (scale) => handlers.onScale(scale));
    this.menu = new IndicatorMenu((indicators) => handlers.onIndicators(indicators));
    this.table.addEventListener("click", () => this.toggleTable());
    document.addEventListener("keydown", (event) => this.onKey(event));
  }

  show(interval: Interval, route: Route, hasVolume: boolean): void {
    this.interval.set(interval);
    this.range.set(route.range);
    this.style.set(route.style);
    this.scale.set(route.scale);
    this.menu.show(route.indicators, hasVolume);
  }

  private toggleTable(): void {
    const visible = this.table.getAttribute("aria-pressed") !== "true";
    this.table.setAttribute("aria-pressed", String(visible));
    this.handlers.onTable(visible);
  }

  private onKey(event: KeyboardEvent): void {
    if (!isPlainKey(event) || !this.handlers.isShown()) return;
    const interval = INTERVALS[Number(event.key) - 1];
    if (interval) this.handlers.onInterval(interval);
  }
}

export const RANGE_TITLES: Record<Range, string> = {
  "1H": "The last hour",
  "1D": "The last day",
  "7D": "The last seven days",
  "1M": "The last 30 days",
  "3M": "The last 90 days",
  "1Y": "The last 365 days",
  All: "Everything from the first candle on",
};

/** A key that is meant for the page, not for a field or the browser. */
function isPlainKey(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  return !(event.target instanceof HTMLElement && event.target.closest("input, select, textarea") !== null);
}

export function choice(value: string, title: string): HTMLButtonElement {
  const button = element("button", "", value);
  button.type = "button";
  button.dataset["value"] = value;
  button.title = title;
  button.setAttribute("role", "radio");
  return button;
}
