// The line under the header: that a recording is shown, or why a source is
// silent, in the source's own words. Nothing to say: no line.
import type { Mode, SourceState, SourceStatus } from "../api/types";
import { formatCountdown, sourceName } from "../format";
import { element } from "./dom";

/** A finished backfill or a recording put aside is no news once prices are live. */
const QUIET: Record<Mode, SourceState[]> = { live: ["starting", "ok", "replaying", "done"], replay: ["starting", "ok", "replaying"] };

export interface NoticeInput {
  mode: Mode;
  sources: SourceStatus[];
  nowMs: number;
  /** Set when the server itself does not answer. */
  serverMessage: string | null;
}

export interface NoticeLine {
  state: "replay" | "delayed" | "stale";
  title: string;
  text: string;
}

/** The lines to show, most important first. */
export function noticeLines(input: NoticeInput): NoticeLine[] {
  if (input.serverMessage) {
    return [{ state: "stale", title: "Cannot load", text: `${input.serverMessage}; trying again` }];
  }
  const lines: NoticeLine[] = [];
  if (input.mode === "replay") {
    const played = input.sources.find((source) => source.state === "replaying" && !source.message.startsWith("replay of "));
    const what = played ? `: ${played.message}` : "";
    lines.push({ state: "replay", title: "Replay", text: `A recording is shown${what}. These are not current prices.` });
  }
  for (const source of input.sources) {
    if (QUIET[input.mode].includes(source.state)) continue;
    lines.push({ state: "delayed", title: sourceName(source.source), text: `${source.message}${nextTry(source, input.nowMs)}` });
  }
  return lines;
}

function nextTry(source: SourceStatus, nowMs: number): string {
  if (!source.next_attempt) return "";
  const left = Date.parse(source.next_attempt) - nowMs;
  return left > 0 ? ` · next try in ${formatCountdown(left)}` : "";
}

export class Notice {
  private shown = "";

  constructor(private readonly root: HTMLElement) {}

  show(input: NoticeInput): void {
    const lines = noticeLines(input);
    const key = JSON.stringify(lines);
    if (key === this.shown) return;
    this.shown = key;
    this.root.hidden = lines.length === 0;
    this.root.dataset["state"] = lines[0]?.state ?? "";
    this.root.replaceChildren(
      ...lines.map((line) => element("span", "", element("b", "", line.title), ` ${line.text}`)),
    );
  }
}
