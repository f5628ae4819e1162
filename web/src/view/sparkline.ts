// A line of the last closes, drawn as SVG: sharp at any density, coloured by the
// theme, and ten of them cost nothing.
const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 76;
const HEIGHT = 30;
const PADDING = 3;

/** The path of a line through the closes, or "" for fewer than two. */
export function sparkPath(closes: number[]): string {
  if (closes.length < 2) return "";
  const low = Math.min(...closes);
  const spread = Math.max(...closes) - low;
  const step = WIDTH / (closes.length - 1);
  const points = closes.map((close, index) => {
    const share = spread === 0 ? 0.5 : (close - low) / spread;
    const y = HEIGHT - PADDING - share * (HEIGHT - 2 * PADDING);
    return `${(index * step).toFixed(1)},${y.toFixed(1)}`;
  });
  return `M${points.join("L")}`;
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

  draw(closes: number[]): void {
    const path = sparkPath(closes);
    this.line.setAttribute("d", path);
    this.area.setAttribute("d", path && `${path}L${WIDTH},${HEIGHT}L0,${HEIGHT}Z`);
    const rise = (closes.at(-1) ?? 0) - (closes[0] ?? 0);
    this.root.setAttribute("class", `spark ${rise < 0 ? "down" : rise > 0 ? "up" : "flat"}`);
  }
}
