// Where everything lies on the timeline: rows, lanes, colours. No drawing, no events.

const PREDICTION_H = 15;
const ANNOTATION_H = 24;
const EMPTY_H = 13; // room to draw the first annotation
const PAD = 5;
const MOST_LANES = 4;
const WAVE_H = 40;
const CURVE_H = 64;
const GRAPH_H = 44;
const TASKS = { grounding: 0, speaker: 1, emotion: 2, survey: 3 };

// Rows from top to bottom. A track's row has a lane of predictions above one of annotations; segments that overlap
// are stacked in lanes of their own. Items of a lane are in order of time, so that drawing can search in them.
export function layout(doc) {
  const rows = [];
  if (doc.waveform.length) rows.push({ kind: "wave", name: "Sound", height: WAVE_H });
  if (doc.curve?.times?.length) rows.push({ kind: "curve", name: doc.curve.query ? `“${doc.curve.query}”` : "Like this frame", height: CURVE_H });
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
  const graphs = new Map();
  for (const [name, curves] of doc.graphs) {
    const row = doc.people.rowOf(name, curves[0].times[0]);
    if (row) graphs.set(row, [...(graphs.get(row) ?? []), ...curves]);
  }
  if (!tracks.size) track("Moments", "grounding");
  const named = [...tracks.values()].sort(
    (a, b) => a.order - b.order || a.name.localeCompare(b.name, undefined, { numeric: true }),
  );
  for (const { name, predictions, annotations } of named) {
    const above = stack(predictions);
    const below = stack(annotations);
    const lanes = [];
    let y = PAD;
    for (const items of above) {
      lanes.push({ kind: "prediction", y, height: PREDICTION_H, items });
      y += PREDICTION_H + 2;
    }
    for (const items of below.length ? below : [[]]) {
      const height = items.length || !above.length ? ANNOTATION_H : EMPTY_H;
      lanes.push({ kind: "annotation", y, height, items });
      y += height + 2;
    }
    rows.push({ kind: "track", name, lanes, height: y + PAD - 2, count: predictions.length + annotations.length, graph: graphs.has(name) });
    if (doc.opened.has(name) && graphs.has(name)) rows.push({ kind: "graph", name: graphs.get(name).map((g) => g.label).slice(0, 4).join(", "), height: GRAPH_H, graphs: graphs.get(name) });
  }
  let top = 0;
  for (const row of rows) {
    row.y = top;
    top += row.height;
  }
  return { rows, height: top };
}

function stack(items) {
  const sorted = items.sort((a, b) => a.start - b.start || a.end - b.end);
  const lanes = [];
  const ends = [];
  for (const item of sorted) {
    let lane = ends.findIndex((end) => end <= item.start + 1e-9);
    if (lane < 0) lane = ends.length < MOST_LANES ? ends.length : ends.indexOf(Math.min(...ends));
    (lanes[lane] ??= []).push(item);
    ends[lane] = Math.max(ends[lane] ?? 0, item.end);
  }
  for (const lane of lanes) lane.longest = lane.reduce((most, item) => Math.max(most, item.end - item.start), 0);
  return lanes;
}

// The first item that may reach past a time.
export function firstVisible(items, time) {
  const from = time - (items.longest ?? 0);
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (items[middle].start < from) low = middle + 1;
    else high = middle;
  }
  return low;
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
