// Undo among others who change the same things.

import assert from "node:assert/strict";
import test from "node:test";

import { documentOf, news, notices, prediction, quiet, until } from "./harness.mjs";
import * as operations from "../../assets/web/js/model/operations.js";
import { UndoStack } from "../../assets/web/js/model/undo-stack.js";

const saved = (doc) => until(() => doc.outbox.isIdle);

test("undo does not bring back what somebody else deleted", async () => {
  const { doc, sent } = documentOf();
  const said = notices(doc);
  const id = doc.editor.create({ track: "Moments", start: 1, end: 2 });
  doc.editor.update(id, { end: 3 });
  await saved(doc);
  doc.takeNews(news({ annotations: [{ ...doc.store.annotations.get(id), deleted: true, version: 3 }] }));
  const before = sent.length;
  doc.editor.undo();
  await quiet();
  assert.deepEqual([doc.store.annotations.size, sent.length - before, said.length], [0, 0, 1]);
});

test("undo does not take back somebody else's verdict, and what was accepted elsewhere can be accepted", async () => {
  const { doc, sent } = documentOf(prediction("p", 1, 2));
  const said = notices(doc);
  operations.decide(doc.editor, ["p"], "reject");
  await saved(doc);
  const theirs = {
    id: "their",
    track: "Moments",
    start: 1,
    end: 2,
    label: "a dog",
    note: "",
    source: "accepted",
    prediction_id: "p",
    version: 1,
  };
  doc.takeNews(news({ verdicts: { p: "accepted" }, annotations: [theirs] }));
  const before = sent.length;
  doc.editor.undo();
  await quiet();
  assert.deepEqual([sent.length - before, doc.store.predictions.get("p").verdict, said.length], [0, "accepted", 1]);
  doc.takeNews(news({ verdicts: { p: "" } }));
  doc.editor.accept("p");
  await saved(doc);
  assert.deepEqual([doc.store.predictions.get("p").verdict, sent.at(-1).verdict], ["accepted", "accepted"]);
});

test("rejecting a corrected prediction goes back and forth as one step", () => {
  const { doc } = documentOf(prediction("p", 1, 2));
  doc.editor.correct("p", { end: 3 });
  operations.decide(doc.editor, ["p"], "reject");
  const now = () => [doc.store.annotations.size, doc.store.predictions.get("p").verdict];
  assert.deepEqual(now(), [0, "rejected"]);
  doc.editor.undo();
  assert.deepEqual(now(), [1, "corrected"]);
  doc.editor.redo();
  assert.deepEqual(now(), [0, "rejected"]);
  doc.editor.undo();
  assert.deepEqual(now(), [1, "corrected"]);
});

test("what only the server writes differently is still one's own step", async () => {
  const { doc } = documentOf();
  let kept = null;
  doc.editor.keep = (history) => (kept = structuredClone({ ...history, versions: [] }));
  doc.server.save = async ({ edits }) => ({
    ok: true,
    data: {
      results: edits.map((edit) => ({
        ok: true,
        annotation: {
          ...edit,
          version: edit.base_version + 1,
          label: edit.label.normalize("NFC"),
          source: "import",
          start: Math.round(edit.start * 1e6) / 1e6,
        },
      })),
    },
  });
  const id = doc.editor.create({ track: "Moments", start: 1 / 3, end: 2, label: "cafe\u0301" });
  doc.editor.update(id, { end: 3 });
  await saved(doc);
  assert.equal(kept.done.at(-1)[0].after.label, "caf\u00e9", "kept as the server has it");
  const { doc: again } = documentOf();
  const said = notices(again);
  again.takeNews(
    news({ annotations: [{ ...doc.store.annotations.get(id), source: "manual", prediction_id: undefined }] }),
  );
  kept.done.at(-1)[0].after.label = "cafe\u0301";
  again.editor.takeHistory(kept);
  again.editor.undo();
  assert.deepEqual([again.store.annotations.get(id).end, said], [2, []]);
});

test("an answer that came late, after somebody deleted the segment, leaves no ghost", async () => {
  const { doc } = documentOf();
  const id = doc.editor.create({ track: "Moments", start: 1, end: 2 });
  await saved(doc);
  doc.server.save = async ({ edits }) => ({
    ok: true,
    data: { results: edits.map((edit) => ({ ok: true, annotation: { ...edit, version: 3, deleted: true } })) },
  });
  doc.editor.update(id, { end: 3 });
  await saved(doc);
  assert.equal(doc.store.annotations.has(id), false);
  doc.server.save = async ({ edits }) => ({
    ok: true,
    data: { results: edits.map((edit) => ({ ok: true, annotation: { ...edit, version: 9, note: "theirs" } })) },
  });
  const other = doc.editor.create({ track: "Moments", start: 1, end: 2 });
  await saved(doc);
  assert.deepEqual([doc.store.annotations.get(other).version, doc.store.annotations.get(other).note], [9, "theirs"]);
});

test("a step that breaks off leaves the page listening", () => {
  const { doc } = documentOf();
  doc.editor.create({ track: "Moments", start: 1, end: 2 });
  const shown = [];
  doc.store.on("change", (what) => shown.push(what));
  doc.editor.put = () => {
    throw new Error("no");
  };
  assert.throws(() => doc.editor.undo());
  assert.equal(doc.store.isBatching, false);
  doc.store.tellContent();
  assert.deepEqual(shown, ["content", "content"]);
});

test("history holds so many changes, not only so many steps", () => {
  const history = new UndoStack();
  for (let step = 0; step < 5; step++)
    history.together(() => {
      for (let n = 0; n < 10_000; n++) history.add({ before: null, after: { id: `${step} ${n}` } });
    });
  assert.equal(history.done.length, 2);
  history.together(() => {
    for (let n = 0; n < 30_000; n++) history.add({ before: null, after: { id: `${n}` } });
  });
  assert.equal(history.done.length, 1, "the last step can always be undone");
});

// A document whose server takes imports back: `answer` says how.
function withImports(answer) {
  const { doc, sent } = documentOf();
  const asked = [];
  const ask = (way) => async (request) => {
    asked.push([way, request.import, sent.length]);
    return answer(way);
  };
  Object.assign(doc.server, {
    import_undo: ask("undo"),
    import_redo: ask("redo"),
    changes: async () => ({ ok: true, data: news({}) }),
  });
  return { doc, asked };
}

const steps = ({ editor: { undoStack } }) => [undoStack.done.length, undoStack.undone.length];

test("an import is one step, and what was done on top of it is taken back before it", async () => {
  const { doc, asked } = withImports(() => ({ ok: true, data: { removed: 30_000, kept: 0 } }));
  const told = [];
  doc.store.on("said", (text) => told.push(text));
  doc.editor.addImport("i1");
  doc.editor.create({ track: "Moments", start: 1, end: 2 });
  doc.editor.undo();
  await doc.editor.undo();
  assert.deepEqual(told, ["Taking the import back…", "The import was taken back."]);
  assert.deepEqual(asked, [["undo", "i1", 2]]); // not before both edits were saved
  assert.deepEqual(steps(doc), [0, 2]);
  await doc.editor.redo();
  doc.editor.redo();
  assert.deepEqual(
    asked.map(([way]) => way),
    ["undo", "redo"],
  );
  assert.deepEqual([steps(doc), doc.store.annotations.size], [[2, 0], 1]);
});

test("a step that the server cannot take back any more is gone; where it is away, the step stays", async () => {
  let reply;
  const { doc } = withImports(() => reply);
  const said = notices(doc);
  doc.editor.addImport("i1");
  doc.editor.addImport("i2");
  reply = undefined;
  await doc.editor.undo();
  assert.deepEqual(steps(doc), [2, 0]);
  reply = { ok: false, kind: "invalid", error: "This import was undone already." };
  await doc.editor.undo();
  assert.deepEqual(steps(doc), [1, 0]);
  reply = { ok: true, data: { removed: 1, kept: 2 } };
  await doc.editor.undo();
  assert.deepEqual(steps(doc), [0, 1]);
  assert.match(said[0], /does not answer/);
  assert.equal(said[1], "This import was undone already.");
  assert.match(said[2], /^2 of this import stay/);
});

test("keys that come while the server takes an import back wait for nothing and undo nothing else", async () => {
  let go;
  const { doc, asked } = withImports(() => new Promise((done) => (go = done)));
  const first = doc.editor.create({ track: "Moments", start: 1, end: 2 });
  await saved(doc);
  doc.editor.addImport("i1");
  const undoing = doc.editor.undo();
  await quiet();
  doc.editor.undo();
  doc.editor.redo();
  assert.deepEqual([asked.length, doc.store.annotations.has(first)], [1, true]);
  doc.editor.create({ track: "Moments", start: 3, end: 4 });
  go({ ok: true, data: { removed: 1, kept: 0 } });
  await undoing;
  assert.deepEqual(steps(doc), [2, 0]); // what was made meanwhile is the newest: there is nothing to do again
});

test("a page that is closed before the server answered finds an import where the server has it", async () => {
  let go;
  const { doc } = withImports(() => new Promise((done) => (go = done)));
  const kept = [];
  doc.editor.keep = ({ done, undone }) => kept.push([done.length, undone.length]);
  doc.editor.create({ track: "Moments", start: 1, end: 2 });
  await saved(doc);
  doc.editor.addImport("i1");
  const undoing = doc.editor.undo();
  await until(() => go);
  assert.deepEqual(kept.at(-1), [1, 1]);
  go({ ok: true, data: { removed: 1, kept: 0 } });
  await undoing;
  go = null;
  const redoing = doc.editor.redo();
  await until(() => go);
  assert.deepEqual(kept.at(-1), [2, 0]);
  go({ ok: false, kind: "internal", error: "The disk is full." });
  await redoing;
  assert.deepEqual(kept.at(-1), [1, 1]);
});

test("what the server does not take back stays in its place, below what was done meanwhile", async () => {
  let go;
  const { doc } = withImports(() => new Promise((done) => (go = done)));
  const after = { track: "Moments", start: 1, end: 2 };
  const full = { ok: false, kind: "internal", error: "The disk is full." };
  doc.editor.addImport("i1");
  const undoing = doc.editor.undo();
  await until(() => go);
  doc.editor.create(after);
  go(full);
  await undoing;
  assert.deepEqual(
    doc.editor.undoStack.done.map(([change]) => change.imported),
    ["i1", undefined],
  );
  doc.editor.undo();
  await saved(doc);
  go = null;
  const again = doc.editor.undo();
  await until(() => go);
  go({ ok: true, data: { removed: 1, kept: 0 } });
  await again;
  go = null;
  const redoing = doc.editor.redo();
  await until(() => go);
  doc.editor.create(after);
  go(full);
  await redoing;
  assert.deepEqual(steps(doc), [1, 0]); // nothing is done again on top of something new
});

test("an import on the stack survives a reload, and other parts of the stack do not trip over it", async () => {
  const stack = new UndoStack();
  stack.add({ imported: "i1" });
  stack.replaceStates(new Map());
  stack.forget("x");
  assert.deepEqual(stack.annotations, []);
  const again = new UndoStack();
  again.restore(JSON.parse(JSON.stringify({ done: stack.done, undone: stack.undone })));
  assert.deepEqual(again.done, [[{ imported: "i1" }]]);
});
