// Which prediction to decide next.

/** @import { Prediction } from "../types.js" */
/** @import { DocumentStore } from "./document-store.js" */
/** @import { ReviewFilter } from "./review-filter.js" */

/** How near to a coin's toss a prediction is, by its confidence where it has one, else by its score.
 * @param {Prediction} p
 */
export function uncertainty(p) {
  return 1 - Math.abs(2 * Math.min(1, Math.max(0, p.confidence ?? p.score)) - 1);
}

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

/** What the threshold hides and nobody decided, of what a person wants to see.
 * @param {DocumentStore} store
 * @param {ReviewFilter} filter
 */
export const below = (store, filter) =>
  filter.of(
    store,
    [...store.predictions.values()].filter((p) => !p.verdict && store.isOffered(p) && p.score < store.threshold),
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
