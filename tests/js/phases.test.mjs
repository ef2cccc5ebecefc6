import assert from "node:assert/strict";
import test from "node:test";

import { documentOf, frames, prediction } from "./harness.mjs";
import { copied, paste } from "../../assets/web/js/model/copy-paste.js";
import * as operations from "../../assets/web/js/model/operations.js";
import { movedPhase, phasesOf } from "../../assets/web/js/model/phases.js";

const PHASES = { onset: 1.2, apex: 1.6, offset: 1.8 };
const made = (doc, start, end, attributes = PHASES) =>
  doc.editor.create({ track: "Expression · Person 1", start, end, attributes: { ...attributes, sure: true } });
const times = ({ attributes: { onset, apex, offset } }) => [onset, apex, offset];
const all = (doc) => [...doc.store.annotations.values()].sort((a, b) => a.start - b.start);

test("attributes are phases only where they are times of their segment, in order", () => {
  const span = { start: 1, end: 2 };
  assert.deepEqual(phasesOf(PHASES, span), PHASES);
  for (const other of [{ onset: 1.7 }, { apex: "x" }, { offset: 2.5 }, { onset: 0 }, { apex: undefined }])
    assert.equal(phasesOf({ ...PHASES, ...other }, span), null);
});

test("phases move with their segment, and stay within it when an edge moves", () => {
  const { doc } = documentOf();
  const id = made(doc, 1, 2);
  const after = (fields) => {
    doc.editor.update(id, fields);
    return times(doc.store.item(id));
  };
  assert.deepEqual(after({ start: 3, end: 4 }), [3.2, 3.6, 3.8]);
  assert.deepEqual(after({ start: 3.4 }), [3.4, 3.6, 3.8]);
  assert.deepEqual(after({ end: 3.5 }), [3.4, 3.5, 3.5]);
  assert.deepEqual(after({ end: 5 }), [3.4, 3.5, 3.5]);
  assert.equal(doc.store.item(id).attributes.sure, true);
  for (let step = 0; step < 4; step++) doc.editor.undo();
  assert.deepEqual(times(doc.store.item(id)), [1.2, 1.6, 1.8]);
});

test("numbers that are no phases are left as they are", () => {
  const { doc } = documentOf();
  const id = made(doc, 1, 2, { onset: 25, apex: 30, offset: 40 }); // frames of somebody's table
  doc.editor.update(id, { start: 3, end: 4 });
  assert.deepEqual(times(doc.store.item(id)), [25, 30, 40]);
});

test("split, merge, copy and shift keep phases within their segments", () => {
  const { doc } = documentOf();
  const shown = frames();
  const id = made(doc, 1, 2);
  operations.split(doc.editor, id, 1.52, shown);
  assert.deepEqual(all(doc).map(times), [
    [1.2, 1.52, 1.52],
    [1.52, 1.6, 1.8],
  ]);
  operations.merge(
    doc.editor,
    all(doc).map((a) => a.id),
  );
  assert.deepEqual(all(doc).map(times), [[1.2, 1.52, 1.52]]);
  const copies = copied(doc.store, [all(doc)[0].id]);
  paste(doc.editor, copies, 5, shown);
  assert.deepEqual(times(all(doc)[1]), [5.2, 5.52, 5.52]);
  operations.shift(doc.editor, [all(doc)[1].id], 1, shown);
  assert.deepEqual(times(all(doc)[1]), [6.2, 6.52, 6.52]);
  operations.nudge(doc.editor, [all(doc)[1].id], "body", 1, shown);
  assert.deepEqual(times(all(doc)[1]), [6.24, 6.56, 6.56]);
});

test("what a model says of an expression comes along when it is accepted or corrected, within its segment", () => {
  const found = { task: "emotion", track: "Expression · Person 1", onset: 0.5, apex: 1.5, offset: 2.5 };
  const { doc, sent } = documentOf(prediction("p", 1, 2, found), prediction("q", 1, 2, found));
  doc.editor.accept("p");
  const accepted = all(doc)[0];
  assert.deepEqual([times(accepted), accepted.source], [[1, 1.5, 2], "accepted"]);
  doc.editor.correct("q", { end: 1.4 });
  const corrected = doc.store.correctionOf("q");
  assert.deepEqual([times(corrected), corrected.source], [[1, 1.4, 1.4], "correction"]);
  doc.editor.accept("q");
  return new Promise(setImmediate).then(() => assert.deepEqual(sent[0].attributes, { onset: 1, apex: 1.5, offset: 2 }));
});

test("a phase stops at its neighbours and at the ends of its segment", () => {
  const span = { start: 1, end: 2 };
  assert.deepEqual(movedPhase(PHASES, "onset", 1.9, span), { ...PHASES, onset: 1.6 });
  assert.deepEqual(movedPhase(PHASES, "onset", 0, span), { ...PHASES, onset: 1 });
  assert.deepEqual(movedPhase(PHASES, "apex", 1.1, span), { ...PHASES, apex: 1.2 });
  assert.deepEqual(movedPhase(PHASES, "offset", 3, span), { ...PHASES, offset: 2 });
});

test("what a model found inside a box over time knows its box when it is accepted, corrected or copied", () => {
  const { doc } = documentOf(
    prediction("p", 1, 2, { box: "b1", track: "Anna" }),
    prediction("q", 3, 4, { box: "b2", track: "Ben", onset: 3.2, apex: 3.4, offset: 3.8 }),
  );
  doc.editor.accept("p");
  assert.deepEqual(all(doc)[0].attributes, { box: "b1" });
  doc.editor.correct("q", { start: 3, end: 5 });
  assert.deepEqual(all(doc)[1].attributes, { box: "b2", onset: 3.2, apex: 3.4, offset: 3.8 });
});
