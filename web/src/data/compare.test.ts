import assert from "node:assert/strict";
import { test } from "node:test";
import { type Close, commonStart, correlation, deepestFall, drawdowns, shares, takePrice } from "./compare";

const STEP = 60_000;
const closes = (values: number[], from = 0): Close[] => values.map((close, index) => ({ openMs: (from + index) * STEP, close }));
const values = (list: Close[]): number[] => list.map((one) => one.close);
/** Moves that look like none in particular. */
const wander = (seed: number, count = 60): number[] => {
  let price = 100;
  return Array.from({ length: count }, (_, index) => (price *= 1 + 0.01 * Math.sin(index * seed * 1.7 + seed)));
};

test("all begin at the first moment that all have", () => {
  const old = closes([10, 20, 40], 0);
  const young = closes([5, 4], 1);
  assert.equal(commonStart([old, young, []]), STEP);
  assert.deepEqual(values(shares(old, STEP)), [1, 2]);
  assert.deepEqual(values(shares(young, STEP)), [1, 0.8]);
  assert.deepEqual(shares([], STEP), []);
  assert.equal(commonStart([[], []]), undefined);
});

test("a drawdown is what is lacking to the highest so far, and the deepest has a beginning and an end", () => {
  const list = closes([10, 20, 15, 18, 30, 12, 24]);
  assert.deepEqual(values(drawdowns(list)).map((one) => Number(one.toFixed(3))), [0, 0, -0.25, -0.1, 0, -0.6, -0.2]);
  assert.deepEqual(deepestFall(list), { depth: 12 / 30 - 1, fromMs: 4 * STEP, toMs: 5 * STEP });
  assert.equal(deepestFall(closes([1, 2, 3]))?.depth, 0);
  assert.equal(deepestFall([]), undefined);
});

test("a coin goes with itself, against its inverse, and with neither where it has its own ways", () => {
  const a = wander(1);
  const inverse = a.map((price) => 1e4 / price);
  const rounded = (b: number[]): number => Number(correlation(closes(a), closes(b), STEP).value?.toFixed(3));
  assert.equal(rounded(a), 1);
  assert.equal(rounded(a.map((price) => price * 1e-9)), 1);
  assert.equal(rounded(inverse), -1);
  assert.ok(Math.abs(rounded(wander(2.3))) < 0.5);
});

test("the correlation is that of the textbook", () => {
  const from = (moves: number[]): Close[] => closes(moves.reduce((list, move) => [...list, list.at(-1)! * Math.exp(move)], [1]));
  const x = Array.from({ length: 24 }, (_, index) => (index % 4) / 100);
  const y = Array.from({ length: 24 }, (_, index) => [0.02, 0.01, 0.04, 0.03][index % 4]!);
  // Of 0 1 2 3 and 2 1 4 3: covariance 0.75, variances 1.25 each.
  assert.ok(Math.abs(correlation(from(x), from(y), STEP).value! - 0.6) < 1e-9);
});

test("too few common moves, gaps, and a price that stands still say nothing", () => {
  const a = closes(wander(1));
  assert.deepEqual(correlation(a.slice(0, 15), a, STEP), { value: null, moves: 14 });
  assert.equal(correlation(a, closes(Array(60).fill(7)), STEP).value, null);
  const holey = a.filter((_, index) => index % 2 === 0); // no two neighbours
  assert.deepEqual(correlation(holey, a, STEP), { value: null, moves: 0 });
});

test("a price of now moves the newest window or begins another, and an old one does nothing", () => {
  const list = closes([1, 2]);
  assert.deepEqual([takePrice(list, STEP, 3), takePrice(list, 2 * STEP, 4), takePrice(list, 0, 9), takePrice([], 0, 1)], [true, true, false, false]);
  assert.deepEqual(values(list), [1, 3, 4]);
});
