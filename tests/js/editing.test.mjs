import assert from "node:assert/strict";
import test from "node:test";

import { documentOf, frames, news, notices, prediction, spans, until } from "./harness.mjs";
import { copied, paste } from "../../assets/web/js/model/copy-paste.js";
import * as operations from "../../assets/web/js/model/operations.js";

const FRAMES = frames();
const settled = async (sent, count) => {
  while (sent.length < count) await new Promise(setImmediate);
  await new Promise(setImmediate);
};
const made = (doc, start, end, more = {}) => doc.editor.create({ track: "Moments", start, end, label: "x", ...more });

test("a split is one step of undo and keeps label and note", () => {
  const { doc } = documentOf();
  const id = made(doc, 1, 3, { note: "n" });
  const second = operations.split(doc.editor, id, 2.01, FRAMES);
  assert.deepEqual(spans(doc), [
    [1, 2],
    [2, 3],
  ]);
  assert.equal(doc.store.annotations.get(second).note, "n");
  doc.editor.undo();
  assert.deepEqual(spans(doc), [[1, 3]]);
  doc.editor.redo();
  assert.deepEqual(spans(doc), [
    [1, 2],
    [2, 3],
  ]);
});

test("a split outside of the segment does nothing", () => {
  const { doc } = documentOf();
  const id = made(doc, 1, 3);
  for (const time of [0.5, 1, 3, 4]) assert.equal(operations.split(doc.editor, id, time, FRAMES), null);
  assert.deepEqual(spans(doc), [[1, 3]]);
});

test("splitting a prediction corrects it and leaves it as it is", () => {
  const p = prediction("p", 1, 3);
  const { doc } = documentOf(p);
  operations.split(doc.editor, "p", 2, FRAMES);
  assert.deepEqual(spans(doc), [
    [1, 2],
    [2, 3],
  ]);
  assert.equal(doc.store.predictions.get("p").verdict, "corrected");
  assert.deepEqual([doc.store.predictions.get("p").start, doc.store.predictions.get("p").end], [1, 3]);
});

test("merging joins everything of one row, and refuses two rows", () => {
  const { doc } = documentOf();
  const ids = [made(doc, 1, 2, { note: "a" }), made(doc, 4, 5, { note: "b" })];
  const other = made(doc, 6, 7, { track: "Other" });
  assert.equal(operations.merge(doc.editor, [...ids, other]), null);
  const id = operations.merge(doc.editor, ids);
  assert.deepEqual(
    [doc.store.annotations.get(id).start, doc.store.annotations.get(id).end, doc.store.annotations.get(id).note],
    [1, 5, "a\nb"],
  );
  doc.editor.undo();
  assert.deepEqual(spans(doc), [
    [1, 2],
    [4, 5],
    [6, 7],
  ]);
});

test("the nearer edge comes to the playhead", () => {
  const { doc } = documentOf();
  const id = made(doc, 1, 3);
  operations.extend(doc.editor, id, 0.5, FRAMES);
  operations.extend(doc.editor, id, 2.6, FRAMES);
  const [[start, end]] = spans(doc);
  assert.ok(Math.abs(start - 0.5) < 0.03 && Math.abs(end - 2.6) < 1e-9);
});

test("nudging counts frames, also where they last longer, and never loses the last one", () => {
  const { doc } = documentOf();
  const late = FRAMES.frameTime(245);
  const id = made(doc, late, FRAMES.frameTime(247));
  operations.nudge(doc.editor, [id], "start", -1, FRAMES);
  assert.equal(doc.store.annotations.get(id).start, FRAMES.frameTime(244));
  operations.nudge(doc.editor, [id], "end", 40, FRAMES);
  assert.equal(doc.store.annotations.get(id).end, FRAMES.duration);
  operations.nudge(doc.editor, [id], "body", 1, FRAMES);
  assert.deepEqual(
    [doc.store.annotations.get(id).start, doc.store.annotations.get(id).end],
    [FRAMES.frameTime(244), FRAMES.duration],
    "it stops at the end",
  );
  operations.nudge(doc.editor, [id], "end", -100, FRAMES);
  assert.ok(doc.store.annotations.get(id).end > doc.store.annotations.get(id).start);
});

test("many are relabelled, moved and deleted in one step each", () => {
  const { doc } = documentOf(prediction("p", 8, 9));
  const ids = [made(doc, 1, 2), made(doc, 3, 4)];
  operations.relabel(doc.editor, [...ids, "p"], "y");
  assert.deepEqual(
    [...doc.store.annotations.values()].map((a) => a.label),
    ["y", "y", "y"],
  );
  assert.equal(doc.store.predictions.get("p").verdict, "corrected");
  operations.moveTo(doc.editor, ids, "Other");
  operations.remove(doc.editor, ids);
  assert.equal(doc.store.annotations.size, 1);
  doc.editor.undo();
  doc.editor.undo();
  doc.editor.undo();
  assert.deepEqual(
    [...doc.store.annotations.values()].map((a) => [a.track, a.label]),
    [
      ["Moments", "x"],
      ["Moments", "x"],
    ],
  );
  assert.equal(doc.store.predictions.get("p").verdict, "");
});

test("what is copied is pasted from the playhead on, as far as the video goes", () => {
  const { doc } = documentOf();
  const copy = copied(doc.store, [made(doc, 1, 2, { note: "n" }), made(doc, 4, 5)]);
  const pasted = paste(doc.editor, copy, 7, FRAMES).map((id) => doc.store.annotations.get(id));
  assert.deepEqual(
    pasted.map((a) => [a.start, a.end, a.note]),
    [
      [7, 8, "n"],
      [FRAMES.snap(10), FRAMES.duration, ""],
    ],
  );
  assert.equal(paste(doc.editor, copy, FRAMES.duration, FRAMES).length, 0);
});

test("a point is pasted as one frame, also where frames last longer, and what is left out is said", () => {
  const { doc } = documentOf();
  const said = notices(doc);
  const copy = copied(doc.store, [made(doc, 1, 1.04), made(doc, 1.52, 1.56), made(doc, 3, 4)]);
  const late = FRAMES.frameTime(242);
  const pasted = paste(doc.editor, copy, late, FRAMES).map((id) => doc.store.annotations.get(id));
  assert.deepEqual(pasted.map(({ start, end }) => [start, end]), [[late, FRAMES.frameTime(243)], [FRAMES.frameTime(248), FRAMES.frameTime(249)]]); // prettier-ignore
  assert.deepEqual(said, ["1 of 3 segments were left out. The video ends before they begin."]);
});

test("a value that the labels no longer have is not pasted, which is said", () => {
  const { doc } = documentOf();
  const said = notices(doc);
  const type = (more) => ({ name: "hand", kind: "choice", options: ["left", "right"], low: null, high: null, changes: true, ...more }); // prettier-ignore
  const schema = (...options) => [
    { track: "Moments", label: "x", colour: "#0072b2", hotkey: null, attributes: [type({ options }), type({ name: "sure", kind: "yes_no" })] }, // prettier-ignore
  ];
  doc.store.takeSchema({ key: "1", labels: schema("left", "right"), tracks: [] });
  const attributes = { hand: { changes: [[1, "left"], [2, "right"]] }, sure: true, other: 1 }; // prettier-ignore
  const copy = copied(doc.store, [made(doc, 1, 3, { attributes })]);
  const pasted = () => doc.store.annotations.get(paste(doc.editor, copy, 5, FRAMES)[0]).attributes;
  assert.deepEqual(pasted(), { ...attributes, hand: { changes: [[5, "left"], [6, "right"]] } }); // prettier-ignore
  doc.store.takeSchema({ key: "2", labels: schema("left"), tracks: [] });
  assert.deepEqual([pasted(), said.length], [{ sure: true, other: 1 }, 1]);
  assert.equal(said[0], "Left out, as the labels do not have such values any more: hand.");
});

test("a segment whose label its row takes no more is not pasted, which is said, and the rest is", async () => {
  const { doc, sent } = documentOf();
  const said = notices(doc);
  const copy = copied(doc.store, [made(doc, 1, 2), made(doc, 2, 3, { label: "y" }), made(doc, 3, 4, { label: "" }), made(doc, 3, 4, { track: "Open" })]); // prettier-ignore
  await settled(sent, 4);
  const labels = [{ track: "Moments", label: "y", colour: "#0072b2", hotkey: null, attributes: [] }];
  doc.store.takeSchema({ key: "1", labels, tracks: [{ track: "Moments", closed: true }] });
  const pasted = paste(doc.editor, copy, 5, FRAMES).map((id) => doc.store.annotations.get(id));
  assert.deepEqual(pasted.map(({ track, label, start }) => [track, label, start]), [["Moments", "y", 6], ["Moments", "", 7], ["Open", "x", 7]]); // prettier-ignore
  assert.deepEqual(said, ["Left out, as their rows take such labels no more: “x” (Moments)."]);
  await settled(sent, 7);
  assert.equal(sent.filter(({ op }) => op === "create").length, 7, "nothing is sent that the server refuses");
});

test("halves that are merged say again what the whole said over time", () => {
  const { doc } = documentOf();
  const attributes = { hand: { changes: [[0, "left"], [1, "up"], [3, "right"]] }, who: "ann" }; // prettier-ignore
  const id = made(doc, 0, 4, { attributes });
  const second = operations.split(doc.editor, id, 2, FRAMES);
  operations.merge(doc.editor, [second, id]);
  assert.deepEqual(doc.store.annotations.get(id).attributes, attributes);
});

test("segments that share a boundary are found", () => {
  const { doc } = documentOf();
  const left = made(doc, 1, 2);
  const right = made(doc, 2, 3);
  made(doc, 2, 3, { track: "Other" });
  assert.deepEqual(
    operations.touching(doc.store, doc.store.item(left), "end").map((a) => a.id),
    [right],
  );
  assert.deepEqual(operations.touching(doc.store, doc.store.item(left), "start"), []);
});

test("undo never takes back what somebody else did since", async () => {
  const { doc } = documentOf();
  const id = made(doc, 1, 2);
  doc.editor.update(id, { end: 3 });
  const theirs = () => news({ annotations: [{ ...doc.store.annotations.get(id), end: 9, version: 7 }] });
  doc.takeNews(theirs()); // our own word is still out: theirs comes with the answer
  assert.equal(doc.store.annotations.get(id).end, 3);
  await until(() => doc.outbox.isIdle);
  doc.takeNews(theirs());
  const notices = [];
  doc.store.on("notice", (text) => notices.push(text));
  doc.editor.undo();
  assert.equal(doc.store.annotations.get(id).end, 9);
  assert.equal(notices.length, 1);
});

test("undo of a deletion says the version that the server counts to", () => {
  const { doc, sent } = documentOf();
  const id = made(doc, 1, 2);
  doc.editor.remove(id);
  doc.editor.undo();
  doc.editor.redo();
  doc.editor.undo();
  const edits = [...sent, ...doc.outbox.pending];
  assert.deepEqual(
    [...new Map(edits.map((e) => [e.edit_id, [e.op, e.base_version]])).values()],
    [
      ["create", 0],
      ["delete", 1],
      ["restore", 2],
      ["delete", 3],
      ["restore", 4],
    ],
  );
});

test("an answer that was on its way during a deletion does not bring the segment back", async () => {
  const { doc, sent } = documentOf();
  const id = made(doc, 1, 3);
  await settled(sent, 1);
  const late = { ...doc.store.annotations.get(id), version: 1, deleted: false };
  doc.editor.remove(id);
  await settled(sent, 2);
  doc.takeNews(news({ annotations: [late] }));
  assert.equal(doc.store.annotations.size, 0);
  doc.editor.undo();
  await settled(sent, 3);
  assert.deepEqual(
    sent.map((edit) => [edit.op, edit.base_version]),
    [
      ["create", 0],
      ["delete", 1],
      ["restore", 2],
    ],
  );
  doc.takeNews(news({ annotations: [{ ...late, start: 2, version: 4 }] }));
  assert.deepEqual(spans(doc), [[2, 3]], "what somebody else did since is taken");
});

test("accepting many is one step, and their verdicts go with it", () => {
  const { doc } = documentOf(prediction("a", 1, 2), prediction("b", 3, 4));
  operations.decide(doc.editor, ["a", "b"], "accept");
  assert.deepEqual(
    [...doc.store.predictions.values()].map((p) => p.verdict),
    ["accepted", "accepted"],
  );
  doc.editor.undo();
  assert.deepEqual(
    [...doc.store.predictions.values()].map((p) => p.verdict),
    ["", ""],
  );
  operations.decide(doc.editor, ["a", "b"], "reject");
  assert.deepEqual(
    [...doc.store.predictions.values()].map((p) => p.verdict),
    ["rejected", "rejected"],
  );
  doc.editor.undo();
  assert.deepEqual(
    [...doc.store.predictions.values()].map((p) => p.verdict),
    ["", ""],
  );
});

test("attributes are kept through every edit, undo, copy, split and merge", async () => {
  const { doc, sent } = documentOf();
  const attributes = { speaker: "Anna", sure: true, seen: [1, { by: null }] };
  const now = () => [...doc.store.annotations.values()].map((a) => a.attributes);
  const id = made(doc, 1, 3, { attributes });
  doc.editor.update(id, { label: "y" });
  operations.split(doc.editor, id, 2, FRAMES);
  assert.deepEqual(now(), [attributes, attributes]);
  paste(doc.editor, copied(doc.store, [id]), 5, FRAMES);
  assert.deepEqual(now(), [attributes, attributes, attributes]);
  doc.editor.remove(id);
  doc.editor.undo();
  assert.deepEqual(doc.store.annotations.get(id).attributes, attributes);
  await until(() => doc.outbox.isIdle);
  assert.ok(sent.length > 5);
  for (const edit of sent) assert.deepEqual(edit.attributes, attributes, edit.op);
});

test("merged segments keep the attributes of all; where two say something else, the first one's", () => {
  const { doc } = documentOf();
  const ids = [
    made(doc, 3, 4, { attributes: { speaker: "Berta", mood: "glad" } }),
    made(doc, 1, 2, { attributes: { speaker: "Anna", sure: true } }),
  ];
  const id = operations.merge(doc.editor, ids);
  assert.deepEqual(doc.store.annotations.get(id).attributes, { speaker: "Anna", sure: true, mood: "glad" });
  doc.editor.undo();
  assert.deepEqual(doc.store.annotations.get(ids[0]).attributes, { speaker: "Berta", mood: "glad" });
});

test("other attributes are a change, in another order they are the same", () => {
  const { doc, sent } = documentOf();
  const id = made(doc, 1, 2, { attributes: { a: 1, b: { c: [1, 2] } } });
  const edits = () => sent.length + doc.outbox.pending.length;
  const before = edits();
  doc.editor.update(id, { attributes: { b: { c: [1, 2] }, a: 1 } });
  assert.equal(edits(), before);
  doc.editor.update(id, { attributes: { a: 1, b: { c: [2, 1] } } });
  assert.deepEqual(doc.store.annotations.get(id).attributes, { a: 1, b: { c: [2, 1] } });
});

test("undo leaves alone attributes that somebody else changed", async () => {
  const { doc } = documentOf();
  const said = notices(doc);
  const id = made(doc, 1, 2, { attributes: { a: 1 } });
  doc.editor.update(id, { end: 3 });
  await until(() => doc.outbox.isIdle);
  doc.takeNews(news({ annotations: [{ ...doc.store.annotations.get(id), attributes: { a: 2 }, version: 7 }] }));
  doc.editor.undo();
  assert.deepEqual([doc.store.annotations.get(id).attributes, said.length], [{ a: 2 }, 1]);
});

test("a row of a server that knows nothing of attributes takes none away", async () => {
  const { doc } = documentOf();
  const id = made(doc, 1, 2, { attributes: { a: 1 } });
  await until(() => doc.outbox.isIdle);
  const { attributes: _, ...row } = doc.store.annotations.get(id);
  doc.takeNews(news({ annotations: [{ ...row, end: 5, version: 7 }] }));
  assert.deepEqual([doc.store.annotations.get(id).end, doc.store.annotations.get(id).attributes], [5, { a: 1 }]);
});

test("a new segment is its annotator's at once, and one that comes back is still its annotator's", async () => {
  localStorage.setItem("annotator", "Anna");
  const { doc, sent } = documentOf();
  const id = made(doc, 1, 2);
  const names = () => {
    const { annotator, edited_by: editor } = doc.store.annotations.get(id);
    return [annotator, editor];
  };
  assert.deepEqual(names(), ["Anna", "Anna"]);
  await settled(sent, 1);
  localStorage.setItem("annotator", "Berta");
  const { server } = doc;
  const save = server.save;
  server.save = async (request) => {
    const answer = await save(request);
    for (const { annotation } of answer.data.results) annotation.annotator = "Anna";
    return answer;
  };
  operations.remove(doc.editor, [id]);
  await settled(sent, 2);
  let drawn = [];
  doc.store.on("change", (what) => what === "content" && (drawn = names()));
  doc.editor.undo();
  await settled(sent, 3);
  await until(() => drawn[0] === "Anna");
  localStorage.removeItem("annotator");
});

test("a prediction that is chosen together with its correction is one segment to merge", () => {
  const { doc } = documentOf(prediction("p", 1, 3));
  const corrected = doc.editor.correct("p", { start: 1, end: 4 });
  assert.equal(operations.merge(doc.editor, ["p", corrected]), null);
  assert.deepEqual(spans(doc), [[1, 4]]);
  const other = doc.editor.create({ track: "Moments", start: 6, end: 7 });
  assert.equal(operations.merge(doc.editor, ["p", corrected, other]), corrected);
  assert.deepEqual(spans(doc), [[1, 7]]);
});

test("rejecting several leaves alone what is rejected already, and takes all back only where all are", () => {
  const { doc } = documentOf(prediction("p", 1, 2), prediction("q", 3, 4));
  const verdicts = () => ["p", "q"].map((id) => doc.store.predictions.get(id).verdict);
  doc.editor.reject("p");
  operations.decide(doc.editor, ["p", "q"], "reject");
  assert.deepEqual(verdicts(), ["rejected", "rejected"]);
  doc.editor.undo();
  assert.deepEqual(verdicts(), ["rejected", ""]);
  doc.editor.redo();
  operations.decide(doc.editor, ["p", "q"], "reject");
  assert.deepEqual(verdicts(), ["", ""]);
});
