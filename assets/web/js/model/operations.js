// What a person can do to segments beside dragging them. Each function changes the document in one step of undo; times
// are in seconds and lie on frame edges (see frames.js).

import { contentOf } from "./annotation.js";
import { typesOf } from "./attribute-types.js";
import { carried, merged, problemOfChanges } from "./changing.js";
import { WHOLE_VIDEO } from "./special-rows.js";
import { childrenOf, dependencyOf, depthOf, isTier, parentOf, settled } from "./tiers.js";

/** @import { Annotation, Item } from "../types.js" */
/** @import { DocumentStore } from "./document-store.js" */
/** @import { Editor } from "./editor.js" */
/** @import { Frames } from "./frames.js" */

const SAME = 5e-4; // s: closer than any two frames

/** The annotation to change: a prediction becomes a correction first.
 * @param {Editor} editor
 * @param {string} id
 */
function own(editor, id) {
  const { annotations, predictions } = editor.store;
  if (annotations.has(id)) return annotations.get(id);
  if (!predictions.has(id)) return undefined;
  return annotations.get(editor.correct(id, {}) ?? "");
}

/** What would change: the correction of a prediction where there is one.
 * @param {DocumentStore} store
 * @param {string} id
 */
const standing = (store, id) => store.annotations.get(id) ?? store.correctionOf(id) ?? store.item(id);

/**
 * @template Value
 * @param {Value | null | undefined} value
 * @returns {value is Value}
 */
const isThere = (value) => value !== null && value !== undefined;

/**
 * @param {Editor} editor
 * @param {Iterable<string>} ids
 */
const owned = (editor, ids) => [...ids].map((id) => own(editor, id)).filter(isThere);

/** Cut at `time`; returns the id of the second half, null, and the person is told, where there is nothing to cut.
 * @param {Editor} editor
 * @param {string} id
 * @param {number} time
 * @param {Frames} frames
 */
export function split(editor, id, time, frames) {
  const at = frames.snap(time);
  const item = standing(editor.store, id);
  if (!item) return null;
  if (item.track === WHOLE_VIDEO) {
    editor.store.notice("What is said of the whole video cannot be split: it is about all of it.");
    return null;
  }
  if (at <= item.start + SAME || at >= item.end - SAME) {
    editor.store.notice("The playhead is not inside the segment; there is nothing to split.");
    return null;
  }
  return editor.together(() => {
    const found = own(editor, id);
    if (!found || editor.bars(found.track)) return null;
    const dependency = dependencyOf(editor.store, found.track);
    if (dependency?.kind === "symbolic_association") {
      editor.store.notice(`“${found.track}” has one segment for each of “${dependency.parent}”: split that one.`);
      return null;
    }
    if (childrenOf(editor.store, found).some((each) => editor.bars(each.track))) return null;
    return editor.apart(() => halved(editor, found, at));
  });
}

/** Cut a segment in two, and what belongs to it: of parts in an order each goes to the half that it lies in.
 * @param {Editor} editor
 * @param {Readonly<Annotation>} found
 * @param {number} at
 * @returns {string | null} the id of the second half
 */
function halved(editor, found, at) {
  const { store } = editor;
  const children = childrenOf(store, found);
  const content = contentOf(found);
  const halves = [
    { start: found.start, end: at },
    { start: at, end: found.end },
  ];
  editor.update(found.id, { end: at });
  const attributes = carried(content.attributes, content, halves[1]);
  const second = editor.create({ ...content, attributes, start: at });
  for (const track of new Set(children.map((each) => each.track))) {
    const own = children.filter((each) => each.track === track);
    if (dependencyOf(store, track)?.kind !== "symbolic_subdivision") {
      for (const each of own) if (each.start < at - SAME && each.end > at + SAME) halved(editor, each, at);
      continue;
    }
    for (const [n, half] of halves.entries()) {
      const parts = own.filter(({ start, end }) => Number((start + end) / 2 >= at) === n);
      editor.place(settled("symbolic_subdivision", half, parts));
    }
  }
  return second;
}

/** Whether a row has others within the time that segments span together.
 * @param {DocumentStore} store
 * @param {string} row
 * @param {readonly Item[]} items
 */
function hasBetween(store, row, items) {
  const chosen = new Set(items.map(({ id }) => id));
  const [start, end] = [Math.min(...items.map((item) => item.start)), Math.max(...items.map((item) => item.end))];
  return [...store.annotations.values()].some(
    (made) => made.track === row && !chosen.has(made.id) && made.start < end - SAME && made.end > start + SAME,
  );
}

/** What segments that become one say together: all their notes, and of attributes that change all stretches.
 * @param {DocumentStore} store
 * @param {readonly Annotation[]} all in order of time
 */
function saidTogether(store, all) {
  const note = all
    .map((each) => each.note)
    .filter(Boolean)
    .join("\n");
  /** @type {Annotation["attributes"]} */
  const attributes = {};
  for (const name of new Set(all.flatMap((each) => Object.keys(each.attributes)))) {
    const mayChange = typesOf(store, all[0]).some((type) => type.name === name && type.changes);
    const parts = all.map(({ start, end, attributes: { [name]: value } }) => ({ value, start, end }));
    const value = merged(parts, mayChange);
    if (value !== null || all[0].attributes[name] === null) attributes[name] = value;
  }
  return { note, attributes };
}

/** Everything from the first start to the last end, as one; only within one track. Returns its id; null, and the person is
 * told, where they cannot be one.
 * @param {Editor} editor
 * @param {Iterable<string>} ids
 */
export function merge(editor, ids) {
  const { store } = editor;
  // a prediction and its correction are one segment
  const items = [...new Set([...ids].map((id) => standing(store, id)))].filter(isThere);
  const rows = new Set(items.map((item) => store.rowOf(item)));
  const [row] = rows;
  if (items.length < 2 || rows.size > 1) {
    store.notice("Choose two or more segments of one row to merge them.");
    return null;
  }
  if (editor.bars(row)) return null;
  if (isTier(store, row ?? "") && hasBetween(store, row ?? "", items)) {
    store.notice("Another segment lies between these; choose it, too, to merge them.");
    return null;
  }
  const belongsTo = new Set(items.map((item) => parentOf(store, row ?? "", item)?.id));
  if (belongsTo.size > 1) {
    store.notice("These belong to different segments of another row; merge those, and then these.");
    return null;
  }
  return editor.together(() => {
    const all = owned(
      editor,
      items.map(({ id }) => id),
    ).sort((a, b) => a.start - b.start);
    const [first, ...rest] = all;
    const children = all.flatMap((a) => childrenOf(store, a)).sort((a, b) => a.start - b.start);
    if (children.some((each) => editor.bars(each.track))) return null;
    const said = saidTogether(store, all);
    const problem = problemOfChanges(said.attributes);
    if (problem) {
      store.notice(problem);
      return null;
    }
    const end = Math.max(...all.map((a) => a.end));
    editor.apart(() => {
      for (const a of rest) editor.remove(a.id);
      editor.update(first.id, { end, ...said });
    });
    for (const row of new Set(children.map((each) => each.track))) {
      const own = children.filter((each) => each.track === row);
      const kind = dependencyOf(store, row)?.kind ?? "";
      const [kept, ...others] = settled(kind, { start: first.start, end }, own);
      const isOne = kind === "symbolic_association" && own.length > 1;
      editor.place([isOne ? { ...kept, ...saidTogether(store, own) } : kept, ...others]);
    }
    return first.id;
  });
}

/** The edge that is nearer to `time` moves there.
 * @param {Editor} editor
 * @param {string} id
 * @param {number} time
 * @param {Frames} frames
 */
export function extend(editor, id, time, frames) {
  const item = standing(editor.store, id);
  const at = frames.snap(time);
  if (!item || Math.abs(at - item.start) < SAME || Math.abs(at - item.end) < SAME) return;
  const edge = Math.abs(at - item.start) <= Math.abs(at - item.end) ? "start" : "end";
  editor.together(() => {
    const found = own(editor, id);
    if (found) editor.update(found.id, { [edge]: at });
  });
}

/** Move an edge or the whole by frames; a segment keeps at least one frame. Of several all move as a whole, or none.
 * @param {Editor} editor
 * @param {Iterable<string>} ids
 * @param {"start" | "end" | "body"} part
 * @param {number} count
 * @param {Frames} frames
 */
export function nudge(editor, ids, part, count, frames) {
  if (part === "body") {
    const items = [...ids].map((id) => standing(editor.store, id)).filter(isThere);
    const moves = items.map(({ id, start, end }) => ({
      id,
      start: frames.edge(start, count),
      end: frames.edge(end, count),
    }));
    const isStopped = moves.some(({ start, end }, n) => start === items[n].start || end === items[n].end);
    if (!isStopped) editor.move(moves);
    else if (items.length > 1) editor.store.notice("One of these is at the edge of the video, so none is moved.");
    return;
  }
  editor.together(() => {
    // what belongs to one of them comes after it: its edges may have gone with it
    const depth = (/** @type {Annotation} */ { track }) => depthOf(editor.store, track);
    for (const { id, start, end } of owned(editor, ids).sort((a, b) => depth(a) - depth(b))) {
      const edge = frames.edge(part === "start" ? start : end, count);
      const isLeft = part === "start" ? edge < end - SAME : start < edge - SAME;
      if (isLeft) editor.update(id, { [part]: edge });
    }
  });
}

/** Move annotations by a time, each to the nearest frame edges; a segment keeps at least one frame.
 * @param {Editor} editor
 * @param {Iterable<string>} ids
 * @param {number} by in seconds, within what the video has room for
 * @param {Frames} frames
 */
export function shift(editor, ids, by, frames) {
  const items = [...ids].map((id) => standing(editor.store, id)).filter(isThere);
  editor.move(items.map(({ id, start, end }) => ({ id, ...frames.span(start + by, end + by) })));
}

/**
 * @param {Editor} editor
 * @param {Iterable<string>} ids
 * @param {string} label
 * @param {Map<string, number>} [bases] the versions the person saw, where some time has passed since
 */
export function relabel(editor, ids, label, bases = new Map()) {
  editor.together(() => {
    for (const a of owned(editor, ids)) editor.update(a.id, { label }, bases.get(a.id));
  });
}

/** Say what each segment is like. @param {Editor} editor @param {ReadonlyMap<string, Annotation["attributes"]>} said by
 * the ids of annotations @param {Map<string, number>} bases the versions the person saw
 */
export function describe(editor, said, bases) {
  editor.together(() => {
    for (const [id, attributes] of said) editor.update(id, { attributes }, bases.get(id));
  });
}

/**
 * @param {Editor} editor
 * @param {Iterable<string>} ids
 * @param {string} track
 */
export function moveTo(editor, ids, track) {
  editor.together(() => {
    for (const a of owned(editor, ids)) editor.update(a.id, { track });
  });
}

/** Annotations go; predictions are not touched.
 * @param {Editor} editor
 * @param {Iterable<string>} ids
 */
export function remove(editor, ids) {
  editor.together(() => {
    for (const id of [...ids]) if (editor.store.annotations.has(id)) editor.remove(id);
  });
}

/** Decide about predictions; annotations are not touched. Where all are rejected, rejecting takes that back.
 * @param {Editor} editor
 * @param {Iterable<string>} ids
 * @param {"accept" | "reject"} verdict
 */
export function decide(editor, ids, verdict) {
  const { predictions } = editor.store;
  const all = [...ids].filter((id) => predictions.has(id));
  const isRejected = (/** @type {string} */ id) => predictions.get(id)?.verdict === "rejected";
  const isBack = all.every(isRejected);
  editor.together(() => {
    for (const id of all) if (verdict === "accept" || isBack || !isRejected(id)) editor[verdict](id);
  });
}

/** The annotations of the same track whose edge lies where this one's `edge` does: they move together.
 * @param {DocumentStore} store
 * @param {Item} item
 * @param {"start" | "end"} edge
 * @returns {Readonly<Annotation>[]}
 */
export function touching(store, item, edge) {
  const other = edge === "start" ? "end" : "start";
  return [...store.annotations.values()].filter(
    (a) => a.id !== item.id && a.track === store.rowOf(item) && Math.abs(a[other] - item[edge]) < SAME,
  );
}
