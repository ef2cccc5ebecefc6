// The points of the map: bytes as studio/app/map_points.py packs them, and their colours.

import assert from "node:assert/strict";
import { test } from "node:test";

import { MapPoints } from "../../assets/web/js/model/map-points.js";

const ALL = new Set(["footage", "annotation", "prediction", "rejected"]);

/** @param {object[]} rows of points: {x, y, start, end, video, label, cluster, kind, sure} */
function packed(rows, facts = {}) {
  const types = {
    start: ["float64", Float64Array],
    end: ["float64", Float64Array],
    x: ["float32", Float32Array],
    y: ["float32", Float32Array],
    video: ["uint32", Uint32Array],
    label: ["uint32", Uint32Array],
    cluster: ["int16", Int16Array],
    kind: ["uint8", Uint8Array],
    sure: ["uint8", Uint8Array],
  };
  const arrays = Object.entries(types).map(([name, [type, Kind]]) => [name, type, Kind.from(rows, (row) => row[name])]);
  const head = new TextEncoder().encode(
    JSON.stringify({
      videos: [
        { id: "v1", name: "ä.mp4" },
        { id: "v2", name: "b.mp4" },
      ],
      labels: ["", "dog", "cat"],
      colours: { dog: "#123456" },
      palette: ["#aaaaaa", "#bbbbbb"],
      clusters: ["a car", ""],
      ids: rows.flatMap(({ kind }, n) => (kind ? [`id${n}`] : [])),
      unplaced: { videos: 0, moments: 0 },
      left_out: 0,
      ...facts,
      arrays: arrays.map(([name, type, values]) => [name, type, values.length]),
    }),
  );
  const aligned = (length) => Math.ceil(length / 8) * 8;
  const parts = [new Uint8Array([...new Uint8Array(Uint32Array.of(head.length).buffer), ...head])];
  for (const [, , values] of arrays) parts.push(new Uint8Array(values.buffer));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + aligned(part.length), 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += aligned(part.length);
  }
  return bytes.buffer;
}

const point = (fields) => ({
  x: 0, y: 0, start: 1, end: 2.5, video: 0, label: 0, cluster: -1, kind: 0, sure: 255, ...fields,
}); // prettier-ignore
const rows = [
  point({ x: 3, cluster: 0 }),
  point({ video: 1, cluster: 1 }),
  point({ video: 1, cluster: 1 }),
  point({ kind: 1, label: 1, video: 1 }),
  point({ kind: 2, label: 2, sure: 100, cluster: 1 }),
  point({ kind: 2, label: 2, sure: 19 }),
  point({ kind: 3, label: 1, sure: 20, start: 7 }),
];
const points = new MapPoints(packed(rows));
const names = (by, kinds = ALL) => points.coloured(by, kinds).map(({ name, rows: of }) => [name, ...of]);

test("points are read from bytes of any length before them", () => {
  for (const filler of ["", "x", "xx", "xxxxxxx"]) {
    const read = new MapPoints(packed(rows, { filler }));
    assert.equal(read.length, 7);
    assert.deepEqual([read.x[0], read.end[0], read.sure[4]], [3, 2.5, 100]);
  }
  const moment = { kind: "annotation", id: "id3", video: "v2", name: "b.mp4", start: 1, end: 2.5, label: "dog" };
  assert.deepEqual(points.moment(3), { ...moment, sure: null });
  assert.deepEqual([points.moment(0).id, points.moment(6).id, points.moment(6).sure], ["", "id6", 20]);
});

test("a point is known again by its id, footage by its time", () => {
  const keys = rows.map((_, n) => points.keyOf(n));
  assert.deepEqual([keys[0], keys[3]], ["footage v1 1 2.5", "annotation id3"]);
  assert.equal(keys[1], keys[2]);
});

test("colours: the largest first, what belongs nowhere last", () => {
  assert.deepEqual(names("label"), [
    ["dog", 3, 6],
    ["cat", 4, 5],
    ["no label", 0, 1, 2],
  ]);
  assert.deepEqual(names("video"), [
    ["ä.mp4", 0, 4, 5, 6],
    ["b.mp4", 1, 2, 3],
  ]);
  assert.deepEqual(names("cluster"), [
    ["Cluster 2", 1, 2, 4],
    ["a car", 0],
    ["in no cluster", 3, 5, 6],
  ]);
  assert.deepEqual(names("sure"), [
    ["0 to 20 %", 5],
    ["20 to 40 %", 6],
    ["80 to 100 %", 4],
    ["not measured", 0, 1, 2, 3],
  ]);
  const [dog, cat] = points.coloured("label", ALL);
  assert.deepEqual([dog.colour, cat.colour], ["#123456", "#bbbbbb"], "a label has its own, others one of the palette");
});

test("only the kinds that are asked for", () => {
  assert.deepEqual(names("label", new Set(["prediction"])), [["cat", 4, 5]]);
  assert.deepEqual(names("video", new Set()), []);
  assert.deepEqual(points.counts(), { footage: 3, annotation: 1, prediction: 2, rejected: 1 });
});

test("of many videos the largest have colours of their own", () => {
  const videos = Array.from({ length: 40 }, (_, n) => ({ id: `v${n}`, name: `v${n}` }));
  const many = videos.flatMap((_, n) => [point({ video: n }), ...(n < 20 ? [point({ video: n })] : [])]);
  const groups = new MapPoints(packed(many, { videos })).coloured("video", ALL);
  assert.deepEqual([groups.length, groups.at(-1)?.name, groups.at(-1)?.rows.length], [12, "29 others", 38]);
});
