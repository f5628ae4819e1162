// One SSE connection that keeps itself alive. The browser reconnects by itself
// after a broken connection, but not after an error answer, nor when the
// connection is open and silent (a laptop that slept, a proxy that forgot it);
// the server's heartbeat tells those. Runs in a page and in a worker alike.
import type { StreamEvent, StreamEventType } from "./types";

const TYPES: StreamEventType[] = ["candle", "tick", "status", "heartbeat"];
const CHECK_MS = 5_000;
const SILENT_CHECKS = 8; // 40 s; the server's heartbeat comes every 15 s
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 20_000;

export interface LineHandlers {
  onEvent(event: StreamEvent): void;
  /** Called on each change, and when the first try fails. */
  onConnection(connected: boolean): void;
}

export interface Line {
  close(): void;
}

/** How long to wait before try number `attempt` (0 = first), ms. */
export function retryDelayMs(attempt: number): number {
  return Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** attempt);
}

/** Keeps `url` open until close(). */
export function openLine(url: string, handlers: LineHandlers): Line {
  return new SseLine(url, handlers);
}

class SseLine implements Line {
  private source: EventSource | undefined;
  private attempt = 0;
  private silentChecks = 0;
  private connected: boolean | undefined; // undefined until the first answer or error
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly checkTimer = setInterval(() => this.checkSilence(), CHECK_MS);
  private readonly onOnline = (): void => {
    if (!this.connected) this.open();
  };

  constructor(
    private readonly url: string,
    private readonly handlers: LineHandlers,
  ) {
    addEventListener("online", this.onOnline);
    this.open();
  }

  close(): void {
    clearInterval(this.checkTimer);
    clearTimeout(this.retryTimer);
    removeEventListener("online", this.onOnline);
    this.source?.close();
    this.source = undefined;
  }

  private open(): void {
    clearTimeout(this.retryTimer);
    this.retryTimer = undefined;
    this.source?.close();
    this.silentChecks = 0;
    const source = new EventSource(this.url);
    this.source = source;
    source.addEventListener("open", () => this.onOpen(source));
    source.addEventListener("error", () => this.onError(source));
    for (const type of TYPES) source.addEventListener(type, (message) => this.onMessage(source, type, message));
  }

  private onOpen(source: EventSource): void {
    if (source !== this.source) return;
    this.attempt = 0;
    this.silentChecks = 0;
    this.setConnected(true);
  }

  private onMessage(source: EventSource, type: StreamEventType, message: MessageEvent<string>): void {
    if (source !== this.source) return;
    this.silentChecks = 0;
    this.handlers.onEvent({ type, data: JSON.parse(message.data) } as StreamEvent);
  }

  private onError(source: EventSource): void {
    if (source !== this.source) return;
    this.setConnected(false);
    if (source.readyState !== EventSource.CLOSED || this.retryTimer !== undefined) return;
    this.retryTimer = setTimeout(() => this.open(), retryDelayMs(this.attempt++));
  }

  // Counts its own calls instead of asking the clock: both stand still while a machine sleeps.
  private checkSilence(): void {
    if (++this.silentChecks < SILENT_CHECKS || this.retryTimer !== undefined) return;
    this.setConnected(false);
    this.open();
  }

  private setConnected(connected: boolean): void {
    if (connected === this.connected) return;
    this.connected = connected;
    this.handlers.onConnection(connected);
  }
}
