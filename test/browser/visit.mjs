// A story told by one visitor: a server and a fresh page, both ended with it, and no error on the page.
import assert from "node:assert/strict";
import { openPage } from "./chromium.mjs";
import { startStandIn } from "./servers.mjs";

/**
 * Runs `story(page, server)` against a stand-in server started with `flags`, or against `server`, which is
 * the caller's to stop.
 */
export async function visitIn(browser, { flags = [], path = "/", options = {}, server: given }, story) {
  const server = given ?? (await startStandIn(...flags));
  const visitor = await openPage(browser, server.url + path, options);
  try {
    await story(visitor.page, server);
    assert.deepEqual(visitor.errors, []);
  } finally {
    await visitor.close();
    if (!given) await server.stop();
  }
}
