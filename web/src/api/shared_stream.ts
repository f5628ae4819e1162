// The tab's end of the one stream that all tabs of a browser share. Says what is
// to be seen, lets go while the tab is hidden, and hands on what comes. The hub
// that holds the connection lives in the first of these that the browser has:
//   1. a SharedWorker;
//   2. the leading tab: of the visible tabs one holds a lock and serves the others
//      over a BroadcastChannel; hidden or closed it gives up the lock, the next leads;
//   3. this tab alone (no locks over plain HTTP to another machine). What lacks 1 and
//      2 at once is a phone, which shows one tab at a time.
// A hub that answers no ping any more (its worker was ended, its tab frozen) is
// replaced, and what was missed is read again.
import { type FromTab, Hub, SWEEP_MS, type ToTab } from "./hub";
import { openLine } from "./line";
import { apiRoot } from "./root";
import type { CandleEvent, Interval, Status, StreamEvent, TickEvent } from "./types";

const PING_MS = 2_000;
const UNANSWERED_PINGS = 3;
/** After so many hubs that never said a word the tab does without. */
const MUTE_HUBS = 2;

export interface StreamHandlers {
  onCandle(event: CandleEvent): void;
  onTick(event: TickEvent): void;
  onStatus(status: Status): void;
  onHeartbeat(now: string): void;
  /** Called on each change, and when what is wanted begins to flow; `again`: after it was lost. */
  onConnection(connected: boolean, again: boolean): void;
}

/** A way to a hub. */
interface Channel {
  post(message: FromTab): void;
  /** The tab became visible or hidden. */
  setVisible(visible: boolean): void;
  close(): void;
}

type Hear = (message: ToTab) => void;

export class SharedStream {
  private channel: Channel | undefined;
  private wanted: { coin: string; interval: Interval } | undefined;
  private connected: boolean | undefined;
  private wasConnected = false;
  private unanswered = 0;
  private muteHubs = 0;
  private workerFailed = false;

  constructor(private readonly handlers: StreamHandlers) {
    document.addEventListener("visibilitychange", () => this.onVisible(!document.hidden));
    window.addEventListener("pagehide", () => this.channel?.post({ kind: "rest" }));
    window.addEventListener("pageshow", () => this.say());
    window.setInterval(() => this.ping(), PING_MS);
  }

  /** Shows this coin at this interval from now on; the same again changes nothing. */
  open(coin: string, interval: Interval): void {
    if (this.wanted?.coin === coin && this.wanted.interval === interval) return;
    this.wanted = { coin, interval };
    this.say();
  }

  private say(): void {
    if (document.hidden || !this.wanted) return;
    this.channel ??= this.newChannel();
    this.channel.post({ kind: "want", root: apiRoot(), ...this.wanted });
  }

  private onVisible(visible: boolean): void {
    if (!visible) this.channel?.post({ kind: "rest" });
    this.channel?.setVisible(visible);
    this.unanswered = 0;
    if (visible) this.say();
  }

  private newChannel(): Channel {
    const hear: Hear = (message) => this.hear(message);
    if (this.muteHubs >= MUTE_HUBS) return ownChannel(hear);
    if (!this.workerFailed && typeof SharedWorker !== "undefined") return workerChannel(hear, () => this.onWorkerFailed());
    if (typeof BroadcastChannel !== "undefined" && "locks" in navigator) return leaderChannel(hear);
    return ownChannel(hear);
  }

  /** The worker's script is gone (a newer server names it otherwise) or not allowed. */
  private onWorkerFailed(): void {
    this.workerFailed = true;
    this.replaceChannel();
  }

  private replaceChannel(): void {
    this.channel?.close();
    this.channel = undefined;
    this.unanswered = 0;
    this.muteHubs++;
    this.setConnected(false);
    this.say();
  }

  // Counts pings instead of asking the clock: after a sleep every clock says that much was missed.
  private ping(): void {
    if (document.hidden || !this.channel || !this.wanted) return;
    if (++this.unanswered > UNANSWERED_PINGS) this.replaceChannel();
    else this.channel.post({ kind: "ping" });
  }

  private hear(message: ToTab): void {
    this.unanswered = 0;
    this.muteHubs = 0;
    if (message.kind === "events") {
      if (!document.hidden) message.events.forEach((event) => this.handle(event));
    } else if (message.kind === "connection") {
      this.setConnected(message.connected);
    } else if (message.kind === "hello") {
      if (this.connected) this.setConnected(false); // another hub: what its predecessor had is unknown
      this.say();
    }
  }

  private handle(event: StreamEvent): void {
    if (event.type === "candle") this.handlers.onCandle(event.data);
    else if (event.type === "tick") this.handlers.onTick(event.data);
    else if (event.type === "status") this.handlers.onStatus(event.data);
    else this.handlers.onHeartbeat(event.data.now);
  }

  private setConnected(connected: boolean): void {
    const again = connected && this.connected === false && this.wasConnected;
    if (!connected && this.connected === false) return;
    this.connected = connected;
    this.wasConnected ||= connected;
    this.handlers.onConnection(connected, again);
  }
}

function workerChannel(hear: Hear, onFailure: () => void): Channel {
  const worker = new SharedWorker(new URL("./hub_worker.ts", import.meta.url), { name: "cryptostream" });
  worker.onerror = onFailure;
  worker.port.onmessage = (message: MessageEvent<ToTab>) => hear(message.data);
  return {
    post: (message) => worker.port.postMessage(message),
    setVisible: () => undefined,
    close: () => {
      worker.onerror = null;
      worker.port.close();
    },
  };
}

function ownChannel(hear: Hear): Channel {
  const hub = new Hub(openLine);
  return { post: (message) => hub.take("own", message, hear), setVisible: () => undefined, close: () => hub.close() };
}

/** What goes over the BroadcastChannel: to the leader's hub, or to one tab ("" for all). */
type Broadcast = { from: string; message: FromTab } | { to: string; message: ToTab };

function leaderChannel(hear: Hear): Channel {
  const name = `cryptostream ${apiRoot()}`;
  const id = crypto.getRandomValues(new Uint32Array(2)).join("-");
  const channel = new BroadcastChannel(name);
  channel.onmessage = ({ data }: MessageEvent<Broadcast>) => {
    if ("to" in data && (data.to === id || data.to === "")) hear(data.message);
  };
  let giveUp: AbortController | undefined;
  const apply = (visible: boolean): void => {
    giveUp?.abort();
    giveUp = visible ? new AbortController() : undefined;
    if (giveUp) lead(name, giveUp.signal);
  };
  apply(!document.hidden);
  return {
    post: (message) => channel.postMessage({ from: id, message } satisfies Broadcast),
    setVisible: apply,
    close: () => {
      apply(false);
      channel.close();
    },
  };
}

/** Waits for its turn and then serves all tabs, until the signal. */
function lead(name: string, signal: AbortSignal): void {
  const serve = async (): Promise<void> => {
    const hub = new Hub(openLine);
    const channel = new BroadcastChannel(name); // another object than the tab's own, so that each hears the other
    const send = (to: string, message: ToTab): void => channel.postMessage({ to, message } satisfies Broadcast);
    channel.onmessage = ({ data }: MessageEvent<Broadcast>) => {
      if ("from" in data) hub.take(data.from, data.message, (message) => send(data.from, message));
    };
    const timer = window.setInterval(() => hub.sweep(), SWEEP_MS);
    send("", { kind: "hello" });
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    window.clearInterval(timer);
    hub.close();
    channel.close();
  };
  navigator.locks.request(name, { signal }, () => (signal.aborted ? undefined : serve())).catch(() => undefined); // aborted while it waited
}
