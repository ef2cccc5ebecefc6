import assert from "node:assert/strict";
import test from "node:test";

import { documentOf, frames, prediction, storage } from "./harness.mjs";
import { Keymap, keyName, presets } from "../../assets/web/js/input/keymap.js";
import { Snapping } from "../../assets/web/js/input/snapping.js";
import { UndoStack } from "../../assets/web/js/model/undo-stack.js";
import { ReviewFilter } from "../../assets/web/js/model/review-filter.js";
import { after, progress, queue } from "../../assets/web/js/model/review-queue.js";
import { RowLayout } from "../../assets/web/js/model/row-layout.js";
import { Selection } from "../../assets/web/js/model/selection.js";
import { inkOn, layout } from "../../assets/web/js/view/layout.js";
import { marks } from "../../assets/web/js/view/ruler.js";

const { Timeline } = await import("../../assets/web/js/view/timeline.js");

test("history: groups go back and forth in opposite orders", () => {
  const history = new UndoStack();
  history.together(() => [1, 2].forEach((n) => history.add({ before: null, after: { id: `s${n}` } })));
  assert.deepEqual(
    history.back().map(({ now }) => now.id),
    ["s2", "s1"],
  );
  assert.deepEqual(
    history.forth().map(({ wanted }) => wanted.id),
    ["s1", "s2"],
  );
  assert.equal(history.forth(), null);
  history.add({ decision: "p", from: "", to: "rejected" });
  assert.deepEqual(history.back(), [{ decision: "p", to: "" }]);
  history.forget("s1");
  assert.equal(history.back(), null);
});

test("history: an exception leaves no group open", () => {
  const history = new UndoStack();
  assert.throws(() =>
    history.together(() => {
      history.add({ before: null, after: { id: "a" } });
      throw new Error("no");
    }),
  );
  history.add({ before: null, after: { id: "b" } });
  assert.equal(history.done.length, 2);
});

test("selection: the current one is among the chosen", () => {
  const selection = new Selection();
  selection.one("a");
  selection.toggle("b");
  assert.deepEqual([[...selection.ids], selection.current], [["a", "b"], "b"]);
  selection.toggle("b");
  assert.deepEqual([[...selection.ids], selection.current], [["a"], "a"]);
  selection.keepOnly(() => false);
  assert.deepEqual([selection.size, selection.current], [0, null]);
});

test("keys: every preset gives each key to one action only", () => {
  for (const [preset] of presets) {
    const keymap = new Keymap(storage());
    keymap.choose(preset);
    const scope = ({ action }) => (action.startsWith("line") ? "line" : "page");
    const all = keymap.groups.flatMap(({ actions }) =>
      actions.flatMap((each) => each.keys.map((key) => `${scope(each)} ${key}`)),
    );
    assert.deepEqual(
      all.filter((key, i) => all.indexOf(key) !== i),
      [],
      preset,
    );
  }
});

test("keys: a key that is given away is lost to whom it belonged, and a reload remembers", () => {
  const kept = storage();
  const keymap = new Keymap(kept);
  assert.equal(keymap.assign("split", "a"), "accept");
  const again = new Keymap(kept);
  assert.equal(again.actionOf("a"), "split");
  assert.deepEqual(again.keysOf("accept"), []);
  assert.equal(again.actionOf("s"), null);
  again.choose("studio");
  assert.equal(again.actionOf("a"), "accept");
});

test("keys: those of a line of the transcript are its own, and none writes in it", () => {
  const keymap = new Keymap(storage());
  assert.equal(keymap.actionOf("Enter"), "create");
  assert.equal(keymap.actionOf("Enter", "line"), "lineSplit");
  assert.equal(keymap.assign("lineSave", "Enter"), "lineSplit");
  assert.equal(keymap.actionOf("Enter"), "create");
  for (const key of ["a", "Shift+A", "5", "é", "?", "Space", "Shift+Space", "Backspace", "Delete"])
    assert.match(keymap.refuses("lineToggle", key), /writes in the line/, key);
  for (const key of ["Control+a", "Alt+1", "F4", "Enter", "ArrowUp", "Escape"])
    assert.equal(keymap.refuses("lineToggle", key), "", key);
  assert.match(keymap.refuses("split", "5"), /Digits are for labels/);
  assert.equal(keymap.refuses("split", "a"), "");
});

test("keys: names are the same on every keyboard", () => {
  const press = (key, more = {}) =>
    keyName({ key, shiftKey: false, ctrlKey: false, altKey: false, metaKey: false, ...more });
  assert.equal(press("a"), "a");
  assert.equal(press("A"), "a", "Caps Lock is not Shift");
  assert.equal(press("S", { shiftKey: true }), "Shift+S");
  assert.equal(press("?", { shiftKey: true }), "?");
  assert.equal(press(" "), "Space");
  assert.equal(press("z", { metaKey: true, shiftKey: true }), "Control+Shift+Z");
  assert.equal(press("ArrowLeft", { altKey: true, shiftKey: true }), "Alt+Shift+ArrowLeft");
});

function ordered(order) {
  const filter = new ReviewFilter(storage());
  filter.set({ order });
  return filter;
}

test("review: unsure ones first, and what follows the decided one comes next", () => {
  const { doc } = documentOf(
    prediction("sure", 1, 2, { score: 0.97 }),
    prediction("toss", 3, 4, { score: 0.52 }),
    prediction("low", 5, 6, { score: 0.2 }),
  );
  assert.deepEqual(
    queue(doc.store, ordered("uncertainty")).map((p) => p.id),
    ["toss", "low", "sure"],
  );
  assert.deepEqual(
    queue(doc.store, ordered("time")).map((p) => p.id),
    ["sure", "toss", "low"],
  );
  const before = queue(doc.store, ordered("uncertainty"));
  doc.editor.reject("toss");
  assert.equal(after(before, "toss", queue(doc.store, ordered("uncertainty"))).id, "low");
  assert.deepEqual(progress(doc.store), { accepted: 0, corrected: 0, rejected: 1, total: 3, decided: 1 });
});

test("review: a model's own confidence counts before its score", () => {
  const { doc } = documentOf(
    prediction("a", 1, 2, { score: 0.5, confidence: 0.9 }),
    prediction("b", 3, 4, { score: 0.99, confidence: 0.4 }),
  );
  assert.deepEqual(
    queue(doc.store, ordered("uncertainty")).map((p) => p.id),
    ["b", "a"],
  );
});

test("rows: order, size and hiding are kept; new rows stay where they are", () => {
  const kept = storage();
  const rows = new RowLayout(kept);
  rows.move("C", -1, ["A", "B", "C"]);
  rows.resize("A", 1);
  rows.toggle("B", "hidden");
  const again = new RowLayout(kept);
  assert.deepEqual(again.sorted(["A", "B", "C", "D"]), ["A", "C", "B", "D"]);
  assert.equal(again.size("A"), 1.5);
  assert.deepEqual(
    ["A", "B"].map((name) => again.isShown(name)),
    [true, false],
  );
  again.only("B");
  assert.deepEqual(
    ["A", "B"].map((name) => again.isShown(name)),
    [false, true],
  );
  again.showAll();
  assert.ok(again.isShown("A") && again.isShown("B"));
});

test("rows: one moves among those beside it, and the others keep the order that was chosen", () => {
  const rows = new RowLayout(storage());
  rows.move("C", -1, ["A", "B", "C"]);
  rows.move("b", -1, ["a", "b"]);
  assert.deepEqual(rows.sorted(["A", "a", "b", "B", "C"]), ["A", "C", "B", "b", "a"]);
  rows.move("A", -1, ["A", "C", "B"]);
  rows.move("B", 1, ["A", "C", "B"]);
  assert.deepEqual(rows.sorted(["A", "B", "C"]), ["A", "C", "B"]);
});

test("rows: one that is new keeps its place, also a curve, once others were moved", () => {
  const { doc } = documentOf();
  const row = (track, more) => ({ track, closed: false, exclusive: false, attributes: [], parent: null, dependency: "", ...more }); // prettier-ignore
  const [amy, mood, zoe] = [row("Amy"), row("Mood", { scale: [0, 1] }), row("Zoe")];
  const rows = new RowLayout(storage());
  const shown = (...tracks) => {
    doc.store.takeSchema({ key: `${tracks.length}`, labels: [], tracks });
    return layout(doc.store, rows).rows.flatMap(({ kind, name }) => (kind === "filmstrip" ? [] : [name]));
  };
  assert.deepEqual(shown(amy, zoe), ["Amy", "Zoe"]);
  rows.move("Zoe", -1, ["Amy", "Zoe"]);
  assert.deepEqual(shown(amy, mood, zoe), ["Mood", "Zoe", "Amy"], "before Zoe, which comes after it by name");
  rows.move("Mood", 1, ["Mood", "Zoe", "Amy"]);
  assert.deepEqual(shown(amy, mood, zoe), ["Zoe", "Mood", "Amy"]);
  assert.deepEqual(rows.sorted(["a", "Zoe", "b", "Amy", "c"]), ["a", "Zoe", "b", "Amy", "c"]);
});

test("layout: what depends on a row stays below it when rows are moved", () => {
  const { doc } = documentOf();
  for (const [track, parent] of [["A"], ["A in", "A"], ["A on", "A"], ["B"], ["B in", "B"]])
    doc.store.tracks.set(track, { track, ...(parent ? { parent, dependency: "included" } : {}) });
  const rows = new RowLayout(storage());
  const order = () => layout(doc.store, rows).rows.flatMap(({ kind, name }) => (kind === "track" ? [name] : []));
  const move = (name, step) => rows.move(name, step, layout(doc.store, rows).siblings.get(name));
  const first = order();
  assert.deepEqual(first.slice(-5), ["A", "A in", "A on", "B", "B in"]);
  move("B", -1);
  assert.deepEqual(order().slice(-5), ["B", "B in", "A", "A in", "A on"]);
  move("A on", -1);
  assert.deepEqual(order().slice(-5), ["B", "B in", "A", "A on", "A in"]);
  move("A on", -1);
  move("B in", -1);
  move("B", 1);
  assert.deepEqual(order().slice(-5), ["A", "A on", "A in", "B", "B in"]);
});

test("rows: one that a person called like a row of ours is hidden and locked by itself", () => {
  const { doc } = documentOf();
  doc.store.setMedia({ lines: [{ id: 1, start: 1, end: 2, text: "hello", source: "typed", version: 1 }] });
  for (const track of ["Film", "Speech", "Boxes ▭"]) doc.editor.create({ track, start: 1, end: 2 });
  const rows = new RowLayout(storage());
  const shown = () => layout(doc.store, rows).rows.map(({ kind, name, locked }) => [kind, name, Boolean(locked)]);
  const keys = layout(doc.store, rows).names;
  assert.equal(new Set(keys).size, keys.length, "each row has a key of its own");
  const key = (kind) => layout(doc.store, rows).rows.find((row) => row.kind === kind).key;
  rows.toggle(key("filmstrip"), "hidden");
  rows.toggle(key("speech"), "locked");
  const film = () => shown().filter(([, name]) => name === "Film");
  assert.deepEqual(film(), [["track", "Film", false]]);
  assert.deepEqual(shown().filter(([, name]) => name === "Speech"), [["speech", "Speech", true], ["track", "Speech", false]]); // prettier-ignore
  assert.ok(!rows.isLocked("Speech"), "its segments can be changed");
  rows.toggle("Film", "hidden");
  assert.deepEqual(film(), []);
});

test("rows: what is damaged in storage is forgotten", () => {
  const kept = storage();
  kept.setItem("rows", "{half");
  assert.ok(new RowLayout(kept).isShown("anything"));
});

for (const [count, least] of [
  [23, 12],
  [120, 7],
])
  test(`layout: of ${count} segments at one time each has a lane of its own, and is what one points at there`, () => {
    const { doc } = documentOf();
    const ids = Array.from({ length: count }, (_, i) => doc.editor.create({ track: "T", start: i * 0.04, end: 9 }));
    const made = layout(doc.store, new RowLayout(storage()));
    const row = made.rows.find(({ name }) => name === "T");
    assert.equal(row.lanes.length, count);
    for (const [lane, next] of row.lanes.slice(1).map((next, i) => [row.lanes[i], next]))
      assert.ok(lane.height >= least && lane.y + lane.height < next.y && next.y + next.height < row.height);
    const timeline = Object.assign(Object.create(Timeline.prototype), { doc, start: 0, end: 10, rows: made.rows });
    Object.assign(timeline, { selection: new Selection() });
    Object.defineProperty(timeline, "width", { value: 1000 });
    for (const lane of row.lanes)
      for (const y of [lane.y, lane.y + lane.height / 2, lane.y + lane.height - 1])
        assert.equal(timeline.at(800, row.y + y).item, lane.items[0]);
    assert.deepEqual(new Set(row.lanes.map((lane) => lane.items[0].id)), new Set(ids));
  });

test("layout: overlapping segments are stacked, a collapsed row has one lane, a hidden one none", () => {
  const { doc } = documentOf();
  const rows = new RowLayout(storage());
  doc.editor.create({ track: "T", start: 1, end: 5 });
  doc.editor.create({ track: "T", start: 2, end: 3 });
  doc.editor.create({ track: "T", start: 5, end: 6 });
  const track = () => layout(doc.store, rows).rows.find((row) => row.name === "T");
  assert.deepEqual(
    track().lanes.map((lane) => lane.items.length),
    [2, 1],
  );
  const tall = track().height;
  rows.toggle("T", "collapsed");
  assert.deepEqual(
    track().lanes.map((lane) => lane.items.length),
    [3],
  );
  assert.ok(track().height < tall / 2);
  rows.toggle("T", "hidden");
  assert.equal(track(), undefined);
  assert.ok(layout(doc.store, rows).names.includes("T"));
  assert.deepEqual(layout(doc.store, rows).tracks, ["T"], "which can have labels all the same");
});

test("layout: a row that becomes a curve still shows the segments that lie in it", () => {
  const { doc } = documentOf();
  const kinds = () => {
    const { rows } = layout(doc.store, new RowLayout(storage()));
    return rows.filter(({ name }) => name === "T").map(({ kind }) => kind);
  };
  doc.store.tracks.set("T", { track: "T", scale: [-1, 1] });
  assert.deepEqual(kinds(), ["trace"]);
  const id = doc.editor.create({ track: "T", start: 1, end: 5 });
  assert.deepEqual(kinds(), ["trace", "track"]);
  doc.editor.remove(id);
  assert.deepEqual(kinds(), ["trace"]);
});

test("layout: text on a colour can be read", () => {
  assert.equal(inkOn("#0072b2"), "#ffffff");
  assert.equal(inkOn("#ffee88"), "#10121c");
});

test("ruler: frames are counted by their own times", () => {
  const { pts } = frames();
  const found = marks("frames", 9.5, 10.2, 800, pts);
  for (const [time, text] of found) assert.equal(pts[Number(text)], time);
  assert.ok(found.length > 3);
  assert.deepEqual(marks("time", 0, 100, 1000, pts).slice(0, 2), [
    [0, "0:00"],
    [10, "0:10"],
  ]);
  assert.deepEqual(marks("seconds", 0, 1, 400, pts)[1], [0.25, "0.25 s"]);
});

test("snapping: the nearest of cuts, neighbours and speech, unless only frames are wanted", () => {
  const { doc } = documentOf(prediction("p", 2.04, 3));
  doc.store.setMedia({ shots: Float64Array.of(4), lines: [{ id: 1, start: 6, end: 7, text: "hello" }] });
  const timeline = {
    store: doc.store,
    playhead: 9,
    width: 1000,
    start: 0,
    end: 10,
    duration: 10.4,
    rows: layout(doc.store, new RowLayout(storage())).rows,
  };
  const snapping = new Snapping(timeline, frames(), new Set(), null);
  const at = (time, free) => [snapping.at(time, free).time, snapping.at(time, free).line?.what ?? null];
  assert.deepEqual(at(2.06), [2.04, "prediction"]);
  assert.deepEqual(at(4.05), [4, "cut"]);
  assert.deepEqual(at(5.95), [6, "speech"]);
  assert.deepEqual(at(8.97), [9, "playhead"]);
  assert.deepEqual(at(4.05, true), [4.04, null]);
  assert.deepEqual(at(5.03), [5.04, null]);
  assert.equal(
    new Snapping(timeline, frames(), new Set(["p"]), "p").at(2.05, false).line,
    null,
    "what moves is nothing to snap to",
  );
});
