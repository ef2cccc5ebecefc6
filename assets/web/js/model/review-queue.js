// Which prediction to decide next.

// How sure a model is says its confidence where it has one, else how far its score lies from a coin's toss.
export function uncertainty(p) {
  if (p.confidence !== undefined) return 1 - p.confidence;
  return 1 - Math.abs(2 * Math.min(1, Math.max(0, p.score)) - 1);
}

const ORDERS = {
  uncertainty: (a, b) => uncertainty(b) - uncertainty(a) || a.start - b.start,
  time: (a, b) => a.start - b.start || a.end - b.end,
  task: (a, b) =>
    a.task.localeCompare(b.task) || a.track.localeCompare(b.track, undefined, { numeric: true }) || a.start - b.start,
};

// The undecided predictions that are shown, in an order: "uncertainty", "time" or "task".
export function queue(doc, order) {
  return doc.undecided.sort(ORDERS[order] ?? ORDERS.uncertainty);
}

// What the threshold hides and nobody decided.
export const below = (doc) =>
  [...doc.predictions.values()].filter((p) => !p.verdict && doc.isOffered(p) && p.score < doc.threshold);

// The one to look at after `id` was decided: what followed it in the queue, else the first.
export function after(before, id, now) {
  const left = new Set(now.map((p) => p.id));
  const at = before.findIndex((p) => p.id === id);
  return before.slice(at + 1).find((p) => left.has(p.id)) ?? now[0] ?? null;
}

// How far the review is: {decided, total, accepted, corrected, rejected} of the predictions that can be shown.
export function progress(doc) {
  const counts = { accepted: 0, corrected: 0, rejected: 0 };
  let total = 0;
  for (const p of doc.predictions.values()) {
    if (!doc.isOffered(p)) continue;
    total++;
    if (p.verdict) counts[p.verdict]++;
  }
  return { ...counts, total, decided: counts.accepted + counts.corrected + counts.rejected };
}
