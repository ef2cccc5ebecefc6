// Attributes whose value changes within their segment: { changes: [[time in s, value], …] }, in order of time. The first
// value holds from the beginning of the segment. studio/timeline/changing.py is the same for Python.

import { carriedPhases } from "./phases.js";

/** @import { Json } from "../types.js" */
/** @import { Span } from "./phases.js" */

/** @typedef {readonly (readonly [number, Json])[]} Changes */

const SAME = 5e-4; // s: closer than any two frames
const MOST_CHANGES = 2000; // of one attribute within its segment, as studio/timeline/attributes.py has it

/** The times and values of an attribute that changes; null of any other.
 * @param {Json | undefined} value
 * @returns {Changes | null}
 */
export function changesOf(value) {
  if (!value || typeof value !== "object" || Array.isArray(value)) return null;
  const { changes, ...others } = value;
  if (Object.keys(others).length || !Array.isArray(changes) || !changes.length) return null;
  const fits = changes.every(
    (each) =>
      Array.isArray(each) &&
      each.length === 2 &&
      typeof each[0] === "number" &&
      (each[1] === null || typeof each[1] !== "object" || Array.isArray(each[1])),
  );
  const parts = /** @type {[number, Json][]} */ (changes);
  return fits && parts.every(([time], n) => !n || time > parts[n - 1][0]) ? parts : null;
}

/** Why attributes cannot be saved that change too often; "" where they can.
 * @param {{ [name: string]: Json }} attributes
 */
export function problemOfChanges(attributes) {
  const found = Object.entries(attributes).find(([, value]) => (changesOf(value)?.length ?? 0) > MOST_CHANGES);
  return found
    ? `“${found[0]}” changes more than ${MOST_CHANGES} times within one segment; split the segment first.`
    : "";
}

/** What an attribute says at a time, whether it changes or not.
 * @param {Json | undefined} value
 * @param {number} time
 * @returns {Json | undefined}
 */
export function valueAt(value, time) {
  const parts = changesOf(value);
  if (!parts) return value;
  const [, said] = parts.findLast(([from]) => from <= time + SAME) ?? parts[0];
  return said;
}

/** Everything that an attribute says within its segment, once each, in order.
 * @param {Json | undefined} value
 * @returns {Json[]}
 */
export function valuesOf(value) {
  const parts = changesOf(value);
  const said = parts ? parts.map(([, each]) => each) : [value ?? null];
  const found = new Map(said.filter((each) => each !== null).map((each) => [JSON.stringify(each), each]));
  return [...found.values()];
}

/** The attribute that says something else from a time on, until it changes next.
 * @param {Json | undefined} value
 * @param {number} time
 * @param {Json} said null: nothing
 * @param {Span} span of its segment
 * @returns {Json}
 */
export function changedFrom(value, time, said, span) {
  const before = changesOf(value) ?? [[span.start, value ?? null]];
  const at = Math.min(Math.max(time, span.start), span.end);
  const others = before.map(([from, what], n) => /** @type {const} */ ([n ? from : span.start, what]));
  const kept = others.filter(([from]) => Math.abs(from - at) >= SAME);
  return changing([...kept, /** @type {const} */ ([at, said])].sort(([a], [b]) => a - b));
}

/** The attributes of a segment that becomes another one: what has times in it, phases and values that change, moves with
 * a segment that moves as a whole, and stays within one whose edge moves.
 * @template {{ [name: string]: Json }} Attributes
 * @param {Attributes} attributes
 * @param {Span} before
 * @param {Span} after
 * @returns {Attributes}
 */
export function carried(attributes, before, after) {
  const found = carriedPhases(attributes, before, after);
  const movesStart = Math.abs(after.start - before.start) >= SAME;
  const movesEnd = Math.abs(after.end - before.end) >= SAME;
  const changed = Object.entries(found).filter(([, value]) => changesOf(value));
  if (!changed.length || (!movesStart && !movesEnd)) return found;
  const by = movesStart && movesEnd ? after.start - before.start : 0;
  const moved = changed.map(([name, value]) => {
    const parts = (changesOf(value) ?? []).map(([time, said]) => /** @type {const} */ ([time + by, said]));
    return [name, within(parts, after)];
  });
  const carriedOn = { ...found, ...Object.fromEntries(moved) };
  for (const [name] of changed) if (carriedOn[name] === null) delete carriedOn[name]; // nothing is said of what is left
  return carriedOn;
}

/**
 * @param {Changes} parts
 * @param {Span} span
 */
function within(parts, { start, end }) {
  const [, first] = parts.findLast(([time]) => time <= start + SAME) ?? parts[0];
  const later = parts.slice(1).filter(([time]) => time > start + SAME && time < end - SAME);
  return changing([[start, first], ...later]);
}

/** What an attribute says of segments that become one: of each what was said of it, where it may change in a segment, or
 * did; else what the first says that says something.
 * @param {readonly { value: Json | undefined, start: number, end: number }[]} parts in order of time
 * @param {boolean} mayChange
 * @returns {Json} null: nothing
 */
export function merged(parts, mayChange) {
  if (!mayChange && !parts.some(({ value }) => changesOf(value)))
    return parts.find(({ value }) => value !== undefined)?.value ?? null;
  /** @type {[number, Json][]} */
  const all = [];
  let until = -Infinity; // where two overlap the earlier one holds
  for (const { value, start, end } of parts) {
    if (end <= until + SAME) continue;
    const from = Math.max(start, until);
    if (all.length && from > until + SAME) all.push([until, null]); // nothing was said of the gap
    all.push([from, valueAt(value, from) ?? null]);
    for (const [time, said] of changesOf(value) ?? [])
      if (time > from + SAME && time < end - SAME) all.push([time, said]);
    until = end;
  }
  return changing(all);
}

/** One value where it stays the same.
 * @param {Changes} parts
 * @returns {Json}
 */
function changing(parts) {
  const kept = parts.filter(([, said], n) => !n || JSON.stringify(said) !== JSON.stringify(parts[n - 1][1]));
  if (kept.length === 1) return kept[0][1];
  return { changes: kept.map(([time, said]) => [Math.round(time * 1e6) / 1e6, said]) };
}
