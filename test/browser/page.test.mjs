// What the page does with what a server says, in a real Chromium: its odd states
// and its manners. The stand-in server speaks the same API.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  badgeState,
  countPixels,
  drawnTexts,
  launchChromium,
  newestClose,
  openPage,
  waitForBadge,
  waitForBars,
  waitForMove,
} from "./chromium.mjs";
import { startStandIn } from "./servers.mjs";
import { visitIn } from "./visit.mjs";

let browser;
before(async () => {
  browser = await launchChromium();
});
after(() => browser.close());

const visit = (what, story) => visitIn(browser, { path: "/?view=coin", ...what }, story);

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
    // Word, colour, the dot of the row in the list: all three say it, each time.
    const seen = new Set();
    for (const [state, word] of [["live", "Live"], ["delayed", "Delayed"], ["stale", "Stale"]]) {
      await waitForBadge(page, state);
      assert.match(await page.locator("#badge").innerText(), new RegExp(`${word}\\s+price is \\d+ s old`));
      seen.add(await page.locator("#badge .badge-word").evaluate((badge) => getComputedStyle(badge).color));
      await page.locator(`.coin[data-coin="bitcoin"] .dot[data-state="${state}"]`).waitFor();
      assert.match(await page.locator('.coin[data-coin="bitcoin"]').textContent(), new RegExp(`, ${state}$`)); // for whoever hears it
      assert.equal(await page.locator("#countdown").isHidden(), state === "stale");
    }
    assert.equal(seen.size, 3, [...seen].join(" "));
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

test("light and dark follow the system until the visitor chooses, the chart too", () =>
  visit({ options: { colorScheme: "dark" }, path: "/?coin=bitcoin&interval=1m" }, async (page) => {
    const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await waitForBars(page, 400);
    assert.equal(await theme(), "dark");
    const dark = await background();
    const darkChart = await countPixels(page, ["--surface", "--up", "--down"]);
    await page.locator("#theme-toggle").click();
    assert.equal(await theme(), "light");
    assert.notEqual(await background(), dark);
    const lightChart = await countPixels(page, ["--surface", "--up", "--down"]);
    for (const chart of [darkChart, lightChart]) {
      assert.ok(chart["--surface"] > 100_000 && chart["--up"] > 500 && chart["--down"] > 500, JSON.stringify(chart));
    }
    await page.reload();
    assert.equal(await theme(), "light");
    await page.emulateMedia({ colorScheme: "light" });
    await page.keyboard.press("t");
    assert.equal(await theme(), "dark");
  }));

test("candles, line and area are three pictures, and the address keeps the choice", () =>
  visit({ path: "/?coin=bitcoin&interval=1m" }, async (page) => {
    await waitForBars(page, 400);
    const colors = ["--up", "--down", "--chart-line", "--surface"];
    const pictures = {};
    for (const style of ["candles", "line", "area"]) {
      await page.locator(`#style-switch [data-value="${style}"]`).click();
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
      pictures[style] = await countPixels(page, colors);
      assert.equal(await page.locator(`#style-switch [aria-checked="true"]`).innerText(), style[0].toUpperCase() + style.slice(1));
    }
    const { candles, line, area } = pictures;
    const words = JSON.stringify(pictures);
    assert.ok(candles["--up"] > 1000 && candles["--down"] > 1000, words);
    for (const drawn of [line, area]) assert.ok(drawn["--up"] + drawn["--down"] < 100 && drawn["--chart-line"] > 1000, words);
    assert.ok(area["--surface"] < line["--surface"] * 0.9, words); // something is filled below the line
    assert.match(page.url(), /style=area/);
    await page.reload();
    await waitForBars(page, 400);
    assert.equal(await page.locator('#style-switch [aria-checked="true"]').innerText(), "Area");
    await page.goBack();
    await page.waitForURL(/style=line/);
    await waitForMove(page, await newestClose(page)); // a line moves too
  }));

test("UTC and local time differ by the visitor's zone, everywhere, and the choice is kept", () =>
  visit({ path: "/?coin=bitcoin&interval=1m", options: { timezoneId: "Asia/Kathmandu" } }, async (page) => {
    await waitForBars(page, 400);
    await page.locator("#table-toggle").click();
    const read = async () => ({
      legend: await page.locator(".legend-time").innerText(),
      priceTime: await page.locator("#stats dd").first().innerText(),
      lake: await page.locator("#lake").innerText(),
      head: await page.locator("#table-view th").first().innerText(),
      axis: (await drawnTexts(page)).filter((text) => /^\d\d:\d\d$/.test(text)),
    });
    const utc = await read();
    assert.ok(utc.axis.length >= 3 && utc.axis.every((time) => /:[0-5]0$/.test(time)), utc.axis.join(" "));
    assert.match(utc.legend, / UTC$/);
    assert.match(utc.priceTime, / UTC$/);
    assert.match(utc.lake, /as of \d\d:\d\d:\d\d UTC/);
    assert.equal(utc.head, "Opens (UTC)");
    await page.evaluate(() => {
      document.querySelector('#zone-switch [data-value="local"]').click();
      globalThis.drawnTexts.splice(0); // what was drawn before
    });
    await page.waitForFunction(() => globalThis.drawnTexts.some((text) => /^\d\d:\d\d$/.test(text)));
    const local = await read();
    assert.ok(local.axis.length >= 3 && local.axis.every((time) => /:[0-5]5$/.test(time)), local.axis.join(" "));
    assert.match(local.legend, / local time$/);
    assert.doesNotMatch(local.priceTime, /UTC/);
    assert.match(local.lake, /as of \d\d:\d\d:\d\d local time/);
    assert.equal(local.head, "Opens (local time)");
    const minutes = (text) => Date.parse(`${text} GMT`) / 60_000;
    const oldest = await page.evaluate(() => // at once: a minute can begin between two looks
      ["utc", "local"].map((zone) => {
        document.querySelector(`#zone-switch [data-value="${zone}"]`).click();
        return document.querySelector("#table-view tbody tr:last-child th").innerText;
      }));
    assert.equal(minutes(oldest[1]) - minutes(oldest[0]), 5 * 60 + 45);
    await page.reload();
    await waitForBars(page, 400);
    assert.match(await page.locator(".legend-time").innerText(), / local time$/);
  }));

test("the countdown runs to the close of the candle, by the server's clock", () =>
  visit({ path: "/?coin=bitcoin&interval=1m" }, async (page) => {
    await waitForBars(page, 400);
    const left = async () => {
      const [minutes, seconds] = (await page.locator("#countdown b").innerText()).split(":").map(Number);
      return minutes * 60 + seconds;
    };
    const expected = () => 60 - (Math.floor(Date.now() / 1000) % 60);
    const off = (a, b) => Math.min(Math.abs(a - b), 60 - Math.abs(a - b));
    await page.waitForTimeout(1_100);
    assert.ok(off(await left(), expected()) <= 2, `${await left()} instead of ${expected()}`);
    const before = await page.locator("#countdown b").innerText();
    await page.waitForFunction((text) => document.querySelector("#countdown b").textContent !== text, before, { timeout: 3_000 });
    assert.ok(off(await left(), expected()) <= 2, `${await left()} instead of ${expected()}`);
    await page.keyboard.press("6");
    await page.waitForFunction(() => /\d+:\d\d:\d\d/.test(document.querySelector("#countdown b").textContent));
  }));

test("the numbers of samples are those of the candles, and grow", () =>
  visit({ path: "/?coin=bitcoin&interval=1m" }, async (page) => {
    await waitForBars(page, 400);
    await page.locator("#table-toggle").click();
    const samples = async () => Number(await page.locator("#table-view tbody tr").first().locator("td").nth(6).innerText());
    const first = await samples();
    assert.ok(first >= 1);
    await page.waitForFunction(
      (before) => {
        const cells = document.querySelectorAll("#table-view tbody tr:first-child td");
        return Number(cells[6].textContent) !== before;
      },
      first,
    );
    const legend = await page.locator("#legend").innerText();
    assert.match(legend, /\d+ samples?/);
  }));

test("a price each five minutes is drawn as a line and not as candles without a body", () =>
  visit({ flags: ["--step", "5"], path: "/?coin=ethereum&interval=1m" }, async (page) => {
    await waitForBars(page, 400);
    const painted = await countPixels(page, ["--up", "--down", "--chart-line", "--chart-gap"]);
    assert.ok(painted["--chart-line"] > 500, JSON.stringify(painted));
    assert.ok(painted["--up"] + painted["--down"] < 3_000, JSON.stringify(painted)); // the newest candle and its label
    assert.equal(painted["--chart-gap"], 0, JSON.stringify(painted));
    await page.locator('#style-switch [data-value="candles"]').click();
  }));

test("a source that was down leaves a gap that is shaded", () =>
  visit({ path: "/?coin=ethereum&interval=1m" }, async (page) => {
    await waitForBars(page, 400);
    let painted = {};
    for (const end = Date.now() + 15_000; Date.now() < end && !(painted["--chart-gap"] > 1_000); ) {
      painted = await countPixels(page, ["--chart-gap", "--up"]); // bars can be there a moment before they are painted
    }
    assert.ok(painted["--chart-gap"] > 1_000, JSON.stringify(painted));
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
  const visitor = await openPage(browser, `${first.url}/?view=coin`);
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
