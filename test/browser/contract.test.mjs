// Holds the stand-in server (web/dev/mock_*.mjs), on which page.test.mjs rests, to the
// API: its answers must satisfy the schemas of the real binary's /openapi.json, have
// exactly the fields that the binary's answers have, and what the page asks of it must
// be something that the binary answers.
import assert from "node:assert/strict";
import { Ajv2020 } from "ajv/dist/2020.js";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launchChromium, openPage, waitForBars, waitForMove, newestClose } from "./chromium.mjs";
import { startProxy } from "./proxy.mjs";
import { startBinary, startStandIn } from "./servers.mjs";

const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/;
const ROUTES = {
  "/api/v1/coins": "/api/v1/coins",
  "/api/v1/status": "/api/v1/status",
  "/api/v1/candles": "/api/v1/candles?coin=bitcoin&interval=5m&limit=50",
};
const STANDINS = { live: [], replay: ["--mode", "replay"], waiting: ["--scenario", "waiting"], limited: ["--scenario", "limited"] };

const folder = mkdtempSync(join(tmpdir(), "cryptostream-contract-"));
let binary;
let described;
let validators;
const standIns = {};

before(async () => {
  const start = Math.floor(Date.now() / 1000) - 600;
  const lines = Array.from({ length: 600 }, (_, second) =>
    JSON.stringify({ timestamp: start + second, coin_id: "bitcoin", price: 60_000 + (second % 50), volume_24h: 1e9 }));
  const file = join(folder, "recording.jsonl");
  writeFileSync(file, `${lines.join("\n")}\n`);
  binary = await startBinary(
    "run", "--source", "replay", "--replay", file, "--format", "messages", "--speed", "60", "--storage", join(folder, "lake"), "--port", "0",
  );
  for (const [name, flags] of Object.entries(STANDINS)) standIns[name] = await startStandIn(...flags);
  described = await json(binary, "/openapi.json");
  const ajv = new Ajv2020({ strict: false, allErrors: true, formats: { "date-time": RFC3339 } });
  ajv.addSchema({ $id: "openapi", components: described.components });
  validators = Object.fromEntries(Object.keys(ROUTES).map((route) => {
    const schema = described.paths[route].get.responses["200"].content["application/json"].schema;
    return [route, ajv.compile(schema)];
  }));
  await until(async () => (await json(binary, ROUTES["/api/v1/candles"])).candles?.length > 1);
});

after(async () => {
  for (const standIn of Object.values(standIns)) await standIn.stop();
  await binary?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function json(server, path) {
  return (await fetch(server.url + path)).json();
}

async function until(condition) {
  const end = Date.now() + 20_000;
  while (!(await condition())) {
    assert.ok(Date.now() < end, `in vain: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function assertValid(route, answer, who) {
  const valid = validators[route](answer);
  assert.ok(valid, `${who} ${route}: ${JSON.stringify(validators[route].errors)}`);
}

/** The fields of a value as paths, each element of an array alike: "coins[].spark[]". */
function fields(value, path = "") {
  if (Array.isArray(value)) return new Set(value.flatMap((one) => [...fields(one, `${path}[]`)]));
  if (value === null || typeof value !== "object") return new Set([path]);
  return new Set(Object.entries(value).flatMap(([key, inner]) => [`${path}.${key}`, ...fields(inner, `${path}.${key}`)]));
}

/** Without names that are data and not fields, and without the elements of a list that may be empty. */
function withoutNames(paths) {
  const named = [...paths].map((path) => path.replace(/(\.watermarks)\..*/, "$1"));
  return [...new Set(named)].filter((path) => !path.endsWith("[]")).sort();
}

/** The events of a stream until each of `types` has come. */
async function events(server, types) {
  const stop = new AbortController();
  const response = await fetch(`${server.url}/api/v1/stream?interval=1m,5m`, { signal: stop.signal });
  assert.match(response.headers.get("content-type"), /^text\/event-stream/);
  const found = new Map();
  let text = "";
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    text += piece;
    const blocks = text.split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const of = (name) => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1];
      if (of("event")) found.set(of("event"), JSON.parse(of("data")));
    }
    if (types.every((type) => found.has(type))) break;
  }
  stop.abort();
  return found;
}

test("a candle whose time has not passed is open, before the first price of a stand-in too", async () => {
  const fresh = await startStandIn();
  try {
    for (const server of [fresh, binary]) {
      for (const { coin } of (await json(server, "/api/v1/coins")).coins) {
        for (const interval of ["1m", "5m", "15m", "1d"]) {
          const { candles } = await json(server, `/api/v1/candles?coin=${coin}&interval=${interval}&limit=50`);
          const early = candles.filter((candle) => candle.closed && Date.parse(candle.close_time) > Date.now() + 1_000);
          assert.deepEqual(early, [], `${server.url} ${coin} ${interval}`);
        }
      }
    }
  } finally {
    await fresh.stop();
  }
});

test("the binary's own answers satisfy its description", async () => {
  for (const [route, path] of Object.entries(ROUTES)) assertValid(route, await json(binary, path), "binary");
});

test("the description is one that can refuse", () => {
  assert.equal(validators["/api/v1/coins"]({ coins: [{ coin: 7 }], mode: "live" }), false);
  assert.equal(validators["/api/v1/status"]({ mode: "soon" }), false);
  assert.equal(validators["/api/v1/candles"]({ candles: {} }), false);
});

for (const name of Object.keys(STANDINS)) {
  test(`the stand-in's answers satisfy the description (${name})`, async () => {
    for (const [route, path] of Object.entries(ROUTES)) {
      if (name === "waiting" && route === "/api/v1/candles") continue; // there is no coin yet
      assertValid(route, await json(standIns[name], path), "stand-in");
    }
  });
}

test("the stand-in's answers have the binary's fields, each and no other", async () => {
  for (const [route, path] of Object.entries(ROUTES)) {
    const real = withoutNames(fields(await json(binary, path)));
    for (const name of ["live", "replay"]) {
      assert.deepEqual(withoutNames(fields(await json(standIns[name], path))), real, `${name} ${route}`);
    }
  }
});

test("the stand-in's events have the binary's fields, each and no other", async () => {
  const types = ["candle", "tick", "status"];
  const real = await events(binary, types);
  const made = await events(standIns.live, types);
  for (const type of types) {
    assert.deepEqual(withoutNames(fields(made.get(type))), withoutNames(fields(real.get(type))), type);
  }
  const { candle, ...around } = real.get("candle");
  assert.deepEqual(Object.keys(around), ["coin", "interval", "source", "quote"]);
  assertValid("/api/v1/candles", { ...around, as_of_version: 1, candles: [candle] }, "event");
  assertValid("/api/v1/status", made.get("status"), "event");
});

test("an unknown coin is refused by both alike", async () => {
  for (const server of [binary, standIns.live]) {
    const response = await fetch(`${server.url}/api/v1/candles?coin=no-such-coin&interval=1m`);
    assert.equal(response.status, 404);
    assert.match(response.headers.get("content-type"), /^application\/problem\+json/);
    assert.deepEqual(Object.keys(await response.json()).sort(), ["detail", "status", "title", "type"]);
  }
});

test("what the page asks of the stand-in, the binary answers", async () => {
  const browser = await launchChromium();
  const proxy = await startProxy(standIns.live.url, { prefix: "" });
  try {
    const { page } = await openPage(browser, `${proxy.url}/?coin=bitcoin&interval=1m`);
    await waitForBars(page, 400);
    await waitForMove(page, await newestClose(page));
    const { x, y, width } = await page.locator("#chart").boundingBox();
    await page.mouse.move(x + width / 2, y + 100);
    for (let turn = 0; turn < 12; turn++) await page.mouse.wheel(-800, 0);
    await waitForBars(page, 900);
    await page.keyboard.press("4");
    await page.waitForURL(/interval=1h/);
    await page.waitForFunction(() => Number(document.querySelector("#chart").dataset.bars) < 100);
    await page.locator('#range-switch [data-value="All"]').click();
    await page.waitForURL(/range=All/);
    await page.goto(`${proxy.url}/?view=compare&with=bitcoin`);
    await page.locator('#compare-chart[data-lines="1"]').waitFor();
    await page.goto(`${proxy.url}/?q=bitcoin`); // of the others the binary knows nothing
    await page.waitForFunction(() => document.querySelector(".spark-line")?.getAttribute("d"));
  } finally {
    await browser.close();
    await proxy.stop();
  }
  const asked = [...new Set(proxy.seen)].filter((path) => path.startsWith("/api/"));
  const kinds = new Set(asked.map((path) => path.split("?")[0]));
  assert.deepEqual([...kinds].sort(), [...Object.keys(ROUTES), "/api/v1/stream"].sort());
  for (const bound of ["to=", "from="]) assert.ok(asked.some((path) => path.includes(bound)), asked.join("\n"));
  for (const path of asked) {
    const stop = new AbortController();
    const response = await fetch(binary.url + path, { signal: stop.signal });
    assert.equal(response.status, 200, path);
    stop.abort();
  }
});
