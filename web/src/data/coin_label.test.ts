import assert from "node:assert/strict";
import { test } from "node:test";
import { coinHue, coinName, market } from "./coin_label";

test("a coin is called what its provider calls it", () => {
  assert.equal(coinName({ coin: "usd-coin", name: "USDC" }), "USDC");
  assert.equal(coinName({ coin: "bitcoin", name: "Bitcoin (mended)" }), "Bitcoin (mended)");
});

test("no name is made from an id", () => {
  assert.equal(coinName({ coin: "usd-coin", name: null }), "usd-coin");
  assert.equal(coinName({ coin: "shiba-inu", name: "" }), "shiba-inu");
});

test("the default coins are known where a recording says no name", () => {
  assert.equal(coinName({ coin: "avalanche-2", name: null }), "Avalanche");
  assert.deepEqual(market({ coin: "avalanche-2", symbol: null }), { base: "AVAX", quote: "USD" });
});

test("a pair of an exchange and a coin of CoinGecko both give a short name", () => {
  assert.deepEqual(market({ coin: "bitcoin", symbol: "BTCUSDT" }), { base: "BTC", quote: "USDT" });
  assert.deepEqual(market({ coin: "bitcoin", symbol: "btc" }), { base: "BTC", quote: "USD" });
  assert.deepEqual(market({ coin: "tether", symbol: "usdt" }), { base: "USDT", quote: "USD" });
  assert.deepEqual(market({ coin: "pepe", symbol: null }), { base: "pepe", quote: "USD" });
});

test("a name that every object has is no coin we know", () => {
  assert.equal(coinName({ coin: "constructor", name: null }), "constructor");
  assert.ok(Number.isInteger(coinHue("constructor")));
});
