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
  assert.deepEqual(market({ coin: "avalanche-2", symbol: null, quote: "usd" }), { base: "AVAX", quote: "USD" });
});

test("a pair of an exchange and a coin of CoinGecko both give a short name", () => {
  assert.deepEqual(market({ coin: "bitcoin", symbol: "BTCUSDT", quote: "usdt" }), { base: "BTC", quote: "USDT" });
  assert.deepEqual(market({ coin: "bitcoin", symbol: "XBT/EUR", quote: "eur" }), { base: "XBT", quote: "EUR" });
  assert.deepEqual(market({ coin: "bitcoin", symbol: "btc", quote: "usd" }), { base: "BTC", quote: "USD" });
  assert.deepEqual(market({ coin: "pepe", symbol: null, quote: "usd" }), { base: "pepe", quote: "USD" });
});

test("the currency is the row's, whatever a name ends with", () => {
  assert.deepEqual(market({ coin: "bitcoin", symbol: "btc", quote: "eur" }), { base: "BTC", quote: "EUR" });
  assert.deepEqual(market({ coin: "tether", symbol: "usdt", quote: "usd" }), { base: "USDT", quote: "USD" });
  assert.deepEqual(market({ coin: "binance-usd", symbol: "busd", quote: "usd" }), { base: "BUSD", quote: "USD" });
});

test("a name that every object has is no coin we know", () => {
  assert.equal(coinName({ coin: "constructor", name: null }), "constructor");
  assert.ok(Number.isInteger(coinHue("constructor")));
});
