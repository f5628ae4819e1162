// A headless Chromium with a profile of its own, and a page in it whose errors
// count: an uncaught exception, a console error or a blocked resource fails the
// test that opened it.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export async function launchChromium() {
  const executablePath = process.env.CHROMIUM ?? PLACES.find((place) => existsSync(place));
  assert.ok(executablePath, "no Chromium found; install it (Debian: apt-get install chromium) or set CHROMIUM");
  return chromium.launch({ executablePath, headless: true, args: FLAGS });
}

/** Runs in a page before its own scripts: notes the texts that are drawn on canvases, which no selector finds. */
const NOTE_TEXTS = `
  const draw = CanvasRenderingContext2D.prototype.fillText;
  globalThis.drawnTexts = [];
  CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
    globalThis.drawnTexts.push(text);
    return draw.call(this, text, ...rest);
  };`;

/** What was drawn as text on the chart since the last call: labels of both axes. */
export async function drawnTexts(page) {
  return [...new Set(await page.evaluate(() => globalThis.drawnTexts.splice(0)))];
}

/** Opens a page. Out: the page and `errors`, which a test ends by finding empty. */
export async function openPage(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  await context.addInitScript(NOTE_TEXTS);
  const page = await context.newPage();
  const errors = [];
  failOnErrors(page, errors);
  await page.goto(url);
  return { page, errors, close: () => context.close() };
}

/** Collects what goes wrong in a page into `errors`. */
export function failOnErrors(page, errors) {
  page.on("pageerror", (error) => errors.push(`exception: ${error.message}`));
  page.on("crash", () => errors.push("the page crashed"));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(`console: ${message.text()}`);
  });
}

/** What the badge says now: "live", "delayed", "stale", "replay" or "unknown". */
export function badgeState(page) {
  return page.locator("#badge").getAttribute("data-state");
}

export async function waitForBadge(page, state, timeout = 15_000) {
  await page.locator(`#badge[data-state="${state}"]`).waitFor({ timeout });
}

/** Waits until the chart holds at least this many candles. */
export async function waitForBars(page, count, timeout = 15_000) {
  await page.waitForFunction((least) => Number(document.querySelector("#chart").dataset.bars) >= least, count, { timeout });
}

/** Waits until the newest close differs from the one given; returns it. */
export async function waitForMove(page, close, timeout = 15_000) {
  const moved = await page.waitForFunction(
    (before) => {
      const now = document.querySelector("#chart").dataset.close;
      return now !== undefined && now !== before ? now : false;
    },
    close,
    { timeout },
  );
  return moved.jsonValue();
}

export function newestClose(page) {
  return page.locator("#chart").getAttribute("data-close");
}

/** The pixels of the chart's price pane. */
export function chartPixels(page) {
  return page.evaluate(() => {
    const canvases = [...document.querySelectorAll("#chart canvas")];
    return canvases.map((canvas) => canvas.toDataURL()).join("\n");
  });
}

/** How many pixels of the chart have the colour of each of these tokens, as it looks on the chart's surface. */
export function countPixels(page, tokens) {
  return page.evaluate((names) => {
    const style = getComputedStyle(document.documentElement);
    const probe = document.createElement("canvas");
    probe.width = probe.height = 1;
    const brush = probe.getContext("2d");
    const wanted = names.map((name) => {
      for (const token of ["--surface", name]) {
        brush.fillStyle = style.getPropertyValue(token);
        brush.fillRect(0, 0, 1, 1);
      }
      return [name, [...brush.getImageData(0, 0, 1, 1).data].join()];
    });
    const counts = Object.fromEntries(names.map((name) => [name, 0]));
    for (const canvas of document.querySelectorAll("#chart canvas")) {
      if (canvas.width === 0 || canvas.height === 0) continue;
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      for (let at = 0; at < data.length; at += 4) {
        const pixel = `${data[at]},${data[at + 1]},${data[at + 2]},${data[at + 3]}`;
        for (const [name, color] of wanted) if (pixel === color) counts[name]++;
      }
    }
    return counts;
  }, tokens);
}
