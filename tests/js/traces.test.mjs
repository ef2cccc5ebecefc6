// Curves: what is drawn becomes changes that can be sent and undone; tests/service/test_traces.py asks the same of Python.

import assert from "node:assert/strict";
import test from "node:test";

import { TraceRecorder } from "../../assets/web/js/input/trace-recorder.js";
import { samplesOf, scalesOf, smoothed, Traces } from "../../assets/web/js/model/traces.js";
import { authorsOf } from "../../assets/web/js/view/authors.js";
import { yOf } from "../../assets/web/js/view/trace-row.js";
import { documentOf, until } from "./harness.mjs";

const packed = (values) => Buffer.from(Float32Array.from(values).buffer).toString("base64");
const said = (values) => Array.from(values, (value) => (Number.isNaN(value) ? null : value));
const ofTrack = (store, track) => said(store.traces.of(track)[0]?.values ?? []);

function recorded() {
  const { doc, sent } = documentOf();
  const timeline = { invalidate() {} };
  const recorder = new TraceRecorder({ opened: doc, timeline });
  return { doc, sent, recorder, timeline, store: doc.store };
}

test("rows that are drawn as curves, and how many samples a video has", () => {
  const tracks = new Map([["V", { track: "V", scale: [-1, 1] }], ["T", { track: "T", scale: null }]]); // prettier-ignore
  assert.deepEqual(scalesOf({ tracks }), [{ track: "V", scale: [-1, 1] }]);
  assert.deepEqual([0, 0.04, 0.05, 10, 10.4].map(samplesOf), [0, 1, 2, 250, 260]);
});

test("what the server has is read, and what differs becomes a change", () => {
  const traces = new Traces();
  traces.takeAll([{ track: "V", annotator: "", values: packed([0.5, NaN, 1]) }]);
  assert.deepEqual(said(traces.of("V")[0].values), [0.5, null, 1]);
  assert.deepEqual(traces.changesTo("V", "", 1, [0.25, 1]), [{ track: "V", first: 1, before: [null, 1], after: [0.25, 1] }]); // prettier-ignore
  assert.deepEqual(traces.changesTo("V", "", 0, [0.5]), [], "nothing changed");
  const long = traces.changesTo("V", "ben", 0, new Array(25_000).fill(1));
  assert.deepEqual(long.map(({ first, after }) => [first, after.length]), [[0, 10_000], [10_000, 10_000], [20_000, 5_000]]); // prettier-ignore
});

test("a value beyond a scale that became smaller is drawn at the edge of its row, not over others", () => {
  const row = { y: 100, height: 84, scale: [-1, 1] };
  assert.deepEqual([-2, -1, 0, 1, 3].map((value) => yOf(row, value)), [178, 178, 142, 106, 106]); // prettier-ignore
});

test("who drew only curves has a colour, too", () => {
  const { store } = recorded();
  store.palette = ["#0072b2", "#e69f00"];
  const drawn = ["ann", "ben"].map((annotator) => ({ track: "V", annotator, values: packed([1]) }));
  store.traces.takeAll(drawn.slice(0, 1));
  assert.equal(authorsOf(store).size, 0, "of one person nothing has to be marked");
  store.traces.takeAll(drawn);
  const [ann, ben] = ["ann", "ben"].map((name) => authorsOf(store).get(name));
  assert.notEqual(ann.colour, ben.colour);
});

test("a line of the pointer is one step, which is taken back", async () => {
  const { doc, sent, recorder, timeline, store } = recorded();
  recorder.line("V", { time: 1, value: 0 }, { time: 1.16, value: 1 });
  recorder.line("V", { time: 1.16, value: 1 }, { time: 1.08, value: 0.5 }); // back over itself
  assert.deepEqual(timeline.traceDrafts.get("V").values, [0, 0.25, 0.5, 0.75, 1]);
  recorder.end("V");
  assert.equal(timeline.traceDrafts.size, 0);
  assert.deepEqual(ofTrack(store, "V").slice(24, 31), [null, 0, 0.25, 0.5, 0.75, 1, null]);
  doc.editor.undo();
  assert.ok(ofTrack(store, "V").every((value) => value === null));
  doc.editor.redo();
  assert.equal(ofTrack(store, "V")[29], 1);
  recorder.line("V", { time: 1, value: NaN }, { time: 1.04, value: NaN });
  recorder.end("V");
  assert.deepEqual(ofTrack(store, "V").slice(24, 28), [null, null, null, 0.5], "rubbed out");
  await until(() => doc.outbox.isIdle);
  assert.deepEqual(sent.map(({ op, first }) => [op, first]), [["trace", 25], ["trace", 25], ["trace", 25], ["trace", 25]]); // prettier-ignore
});

test("live it is saved every second, and all of a stretch is one step", () => {
  const { doc, recorder, store } = recorded();
  for (let n = 0; n < 60; n++) recorder.say("V", 2 + n / 25 + 0.001, n / 100);
  assert.ok(ofTrack(store, "V")[90] !== null, "what is older than a second is saved");
  assert.equal(ofTrack(store, "V")[108] ?? null, null);
  recorder.say("V", 8, 0.5); // the playhead was put elsewhere: another stretch
  recorder.endAll();
  assert.equal(ofTrack(store, "V")[109], Math.fround(0.59));
  assert.equal(ofTrack(store, "V")[200], 0.5);
  assert.equal(ofTrack(store, "V")[150], null);
  doc.editor.undo();
  assert.deepEqual([ofTrack(store, "V")[200], ofTrack(store, "V")[109]], [null, Math.fround(0.59)]);
  doc.editor.undo();
  assert.ok(
    ofTrack(store, "V").every((value) => value === null),
    "several changes, one step",
  );
});

test("what a slow page did not see is drawn in between", () => {
  const { recorder, store } = recorded();
  recorder.say("V", 1, 0);
  recorder.say("V", 1.16, 1);
  recorder.endAll();
  assert.deepEqual(ofTrack(store, "V").slice(25, 30), [0, 0.25, 0.5, 0.75, 1]);
});

test("a refused curve is as the server has it, and no step of undo", async () => {
  const { doc, recorder, store } = recorded();
  const notices = [];
  store.on("notice", (text) => notices.push(text));
  doc.server.save = async ({ edits }) => ({
    ok: true,
    data: { results: edits.map(({ edit_id }) => ({ edit_id, ok: false, kind: "invalid", error: "too high", current: null })), seq: 1 }, // prettier-ignore
  });
  doc.server.load_document = async () => ({ ok: true, data: { ...JSON.parse(JSON.stringify(LOADED)), traces: [] } });
  recorder.line("V", { time: 1, value: 9 }, { time: 1.08, value: 9 });
  recorder.end("V");
  await until(() => notices.length);
  assert.deepEqual(notices, ["too high"]);
  assert.equal(doc.editor.undoStack.done.length, 0);
});

test("smoothing makes up nothing", () => {
  const values = Float32Array.from({ length: 60 }, (_, n) => (n < 10 || n >= 50 ? NaN : n === 30 ? 5 : 1));
  const smooth = smoothed(values, 0.2);
  assert.deepEqual(said(smooth).map((value) => value === null), said(values).map((value) => value === null)); // prettier-ignore
  assert.ok(Math.abs(smooth[10] - 1) < 1e-6 && smooth[30] > 1 && smooth[30] < 1.5);
  assert.equal(smoothed(values, 0), values);
});

const LOADED = {
  video: { id: "video", name: "v.mp4", duration: 10.4, width: 640, height: 360 }, playable: false, seq: 1, run_seq: 0, runs: [], predictions: [],
  annotations: [], palette: [], engines: [], jobs: [], kinds: {}, indexed: false, admin: true, independent: false,
  reviewed: [], reaction: { delay: 0, corrections: 0 }, people: { seq: 0, names: [] }, schema: { key: "", labels: [], tracks: [] },
}; // prettier-ignore
