// The tools of a coin's chart: ranges, ways to draw, scales and indicators, each kept
// in the address.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { countPixels, drawnTexts, launchChromium, newestClose, waitForBars, waitForMove } from "./chromium.mjs";
import { visitIn } from "./visit.mjs";

let browser;
before(async () => {
  browser = await launchChromium();
});
after(() => browser.close());

const visit = (what, story) => visitIn(browser, what, story);

const twoFrames = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
const choose = (page, group, value) => page.locator(`#${group}-switch [data-value="${value}"]`).click();
const legend = (page) => page.locator("#legend").innerText();

test("a range picks the interval that fits it, and back is the range before", () =>
  visit({ path: "/?coin=bitcoin&interval=15m", flags: ["--minutes", "11000"] }, async (page) => {
    await waitForBars(page, 400);
    for (const [range, interval] of [["1H", "1m"], ["1D", "5m"], ["7D", "1h"]]) {
      await choose(page, "range", range);
      await page.waitForURL(new RegExp(`interval=${interval}&range=${range}`));
      assert.equal(await page.locator(`#interval-switch [data-value="${interval}"]`).getAttribute("aria-checked"), "true");
    }
    // Seven and a half days are all there is: a year of days would be eight candles.
    await choose(page, "range", "1Y");
    await page.waitForURL(/interval=1h&range=1Y/);
    await page.goBack();
    await page.waitForURL(/interval=1h&range=7D/);
    await page.goBack();
    await page.waitForURL(/interval=5m&range=1D/);
    await waitForMove(page, await newestClose(page));
    await choose(page, "interval", "15m"); // chosen by hand: no range any more
    await page.waitForURL((url) => !url.search.includes("range"));
    assert.equal(await page.locator('#range-switch [aria-checked="true"]').count(), 0);
  }));

test("the whole range is in view, from its first candle on", () =>
  visit({ path: "/?coin=bitcoin&range=7D", flags: ["--minutes", "11000"] }, async (page) => {
    await waitForBars(page, 168);
    await page.locator("#chart").focus();
    const { x, y, height } = await page.locator("#chart").boundingBox();
    await page.mouse.move(x + 6, y + height / 3);
    await page.waitForFunction(() => /UTC/.test(document.querySelector(".legend-time")?.textContent));
    const first = Date.parse(`${(await page.locator(".legend-time").innerText()).replace(" UTC", "")} GMT`);
    const days = (Date.now() - first) / 86_400_000;
    assert.ok(days > 6.7 && days < 7.3, `${days} days`);
  }));

test("Heikin-Ashi draws averages and says so; legend and axis keep the prices", () =>
  visit({ path: "/?coin=bitcoin&interval=1m&style=heikin" }, async (page) => {
    await waitForBars(page, 400);
    await waitForMove(page, await newestClose(page));
    assert.match(await legend(page), /drawn averaged; the numbers are the candles' own/);
    const drawn = await countPixels(page, ["--up", "--down"]);
    assert.ok(drawn["--up"] > 1000 && drawn["--down"] > 1000, JSON.stringify(drawn));
    const [close, said] = await page.evaluate(() => [document.querySelector("#chart").dataset.close, document.querySelector("#legend").textContent]);
    assert.ok(said.includes(`C ${Number(Number(close).toFixed(2)).toLocaleString("en-US").split(".")[0]}`), said);
    await choose(page, "style", "candles");
    await page.waitForFunction(() => !document.querySelector("#legend").textContent.includes("averaged"));
  }));

test("the axis is linear, logarithmic or in percent", () =>
  visit({ path: "/?coin=bitcoin&interval=1h", flags: ["--minutes", "11000"] }, async (page) => {
    await waitForBars(page, 150);
    await drawnTexts(page);
    await choose(page, "scale", "percent");
    await page.waitForFunction(() => globalThis.drawnTexts.some((text) => /^[+−]\d+(\.\d+)?%$/.test(text)));
    assert.match(page.url(), /scale=percent/);
    await page.reload();
    await waitForBars(page, 150);
    assert.equal(await page.locator('#scale-switch [aria-checked="true"]').getAttribute("data-value"), "percent");
    await choose(page, "scale", "log");
    await page.waitForURL(/scale=log/);
    await drawnTexts(page);
    await page.locator("#theme-toggle").click();
    await twoFrames(page);
    const texts = await drawnTexts(page);
    assert.ok(texts.filter((text) => /^\d{2,3},\d{3}(\.\d+)?$/.test(text)).length >= 3, texts.join(" | "));
    assert.ok(!texts.some((text) => text.endsWith("%")), texts.join(" | "));
    await page.goBack();
    await page.waitForURL(/scale=percent/);
  }));

test("indicators are added, set and removed by keyboard, and the address keeps them", () =>
  visit({ path: "/?coin=bitcoin&interval=1m" }, async (page) => {
    await waitForBars(page, 400);
    const canvases = await page.locator("#chart tr").count();
    await page.locator("#indicators-toggle").focus();
    await page.keyboard.press("Enter");
    for (const name of ["SMA", "Bollinger", "RSI", "MACD"]) {
      await page.locator("#indicators-panel").getByRole("button", { name, exact: true }).focus();
      await page.keyboard.press("Enter");
    }
    await page.waitForURL(/indicators=sma%3A20%2Cbb%3A20%3A2%2Crsi%3A14%2Cmacd%3A12%3A26%3A9/);
    assert.match(await legend(page), /SMA 20\s+[\d,.]+\s+Bollinger 20 2\s+[\d,.]+\s+[\d,.]+\s+[\d,.]+\s+RSI 14\s+\d+\.\d\s+MACD 12 26 9\s+-?[\d.]+/);
    assert.ok((await page.locator("#chart tr").count()) > canvases, "RSI and MACD have panes of their own");
    assert.equal(await page.locator("#indicators-panel").getByRole("button", { name: "VWAP" }).isDisabled(), true);
    await page.locator('#indicators-panel [data-place="0.0"]').fill("9999");
    await page.locator('#indicators-panel [data-place="0.0"]').press("Tab");
    await page.waitForURL(/indicators=sma%3A400/);
    assert.equal(await page.locator('#indicators-panel [data-place="0.0"]').inputValue(), "400");
    await page.getByRole("button", { name: "Remove RSI 14" }).click();
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("#indicators-panel").isVisible(), false);
    await page.reload();
    await waitForBars(page, 400);
    assert.match(await legend(page), /SMA 400.*Bollinger.*MACD/s);
    assert.doesNotMatch(await legend(page), /RSI/);
    await waitForMove(page, await newestClose(page));
    await page.goBack();
    await page.waitForFunction(() => document.querySelector("#legend").textContent.includes("RSI 14"));
    assert.equal(await page.locator("#indicators-toggle").innerText(), "Indicators · 4");
  }));

test("an indicator's value is that of the candles, live too", () =>
  visit({ path: "/?coin=bitcoin&interval=1m&indicators=sma:3" }, async (page) => {
    await waitForBars(page, 400);
    await page.locator("#table-toggle").click();
    for (let turn = 0; turn < 3; turn++) {
      await waitForMove(page, await newestClose(page));
      const [closes, said] = await page.evaluate(() => {
        const rows = [...document.querySelectorAll("#table-view tbody tr")].slice(0, 3);
        const number = (text) => Number(text.replaceAll(",", ""));
        return [rows.map((row) => number(row.querySelectorAll("td")[3].textContent)), number(document.querySelector(".legend-reading b").textContent)];
      });
      const mean = closes.reduce((sum, close) => sum + close, 0) / 3;
      assert.ok(Math.abs(said - mean) < 0.02, `${said} for ${mean}`);
    }
  }));

test("trades have a VWAP", () =>
  visit({ path: "/?coin=bitcoin&interval=1m&indicators=vwap", flags: ["--mode", "replay"] }, async (page) => {
    await waitForBars(page, 400);
    assert.match(await legend(page), /VWAP 1\s+[\d,.]+/);
    await page.locator('.coin[data-coin="solana"]').click(); // polled prices: no volume, no value
    await page.waitForURL(/coin=solana/);
    await page.waitForFunction(() => /VWAP 1\s*—/.test(document.querySelector("#legend").textContent));
  }));

test("on a phone the chart is on the first screen, and the indicators fit", () =>
  visit({ path: "/?coin=bitcoin&interval=1m", options: { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true } }, async (page) => {
    await waitForBars(page, 400);
    const chart = await page.locator("#chart").boundingBox();
    assert.ok(chart.y < 370, JSON.stringify(chart));
    await page.locator("#indicators-toggle").click();
    await page.locator("#indicators-panel").getByRole("button", { name: "MACD" }).click();
    const panel = await page.locator("#indicators-panel").boundingBox();
    assert.ok(panel.x >= 0 && panel.x + panel.width <= 360, JSON.stringify(panel));
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
  }));
