import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRoute, type Route, routeQuery } from "./route";

const OPEN: Route = {
  view: "market", coin: undefined, interval: undefined, range: undefined, style: "candles", sort: undefined, search: "", favourites: false,
};

test("each view survives the way through the address bar", () => {
  const coin: Route = { ...OPEN, view: "coin", coin: "avalanche-2", interval: "15m", range: "7D", style: "area" };
  const market: Route = { ...OPEN, sort: "-market_cap", search: "a&b=c", favourites: true };
  for (const route of [coin, market]) assert.deepEqual(parseRoute(routeQuery(route)), route);
});

test("an address without a view is the coin's if it names one, else the market's", () => {
  assert.equal(parseRoute("?coin=bitcoin&interval=1m").view, "coin");
  assert.equal(parseRoute("").view, "market");
  assert.equal(parseRoute("?view=coin").view, "coin");
  assert.equal(routeQuery({ ...OPEN, view: "coin" }), "?view=coin");
});

test("what is missing or misspelt is left to the page", () => {
  assert.deepEqual(parseRoute(""), OPEN);
  assert.deepEqual(parseRoute("?view=moon&interval=7m&range=9D&style=bars&coin="), OPEN);
  assert.equal(routeQuery(OPEN), "");
});

test("a view's address says nothing of the others", () => {
  const both: Route = { ...OPEN, coin: "bitcoin", interval: "1h", sort: "price" };
  assert.equal(routeQuery({ ...both, view: "market" }), "?sort=price");
  assert.equal(routeQuery({ ...both, view: "coin" }), "?coin=bitcoin&interval=1h");
});
