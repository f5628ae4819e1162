// The hub as a SharedWorker: one for all tabs of this page in a browser. It ends
// by itself with the last tab.
import { type FromTab, Hub, SWEEP_MS, type ToTab } from "./hub";
import { openLine } from "./line";

declare const self: { onconnect: ((event: MessageEvent) => void) | null };

const hub = new Hub(openLine);
let tabs = 0;

self.onconnect = (event) => {
  const port = event.ports[0]!;
  const id = `port ${++tabs}`;
  const send = (message: ToTab): void => port.postMessage(message);
  port.onmessage = (message: MessageEvent<FromTab>) => hub.take(id, message.data, send);
  send({ kind: "hello" });
};

setInterval(() => hub.sweep(), SWEEP_MS);
