// Whether everybody can use the page: axe looks at each view, in both themes, and finds
// nothing, of whatever weight.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { launchChromium, openPage, waitForBars } from "./chromium.mjs";
import { startStandIn } from "./servers.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const VIEWS = {
  "the market": ["/", (page) => page.locator(".quotes-row").nth(9).waitFor()],
  "a search that finds nothing": ["/?q=zzzz", (page) => page.getByText("No coin like this").waitFor()],
  "a coin with indicators": ["/?coin=bitcoin&interval=1m&indicators=sma:20,rsi:14", async (page) => {
    await waitForBars(page, 400);
    await page.locator("#indicators-toggle").click();
  }],
  "a coin as a table": ["/?coin=bitcoin&interval=1m", async (page) => {
    await waitForBars(page, 400);
    await page.locator("#table-toggle").click();
  }],
  "a coin that is not there": ["/?coin=moon", (page) => page.getByText("No coin “moon” here").waitFor()],
  "compared coins": ["/?view=compare", (page) => page.locator('#compare-chart[data-lines="4"]').waitFor()],
};

let browser;
let server;
before(async () => {
  browser = await launchChromium();
  server = await startStandIn();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function findings(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 120)).slice(0, 3).join(" ")}`);
}

for (const [name, [path, ready]] of Object.entries(VIEWS)) {
  test(`axe finds nothing in ${name}, light and dark`, async () => {
    for (const colorScheme of ["light", "dark"]) {
      // Without motion: a price in the middle of its flash has no colour of its own.
      const { page, errors, close } = await openPage(browser, server.url + path, { colorScheme, bypassCSP: true, reducedMotion: "reduce" });
      try {
        await ready(page);
        assert.deepEqual(await findings(page), [], colorScheme);
        assert.deepEqual(errors, []);
      } finally {
        await close();
      }
    }
  });
}

test("axe sees a page that is not for everybody", async () => {
  const { page, close } = await openPage(browser, server.url, { bypassCSP: true });
  try {
    await page.evaluate(() => document.body.append(document.createElement("button")));
    assert.match((await findings(page)).join(), /button-name/);
  } finally {
    await close();
  }
});
