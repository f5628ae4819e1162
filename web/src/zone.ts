// Times of the axis, the legend and the stats, in UTC or in the visitor's zone.
export type Zone = "utc" | "local";

type Fields = Intl.DateTimeFormatOptions;

const formatters = new Map<string, Intl.DateTimeFormat>();

function format(timeMs: number, zone: Zone, kind: string, fields: Fields): string {
  const key = `${zone} ${kind}`;
  let formatter = formatters.get(key);
  if (!formatter) {
    const timeZone: Fields = zone === "utc" ? { timeZone: "UTC" } : {};
    formatter = new Intl.DateTimeFormat("en-GB", { ...fields, ...timeZone, hourCycle: "h23" });
    formatters.set(key, formatter);
  }
  return formatter.format(timeMs);
}

const DAY: Fields = { day: "numeric", month: "short" };
const TIME: Fields = { hour: "2-digit", minute: "2-digit" };

export function formatTime(timeMs: number, zone: Zone): string {
  return format(timeMs, zone, "time", TIME);
}

export function formatSeconds(timeMs: number, zone: Zone): string {
  return format(timeMs, zone, "seconds", { ...TIME, second: "2-digit" });
}

export function formatDay(timeMs: number, zone: Zone): string {
  return format(timeMs, zone, "day", DAY);
}

export function formatMonth(timeMs: number, zone: Zone): string {
  return format(timeMs, zone, "month", { month: "short", year: "numeric" });
}

/** "22 Nov 2026, 14:05". */
export function formatMoment(timeMs: number, zone: Zone): string {
  return format(timeMs, zone, "moment", { ...DAY, year: "numeric", ...TIME });
}

/** "22 Nov 2026, 14:05:09". */
export function formatMomentSeconds(timeMs: number, zone: Zone): string {
  return format(timeMs, zone, "moment-s", { ...DAY, year: "numeric", ...TIME, second: "2-digit" });
}

export function zoneLabel(zone: Zone): string {
  return zone === "utc" ? "UTC" : "local time";
}
