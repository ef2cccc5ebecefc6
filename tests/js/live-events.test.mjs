// The key of a point makes one where the playhead is, that of a state begins and ends it.

import assert from "node:assert/strict";
import test from "node:test";
import "./dom.mjs";
import { documentOf, frames, quiet, storage } from "./harness.mjs";

globalThis.location ??= { search: "", pathname: "/" };
globalThis.window ??= new EventTarget();
globalThis.history ??= { pushState() {}, replaceState() {} };
const { giveLabel } = await import("../../assets/web/js/input/commands.js");
const { ReactionTime } = await import("../../assets/web/js/model/reaction-time.js");
const { RowLayout } = await import("../../assets/web/js/model/row-layout.js");
const { Selection } = await import("../../assets/web/js/model/selection.js");
const { Workspace } = await import("../../assets/web/js/annotate/workspace.js");

const LABELS = [
  { track: "Moments", label: "pecks", hotkey: "1", kind: "point" },
  { track: "Moments", label: "walks", hotkey: "2", kind: "state" },
  { track: "Moments", label: "rests", hotkey: "3", kind: "state" },
  { track: "Moments", label: "scene", hotkey: "4", kind: "segment" },
];

function page({ exclusive = false, labels = LABELS } = {}) {
  const { doc, sent } = documentOf();
  doc.store.takeSchema({ key: "1", labels, tracks: [{ track: "Moments", closed: false, exclusive }] });
  const shown = frames();
  const player = { rate: 0, time: 2, frames: shown, get frameEnd() { return shown.edge(this.time, 1); } }; // prettier-ignore
  const timeline = { marks: { in: null, out: null }, rowLayout: new RowLayout(null), rows: [], invalidate() {} };
  const workspace = new Workspace(() => {}, player, timeline, new Selection());
  workspace.doc = doc;
  workspace.reaction = new ReactionTime(storage());
  const said = [];
  workspace.say = (sentence) => said.push(sentence);
  const press = (key, time) => {
    player.time = time;
    giveLabel(workspace, key);
  };
  const rounded = (time) => Number(time.toFixed(3));
  const shownNow = () =>
    [...doc.store.annotations.values()]
      .sort((a, b) => a.start - b.start)
      .map(({ label, start, end }) => [label, rounded(start), rounded(end)]);
  return { doc, sent, workspace, player, press, shownNow, said };
}

test("a point is one frame long, wherever the last one was chosen", async () => {
  const { press, shownNow, sent, doc } = page();
  press("1", 2);
  press("1", 3);
  await quiet();
  assert.deepEqual(shownNow(), [["pecks", 2, 2.04], ["pecks", 3, 3.04]]); // prettier-ignore
  assert.equal(sent.length, 2);
  assert.ok(doc.store.isPoint({ track: "Moments", label: "pecks", start: 2, end: 2.02 }));
  assert.ok(!doc.store.isPoint({ track: "Moments", label: "pecks", start: 2, end: 3 }), "a name alone is no point");
  assert.ok(!doc.store.isPoint({ track: "Moments", label: "walks", start: 2, end: 2.02 }));
});

test("a state is saved when it begins, grows with the playhead, and ends with its key", async () => {
  const { press, shownNow, sent, workspace } = page();
  press("2", 2);
  await quiet();
  assert.deepEqual(shownNow(), [["walks", 2, 2.04]], "nothing is lost where the tab is closed now");
  assert.deepEqual(workspace.live.running.map((each) => each.label), ["walks"]); // prettier-ignore
  press("1", 3);
  press("2", 4);
  await quiet();
  assert.deepEqual(shownNow(), [["walks", 2, 4.04], ["pecks", 3, 3.04]]); // prettier-ignore
  assert.equal(sent.length, 3);
  assert.deepEqual(workspace.live.running, []);
});

test("several states hold at a time, unless the row takes only one", async () => {
  const free = page();
  for (const [key, time] of [["2", 1], ["3", 2], ["2", 3], ["3", 4]]) free.press(key, time); // prettier-ignore
  assert.deepEqual(free.shownNow(), [["walks", 1, 3.04], ["rests", 2, 4.04]]); // prettier-ignore
  const one = page({ exclusive: true });
  for (const [key, time] of [["2", 1], ["3", 2], ["2", 3], ["2", 4]]) one.press(key, time); // prettier-ignore
  assert.deepEqual(one.shownNow(), [["walks", 1, 2], ["rests", 2, 3], ["walks", 3, 4.04]]); // prettier-ignore
});

test("on such a row a state that is coded again ends the one that lay there, as one step", async () => {
  const { press, shownNow, doc } = page({ exclusive: true });
  doc.editor.create({ track: "Moments", label: "rests", start: 1, end: 5 });
  press("2", 3);
  press("2", 4);
  assert.deepEqual(shownNow(), [["rests", 1, 3], ["walks", 3, 4.04]]); // prettier-ignore
  await doc.editor.undo();
  await doc.editor.undo();
  assert.deepEqual(shownNow(), [["rests", 1, 5]]);
});

test("before its beginning a state is not ended, and that is said", () => {
  const { press, said, workspace } = page();
  press("2", 3);
  press("2", 1);
  assert.deepEqual(said, ["“walks” begins later, at 0:03.00; end it after that."]);
  assert.equal(workspace.live.running.length, 1);
});

test("whoever leaves ends what holds, where the playhead is", () => {
  const { press, shownNow, player, workspace } = page();
  press("2", 2);
  player.time = 5;
  workspace.live.stop();
  assert.deepEqual(shownNow(), [["walks", 2, 5.04]]);
  assert.deepEqual(workspace.live.running, []);
});

test("marks come first, and a prediction is accepted under the class", async () => {
  const { press, shownNow, workspace } = page();
  workspace.timeline.marks = { in: 1, out: 3 };
  press("2", 2);
  assert.deepEqual(shownNow(), [["walks", 1, 3]], "between marks a state is a segment like any other");
  assert.deepEqual(workspace.live.running, []);
});

test("a state whose end is taken back holds again, until it ends", async () => {
  const { press, shownNow, workspace, doc } = page({ exclusive: true });
  press("2", 2);
  press("2", 4);
  await doc.editor.undo();
  assert.deepEqual([shownNow(), workspace.live.running.length], [[["walks", 2, 2.04]], 1]);
  await doc.editor.redo();
  assert.deepEqual([shownNow(), workspace.live.running.length], [[["walks", 2, 4.04]], 0]);
  await doc.editor.undo();
  press("2", 6);
  assert.deepEqual([shownNow(), workspace.live.running.length], [[["walks", 2, 6.04]], 0]);
  press("2", 7);
  press("3", 8);
  await doc.editor.undo();
  assert.deepEqual(workspace.live.running.map(({ label }) => label), ["walks"], "also where the next one ended it"); // prettier-ignore
  const again = page();
  again.press("2", 2);
  const told = [];
  again.doc.store.on("change", () => told.push(again.workspace.live.running.length));
  again.press("2", 2);
  assert.equal(told.at(-1), 0, "what shows that it holds is told");
  assert.deepEqual(again.workspace.live.running, [], "one that ends where it began is over");
});

test("a page that is closed saves what holds as far as the playhead has come, and goes on when it is back", async () => {
  const { press, shownNow, workspace, doc, sent, player } = page();
  press("2", 2);
  player.time = 5;
  workspace.live.save();
  workspace.live.save(); // told twice
  await quiet();
  assert.deepEqual([shownNow(), sent.length, doc.editor.undoStack.done.length], [[["walks", 2, 5.04]], 2, 1]);
  workspace.live.resume();
  assert.equal(workspace.live.running.length, 1);
  press("2", 6);
  assert.deepEqual(shownNow(), [["walks", 2, 6.04]]);
  await doc.editor.undo();
  assert.deepEqual([shownNow(), workspace.live.running.length], [[["walks", 2, 5.04]], 1]);
  player.time = 7;
  workspace.live.save();
  assert.equal(workspace.live.running.length, 1, "also once its end was taken back");
  await doc.editor.undo();
  assert.deepEqual(shownNow(), [], "that it went on was no step of its own");
});

test("what holds is kept for each person and each video", () => {
  localStorage.removeItem("states");
  const { press, workspace, doc, shownNow } = page();
  const labels = () => workspace.live.running.map(({ label }) => label);
  press("2", 2);
  localStorage.setItem("annotator", "ben");
  assert.deepEqual(labels(), []);
  press("3", 3);
  assert.deepEqual(labels(), ["rests"]);
  localStorage.setItem("annotator", "");
  assert.deepEqual(labels(), ["walks"]);
  const other = page();
  other.doc.id = "another video";
  other.press("2", 1);
  workspace.live.resume();
  assert.deepEqual([labels(), doc.id], [["walks"], "video"]);
  press("2", 4);
  assert.deepEqual(shownNow(), [["walks", 2, 4.04], ["rests", 3, 3.04]]); // prettier-ignore
  const kept = JSON.parse(localStorage.getItem("states"));
  assert.deepEqual(Object.keys(kept).sort(), ["\nanother video", "ben\nvideo"]);
  localStorage.removeItem("states");
});

test("what was undone no longer holds", async () => {
  const { press, workspace, doc } = page();
  press("2", 2);
  await doc.editor.undo();
  assert.deepEqual(workspace.live.running, []);
});

test("a point has no length between marks either", () => {
  const { press, shownNow, workspace } = page();
  workspace.timeline.marks = { in: 1, out: 3 };
  press("1", 2);
  assert.deepEqual(shownNow(), [["pecks", 2, 2.04]]);
});
