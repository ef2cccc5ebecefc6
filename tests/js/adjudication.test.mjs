// Deciding between two annotators: what is taken is one's own, says what it came from, and is undone like every edit.

import assert from "node:assert/strict";
import test from "node:test";

import { documentOf } from "./harness.mjs";
import { Adjudication } from "../../assets/web/js/model/adjudication.js";

const made = (id, start, end, label) => ({
  id,
  track: "T",
  start,
  end,
  label,
  note: `of ${id}`,
  attributes: { hand: "left" },
});
const agreement = { segments: 1, iou: 0.5, kappa: null, start: 0, end: 0, left_out: 0 };

// Anna and Berta agree once, differ in a label and a boundary, and Berta alone marked something.
function compared() {
  const { doc } = documentOf();
  const comparison = {
    one: [made("a1", 0, 1, "same"), made("a2", 2, 3, "cat"), made("a3", 4, 5, "x")],
    other: [made("b1", 0, 1, "same"), made("b2", 2, 3, "dog"), made("b3", 4, 6, "x"), made("b4", 8, 9, "y")],
    found: [
      { kind: "same", track: "T", one: "a1", other: "b1", iou: 1 },
      { kind: "label", track: "T", one: "a2", other: "b2", iou: 1 },
      { kind: "boundary", track: "T", one: "a3", other: "b3", iou: 0.5 },
      { kind: "other", track: "T", one: null, other: "b4", iou: 0 },
    ],
    agreement,
  };
  return { doc, adjudication: new Adjudication(doc.editor, { one: "Anna", other: "Berta" }, comparison) };
}

const results = (doc) =>
  [...doc.store.annotations.values()].map((a) => [a.start, a.end, a.label, a.note, a.attributes.adjudicated_from]);

test("one, the other or a third is taken, with what it came from", () => {
  const { doc, adjudication } = compared();
  const [label, boundary, alone] = adjudication.differences;
  adjudication.take(label, "other");
  adjudication.draw(boundary, { start: 4, end: 5.5 });
  adjudication.take(alone, "other");
  assert.deepEqual(results(doc), [
    [2, 3, "dog", "of b2", ["a2", "b2"]],
    [4, 5.5, "x", "of a3", ["a3", "b3"]],
    [8, 9, "y", "of b4", ["b4"]],
  ]);
  assert.deepEqual(adjudication.undecided, []);
  const [first] = doc.store.annotations.values();
  assert.equal(first.attributes.hand, "left", "what it says beside is taken along");
  assert.deepEqual(adjudication.byId.get("b2").attributes, { hand: "left" }, "the layers stay as they were");
});

test("another choice changes what was taken, and Undo takes choices back", () => {
  const { doc, adjudication } = compared();
  const [label] = adjudication.differences;
  adjudication.take(label, "one");
  adjudication.take(label, "other");
  assert.deepEqual(results(doc), [[2, 3, "dog", "of b2", ["a2", "b2"]]]);
  doc.editor.undo();
  assert.deepEqual(results(doc), [[2, 3, "cat", "of a2", ["a2", "b2"]]]);
  doc.editor.undo();
  assert.deepEqual([results(doc), adjudication.isDecided(label)], [[], false]);
});

test("taking theirs who marked nothing leaves it out", () => {
  const { doc, adjudication } = compared();
  const alone = adjudication.differences[2];
  adjudication.take(alone, "other");
  adjudication.take(alone, "one");
  assert.deepEqual([results(doc), adjudication.isDecided(alone)], [[], true]);
  adjudication.take(alone, "other");
  assert.equal(results(doc).length, 1);
});

test("what both marked the same is taken as one step, once", () => {
  const { doc, adjudication } = compared();
  assert.equal(adjudication.takeAgreed(), 1);
  assert.equal(adjudication.takeAgreed(), 0);
  assert.deepEqual(results(doc), [[0, 1, "same", "of a1", ["a1", "b1"]]]);
  doc.editor.undo();
  assert.deepEqual(results(doc), []);
});
