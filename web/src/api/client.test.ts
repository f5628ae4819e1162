import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { ApiError, fetchCandles, fetchStatus, problemMessage } from "./client";

const page = globalThis as { document?: unknown; fetch: typeof fetch };
const realFetch = page.fetch;
let asked: { url: string; signal: AbortSignal | null | undefined }[] = [];

/** The page at an address, and a server that answers like this. */
function answer(act: () => Response | Promise<Response>): void {
  page.fetch = (url, options) => {
    asked.push({ url: String(url), signal: options?.signal });
    return Promise.resolve().then(act);
  };
}

beforeEach(() => {
  asked = [];
  page.document = { baseURI: "https://example.org/prices/?coin=bitcoin" };
});

afterEach(() => {
  page.fetch = realFetch;
  delete page.document;
});

function failure(wanted: { status: number; message: string }): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ApiError);
    assert.deepEqual({ status: error.status, message: error.message }, wanted);
    return true;
  };
}

test("the API is asked beside the page, wherever that is", async () => {
  answer(() => new Response('{"candles":[{"open_time":"2026-01-01T00:01:00Z"},{"open_time":"2026-01-01T00:00:00Z"}]}'));
  const { candles } = await fetchCandles({ coin: "a+b", quote: "usd", interval: "1m", beforeMs: 0, limit: 5 });
  assert.equal(asked[0]!.url, "https://example.org/prices/api/v1/candles?coin=a%2Bb&quote=usd&interval=1m&limit=5&to=1970-01-01T00%3A00%3A00.000Z");
  assert.deepEqual(candles.map((candle) => candle.open_time), ["2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"]);
});

test("nobody answers, nobody answers in time, somebody else answers: each in words", async () => {
  answer(() => Promise.reject(new TypeError("Failed to fetch")));
  await assert.rejects(fetchStatus(), failure({ status: 0, message: "the server cannot be reached" }));
  answer(() => Promise.reject(new DOMException("signal timed out", "TimeoutError")));
  await assert.rejects(fetchStatus(), failure({ status: 0, message: "the server does not answer" }));
  answer(() => new Response("<html>Sign in</html>"));
  await assert.rejects(fetchStatus(), failure({ status: 200, message: "what answers is not the server's API" }));
  answer(() => new Response('{"title":"Not Found","detail":"unknown coin"}', { status: 404 }));
  await assert.rejects(fetchStatus(), failure({ status: 404, message: "unknown coin" }));
  assert.ok(asked.every((one) => one.signal instanceof AbortSignal));
});

test("problem+json is read, anything else is only counted", () => {
  assert.equal(problemMessage(404, '{"title":"Not Found","detail":"unknown coin"}'), "unknown coin");
  assert.equal(problemMessage(502, "<html>"), "the server answered 502");
  assert.equal(problemMessage(500, "null"), "the server answered 500");
});
