// Who says each line of the transcript.

import { countBefore } from "./binary-search.js";
import { personOf } from "./people.js";

/** @import { Item, Line } from "../types.js" */
/** @import { DocumentStore } from "./document-store.js" */

/** The row of voices that nobody visible speaks with. */
export const OFF_SCREEN = "Off screen";
/** The row of all voices of a recording without pictures: it says that there is one, not whose. */
const VOICES = "Voices";

/** Somebody is heard. @typedef {{ start: number, end: number, who: string }} Spoken */

/** Who says each line, "" where nobody is known to: whom a person said, else who speaks most while it is said by
 * annotations, else by what is predicted, else whose voice it is, of its line or by turns. `speakers_of` in Python is the same.
 * @param {readonly Line[]} lines
 * @param {DocumentStore} store
 */
export function speakersOf(lines, store) {
  const somebody = (/** @type {Item} */ { track }) => track !== VOICES;
  const annotated = spokenBy(store, [...store.annotations.values()].filter(somebody));
  const found = [...store.predictions.values()].filter((p) => p.verdict !== "rejected" && store.isShown(p));
  const isTurn = (/** @type {Item} */ item) => "task" in item && item.task === "turns";
  const predicted = spokenBy(
    store,
    found.filter((p) => somebody(p) && !isTurn(p)),
  );
  const turns = spokenBy(
    store,
    found.filter((p) => somebody(p) && isTurn(p)),
  );
  const seen = predicted.filter(({ who }) => who !== OFF_SCREEN);
  const heard = store.media.voices.map(({ start, end, track }) => ({ start, end, who: track }));
  const orders = [annotated, seen, heard, turns, predicted].map(inOrder);
  return lines.map((line) => {
    if (line.speaker) return line.speaker;
    for (const order of orders) {
      const who = most(line, order);
      if (who) return who;
    }
    return "";
  });
}

/**
 * @param {DocumentStore} store
 * @param {Item[]} items
 */
function spokenBy(store, items) {
  /** @type {Spoken[]} */
  const spoken = [];
  for (const item of items) {
    const row = item.label === "speaking" && !("row" in item) ? store.rowOf(item) : null;
    if (row) spoken.push({ start: item.start, end: item.end, who: personOf(row) });
  }
  return spoken;
}

/** @param {Spoken[]} spoken */
function inOrder(spoken) {
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
