// What the address bar says: the view and what is chosen in it, so that a view can
// be linked to and the back button works. An address with a coin and no view is the
// coin's, as it was before there were views.
import type { Interval } from "../api/types";
import { MOST_COMPARED } from "../data/compare";
import { type Indicator, indicatorText, parseIndicators } from "../data/indicators";
import { isInterval } from "../data/interval";
import { isRange, type Range } from "../data/range";

export const VIEWS = ["market", "coin", "compare"] as const;
export type View = (typeof VIEWS)[number];

export const CHART_STYLES = ["candles", "heikin", "line", "area"] as const;
export type ChartStyle = (typeof CHART_STYLES)[number];

export const CHART_SCALES = ["linear", "log", "percent"] as const;
export type ChartScale = (typeof CHART_SCALES)[number];

export const MEASURES = ["percent", "index"] as const;
export type Measure = (typeof MEASURES)[number];

export interface Route {
  view: View;
  coin: string | undefined;
  interval: Interval | undefined;
  range: Range | undefined;
  style: ChartStyle;
  scale: ChartScale;
  indicators: Indicator[];
  /** The column of the market's table, "-" before it for descending. */
  sort: string | undefined;
  /** What is looked for in the market. */
  search: string;
  favourites: boolean;
  /** The coins that are compared, none: the page chooses. */
  compared: string[];
  measure: Measure;
}

const LONGEST_SEARCH = 60;

function oneOf<T extends string>(values: readonly T[], text: string | null): T | undefined {
  return values.find((value) => value === text);
}

/** Reads a query string; what it does not name or misspells is left open. */
export function parseRoute(search: string): Route {
  const params = new URLSearchParams(search);
  const coin = params.get("coin") || undefined;
  const interval = params.get("interval");
  const range = params.get("range");
  return {
    view: oneOf(VIEWS, params.get("view")) ?? (coin ? "coin" : "market"),
    coin,
    interval: isInterval(interval) ? interval : undefined,
    range: isRange(range) ? range : undefined,
    style: oneOf(CHART_STYLES, params.get("style")) ?? "candles",
    scale: oneOf(CHART_SCALES, params.get("scale")) ?? "linear",
    indicators: parseIndicators(params.get("indicators")),
    sort: params.get("sort") ?? undefined,
    search: (params.get("q") ?? "").slice(0, LONGEST_SEARCH),
    favourites: params.get("favourites") === "1",
    compared: [...new Set(params.getAll("with"))].filter(Boolean).slice(0, MOST_COMPARED),
    measure: oneOf(MEASURES, params.get("measure")) ?? "percent",
  };
}

export function routeQuery(route: Route): string {
  const params = new URLSearchParams();
  const put = (name: string, value: string | undefined): void => {
    if (value) params.set(name, value);
  };
  if (route.view === "coin") {
    put("coin", route.coin);
    if (!route.coin) params.set("view", "coin");
    put("interval", route.interval);
    put("range", route.range);
    if (route.style !== "candles") params.set("style", route.style);
    if (route.scale !== "linear") params.set("scale", route.scale);
    put("indicators", route.indicators.map(indicatorText).join(","));
  } else if (route.view === "compare") {
    params.set("view", "compare");
    for (const coin of route.compared) params.append("with", coin); // not as one list: ids may have commas
    put("range", route.range);
    if (route.measure !== "percent") params.set("measure", route.measure);
  } else {
    put("sort", route.sort);
    put("q", route.search);
    if (route.favourites) params.set("favourites", "1");
  }
  const query = params.toString();
  return query ? `?${query}` : "";
}
