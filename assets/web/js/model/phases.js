// When an expression comes, is strongest and is gone: the attributes onset, apex and offset of an annotation, in s.
// studio/timeline/phases.py is the same for Python.

/** @import { Json } from "../types.js" */

/** @typedef {"onset" | "apex" | "offset"} Phase */
/** @typedef {{ onset: number, apex: number, offset: number }} Phases */
/** @typedef {{ start: number, end: number }} Span */

export const PHASES = /** @type {readonly Phase[]} */ (["onset", "apex", "offset"]);
const SAME = 5e-4; // s: closer than any two frames

/** The phases of a segment where all three are there, in this order and within it; else null: attributes of these names
 * may be anything.
 * @param {{ [name: string]: Json | undefined }} attributes
 * @param {Span} span
 * @returns {Phases | null}
 */
export function phasesOf({ onset, apex, offset }, { start, end }) {
  if (typeof onset !== "number" || typeof apex !== "number" || typeof offset !== "number") return null;
  const times = [start, onset, apex, offset, end];
  return times.every((time, i) => !i || time >= times[i - 1] - SAME) ? { onset, apex, offset } : null;
}

/** The attributes of a segment that becomes another one: its phases move with one that moves as a whole, and stay within
 * one whose edge moves.
 * @template {{ [name: string]: Json }} Attributes
 * @param {Attributes} attributes
 * @param {Span} before
 * @param {Span} after
 * @returns {Attributes}
 */
export function carriedPhases(attributes, before, after) {
  const phases = phasesOf(attributes, before);
  const movesStart = Math.abs(after.start - before.start) >= SAME;
  const movesEnd = Math.abs(after.end - before.end) >= SAME;
  if (!phases || (!movesStart && !movesEnd)) return attributes;
  const by = movesStart && movesEnd ? after.start - before.start : 0;
  return { ...attributes, ...within(phases, after, by) };
}

/** The phases that a model proposes, within the segment that it proposes; nothing where it proposes none.
 * @param {{ start: number, end: number, onset?: number, apex?: number, offset?: number }} proposal
 * @returns {Phases | {}}
 */
export function proposedPhases({ start, end, onset, apex, offset }) {
  if (onset === undefined || apex === undefined || offset === undefined) return {};
  return within({ onset, apex, offset }, { start, end }, 0);
}

/** What an annotation of a proposal has as attributes: its phases, and the box over time that it is about.
 * @param {{ start: number, end: number, onset?: number, apex?: number, offset?: number, box?: string }} proposal
 * @returns {{ [name: string]: Json }}
 */
export const proposedAttributes = (proposal) => ({
  ...proposedPhases(proposal),
  ...(proposal.box ? { box: proposal.box } : {}),
});

/** Phases with one of them moved: it stops at its neighbours and at the ends of its segment.
 * @param {Phases} phases
 * @param {Phase} phase
 * @param {number} time
 * @param {Span} span
 * @returns {Phases}
 */
export function movedPhase(phases, phase, time, { start, end }) {
  const at = PHASES.indexOf(phase);
  const low = at ? phases[PHASES[at - 1]] : start;
  const high = at < PHASES.length - 1 ? phases[PHASES[at + 1]] : end;
  return { ...phases, [phase]: Math.min(Math.max(time, low), high) };
}

/**
 * @param {Phases} phases
 * @param {Span} span
 * @param {number} by
 * @returns {Phases}
 */
function within(phases, { start, end }, by) {
  const fit = (/** @type {number} */ time) => Math.round(Math.min(Math.max(time + by, start), end) * 1e6) / 1e6;
  return { onset: fit(phases.onset), apex: fit(phases.apex), offset: fit(phases.offset) };
}
