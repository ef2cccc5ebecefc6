// Several cameras on one timeline: the arithmetic of their clock, and their places as edits that are undone.

import assert from "node:assert/strict";
import test from "node:test";

import { documentOf, frames, loaded, news, notices, prediction, quiet } from "./harness.mjs";
import { Frames } from "../../assets/web/js/model/frames.js";
import { driftText, onTimeline, ownTime, readDrift } from "../../assets/web/js/model/media-place.js";
import { inStep, phaseText, placeAt, seekPlace, usualFrame } from "../../assets/web/js/model/camera-clock.js";

const CAMERA = { id: "side", name: "side.mp4", width: 640, height: 360, duration: 5, media_start: 0, sound: true };
const MAIN = { ...CAMERA, id: "video", name: "main.mp4", duration: 10.4, offset: 0, role: "main", playable: true };

test("a medium is before, during or after its time", () => {
  const medium = { offset: 3, duration: 5 };
  assert.deepEqual(placeAt(medium, 2.9), { phase: "before", at: 0 });
  assert.deepEqual(placeAt(medium, 3), { phase: "during", at: 0 });
  assert.deepEqual(placeAt(medium, 3 - 1e-9), { phase: "during", at: 0 }, "offsets are rounded to the µs");
  assert.deepEqual(placeAt(medium, 7.5), { phase: "during", at: 4.5 });
  assert.deepEqual(placeAt(medium, 8), { phase: "after", at: 5 });
  assert.deepEqual(placeAt({ offset: -2, duration: 5 }, 0), { phase: "during", at: 2 });
});

test("each seeks into the middle of its own frame", () => {
  const even = new Frames(
    Float64Array.from({ length: 30 }, (_, i) => i / 30),
    1,
  );
  assert.ok(Math.abs(seekPlace(even, 0.5) - 15.5 / 30) < 1e-9);
  assert.ok(
    Math.abs(seekPlace(even, 15 / 30 - 1e-6) - 15.5 / 30) < 1e-9,
    "a time that is rounded down is that frame's",
  );
  assert.ok(Math.abs(seekPlace(frames(), 9.7) - 9.72) < 1e-9, "frames that last longer");
  assert.equal(seekPlace(new Frames(new Float64Array(0), 5), 1.234), 1.234, "sound has none");
  assert.ok(Math.abs(usualFrame(even) - 1 / 30) < 1e-9);
  assert.equal(usualFrame(new Frames()), 0.04);
});

test("what is ahead goes slower, what is behind faster, what is far seeks", () => {
  assert.deepEqual(inStep(0.002, 1), { seeks: false, rate: 1 });
  assert.ok(inStep(0.03, 1).rate < 1 && inStep(-0.03, 1).rate > 1);
  assert.equal(inStep(0.2, 1).rate, 0.5);
  assert.equal(inStep(-0.2, 1, 0.04, true).rate, 1.1, "what is heard changes little");
  assert.ok(Math.abs(inStep(-0.03, 2).rate - 2.2) < 1e-9);
  assert.equal(inStep(0.35, 1).seeks, true);
  assert.equal(inStep(-0.35, 2).seeks, false, "at twice the rate a lag grows twice as fast");
  assert.equal(inStep(0.2, 0.25).seeks, true, "in slow motion it would take long");
});

test("followers come into step, at any rate, and stay there", () => {
  for (const rate of [0.25, 1, 2, 4])
    for (const begun of [-0.29, -0.05, 0.05, 0.29]) {
      let ahead = begun;
      for (let ms = 0; ms < 2000; ms += 16) {
        const { seeks, rate: wanted } = inStep(ahead, rate);
        ahead = seeks ? 0 : ahead + 0.016 * (wanted - rate);
      }
      assert.ok(Math.abs(ahead) < 0.005, `${begun} at ${rate}`);
    }
});

test("a camera says when it runs", () => {
  const say = (time) => `${time} s`;
  assert.equal(phaseText("before", { offset: 3, duration: 5 }, say), "Begins at 3 s");
  assert.equal(phaseText("after", { offset: 3, duration: 5 }, say), "Ended at 8 s");
  assert.equal(phaseText("during", { offset: 3, duration: 5 }, say), "");
});

test("a clock that runs slow shows what is earlier of its own, later and later", () => {
  const medium = { offset: 3, rate: 1.0001, duration: 3600 };
  assert.deepEqual(placeAt(medium, 3), { phase: "during", at: 0 });
  assert.ok(Math.abs(placeAt(medium, 3003.3).at - 3000) < 1e-9);
  assert.equal(placeAt(medium, 3603.2).phase, "during", "its hour lasts 0.36 s longer");
  assert.equal(placeAt(medium, 3603.4).phase, "after");
  assert.equal(
    phaseText("after", medium, (time) => time.toFixed(2)),
    "Ended at 3603.36",
  );
  for (const at of [0, 1234.5, 3600])
    assert.ok(Math.abs(ownTime(medium, onTimeline(medium, at)) - at) < 1e-9, String(at));
});

test("what somebody types of a clock, and how it is shown", () => {
  assert.deepEqual([driftText(), driftText(1.0001), driftText(0.9997)], ["+0.000", "+0.360", "−1.080"]);
  for (const [text, rate] of [
    ["0.36", 1.0001],
    ["−1,08", 0.9997],
    ["0", 1],
  ])
    assert.ok(Math.abs(readDrift(text) - rate) < 1e-12, text);
  for (const text of ["", "fast", "4000"]) assert.equal(readDrift(text), null, text);
});

// ------------------------------------------------------------------ as edits

function several() {
  const { doc, sent } = documentOf();
  doc.server.load_document = async () => ({ ok: true, data: loaded({ media: doc.store.cameras }) });
  doc.store.takeCameras([MAIN, { ...CAMERA, offset: 1, role: "camera", playable: true }]);
  return { doc, sent };
}

const offsets = (doc) => Object.fromEntries(doc.store.cameras.map(({ id, offset }) => [id, offset]));

test("a camera is moved, taken off and added as edits that say what they saw, and each is undone", async () => {
  const { doc, sent } = several();
  doc.store.offerCameras([{ ...CAMERA, id: "back", offset: 0, role: "camera", playable: true }]);
  doc.editor.placeCamera("side", 2.5);
  doc.editor.placeCamera("side", null);
  doc.editor.placeCamera("back", -0.5);
  assert.deepEqual(offsets(doc), { video: 0, back: -0.5 });
  await quiet();
  assert.deepEqual(
    sent.map(({ op, medium, before, after }) => [op, medium, before, after]),
    [
      ["medium", "side", 1, 2.5],
      ["medium", "side", 2.5, null],
      ["medium", "back", null, -0.5],
    ],
  );
  for (let step = 0; step < 3; step++) doc.editor.undo();
  assert.deepEqual(offsets(doc), { video: 0, side: 1 });
  doc.editor.redo();
  doc.editor.redo();
  assert.deepEqual(offsets(doc), { video: 0 });
  await quiet();
  assert.deepEqual(sent.at(-1).after, null);
});

test("a key that is pressed many times is one step", () => {
  const { doc } = several();
  for (let step = 0; step < 5; step++) doc.editor.placeCamera("side", doc.store.offsetOf("side") + 0.04, true);
  assert.ok(Math.abs(doc.store.offsetOf("side") - 1.2) < 1e-9);
  assert.equal(doc.editor.undoStack.done.length, 1);
  doc.editor.undo();
  assert.equal(doc.store.offsetOf("side"), 1);
});

test("what somebody else moved since is not undone", async () => {
  const { doc } = several();
  const said = notices(doc);
  doc.editor.placeCamera("side", 2);
  await quiet();
  doc.store.takeCameras([MAIN, { ...CAMERA, offset: 3, role: "camera", playable: true }]);
  doc.editor.undo();
  assert.equal(doc.store.offsetOf("side"), 3);
  assert.deepEqual(said, ["Somebody else moved this camera, so it was not undone."]);
  assert.equal(doc.editor.undoStack.done.length, 0);
});

test("a move that is refused is said, taken back, and no step of undo", async () => {
  const { doc } = several();
  const said = notices(doc);
  const there = [MAIN, { ...CAMERA, offset: 7, role: "camera", playable: true }];
  doc.server.load_document = async () => ({ ok: true, data: loaded({ media: there }) });
  doc.server.save = async ({ edits }) => ({
    ok: true,
    data: {
      results: edits.map(({ edit_id }) => ({ edit_id, ok: false, kind: "conflict", error: "Moved.", current: null })),
    },
  });
  doc.editor.placeCamera("side", 2);
  await quiet();
  assert.deepEqual(said, ["Moved."]);
  assert.equal(doc.store.offsetOf("side"), 7);
  assert.equal(doc.editor.undoStack.done.length, 0);
});

test("predictions of a camera that somebody else moved are asked for anew", async () => {
  const { doc } = several();
  const moved = [MAIN, { ...CAMERA, offset: 4, role: "camera", playable: true }];
  const found = prediction("p", 5, 6, { medium: "side", row: "Moments · side.mp4" });
  doc.server.load_document = async () => ({ ok: true, data: loaded({ media: moved, predictions: [found] }) });
  await doc.takeNews(news({ media: moved }));
  assert.equal(doc.store.predictions.get("p").start, 5);
  assert.equal(doc.store.offsetOf("side"), 4);
});

test("a prediction of another camera has its own row, and its annotation that of all cameras", () => {
  const found = prediction("p", 5, 6, { medium: "side", row: "Moments · side.mp4" });
  const { doc } = documentOf(found);
  assert.equal(doc.store.rowOf(found), "Moments · side.mp4");
  doc.editor.accept("p");
  const [made] = doc.store.annotations.values();
  assert.deepEqual([made.track, made.start, made.source], ["Moments", 5, "accepted"]);
});

test("a video that becomes playable is played, however that is told", async () => {
  const { doc } = documentOf();
  const unplayable = loaded({ playable: false, media: [{ ...MAIN, playable: false }] });
  doc.store.takeDocument(unplayable);
  const changes = [];
  doc.store.on("change", (what) => changes.push(what));
  doc.server.load_document = () => assert.fail("nothing lies elsewhere");
  await doc.takeNews(news({ media: [MAIN] }));
  assert.equal(doc.store.cameras[0].playable, true);
  assert.ok(!changes.includes("playable"));
  doc.store.takeDocument({ ...unplayable, playable: true });
  assert.ok(changes.includes("playable"));
});

test("a clock is corrected as an edit, which a move leaves as it is, and undo takes back", async () => {
  const { doc, sent } = several();
  const places = () => doc.store.cameras.slice(1).map(({ offset, rate }) => [offset, rate ?? 1]);
  doc.editor.placeCamera("side", 0.9, false, 1.0001);
  assert.deepEqual(places(), [[0.9, 1.0001]]);
  for (let step = 0; step < 2; step++) doc.editor.placeCamera("side", doc.store.offsetOf("side") + 0.04, true);
  assert.deepEqual(places(), [[0.98, 1.0001]]);
  await quiet();
  const [corrected, moved] = sent;
  assert.deepEqual([corrected.before, corrected.after, corrected.after_rate], [1, 0.9, 1.0001]);
  assert.ok(!("before_rate" in corrected), "nothing was said of its clock");
  assert.deepEqual([moved.before_rate, moved.after_rate], [1.0001, 1.0001]);
  doc.editor.undo();
  assert.deepEqual(places(), [[0.9, 1.0001]]);
  doc.editor.undo();
  assert.deepEqual(places(), [[1, 1]]);
  doc.editor.redo();
  assert.deepEqual(places(), [[0.9, 1.0001]]);
});

test("boxes over a camera whose clock is corrected lie where it shows them", () => {
  const { doc } = several();
  doc.editor.placeCamera("side", 2, false, 1.05);
  assert.deepEqual(doc.store.boxPlace({ medium: "side" }), { offset: 2, rate: 1.05 });
  assert.deepEqual(doc.store.boxPlace({}), { offset: 0, rate: 1 });
  assert.equal(doc.store.boxPlace({ medium: "gone" }), null);
});
