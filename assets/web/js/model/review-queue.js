// Which prediction to decide next.

import { chance } from "./chance.js";

/** @import { Prediction } from "../types.js" */
/** @import { DocumentStore } from "./document-store.js" */
/** @import { ReviewFilter } from "./review-filter.js" */

/** How near to a coin's toss a prediction is. @param {Prediction} p */
export const uncertainty = (p) => 1 - Math.abs(2 * chance(p) - 1);

/** @type {{ [order: string]: (a: Prediction, b: Prediction) => number }} */
const ORDERS = {
  uncertainty: (a, b) => uncertainty(b) - uncertainty(a) || a.start - b.start,
  time: (a, b) => a.start - b.start || a.end - b.end,
  task: (a, b) =>
    a.task.localeCompare(b.task) || a.track.localeCompare(b.track, undefined, { numeric: true }) || a.start - b.start,
};

/** The undecided predictions that are shown and that a person wants to see, in the order to decide them in:
 * "uncertainty", "time" or "task".
 * @param {DocumentStore} store
 * @param {ReviewFilter} filter
 * @returns {Readonly<Prediction>[]}
 */
export function queue(store, filter) {
  return filter.of(store, store.undecided).sort(ORDERS[filter.order] ?? ORDERS.uncertainty);
}

/** The undecided predictions that are shown at a time, the most certain first, and of these the shortest.
 * @param {DocumentStore} store
 * @param {number} time
 */
export const undecidedAt = (store, time) =>
  store.undecided
    .filter(({ start, end }) => start <= time && time < end)
    .sort((a, b) => chance(b) - chance(a) || a.end - a.start - (b.end - b.start));

/** What the threshold hides and nobody decided, of what a person wants to see.
 * @param {DocumentStore} store
 * @param {ReviewFilter} filter
 */
export const below = (store, filter) =>
  filter.of(
    store,
    [...store.predictions.values()].filter((p) => !p.verdict && store.isOffered(p) && chance(p) < store.threshold),
  );

/** The one to look at after `id` was decided: what followed it in the queue, else the first.
 * @param {readonly Readonly<Prediction>[]} before
 * @param {string | null | undefined} id
 * @param {readonly Readonly<Prediction>[]} now
 */
export function after(before, id, now) {
  const left = new Set(now.map((p) => p.id));
  const at = before.findIndex((p) => p.id === id);
  return before.slice(at + 1).find((p) => left.has(p.id)) ?? now[0] ?? null;
}

/** How far the review is, of the predictions that can be shown.
 * @param {DocumentStore} store
 */
export function progress(store) {
  const counts = { accepted: 0, corrected: 0, rejected: 0 };
  let total = 0;
  for (const p of store.predictions.values()) {
    if (!store.isOffered(p)) continue;
    total++;
    if (p.verdict) counts[p.verdict]++;
  }
  return { ...counts, total, decided: counts.accepted + counts.corrected + counts.rejected };
}
