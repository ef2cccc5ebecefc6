// Continuous ratings: what each annotator drew of a scale over a video, as samples RATE a second from time 0; NaN where
// nothing was said. studio/timeline/traces.py is the same for Python.

/** @import { TraceChange, TraceRow } from "../types.js" */
/** @import { DocumentStore } from "./document-store.js" */

export const TRACE = "trace"; // what edits of them are called
export const RATE = 25;
const MOST = 10_000; // samples of one change: the server takes twice as many

/** What edits of a curve are about, as annotations have ids. @param {string} track */
export const tracePlace = (track) => `trace:${track}`;

/** @param {number} duration s */
export const samplesOf = (duration) => Math.ceil(Math.round(duration * 1e6) / (1e6 / RATE));

/** The number of the sample that holds at a time; a time that is a hair before it is meant to be on it.
 * @param {number} time s
 */
export const sampleAt = (time) => Math.floor(time * RATE + 1e-3);

/** The rows that are drawn as curves.
 * @param {Pick<DocumentStore, "tracks">} store
 * @returns {{ track: string, scale: readonly [number, number] }[]}
 */
export const scalesOf = ({ tracks }) =>
  [...tracks.values()].flatMap(({ track, scale }) => (scale ? [{ track, scale }] : []));

/** @param {TraceChange} change */
export const invertedTrace = ({ track, first, before, after }) => ({ track, first, before: after, after: before });

/** @param {string} text little-endian float32 in base64 */
function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / 4 }, (_, n) => view.getFloat32(4 * n, true));
}

/** As JSON has them. @param {ArrayLike<number>} values @returns {(number | null)[]} */
const listed = (values) => Array.from(values, (value) => (Number.isNaN(value) ? null : Math.round(value * 1e4) / 1e4));

export class Traces {
  /** track → annotator → samples @type {Map<string, Map<string, Float32Array>>} */
  #drawn = new Map();

  /** Everything anew. @param {readonly TraceRow[]} rows */
  takeAll(rows) {
    this.#drawn.clear();
    for (const row of rows) this.take(row);
  }

  /** @param {TraceRow} row */
  take({ track, annotator, values }) {
    const of = this.#drawn.get(track) ?? new Map();
    this.#drawn.set(track, of.set(annotator, unpacked(values)));
  }

  /** The names of those who drew something. */
  get annotators() {
    return [...this.#drawn.values()].flatMap((of) => [...of.keys()]);
  }

  /** What everybody drew of a scale. @param {string} track */
  of(track) {
    return [...(this.#drawn.get(track) ?? [])].map(([annotator, values]) => ({ annotator, values }));
  }

  /** The change that puts samples in the place of an annotator's own; in as many parts as the server takes.
   * @param {string} track
   * @param {string} annotator
   * @param {number} first
   * @param {ArrayLike<number>} values
   * @returns {TraceChange[]}
   */
  changesTo(track, annotator, first, values) {
    const known = this.#drawn.get(track)?.get(annotator);
    const before = Array.from(values, (_, n) => known?.[first + n] ?? NaN);
    const [old, now] = [listed(before), listed(values)];
    const changes = [];
    for (let n = 0; n < now.length; n += MOST)
      changes.push({ track, first: first + n, before: old.slice(n, n + MOST), after: now.slice(n, n + MOST) });
    return changes.filter((each) => each.after.some((value, n) => value !== each.before[n]));
  }

  /** @param {TraceChange} change @param {string} annotator @param {number} count samples of the video */
  change({ track, first, after }, annotator, count) {
    const of = this.#drawn.get(track) ?? new Map();
    const values = new Float32Array(count).fill(NaN);
    values.set(of.get(annotator)?.subarray(0, count) ?? []);
    after.forEach((value, n) => {
      if (first + n < count) values[first + n] = value ?? NaN;
    });
    this.#drawn.set(track, of.set(annotator, values));
  }
}

/** The mean of what is said around each sample, weighed by a Gaussian of so many seconds; what is not said weighs nothing.
 * @param {Float32Array} values
 * @param {number} seconds
 */
export function smoothed(values, seconds) {
  if (!seconds) return values;
  const sigma = seconds * RATE;
  const reach = Math.floor(3 * sigma) + 1;
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, n) => Math.exp(-0.5 * ((n - reach) / sigma) ** 2));
  return values.map((value, at) => {
    if (Number.isNaN(value)) return NaN;
    let [total, weight] = [0, 0];
    for (let n = Math.max(0, at - reach); n <= Math.min(values.length - 1, at + reach); n++) {
      if (Number.isNaN(values[n])) continue;
      const share = kernel[n - at + reach];
      total += share * values[n];
      weight += share;
    }
    return total / weight;
  });
}
