// Where a camera or recording lies on a timeline: what is at t s of it is at `offset + rate * t` of the timeline.

/** @import { MediumChange } from "../types.js" */

/** rate: where its clock runs as that of the main one, nothing or 1 is said. @typedef {{ offset: number, rate?: number }} MediaPlace */

const DIGITS = 1e9; // of a rate, as the server keeps it
const HOUR_S = 3600;
const [SLOWEST, FASTEST] = [0.9, 1.1]; // rates that the server takes

/** Where the main one lies. @type {MediaPlace} */
export const AT_ZERO = { offset: 0, rate: 1 };

/** A time of the medium on the timeline. @param {MediaPlace} place @param {number} at */
export const onTimeline = ({ offset, rate = 1 }, at) => offset + rate * at;

/** A time of the timeline on the medium. @param {MediaPlace} place @param {number} time */
export const ownTime = ({ offset, rate = 1 }, time) => (time - offset) / rate;

/** @param {MediaPlace | null} one @param {MediaPlace | null} other */
export const isSamePlace = (one, other) =>
  one === other ||
  (one !== null && other !== null && one.offset === other.offset && (one.rate ?? 1) === (other.rate ?? 1));

/** As the server keeps it: times to the µs. @param {MediaPlace} place @returns {MediaPlace} */
export const rounded = ({ offset, rate = 1 }) => ({
  offset: Math.round(offset * 1e6) / 1e6,
  rate: Math.round(rate * DIGITS) / DIGITS,
});

/** What an edit says of a move; a rate only where there is one.
 * @param {string} medium
 * @param {MediaPlace | null} before
 * @param {MediaPlace | null} after
 * @returns {MediumChange}
 */
export function changeOfPlace(medium, before, after) {
  /** @type {MediumChange} */
  const change = { medium, before: before?.offset ?? null, after: after?.offset ?? null };
  if ((before?.rate ?? 1) !== 1) change.before_rate = before?.rate;
  if ((after?.rate ?? 1) !== 1) change.after_rate = after?.rate;
  return change;
}

/** Where it was, and where it is to be. @param {MediumChange} change */
export const cameraPlaces = ({ before, after, before_rate, after_rate }) => ({
  before: before === null ? null : { offset: before, rate: before_rate ?? 1 },
  after: after === null ? null : { offset: after, rate: after_rate ?? 1 },
});

/** By how many seconds an hour a clock runs slow, fast below 0: “+0.360”. @param {number} [rate] */
export function driftText(rate = 1) {
  const drift = (rate - 1) * HOUR_S;
  return `${drift < 0 ? "−" : "+"}${Math.abs(drift).toFixed(3)}`;
}

/** The rate of a clock that is typed so, or null where that is no number. @param {string} text */
export function readDrift(text) {
  const typed = text.trim().replace("−", "-").replace(",", ".");
  const rate = 1 + Number(typed || "x") / HOUR_S;
  return rate >= SLOWEST && rate <= FASTEST ? rate : null;
}
