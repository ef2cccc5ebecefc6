// Locked rows: whatever a person does, nothing in them changes, and they are told once.

import assert from "node:assert/strict";
import test from "node:test";

import { documentOf, frames, notices, prediction, spans } from "./harness.mjs";
import { copied, paste } from "../../assets/web/js/model/copy-paste.js";
import * as operations from "../../assets/web/js/model/operations.js";

function locked() {
  const { doc } = documentOf(
    prediction("p", 1, 2),
    prediction("q", 3, 4),
    prediction("free", 5, 6, { track: "Other" }),
  );
  const ids = [
    doc.editor.create({ track: "Moments", start: 1, end: 2, label: "x" }),
    doc.editor.create({ track: "Moments", start: 7, end: 8, label: "x" }),
  ];
  const other = doc.editor.create({ track: "Other", start: 9, end: 10 });
  doc.editor.isLocked = (row) => row === "Moments";
  return { doc, ids, other, said: notices(doc) };
}

const WAYS = {
  "a field of the inspector": (doc, [id]) => doc.editor.update(id, { label: "y" }),
  Delete: (doc, [id]) => doc.editor.remove(id),
  "Delete several": (doc, ids) => operations.remove(doc.editor, ids),
  "a label for several": (doc, ids) => operations.relabel(doc.editor, ids, "y"),
  "another row": (doc, ids) => operations.moveTo(doc.editor, ids, "Other"),
  "into the row": (doc, _, other) => operations.moveTo(doc.editor, [other], "Moments"),
  Merge: (doc, ids) => operations.merge(doc.editor, ids),
  Split: (doc, [id]) => operations.split(doc.editor, id, 1.52, frames()),
  "Split a prediction": (doc) => operations.split(doc.editor, "p", 1.52, frames()),
  Extend: (doc) => operations.extend(doc.editor, "q", 6, frames()),
  Nudge: (doc, ids) => operations.nudge(doc.editor, [...ids, "p"], "body", 1, frames()),
  "Accept all": (doc) => operations.decide(doc.editor, ["p", "q"], "accept"),
  "Reject below": (doc) => operations.decide(doc.editor, ["p", "q"], "reject"),
  paste: (doc, ids) => assert.deepEqual(paste(doc.editor, copied(doc.store, ids), 2, frames()), []),
};

for (const [way, act] of Object.entries(WAYS)) {
  test(`nothing changes in a locked row by ${way}`, () => {
    const { doc, ids, other, said } = locked();
    const before = [
      spans(doc),
      [...doc.store.annotations.values()].map((a) => [a.track, a.label]),
      [...doc.store.predictions.values()].map((p) => p.verdict),
    ];
    act(doc, ids, other);
    assert.deepEqual(
      [
        spans(doc),
        [...doc.store.annotations.values()].map((a) => [a.track, a.label]),
        [...doc.store.predictions.values()].map((p) => p.verdict),
      ],
      before,
    );
    assert.deepEqual(said, ["“Moments” is locked; unlock it in its menu."]);
    assert.equal(doc.editor.undoStack.done.length, 3, "no empty step of undo");
  });
}

test("what lies in other rows still changes", () => {
  const { doc } = locked();
  operations.decide(doc.editor, ["p", "free"], "accept");
  assert.deepEqual(
    [...doc.store.predictions.values()].map((p) => p.verdict),
    ["", "", "accepted"],
  );
});

test("a step in a locked row waits until that is unlocked, and is not lost", () => {
  const { doc, ids, other, said } = locked();
  doc.editor.remove(other);
  doc.editor.undo();
  assert.equal(spans(doc).length, 3, "another row's step is taken back");
  doc.editor.redo();
  doc.editor.undo();
  assert.deepEqual(said, []);
  doc.editor.undo(); // making the one of the other row
  doc.editor.undo();
  assert.deepEqual(said, ["“Moments” is locked; unlock it in its menu."]);
  assert.deepEqual(
    ids.map((id) => doc.store.annotations.has(id)),
    [true, true],
  );
  doc.editor.isLocked = () => false;
  doc.editor.undo();
  assert.deepEqual(
    ids.map((id) => doc.store.annotations.has(id)),
    [true, false],
  );
  doc.editor.isLocked = (row) => row === "Moments";
  doc.editor.redo();
  assert.equal(said.length, 2);
  doc.editor.isLocked = () => false;
  doc.editor.redo();
  assert.ok(doc.store.annotations.has(ids[1]));
});
