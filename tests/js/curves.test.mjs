import assert from "node:assert/strict";
import test from "node:test";

import { documentOf, loaded, prediction, storage } from "./harness.mjs";
import { RowLayout } from "../../assets/web/js/model/row-layout.js";
import { valuesAt } from "../../assets/web/js/view/graphs.js";
import { phaseAt } from "../../assets/web/js/view/hit-test.js";
import { colourOf, layout } from "../../assets/web/js/view/layout.js";

const TRACK = "Expression · Person 1";
const curve = (label, scores, more = {}) => ({ track: TRACK, label, times: [0, 0.2, 0.4], scores, ...more });

function withCurves(...curves) {
  const { doc } = documentOf();
  const { store } = doc;
  const palette = ["#000001", "#000002", "#000003"];
  store.takeDocument(
    loaded({ palette, predictions: [prediction("p", 0, 1, { task: "emotion", track: TRACK, label: "happy" })] }),
  );
  store.setMedia({ graphs: new Map([[TRACK, curves]]) });
  const rows = new RowLayout(storage());
  rows.toggle(TRACK, "graph");
  const row = () => layout(store, rows).rows.find(({ kind }) => kind === "graph");
  return { doc, store, rows, row };
}

test("a row of curves draws those that rise highest, and tells all of them", () => {
  const many = Array.from({ length: 12 }, (_, i) => curve(`c${i}`, [0, i / 20, 0]));
  const { store, row } = withCurves(...many);
  assert.deepEqual(
    row().graphs.map(({ label }) => label),
    ["c4", "c5", "c6", "c7", "c8", "c9", "c10", "c11"],
  );
  const said = valuesAt(row(), store, 0.19);
  assert.equal(said.length, 12);
  assert.deepEqual(said.slice(0, 2), ["0.55  c11", "0.50  c10"]);
});

test("of several sources what all of them say is drawn, and each is told by its name", () => {
  const { store, row } = withCurves(
    curve("happy", [0.9, 0.9, 0.9], { source: "face" }),
    curve("happy", [0.5, 0.6, 0.7], { source: "fused" }),
  );
  assert.deepEqual(
    row().graphs.map(({ source }) => source),
    ["fused"],
  );
  assert.deepEqual(valuesAt(row(), store, 0.41), ["0.90  happy (face)", "0.70  happy (fused)"]);
});

test("the nearest sample speaks for a time, and none for what lies further than a second", () => {
  const { store, row } = withCurves(curve("happy", [0.1, 0.2, 0.3]));
  for (const [time, value] of [
    [0, "0.10"],
    [0.09, "0.10"],
    [0.11, "0.20"],
    [1.3, "0.30"],
  ])
    assert.deepEqual(valuesAt(row(), store, time), [`${value}  happy`]);
  assert.deepEqual(valuesAt(row(), store, 1.5), []);
});

test("the curve of a question tells its value, what it is after adjustment, and which group of frames it is", () => {
  const { doc } = documentOf();
  doc.store.setMedia({
    curve: { run: "r", query: "q", times: [0, 1], scores: [0.25, 0.5], adjusted: [0, 1], clusters: [0, 3] },
  });
  assert.deepEqual(valuesAt({ kind: "curve" }, doc.store, 0.9), [
    "0.500  likeness to the question",
    "1.00  after adjustment",
    "group 4 of frames that are alike",
  ]);
});

test("one class is one colour in every row; classes of curves have colours of their own", () => {
  const { store } = withCurves(curve("happy", [1]), curve("sad", [1]), curve("calm", [1]));
  const colours = ["happy", "sad", "calm"].map((label) => colourOf(store, { track: TRACK, label }));
  assert.deepEqual(colours, ["#000001", "#000002", "#000003"]);
  assert.equal(colourOf(store, { track: "Mine", label: "sad" }), "#000002");
  store.takeSchema({
    key: "k",
    labels: [{ track: "Mine", label: "sad", colour: "#123456", hotkey: null }],
    tracks: [],
  });
  for (const track of ["Mine", TRACK, "Emotion"]) assert.equal(colourOf(store, { track, label: "sad" }), "#123456");
});

test("a row that is dragged keeps its height, and steps go on from there", () => {
  const kept = storage();
  const rows = new RowLayout(kept);
  rows.stretch("A", 2);
  assert.equal(new RowLayout(kept).size("A"), 2);
  rows.resize("A", 1);
  assert.equal(rows.size("A"), 3.5); // 2 is next to 2.25
  assert.equal(rows.canResize("A", 1), false);
  rows.stretch("A", 100);
  assert.equal(rows.size("A"), 8);
  rows.set("A", { stretch: "wide" });
  assert.equal(rows.size("A"), 3.5);
});

test("a handle is found near the top of the chosen segment; of two in one place the one that has room", () => {
  const item = { id: "a", start: 1, end: 2, attributes: { onset: 1, apex: 1.5, offset: 2 } };
  const timeline = { selection: { current: "a" }, x: (time) => time * 100 };
  const lane = { kind: "annotation", y: 0, height: 24, items: [item] };
  const part = (x, y = 5) => phaseAt(timeline, lane, x, y)?.part;
  assert.deepEqual([part(150), part(156), part(150, 12)], ["apex", undefined, undefined]);
  assert.deepEqual([part(101), part(199)], ["onset", "offset"]);
  item.attributes = { onset: 1, apex: 1, offset: 1 };
  assert.equal(part(101), "offset");
  item.attributes = { onset: 2, apex: 2, offset: 2 };
  assert.equal(part(199), "onset");
  timeline.selection.current = "b";
  assert.equal(part(199), undefined);
});
