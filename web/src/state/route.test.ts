import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRoute, type Route, routeQuery } from "./route";

const OPEN: Route = {
  view: "market", coin: undefined, interval: undefined, range: undefined, style: "candles", scale: "linear",
  indicators: [], sort: undefined, search: "", favourites: false, compared: [], measure: "percent",
};

test("each view survives the way through the address bar", () => {
  const coin: Route = { ...OPEN, view: "coin", coin: "avalanche-2", interval: "15m", range: "7D", style: "heikin", scale: "log" };
  coin.indicators = [{ kind: "bb", settings: [20, 2.5] }, { kind: "vwap", settings: [1] }];
  const market: Route = { ...OPEN, sort: "-market_cap", search: "a&b=c", favourites: true };
  const compare: Route = { ...OPEN, view: "compare", compared: ["bitcoin", "odd,one&more"], range: "1M", measure: "index" };
  for (const route of [coin, market, compare]) assert.deepEqual(parseRoute(routeQuery(route)), route);
});

test("eight coins are compared, each once", () => {
  const many = Array.from({ length: 20 }, (_, index) => `with=c${index >> 1}`).join("&");
  assert.equal(parseRoute(`?view=compare&${many}&with=`).compared.join(), "c0,c1,c2,c3,c4,c5,c6,c7");
});

test("an address without a view is the coin's if it names one, else the market's", () => {
  assert.equal(parseRoute("?coin=bitcoin&interval=1m").view, "coin");
  assert.equal(parseRoute("").view, "market");
  assert.equal(parseRoute("?view=coin").view, "coin");
  assert.equal(routeQuery({ ...OPEN, view: "coin" }), "?view=coin");
});

test("what is missing or misspelt is left to the page", () => {
  assert.deepEqual(parseRoute(""), OPEN);
  assert.deepEqual(parseRoute("?view=moon&interval=7m&range=9D&style=bars&scale=moon&indicators=x&coin="), OPEN);
  assert.equal(routeQuery(OPEN), "");
});

test("a view's address says nothing of the others", () => {
  const both: Route = { ...OPEN, coin: "bitcoin", interval: "1h", sort: "price" };
  assert.equal(routeQuery({ ...both, view: "market" }), "?sort=price");
  assert.equal(routeQuery({ ...both, view: "coin" }), "?coin=bitcoin&interval=1h");
});
