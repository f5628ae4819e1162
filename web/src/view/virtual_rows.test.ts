import assert from "node:assert/strict";
import { test } from "node:test";
import { rowsInView } from "./virtual_rows";

test("only what is seen, and a little beyond, is in the page", () => {
  assert.deepEqual(rowsInView(0, 560, 56, 500), { first: 0, end: 16 });
  assert.deepEqual(rowsInView(5600, 560, 56, 500), { first: 94, end: 116 });
  assert.deepEqual(rowsInView(500 * 56 - 560, 560, 56, 500), { first: 484, end: 500 });
});

test("few coins, none, no room, and a place that is no more", () => {
  assert.deepEqual(rowsInView(0, 560, 56, 3), { first: 0, end: 3 });
  assert.deepEqual(rowsInView(0, 560, 56, 0), { first: 0, end: 0 });
  assert.deepEqual(rowsInView(0, 0, 56, 500), { first: 0, end: 6 });
  assert.deepEqual(rowsInView(99_999, 560, 56, 10), { first: 10, end: 10 });
});
