// Frames, the player's clock, and what a pointer draws: boundaries lie on frame edges, and end with the video.

import assert from "node:assert/strict";
import test from "node:test";

import { element, happening } from "./dom.mjs";
import { documentOf, frames, loaded, notices, prediction, quiet } from "./harness.mjs";
import * as operations from "../../assets/web/js/model/operations.js";
import { Frames } from "../../assets/web/js/model/frames.js";
import { SPEECH_ROW } from "../../assets/web/js/model/line-items.js";
import { RowLayout } from "../../assets/web/js/model/row-layout.js";
import { Selection } from "../../assets/web/js/model/selection.js";

globalThis.window ??= new EventTarget();
const { commands } = await import("../../assets/web/js/input/commands.js");
const { attach } = await import("../../assets/web/js/input/gestures.js");
const { Keymap } = await import("../../assets/web/js/input/keymap.js");
const { listen } = await import("../../assets/web/js/input/keys.js");
const { layout } = await import("../../assets/web/js/view/layout.js");
const { Player } = await import("../../assets/web/js/view/player.js");
const { Timeline } = await import("../../assets/web/js/view/timeline.js");

class Video extends EventTarget {
  paused = true;
  currentTime = 0;
  pause() {
    this.paused = true;
  }
  load() {}
  removeAttribute() {}
  async play() {
    this.paused = false;
  }
}

// 29.97 frames a second, in whole microseconds, as they are probed: no two neighbours last equally long.
const NTSC = new Frames(
  Float64Array.from({ length: 300 }, (_, i) => Math.round((i * 1_001_000) / 30) / 1e6),
  Math.round((300 * 1_001_000) / 30) / 1e6,
);
const edges = new Set([...NTSC.pts, NTSC.duration]);

function playing(of = NTSC, time = 0) {
  const player = new Player(new Video());
  player.open("a", { offset: 0, pts: of.pts, duration: of.duration, time });
  return player;
}

test("frames: the next edge is an edge, and the last one is the end of the video", () => {
  for (const time of NTSC.pts) for (const by of [-1, 1]) assert.ok(edges.has(NTSC.edge(time, by)));
  assert.equal(NTSC.edge(NTSC.duration, 1), NTSC.duration);
  assert.equal(NTSC.edge(0, -1), 0);
  for (const [one, other] of [
    [1, 1],
    [0, 0],
    [99, 99],
    [2, 1.5],
    [-3, 99],
  ]) {
    const { start, end } = NTSC.span(one, other);
    assert.ok(edges.has(start) && edges.has(end) && start < end, `${one} to ${other}`);
  }
  assert.deepEqual(new Frames(undefined, 3).span(1, 2), { start: 1, end: 2 }, "before the table is there");
});

test("Enter makes a segment on frame edges wherever the playhead stands", () => {
  for (const index of [0, 7, 250, 297, 298, 299]) {
    let made;
    const player = playing(NTSC, NTSC.pts[index]);
    commands({
      player,
      timeline: { marks: { in: null, out: null }, rowLayout: new RowLayout(null) },
      selection: new Selection(),
      opened: { store: { item: () => null }, editor: { create: (fields) => (made = fields) } },
      track: () => "Moments",
      label() {},
      say() {},
    }).create();
    assert.deepEqual([made.start, edges.has(made.end), made.end > made.start], [NTSC.pts[index], true, true]);
  }
});

test("a segment that a held key began is not made in another video", () => {
  const made = [];
  const documentOf = (name) => ({ editor: { create: (fields) => made.push([name, fields.start, fields.end]) } });
  const [a, b] = [documentOf("a"), documentOf("b")];
  const player = playing();
  const workspace = {
    player,
    timeline: { marks: { in: null, out: null }, rowLayout: new RowLayout(null), invalidate() {} },
    selection: new Selection(),
    opened: a,
    reaction: { place: (_, time) => ({ time }) },
    mark: (edge, time) => (workspace.timeline.marks[edge] = time),
    track: () => "Moments",
  };
  const { hold } = commands(workspace);
  const ended = hold();
  player.seek(NTSC.pts[60]);
  workspace.opened = b;
  ended();
  assert.deepEqual(made, []);
  workspace.opened = a;
  player.seek(0);
  const again = hold();
  player.seek(NTSC.pts[60]);
  again();
  assert.deepEqual(made, [["a", 0, NTSC.pts[61]]]);
});

test("another video begins with its own clock, also at zero and also where it cannot be played", () => {
  const player = playing(NTSC, 4);
  let told = 0;
  player.on("time", () => told++);
  player.close();
  const b = frames();
  player.open("b", { offset: 0, pts: b.pts, duration: b.duration, time: 0 });
  assert.deepEqual([player.time, told], [0, 1]);
  player.seek(5);
  told = 0;
  player.take({ offset: 2, pts: b.pts, duration: b.duration, time: 0 });
  assert.deepEqual([player.time, player.offset, told], [0, 2, 1]);
});

test("a loop that ends with the video begins again", () => {
  const player = playing();
  player.playRange(9, NTSC.duration, true);
  player.video.paused = true; // as browsers have it when a video ends
  player.video.dispatchEvent(new Event("ended"));
  assert.deepEqual([Math.abs(player.video.currentTime - 9) < 0.05, player.video.paused], [true, false]);
  player.playRange(9, NTSC.duration);
  player.video.pause();
  player.video.dispatchEvent(new Event("ended"));
  assert.ok(player.video.paused);
});

test("splitting and extending a prediction go by its correction", () => {
  const { doc } = documentOf(prediction("p", 1, 3));
  doc.editor.correct("p", { start: 5, end: 7 });
  assert.equal(
    operations.split(doc.editor, "p", 2, frames()),
    null,
    "2 s lies in what the model said, not in what is there",
  );
  assert.ok(operations.split(doc.editor, "p", 6, frames()));
  const { doc: other } = documentOf(prediction("p", 1, 3));
  const id = other.editor.correct("p", { start: 5, end: 7 });
  operations.extend(other.editor, "p", 4, frames());
  assert.deepEqual([other.store.item(id).start, other.store.item(id).end], [4, 7]);
});

// ------------------------------------------------------------------ the pointer

// A timeline of 1000 pixels, one row of it, ten seconds in view; x in px is 100 times the seconds.
function workspace(...predictions) {
  const { doc, sent } = documentOf(...predictions);
  const root = element("div");
  const canvas = element("canvas");
  const shown = frames();
  const timeline = Object.assign(Object.create(Timeline.prototype), {
    root,
    canvas,
    ruler: element("canvas"),
    doc,
    start: 0,
    end: 10,
    drafts: [],
    marks: { in: null, out: null },
    playhead: 0,
    rowLayout: new RowLayout(null),
    invalidate() {},
    setView() {
      this.moved = true;
    },
    emit() {},
  });
  Object.defineProperty(timeline, "width", { value: 1000 });
  doc.store.video.duration = shown.duration;
  const selection = (timeline.selection = new Selection());
  const player = playing(shown);
  const preview = { show() {}, end() {} };
  const moved = [];
  const begun = [];
  const lines = { move: (drafts) => moved.push(drafts), create: (span) => begun.push(span) };
  const refused = [];
  const refuse = (why) => refused.push(why);
  const pointer = attach(timeline, { player, selection, seek() {}, changed() {}, preview, refuse, lines });
  const send = (type, seconds, { on = "track", ...more } = {}) => {
    timeline.rows = layout(doc.store, timeline.rowLayout).rows;
    const row = timeline.rows.find(({ kind }) => kind === on);
    const lane = row.lanes.at(-1);
    const event = happening(type, {
      clientX: seconds * 100,
      clientY: row.y + lane.y + lane.height / 2,
      button: 0,
      pointerId: 1,
      pointerType: "mouse",
      altKey: true,
      ...more,
    });
    event.at = canvas;
    root.dispatchEvent(event);
  };
  return { doc, sent, timeline, selection, pointer, send, moved, begun, refused };
}

test("a drag that begins at the very end of the video draws its last frame", () => {
  const { doc, timeline, send } = workspace();
  Object.assign(timeline, { start: 5, end: 15 });
  send("pointerdown", 9.9);
  send("pointermove", 9.99);
  send("pointerup", 9.99);
  const [made] = doc.store.annotations.values();
  assert.deepEqual([made.start, made.end], [frames().edge(99, -1), frames().duration]);
});

test("an edge that is dragged over the other one leaves one frame, however long that lasts", () => {
  const { doc, send } = workspace();
  const id = doc.editor.create({ track: "Moments", start: 1, end: 9.84 });
  send("pointerdown", 1);
  send("pointermove", 9.95);
  send("pointerup", 9.95);
  assert.deepEqual([doc.store.item(id).start, doc.store.item(id).end], [frames().edge(9.84, -1), 9.84]);
});

test("keys wait while the pointer holds a segment, and Escape lets go of it", async () => {
  const { doc, sent, timeline, pointer, send } = workspace();
  const id = doc.editor.create({ track: "Moments", start: 1, end: 2 });
  doc.editor.update(id, { end: 3 });
  let digits = 0;
  listen(
    new Keymap(null),
    { undo: () => doc.editor.undo() },
    { pointer, open: () => true, hasNext: () => false, onDigit: () => digits++ },
  );
  const key = (name, more) => document.dispatchEvent(happening("keydown", { key: name, ...more }));
  send("pointerdown", 2);
  send("pointermove", 4);
  assert.ok(pointer.holds());
  key("z", { ctrlKey: true });
  key("1");
  assert.deepEqual([doc.store.item(id).end, digits], [3, 0]);
  key("Escape");
  send("pointerup", 4);
  assert.deepEqual([doc.store.item(id).start, timeline.drafts], [1, []]);
  key("z", { ctrlKey: true });
  key("1");
  assert.deepEqual([doc.store.item(id).end, digits], [2, 1]);
  await quiet();
  assert.deepEqual(
    sent.map((edit) => edit.base_version),
    [0, 1, 2],
    "no conflict with oneself",
  );
});

test("the view stays put under a pointer that is down, also where a segment reaches out of it", () => {
  const { doc, timeline, selection, send } = workspace();
  const id = doc.editor.create({ track: "Moments", start: 5, end: 7 });
  Object.assign(timeline, { start: 4, end: 6, middles: new Map(), setView: Timeline.prototype.setView });
  selection.on("change", () => {
    const item = doc.store.item(selection.current ?? "");
    if (item) timeline.reveal(item.start, item.end, item.id); // as the page does
  });
  send("pointerdown", 0, { clientX: 500 });
  assert.equal(selection.current, id);
  send("pointermove", 0, { clientX: 480 });
  assert.deepEqual([timeline.start, timeline.end, timeline.drafts[0].start], [4, 6, 4.96]);
  send("pointerup", 0, { clientX: 480 });
  assert.deepEqual([doc.store.item(id).start, doc.store.item(id).end], [4.96, 7]);
  assert.ok(timeline.start < 4.96 && timeline.end > 7, "once it is let go of, all of it is shown");
});

test("a rectangle chooses once a frame, only where it touches others than before, and at its end", () => {
  const frames = [];
  globalThis.requestAnimationFrame = (work) => frames.push(work);
  const { doc, selection, send } = workspace();
  const [a, b] = [1, 3].map((start) => doc.editor.create({ track: "Moments", start, end: start + 1 }));
  let told = 0;
  selection.on("change", () => told++);
  const held = { ctrlKey: true };
  send("pointerdown", 0.5, held);
  for (const to of [1.1, 1.2, 1.3]) send("pointermove", to, held);
  assert.deepEqual([frames.length, told], [1, 0]);
  frames.pop()();
  assert.deepEqual([[...selection.ids], told], [[a], 1]);
  send("pointermove", 1.4, held);
  frames.pop()();
  assert.equal(told, 1, "nothing else is touched");
  send("pointermove", 3.5, held);
  send("pointerup", 3.5, held);
  assert.deepEqual([[...selection.ids], told], [[a, b], 2]);
  frames.pop()();
  assert.equal(told, 2);
});

test("on a row that others depend on, a drag takes all that are chosen, and both sides of an edge that two share", () => {
  const { doc, selection, send } = workspace();
  const row = { closed: false, exclusive: false, attributes: [] };
  doc.store.takeSchema({
    key: "k",
    labels: [],
    tracks: [
      { ...row, track: "Acts" },
      { ...row, track: "Words", parent: "Acts", dependency: "included_in" },
    ],
  });
  const make = (track, start, end) => doc.editor.create({ track, start, end });
  const acts = [make("Acts", 0, 2), make("Acts", 2, 4)];
  const word = make("Words", 2, 3);
  const now = (...ids) =>
    ids.map((id) => {
      const { start, end } = doc.store.item(id);
      return [start, end].map((time) => Number(time.toFixed(3)));
    });
  selection.set([word, ...acts], acts[0]);
  send("pointerdown", 1);
  send("pointermove", 2);
  send("pointerup", 2);
  assert.deepEqual(now(...acts, word), [[1, 3], [3, 5], [3, 4]]); // prettier-ignore
  assert.deepEqual([...selection.ids], [word, ...acts]);
  for (const to of [4, 2]) {
    send("pointerdown", 3, { ctrlKey: true });
    send("pointermove", to, { ctrlKey: true });
    send("pointerup", to, { ctrlKey: true });
    assert.deepEqual(now(...acts), [[1, to], [to, 5]]); // prettier-ignore
    doc.editor.undo();
  }
});

test("what cannot be split or merged stays chosen, and the reason that is said is the one", () => {
  const { doc, selection, timeline } = workspace();
  const player = { time: 2, frames: frames() };
  const said = notices(doc);
  const row = { closed: false, exclusive: false, attributes: [] };
  const tracks = [
    { ...row, track: "Acts" },
    { ...row, track: "Gloss", parent: "Acts", dependency: "symbolic_association" },
  ];
  doc.store.takeSchema({ key: "k", labels: [], tracks });
  const make = (track, start = 1, end = 3) => doc.editor.create({ track, start, end, label: "x" });
  const actions = commands({ opened: doc, timeline, selection, player, say: (text) => said.push(text) });
  for (const [track, reason] of [
    ["Whole video", /^What is said of the whole video cannot be split/],
    ["Acts", null],
    ["Gloss", /^“Gloss” has one segment for each of “Acts”: split that one/],
  ]) {
    const id = make(track, track === "Gloss" ? 2 : 1);
    player.time = track === "Gloss" ? 2.52 : 2;
    selection.one(id);
    actions.split();
    if (reason) assert.match(said.splice(0).join(" | "), new RegExp(`${reason.source}[^|]*$`));
    else assert.deepEqual([said, selection.has(id)], [[], false], "the second half is chosen");
    if (reason) assert.equal(selection.current, id);
  }
  player.time = 9;
  actions.split();
  assert.deepEqual(said.splice(0), ["The playhead is not inside the segment; there is nothing to split."]);
  actions.merge();
  assert.deepEqual(said.splice(0), ["Choose two or more segments of one row to merge them."]);
  const [one, other] = [make("Acts", 5, 6), make("Acts", 7, 8)];
  make("Acts", 6.2, 6.8);
  selection.set([one, other]);
  actions.merge();
  assert.deepEqual(said.splice(0), ["Another segment lies between these; choose it, too, to merge them."]);
});

/** Two acts, and a server that refuses what comes then. */
async function refusing() {
  const { doc, selection, timeline } = workspace();
  const [one, other] = [1, 4].map((start) => doc.editor.create({ track: "Acts", start, end: start + 2, label: "x" }));
  await quiet();
  doc.server.save = async ({ edits }) => ({
    ok: true,
    data: {
      results: edits.map(({ edit_id }) => ({ edit_id, ok: false, kind: "invalid", error: "No.", current: null })),
    },
  });
  const annotations = [...doc.store.annotations.values()];
  doc.server.load_document = async () => ({ ok: true, data: loaded({ annotations }) });
  doc.store.on("change", (what) => what === "content" && selection.keepOnly((id) => Boolean(doc.store.shown(id))));
  const said = notices(doc);
  const player = { time: 2, frames: frames() };
  const actions = commands({ opened: doc, timeline, selection, player, say() {} });
  return { doc, selection, actions, player, said, one, other };
}

for (const [name, act, count] of [
  ["split", ({ actions }) => actions.split(), 1],
  ["merge", ({ actions }) => actions.merge(), 2],
  [
    "paste",
    ({ actions }) => {
      actions.copy();
      actions.paste();
    },
    2,
  ],
])
  test(`a ${name} that the server refuses leaves chosen what was`, async () => {
    const page = await refusing();
    const { selection, said, one, other } = page;
    const before = [one, other].slice(0, count);
    selection.set(before, one);
    act(page);
    assert.notDeepEqual([...selection.ids], before, "what was made");
    await quiet();
    assert.deepEqual(said.splice(0), ["No."], "once, however many batches that took");
    assert.deepEqual([selection.current, [...selection.ids]], [one, before]);
    act(page);
    await quiet();
    assert.deepEqual(said, ["No."], "again for what is done again");
    selection.one(null);
    selection.keepOnly(() => false);
    assert.equal(selection.size, 0, "what was chosen before is forgotten with the next choice");
  });

test("where nothing can be pasted, what was chosen stays so", async () => {
  const { selection, actions, player, said, one } = await refusing();
  selection.one(one);
  actions.copy();
  player.time = 1e6;
  actions.paste();
  assert.deepEqual(said, ["The video ends before they begin."]);
  assert.deepEqual([...selection.ids], [one]);
});

test("what the server refuses of a drag, of keys or of a new segment leaves chosen what was", async () => {
  const { doc, selection, timeline, send } = workspace(prediction("p", 1, 2));
  const other = doc.editor.create({ track: "Moments", start: 6, end: 7 });
  await quiet();
  const answer = { ok: false, kind: "invalid", error: "No.", current: null };
  doc.server.save = async ({ edits }) => ({
    ok: true,
    data: { results: edits.map(({ edit_id }) => ({ edit_id, ...answer })) },
  });
  const data = loaded({ annotations: [...doc.store.annotations.values()], predictions: [prediction("p", 1, 2)] });
  doc.server.load_document = async () => ({ ok: true, data });
  doc.store.on("change", (what) => what === "content" && selection.keepOnly((id) => Boolean(doc.store.shown(id))));
  const player = { time: 3, frames: frames(), pause() {}, seek() {} };
  const said = [];
  const page = { opened: doc, timeline, selection, player, changed() {}, track: () => "Moments" };
  const { create, extend, endLater, remove } = commands({ ...page, say: (text) => said.push(text) });
  const drag = (from, to) => {
    send("pointerdown", from);
    send("pointermove", to);
    send("pointerup", to);
  };
  for (const [name, chosen, work] of [
    ["the edge of a prediction", ["p"], () => drag(2, 2.5)],
    ["a prediction as a whole", ["p"], () => drag(1.5, 1.8)],
    ["a nudged edge", ["p"], endLater],
    ["an edge at the playhead", ["p"], extend],
    ["a segment that is drawn", [other], () => drag(4, 5)],
    ["a segment by key", ["p", other], create],
  ]) {
    selection.set(chosen);
    const standing = doc.store.annotations.size;
    work();
    assert.equal(doc.store.annotations.size, standing + 1, name);
    assert.deepEqual([...selection.ids], [[...doc.store.annotations.keys()].at(-1)], name);
    await quiet();
    assert.equal(doc.store.annotations.size, standing, name);
    assert.deepEqual([[...selection.ids], selection.current], [chosen, chosen.at(-1)], name);
  }
  selection.one(other);
  drag(4, 5);
  remove();
  assert.equal(selection.size, 0, "what was made is deleted: the next press deletes nothing else");
  await quiet();
  selection.set(["p", other]);
  timeline.rowLayout.toggle("Moments", "locked");
  create();
  assert.deepEqual([[...selection.ids], said.length], [["p", other], 1], "nor does a locked row");
});

test("Ctrl+A chooses what is seen, so that Delete leaves alone what is not", () => {
  const { doc, selection, timeline } = workspace();
  const make = (track) => doc.editor.create({ track, start: 1, end: 2 });
  const [seen, hidden, whole] = [make("Moments"), make("Hidden"), make("Whole video")];
  timeline.rowLayout.set("Hidden", { hidden: true });
  const actions = commands({ opened: doc, timeline, selection, say() {} });
  actions.chooseAll();
  assert.deepEqual([...selection.ids], [seen]);
  timeline.rowLayout.only("Hidden");
  actions.chooseAll();
  assert.deepEqual([...selection.ids], [hidden]);
  timeline.rowLayout.showAll();
  actions.chooseAll();
  assert.deepEqual([...selection.ids], [seen, hidden]);
  timeline.rowLayout.set("Hidden", { hidden: true });
  actions.chooseAll();
  actions.remove();
  assert.deepEqual([...doc.store.annotations.keys()], [hidden, whole]);
});

// Near the top of a lane, where the handles of phases are.
function upper({ timeline, doc }, kind) {
  const { rows } = layout(doc.store, timeline.rowLayout);
  const row = rows.find((each) => each.kind === "track");
  return row.y + row.lanes.find((lane) => lane.kind === kind).y + 4;
}

test("a phase is dragged by frames as one step of undo, and its segment stays where it is", () => {
  const page = workspace();
  const { doc, selection, send, timeline } = page;
  const attributes = { onset: 1.2, apex: 2, offset: 2.8, sure: true };
  const id = doc.editor.create({ track: "Moments", start: 1, end: 3, attributes });
  selection.one(id);
  const clientY = upper(page, "annotation");
  send("pointerdown", 2, { clientY });
  send("pointermove", 2.53, { clientY });
  assert.equal(timeline.drafts[0].attributes.apex, 2.52);
  send("pointerup", 2.53, { clientY });
  const made = doc.store.item(id);
  assert.deepEqual([made.start, made.end, made.attributes], [1, 3, { ...attributes, apex: 2.52 }]);
  doc.editor.undo();
  assert.deepEqual(doc.store.item(id).attributes, attributes);
  send("pointerdown", 2); // the middle of the lane is the segment itself
  send("pointermove", 2.4);
  send("pointerup", 2.4);
  assert.deepEqual([doc.store.item(id).start, doc.store.item(id).attributes.apex], [35 * 0.04, 2.4]);
});

test("a phase of a prediction that is dragged makes a correction of it", () => {
  const page = workspace(prediction("p", 1, 3, { onset: 1.2, apex: 2, offset: 2.8 }));
  const { doc, selection, send } = page;
  selection.one("p");
  const clientY = upper(page, "prediction");
  send("pointerdown", 2.8, { clientY });
  send("pointermove", 2.4, { clientY });
  send("pointerup", 2.4, { clientY });
  const made = doc.store.correctionOf("p");
  assert.deepEqual(made.attributes, { onset: 1.2, apex: 2, offset: 2.4 });
  assert.deepEqual([made.start, made.end], [1, 3]);
});

test("a third finger is no drag", () => {
  const { doc, send, pointer } = workspace();
  doc.editor.create({ track: "Moments", start: 1, end: 9 });
  for (const [pointerId, at] of [
    [1, 2],
    [2, 4],
    [3, 6],
  ])
    send("pointerdown", at, { pointerType: "touch", pointerId });
  send("pointermove", 8, { pointerType: "touch", pointerId: 3 });
  assert.equal(pointer.holds(), false);
  for (const pointerId of [1, 2, 3]) send("pointerup", 8, { pointerType: "touch", pointerId });
  assert.deepEqual(
    [...doc.store.annotations.values()].map((a) => [a.start, a.end]),
    [[1, 9]],
  );
});

test("a timeline that shows another video has nothing left of the one before", () => {
  const { doc, timeline } = workspace();
  Object.assign(timeline, {
    marks: { in: 20, out: 25 },
    playhead: 7,
    drafts: [{}],
    box: {},
    snapLine: {},
    hover: "a",
    filmstrip: { open() {} },
  });
  timeline.show(doc);
  const { marks, playhead, drafts, box, snapLine, hover } = timeline;
  assert.deepEqual(
    { marks, playhead, drafts, box, snapLine, hover },
    { marks: { in: null, out: null }, playhead: 0, drafts: [], box: null, snapLine: null, hover: null },
  );
});

test("the time zero is a time, in addresses too", async () => {
  globalThis.location = { search: "?video=v&t=0", pathname: "/" };
  globalThis.history = { pushState: (_, __, url) => (location.search = url), replaceState() {} };
  document.body.dataset = {};
  const { current, go } = await import("../../assets/web/js/router.js");
  assert.equal(current().t, 0);
  go("annotate", { video: "v", t: 0 });
  assert.equal(current().t, 0);
  go("annotate", { video: "v" });
  assert.equal(current().t, null);
});

// ------------------------------------------------------------------ lines of the transcript

const said = [
  { id: 1, start: 1, end: 2, text: "one", version: 3 },
  { id: 2, start: 2, end: 3, text: "two", version: 1 },
];

function speaking() {
  const made = workspace();
  made.doc.store.setMedia({ lines: said });
  const drag = (from, to, more) => {
    made.send("pointerdown", from, { on: "speech", ...more });
    made.send("pointermove", to, { on: "speech", ...more });
    made.send("pointerup", to, { on: "speech", ...more });
  };
  const spans = () => made.moved.flat().map(({ id, start, end, base }) => [id, start, end, base]);
  return { ...made, drag, spans };
}

test("an edge of a line is dragged, and a line as a whole; what it was built on is told", () => {
  const { drag, spans, selection, doc } = speaking();
  drag(1.01, 0.8);
  assert.deepEqual(spans(), [["line:1", 0.8, 2, 3]]);
  assert.equal(selection.current, "line:1");
  drag(2.5, 3.5);
  assert.deepEqual(spans()[1], ["line:2", 3, 4, 1]);
  assert.equal(doc.store.annotations.size, 0);
});

test("Ctrl drags the edge that two lines share, and chooses several that go together", () => {
  const { drag, spans, selection, send } = speaking();
  drag(1.99, 2.4, { ctrlKey: true });
  assert.deepEqual(spans().sort(), [
    ["line:1", 1, 2.4, 3],
    ["line:2", 2.4, 3, 1],
  ]);
  selection.one("line:1");
  send("pointerdown", 2.5, { on: "speech", ctrlKey: true });
  send("pointerup", 2.5, { on: "speech", ctrlKey: true });
  assert.deepEqual([...selection.ids], ["line:1", "line:2"]);
  drag(1.5, 2.5);
  assert.deepEqual(
    spans()
      .slice(2)
      .map(([, start]) => start),
    [2, 3],
  );
});

test("a finger drags the edge of a line, and pans over an empty place of the row", () => {
  const { drag, send, spans, begun, timeline } = speaking();
  const touch = { pointerType: "touch", on: "speech" };
  drag(1.01, 0.8, touch);
  assert.deepEqual(spans(), [["line:1", 0.8, 2, 3]]);
  send("pointerdown", 6, touch);
  for (const to of [6.5, 7]) send("pointermove", to, touch);
  send("pointerup", 7, touch);
  assert.deepEqual([spans().length, begun, timeline.moved], [1, [], true]);
});

test("lines and segments are not chosen together", () => {
  const { doc, selection, send } = speaking();
  const id = doc.editor.create({ track: "Moments", start: 1, end: 2 });
  selection.one(id);
  send("pointerdown", 1.5, { on: "speech", ctrlKey: true });
  send("pointerup", 1.5, { on: "speech", ctrlKey: true });
  assert.deepEqual([...selection.ids], ["line:1"]);
});

test("a drag over an empty place of the row begins a line; a click there chooses nothing", () => {
  const { drag, begun, selection, doc } = speaking();
  drag(5, 6);
  assert.deepEqual(
    begun.map(({ start, end }) => [start, end]),
    [[5, 6]],
  );
  selection.one("line:1");
  drag(7, 7);
  assert.deepEqual([begun.length, selection.size, doc.store.annotations.size], [1, 0, 0]);
});

test("a locked row of lines keeps them", () => {
  const { drag, moved, begun, refused, timeline } = speaking();
  timeline.rowLayout.toggle("Speech", "locked"); // a row of a person's that is called so
  drag(1.01, 0.8);
  assert.equal(moved.splice(0).length, 1);
  timeline.rowLayout.toggle(SPEECH_ROW, "locked");
  drag(1.01, 0.8);
  drag(5, 6);
  assert.deepEqual([moved, begun, refused], [[], [], ["“Speech” is locked; unlock it in its menu."]]);
});

test("the row of lines is there when there are some, and its lanes are made once", () => {
  const { doc, timeline } = workspace();
  const speech = () => layout(doc.store, timeline.rowLayout).rows.find(({ kind }) => kind === "speech");
  assert.equal(speech(), undefined);
  const lines = Array.from({ length: 5000 }, (_, i) => ({ id: i, start: i, end: i + 1.5, text: `${i}`, version: 1 }));
  doc.store.setMedia({ lines });
  const { lanes } = speech();
  assert.deepEqual([lanes.length, lanes[0].items.length], [2, 2500]);
  assert.equal(speech().lanes[0].items, lanes[0].items);
});
