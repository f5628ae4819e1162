// What the page does with what a server says, in a real Chromium: its odd states
// and its manners. The stand-in server speaks the same API.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { badgeState, launchChromium, newestClose, openPage, waitForBadge, waitForBars, waitForMove } from "./chromium.mjs";
import { startStandIn } from "./servers.mjs";

let browser;
before(async () => {
  browser = await launchChromium();
});
after(() => browser.close());

/** Runs a story against a stand-in server and a fresh page, and ends both. */
async function visit({ flags = [], path = "/", options = {} }, story) {
  const server = await startStandIn(...flags);
  const visitor = await openPage(browser, server.url + path, options);
  try {
    await story(visitor.page, server);
    assert.deepEqual(visitor.errors, []);
  } finally {
    await visitor.close();
    await server.stop();
  }
}

test("live data: coins, a chart that moves, and a badge that says live", () =>
  visit({}, async (page) => {
    await waitForBars(page, 400);
    assert.equal(await page.locator(".coin").count(), 10);
    assert.equal(await badgeState(page), "live");
    assert.match(page.url(), /coin=bitcoin&interval=1m/);
    await waitForMove(page, await newestClose(page));
    assert.match(await page.title(), /BTC · CryptoStream$/);
  }));

test("prices that stop turn delayed, then stale, with nobody telling the page", () =>
  visit({ flags: ["--live-s", "5", "--delayed-s", "8", "--stop-after", "5"] }, async (page) => {
    await waitForBadge(page, "live");
    await waitForBadge(page, "delayed");
    await waitForBadge(page, "stale");
    assert.match(await page.locator("#badge").innerText(), /Stale\s+price is \d+ s old/);
    assert.equal(await page.locator("#countdown").isHidden(), true);
  }));

test("candles older than the last one never break the chart", () =>
  visit({ flags: ["--scenario", "disorder"] }, async (page) => {
    await waitForBars(page, 400);
    const first = await waitForMove(page, await newestClose(page));
    await waitForMove(page, first);
  }));

test("a coin with a price each five minutes opens on 5m", () =>
  visit({ flags: ["--step", "5"], path: "/?coin=ethereum" }, async (page) => {
    await waitForBars(page, 200);
    assert.match(page.url(), /coin=ethereum&interval=5m/);
    assert.equal(await page.locator('#interval-switch [data-value="5m"]').getAttribute("aria-checked"), "true");
  }));

test("scrolling back loads older candles", () =>
  visit({ path: "/?coin=solana&interval=1m" }, async (page) => {
    await waitForBars(page, 400);
    const { x, y, width, height } = await page.locator("#chart").boundingBox();
    await page.mouse.move(x + width / 3, y + height / 3);
    for (let turn = 0; turn < 12; turn++) await page.mouse.wheel(-800, 0);
    await waitForBars(page, 900);
    assert.equal(await page.locator("#to-latest").isVisible(), true);
    await page.locator("#to-latest").click();
    await page.locator("#to-latest").waitFor({ state: "hidden" });
  }));

test("before the first price the source's own words are shown", () =>
  visit({ flags: ["--scenario", "waiting"] }, async (page) => {
    await page.getByText("Waiting for the first price").waitFor();
    assert.match(await page.locator("#notice").innerText(), /CoinGecko rate limited \(429\).*next try in/);
    assert.equal(await page.locator(".price").isVisible(), false);
  }));

test("a replay is marked on badge, notice and title", () =>
  visit({ flags: ["--mode", "replay"] }, async (page) => {
    await waitForBadge(page, "replay");
    assert.match(await page.locator("#notice").innerText(), /These are not current prices/);
    assert.match(await page.title(), /^replay · /);
  }));

test("the keyboard reaches coins, intervals and candles, and the table says the same", () =>
  visit({ path: "/?coin=bitcoin&interval=1m" }, async (page) => {
    await waitForBars(page, 400);
    await page.locator('.coin[data-coin="bitcoin"]').focus();
    await page.keyboard.press("ArrowDown");
    await page.waitForURL(/coin=ethereum/);
    await page.keyboard.press("3");
    await page.waitForURL(/interval=15m/);
    // The 1m candles, over 400 of them, stay until the 15m ones are there.
    await page.waitForFunction(() => {
      const bars = Number(document.querySelector("#chart").dataset.bars);
      return bars >= 90 && bars < 300;
    });
    await page.locator("#chart").focus();
    await page.keyboard.press("Home");
    await page.waitForFunction(() => /open .* close /.test(document.querySelector("#announcer").textContent));
    await page.locator("#table-toggle").click();
    const rows = await page.locator("#table-view tbody tr").count();
    assert.equal(String(rows), await page.locator("#chart").getAttribute("data-bars"));
    await page.goBack();
    await page.waitForURL(/interval=1m/);
  }));

test("a phone sees everything without scrolling sideways", () =>
  visit({ options: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true } }, async (page) => {
    await waitForBars(page, 400);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 390, `the page is ${width} pixels wide`);
    const chart = await page.locator("#chart").boundingBox();
    assert.ok(chart.height > 300 && chart.width > 340, JSON.stringify(chart));
  }));

test("light and dark follow the system until the visitor chooses", () =>
  visit({ options: { colorScheme: "dark" } }, async (page) => {
    const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
    assert.equal(await theme(), "dark");
    await page.locator("#theme-toggle").click();
    assert.equal(await theme(), "light");
    await page.reload();
    assert.equal(await theme(), "light");
  }));

test("the credits are there, and nothing is fetched from elsewhere", () =>
  visit({}, async (page, server) => {
    const elsewhere = [];
    page.on("request", (request) => {
      if (!request.url().startsWith(server.url)) elsewhere.push(request.url());
    });
    await page.reload();
    await waitForBars(page, 400);
    assert.deepEqual(elsewhere, []);
    assert.equal(await page.getByRole("link", { name: "Data by CoinGecko" }).isVisible(), true);
    assert.equal(await page.locator('#chart a[href*="tradingview.com"]').count(), 1);
  }));

test("a server that goes away and comes back is noticed both times", async () => {
  const first = await startStandIn();
  const visitor = await openPage(browser, first.url);
  const { page } = visitor;
  const port = new URL(first.url).port;
  let second;
  try {
    await page.locator('#connection[data-state="open"]').waitFor();
    await first.stop();
    await page.locator('#connection[data-state="lost"]').waitFor({ timeout: 15_000 });
    second = await startStandIn("--port", port);
    await page.locator('#connection[data-state="open"]').waitFor({ timeout: 30_000 });
    await waitForMove(page, await newestClose(page));
  } finally {
    await visitor.close();
    await (second ?? first).stop();
  }
});
