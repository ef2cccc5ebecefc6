// Boxes over time: where they are between key frames, how they change, and that every change is undone.

import assert from "node:assert/strict";
import { test } from "node:test";

import { documentOf, loaded, news, notices, quiet, until } from "./harness.mjs";

const box = await import("../../assets/web/js/model/box-track.js");

const key = (at, place, more = {}) => ({ at, box: place, hidden: false, source: "manual", ...more });
const HERE = [0, 0, 0.2, 0.2];
const THERE = [0.4, 0.2, 0.8, 0.6];
const track = (...keys) => ({
  id: "b1",
  label: "car",
  name: "",
  annotator: "",
  edited_by: "",
  version: 1,
  deleted: false,
  attributes: { colour: "red", wheels: 4 },
  keys,
});
const near = (one, other) =>
  one.forEach((value, k) => assert.ok(Math.abs(value - other[k]) < 1e-9, `${one} ≠ ${other}`));

test("between two key frames a box is in proportion, and outside of them it is not there", () => {
  const made = track(key(1, HERE), key(3, THERE));
  near(box.placeAt(made, 2).box, [0.2, 0.1, 0.5, 0.4]);
  assert.deepEqual(
    [0.5, 1, 2, 3, 3.04].map((time) => box.placeAt(made, time).isThere),
    [false, true, true, true, false],
  );
  near(box.placeAt(made, 9).box, THERE);
  assert.deepEqual(
    [1, 2, 3].map((time) => box.placeAt(made, time).isKey),
    [true, false, true],
  );
});

test("from a hidden key frame to the next one it is hidden", () => {
  const made = track(key(1, HERE), key(2, HERE, { hidden: true }), key(3, THERE), key(4, THERE));
  assert.deepEqual(
    [1.5, 2, 2.9, 3].map((time) => box.placeAt(made, time).hidden),
    [false, true, true, false],
  );
  assert.deepEqual(box.seenSpans(made), [
    { from: 1, to: 2, ends: true },
    { from: 3, to: 4, ends: false },
  ]);
});

test("from an occluded key frame to the next one a part of it is hidden, and moving it leaves that", () => {
  const made = track(key(1, HERE, { occluded: true }), key(2, HERE), key(3, THERE));
  assert.deepEqual(
    [0.5, 1, 1.5, 2].map((time) => box.placeAt(made, time).occluded),
    [false, true, true, false],
  );
  const moved = box.changed(made, box.placed(made, 1.5, THERE));
  assert.deepEqual(
    moved.keys.map(({ at, occluded }) => [at, Boolean(occluded)]),
    [
      [1, true],
      [1.5, true],
      [2, false],
      [3, false],
    ],
  );
  const whole = box.changed(made, box.occluding(made, 1.5, false));
  assert.deepEqual(
    [1, 1.5].map((time) => box.placeAt(whole, time).occluded),
    [true, false],
  );
  assert.equal(box.change(made, { keys: [key(2, HERE, { occluded: false })] }), null, "not said is not occluded");
});

test("of attributes a change says only those that become otherwise, so that two people can say two of them", () => {
  const old = track(key(1, HERE));
  const change = box.change(old, { attributes: { colour: "blue", parked: ["here"] } });
  assert.deepEqual(change, {
    id: "b1",
    before: { attributes: { colour: "red", wheels: 4, parked: null } },
    after: { attributes: { colour: "blue", wheels: null, parked: ["here"] } },
  });
  assert.deepEqual(box.changed(old, change).attributes, { colour: "blue", parked: ["here"] });
  const mine = box.change(old, { attributes: { ...old.attributes, wheels: 6 } });
  const theirs = box.changed(old, box.change(old, { attributes: { ...old.attributes, colour: "blue" } }));
  assert.ok(box.fits(theirs, mine));
  assert.deepEqual(box.changed(theirs, mine).attributes, { colour: "blue", wheels: 6 });
  assert.equal(box.change(old, { attributes: { wheels: 4, colour: "red" } }), null);
});

test("a box stays within the picture and never loses its size", () => {
  assert.deepEqual(box.moved([0.5, 0.5, 0.9, 0.9], 0.4, -0.7), [0.6, 0, 1, 0.4]);
  const [x1, y1, x2, y2] = box.within([1.4, 0.5, 1.2, 0.5]);
  assert.ok(x1 < x2 && y1 < y2 && x2 <= 1);
  assert.deepEqual(box.within([0.3, 0.4, 0.1, 0.2]), [0.1, 0.2, 0.3, 0.4]);
});

for (const [what, made] of [
  ["correcting it at a frame", (t) => box.placed(t, 2, THERE)],
  ["hiding it", (t) => box.hiding(t, 1.52, true)],
  ["hiding a part of it", (t) => box.occluding(t, 1.52, true)],
  ["removing a key frame", (t) => box.unkeyed(t, 3)],
  ["ending it", (t) => box.limited(t, 1.52, "ends")],
  ["beginning it later", (t) => box.limited(t, 1, "begins") ?? box.limited(t, 2, "begins")],
  ["naming it", (t) => box.change(t, { name: "Anna", label: "person" })],
  ["saying what it is like", (t) => box.change(t, { attributes: { colour: "blue", parked: true } })],
  ["deleting it", (t) => box.removal(t)],
]) {
  test(`${what} says what it saw, and the other way round it is undone`, () => {
    const old = track(key(1, HERE), key(3, THERE));
    const change = made(old);
    assert.ok(box.fits(old, change));
    const now = box.changed(old, change);
    const back = box.invertedBox(change);
    assert.ok(!box.fits(now, change));
    assert.ok(box.fits(now, back));
    const { version: _, ...again } = box.changed(now, back);
    const { version: __, ...before } = old;
    assert.deepEqual(again, before);
  });
}

test("what changes nothing is no change", () => {
  const old = track(key(1, HERE));
  assert.equal(box.placed(old, 1, HERE), null);
  assert.equal(box.unkeyed(old, 1), null, "a box has a key frame");
  assert.equal(box.change(old, { label: "car" }), null);
});

test("a deletion of a box on which somebody worked meanwhile does not fit", () => {
  const old = track(key(1, HERE));
  assert.ok(!box.fits(track(key(1, HERE), key(2, THERE)), box.removal(old)));
});

test("a box is drawn, sent, undone and done again", async () => {
  const { doc, sent } = documentOf();
  const id = doc.boxes.create({ label: "car", keys: [key(1, HERE)] });
  doc.boxes.change(box.placed(doc.boxes.find(id), 2, THERE));
  doc.editor.undo();
  assert.deepEqual(
    doc.boxes.find(id).keys.map(({ at }) => at),
    [1],
  );
  doc.editor.undo();
  assert.equal(doc.boxes.find(id), null);
  doc.editor.redo();
  doc.editor.redo();
  assert.equal(doc.boxes.find(id).keys.length, 2);
  await until(() => sent.length === 6);
  assert.deepEqual(
    sent.map(({ op, id: about }) => [op, about]),
    Array(6).fill(["box", id]),
  );
});

test("what somebody else changed since is not undone, and that is said", async () => {
  const { doc } = documentOf();
  const said = notices(doc);
  const id = doc.boxes.create({ keys: [key(1, HERE)] });
  await until(() => doc.outbox.isIdle);
  await doc.takeNews(news({ boxes: [{ ...doc.boxes.find(id), keys: [key(1, THERE)] }] }));
  doc.editor.undo();
  assert.match(said[0], /Somebody else changed this box, so it was not undone/);
  assert.equal(doc.boxes.find(id).keys.length, 1);
});

test("news of a box wait while a word of this page is out", async () => {
  const { doc } = documentOf();
  const id = doc.boxes.create({ keys: [key(1, HERE)] });
  const seq = doc.store.seq;
  await doc.takeNews(news({ boxes: [{ ...doc.boxes.find(id), keys: [key(5, THERE)] }] }));
  assert.equal(doc.boxes.find(id).keys[0].at, 1);
  assert.equal(doc.store.seq, seq, "they are told again");
});

test("a change that the server refuses is taken back, and said", async () => {
  const { doc } = documentOf();
  const said = notices(doc);
  doc.outbox.server.save = async ({ edits }) => ({
    ok: true,
    data: {
      results: edits.map((e) => ({
        edit_id: e.edit_id,
        ok: false,
        kind: "conflict",
        error: "Too late.",
        current: null,
      })),
    },
  });
  doc.outbox.server.load_document = async () => ({ ok: true, data: loaded() });
  const id = doc.boxes.create({ keys: [key(1, HERE)] });
  await until(() => said.length);
  await quiet();
  assert.deepEqual(said, ["Too late."]);
  assert.equal(doc.boxes.find(id), null);
  assert.equal(doc.editor.undoStack.done.length, 0);
});

test("after a change that is refused, what was saved of the box before can still be undone", async () => {
  const { doc } = documentOf();
  const said = notices(doc);
  const id = doc.boxes.create({ keys: [key(1, HERE)] });
  doc.boxes.describe(doc.boxes.find(id), { label: "dog" });
  await until(() => doc.outbox.isIdle);
  const there = doc.boxes.find(id);
  const refused = { ok: false, kind: "invalid", error: "No.", current: null };
  doc.outbox.server.save = async ({ edits }) => ({
    ok: true,
    data: { results: edits.map(({ edit_id }) => ({ edit_id, ...refused })) },
  });
  doc.outbox.server.load_document = async () => ({ ok: true, data: loaded({ boxes: [there] }) });
  doc.boxes.describe(there, { label: "cat" });
  await until(() => said.length);
  await quiet();
  assert.equal(doc.editor.undoStack.done.length, 2);
  doc.editor.undo();
  assert.equal(doc.boxes.find(id).label, "");
});

test("what a tracker found for this page is a step that can be undone", async () => {
  const { doc } = documentOf();
  const id = doc.boxes.create({ keys: [key(1, HERE)] });
  await until(() => doc.outbox.isIdle);
  let asked;
  doc.server.track_box = async (request) => {
    asked = request;
    return { ok: true, data: { id: "j1" } };
  };
  await doc.boxes.track(doc.boxes.find(id), 1, 4);
  assert.deepEqual([asked.box, asked.at, asked.until], [id, 1, 4]);
  const found = { ...doc.boxes.find(id), keys: [key(1, HERE), key(2, THERE, { source: "tracked" })], step: asked.edit };
  await doc.takeNews(news({ boxes: [found] }));
  assert.equal(doc.boxes.find(id).keys.length, 2);
  doc.editor.undo();
  assert.deepEqual(
    doc.boxes.find(id).keys.map(({ at }) => at),
    [1],
  );
});

test("the row of boxes has a lane for each that is there at one time, and says what lies under the pointer", async () => {
  const { boxRow, barAt } = await import("../../assets/web/js/view/box-row.js");
  const { doc } = documentOf();
  doc.store.setFrameTimes(Float64Array.from({ length: 260 }, (_, i) => i * 0.04));
  const ids = [
    [1, 3],
    [2, 5],
    [4, 6],
  ].map(([first, last]) => doc.boxes.create({ keys: [key(first, HERE), key(last, THERE)] }));
  const row = { ...boxRow(doc.store, { size: () => 1 }), y: 100 };
  const [one, other, third] = row.bars;
  assert.deepEqual([one.track.id, other.track.id, third.track.id], ids);
  assert.ok(one.y < other.y && third.y === one.y);
  const timeline = { rows: [row], store: doc.store, duration: 10.4, x: (time) => 100 * time };
  assert.deepEqual(barAt(timeline, 250, 100 + one.y + 5), { id: ids[0], key: null });
  assert.deepEqual(barAt(timeline, 201, 100 + other.y + 5), { id: ids[1], key: 2 });
  assert.equal(barAt(timeline, 350, 100 + one.y + 5), null);
  assert.equal(barAt(timeline, 250, 20), null);
});

test("a box over another camera keeps it, when it is removed and brought back too", () => {
  const made = box.creation("b1", { label: "car", keys: [key(2, HERE)], medium: "v2" });
  const drawn = box.changed(undefined, made);
  assert.equal(drawn.medium, "v2");
  assert.equal(box.changed(undefined, box.creation("b2", { keys: [key(2, HERE)] })).medium, undefined);
  const gone = box.removal(drawn);
  assert.deepEqual(box.changed(undefined, box.invertedBox(gone)).medium, "v2");
  assert.equal(box.changed(drawn, box.placed(drawn, 3, THERE)).medium, "v2");
});

test("boxes are in order of the timeline, and those of a camera that is not on it are not shown", async () => {
  const { doc } = documentOf();
  doc.store.takeDocument(
    loaded({
      media: [
        { id: "video", offset: 0 },
        { id: "v2", offset: 5 },
      ],
    }),
  );
  doc.boxes.create({ label: "late", medium: "v2", keys: [key(1, HERE)] });
  doc.boxes.create({ label: "early", keys: [key(4, HERE)] });
  doc.boxes.create({ label: "gone", medium: "v3", keys: [key(0, HERE)] });
  assert.deepEqual(
    doc.boxes.all.map((each) => [each.label, doc.store.boxPlace(each)?.offset]),
    [
      ["early", 0],
      ["late", 5],
    ],
  );
});

test("all faces of a picture are drawn as one step, which one undo takes back", async () => {
  const { doc } = documentOf();
  const asked = [];
  const found = [[key(2, HERE, { source: "tracked" }), key(3, THERE, { source: "tracked" })], [key(2, THERE)]];
  doc.server.face_boxes = async (request) => {
    asked.push(request);
    return { ok: true, data: { faces: found } };
  };
  const steps = doc.editor.undoStack.done.length;
  const made = await doc.boxes.faces(2, 12, "v2");
  assert.deepEqual(asked, [{ video: doc.id, at: 2, until: 12, medium: "v2" }]);
  assert.deepEqual(
    made
      .map((id) => doc.boxes.find(id) ?? doc.store.boxes.get(id))
      .map(({ label, name, medium, keys }) => [label, name, medium, keys]),
    [
      ["face", "1", "v2", found[0]],
      ["face", "2", "v2", found[1]],
    ],
  );
  assert.equal(doc.editor.undoStack.done.length, steps + 1);
  await doc.editor.undo();
  assert.equal(doc.store.boxes.size, 0);
});
