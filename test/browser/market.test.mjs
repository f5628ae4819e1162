// The market, which is the page's start: every coin as a row that moves, can be sorted,
// found and kept, however many there are; and what it says when there is nothing.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launchChromium, openPage, waitForBars } from "./chromium.mjs";
import { startProxy } from "./proxy.mjs";
import { BINARY, startBinary, startStandIn } from "./servers.mjs";
import { visitIn } from "./visit.mjs";

let browser;
before(async () => {
  browser = await launchChromium();
});
after(() => browser.close());

const visit = (what, story) => visitIn(browser, what, story);

const row = (page, coin) => page.locator(`.quotes-row[data-coin="${coin}"]`);
const names = (page) => page.evaluate(() => {
  const rows = [...document.querySelectorAll(".quotes-row")];
  return rows.sort((a, b) => a.ariaRowIndex - b.ariaRowIndex).map((one) => one.querySelector(".quotes-name").textContent);
});
const sortBy = (page, key) => page.locator(`[data-sort="${key}"]`).click();

test("the start shows every coin by market cap, and prices flash as they move", () =>
  visit({}, async (page) => {
    await row(page, "bitcoin").waitFor();
    assert.deepEqual((await names(page)).slice(0, 4), ["Bitcoin", "Ethereum", "XRP", "Solana"]);
    assert.match(await row(page, "bitcoin").locator(".q-price").innerText(), /^\$9\d,\d{3}(\.\d{1,2})?$/);
    assert.equal(await row(page, "bitcoin").locator(".q-rank").innerText(), "1");
    assert.equal(await row(page, "bitcoin").locator(".q-market_cap").innerText(), "$1.92T");
    await page.locator(".quotes-price:is(.tick-up, .tick-down)").first().waitFor();
    assert.match(await page.locator("#market-summary").innerText(), /^10 coins · 10 live · times in UTC$/);
    assert.equal(await page.title(), "Market · CryptoStream");
  }));

test("a coin is a click away, and back is back", () =>
  visit({ path: "/?sort=name" }, async (page) => {
    await row(page, "avalanche-2").waitFor();
    assert.equal((await names(page))[0], "Avalanche");
    await row(page, "solana").locator(".q-price").click();
    await page.waitForURL(/\?coin=solana&interval=1m$/);
    await waitForBars(page, 400);
    assert.equal(await page.locator("#market-view").isHidden(), true);
    await page.goBack();
    await row(page, "solana").waitFor();
    assert.match(page.url(), /\?sort=name$/);
    await page.goForward();
    await waitForBars(page, 400);
    assert.equal(await page.locator("#coin-name").innerText(), "Solana");
    await page.locator('#views a[data-view="market"]').click();
    await row(page, "bitcoin").waitFor();
  }));

test("the table is sorted by any column, both ways, and the address keeps it", () =>
  visit({}, async (page) => {
    await row(page, "bitcoin").waitFor();
    await sortBy(page, "price");
    assert.deepEqual((await names(page)).slice(0, 3), ["Bitcoin", "Ethereum", "Solana"]);
    await sortBy(page, "price");
    assert.equal((await names(page)).at(-1), "Bitcoin");
    assert.match(page.url(), /\?sort=price$/);
    assert.equal(await page.locator(".quotes-head .q-price").getAttribute("aria-sort"), "ascending");
    await page.reload();
    await row(page, "bitcoin").waitFor();
    assert.equal((await names(page)).at(-1), "Bitcoin");
  }));

test("coins are found by name, symbol and id, and where none is the page says so", () =>
  visit({}, async (page) => {
    await row(page, "bitcoin").waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("avalanche-2");
    await row(page, "bitcoin").waitFor({ state: "detached" });
    assert.deepEqual(await names(page), ["Avalanche"]);
    assert.match(page.url(), /\?q=avalanche-2$/);
    await page.locator("#market-search").fill("doge t1");
    await page.getByText("No coin like this").waitFor();
    await page.getByRole("button", { name: "Show all coins" }).click();
    await row(page, "bitcoin").waitFor();
    assert.equal(await page.locator("#market-search").inputValue(), "");
  }));

test("favourites are kept in the browser, by mouse and by keyboard", () =>
  visit({}, async (page) => {
    await row(page, "solana").locator(".star").click();
    await row(page, "bitcoin").locator(".quotes-link").focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Shift+Tab"); // the star of the row
    await page.keyboard.press("Enter");
    await page.locator("#market-favourites").click();
    await row(page, "bitcoin").waitFor({ state: "detached" });
    assert.deepEqual(await names(page), ["Ethereum", "Solana"]);
    await page.reload();
    await row(page, "solana").waitFor();
    assert.deepEqual(await names(page), ["Ethereum", "Solana"]);
    assert.equal(await row(page, "solana").locator(".star").getAttribute("aria-pressed"), "true");
    for (const coin of ["solana", "ethereum"]) await row(page, coin).locator(".star").click();
    await page.getByText("No favourites yet").waitFor();
  }));

test("a column of which no row has a value is not there", () =>
  visit({ flags: ["--mode", "replay"] }, async (page) => {
    await row(page, "bitcoin").waitFor();
    await page.locator("#quotes-table.without-change_7d").waitFor();
    for (const column of ["rank", "change_24h", "change_7d", "market_cap", "volume_24h"]) {
      assert.equal(await page.locator(`.quotes-head .q-${column}`).isVisible(), false, column);
    }
    assert.equal(await page.locator(".quotes-head .q-change_1h").isVisible(), true);
    assert.match(await page.title(), /^replay · /);
    assert.equal(await row(page, "bitcoin").locator(".q-age").innerText(), "replay");
    assert.match(await row(page, "bitcoin").locator(".q-price").innerText(), / USDT$/);
  }));

test("before the first price, and while nobody answers, the page says why", async () => {
  await visit({ flags: ["--scenario", "waiting"] }, async (page) => {
    await page.getByText("Waiting for the first price").waitFor();
    assert.match(await page.locator("#market-empty").innerText(), /rate limited \(429\)/);
    assert.equal(await page.locator("#quotes-table").isVisible(), false);
  });
  const server = await startStandIn();
  const { page, close } = await openPage(browser, server.url);
  try {
    await row(page, "bitcoin").waitFor();
    await server.stop();
    await page.locator('#connection[data-state="lost"]').waitFor();
    assert.equal(await row(page, "bitcoin").isVisible(), true); // what is known stays, and grows old
  } finally {
    await close();
  }
});

test("a favourite of one tab is one of the other's, and a hidden tab asks for nothing", async () => {
  const server = await startStandIn();
  const proxy = await startProxy(server.url, { prefix: "" });
  const { page, errors, close } = await openPage(browser, proxy.url);
  try {
    await row(page, "bitcoin").waitFor();
    const other = await page.context().newPage();
    await other.goto(proxy.url);
    await row(other, "solana").locator(".star").click();
    await row(page, "solana").locator('.star[aria-pressed="true"]').waitFor();
    await other.close();
    const setHidden = (hidden) => page.evaluate((value) => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => value });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
    await page.waitForTimeout(1_000); // what is on its way arrives
    await setHidden(true);
    const end = Date.now() + 15_000;
    while (proxy.streams().length > 0 && Date.now() < end) await page.waitForTimeout(50);
    assert.deepEqual(proxy.streams(), []);
    const asked = proxy.seen.length;
    const texts = () => page.locator(".quotes-price").allInnerTexts();
    const before = await texts();
    await page.waitForTimeout(2_000);
    assert.equal(proxy.seen.length, asked, proxy.seen.slice(asked).join(" "));
    assert.deepEqual(await texts(), before);
    await setHidden(false);
    await page.waitForFunction((old) => [...document.querySelectorAll(".quotes-price")].some((one, index) => one.textContent !== old[index]), before);
    assert.deepEqual(errors, []);
  } finally {
    await close();
    await proxy.stop();
    await server.stop();
  }
});

test("a server that was started anew is found again, and prices go on", async () => {
  const first = await startStandIn();
  const proxy = await startProxy(first.url, { prefix: "" });
  const { page, close } = await openPage(browser, proxy.url);
  let second;
  try {
    await row(page, "bitcoin").waitFor();
    await first.stop();
    await page.locator('#connection[data-state="lost"]').waitFor();
    second = await startStandIn();
    proxy.setTarget(second.url);
    await page.locator('#connection[data-state="open"]').waitFor({ timeout: 30_000 });
    const before = await row(page, "bitcoin").locator(".quotes-price").innerText();
    await page.waitForFunction((old) => document.querySelector('.quotes-row[data-coin="bitcoin"] .quotes-price').textContent !== old, before);
  } finally {
    await close();
    await proxy.stop();
    await (second ?? first).stop();
  }
});

test("a coin that is not there is not another one", () =>
  visit({ path: "/?coin=moon&interval=1m" }, async (page) => {
    await page.getByText("No coin “moon” here").waitFor();
    assert.match(page.url(), /coin=moon/);
    await page.getByRole("button", { name: "Show all coins" }).click();
    await row(page, "bitcoin").waitFor();
  }));

test("a small phone sees names, prices and changes without scrolling sideways", () =>
  visit({ flags: ["--coins", "60"], options: { viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true } }, async (page) => {
    await row(page, "bitcoin").waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
    for (const column of ["name", "price", "change_24h"]) {
      const box = await row(page, "bitcoin").locator(`.q-${column}`).boundingBox();
      assert.ok(box.x >= 0 && box.x + box.width <= 320 && box.width > 30, `${column} ${JSON.stringify(box)}`);
    }
  }));

test("five thousand coins with odd names: few rows, few requests, and every one of them in reach", async () => {
  const server = await startStandIn("--coins", "5000", "--minutes", "5");
  const proxy = await startProxy(server.url, { prefix: "" });
  try {
    await visit({ server: proxy }, async (page) => {
      await row(page, "bitcoin").waitFor();
      const rows = () => page.locator(".quotes-row").count();
      assert.equal(await page.locator("#quotes-table").getAttribute("aria-rowcount"), "5001");
      assert.ok((await rows()) < 40, `${await rows()} rows`);
      await row(page, "bitcoin").locator(".quotes-link").focus();
      await page.keyboard.press("End");
      await page.waitForFunction(() => document.activeElement.closest(".quotes-row")?.ariaRowIndex === "5001");
      await page.keyboard.press("PageUp");
      await page.keyboard.press("Home");
      await page.waitForFunction(() => document.activeElement.closest(".quotes-row")?.dataset.coin === "bitcoin");
      const start = Date.now();
      for (let turn = 0; turn < 30; turn++) {
        await page.evaluate(() => new Promise((done) => {
          document.querySelector("#quotes-scroll").scrollTop += 3_000;
          requestAnimationFrame(() => requestAnimationFrame(done));
        }));
      }
      assert.ok(Date.now() - start < 20_000, `${Date.now() - start} ms for 30 jumps`);
      assert.ok((await rows()) < 40, `${await rows()} rows`);
      await page.locator("#market-search").fill("<b>bold");
      await page.locator(".quotes-row").first().waitFor();
      assert.deepEqual(await names(page), ["<b>bold</b>"]);
      assert.equal(await page.locator(".quotes-row b").count(), 0);
      const asked = proxy.seen.filter((path) => path.startsWith("/api/v1/candles"));
      assert.ok(asked.length < 1_000, `${asked.length} requests`);
    });
  } finally {
    await proxy.stop();
    await server.stop();
  }
});

test("the changes of an hour and of seven days are those of the candles", async () => {
  const folder = mkdtempSync(join(tmpdir(), "cryptostream-market-"));
  const end = 1_709_683_200;
  const lines = [];
  const add = (timestamp, coin_id, price) => lines.push(JSON.stringify({ timestamp, coin_id, price, source: "coingecko" }));
  for (let hour = 170; hour > 2; hour--) add(end - hour * 3600, "old", hour > 168 ? 50 : 80);
  for (let minute = 120; minute >= 0; minute--) for (const coin of ["old", "new"]) add(end - minute * 60, coin, minute > 60 ? 80 : minute === 0 ? 100 : 90);
  writeFileSync(join(folder, "recording.jsonl"), `${lines.join("\n")}\n`);
  const flags = ["--format", "messages", "--storage", join(folder, "lake"), "--exit-when-done"];
  execFileSync(BINARY, ["replay", join(folder, "recording.jsonl"), ...flags], { stdio: "ignore" });
  const server = await startBinary("serve", "--storage", join(folder, "lake"), "--port", "0");
  try {
    await visit({ server }, async (page) => {
      await row(page, "old").getByText("+100.00%").waitFor(); // 50 to 100 in seven days
      assert.equal(await row(page, "old").locator(".q-change_1h").innerText(), "+25.00%");
      assert.match(await row(page, "old").locator(".q-change_7d").getAttribute("title"), /our own candles.*\$50 at 28 Feb 2024/);
      assert.equal(await row(page, "new").locator(".q-change_7d").innerText(), "—");
      assert.equal(await row(page, "new").locator(".q-change_1h").innerText(), "+25.00%");
      await sortBy(page, "change_7d");
      assert.deepEqual(await names(page), ["old", "new"]);
      const drawn = async (coin) => (await row(page, coin).locator(".spark-line").getAttribute("d")).split("L").length;
      assert.ok((await drawn("old")) > 150 && (await drawn("new")) < 6);
      assert.match(await row(page, "old").locator(".q-age").innerText(), /^\d+ d$/);
    });
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
