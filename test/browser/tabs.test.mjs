// Many tabs in one browser. A browser opens six connections to a host and no more, so
// the tabs must share one stream; and whoever holds it may go: the tab, the worker,
// the server.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { failOnErrors, launchChromium, newestClose, waitForBars, waitForMove } from "./chromium.mjs";
import { startProxy } from "./proxy.mjs";
import { startStandIn } from "./servers.mjs";

const VIEWS = ["bitcoin&interval=1m", "ethereum&interval=5m", "solana&interval=1m", "ripple&interval=15m"];
// What tells the hub that a tab is there is not the window system but the page's own word.
const NO_SHARED_WORKER = "delete globalThis.SharedWorker";
const NO_CHANNEL = "delete globalThis.SharedWorker; delete globalThis.BroadcastChannel";

let browser;
before(async () => {
  browser = await launchChromium();
});
after(() => browser.close());

/** Runs a story with one browser profile, and a server behind a proxy that counts streams. */
async function withTabs({ script, port = "0" }, story) {
  const server = await startStandIn("--port", port);
  const proxy = await startProxy(server.url);
  const context = await browser.newContext({ viewport: { width: 1100, height: 700 } });
  if (script) await context.addInitScript(script);
  const errors = [];
  const open = async (view) => {
    const page = await context.newPage();
    failOnErrors(page, errors);
    await page.goto(`${proxy.url}/?coin=${view}`);
    await waitForBars(page, 20);
    return page;
  };
  try {
    await story({ open, proxy, server, errors, context });
    assert.deepEqual(errors, []);
  } finally {
    await context.close();
    await proxy.stop();
    await server.stop();
  }
}

async function assertMoves(pages) {
  await Promise.all(pages.map(async (page) => waitForMove(page, await newestClose(page), 30_000)));
}

async function waitForStreams(proxy, count) {
  const end = Date.now() + 15_000;
  while (proxy.streams().length !== count && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(proxy.streams().length, count, JSON.stringify(proxy.streams()));
}

/** Tells a page that its tab was hidden or shown; a headless browser shows all of them. */
function setHidden(page, hidden) {
  return page.evaluate((value) => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => value });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);
}

test("eight tabs load, move and work, over one stream", () =>
  withTabs({}, async ({ open, proxy }) => {
    const pages = [];
    for (let tab = 0; tab < 8; tab++) pages.push(await open(VIEWS[tab % VIEWS.length]));
    await assertMoves(pages);
    await waitForStreams(proxy, 1);
    assert.match(proxy.streams()[0], /interval=1m,5m,15m$/);
    await pages[0].locator('.coin[data-coin="dogecoin"]').click();
    await pages[0].waitForFunction(() => Number(document.querySelector("#chart").dataset.close) < 1);
    await pages[0].keyboard.press("4");
    await pages[0].waitForURL(/coin=dogecoin&interval=1h/);
    await assertMoves(pages);
    await waitForStreams(proxy, 1);
    await Promise.all(pages.slice(0, 7).map((page) => page.close()));
    await assertMoves(pages.slice(7));
    await waitForStreams(proxy, 1);
  }));

test("a worker that was ended is replaced", () =>
  withTabs({}, async ({ open, proxy, context }) => {
    const pages = [await open(VIEWS[0]), await open(VIEWS[1])];
    await assertMoves(pages);
    const session = await browser.newBrowserCDPSession();
    const { targetInfos } = await session.send("Target.getTargets");
    const workers = targetInfos.filter((target) => target.type === "shared_worker");
    assert.equal(workers.length, 1);
    await session.send("Target.closeTarget", { targetId: workers[0].targetId });
    await waitForStreams(proxy, 0);
    await waitForStreams(proxy, 1);
    await assertMoves(pages);
    await session.detach();
    assert.equal(context.pages().length, 2);
  }));

test("a server that was started anew is found again by every tab", () =>
  withTabs({}, async ({ open, proxy, server, errors }) => {
    const pages = [await open(VIEWS[0]), await open(VIEWS[1]), await open(VIEWS[2])];
    await assertMoves(pages);
    await server.stop();
    await Promise.all(pages.map((page) => page.locator('#connection[data-state="lost"]').waitFor()));
    const again = await startStandIn();
    try {
      proxy.setTarget(again.url);
      await Promise.all(pages.map((page) => page.locator('#connection[data-state="open"]').waitFor()));
      await assertMoves(pages);
      await waitForStreams(proxy, 1);
    } finally {
      await again.stop();
    }
    assert.ok(errors.every((error) => /ERR_EMPTY_RESPONSE|ERR_CONNECTION|ERR_INCOMPLETE|Failed to load resource/.test(error)), errors.join("\n"));
    errors.length = 0;
  }));

for (const [name, script] of [["a SharedWorker", undefined], ["a leading tab", NO_SHARED_WORKER], ["a stream of its own", NO_CHANNEL]]) {
  test(`hidden tabs let go of the stream and ask for nothing (${name})`, () =>
    withTabs({ script }, async ({ open, proxy }) => {
      const page = await open(VIEWS[0]);
      await assertMoves([page]);
      await setHidden(page, true);
      assert.equal(await page.title(), "BTC · CryptoStream");
      await waitForStreams(proxy, 0);
      const asked = proxy.seen.length;
      const close = await newestClose(page);
      await page.waitForTimeout(1_500);
      assert.equal(await newestClose(page), close);
      assert.equal(proxy.seen.length, asked);
      await setHidden(page, false);
      await assertMoves([page]);
      await waitForStreams(proxy, 1);
      assert.match(await page.title(), /^[\d,.]+ BTC · CryptoStream$/);
    }));
}

test("without SharedWorker one tab leads; closed or hidden, the next one does", () =>
  withTabs({ script: NO_SHARED_WORKER }, async ({ open, proxy }) => {
    const pages = [];
    for (const view of VIEWS) pages.push(await open(view));
    await assertMoves(pages);
    await waitForStreams(proxy, 1);
    await pages[0].close();
    await assertMoves(pages.slice(1));
    await waitForStreams(proxy, 1);
    await setHidden(pages[1], true);
    await assertMoves(pages.slice(2));
    await waitForStreams(proxy, 1);
    await setHidden(pages[1], false);
    await assertMoves(pages.slice(1));
    await waitForStreams(proxy, 1);
  }));
