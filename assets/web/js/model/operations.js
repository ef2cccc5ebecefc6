// What a person can do to segments beside dragging them. Each function changes the document in one step of undo; times
// are in seconds and lie on frame edges (see frames.js).

const SAME = 5e-4; // s: closer than any two frames

// The annotation to change: a prediction becomes a correction first.
function own(doc, id) {
  if (doc.annotations.has(id)) return doc.annotations.get(id);
  if (!doc.predictions.has(id)) return null;
  return doc.annotations.get(doc.correct(id, {}));
}

// What would change: the correction of a prediction where there is one.
const standing = (doc, id) => doc.annotations.get(id) ?? doc.correctionOf(id) ?? doc.item(id);

const owned = (doc, ids) => [...ids].map((id) => own(doc, id)).filter(Boolean);

// Cut at `time`; returns the id of the second half.
export function split(doc, id, time, frames) {
  const at = frames.snap(time);
  const item = standing(doc, id);
  if (!item || at <= item.start + SAME || at >= item.end - SAME) return null;
  return doc.together(() => {
    const found = own(doc, id);
    if (!found || doc.bars(found.track)) return null;
    const { id: first, track, label, note, end } = found;
    doc.update(first, { end: at });
    return doc.create({ track, label, note, start: at, end });
  });
}

// Everything from the first start to the last end, as one; only within one track. Returns its id.
export function merge(doc, ids) {
  const items = [...ids].map((id) => doc.item(id)).filter(Boolean);
  const rows = new Set(items.map((item) => doc.rowOf(item)));
  if (items.length < 2 || rows.size > 1 || doc.bars([...rows][0])) return null;
  return doc.together(() => {
    const [first, ...rest] = owned(doc, ids).sort((a, b) => a.start - b.start);
    const note = [first, ...rest]
      .map((a) => a.note)
      .filter(Boolean)
      .join("\n");
    for (const a of rest) doc.remove(a.id);
    doc.update(first.id, { end: Math.max(first.end, ...rest.map((a) => a.end)), note });
    return first.id;
  });
}

// The edge that is nearer to `time` moves there.
export function extend(doc, id, time, frames) {
  const item = standing(doc, id);
  const at = frames.snap(time);
  if (!item || Math.abs(at - item.start) < SAME || Math.abs(at - item.end) < SAME) return;
  const edge = Math.abs(at - item.start) <= Math.abs(at - item.end) ? "start" : "end";
  doc.together(() => doc.update(own(doc, id)?.id, { [edge]: at }));
}

// Move an edge ("start", "end") or the whole ("body") by frames; a segment keeps at least one frame.
export function nudge(doc, ids, part, count, frames) {
  doc.together(() => {
    for (const a of owned(doc, ids)) {
      const start = part === "end" ? a.start : frames.edge(a.start, count);
      const end = part === "start" ? a.end : frames.edge(a.end, count);
      const stopped = part === "body" && (start === a.start || end === a.end);
      if (!stopped && start < end - SAME) doc.update(a.id, { start, end });
    }
  });
}

// `bases` are the versions the person saw, where some time has passed since.
export function relabel(doc, ids, label, bases = new Map()) {
  doc.together(() => {
    for (const a of owned(doc, ids)) doc.update(a.id, { label }, bases.get(a.id));
  });
}

export function moveTo(doc, ids, track) {
  doc.together(() => {
    for (const a of owned(doc, ids)) doc.update(a.id, { track });
  });
}

export function remove(doc, ids) {
  doc.together(() => {
    for (const id of [...ids]) if (doc.annotations.has(id)) doc.remove(id);
  });
}

// Annotations go, predictions are rejected.
export function decide(doc, ids, verdict) {
  doc.together(() => {
    for (const id of [...ids]) if (doc.predictions.has(id)) doc[verdict](id);
  });
}

// What can be pasted, also in another video: times from the first start on.
export function copied(doc, ids) {
  const items = [...ids]
    .map((id) => doc.item(id))
    .filter(Boolean)
    .sort((a, b) => a.start - b.start);
  const zero = items[0]?.start ?? 0;
  return items.map((item) => ({
    track: doc.rowOf(item),
    label: item.label,
    note: item.note ?? "",
    start: item.start - zero,
    end: item.end - zero,
  }));
}

// New annotations from `time` on; what would lie beyond the end is cut or left out. Returns their ids.
export function paste(doc, segments, time, frames) {
  return doc.together(() =>
    segments
      .flatMap(({ start, end, ...rest }) => {
        const [from, to] = [frames.snap(time + start), frames.snap(Math.min(time + end, frames.duration))];
        return from < to - SAME ? [doc.create({ ...rest, start: from, end: to })] : [];
      })
      .filter(Boolean),
  );
}

// The annotations of the same track whose edge lies where this one's `edge` does: they move together.
export function touching(doc, item, edge) {
  const other = edge === "start" ? "end" : "start";
  return [...doc.annotations.values()].filter(
    (a) => a.id !== item.id && a.track === doc.rowOf(item) && Math.abs(a[other] - item[edge]) < SAME,
  );
}
