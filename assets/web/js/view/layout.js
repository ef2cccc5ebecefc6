// Where everything lies on the timeline: rows, lanes, colours. No drawing, no events.

import { countBefore } from "../model/binary-search.js";
import { BOXES } from "../model/box-track.js";
import { lineItems, SPEECH, SPEECH_ROW } from "../model/line-items.js";
import { builtInKey, graphKey, nameOfRow } from "../model/row-layout.js";
import { WHOLE_VIDEO } from "../model/special-rows.js";
import { depthOf, inTiers, siblingsIn } from "../model/tiers.js";
import { BOX_ROW, boxRow } from "./box-row.js";

/** @import { MediaPlace } from "../model/media-place.js" */
/** @import { Annotation, BoxTrack, Graph, Item, Prediction, Preview } from "../types.js" */
/** @import { DocumentStore } from "../model/document-store.js" */
/** @import { LineItem } from "../model/line-items.js" */
/** @import { RowLayout } from "../model/row-layout.js" */

/** What lies in a lane: of an annotation or a prediction, what drawing needs.
 * @typedef {Annotation | Prediction | Preview | LineItem} Shown
 * @typedef {Shown[] & { longest?: number }} LaneItems in order of time; longest: how long the longest one lasts
 * @typedef {{ kind: "annotation" | "prediction" | "line", y: number, height: number, items: LaneItems }} Lane
 */

/** A row of the timeline; strip: colours under its curve. A track's row has a lane of predictions above one of annotations; segments that overlap are
 * stacked in lanes of their own.
 * @typedef {{ key: string, name: string, y: number, height: number, locked?: boolean, collapsed?: boolean,
 *   graph?: boolean, strip?: boolean }} AnyRow
 * @typedef {AnyRow & { kind: "track", lanes: Lane[], count: number, depth?: number }} TrackRow depth: on how many rows it
 *   depends, one by another
 * @typedef {AnyRow & { kind: "graph", track: string, graphs: readonly Graph[], all: readonly Graph[] }} GraphRow graphs:
 *   those that are drawn; all: also those that are only told
 * @typedef {AnyRow & { kind: "speech", lanes: Lane[] }} SpeechRow the lines of the transcript
 * @typedef {AnyRow & { kind: "filmstrip" | "wave" | "spectrogram" | "curve" }} SignalRow
 * @typedef {AnyRow & { kind: "layer", items: readonly Annotation[], current: string | null }} LayerRow what an annotator
 *   marked on a track; current: the segment that it is about
 * @typedef {AnyRow & { kind: "boxes", bars: { track: BoxTrack, place: MediaPlace, y: number, height: number }[] }} BoxRow boxes
 *   over time; place: where the medium of one lies
 * @typedef {AnyRow & { kind: "trace", scale: readonly [number, number] }} TraceRow what is drawn as a curve
 * @typedef {TrackRow | SpeechRow | GraphRow | SignalRow | LayerRow | BoxRow | TraceRow} Row
 *
 * @typedef {{ name: string, order: number, predictions: (Prediction | Preview)[], annotations: Annotation[] }} TrackItems
 */

const PREDICTION_H = 15;
const ANNOTATION_H = 24;
/** How high lanes are where there are more of them: still with a label, and at last without one. */
const DENSE = [
  { lanes: 8, most: Infinity, gap: 2 },
  { lanes: 40, most: 14, gap: 1 },
  { lanes: Infinity, most: 7, gap: 1 },
];
const LINE_H = 20;
const EMPTY_H = 13; // room to draw the first annotation
const COLLAPSED_H = 12;
const PAD = 5;
const MOST_LANES = 400; // more at one time than anybody can tell apart; a canvas has an end too
const HEIGHTS = { filmstrip: 36, wave: 30, spectrogram: 64, curve: 52, graph: 76, layer: 32, trace: 84 };
const MOST_CURVES = 8; // that are drawn in one row: more cannot be told apart
/** @type {{ [task: string]: number }} the order of tracks, by what is predicted in them */
const TASKS = { grounding: 0, speaker: 1, emotion: 2, survey: 3 };

/** The rows that show what is measured, and what is said; each is there when there is something in it.
 * @type {[SignalRow["kind"] | "speech", string, (store: DocumentStore) => boolean][]}
 */
const SIGNALS = [
  ["filmstrip", builtInKey("Film"), (store) => store.video?.width !== 0],
  ["wave", builtInKey("Sound"), (store) => store.media.waveform.length > 0],
  ["spectrogram", builtInKey("Spectrogram"), (store) => store.media.waveform.length > 0],
  ["speech", SPEECH_ROW, (store) => store.media.lines.length > 0],
  ["curve", builtInKey("Question"), (store) => Boolean(store.media.curve?.times?.length)],
];

/** Rows from top to bottom. `names` has the keys of all rows, also of those that are hidden, and `tracks` those that have
 * segments.
 * @param {DocumentStore} store
 * @param {RowLayout} rowLayout
 * @param {readonly { name: string, items: readonly Annotation[], current: string | null }[]} [layers] of annotators that
 *   are compared
 */
export function layout(store, rowLayout, layers = []) {
  /** @type {Row[]} */
  const rows = layers.map(({ name, ...layer }, i) => ({
    kind: "layer",
    key: builtInKey(`layer ${i}`),
    name,
    y: 0,
    height: HEIGHTS.layer,
    ...layer,
  }));
  const names = [];
  for (const [kind, key, isThere] of SIGNALS) {
    if (!isThere(store)) continue;
    names.push(key);
    if (kind === "speech") {
      if (rowLayout.isShown(key)) rows.push(speechRow(store, rowLayout));
      continue;
    }
    const query = store.media.curve?.query;
    const name = kind === "curve" ? (query ? `“${query}”` : "Like this frame") : nameOfRow(key);
    const height = Math.round(HEIGHTS[kind] * rowLayout.size(key));
    const strip = kind === "curve" && Boolean(store.media.curve?.clusters);
    if (rowLayout.isShown(key)) rows.push({ kind, key, name, y: 0, height, strip });
  }
  const tracks = tracksOf(store);
  const graphs = graphsOf(store);
  const sorted = inTiers(store, rowLayout.sorted([...tracks.keys()]));
  names.push(...sorted);
  for (const name of sorted) {
    if (!rowLayout.isShown(name)) continue;
    const shown = graphs.get(name);
    const scale = store.tracks.get(name)?.scale;
    if (scale) {
      const height = Math.round(HEIGHTS.trace * rowLayout.size(name));
      rows.push({ kind: "trace", key: name, name, y: 0, height, scale, locked: rowLayout.isLocked(name) });
    }
    const items = /** @type {TrackItems} */ (tracks.get(name));
    if (scale && !items.annotations.length && !items.predictions.length) continue;
    rows.push({
      ...trackRow(items, rowLayout), // also where a row became a curve later: nothing is left out of sight
      graph: Boolean(shown),
      depth: depthOf(store, name),
    });
    if (shown && rowLayout.get(name).graph) {
      const key = graphKey(name);
      const graphs = strongest(shown);
      const title = graphs.map((graph) => graph.label).join(", ");
      const height = Math.round(HEIGHTS.graph * rowLayout.size(key));
      rows.push({ kind: "graph", key, name: title, track: name, y: 0, height, graphs, all: shown });
    }
  }
  if (store.boxes.size) {
    names.push(BOX_ROW);
    if (rowLayout.isShown(BOX_ROW)) rows.push(boxRow(store, rowLayout));
  }
  let top = 0;
  for (const row of rows) {
    row.y = top;
    top += row.height;
  }
  return { rows, height: top, names, tracks: sorted, siblings: siblingsIn(store, sorted) };
}

/** The curves that are worth drawing: of several sources what all of them say together, and those that rise highest; in
 * the order that they came in.
 * @param {readonly Graph[]} graphs
 */
function strongest(graphs) {
  const fused = graphs.filter((graph) => graph.source === "fused");
  const whole = fused.length ? fused : graphs;
  const peak = (/** @type {Graph} */ { scores }) => scores.reduce((most, score) => Math.max(most, score), 0);
  const shown = new Set(whole.toSorted((a, b) => peak(b) - peak(a)).slice(0, MOST_CURVES));
  return whole.filter((graph) => shown.has(graph));
}

/** @param {DocumentStore} store */
function tracksOf(store) {
  /** @type {Map<string, TrackItems>} */
  const tracks = new Map();
  const track = (/** @type {string} */ name, task = "") => {
    const found = tracks.get(name) ?? { name, order: 9, predictions: [], annotations: [] };
    if (task in TASKS) found.order = Math.min(found.order, TASKS[task]);
    tracks.set(name, found);
    return found;
  };
  for (const p of store.predictions.values()) {
    if (store.isShown(p)) track(store.rowOf(p) ?? p.track, p.task).predictions.push(p);
  }
  for (const p of store.previews) if (store.isShown(p)) track(store.rowOf(p) ?? p.track).predictions.push(p);
  for (const a of store.annotations.values()) if (a.track !== WHOLE_VIDEO) track(a.track).annotations.push(a);
  for (const { track: name } of store.tracks.values()) {
    if (name !== BOXES && name !== WHOLE_VIDEO) track(name); // those are shown elsewhere
  }
  if (!tracks.size) track("Moments", "grounding");
  const byName = (/** @type {TrackItems} */ a, /** @type {TrackItems} */ b) =>
    a.order - b.order || a.name.localeCompare(b.name, undefined, { numeric: true });
  return new Map([...tracks.values()].sort(byName).map((found) => [found.name, found]));
}

/** @param {DocumentStore} store */
function graphsOf(store) {
  /** @type {Map<string, readonly Graph[]>} */
  const graphs = new Map();
  for (const [name, curves] of store.media.graphs) {
    const row = store.people.rowOf(name, curves[0].times[0]);
    if (row) graphs.set(row, [...(graphs.get(row) ?? []), ...curves]);
  }
  return graphs;
}

/**
 * @param {TrackItems} track
 * @param {RowLayout} rowLayout
 * @returns {TrackRow}
 */
function trackRow({ name, predictions, annotations }, rowLayout) {
  const { collapsed, locked } = rowLayout.get(name);
  const scale = rowLayout.size(name);
  /** @type {Lane[]} */
  const lanes = [];
  let y = collapsed ? 3 : PAD;
  const add = (
    /** @type {Lane["kind"]} */ kind,
    /** @type {number} */ full,
    /** @type {LaneItems} */ items,
    { most, gap } = DENSE[0],
  ) => {
    const height = Math.round(Math.min(full, most) * scale);
    lanes.push({ kind, y, height, items });
    y += height + gap;
  };
  const count = predictions.length + annotations.length;
  const row = /** @type {const} */ ({ kind: "track", key: name, name, y: 0, collapsed, locked, count, lanes });
  if (collapsed) {
    if (predictions.length) add("prediction", COLLAPSED_H / 2, flat(predictions));
    add("annotation", COLLAPSED_H, flat(annotations));
    return { ...row, height: y + 1 };
  }
  const [above, below] = [stack(predictions), stack(annotations)];
  for (const items of above) add("prediction", PREDICTION_H, items, density(above));
  for (const items of below.length ? below : [flat([])]) {
    add("annotation", items.length || !above.length ? ANNOTATION_H : EMPTY_H, items, density(below));
  }
  return { ...row, height: y + PAD - 2 };
}

/** Lanes of lines are the same as long as the lines are. @type {WeakMap<object, LaneItems[]>} */
const stacked = new WeakMap();

/**
 * @param {DocumentStore} store
 * @param {RowLayout} rowLayout
 * @returns {SpeechRow}
 */
function speechRow(store, rowLayout) {
  const items = lineItems(store.media.lines);
  const found = stacked.get(items) ?? stack([...items.values()]);
  stacked.set(items, found);
  const { most, gap } = density(found);
  const height = Math.round(Math.min(LINE_H, most) * rowLayout.size(SPEECH_ROW));
  const lanes = found.map((lane, at) => ({
    kind: /** @type {const} */ ("line"),
    y: 3 + at * (height + gap),
    height,
    items: lane,
  }));
  const { locked } = rowLayout.get(SPEECH_ROW);
  return {
    kind: "speech",
    key: SPEECH_ROW,
    name: SPEECH,
    y: 0,
    height: 6 + found.length * (height + gap),
    locked,
    lanes,
  };
}

const density = (/** @type {LaneItems[]} */ { length }) =>
  /** @type {typeof DENSE[0]} */ (DENSE.find(({ lanes }) => length <= lanes));

const byTime = (/** @type {Shown} */ a, /** @type {Shown} */ b) => a.start - b.start || a.end - b.end;

/** @param {Shown[]} items @returns {LaneItems} */
function flat(items) {
  /** @type {LaneItems} */
  const lane = items.sort(byTime);
  lane.longest = lane.reduce((most, item) => Math.max(most, item.end - item.start), 0);
  return lane;
}

/** As many lanes as overlaps need. @param {Shown[]} items */
function stack(items) {
  /** @type {LaneItems[]} */
  const lanes = [];
  /** @type {number[]} */
  const ends = [];
  for (const item of items.sort(byTime)) {
    let lane = ends.findIndex((end) => end <= item.start + 1e-9);
    if (lane < 0) lane = ends.length < MOST_LANES ? ends.length : ends.indexOf(Math.min(...ends));
    (lanes[lane] ??= []).push(item);
    ends[lane] = Math.max(ends[lane] ?? 0, item.end);
  }
  for (const lane of lanes) flat(lane);
  return lanes;
}

/** @param {Row} row */
export const lanesOf = (row) => (row.kind === "track" || row.kind === "speech" ? row.lanes : []);

/** The first item that may reach past a time.
 * @param {LaneItems} items
 * @param {number} time
 */
export function firstVisible(items, time) {
  const from = time - (items.longest ?? 0);
  return countBefore(items.length, (i) => items[i].start < from);
}

/** Black or white, whichever can be read on a colour (#rrggbb). @param {string} colour */
export function inkOn(colour) {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16) / 255);
  return 0.2126 * r ** 2.2 + 0.7152 * g ** 2.2 + 0.0722 * b ** 2.2 > 0.26 ? "#10121c" : "#ffffff";
}

/** The classes that curves are there of: each gets a colour of its own, as long as there are some.
 * @param {DocumentStore} store
 */
const classesOf = (store) => [...new Set([...store.media.graphs.values()].flat().map((graph) => graph.label))];

/** The colour of a class: that of the schema, else one that curves and segments of this label share.
 * @param {DocumentStore} store
 * @param {{ track: string, label: string }} item
 */
export function colourOf(store, item) {
  const same = store.labels.filter((l) => l.label === item.label);
  const known = same.find((l) => l.track === item.track) ?? same[0]; // one class is one colour, in whatever row
  if (known) return known.colour;
  const measured = classesOf(store).indexOf(item.label);
  if (measured >= 0 && store.palette.length) return store.palette[measured % store.palette.length];
  let hash = 0;
  for (const character of item.label || item.track) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return store.palette.length ? store.palette[hash % store.palette.length] : "#0072b2";
}
