// Attributes whose value changes within a segment; tests/timeline/test_attribute_types.py asks the same of Python.

import assert from "node:assert/strict";
import test from "node:test";

import { problemOf, summary, typesOf } from "../../assets/web/js/model/attribute-types.js";
import { carried, changedFrom, changesOf, merged, valueAt, valuesOf } from "../../assets/web/js/model/changing.js";

const CHANGING = { changes: [[1, "left"], [2.5, "right"], [4, null]] }; // prettier-ignore
const SPAN = { start: 1, end: 5 };
/** @param {object} more */
const type = (more) => ({ name: "hand", kind: "choice", options: ["left", "right"], low: null, high: null, changes: false, ...more }); // prettier-ignore

test("a value holds from its time on", () => {
  assert.deepEqual([0, 1, 2.499, 2.5, 3.999, 4].map((time) => valueAt(CHANGING, time)), ["left", "left", "left", "right", "right", null]); // prettier-ignore
  assert.equal(valueAt("left", 3), "left");
  assert.deepEqual(valuesOf(CHANGING), ["left", "right"]);
  for (const other of [
    { changes: [] },
    { changes: [[1, {}]] },
    { changes: [["1", "a"]] },
    { x: 1 },
    [1],
    "a",
    undefined,
  ])
    assert.equal(changesOf(other), null);
});

test("what is said holds from the playhead on, until it changes next", () => {
  assert.deepEqual(changedFrom("left", 3, "right", SPAN), { changes: [[1, "left"], [3, "right"]] }); // prettier-ignore
  assert.deepEqual(changedFrom(undefined, 3, "right", SPAN), { changes: [[1, null], [3, "right"]] }); // prettier-ignore
  assert.deepEqual(changedFrom(CHANGING, 2, "right", SPAN), { changes: [[1, "left"], [2, "right"], [4, null]] }); // prettier-ignore
  assert.equal(changedFrom({ changes: [[1, "left"], [3, "right"]] }, 3, "left", SPAN), "left"); // prettier-ignore
});

for (const [after, expected] of /** @type {[{ start: number, end: number }, any][]} */ ([
  [{ start: 11, end: 15 }, { changes: [[11, "left"], [12.5, "right"], [14, null]] }], // prettier-ignore
  [{ start: 1, end: 3 }, { changes: [[1, "left"], [2.5, "right"]] }], // prettier-ignore
  [{ start: 1, end: 2.5 }, "left"],
  [{ start: 2, end: 5 }, { changes: [[2, "left"], [2.5, "right"], [4, null]] }], // prettier-ignore
  [{ start: 3, end: 5 }, { changes: [[3, "right"], [4, null]] }], // prettier-ignore
  [{ start: 0.5, end: 5 }, { changes: [[0.5, "left"], [2.5, "right"], [4, null]] }], // prettier-ignore
]))
  test(`changes go with their segment to ${after.start}–${after.end}`, () => {
    assert.deepEqual(carried({ hand: CHANGING, who: "ann" }, SPAN, after), { hand: expected, who: "ann" });
  });

test("segments that become one say of each stretch what was said of it", () => {
  const part = (start, end, value) => ({ start, end, value });
  const split = [part(1, 2, "left"), part(2, 5, { changes: [[2, "left"], [2.5, "right"], [4, null]] })]; // prettier-ignore
  assert.deepEqual(merged(split, true), CHANGING);
  assert.deepEqual(merged(split, false), CHANGING, "also where the labels say nothing of it");
  assert.deepEqual(merged([part(0, 2, "left"), part(2, 4, "right")], true), { changes: [[0, "left"], [2, "right"]] }); // prettier-ignore
  assert.equal(merged([part(0, 2, "left"), part(2, 4, "left")], true), "left");
  assert.equal(merged([part(0, 2, "left"), part(2, 4, "right")], false), "left", "what may not change is said once");
  assert.equal(merged([part(0, 2, undefined), part(2, 4, "right")], false), "right");
  assert.deepEqual(merged([part(0, 2, "left"), part(3, 4, "right")], true), { changes: [[0, "left"], [2, null], [3, "right"]] }); // prettier-ignore
  assert.deepEqual(merged([part(0, 3, "left"), part(2, 4, { changes: [[2, "up"], [3.5, "right"]] })], true), { changes: [[0, "left"], [3, "up"], [3.5, "right"]] }); // prettier-ignore
  assert.deepEqual(merged([part(0, 4, "left"), part(1, 2, "right")], true), "left");
});

test("where nothing is said of what is left of a segment, nothing is kept", () => {
  assert.deepEqual(carried({ hand: CHANGING, who: null }, SPAN, { start: 4, end: SPAN.end }), { who: null });
});

test("those of a row come first, and a label says what a name means where both have it", () => {
  const row = { track: "T", attributes: [type({}), type({ name: "force", kind: "number" })] };
  const label = { track: "T", label: "x", attributes: [type({ options: ["up"] })] };
  const store = /** @type {any} */ ({ labels: [label], tracks: new Map([["T", row]]) });
  assert.deepEqual(typesOf(store, { track: "T", label: "x" }).map(({ name, options }) => [name, options]), [
    ["hand", ["up"]],
    ["force", ["left", "right"]],
  ]); // prettier-ignore
  assert.deepEqual(typesOf(store, { track: "T", label: "y" }), row.attributes);
  assert.deepEqual(typesOf(store, { track: "U", label: "x" }), []);
});

test("a segment says what it is like in a few words", () => {
  const types = [type({}), type({ name: "sure", kind: "yes_no" }), type({ name: "seen", kind: "several" })];
  assert.equal(summary(types, { hand: CHANGING, sure: false, seen: ["a", "b"] }), "left → right · not sure · a, b");
  assert.equal(summary(types, { other: 1 }), "");
});

test("a wrong value is one sentence", () => {
  const force = type({ name: "force", kind: "number", low: 1, high: 5 });
  assert.equal(problemOf(force, 5), "");
  assert.equal(problemOf(force, 6), "“force” is a number from 1 to 5.");
  assert.equal(problemOf(type({}), "up"), "“hand” is one of left, right.");
});
