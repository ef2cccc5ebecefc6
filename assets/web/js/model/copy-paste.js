// Copies of segments, also for another video: what belongs to one that is copied belongs to its copy.

import { contentOf } from "./annotation.js";
import { takenAttributes } from "./attribute-types.js";
import { carried } from "./changing.js";
import { proposedAttributes } from "./phases.js";
import { WHOLE_VIDEO } from "./special-rows.js";
import { dependencyOf, depthOf, fitted, tightest } from "./tiers.js";

/** @import { Annotation, Item } from "../types.js" */
/** @import { Content } from "./annotation.js" */
/** @import { DocumentStore } from "./document-store.js" */
/** @import { Editor } from "./editor.js" */
/** @import { Frames } from "./frames.js" */
/** @import { Span } from "./phases.js" */

const SAME = 5e-4; // s: closer than any two frames
const BEYOND = "The video ends before they begin.";
const NO_ROOM = "There is no room for them within what they belong to.";

/** What can be pasted, also in another video: times from the first start on.
 * @param {DocumentStore} store
 * @param {Iterable<string>} ids
 * @returns {Content[]}
 */
export function copied(store, ids) {
  const items = [...ids].flatMap((id) => store.item(id) ?? []).sort((a, b) => a.start - b.start);
  const zero = items.find(({ track }) => track !== WHOLE_VIDEO)?.start ?? 0;
  return items.map((item) => {
    const copy = copyOf(item);
    const span = { start: item.start - zero, end: item.end - zero };
    const attributes = carried(copy.attributes, item, span);
    return { ...copy, ...span, attributes, track: store.rowOf(item) ?? item.track };
  });
}

/** @param {Item} item @returns {Content} */
function copyOf(item) {
  if ("attributes" in item) return contentOf(item);
  const { track, start, end, label } = item;
  return { track, start, end, label, note: "", attributes: proposedAttributes(item) };
}

/** New annotations from `time` on, each at least one frame long; what would lie beyond the end is cut or left out, and so
 * is what has a label that its row takes no more. What is left out is said. Returns their ids.
 * @param {Editor} editor
 * @param {readonly Content[]} segments
 * @param {number} time
 * @param {Frames} frames
 */
export function paste(editor, segments, time, frames) {
  const { store } = editor;
  /** @type {Map<Content, string>} */
  const made = new Map();
  /** @type {Set<string>} why segments are left out */
  const reasons = new Set();
  /** @type {Set<string>} labels that are left out, with their rows */
  const unlisted = new Set();
  /** @type {Set<string>} attributes that are left out */
  const gone = new Set();
  let left = 0;
  // first those that others belong to
  const rows = [...new Set(segments.map(({ track }) => track))];
  rows.sort((a, b) => depthOf(store, a) - depthOf(store, b));
  const pasteRow = (/** @type {string} */ row) => {
    const dependency = dependencyOf(store, row);
    const above = segments.filter(({ track }) => track === dependency?.parent);
    const isFilled = dependency !== null && dependency.kind !== "included_in";
    /** @type {Map<Annotation, Span[]>} what lies in each segment that is filled */
    const filled = new Map();
    for (const copy of segments.filter(({ track }) => track === row)) {
      if (copy.label && store.tracks.get(row)?.closed && !store.isClass(copy)) {
        unlisted.add(`“${copy.label}” (${row})`); // the server would refuse it
        continue;
      }
      const original = tightest(above, copy);
      const parent = original && (store.annotations.get(made.get(original) ?? "") ?? null);
      const others = (parent && filled.get(parent)) ?? [];
      const isWithin = original !== null && isFilled;
      const place = original && !parent ? null : placeOf(store, copy, parent, isWithin ? others : null, time, frames);
      if (!place || "problem" in place) {
        left += 1; // also with what it belongs to
        if (place) reasons.add(place.problem);
        continue;
      }
      const moved = { ...copy, ...place.span, attributes: carried(copy.attributes, copy, place.span) };
      const taken = takenAttributes(store, moved);
      for (const name of taken.gone) gone.add(name);
      const create = () => editor.create({ ...moved, attributes: taken.attributes });
      const id = isWithin ? editor.apart(create) : create();
      if (id !== null) made.set(copy, id);
      if (parent && isWithin) filled.set(parent, [...others, place.span]);
    }
    for (const parent of filled.keys()) editor.settle(parent, row);
  };
  editor.together(() => rows.forEach(pasteRow));
  const some = segments.length > 1 ? `${left} of ${segments.length} segments were left out. ` : "";
  const said = reasons.size ? [some + [...reasons].join(" ")] : [];
  if (unlisted.size) said.push(`Left out, as their rows take such labels no more: ${[...unlisted].join(", ")}.`);
  if (gone.size) said.push(`Left out, as the labels do not have such values any more: ${[...gone].join(", ")}.`);
  if (said.length) store.notice(said.join(" "));
  return [...made.values()];
}

/** Where a copy comes to lie, or why it does not.
 * @param {DocumentStore} store
 * @param {Content} copy
 * @param {Annotation | null} parent what became of what it belongs to, where that is pasted, too
 * @param {readonly Span[] | null} others with which it fills that; null where it does not
 * @param {number} time
 * @param {Frames} frames
 * @returns {{ span: Span } | { problem: string }}
 */
function placeOf(store, { track, start, end }, parent, others, time, frames) {
  if (track !== WHOLE_VIDEO && time + start > frames.duration - SAME) return { problem: BEYOND };
  const wanted = frames.span(time + start, Math.min(time + end, frames.duration));
  const span = !parent
    ? wanted
    : { start: Math.max(wanted.start, parent.start), end: Math.min(wanted.end, parent.end) };
  const isTaken = others?.some((each) => Math.abs(each.start - span.start) < SAME);
  if (isTaken || span.end < span.start + SAME) return { problem: NO_ROOM };
  const fits = others ? null : fitted(store, track, span, null);
  return fits && "problem" in fits ? fits : { span };
}
