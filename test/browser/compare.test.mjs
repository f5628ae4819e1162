// Coins compared: where each begins, what the numbers say, and what happens with none,
// too many, and some that are not there.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { drawnTexts, launchChromium } from "./chromium.mjs";
import { BINARY, startBinary } from "./servers.mjs";
import { visitIn } from "./visit.mjs";

let browser;
before(async () => {
  browser = await launchChromium();
});
after(() => browser.close());

const visit = (what, story) => visitIn(browser, what, story);

const lines = (page, count) => page.locator(`#compare-chart[data-lines="${count}"]`).waitFor();
const value = (page, coin) => page.locator(`.chip[data-coin="${coin}"] .chip-value`).innerText();
const names = (page) => page.locator(".chip-name").allInnerTexts();
const cells = (page, at) => page.locator("#compare-tables table").nth(at).locator("tbody tr").evaluateAll((rows) =>
  rows.map((row) => [...row.children].map((cell) => cell.textContent)));

test("the largest coins are compared until others are chosen, and the address keeps the choice", () =>
  visit({ path: "/", flags: ["--minutes", "11000"] }, async (page) => {
    await page.locator('#views a[data-view="compare"]').click();
    await lines(page, 4);
    assert.deepEqual(await names(page), ["Bitcoin", "Ethereum", "XRP", "Solana"]);
    await page.locator("#compare-add").fill("doge");
    await page.keyboard.press("Enter");
    await lines(page, 5);
    await page.getByRole("button", { name: "Remove Ethereum" }).click();
    await lines(page, 4);
    assert.match(page.url(), /\?view=compare&with=bitcoin&with=ripple&with=solana&with=dogecoin$/);
    await page.locator('#compare-range [data-value="1D"]').click();
    await page.waitForURL(/range=1D/);
    await page.locator('#compare-measure [data-value="index"]').click();
    await page.waitForFunction(() => /^Indexed to 100 at .* closes of 5m/.test(document.querySelector("#compare-summary").textContent));
    await page.reload();
    await lines(page, 4);
    assert.match(await value(page, "bitcoin"), /^\d{2,3}\.\d\d$/);
    await page.goBack();
    await page.waitForFunction(() => /^Change since/.test(document.querySelector("#compare-summary").textContent));
    assert.match(await value(page, "bitcoin"), /^[+−]?\d+\.\d\d%$/);
    await page.goBack();
    await page.goBack();
    await lines(page, 5);
    const before = await value(page, "bitcoin");
    await page.waitForFunction((text) => document.querySelector('.chip[data-coin="bitcoin"] .chip-value').textContent !== text, before);
  }));

test("eight coins at most, none twice, and one that is not there says so", () =>
  visit({ path: "/?view=compare&with=bitcoin&with=moon" }, async (page) => {
    await lines(page, 1);
    await page.waitForFunction(() => /not in this lake/.test(document.querySelector('.chip[data-coin="moon"]').textContent));
    for (const coin of ["bitcoin", "eth", "sol", "xrp", "ada", "doge", "link"]) {
      await page.locator("#compare-add").fill(coin);
      await page.keyboard.press("Enter");
    }
    await page.waitForFunction(() => document.querySelectorAll(".chip").length === 8);
    await lines(page, 7);
    assert.equal(await page.locator("#compare-add").isDisabled(), true);
    await page.getByRole("button", { name: "Remove moon" }).click();
    assert.equal(await page.locator("#compare-add").isDisabled(), false);
    await page.locator("#compare-add").fill("no such coin");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelector("#announcer").textContent === "No coin like no such coin");
  }));

test("with no coin at all the page waits and says why", () =>
  visit({ path: "/?view=compare", flags: ["--scenario", "waiting"] }, async (page) => {
    await page.getByText("Waiting for the first price").waitFor();
    assert.match(await page.locator("#compare-empty").innerText(), /rate limited/);
  }));

test("a phone sees the comparison without scrolling sideways, in the dark too", () =>
  visit({ path: "/?view=compare", options: { viewport: { width: 360, height: 740 }, colorScheme: "dark", isMobile: true, hasTouch: true } }, async (page) => {
    await lines(page, 4);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
    const chart = await page.locator("#compare-chart").boundingBox();
    assert.ok(chart.width > 320 && chart.height > 300, JSON.stringify(chart));
  }));

test("shares, falls and correlations are those of the recorded prices", async () => {
  const folder = mkdtempSync(join(tmpdir(), "cryptostream-compare-"));
  const end = 1_709_683_200;
  const text = [];
  const add = (minute, coin_id, price) => text.push(JSON.stringify({ timestamp: end - (120 - minute) * 60 + 1, coin_id, price, source: "coingecko" }));
  for (let minute = 0; minute <= 120; minute++) {
    const wave = 100 + 20 * Math.sin(minute / 9);
    add(minute, "wave", wave);
    add(minute, "small", wave * 1e-9); // the same moves, another size
    add(minute, "against", 1e4 / wave);
    add(minute, "still", 5);
    if (minute >= 60) add(minute, "young", minute === 60 ? 10 : minute === 90 ? 20 : minute === 100 ? 5 : minute < 90 ? 12 : 8);
  }
  writeFileSync(join(folder, "recording.jsonl"), `${text.join("\n")}\n`);
  const flags = ["--format", "messages", "--storage", join(folder, "lake"), "--exit-when-done"];
  execFileSync(BINARY, ["replay", join(folder, "recording.jsonl"), ...flags], { stdio: "ignore" });
  const server = await startBinary("serve", "--storage", join(folder, "lake"), "--port", "0");
  try {
    await visit({ server, path: "/?view=compare&with=wave&with=small&with=against&with=still" }, async (page) => {
      await lines(page, 4);
      const matrix = await cells(page, 1);
      assert.deepEqual(matrix.map((row) => row.slice(1)), [
        ["1.00", "1.00", "−1.00", "—"], ["1.00", "1.00", "−1.00", "—"], ["−1.00", "−1.00", "1.00", "—"], ["—", "—", "—", "—"],
      ]);
      const last = 100 + 20 * Math.sin(120 / 9);
      assert.equal(await value(page, "wave"), `+${(last - 100).toFixed(2)}%`);
      assert.equal(await value(page, "still"), "0.00%");
      const texts = await drawnTexts(page);
      assert.ok(texts.some((one) => /^[+−]?\d+(\.\d+)?%$/.test(one)), texts.join(" | "));
      await page.locator("#compare-add").fill("young");
      await page.keyboard.press("Enter");
      await lines(page, 5);
      // All begin where the youngest does: an hour before the end.
      const since = new Date((end - 3600) * 1000).toISOString().slice(11, 16);
      assert.match(await page.locator("#compare-summary").innerText(), new RegExp(`${since} UTC · closes of 1m`));
      const figures = await cells(page, 0);
      const young = figures.find((row) => row[0] === "young");
      assert.deepEqual([young[1], young[2], young[4]], ["−20.00%", "−75.00%", "−60.00%"]);
    });
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
