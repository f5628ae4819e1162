// The prices of the last 24 hours, the period of the change beside it, as a line of
// SVG: sharp at any density, coloured by the theme, and ten of them cost nothing.
// Data that begins later begins further right.
const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 76;
const HEIGHT = 30;
const PADDING = 3;
/** The path of a line through the prices, each at its time, or "" for fewer than two. */
export function sparkPath(spark: (number | null)[]): string {
  const prices = known(spark);
  if (prices.length < 2) return "";
  const low = Math.min(...prices);
  const spread = Math.max(...prices) - low;
  const step = WIDTH / (spark.length - 1);
  const points = spark.flatMap((price, index) => {
    if (price === null) return [];
    const share = spread === 0 ? 0.5 : (price - low) / spread;
    const y = HEIGHT - PADDING - share * (HEIGHT - 2 * PADDING);
    return [`${(index * step).toFixed(1)},${y.toFixed(1)}`];
  });
  return `M${points.join("L")}`;
}

function known(spark: (number | null)[]): number[] {
  return spark.filter((price) => price !== null);
}

/** Of the line itself, where no change stands beside it. */
export function sparkTrend(spark: (number | null)[]): "up" | "down" | "flat" {
  const prices = known(spark);
  const rise = (prices.at(-1) ?? 0) - (prices[0] ?? 0);
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
  draw(spark: (number | null)[], trend: "up" | "down" | "flat"): void {
    const path = sparkPath(spark);
    this.line.setAttribute("d", path);
    this.area.setAttribute("d", path && `${path}V${HEIGHT}H${path.slice(1, path.indexOf(","))}Z`);
    this.root.setAttribute("class", `spark ${trend}`);
  }
}
