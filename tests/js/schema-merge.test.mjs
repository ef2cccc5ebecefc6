// The schema that two people change at once.

import assert from "node:assert/strict";
import test from "node:test";

import { mergedSchema } from "../../assets/web/js/model/schema-merge.js";

const label = (name, more = {}) => ({
  label: name,
  was: name,
  colour: "#000000",
  hotkey: null,
  attributes: [],
  ...more,
});
const row = (track, labels, more = {}) => ({ track, closed: false, attributes: [], listed: true, labels, ...more });
const names = (rows) => rows.map(({ track, labels }) => [track, labels.map((each) => each.label)]);

test("what both added, changed and took off is in the list", () => {
  const base = [row("Head", [label("nod"), label("shake"), label("tilt"), label("still")])];
  const mine = [
    row("Head", [label("nodding", { was: "nod" }), label("shake"), label("still"), label("turn", { was: null })]),
    row("Hands", [label("wave", { was: null })]),
  ];
  const theirs = [
    row("Head", [label("nod"), label("tilt"), label("still", { hotkey: "4" }), label("away")], { closed: true }),
    row("Hands", []),
    row("Feet", [label("step")]),
  ];
  const found = mergedSchema(base, mine, theirs);
  assert.deepEqual(names(found), [
    ["Head", ["nodding", "still", "away", "turn"]],
    ["Hands", ["wave"]],
    ["Feet", ["step"]],
  ]);
  assert.equal(found[0].closed, true);
  assert.equal(found[0].labels[0].was, "nod");
  assert.equal(found[0].labels[1].hotkey, "4");
});

test("where both changed one thing mine holds, and what one took off and the other changed stays", () => {
  const base = [row("Head", [label("nod"), label("shake"), label("tilt")])];
  const mine = [row("Head", [label("nod", { hotkey: "1" }), label("tilt", { hotkey: "3" })], { closed: true })];
  const theirs = [
    row("Head", [label("nod", { hotkey: "9" }), label("shake", { hotkey: "2" })], { attributes: ["side"] }),
  ];
  const [head] = mergedSchema(base, mine, theirs);
  assert.deepEqual(
    head.labels.map((each) => [each.label, each.hotkey]),
    [
      ["nod", "1"],
      ["shake", "2"],
      ["tilt", "3"],
    ],
  );
  assert.deepEqual([head.closed, head.attributes], [true, []]);
});
