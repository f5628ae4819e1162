// The indicators: which there are, how each is written in the address ("sma:20"),
// and their values along the bars. The arithmetic is that of the library
// trading-signals, which takes the open candle again and again; the VWAP is our own,
// because our bars carry theirs. Before an indicator has seen as many bars as it
// needs it has no value, and none is made up.
import { BollingerBands, EMA, MACD, RSI, SMA } from "trading-signals";
import type { Bar } from "./bars";

export const INDICATOR_KINDS = ["sma", "ema", "bb", "vwap", "rsi", "macd"] as const;
export type IndicatorKind = (typeof INDICATOR_KINDS)[number];

export interface Indicator {
  kind: IndicatorKind;
  settings: number[];
}

interface Setting {
  name: string;
  least: number;
  most: number;
  usual: number;
  step: number;
}

interface Kind {
  name: string;
  /** What it is, in a sentence. */
  about: string;
  settings: Setting[];
  lines: string[];
  /** Drawn over the prices, or in a pane of its own. */
  onPrice: boolean;
}

export const MOST_INDICATORS = 8;
const DAY_MS = 86_400_000;

const bars = (usual: number, name = "bars"): Setting => ({ name, least: 2, most: 400, usual, step: 1 });

export const KINDS: Record<IndicatorKind, Kind> = {
  sma: { name: "SMA", about: "Mean of the last closes", settings: [bars(20)], lines: ["SMA"], onPrice: true },
  ema: { name: "EMA", about: "Mean of the closes, the newer the weightier", settings: [bars(50)], lines: ["EMA"], onPrice: true },
  bb: {
    name: "Bollinger",
    about: "Mean of the last closes, and so many standard deviations around it",
    settings: [bars(20), { name: "deviations", least: 0.5, most: 5, usual: 2, step: 0.5 }],
    lines: ["upper", "middle", "lower"],
    onPrice: true,
  },
  vwap: {
    name: "VWAP",
    about: "Mean price of what was traded since the day began (UTC)",
    settings: [{ name: "days", least: 1, most: 365, usual: 1, step: 1 }],
    lines: ["VWAP"],
    onPrice: true,
  },
  rsi: { name: "RSI", about: "Share of rises in the last moves, 0 to 100", settings: [bars(14)], lines: ["RSI"], onPrice: false },
  macd: {
    name: "MACD",
    about: "A fast mean less a slow one, and the mean of that",
    settings: [bars(12, "fast"), bars(26, "slow"), bars(9, "signal")],
    lines: ["MACD", "signal", "difference"],
    onPrice: false,
  },
};

export function usualIndicator(kind: IndicatorKind): Indicator {
  return { kind, settings: KINDS[kind].settings.map((setting) => setting.usual) };
}

/** "bb:20:2", as the address has it. */
export function indicatorText({ kind, settings }: Indicator): string {
  return [kind, ...settings].join(":");
}

/** "Bollinger 20 2", as it is read. */
export function indicatorName({ kind, settings }: Indicator): string {
  return [KINDS[kind].name, ...settings].join(" ");
}

/** A setting as it may be: within its bounds, on its steps; the usual one for what is no number. */
export function boundedSetting(kind: IndicatorKind, index: number, value: number): number {
  const { least, most, usual, step } = KINDS[kind].settings[index]!;
  if (!Number.isFinite(value)) return usual;
  return Math.min(most, Math.max(least, Math.round(value / step) * step));
}

/** "sma:20,rsi:14" of an address; what is no indicator is left out, what is missing is usual. */
export function parseIndicators(text: string | null): Indicator[] {
  const found = new Map<string, Indicator>();
  for (const part of (text ?? "").split(",")) {
    const [name, ...values] = part.split(":");
    const kind = INDICATOR_KINDS.find((one) => one === name);
    if (!kind || found.size >= MOST_INDICATORS) continue;
    const settings = KINDS[kind].settings.map((_, index) => boundedSetting(kind, index, values[index] ? Number(values[index]) : NaN));
    found.set(indicatorText({ kind, settings }), { kind, settings });
  }
  return [...found.values()];
}

type Values = (number | null)[];
/** Takes a bar, or the last one again. Out: a value a line, null before there are enough bars. */
type Step = (bar: Bar, again: boolean) => Values;

/** The values of one indicator along the bars, kept up to date with the newest one. */
export class IndicatorValues {
  private step: Step;
  private rows: Values[] = [];

  constructor(readonly indicator: Indicator) {
    this.step = newStep(indicator);
  }

  /** Computes all of them anew. */
  reset(list: readonly Bar[]): void {
    this.step = newStep(this.indicator);
    this.rows = list.map((bar) => this.step(bar, false));
  }

  /** Takes the newest of `count` bars: another one, or the last one again. */
  take(bar: Bar, count: number): void {
    const again = count === this.rows.length;
    const row = this.step(bar, again);
    if (again) this.rows[count - 1] = row;
    else this.rows.push(row);
  }

  get count(): number {
    return this.rows.length;
  }

  at(index: number): Values {
    return this.rows[index] ?? KINDS[this.indicator.kind].lines.map(() => null);
  }
}

function newStep({ kind, settings }: Indicator): Step {
  const [first, second, third] = settings as [number, number, number];
  if (kind === "vwap") return vwapStep(first);
  if (kind === "rsi") return rsiStep(first);
  if (kind === "sma") {
    const sma = new SMA(first);
    return ({ close }, again) => [sma.update(close, again)];
  }
  if (kind === "ema") {
    const ema = new EMA(first);
    return ({ close }, again) => {
      const value = ema.update(close, again);
      return [ema.isStable ? value : null];
    };
  }
  if (kind === "bb") {
    const bands = new BollingerBands(first, second);
    return ({ close }, again) => {
      const value = bands.update(close, again);
      return value ? [value.upper, value.middle, value.lower] : [null, null, null];
    };
  }
  const signal = new EMA(third);
  const macd = new MACD(new EMA(first), new EMA(second), signal);
  return ({ close }, again) => {
    const value = macd.update(close, again);
    if (!value) return [null, null, null];
    return signal.isStable ? [value.macd, value.signal, value.histogram] : [value.macd, null, null];
  };
}

/** Where no price has ever moved there is no share of rises. */
function rsiStep(length: number): Step {
  const rsi = new RSI(length);
  let before: number | undefined;
  let moved = false;
  let last: number | undefined;
  return ({ close }, again) => {
    if (!again) [before, moved] = [last, moved || (before !== undefined && last !== before)];
    last = close;
    const value = rsi.update(close, again);
    return [moved || (before !== undefined && close !== before) ? value : null];
  };
}

/** Begins anew with each stretch of so many days; a bar without a volume adds nothing and has no value. */
function vwapStep(days: number): Step {
  let session = NaN;
  let before = { value: 0, volume: 0 };
  let now = before;
  return (bar, again) => {
    if (!again) before = now;
    const at = Math.floor(bar.openMs / (days * DAY_MS));
    if (at !== session) {
      session = at;
      before = { value: 0, volume: 0 };
    }
    const volume = bar.volume ?? 0;
    const price = bar.vwap ?? (bar.high + bar.low + bar.close) / 3;
    now = { value: before.value + price * volume, volume: before.volume + volume };
    return [bar.volume !== null && now.volume > 0 ? now.value / now.volume : null];
  };
}
