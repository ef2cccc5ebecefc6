// Who says each line of the transcript.

import { countBefore } from "./binary-search.js";
import { personOf } from "./people.js";

/** @import { Item, Line } from "../types.js" */
/** @import { DocumentStore } from "./document-store.js" */

/** Somebody is heard. @typedef {{ start: number, end: number, who: string }} Spoken */

/** Who speaks most while each line is said, by annotations where there are some, else by what is predicted; "" where nobody
 * is known to. `Transcripts.speakers` in Python is the same.
 * @param {readonly Line[]} lines
 * @param {DocumentStore} store
 */
export function speakersOf(lines, store) {
  const annotated = inOrder(store, [...store.annotations.values()]);
  const predicted = inOrder(
    store,
    [...store.predictions.values()].filter((p) => p.verdict !== "rejected" && store.isShown(p)),
  );
  return lines.map((line) => most(line, annotated) || most(line, predicted));
}

/**
 * @param {DocumentStore} store
 * @param {Item[]} items
 */
function inOrder(store, items) {
  /** @type {Spoken[]} */
  const spoken = [];
  for (const item of items) {
    const row = item.label === "speaking" ? store.rowOf(item) : null;
    if (row) spoken.push({ start: item.start, end: item.end, who: personOf(row) });
  }
  spoken.sort((a, b) => a.start - b.start);
  return { spoken, longest: spoken.reduce((longest, { start, end }) => Math.max(longest, end - start), 0) };
}

/** Who is heard longest within a line.
 * @param {Line} line
 * @param {{ spoken: Spoken[], longest: number }} order
 */
function most({ start, end }, { spoken, longest }) {
  /** @type {Map<string, number>} */
  const shares = new Map();
  for (
    let i = countBefore(spoken.length, (k) => spoken[k].start < start - longest);
    i < spoken.length && spoken[i].start < end;
    i++
  ) {
    const shared = Math.min(spoken[i].end, end) - Math.max(spoken[i].start, start);
    if (shared > 0) shares.set(spoken[i].who, (shares.get(spoken[i].who) ?? 0) + shared);
  }
  return [...shares].sort(([, a], [, b]) => b - a)[0]?.[0] ?? "";
}
