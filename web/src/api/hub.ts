// One stream for all tabs of a browser. A browser opens six connections to a
// host and no more, so with a stream a tab the seventh tab would wait for ever and
// take the others' requests along. In: what each visible tab wants to see. Out:
// one connection that carries the intervals of all of them, and to each tab the
// events that it wants. Where nobody looks there is no connection.
//
// A change of what is wanted opens the new connection before the old one is
// closed, so that nothing is missed in between. Lives in a SharedWorker, in the
// tab that leads, or in a tab of its own (shared_stream.ts); knows of none.
import type { Line, LineHandlers } from "./line";
import { INTERVALS, type Interval, type StreamEvent, type TickEvent } from "./types";

/** What a tab says. `rest`: hidden or leaving; `ping`: still there. */
export type FromTab =
  | { kind: "want"; root: string; coin: string; interval: Interval }
  | { kind: "rest" }
  | { kind: "ping" };

/** What a tab hears. `hello`: a new hub, which knows of no tab yet. */
export type ToTab =
  | { kind: "hello" }
  | { kind: "pong" }
  | { kind: "connection"; connected: boolean }
  | { kind: "events"; events: StreamEvent[] };

export type Send = (message: ToTab) => void;
/** Runs `act` after a time. Out: calls it off. */
export type Later = (act: () => void, ms: number) => () => void;
export type OpenLine = (url: string, handlers: LineHandlers) => Line;

export const SWEEP_MS = 10_000;
/** A visible tab pings more often than a hub sweeps; this many sweeps without a word: it crashed. */
const SILENT_SWEEPS = 4;
/** Going from tab to tab hides the one before the other is visible. */
const LINGER_MS = 3_000;

interface Tab {
  coin: string;
  interval: Interval;
  send: Send;
  silentSweeps: number;
  queue: StreamEvent[];
}

/** The connection in use, or the one that will replace it. */
interface Opened {
  url: string;
  intervals: Set<Interval>;
  line: Line;
}

export class Hub {
  private readonly tabs = new Map<string, Tab>();
  private readonly ticks = new Map<string, TickEvent>(); // the newest of each coin, for a tab that comes later
  private root = "";
  private current: Opened | undefined;
  private next: Opened | undefined;
  private connected: boolean | undefined; // undefined while it is opened for the first time
  private callOffEnd: (() => void) | undefined;
  private flushing = false;

  constructor(
    private readonly openLine: OpenLine,
    private readonly later: Later = startTimer,
  ) {}

  /** Takes a message of the tab `id`, which is answered and fed through `send`. */
  take(id: string, message: FromTab, send: Send): void {
    if (message.kind === "want") this.want(id, message, send);
    else if (message.kind === "rest") this.drop(id);
    else this.onPing(id, send);
  }

  /** Forgets tabs that have long said nothing. To be called every SWEEP_MS. */
  sweep(): void {
    for (const [id, tab] of this.tabs) {
      if (++tab.silentSweeps >= SILENT_SWEEPS) this.drop(id);
    }
  }

  /** Ends every connection; the hub can be used again. */
  close(): void {
    this.tabs.clear();
    this.closeLines();
  }

  private want(id: string, message: Extract<FromTab, { kind: "want" }>, send: Send): void {
    const { coin, interval } = message;
    const covered = this.connected === true && this.current?.intervals.has(interval) === true;
    const known = this.tabs.get(id);
    this.tabs.set(id, { coin, interval, send, silentSweeps: 0, queue: known?.queue ?? [] });
    this.root = message.root;
    this.reconsider();
    if (this.connected === false) send({ kind: "connection", connected: false });
    if (!covered) return; // it hears when the connection that carries its interval is open
    send({ kind: "connection", connected: true });
    if (!known) this.deliver(this.tabs.get(id)!, [...this.ticks.values()].map((data) => ({ type: "tick", data })));
  }

  private onPing(id: string, send: Send): void {
    const tab = this.tabs.get(id);
    if (tab) tab.silentSweeps = 0;
    send({ kind: "pong" });
  }

  private drop(id: string): void {
    if (this.tabs.delete(id)) this.reconsider();
  }

  /** Brings the connection in line with what is wanted. */
  private reconsider(): void {
    this.callOffEnd?.();
    this.callOffEnd = undefined;
    if (this.tabs.size === 0) {
      this.callOffEnd = this.later(() => this.closeLines(), LINGER_MS);
      return;
    }
    const wanted = new Set([...this.tabs.values()].map((tab) => tab.interval));
    const url = streamUrl(this.root, wanted);
    if (url === (this.next ?? this.current)?.url) return;
    this.next?.line.close();
    this.next = undefined;
    if (url === this.current?.url) return;
    if (!this.connected) this.closeLines();
    this.open(url, wanted);
  }

  private open(url: string, intervals: Set<Interval>): void {
    const opened: Opened = { url, intervals, line: { close: () => undefined } };
    if (this.current) this.next = opened;
    else this.current = opened;
    opened.line = this.openLine(url, {
      onConnection: (connected) => this.onConnection(opened, connected),
      onEvent: (event) => {
        if (opened === this.current) this.onEvent(event);
      },
    });
  }

  private onConnection(opened: Opened, connected: boolean): void {
    if (opened === this.next) {
      // Open: takes over. Refused (too many streams, perhaps): frees the old one's place and goes on trying.
      const before = this.current;
      this.current = opened;
      this.next = undefined;
      before?.line.close();
      if (!connected) this.setConnected(false);
      else this.tellConnected(before?.intervals);
      return;
    }
    if (opened !== this.current) return;
    this.setConnected(connected);
  }

  /** After a change of connections: only who was not served before has something to catch up with. */
  private tellConnected(servedBefore: Set<Interval> | undefined): void {
    this.connected = true;
    for (const tab of this.tabs.values()) {
      if (!servedBefore?.has(tab.interval)) tab.send({ kind: "connection", connected: true });
    }
  }

  private setConnected(connected: boolean): void {
    this.connected = connected;
    if (!connected) this.ticks.clear(); // the server that comes back may serve another lake
    for (const tab of this.tabs.values()) tab.send({ kind: "connection", connected });
  }

  private onEvent(event: StreamEvent): void {
    if (event.type === "tick") this.ticks.set(event.data.coin, event.data);
    for (const tab of this.tabs.values()) {
      const other = event.type === "candle" && (event.data.coin !== tab.coin || event.data.interval !== tab.interval);
      if (!other) tab.queue.push(event);
    }
    if (this.flushing) return;
    this.flushing = true;
    this.later(() => this.flush(), 0);
  }

  /** One message a tab for all that came in one piece. */
  private flush(): void {
    this.flushing = false;
    for (const tab of this.tabs.values()) {
      const events = tab.queue;
      tab.queue = [];
      this.deliver(tab, events);
    }
  }

  private deliver(tab: Tab, events: StreamEvent[]): void {
    if (events.length > 0) tab.send({ kind: "events", events });
  }

  private closeLines(): void {
    this.current?.line.close();
    this.next?.line.close();
    this.current = undefined;
    this.next = undefined;
    this.connected = undefined;
    this.ticks.clear();
  }
}

function startTimer(act: () => void, ms: number): () => void {
  const timer = setTimeout(act, ms);
  return () => clearTimeout(timer);
}

/** All coins, and each interval that a tab shows: coins come and go, and the list of them has no limit. */
export function streamUrl(root: string, intervals: Set<Interval>): string {
  const ordered = INTERVALS.filter((interval) => intervals.has(interval));
  return `${root}api/v1/stream?interval=${ordered.join(",")}`;
}
