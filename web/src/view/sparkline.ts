// The closes of the last 24 hours, the period of the change beside it, as a line of
// SVG: sharp at any density, coloured by the theme, and ten of them cost nothing.
// Data that begins later begins further right.
const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 76;
const HEIGHT = 30;
const PADDING = 3;
/** A day as the server tells it: 60 steps of 24 minutes. */
const SPARK_STEPS = 60;

/** The path of a line through the closes, the newest at the right edge, or "" for fewer than two. */
export function sparkPath(closes: number[]): string {
  if (closes.length < 2) return "";
  const low = Math.min(...closes);
  const spread = Math.max(...closes) - low;
  const step = WIDTH / SPARK_STEPS;
  const left = WIDTH - step * (closes.length - 1);
  const points = closes.map((close, index) => {
    const share = spread === 0 ? 0.5 : (close - low) / spread;
    const y = HEIGHT - PADDING - share * (HEIGHT - 2 * PADDING);
    return `${(left + index * step).toFixed(1)},${y.toFixed(1)}`;
  });
  return `M${points.join("L")}`;
}

/** Of the line itself, where no change stands beside it. */
export function sparkTrend(closes: number[]): "up" | "down" | "flat" {
  const rise = (closes.at(-1) ?? 0) - (closes[0] ?? 0);
  return rise === 0 ? "flat" : rise > 0 ? "up" : "down";
}

export class Sparkline {
  readonly root = document.createElementNS(SVG, "svg");
  private readonly line = document.createElementNS(SVG, "path");
  private readonly area = document.createElementNS(SVG, "path");

  constructor() {
    this.root.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    this.root.setAttribute("aria-hidden", "true");
    this.area.setAttribute("class", "spark-area");
    this.line.setAttribute("class", "spark-line");
    this.root.append(this.area, this.line);
  }

  /** `trend`: of the change that stands beside it, so that both have one colour. */
  draw(closes: number[], trend: "up" | "down" | "flat"): void {
    const path = sparkPath(closes);
    this.line.setAttribute("d", path);
    this.area.setAttribute("d", path && `${path}V${HEIGHT}H${path.slice(1, path.indexOf(","))}Z`);
    this.root.setAttribute("class", `spark ${trend}`);
  }
}
