// Boxes over time: where an object is between its key frames, and every change of it. A change says what it saw and what
// is to be in its place, of only those key frames that it is about; the other way round, it is undone.

import { countBefore } from "./binary-search.js";

/** @import { BoxChange, BoxKey, BoxState, BoxTrack, Corners, Json } from "../types.js" */

/** The track of the schema whose labels boxes have. */
export const BOXES = "Boxes";
const SAME = 5e-4; // s: closer than any two frames
const DIGITS = 1e6; // of a share of the picture, as Python keeps them
const NEAR = 1e-9;
const LEAST = 0.004; // how small a side of a box may be, as a share of the picture

/** Where a box is at a time. isKey: a key frame begins there; isThere: within its first and last key frame.
 * @typedef {{ box: Corners, hidden: boolean, occluded: boolean, isKey: boolean, isThere: boolean }} Place
 */

/** A frame, for comparing: two times are one where they are the same µs. @param {{ at: number }} key */
const placeOf = ({ at }) => Math.round(at * 1e6);

/** The number of the last key frame that begins at a time or before it; -1 before the first.
 * @param {readonly BoxKey[]} keys
 * @param {number} time
 */
export const indexAt = (keys, time) => countBefore(keys.length, (i) => keys[i].at <= time + SAME) - 1;

/** The key frame at a time, or nothing.
 * @param {BoxTrack} track
 * @param {number} time
 */
export function keyAt({ keys }, time) {
  const key = keys[indexAt(keys, time)];
  return key && Math.abs(key.at - time) < SAME ? key : undefined;
}

/** Where a box is at a time, also where it is hidden; before and after its key frames where the nearest one has it.
 * @param {BoxTrack} track
 * @param {number} time
 * @returns {Place}
 */
export function placeAt(track, time) {
  const { keys } = track;
  const i = indexAt(keys, time);
  const [one, other] = [keys[Math.max(0, i)], keys[Math.min(i + 1, keys.length - 1)]];
  const length = other.at - one.at;
  const share = length > 0 ? Math.min(1, Math.max(0, (time - one.at) / length)) : 0;
  const box = /** @type {Corners} */ (one.box.map((value, k) => value + share * (other.box[k] - value)));
  const isKey = Boolean(keyAt(track, time));
  return {
    box,
    hidden: i >= 0 && one.hidden,
    occluded: i >= 0 && Boolean(one.occluded),
    isKey,
    isThere: i >= 0 && (isKey || i + 1 < keys.length),
  };
}

/** From its first key frame to its last one. @param {BoxTrack} track */
export const spanOf = ({ keys }) => ({ first: keys[0].at, last: keys[keys.length - 1].at });

/** The stretches over which it is not hidden: `to` is the beginning of the last frame, or where it is hidden from (`ends`).
 * @param {BoxTrack} track
 */
export function seenSpans({ keys }) {
  /** @type {{ from: number, to: number, ends: boolean }[]} */
  const spans = [];
  /** @type {number | null} */
  let from = null;
  for (const key of keys) {
    if (key.hidden && from !== null) spans.push({ from, to: key.at, ends: true });
    from = key.hidden ? null : (from ?? key.at);
  }
  if (from !== null) spans.push({ from, to: keys[keys.length - 1].at, ends: false });
  return spans;
}

/** A box within the picture, never without a size; `anchor` says which corner stays where it is too small.
 * @param {Corners} box
 * @returns {Corners}
 */
export function within([x1, y1, x2, y2]) {
  const side = (/** @type {number} */ one, /** @type {number} */ other) => {
    const low = Math.min(1 - LEAST, Math.max(0, Math.min(one, other)));
    return [low, Math.min(1, Math.max(low + LEAST, Math.max(one, other)))];
  };
  const [[left, right], [top, bottom]] = [side(x1, x2), side(y1, y2)];
  const round = (/** @type {number} */ value) => Math.round(value * DIGITS) / DIGITS;
  return [round(left), round(top), round(right), round(bottom)];
}

/** A box moved as a whole; at an edge of the picture it stops.
 * @param {Corners} box
 * @param {number} dx
 * @param {number} dy
 * @returns {Corners}
 */
export function moved([x1, y1, x2, y2], dx, dy) {
  const [x, y] = [Math.min(1 - x2, Math.max(-x1, dx)), Math.min(1 - y2, Math.max(-y1, dy))];
  return within([x1 + x, y1 + y, x2 + x, y2 + y]);
}

// ---------------------------------------------------------------- changes

/** A new box track.
 * @param {string} id
 * @param {{ label?: string, name?: string, keys: readonly BoxKey[], medium?: string }} said
 * @returns {BoxChange}
 */
export const creation = (id, { label = "", name = "", keys, medium }) => ({
  id,
  before: { deleted: true },
  after: { deleted: false, label, name, keys, ...(medium && { medium }) },
});

/** All of it goes. @param {BoxTrack} track @returns {BoxChange} */
export const removal = ({ id, label, name, keys, attributes, medium }) => ({
  id,
  before: {
    deleted: false,
    label,
    name,
    keys,
    ...(Object.keys(attributes).length ? { attributes } : {}),
    ...(medium && { medium }),
  },
  after: { deleted: true },
});

/** Some of it becomes otherwise; null where nothing does.
 * @param {BoxTrack} track
 * @param {{ label?: string, name?: string, attributes?: { [name: string]: Json }, keys?: readonly BoxKey[],
 *   gone?: readonly number[] }} wanted all of its attributes; keys to set, and times of those that go
 * @returns {BoxChange | null}
 */
export function change(track, { label, name, attributes, keys = [], gone = [] }) {
  /** @type {BoxState} */
  const before = {};
  /** @type {BoxState} */
  const after = {};
  for (const [what, value] of /** @type {const} */ ([
    ["label", label],
    ["name", name],
  ])) {
    if (value === undefined || value === track[what]) continue;
    before[what] = track[what];
    after[what] = value;
  }
  const names = attributes ? Object.keys({ ...track.attributes, ...attributes }) : [];
  const said = names.filter((each) => !isAlike(track.attributes[each], attributes?.[each]));
  if (said.length) {
    const of = (/** @type {{ [name: string]: Json }} */ from) =>
      Object.fromEntries(said.map((each) => [each, from[each] ?? null]));
    [before.attributes, after.attributes] = [of(track.attributes), of(attributes ?? {})];
  }
  const set = keys.filter((key) => !isSame(keyAt(track, key.at), key));
  const went = gone.map((at) => keyAt(track, at)).filter((key) => key !== undefined);
  const places = new Set(set.map(placeOf));
  const off = went.filter((key) => !places.has(placeOf(key)));
  if (set.length || off.length) {
    before.keys = [...set.map(({ at }) => keyAt(track, at) ?? { at, box: null }), ...off];
    after.keys = [...set, ...off.map(({ at }) => ({ at, box: null }))];
  }
  return Object.keys(after).length ? { id: track.id, before, after } : null;
}

/** The box is there at a frame: a key frame of a person. What was partly hidden stays so.
 * @param {BoxTrack} track
 * @param {number} at
 * @param {Corners} box
 */
export const placed = (track, at, box) => {
  const { occluded } = placeAt(track, at);
  return change(track, { keys: [{ at, box, hidden: false, source: "manual", occluded }] });
};

/** From a frame on it is hidden, or seen again, until the next key frame.
 * @param {BoxTrack} track
 * @param {number} at
 * @param {boolean} hidden
 */
export const hiding = (track, at, hidden) =>
  change(track, { keys: [{ at, box: within(placeAt(track, at).box), hidden, source: "manual" }] });

/** From a frame on a part of it is hidden, or all of it is seen again, until the next key frame.
 * @param {BoxTrack} track
 * @param {number} at
 * @param {boolean} occluded
 */
export const occluding = (track, at, occluded) => {
  const { box, hidden } = placeAt(track, at);
  return change(track, { keys: [{ at, box: within(box), hidden, source: "manual", occluded }] });
};

/** The key frame at a time goes; null where there is none, or no other one. @param {BoxTrack} track @param {number} at */
export const unkeyed = (track, at) => (track.keys.length > 1 ? change(track, { gone: [at] }) : null);

/** It begins, or ends, at a frame: what lies on the other side goes.
 * @param {BoxTrack} track
 * @param {number} at
 * @param {"begins" | "ends"} which
 */
export function limited(track, at, which) {
  const { box, hidden, occluded } = placeAt(track, at);
  const isBeside = (/** @type {BoxKey} */ key) => (which === "begins" ? key.at < at - SAME : key.at > at + SAME);
  const key = keyAt(track, at) ?? { at, box: within(box), hidden, source: /** @type {const} */ ("manual"), occluded };
  return change(track, { keys: [key], gone: track.keys.filter(isBeside).map((each) => each.at) });
}

/** What changed between two states of a box track that is there in both. @param {BoxTrack} old @param {BoxTrack} now */
export const difference = (old, now) =>
  change(old, {
    label: now.label,
    name: now.name,
    attributes: now.attributes,
    keys: now.keys,
    gone: old.keys.map(({ at }) => at).filter((at) => !keyAt(now, at)),
  });

/** The change that takes one back. @param {BoxChange} change @returns {BoxChange} */
export const invertedBox = ({ id, before, after }) => ({ id, before: after, after: before });

/** A box track once a change was made.
 * @param {BoxTrack | undefined} track
 * @param {BoxChange} change
 * @param {string} [annotator] who makes it
 * @returns {BoxTrack}
 */
export function changed(track, { id, after }, annotator = "") {
  const old = track ?? {
    id,
    label: "",
    name: "",
    annotator,
    edited_by: "",
    version: 0,
    deleted: true,
    attributes: {},
    keys: [],
  };
  const keys = new Map(old.keys.map((key) => [placeOf(key), key]));
  for (const key of after.keys ?? []) {
    if (key.box === null) keys.delete(placeOf(key));
    else keys.set(placeOf(key), key);
  }
  return {
    ...old,
    label: after.label ?? old.label,
    name: after.name ?? old.name,
    deleted: after.deleted ?? old.deleted,
    ...(after.medium && { medium: after.medium }),
    edited_by: annotator,
    version: old.version + 1,
    attributes: Object.fromEntries(
      Object.entries({ ...old.attributes, ...after.attributes }).filter(([, value]) => value !== null),
    ),
    keys: [...keys.values()].sort((one, other) => one.at - other.at),
  };
}

/** Whether a box track is still what a change saw.
 * @param {BoxTrack | undefined} track
 * @param {BoxChange} change
 */
export function fits(track, { before, after }) {
  const isGone = !track || track.deleted;
  if (before.deleted !== undefined && before.deleted !== isGone) return false;
  if (isGone) return before.deleted === true;
  if (before.label !== undefined && before.label !== track.label) return false;
  if (before.name !== undefined && before.name !== track.name) return false;
  const told = Object.entries(before.attributes ?? {});
  if (told.some(([name, value]) => !isAlike(track.attributes[name], value))) return false;
  const seen = before.keys ?? [];
  if (after.deleted && seen.length !== track.keys.length) return false;
  return seen.every((key) => isSame(keyAt(track, key.at), key.box === null ? undefined : key));
}

/** Of two values of an attribute; what is not there is null. @param {Json | undefined} one @param {Json | undefined} other */
const isAlike = (one, other) => JSON.stringify(one ?? null) === JSON.stringify(other ?? null);

/** @param {BoxKey | undefined} one @param {BoxKey | undefined} other */
function isSame(one, other) {
  if (!one || !other) return one === other;
  const isNear = one.box.every((value, k) => Math.abs(value - other.box[k]) < NEAR);
  const isSeen = one.hidden === other.hidden && Boolean(one.occluded) === Boolean(other.occluded);
  return isNear && isSeen && one.source === other.source;
}

/** What a person reads of a box track. @param {{ label: string, name: string }} track */
export const titleOf = ({ label, name }) => [name, label].filter(Boolean).join(" · ") || "(no label)";
