// The whole path, from a line of a recording to a pixel: the real binary replays
// six minutes of prices at twenty times their pace into a lake of its own, and a
// real Chromium watches its page. A candle must move; when the recording has
// ended and nothing arrives any more, the badge must turn stale by itself.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chartPixels, launchChromium, newestClose, openPage, waitForBadge, waitForBars, waitForMove } from "./chromium.mjs";
import { startBinary } from "./servers.mjs";

const START_S = 1_709_680_200; // 5 March 2024, 23:10 UTC
const LENGTH_S = 360;
const SPEED = 20;
const PLAYED_MS = (LENGTH_S / SPEED) * 1000;

/** One price every two seconds for each of two coins, in the message format of the topic. */
function recording() {
  const lines = [];
  for (let second = 0; second < LENGTH_S; second += 2) {
    const wave = Math.sin(second / 23) * 40 + second / 10;
    const bitcoin = { timestamp: START_S + second, coin_id: "bitcoin", price: 66_000 + wave, volume_24h: 3.1e10 };
    const cardano = { timestamp: START_S + second, coin_id: "cardano", price: 0.61 + wave / 10_000, volume_24h: 4.2e8 };
    lines.push(JSON.stringify(bitcoin), JSON.stringify(cardano));
  }
  return lines;
}

const lines = recording();
const lastBitcoin = JSON.parse(lines.at(-2));
const folder = mkdtempSync(join(tmpdir(), "cryptostream-browser-"));
let browser;
let server;

before(async () => {
  const file = join(folder, "recording.jsonl");
  writeFileSync(file, `${lines.join("\n")}\n`);
  browser = await launchChromium();
  server = await startBinary(
    "run", "--source", "replay", "--replay", file, "--format", "messages", "--speed", String(SPEED),
    "--storage", join(folder, "lake"), "--port", "0",
    "--set", "serve.live_age=4s", "--set", "serve.delayed_age=8s",
  );
});

after(async () => {
  await browser?.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("a replay moves the candles, ends on the recording's last price, and then turns stale", async () => {
  const { page, errors, close } = await openPage(browser, `${server.url}/?coin=bitcoin&interval=1m`);
  try {
    await waitForBars(page, 1);
    await waitForBadge(page, "replay");
    assert.match(await page.locator("#notice").innerText(), /These are not current prices/);
    assert.equal(await page.locator(".coin").count(), 2);

    const pixels = await chartPixels(page);
    const first = await newestClose(page);
    const second = await waitForMove(page, first);
    await waitForMove(page, second);
    assert.notEqual(await chartPixels(page), pixels, "the price moved, the picture did not");
    const bars = Number(await page.locator("#chart").getAttribute("data-bars"));
    await waitForBars(page, bars + 1);

    await page.waitForFunction(
      (price) => Number(document.querySelector("#chart").dataset.close) === price,
      lastBitcoin.price,
      { timeout: PLAYED_MS + 20_000 },
    );
    await waitForBadge(page, "stale");
    assert.match(await page.locator("#badge").innerText(), /Stale\s+nothing for \d+ s/);
    assert.equal(Number(await newestClose(page)), lastBitcoin.price);
    assert.deepEqual(errors, []);
  } finally {
    await close();
  }
});

test("the API says what the page showed: every window of the recording, all stored", async () => {
  const answer = await fetch(`${server.url}/api/v1/candles?coin=bitcoin&interval=1m`);
  assert.equal(answer.status, 200);
  const { candles } = await answer.json();
  assert.equal(candles.length, LENGTH_S / 60);
  assert.equal(candles.reduce((sum, candle) => sum + candle.samples, 0), lines.length / 2);
  assert.ok(candles.every((candle) => candle.committed), JSON.stringify(candles));
});
