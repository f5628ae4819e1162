// The first screen of somebody who starts the program: the real binary polls a
// provider of ours, fetches a day of history, and a real Chromium looks at it, below a
// path of a proxy.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { countPixels, launchChromium, newestClose, openPage, waitForBadge, waitForBars, waitForMove } from "./chromium.mjs";
import { COINS, startProvider } from "./provider.mjs";
import { PREFIX, startProxy } from "./proxy.mjs";
import { startBinary } from "./servers.mjs";

const folder = mkdtempSync(join(tmpdir(), "cryptostream-live-"));
let browser;
let provider;
let server;
let proxy;

before(async () => {
  browser = await launchChromium();
  provider = await startProvider();
  server = await startLive(provider);
  proxy = await startProxy(server.url);
});

after(async () => {
  await browser?.close();
  await proxy?.stop();
  await server?.stop();
  await provider?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function startLive({ url }, port = "0") {
  const settings = [
    `coingecko.base_url=${url}`, `coingecko.coins=${COINS.map((coin) => coin.id).join(",")}`, "coingecko.pace=1s",
    "coingecko.calls_per_minute=1000", "source.backfill_days=1",
  ];
  const flags = settings.flatMap((setting) => ["--set", setting]);
  return startBinary("run", "--source", "coingecko", "--storage", join(folder, "lake"), "--port", port, ...flags);
}

const text = (page, selector) => page.locator(selector).innerText();

test("a new lake opens on the interval at which its history is a chart", async () => {
  const { page, close } = await openPage(browser, `${proxy.url}/?coin=bitcoin`);
  try {
    await page.waitForURL(/interval=5m/, { timeout: 45_000 });
    await waitForBars(page, 250);
    assert.equal((await countPixels(page, ["--chart-gap"]))["--chart-gap"], 0);
  } finally {
    await close();
  }
});

test("names, symbols and prices are those of the provider", async () => {
  const { page, errors, close } = await openPage(browser, `${proxy.url}/?view=coin`);
  try {
    await waitForBadge(page, "live");
    await page.locator(".coin").nth(2).waitFor();
    for (const coin of COINS) {
      const row = page.locator(`.coin[data-coin="${coin.id}"]`);
      await row.locator(".coin-name").getByText(coin.name, { exact: true }).waitFor({ timeout: 30_000 });
      assert.equal(await row.locator(".coin-symbol").innerText(), coin.symbol.toUpperCase());
      assert.doesNotMatch(await row.locator(".coin-price").innerText(), /\.\d*0$/);
    }
    assert.match(await text(page, '.coin[data-coin="bitcoin"] .coin-price'), /^9\d,\d{3}(\.\d{1,2})?$/);
    assert.match(await text(page, '.coin[data-coin="pepe"] .coin-price'), /^0\.0₇8\d{1,4}$/);
    assert.equal(await text(page, "#coin-name"), COINS[0].name);
    assert.match(await text(page, "#coin-subtitle"), /^BTC \/ USD · CoinGecko/);
    assert.deepEqual(errors, []);
  } finally {
    await close();
  }
});

test("the API hands on the logo's address, and the page does not load it", async () => {
  const elsewhere = [];
  const { page, close } = await openPage(browser, `${proxy.url}/?view=coin`);
  try {
    page.on("request", (request) => {
      if (!request.url().startsWith(proxy.url)) elsewhere.push(request.url());
    });
    await page.reload();
    await waitForBars(page, 1);
    const { coins } = await (await fetch(`${server.url}/api/v1/coins`)).json();
    assert.deepEqual(coins.map((coin) => coin.image), COINS.map((coin) => `https://images.example/${coin.id}.png?17`));
    assert.deepEqual(elsewhere, []);
  } finally {
    await close();
  }
});

test("history of a price each five minutes is a line without gaps, also minute by minute", async () => {
  const { page, errors, close } = await openPage(browser, `${proxy.url}/?coin=bitcoin&interval=1m`);
  try {
    await waitForBars(page, 250);
    const painted = await countPixels(page, ["--chart-line", "--chart-gap"]);
    assert.ok(painted["--chart-line"] > 300, JSON.stringify(painted));
    assert.equal(painted["--chart-gap"], 0, JSON.stringify(painted));
    // The minutes of now have several prices each: they may be candles, all others may not.
    const bars = Number(await page.locator("#chart").getAttribute("data-bars"));
    const { candles } = await (await fetch(`${server.url}/api/v1/candles?coin=bitcoin&interval=1m`)).json();
    assert.ok(candles.filter((candle) => candle.samples > 1).length < bars / 10);
    await page.locator('#interval-switch [data-value="1h"]').click();
    await page.waitForURL(/interval=1h/);
    await page.waitForFunction(() => Number(document.querySelector("#chart").dataset.bars) < 30);
    const hours = await countPixels(page, ["--up", "--down"]);
    assert.ok(hours["--up"] > 200 && hours["--down"] > 200, JSON.stringify(hours));
    assert.deepEqual(errors, []);
  } finally {
    await close();
  }
});

test("the sparkline covers the 24 hours of the change", async () => {
  const { coins } = await (await fetch(`${server.url}/api/v1/coins`)).json();
  for (const coin of coins) {
    assert.equal(coin.spark.length, 61);
    assert.ok(coin.spark.filter((price) => price !== null).length >= 59, `${coin.coin}: ${coin.spark}`);
  }
  const { page, close } = await openPage(browser, `${proxy.url}/?view=coin`);
  try {
    const row = page.locator('.coin[data-coin="bitcoin"]');
    await row.locator(".coin-change.up").waitFor();
    assert.match(await row.locator(".spark").getAttribute("class"), /up/);
    const path = await row.locator(".spark-line").getAttribute("d");
    assert.ok(path.split("L").length >= 59, path);
  } finally {
    await close();
  }
});

test("below a path of a proxy everything is asked for there, the stream included", async () => {
  const { page, errors, close } = await openPage(browser, `${proxy.url}/?coin=usd-coin&interval=1m`);
  try {
    await waitForBars(page, 1);
    await waitForMove(page, await newestClose(page));
    assert.ok(proxy.streams().length >= 1);
    await page.locator('.coin[data-coin="pepe"]').click();
    await page.waitForURL(`${proxy.url}/?coin=pepe&interval=*`);
    await page.reload();
    await waitForBars(page, 1);
    assert.deepEqual(proxy.outside.filter((path) => !path.startsWith(`${PREFIX}/`)), []);
    assert.deepEqual(errors, []);
  } finally {
    await close();
  }
});

test("a program that is started anew goes on where it was, names included", async () => {
  const { page, close } = await openPage(browser, `${proxy.url}/?coin=bitcoin&interval=1m`);
  try {
    await waitForBars(page, 250);
    await server.stop();
    await page.locator('#connection[data-state="lost"]').waitFor();
    server = await startLive(provider);
    proxy.setTarget(server.url);
    await page.locator('#connection[data-state="open"]').waitFor({ timeout: 30_000 });
    await waitForMove(page, await newestClose(page));
    const { coins } = await (await fetch(`${server.url}/api/v1/coins`)).json();
    assert.deepEqual(coins.map((coin) => coin.name), COINS.map((coin) => coin.name));
  } finally {
    await close();
  }
});
