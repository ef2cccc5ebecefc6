// Rows that depend on others: their segments move, are split, cut and deleted with what they belong to.

import assert from "node:assert/strict";
import test from "node:test";

import { copied, paste } from "../../assets/web/js/model/copy-paste.js";
import { merge, moveTo, nudge, shift, split } from "../../assets/web/js/model/operations.js";
import { childrenOf, depthOf, inTiers, parentOf, sameSpan } from "../../assets/web/js/model/tiers.js";
import { documentOf, frames, prediction, until } from "./harness.mjs";

const saved = (doc) => until(() => doc.outbox.isIdle);

const row = (track, parent = null, dependency = "") => ({ track, closed: false, exclusive: false, attributes: [], parent, dependency }); // prettier-ignore
const ROWS = [
  row("Speech"),
  row("Words", "Speech", "included_in"),
  row("Feet", "Speech", "time_subdivision"),
  row("Glosses", "Words", "symbolic_subdivision"),
  row("Translation", "Speech", "symbolic_association"),
];

function opened() {
  const { doc, sent } = documentOf();
  doc.store.takeSchema({ key: "k", labels: [], tracks: ROWS });
  const notices = [];
  doc.store.on("notice", (text) => notices.push(text));
  const make = (track, start, end, label = "") => doc.editor.create({ track, start, end, label });
  const us = (time) => Number(time.toFixed(6)); // as it is saved
  const on = (track) =>
    [...doc.store.annotations.values()]
      .filter((made) => made.track === track)
      .sort((a, b) => a.start - b.start)
      .map(({ start, end, label }) => (label ? [us(start), us(end), label] : [us(start), us(end)]));
  return { doc, editor: doc.editor, store: doc.store, sent, notices, make, on };
}

test("what belongs to a segment moves with it, as one step", async () => {
  const { doc, editor, make, on, notices } = opened();
  const speech = make("Speech", 1, 3);
  make("Words", 1, 1.6, "good");
  make("Words", 2, 3, "day");
  make("Glosses", 1, 1.2);
  make("Translation", 1.5, 2, "guten Tag");
  assert.deepEqual(on("Translation"), [[1, 3, "guten Tag"]], "it is as long as what it belongs to");
  assert.deepEqual(on("Glosses"), [[1, 1.6]], "the only part is all of it");
  editor.update(speech, { start: 5, end: 7 });
  assert.deepEqual(on("Words"), [[5, 5.6, "good"], [6, 7, "day"]]); // prettier-ignore
  assert.deepEqual([on("Glosses"), on("Translation")], [[[5, 5.6]], [[5, 7, "guten Tag"]]]);
  editor.undo();
  assert.deepEqual([on("Speech"), on("Words")[0], on("Glosses")], [[[1, 3]], [1, 1.6, "good"], [[1, 1.6]]]);
  editor.redo();
  assert.deepEqual([on("Speech"), on("Words")[0], on("Glosses")], [[[5, 7]], [5, 5.6, "good"], [[5, 5.6]]]);
  await saved(doc);
  assert.deepEqual(notices, []);
});

test("they are cut with it, and go where nothing is left of them", () => {
  const { editor, make, on } = opened();
  const speech = make("Speech", 1, 3);
  make("Words", 1, 1.6, "good");
  make("Words", 2, 3, "day");
  make("Glosses", 2, 3, "D");
  editor.update(speech, { end: 2.4 });
  assert.deepEqual([on("Words"), on("Glosses")], [[[1, 1.6, "good"], [2, 2.4, "day"]], [[2, 2.4, "D"]]]); // prettier-ignore
  editor.update(speech, { end: 1.6 });
  assert.deepEqual([on("Words"), on("Glosses")], [[[1, 1.6, "good"]], []]);
  editor.undo();
  assert.deepEqual([on("Words").length, on("Glosses")], [2, [[2, 2.4, "D"]]]);
});

test("they are split with it", () => {
  const { editor, make, on } = opened();
  const speech = make("Speech", 1, 3, "good day");
  make("Words", 1, 1.6, "good");
  make("Words", 1.8, 3, "day");
  make("Feet", 1, 3, "x");
  make("Translation", 1, 3, "guten Tag");
  for (const start of [1.8, 2.2, 2.6]) make("Glosses", start, start + 0.4, String(start));
  const second = split(editor, speech, 2.12, frames());
  assert.ok(second);
  assert.deepEqual(on("Speech"), [[1, 2.12, "good day"], [2.12, 3, "good day"]]); // prettier-ignore
  assert.deepEqual(on("Words"), [[1, 1.6, "good"], [1.8, 2.12, "day"], [2.12, 3, "day"]]); // prettier-ignore
  assert.deepEqual(on("Feet"), [[1, 2.12, "x"], [2.12, 3, "x"]]); // prettier-ignore
  assert.deepEqual(on("Translation"), [[1, 2.12, "guten Tag"], [2.12, 3, "guten Tag"]]); // prettier-ignore
  const parts = [[1.8, 2.12, "1.8"], [2.12, 2.56, "2.2"], [2.56, 3, "2.6"]]; // prettier-ignore
  assert.deepEqual(on("Glosses"), parts, "parts go to the half that they lie in");
  editor.undo();
  assert.deepEqual(on("Translation"), [[1, 3, "guten Tag"]]);
});

test("they go with it, and come back with it", async () => {
  const { doc, editor, make, on, sent } = opened();
  const speech = make("Speech", 1, 3);
  make("Words", 1, 2);
  make("Glosses", 1, 2);
  editor.remove(speech);
  assert.deepEqual([on("Speech"), on("Words"), on("Glosses")], [[], [], []]);
  await saved(doc);
  assert.deepEqual(sent.slice(-3).map(({ op, track }) => [op, track]), [["delete", "Glosses"], ["delete", "Words"], ["delete", "Speech"]]); // prettier-ignore
  editor.undo();
  assert.deepEqual([on("Speech"), on("Words"), on("Glosses")], [[[1, 3]], [[1, 2]], [[1, 2]]]);
  await saved(doc);
  assert.deepEqual(sent.slice(-3).map(({ op, track }) => [op, track]), [["restore", "Speech"], ["restore", "Words"], ["restore", "Glosses"]]); // prettier-ignore
});

test("what divides a segment leaves no gap", () => {
  const { editor, make, on } = opened();
  make("Speech", 1, 4);
  const first = make("Feet", 2, 3, "a");
  assert.deepEqual(on("Feet"), [[1, 4, "a"]], "the first one is all of it");
  const second = make("Feet", 2, 3, "b");
  assert.deepEqual(on("Feet"), [[1, 2, "a"], [2, 4, "b"]]); // prettier-ignore
  editor.update(second, { start: 3 });
  assert.deepEqual(on("Feet"), [[1, 3, "a"], [3, 4, "b"]]); // prettier-ignore
  editor.update(first, { end: 2.4 });
  assert.deepEqual(on("Feet"), [[1, 2.4, "a"], [2.4, 4, "b"]]); // prettier-ignore
  editor.remove(first);
  assert.deepEqual(on("Feet"), [[1, 4, "b"]]);
  editor.undo();
  assert.deepEqual(on("Feet"), [[1, 2.4, "a"], [2.4, 4, "b"]]); // prettier-ignore
});

test("a segment stays within what it belongs to", () => {
  const { editor, make, on, notices } = opened();
  assert.equal(make("Words", 1, 2), null);
  assert.equal(notices.pop(), "“Words” depends on “Speech”: mark a segment there first.");
  const speech = make("Speech", 1, 3);
  const word = make("Words", 0.5, 1.6);
  assert.deepEqual(on("Words"), [[1, 1.6]]);
  editor.update(word, { start: 2.8, end: 3.4 });
  assert.deepEqual(on("Words"), [[2.4, 3]], "it is moved as far as there is room");
  nudge(editor, [word], "end", 5, frames());
  assert.deepEqual(on("Words"), [[2.4, 3]]);
  assert.equal(make("Translation", 1, 2) !== null, true);
  assert.equal(make("Translation", 1, 2), null);
  assert.match(notices.pop(), /has one segment for each of “Speech”/);
  moveTo(editor, [speech], "Other");
  assert.match(notices.pop(), /stays in “Speech”/);
});

test("merging keeps everything that belongs to either, and of one each makes one", () => {
  const { editor, store, make, on } = opened();
  const [one, other] = [make("Speech", 1, 2), make("Speech", 3, 4)];
  make("Translation", 1, 2, "guten");
  make("Translation", 3, 4, "Tag");
  make("Words", 3.2, 3.6, "day");
  make("Feet", 1, 2, "a");
  make("Feet", 3, 4, "b");
  merge(editor, [one, other]);
  assert.deepEqual([on("Speech"), on("Translation")], [[[1, 4]], [[1, 4, "guten Tag"]]]);
  assert.deepEqual([on("Words"), on("Feet")], [[[3.2, 3.6, "day"]], [[1, 3, "a"], [3, 4, "b"]]]); // prettier-ignore
  editor.undo();
  assert.deepEqual(on("Translation"), [[1, 2, "guten"], [3, 4, "Tag"]]); // prettier-ignore
  assert.equal(store.annotations.size, 7);
});

test("what is one for each becomes one with all that was said, under a label that its row takes", async () => {
  const { doc, editor, store, make, on, notices } = opened();
  const hand = { name: "hand", kind: "choice", options: ["left", "right"], low: null, high: null, changes: true };
  const pos = { ...row("POS", "Words", "symbolic_association"), closed: true, attributes: [hand] };
  const labels = ["DET", "NOUN"].map((label) => ({ track: "POS", label, colour: "#0072b2", hotkey: null }));
  store.takeSchema({ key: "l", labels, tracks: [...ROWS, pos] });
  make("Speech", 0, 4);
  const words = [make("Words", 0, 2, "the"), make("Words", 2, 4, "dog")];
  for (const [start, label, said, note] of [
    [0, "DET", "left", "a"],
    [2, "NOUN", "right", "b"],
  ])
    // prettier-ignore
    editor.create({ track: "POS", start, end: start + 2, label, note, attributes: { hand: said } });
  merge(editor, words);
  assert.deepEqual([on("Words"), on("POS")], [[[0, 4, "the"]], [[0, 4, "DET"]]]);
  const [made] = [...store.annotations.values()].filter(({ track }) => track === "POS");
  assert.deepEqual([made.note, made.attributes.hand], ["a\nb", { changes: [[0, "left"], [2, "right"]] }]); // prettier-ignore
  assert.match(notices.pop(), /^“POS” takes only its labels: “DET NOUN” is none of them, and “DET” stays/);
  editor.undo();
  store.takeSchema({ key: "m", labels: [...labels, { ...labels[0], label: "DET NOUN" }], tracks: [...ROWS, pos] });
  merge(editor, words);
  assert.deepEqual([on("POS"), notices], [[[0, 4, "DET NOUN"]], []]);
  await saved(doc);
});

test("in a locked row nothing goes with what it belongs to, which therefore stays, too", () => {
  const { editor, make, on, notices } = opened();
  const speech = make("Speech", 1, 3);
  make("Words", 1, 2);
  editor.isLocked = (track) => track === "Words";
  editor.update(speech, { start: 2, end: 4 });
  editor.remove(speech);
  assert.deepEqual([on("Speech"), on("Words")], [[[1, 3]], [[1, 2]]]);
  assert.match(notices.pop(), /“Words” is locked/);
});

test("rows stand below those that they depend on", () => {
  const { store } = opened();
  assert.deepEqual(inTiers(store, ["Translation", "Glosses", "Other", "Words", "Speech"]), ["Other", "Speech", "Translation", "Words", "Glosses"]); // prettier-ignore
  assert.deepEqual(["Speech", "Words", "Glosses"].map((track) => depthOf(store, track)), [0, 1, 2]); // prettier-ignore
});

test("several move by the same time, whichever of them comes first", async () => {
  for (const order of [(ids) => ids, (ids) => ids.toReversed()]) {
    const { doc, editor, make, on, notices } = opened();
    const acts = [0, 2, 4].map((start) => make("Speech", start, start + 2));
    make("Words", 2, 3, "good");
    make("Words", 3, 4, "day");
    make("Glosses", 2, 2.4, "g");
    make("Glosses", 3, 3.4, "d");
    make("Feet", 2, 2.6, "a");
    make("Feet", 2.6, 4, "b");
    const steps = editor.undoStack.done.length;
    shift(editor, order(acts), 1, frames());
    assert.deepEqual(on("Speech"), [[1, 3], [3, 5], [5, 7]]); // prettier-ignore
    assert.deepEqual(on("Words"), [[3, 4, "good"], [4, 5, "day"]]); // prettier-ignore
    assert.deepEqual(on("Glosses"), [[3, 4, "g"], [4, 5, "d"]], "each stays with its word"); // prettier-ignore
    assert.deepEqual(on("Feet"), [[3, 3.6, "a"], [3.6, 5, "b"]]); // prettier-ignore
    nudge(editor, order(acts.slice(0, 2)), "body", -1, frames());
    assert.deepEqual(on("Speech"), [[0.96, 2.96], [2.96, 4.96], [5, 7]]); // prettier-ignore
    assert.equal(editor.undoStack.done.length, steps + 2, "one step each");
    editor.undo();
    editor.undo();
    assert.deepEqual([on("Speech"), on("Glosses")], [[[0, 2], [2, 4], [4, 6]], [[2, 3, "g"], [3, 4, "d"]]]); // prettier-ignore
    await saved(doc);
    assert.deepEqual(notices, []);
  }
});

test("what belongs to a segment that is chosen goes with it once, and children move together, too", () => {
  for (const reversed of [false, true]) {
    const { editor, make, on } = opened();
    const act = make("Speech", 0, 4);
    const words = [0, 1, 2].map((start) => make("Words", start, start + 1));
    shift(editor, words, 0.4, frames());
    assert.deepEqual(on("Words"), [[0.4, 1.4], [1.4, 2.4], [2.4, 3.4]]); // prettier-ignore
    shift(editor, reversed ? [...words, act] : [act, ...words], 3, frames());
    assert.deepEqual([on("Speech"), on("Words")], [[[3, 7]], [[3.4, 4.4], [4.4, 5.4], [5.4, 6.4]]]); // prettier-ignore
  }
});

test("where one of several has no room none moves, and that is said once", () => {
  const { editor, make, on, notices } = opened();
  const acts = [make("Speech", 0, 2), make("Speech", 2, 4), make("Speech", 5, 6)];
  const words = [make("Words", 0, 1), make("Words", 1.4, 2)];
  const steps = editor.undoStack.done.length;
  shift(editor, acts.slice(0, 2), 1.4, frames());
  shift(editor, words, 0.4, frames());
  assert.deepEqual([on("Speech"), on("Words")], [[[0, 2], [2, 4], [5, 6]], [[0, 1], [1.4, 2]]]); // prettier-ignore
  assert.equal(notices.length, 2);
  for (const text of notices) assert.match(text, /^There is no room for all of these there, so none is moved/);
  nudge(editor, acts, "body", -1, frames());
  assert.match(notices.pop(), /edge of the video, so none is moved/);
  editor.isLocked = (track) => track === "Words";
  shift(editor, acts, 1, frames());
  assert.match(notices.pop(), /“Words” is locked/);
  assert.deepEqual(on("Speech"), [[0, 2], [2, 4], [5, 6]]); // prettier-ignore
  assert.equal(editor.undoStack.done.length, steps, "no empty step of undo");
});

test("parts that fill what they belong to move together as far as others make room", () => {
  const { editor, make, on } = opened();
  make("Speech", 0, 4);
  const feet = [0, 1, 2, 3].map((start) => make("Feet", start, start + 1, String(start)));
  shift(editor, feet.slice(1, 3), 0.4, frames());
  assert.deepEqual(on("Feet"), [[0, 1.4, "0"], [1.4, 2.4, "1"], [2.4, 3.4, "2"], [3.4, 4, "3"]]); // prettier-ignore
  nudge(editor, feet.slice(0, 2), "end", 1, frames());
  assert.deepEqual(on("Feet").map(([start]) => start), [0, 1.44, 2.44, 3.4], "each edge goes on, and none comes back"); // prettier-ignore
});

test("predictions and annotations move together", () => {
  const { doc } = documentOf(prediction("p", 0, 2, { track: "Speech" }));
  doc.store.takeSchema({ key: "k", labels: [], tracks: ROWS });
  const made = doc.editor.create({ track: "Speech", start: 2, end: 4 });
  shift(doc.editor, ["p", made], 1, frames());
  const all = [...doc.store.annotations.values()].sort((a, b) => a.start - b.start);
  assert.deepEqual(all.map(({ start, end, prediction_id }) => [start, end, prediction_id]), [[1, 3, "p"], [3, 5, null]]); // prettier-ignore
});

test("what is copied with all that belongs to it is pasted so, also in another video", async () => {
  const { store, make } = opened();
  make("Speech", 0, 2, "good day");
  make("Words", 0, 0.8, "good");
  make("Words", 1, 2, "day");
  for (const n of [0, 1, 2]) make("Glosses", 1 + n / 3, 1 + (n + 1) / 3, `g${n}`);
  for (const [n, start] of [0, 0.8, 1.4].entries()) make("Feet", start, 2, `f${n}`);
  make("Translation", 0, 2, "guten Tag");
  const all = [...store.annotations.keys()];
  for (const ids of [all, all.toReversed()]) {
    const { doc, editor, on, notices, sent } = opened();
    const made = paste(editor, copied(store, ids), 4, frames());
    assert.equal(made.length, all.length);
    assert.deepEqual(on("Speech"), [[4, 6, "good day"]]);
    assert.deepEqual(on("Words"), [[4, 4.8, "good"], [5, 6, "day"]]); // prettier-ignore
    assert.deepEqual(on("Feet"), [[4, 4.8, "f0"], [4.8, 5.4, "f1"], [5.4, 6, "f2"]].map(([a, b, c]) => [a, b, c])); // prettier-ignore
    assert.deepEqual(on("Glosses").map(([, , label]) => label), ["g0", "g1", "g2"]); // prettier-ignore
    assert.deepEqual(on("Translation"), [[4, 6, "guten Tag"]]);
    await saved(doc);
    assert.equal(sent.filter(({ track }) => track === "Feet").length, 3, "each comes to its place at once");
    editor.undo();
    assert.deepEqual([doc.store.annotations.size, notices], [0, []]);
  }
});

test("what is pasted beside others has its room, and what has none is left out, which is said", () => {
  const { editor, store, make, on, notices } = opened();
  make("Speech", 0, 2);
  make("Words", 0, 0.8, "good");
  make("Words", 1, 2, "day");
  make("Feet", 0, 2);
  make("Speech", 5, 7);
  const copy = copied(store, [...store.annotations.keys()].slice(0, 4));
  paste(editor, copy, 4, frames());
  assert.deepEqual(on("Speech"), [[0, 2], [4, 5], [5, 7]]); // prettier-ignore
  assert.deepEqual(on("Words"), [[0, 0.8, "good"], [1, 2, "day"], [4, 4.8, "good"]], "none gets into another one"); // prettier-ignore
  assert.deepEqual(on("Feet"), [[0, 2], [4, 5]]); // prettier-ignore
  assert.deepEqual(notices.splice(0), ["1 of 4 segments were left out. There is no room for them within what they belong to."]); // prettier-ignore
  paste(editor, copy.filter(({ track }) => track === "Words"), 8, frames()); // prettier-ignore
  assert.deepEqual(notices.splice(0), ["2 of 2 segments were left out. “Words” depends on “Speech”: mark a segment there first."]); // prettier-ignore
  paste(editor, copied(store, [...store.annotations.keys()].slice(0, 3)), 9.6, frames());
  assert.deepEqual(on("Speech").at(-1), [9.6, 10.4]);
  assert.deepEqual(on("Words").at(-1), [9.6, 10.4, "good"]);
  assert.deepEqual(notices.splice(0), ["1 of 3 segments were left out. The video ends before they begin."]);
});

test("whatever is done, every segment lies within what it belongs to, and one step takes it back", () => {
  let seed = 7;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const pick = (list) => list[Math.floor(random() * list.length)];
  const { editor, store } = opened();
  const state = () => JSON.stringify([...store.annotations.values()].map(({ id, track, start, end, label }) => [id, track, start, end, label]).sort()); // prettier-ignore
  let done = 0;
  for (let n = 0; n < 600; n++) {
    const before = state();
    const steps = editor.undoStack.done.length;
    const ids = [...store.annotations.keys()];
    const at = Math.round(random() * 200) / 25;
    const long = Math.round(1 + random() * 60) / 25;
    const what = random();
    if (what < 0.4 || !ids.length)
      editor.create({ track: pick(ROWS).track, start: at, end: at + long, label: `l${n}` });
    else if (what < 0.6) editor.update(pick(ids), { start: at, end: at + long });
    else if (what < 0.7) nudge(editor, [pick(ids)], pick(["start", "end", "body"]), pick([-9, -2, 2, 9]), frames());
    else if (what < 0.75)
      nudge(editor, new Set([pick(ids), pick(ids), pick(ids)]), pick(["start", "end", "body"]), pick([-9, -2, 2, 9]), frames()); // prettier-ignore
    else if (what < 0.85) split(editor, pick(ids), at, frames());
    else if (what < 0.93) merge(editor, new Set([pick(ids), pick(ids)]));
    else editor.remove(pick(ids));
    for (const made of store.annotations.values()) {
      if (made.track === "Speech") continue;
      const parent = parentOf(store, made.track, made);
      assert.ok(parent, `step ${n}: ${made.track} ${made.start}–${made.end} belongs to nothing`);
      if (made.track === "Translation") assert.ok(sameSpan(parent, made), `step ${n}`);
    }
    for (const made of store.annotations.values()) {
      const feet = childrenOf(store, made).filter(({ track }) => track === "Feet");
      feet.forEach(({ start }, k) =>
        assert.ok(Math.abs(start - (k ? feet[k - 1].end : made.start)) < 5e-4, `step ${n}`),
      );
      if (feet.length) assert.ok(Math.abs(feet[feet.length - 1].end - made.end) < 5e-4, `step ${n}`);
    }
    if (state() === before) continue;
    done++;
    assert.equal(editor.undoStack.done.length, Math.min(steps + 1, 300), `step ${n} is one step`);
    const after = state();
    editor.undo();
    assert.equal(state(), before, `step ${n}`);
    editor.redo();
    assert.equal(state(), after, `step ${n}`);
  }
  assert.ok(done > 200, String(done));
});
