// The server's time as the page knows it. A visitor's clock may be wrong by
// minutes, which would turn live data stale or, worse, stale data live; each
// heartbeat and status corrects the offset.
export class ServerClock {
  private offsetMs = 0;

  /** Takes the server's own time out of a message that just arrived. */
  sync(serverNow: string): void {
    const serverMs = Date.parse(serverNow);
    if (!Number.isNaN(serverMs)) this.offsetMs = serverMs - Date.now();
  }

  nowMs(): number {
    return Date.now() + this.offsetMs;
  }
}
