// What the address bar says: coin, interval and how the price is drawn, so that
// a view can be linked to and the back button works.
import type { Interval } from "../api/types";
import { isInterval } from "../data/interval";

export const CHART_STYLES = ["candles", "line", "area"] as const;
export type ChartStyle = (typeof CHART_STYLES)[number];

export interface Route {
  coin: string | undefined;
  interval: Interval | undefined;
  style: ChartStyle;
}

/** Reads a query string; what it does not name or misspells is left open. */
export function parseRoute(search: string): Route {
  const params = new URLSearchParams(search);
  const interval = params.get("interval");
  const style = params.get("style") as ChartStyle;
  return {
    coin: params.get("coin") || undefined,
    interval: isInterval(interval) ? interval : undefined,
    style: CHART_STYLES.includes(style) ? style : "candles",
  };
}

export function routeQuery(route: Route): string {
  const params = new URLSearchParams();
  if (route.coin) params.set("coin", route.coin);
  if (route.interval) params.set("interval", route.interval);
  if (route.style !== "candles") params.set("style", route.style);
  const query = params.toString();
  return query ? `?${query}` : "";
}
