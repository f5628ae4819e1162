// The switches of the page: interval, chart style, time zone, theme, table, and
// their keys. Each only reports what was chosen; app.ts decides what follows.
import { INTERVALS, type Interval } from "./api/types";
import type { ChartStyle } from "./state/route";
import { byId, element } from "./view/dom";
import { Segmented } from "./view/segmented";
import type { Zone } from "./zone";

export interface ControlHandlers {
  onInterval(interval: Interval): void;
  onStyle(style: ChartStyle): void;
  onZone(zone: Zone): void;
  onTheme(): void;
  onTable(visible: boolean): void;
}

export class Controls {
  private readonly interval: Segmented<Interval>;
  private readonly style: Segmented<ChartStyle>;
  private readonly zone: Segmented<Zone>;
  private readonly table = byId("table-toggle");

  constructor(private readonly handlers: ControlHandlers) {
    const intervals = byId("interval-switch");
    intervals.append(...INTERVALS.map(intervalButton));
    this.interval = new Segmented(intervals, (interval) => handlers.onInterval(interval));
    this.style = new Segmented(byId("style-switch"), (style) => handlers.onStyle(style));
    this.zone = new Segmented(byId("zone-switch"), (zone) => handlers.onZone(zone));
    byId("theme-toggle").addEventListener("click", () => handlers.onTheme());
    this.table.addEventListener("click", () => this.toggleTable());
    document.addEventListener("keydown", (event) => this.onKey(event));
  }

  show(state: { interval: Interval; style: ChartStyle; zone: Zone }): void {
    this.interval.set(state.interval);
    this.style.set(state.style);
    this.zone.set(state.zone);
  }

  private toggleTable(): void {
    const visible = this.table.getAttribute("aria-pressed") !== "true";
    this.table.setAttribute("aria-pressed", String(visible));
    this.handlers.onTable(visible);
  }

  private onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const interval = INTERVALS[Number(event.key) - 1];
    if (interval) this.handlers.onInterval(interval);
    else if (event.key === "t") this.handlers.onTheme();
  }
}

function intervalButton(interval: Interval, index: number): HTMLButtonElement {
  const button = element("button", "", interval);
  button.type = "button";
  button.dataset["value"] = interval;
  button.title = `${interval} candles (${index + 1})`;
  button.setAttribute("role", "radio");
  return button;
}
