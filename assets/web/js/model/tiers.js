// Rows that depend on another one (the four stereotypes of ELAN's tiers): a segment there belongs to the shortest segment
// of the other row that contains it, and goes where that one goes. studio/timeline/tiers.py says it for Python.

import { WHOLE_VIDEO } from "./special-rows.js";

/** @import { Annotation, Track } from "../types.js" */
/** @import { DocumentStore } from "./document-store.js" */
/** @import { Span } from "./phases.js" */

/** What a segment that belongs to another one becomes; span null: it goes. The others: where several become one.
 * @typedef {{ id: string, span: Span | null, label?: string } & Partial<Pick<Annotation, "note" | "attributes">>} Placed
 */

/** @typedef {Pick<Track, "parent" | "dependency">} Dependency */

/** What is in the rows of a video. @typedef {Pick<DocumentStore, "tracks" | "annotations" | "video">} Rows */

const SAME = 5e-4; // s: closer than any two frames

/** How a row depends on another one; null where it does not.
 * @param {Pick<DocumentStore, "tracks">} store
 * @param {string} track
 */
export function dependencyOf({ tracks }, track) {
  const known = tracks.get(track);
  return known?.parent && known.dependency ? { parent: known.parent, kind: known.dependency } : null;
}

/** The rows that depend on one. @param {Pick<DocumentStore, "tracks">} store @param {string} track */
const dependents = ({ tracks }, track) =>
  [...tracks.values()].filter(({ parent, dependency }) => parent === track && dependency).map((each) => each.track);

/** Rows with each that depends on another one below it, in the order they had.
 * @param {Pick<DocumentStore, "tracks">} store
 * @param {readonly string[]} names
 */
export function inTiers(store, names) {
  /** @type {Set<string>} */
  const placed = new Set();
  const place = (/** @type {string} */ name) => {
    if (placed.has(name)) return;
    placed.add(name);
    for (const each of names) if (dependencyOf(store, each)?.parent === name) place(each);
  };
  for (const name of names) if (!names.includes(dependencyOf(store, name)?.parent ?? "")) place(name);
  return [...placed, ...names.filter((name) => !placed.has(name))]; // a circle has no first one
}

/** Of each row those that depend on the same one, or like it on none, in the order they have; itself among them.
 * @param {Pick<DocumentStore, "tracks">} store
 * @param {readonly string[]} names
 * @returns {Map<string, string[]>}
 */
export function siblingsIn(store, names) {
  const parent = (/** @type {string} */ name) => dependencyOf(store, name)?.parent ?? "";
  /** @type {Map<string, string[]>} */
  const families = new Map();
  for (const name of names) {
    const above = names.includes(parent(name)) ? parent(name) : "";
    families.set(above, [...(families.get(above) ?? []), name]);
  }
  return new Map([...families.values()].flatMap((family) => family.map((name) => [name, family])));
}

/** On how many rows one depends, one by another. @param {Pick<DocumentStore, "tracks">} store @param {string} track */
export function depthOf(store, track) {
  const seen = [track];
  for (;;) {
    const next = dependencyOf(store, seen[seen.length - 1])?.parent;
    if (!next || seen.includes(next)) return seen.length - 1;
    seen.push(next);
  }
}

const length = (/** @type {Span} */ { start, end }) => end - start;
const contains = (/** @type {Span} */ outer, /** @type {Span} */ inner) =>
  outer.start <= inner.start + SAME && inner.end <= outer.end + SAME;
const shared = (/** @type {Span} */ one, /** @type {Span} */ other) =>
  Math.min(one.end, other.end) - Math.max(one.start, other.start);
/** @param {Span} one @param {Span} other */
export const sameSpan = (one, other) =>
  Math.abs(one.start - other.start) < SAME && Math.abs(one.end - other.end) < SAME;

/** The segments of a row that fulfil a condition, in order of time; there may be thousands of others.
 * @param {Pick<Rows, "annotations">} store
 * @param {string} track
 * @param {(made: Annotation) => boolean} fits
 * @returns {Annotation[]}
 */
function onTrack(store, track, fits) {
  const found = [];
  for (const made of store.annotations.values()) if (made.track === track && fits(made)) found.push(made);
  return found.sort((a, b) => a.start - b.start);
}

/** The segment that a stretch of a row belongs to; null where there is none.
 * @param {Rows} store
 * @param {string} track
 * @param {Span} span
 * @returns {Annotation | null}
 */
export function parentOf(store, track, span) {
  const dependency = dependencyOf(store, track);
  if (!dependency) return null;
  return tightest(
    onTrack(store, dependency.parent, (made) => contains(made, span)),
    span,
  );
}

/** The segment that a new stretch is to belong to: the one that it shares most time with.
 * @param {Rows} store
 * @param {string} parent
 * @param {Span} span
 * @returns {Annotation | null}
 */
function nearest(store, parent, span) {
  const near = onTrack(store, parent, (made) => shared(made, span) > SAME);
  return near.sort((a, b) => shared(b, span) - shared(a, span) || length(a) - length(b))[0] ?? null;
}

/** What belongs to a segment, as the rows are now.
 * @param {Rows} store
 * @param {Annotation} made
 * @returns {Annotation[]}
 */
export const childrenOf = (store, made) =>
  dependents(store, made.track).flatMap((track) =>
    onTrack(store, track, (each) => contains(made, each) && parentOf(store, track, each)?.id === made.id),
  );

/** What belongs to each of these segments, and to what belongs to them, by the ids of those that it belongs to. It is to
 * be asked before they move: on the way one may lie where another one still is.
 * @param {Rows} store
 * @param {readonly { id: string }[]} segments
 * @returns {Families}
 */
export function familiesOf(store, segments) {
  /** @type {Map<string, Annotation[]>} */
  const found = new Map();
  const add = (/** @type {{ id: string }} */ { id }) => {
    const made = store.annotations.get(id);
    if (!made || found.has(id)) return;
    const children = childrenOf(store, made);
    found.set(id, children);
    children.forEach(add);
  };
  segments.forEach(add);
  return found;
}

/** @typedef {ReadonlyMap<string, Annotation[]>} Families */

/** The rows as they are without some segments.
 * @param {Rows} store
 * @param {ReadonlySet<string>} ids
 * @returns {Rows}
 */
export const without = ({ tracks, annotations, video }, ids) => ({
  tracks,
  video,
  annotations: new Map([...annotations].filter(([id]) => !ids.has(id))),
});

/** The shortest of some segments that contains one; of what contains it just as tightly the first.
 * @template {Span} Kind
 * @param {readonly Kind[]} around
 * @param {Span} span
 * @returns {Kind | null}
 */
export const tightest = (around, span) =>
  around.filter((each) => contains(each, span)).sort((a, b) => length(a) - length(b))[0] ?? null;

/** Where a segment may lie in a row that depends on another one, with what it belongs to, or in one that others depend on;
 * a sentence where it may not. In both, segments do not overlap: else one could not say what belongs to which.
 * @param {Rows} store
 * @param {string} track
 * @param {Span} wanted
 * @param {Annotation | null} before what it was; null for a new one
 * @returns {{ span: Span, parent: Annotation | null } | { problem: string } | null} null: anywhere
 */
export function fitted(store, track, wanted, before) {
  if (track === WHOLE_VIDEO && store.video) return { span: { start: 0, end: store.video.duration }, parent: null };
  const dependency = dependencyOf(store, track);
  if (!dependency && !dependents(store, track).length) return null;
  const isMoved = before !== null && Math.abs(length(before) - length(wanted)) < SAME;
  if (!dependency) {
    const span = withRoom(wanted, { start: 0, end: Infinity }, othersOn(store, track, before), isMoved);
    return span ? { span, parent: null } : { problem: NO_ROOM };
  }
  const { parent: row, kind } = dependency;
  const own = before && before.track === track ? parentOf(store, track, before) : null;
  const parent = parentOf(store, track, wanted) ?? own ?? nearest(store, row, wanted);
  if (!parent) return { problem: `“${track}” depends on “${row}”: mark a segment there first.` };
  const { start, end } = parent;
  const others = othersOn(store, track, before).filter((each) => contains(parent, each));
  if (kind === "symbolic_association") {
    return others.length
      ? { problem: `“${track}” has one segment for each of “${row}”, and this one has its own.` }
      : { span: { start, end }, parent };
  }
  if (kind === "time_subdivision" && !others.length) return { span: { start, end }, parent };
  const span = withRoom(wanted, { start, end }, kind === "included_in" ? others : [], isMoved);
  return span ? { span, parent } : { problem: NO_ROOM };
}

const NO_ROOM =
  "There is no room for it there: segments of this row do not overlap, as rows belong to it or it to one.";

/** Why segments may not all go where they are asked to; "" where they may.
 * @param {Rows} rows without all that moves
 * @param {readonly { track: string, span: Span, before: Annotation | null }[]} wanted
 */
export function problemOfAll(rows, wanted) {
  for (const { track, span, before } of wanted) {
    const place = fitted(rows, track, span, before);
    if (place && "problem" in place && place.problem !== NO_ROOM) return place.problem;
    if (place && ("problem" in place || !sameSpan(place.span, span))) return NO_ROOM_FOR_ALL;
  }
  return "";
}

const NO_ROOM_FOR_ALL =
  "There is no room for all of these there, so none is moved: segments of rows that depend on others, or have others that depend on them, do not overlap and stay within what they belong to.";

/** @param {Pick<Rows, "annotations">} store @param {string} track @param {{ id: string } | null} but */
const othersOn = (store, track, but) => onTrack(store, track, (each) => each.id !== but?.id);

/** What of a span is free; one that is moved keeps its length, as near as there is room. Null where there is none.
 * @param {Span} wanted
 * @param {Span} within
 * @param {readonly Span[]} others in order of time
 * @param {boolean} isMoved
 * @returns {Span | null}
 */
function withRoom(wanted, within, others, isMoved) {
  const edges = [within.start, ...others.flatMap(({ start, end }) => [start, end]), within.end];
  const gaps = edges.flatMap((start, n) => (n % 2 ? [] : [{ start, end: edges[n + 1] }]));
  const near = gaps.filter((gap) => (isMoved ? length(gap) > length(wanted) - SAME : shared(gap, wanted) > SAME));
  const [gap] = near.sort((a, b) => shared(b, wanted) - shared(a, wanted));
  if (!gap) return null;
  if (!isMoved) return { start: Math.max(wanted.start, gap.start), end: Math.min(wanted.end, gap.end) };
  const by = Math.max(gap.start - wanted.start, 0) + Math.min(gap.end - wanted.end, 0);
  return { start: Math.max(wanted.start + by, gap.start), end: Math.min(wanted.end + by, gap.end) };
}

/** Whether a row depends on another one, or others on it. @param {DocumentStore} store @param {string} track */
export const isTier = (store, track) => dependencyOf(store, track) !== null || dependents(store, track).length > 0;

/** What the segments of a dependent row become within what they belong to.
 * @param {Track["dependency"]} kind
 * @param {Span} parent
 * @param {readonly Annotation[]} children in order of time
 * @param {readonly string[]} [first] those that are changed: others make room for them
 * @returns {Placed[]}
 */
export function settled(kind, { start, end }, children, first = []) {
  const parent = { start, end };
  if (kind === "symbolic_association") {
    const label = children.map((each) => each.label).filter(Boolean).join(" "); // prettier-ignore
    return children.map(({ id }, n) => ({ id, span: n ? null : parent, ...(n ? {} : { label }) }));
  }
  if (kind === "symbolic_subdivision") {
    const at = (/** @type {number} */ n) =>
      n === children.length
        ? parent.end
        : Math.round((parent.start + (length(parent) * n) / children.length) * 1e6) / 1e6;
    return children.map(({ id }, n) => ({ id, span: { start: at(n), end: at(n + 1) } }));
  }
  const fixed = children.filter(({ id }) => first.includes(id));
  const clipped = children.map((each) => {
    const own = { start: Math.max(each.start, parent.start), end: Math.min(each.end, parent.end) };
    const span = kind === "time_subdivision" && !fixed.includes(each) ? fixed.reduce(beside, own) : own;
    return { id: each.id, span: length(span) < SAME ? null : span };
  });
  if (kind !== "time_subdivision") return clipped;
  const left = clipped.filter((each) => each.span !== null);
  const gone = clipped.filter((each) => each.span === null);
  const isFixed = (/** @type {Placed} */ { id }) => first.includes(id);
  left.sort((a, b) => (a.span?.start ?? 0) - (b.span?.start ?? 0));
  // no gaps: each begins where the one before it ends, and what was changed keeps its ends as far as it has neighbours
  const edges = left.map(({ span }, n) => {
    if (!n) return parent.start;
    const [before, begins] = [left[n - 1].span?.end ?? 0, span?.start ?? 0];
    return isFixed(left[n]) ? begins : isFixed(left[n - 1]) ? before : begins;
  });
  const filled = left.map(({ id }, n) => ({ id, span: { start: edges[n], end: edges[n + 1] ?? parent.end } }));
  return [...filled, ...gone];
}

/** What is left of a span beside one that takes precedence. @param {Span} span @param {Span} other @returns {Span} */
function beside(span, other) {
  if (shared(span, other) <= 0) return span;
  const isBefore = span.start < other.start - SAME;
  return isBefore ? { start: span.start, end: other.start } : { start: other.end, end: Math.max(span.end, other.end) };
}
