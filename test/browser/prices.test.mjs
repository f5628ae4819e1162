// Prices and times at the ends of what there is: 9.1e13 and 3.1e-13 dollars, and 1970,
// 2013 and 2024 in one chart. The real binary, a real Chromium.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { drawnTexts, launchChromium, waitForBars } from "./chromium.mjs";
import { BINARY, startBinary } from "./servers.mjs";
import { visitIn } from "./visit.mjs";

const START_S = 1_709_683_200;
const PRICES = { "big-one": 9.1e13, "tiny-one": 3.1e-13, shiba: 3.1e-10, bitcoin: 60_000 };
const folder = mkdtempSync(join(tmpdir(), "cryptostream-prices-"));
let browser;
let server;

function recording() {
  const lines = [];
  const add = (timestamp, coin_id, price) => lines.push(JSON.stringify({ timestamp, coin_id, price, source: "coingecko" }));
  add(0, "far-apart", 100);
  for (let minute = 0; minute < 30; minute++) add(1_386_450_000 + minute * 60, "far-apart", 700 + minute);
  for (let day = 0; day < 400; day++) add(1_420_000_000 + day * 86_400, "far-apart", 300 + day);
  for (let second = 0; second < 600; second += 20) {
    for (const [coin, price] of Object.entries(PRICES)) add(START_S + second, coin, price * (1 + (second % 60) / 2e4));
    add(START_S + second, "far-apart", 60_000 + second);
    add(START_S + second, "flat-one", 9.1e13 * (1 + (second % 60) / 1e9));
  }
  for (let day = 0; day < 60; day++) add(START_S - day * 86_400, "daily", 100 + (day % 7));
  return lines;
}

before(async () => {
  const file = join(folder, "recording.jsonl");
  const lake = join(folder, "lake");
  writeFileSync(file, `${recording().join("\n")}\n`);
  execFileSync(BINARY, ["replay", file, "--format", "messages", "--storage", lake, "--exit-when-done"], { stdio: "ignore" });
  browser = await launchChromium();
  server = await startBinary("serve", "--storage", lake, "--port", "0");
});

after(async () => {
  await browser?.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const visit = (path, story) => visitIn(browser, { path, server }, story);

const SHOWN = {
  "big-one": [/^91\.\d{1,3}T$/, /^91(\.\d+)?T$/],
  "tiny-one": [/^0\.0₁₂31\d*$/, /^0\.0₁₂3\d+$/],
  shiba: [/^0\.0₉31\d*$/, /^0\.0₉3\d+$/],
  bitcoin: [/^60,\d{3}(\.\d*[1-9])?$/, /^60,\d{3}(\.\d+)?$/],
};

for (const [coin, [price, label]] of Object.entries(SHOWN)) {
  test(`${coin} at ${PRICES[coin]} dollars can be read everywhere`, () =>
    visit(`/?coin=${coin}&interval=1m`, async (page) => {
      await waitForBars(page, 10);
      assert.match(await page.locator("#price").innerText(), price);
      assert.match(await page.locator(`.coin[data-coin="${coin}"] .coin-price`).innerText(), price);
      const fields = await page.locator("#legend b").allInnerTexts();
      for (const field of fields.slice(0, 4)) assert.match(field, label);
      const list = await page.locator("#coin-list").boundingBox();
      const shown = await page.locator(`.coin[data-coin="${coin}"] .coin-price`).boundingBox();
      assert.ok(shown.x + shown.width <= list.x + list.width, JSON.stringify([shown, list]));
      const texts = await drawnTexts(page);
      assert.ok(texts.filter((text) => label.test(text)).length >= 3, texts.join(" | "));
      // From here to a coin of another size and back.
      await page.locator(`.coin:not([data-coin="${coin}"])`).first().click();
      await page.locator(`.coin[data-coin="${coin}"]`).click();
      await page.waitForURL(new RegExp(`coin=${coin}&`));
      await page.waitForFunction((digits) => document.querySelector("#legend").textContent.includes(digits), fields[3]);
    }));
}

test("1970, 2013 and 2024 in one chart, and the page still answers", () =>
  visit("/?coin=far-apart&interval=1m", async (page) => {
    await waitForBars(page, 400);
    const { x, y, width } = await page.locator("#chart").boundingBox();
    await page.mouse.move(x + width / 2, y + 100);
    const start = Date.now();
    for (let turn = 0; turn < 10; turn++) {
      await page.mouse.wheel(0, 600); // out
      await page.mouse.wheel(-3000, 0); // back in time
    }
    for (const style of ["line", "area", "candles"]) await page.locator(`#style-switch [data-value="${style}"]`).click();
    for (const interval of ["1d", "1h", "1m"]) {
      await page.locator(`#interval-switch [data-value="${interval}"]`).click();
      await page.waitForURL(new RegExp(`interval=${interval}`));
    }
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
    assert.ok(Date.now() - start < 15_000, `it took ${Date.now() - start} ms`);
  }));

test("an axis of huge prices that hardly differ can be told apart", () =>
  visit("/?coin=flat-one&interval=1m", async (page) => {
    await waitForBars(page, 10);
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    const labels = (await drawnTexts(page)).filter((text) => /^9[01](\.\d+)?T$/.test(text));
    assert.ok(labels.filter((text) => text !== "91T").length >= 2, labels.join(" | "));
  }));

test("one price a day is a line, says why, and counts no samples", () =>
  visit("/?coin=daily&interval=1d", async (page) => {
    await waitForBars(page, 60);
    assert.match(await page.locator("#legend").innerText(), /single price, which makes no candle: drawn as a line/);
    assert.equal(await page.locator("#amount-label").innerText(), "");
    await page.locator('.coin[data-coin="bitcoin"]').click();
    await page.waitForURL(/coin=bitcoin/);
    await page.locator('#interval-switch [data-value="1m"]').click();
    await page.waitForFunction(() => document.querySelector("#amount-label").textContent === "Samples per candle");
    assert.doesNotMatch(await page.locator("#legend").innerText(), /drawn as a line/);
    await page.goBack();
    await page.goBack();
    await page.waitForFunction(() => document.querySelector("#amount-label").textContent === "");
  }));
