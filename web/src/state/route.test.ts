import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRoute, routeQuery } from "./route";

test("a view survives the way through the address bar", () => {
  const route = { coin: "avalanche-2", interval: "15m", style: "area" } as const;
  assert.deepEqual(parseRoute(routeQuery(route)), route);
});

test("what is missing or misspelt is left to the page", () => {
  const open = { coin: undefined, interval: undefined, style: "candles" };
  assert.deepEqual(parseRoute(""), open);
  assert.deepEqual(parseRoute("?interval=7m&style=bars&coin="), open);
  assert.equal(routeQuery(parseRoute("")), "");
});
