// Which videos are listed: what of it is in the address, and what an address may say.

import assert from "node:assert/strict";
import { test } from "node:test";

import { CONDITIONS, ORDERS, USUAL, isNarrow, read, written } from "../../assets/web/js/model/video-filter.js";

test("the usual list has nothing in the address", () => {
  assert.equal(written({ ...USUAL }), "");
  assert.deepEqual(read(""), USUAL);
  assert.equal(isNarrow({ ...USUAL, sort: "name", descending: false }), false);
});

test("what is written is read again", () => {
  for (const [, condition] of CONDITIONS)
    for (const [, sort, descending] of ORDERS) {
      const wanted = { ...USUAL, ...condition, sort, descending, name: "a “b”", tag: "x", folder: "films/" };
      assert.deepEqual(read(written(wanted)), wanted);
    }
});

test("whatever an address holds can be asked for", () => {
  for (const text of [
    "{",
    "null",
    "[1]",
    '"a"',
    '{"sort":"path","state":3,"folder":[],"name":{}}',
    '{"work":"; DROP"}',
  ])
    assert.deepEqual(read(text), USUAL, text);
  assert.deepEqual(read('{"sort":"name"}'), { ...USUAL, sort: "name" }, "its default order");
  assert.deepEqual(read('{"descending":false}'), { ...USUAL, descending: false });
});

test("a list is narrow by each of its conditions", () => {
  for (const change of [{ name: "a" }, { state: "lost" }, { work: "empty" }, { collection: "c" }, { tag: "t" }])
    assert.equal(isNarrow({ ...USUAL, ...change }), true, JSON.stringify(change));
  assert.equal(isNarrow({ ...USUAL, folder: "" }), true);
  assert.equal(isNarrow({ ...USUAL, name: "  " }), false);
});
