// Shades the stretches of the chart where no data exists, behind the candles.
// A pane primitive of lightweight-charts: it is asked to draw on every repaint
// and turns the two bars around a gap into pixels of the current zoom.
import type {
  IPanePrimitive,
  IPrimitivePaneRenderer,
  IPrimitivePaneView,
  ITimeScaleApi,
  PaneAttachedParameter,
  Time,
  UTCTimestamp,
} from "lightweight-charts";
import type { Gap } from "../data/gaps";

const HATCH_STEP = 9;
const LABEL_WIDTH = 56;

type Target = Parameters<IPrimitivePaneRenderer["draw"]>[0];

export class GapShade implements IPanePrimitive<Time>, IPrimitivePaneView, IPrimitivePaneRenderer {
  private timeScale: ITimeScaleApi<Time> | undefined;
  private requestUpdate: (() => void) | undefined;
  private gaps: Gap[] = [];
  private color = "transparent";
  private textColor = "transparent";

  constructor(private readonly label: boolean) {}

  attached(param: PaneAttachedParameter<Time>): void {
    this.timeScale = param.chart.timeScale();
    this.requestUpdate = param.requestUpdate;
  }

  detached(): void {
    this.timeScale = undefined;
    this.requestUpdate = undefined;
  }

  setGaps(gaps: Gap[]): void {
    this.gaps = gaps;
    this.requestUpdate?.();
  }

  setColors(color: string, textColor: string): void {
    this.color = color;
    this.textColor = textColor;
    this.requestUpdate?.();
  }

  paneViews(): readonly IPrimitivePaneView[] {
    return [this];
  }

  zOrder(): "bottom" {
    return "bottom";
  }

  renderer(): IPrimitivePaneRenderer {
    return this;
  }

  draw(target: Target): void {
    const scale = this.timeScale;
    if (!scale || this.gaps.length === 0) return;
    const halfBar = scale.options().barSpacing / 2;
    target.useBitmapCoordinateSpace(({ context, bitmapSize, horizontalPixelRatio: ratio }) => {
      for (const gap of this.gaps) {
        const from = scale.timeToCoordinate((gap.afterMs / 1000) as UTCTimestamp);
        const to = scale.timeToCoordinate((gap.beforeMs / 1000) as UTCTimestamp);
        if (from === null || to === null) continue;
        const left = Math.round((from + halfBar) * ratio);
        const right = Math.round((to - halfBar) * ratio);
        if (right < 0 || left > bitmapSize.width) continue;
        const width = Math.max(1, right - left);
        this.hatch(context, left, width, bitmapSize.height, ratio);
        if (this.label && width > LABEL_WIDTH * ratio) this.write(context, left + width / 2, bitmapSize.height / 2, ratio);
      }
    });
  }

  private hatch(context: CanvasRenderingContext2D, left: number, width: number, height: number, ratio: number): void {
    context.save();
    context.beginPath();
    context.rect(left, 0, width, height);
    context.clip();
    context.fillStyle = this.color;
    context.fill();
    context.strokeStyle = this.color;
    context.lineWidth = ratio;
    context.beginPath();
    // Anchored to the page, not to the gap, so that neighbouring stripes meet.
    const step = HATCH_STEP * ratio;
    const start = Math.floor((left - height) / step) * step;
    for (let x = start; x < left + width; x += step) {
      context.moveTo(x, height);
      context.lineTo(x + height, 0);
    }
    context.stroke();
    context.restore();
  }

  private write(context: CanvasRenderingContext2D, x: number, y: number, ratio: number): void {
    context.save();
    context.fillStyle = this.textColor;
    context.font = `500 ${11.5 * ratio}px ${getComputedStyle(document.body).fontFamily}`;
    context.textAlign = "center";
    context.fillText("no data", x, y);
    context.restore();
  }
}
