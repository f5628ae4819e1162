// One SSE connection that keeps itself alive. The browser reconnects by itself
// after a broken line, but not after an error answer nor when the line is silent
// and open (a sleeping laptop, a proxy); the server's heartbeat tells those.
import type { CandleEvent, Interval, Status, TickEvent } from "./types";

const SILENCE_MS = 40_000; // the server's heartbeat comes every 15 s
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 20_000;

export interface StreamHandlers {
  onCandle(event: CandleEvent): void;
  onTick(event: TickEvent): void;
  onStatus(status: Status): void;
  onHeartbeat(now: string): void;
  /** Called on each change; `again` is true when a lost connection came back. */
  onConnection(connected: boolean, again: boolean): void;
}

/** How long to wait before try number `attempt` (0 = first), ms. */
export function retryDelayMs(attempt: number): number {
  return Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** attempt);
}

export class LiveStream {
  private source: EventSource | undefined;
  private url = "";
  private attempt = 0;
  private lastHeardMs = 0;
  private wasConnected = false;
  private connected = false;
  private retryTimer: number | undefined;

  constructor(private readonly handlers: StreamHandlers) {
    window.setInterval(() => this.checkSilence(), 5_000);
    window.addEventListener("online", () => this.reopen());
  }

  /** Subscribes to these coins; the same subscription again changes nothing. */
  open(coins: string[], interval: Interval): void {
    const params = new URLSearchParams({ coins: coins.join(","), interval });
    const url = `/api/v1/stream?${params}`;
    if (url === this.url && this.source) return;
    this.url = url;
    this.attempt = 0;
    this.wasConnected = false;
    this.reopen();
  }

  private reopen(): void {
    if (!this.url) return;
    window.clearTimeout(this.retryTimer);
    this.retryTimer = undefined;
    this.source?.close();
    this.lastHeardMs = Date.now();
    const source = new EventSource(this.url);
    this.source = source;
    source.addEventListener("open", () => this.setConnected(true));
    source.addEventListener("error", () => this.onError(source));
    this.listen<CandleEvent>(source, "candle", (event) => this.handlers.onCandle(event));
    this.listen<TickEvent>(source, "tick", (event) => this.handlers.onTick(event));
    this.listen<Status>(source, "status", (event) => this.handlers.onStatus(event));
    this.listen<{ now: string }>(source, "heartbeat", (event) => this.handlers.onHeartbeat(event.now));
  }

  private listen<T>(source: EventSource, type: string, handle: (event: T) => void): void {
    source.addEventListener(type, (message) => {
      if (source !== this.source) return;
      this.lastHeardMs = Date.now();
      handle(JSON.parse((message as MessageEvent<string>).data) as T);
    });
  }

  private onError(source: EventSource): void {
    if (source !== this.source) return;
    this.setConnected(false);
    if (source.readyState === EventSource.CLOSED) this.retryLater();
  }

  private retryLater(): void {
    if (this.retryTimer !== undefined) return;
    const delay = retryDelayMs(this.attempt++);
    this.retryTimer = window.setTimeout(() => this.reopen(), delay);
  }

  private checkSilence(): void {
    if (!this.source || Date.now() - this.lastHeardMs < SILENCE_MS) return;
    this.setConnected(false);
    this.reopen();
  }

  private setConnected(connected: boolean): void {
    if (connected) this.attempt = 0;
    if (connected === this.connected && this.wasConnected) return;
    this.connected = connected;
    this.handlers.onConnection(connected, connected && this.wasConnected);
    this.wasConnected ||= connected;
  }
}
