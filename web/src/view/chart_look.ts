// Colours and options of the chart, read from the style sheet's tokens so that
// a theme is told in one place.
import { ColorType, CrosshairMode, type DeepPartial, type ChartOptions, TickMarkType, type Time } from "lightweight-charts";
import { formatDay, formatMomentSeconds, formatMonth, formatSeconds, formatTime, type Zone } from "../zone";

export interface ChartColors {
  surface: string;
  border: string;
  up: string;
  down: string;
  grid: string;
  text: string;
  line: string;
  area: string;
  areaEnd: string;
  crosshair: string;
  label: string;
  barUp: string;
  barDown: string;
  samples: string;
  gap: string;
  watermark: string;
  /** Colours of lines beside each other: indicators, compared coins. */
  series: string[];
}

export function readColors(): ChartColors {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string): string => style.getPropertyValue(name).trim();
  return {
    surface: token("--surface"),
    border: token("--border"),
    up: token("--up"),
    down: token("--down"),
    grid: token("--chart-grid"),
    text: token("--chart-text"),
    line: token("--chart-line"),
    area: token("--chart-area"),
    areaEnd: token("--chart-area-end"),
    crosshair: token("--chart-crosshair"),
    label: token("--chart-label"),
    barUp: token("--chart-bar-up"),
    barDown: token("--chart-bar-down"),
    samples: token("--chart-samples"),
    gap: token("--chart-gap"),
    watermark: token("--chart-watermark"),
    series: [1, 2, 3, 4, 5, 6, 7, 8].map((number) => token(`--series-${number}`)),
  };
}

export function chartOptions(colors: ChartColors, zone: Zone): DeepPartial<ChartOptions> {
  const line = { color: colors.crosshair, labelBackgroundColor: colors.label };
  return {
    autoSize: true,
    layout: {
      background: { type: ColorType.Solid, color: colors.surface },
      textColor: colors.text,
      fontFamily: getComputedStyle(document.body).fontFamily,
      fontSize: 12,
      attributionLogo: true,
      panes: { separatorColor: colors.border, separatorHoverColor: colors.gap, enableResize: true },
    },
    grid: { vertLines: { color: colors.grid }, horzLines: { color: colors.grid } },
    crosshair: { mode: CrosshairMode.Normal, vertLine: line, horzLine: line },
    rightPriceScale: { borderColor: colors.border, scaleMargins: { top: 0.16, bottom: 0.08 }, minimumWidth: 76 },
    timeScale: {
      borderColor: colors.border,
      timeVisible: true,
      secondsVisible: false,
      rightOffset: 5,
      minBarSpacing: 1.5,
      tickMarkFormatter: (time: Time, type: TickMarkType) => tickText((time as number) * 1000, type, zone),
    },
    localization: {
      locale: "en-US",
      timeFormatter: (time: Time) => formatMomentSeconds((time as number) * 1000, zone).replace(/:00$/, ""),
    },
  };
}

/**
 * Text of one mark on the time axis. The library sets its day marks at midnight
 * UTC; in another zone that is an hour of some day, and is written as one.
 */
export function tickText(timeMs: number, type: TickMarkType, zone: Zone): string {
  if (type === TickMarkType.Time) return formatTime(timeMs, zone);
  if (type === TickMarkType.TimeWithSeconds) return formatSeconds(timeMs, zone);
  const time = formatTime(timeMs, zone);
  if (time !== "00:00") return `${formatDay(timeMs, zone)} ${time}`;
  return type === TickMarkType.DayOfMonth ? formatDay(timeMs, zone) : formatMonth(timeMs, zone);
}
