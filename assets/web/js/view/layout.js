// Where everything lies on the timeline: rows, lanes, colours. No drawing, no events.

import { countBefore } from "../model/binary-search.js";

const PREDICTION_H = 15;
const ANNOTATION_H = 24;
const EMPTY_H = 13; // room to draw the first annotation
const COLLAPSED_H = 12;
const PAD = 5;
const MOST_LANES = 4;
const HEIGHTS = { filmstrip: 36, wave: 30, spectrogram: 64, transcript: 24, curve: 46, graph: 44 };
const TASKS = { grounding: 0, speaker: 1, emotion: 2, survey: 3 };

// The rows that show what is measured; each is there when there is something in it.
const SIGNALS = [
  ["filmstrip", "Film", (doc) => doc.playable !== undefined],
  ["wave", "Sound", (doc) => doc.signals.waveform.length],
  ["spectrogram", "Spectrogram", (doc) => doc.signals.waveform.length],
  ["transcript", "Transcript", (doc) => doc.signals.lines.length],
  ["curve", "Question", (doc) => doc.signals.curve?.times?.length],
];

// Rows from top to bottom: {kind, key, name, y, height}. A track's row has a lane of predictions above one of
// annotations; segments that overlap are stacked in lanes of their own. Items of a lane are in order of time, so that
// drawing can search in them. `names` has the keys of all rows, also of those that are hidden.
export function layout(doc, rowLayout) {
  const rows = [];
  const names = [];
  for (const [kind, key, isThere] of SIGNALS) {
    if (!isThere(doc)) continue;
    names.push(key);
    const { query } = doc.signals.curve ?? {};
    const name = kind === "curve" ? (query ? `“${query}”` : "Like this frame") : key;
    if (rowLayout.isShown(key)) rows.push({ kind, key, name, height: Math.round(HEIGHTS[kind] * rowLayout.size(key)) });
  }
  const tracks = tracksOf(doc);
  const graphs = graphsOf(doc);
  const sorted = rowLayout.sorted([...tracks.keys()]);
  names.push(...sorted);
  for (const name of sorted) {
    if (!rowLayout.isShown(name)) continue;
    const row = trackRow(tracks.get(name), rowLayout);
    rows.push({ ...row, graph: graphs.has(name) });
    if (rowLayout.get(name).graph && graphs.has(name)) {
      const shown = graphs.get(name);
      rows.push({
        kind: "graph",
        key: `${name} ∿`,
        name: shown
          .map((g) => g.label)
          .slice(0, 4)
          .join(", "),
        height: HEIGHTS.graph,
        graphs: shown,
      });
    }
  }
  let top = 0;
  for (const row of rows) {
    row.y = top;
    top += row.height;
  }
  return { rows, height: top, names, tracks: sorted };
}

function tracksOf(doc) {
  const tracks = new Map();
  const track = (name, task) => {
    if (!tracks.has(name)) tracks.set(name, { name, order: 9, predictions: [], annotations: [] });
    const found = tracks.get(name);
    if (task in TASKS) found.order = Math.min(found.order, TASKS[task]);
    return found;
  };
  for (const p of doc.predictions.values()) if (doc.isShown(p)) track(doc.rowOf(p), p.task).predictions.push(p);
  for (const p of doc.previews) if (doc.isShown(p)) track(doc.rowOf(p)).predictions.push(p);
  for (const a of doc.annotations.values()) track(a.track).annotations.push(a);
  for (const { track: name } of doc.tracks.values()) track(name);
  if (!tracks.size) track("Moments", "grounding");
  const named = [...tracks.values()].sort(
    (a, b) => a.order - b.order || a.name.localeCompare(b.name, undefined, { numeric: true }),
  );
  return new Map(named.map((found) => [found.name, found]));
}

function graphsOf(doc) {
  const graphs = new Map();
  for (const [name, curves] of doc.signals.graphs) {
    const row = doc.people.rowOf(name, curves[0].times[0]);
    if (row) graphs.set(row, [...(graphs.get(row) ?? []), ...curves]);
  }
  return graphs;
}

function trackRow({ name, predictions, annotations }, rowLayout) {
  const { collapsed, locked } = rowLayout.get(name);
  const row = { kind: "track", key: name, name, collapsed, locked, count: predictions.length + annotations.length };
  const scale = rowLayout.size(name);
  const lanes = [];
  let y = PAD;
  const add = (kind, height, items) => {
    lanes.push({ kind, y, height: Math.round(height * scale), items });
    y += lanes.at(-1).height + 2;
  };
  if (collapsed) {
    y = 3;
    if (predictions.length) add("prediction", COLLAPSED_H / 2, flat(predictions));
    add("annotation", COLLAPSED_H, flat(annotations));
    return { ...row, lanes, height: y + 1 };
  }
  const [above, below] = [stack(predictions), stack(annotations)];
  for (const items of above) add("prediction", PREDICTION_H, items);
  for (const items of below.length ? below : [flat([])])
    add("annotation", items.length || !above.length ? ANNOTATION_H : EMPTY_H, items);
  return { ...row, lanes, height: y + PAD - 2 };
}

const byTime = (a, b) => a.start - b.start || a.end - b.end;

function flat(items) {
  const lane = items.sort(byTime);
  lane.longest = lane.reduce((most, item) => Math.max(most, item.end - item.start), 0);
  return lane;
}

function stack(items) {
  const lanes = [];
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

// The first item that may reach past a time.
export function firstVisible(items, time) {
  const from = time - (items.longest ?? 0);
  return countBefore(items.length, (i) => items[i].start < from);
}

// Black or white, whichever can be read on a colour (#rrggbb).
export function inkOn(colour) {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16) / 255);
  return 0.2126 * r ** 2.2 + 0.7152 * g ** 2.2 + 0.0722 * b ** 2.2 > 0.26 ? "#10121c" : "#ffffff";
}

export function colourOf(doc, item) {
  const known = doc.labels.find((l) => l.track === item.track && l.label === item.label);
  if (known) return known.colour;
  let hash = 0;
  for (const character of item.label || item.track) hash = (hash * 31 + character.codePointAt(0)) >>> 0;
  return doc.palette.length ? doc.palette[hash % doc.palette.length] : "#0072b2";
}
