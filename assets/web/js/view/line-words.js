// What a line of the transcript says, and where lines come from.

import { el } from "./dom.js";

/** @import { Line } from "../types.js" */

const UNSURE = 0.5; // a word that a model was less sure of is marked

/** The text of a line, each word that is known by its time in a part of its own.
 * @param {Line} line
 */
export function wordsOf(line) {
  const parts = [];
  let done = 0;
  for (const { start, end, text, probability } of line.words ?? []) {
    const at = line.text.indexOf(text, done);
    if (at < 0) return [line.text]; // a text that an earlier release changed has other words
    parts.push(line.text.slice(done, at));
    const isUnsure = probability < UNSURE;
    parts.push(
      el("span", {
        class: isUnsure ? "word unsure" : "word",
        "data-start": start,
        "data-end": end,
        title: isUnsure ? `The recogniser was not sure of this word (${probability.toFixed(2)})` : "",
        text,
      }),
    );
    done = at + text.length;
  }
  return [...parts, line.text.slice(done)].filter(Boolean);
}

/** A part of a text on the page, which may lie in several elements; null where the page shows less.
 * @param {Element} said
 * @param {readonly [number, number]} span [from, to) in its text
 */
export function rangeIn(said, [from, to]) {
  const range = document.createRange();
  const texts = document.createTreeWalker(said, NodeFilter.SHOW_TEXT);
  let done = 0;
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const length = node.nodeValue?.length ?? 0;
    if (from >= done && from < done + length) range.setStart(node, from - done);
    if (to > done && to <= done + length) {
      range.setEnd(node, to - done);
      return range;
    }
    done += length;
  }
  return null;
}

/** A sentence on where lines come from, with how many where that is several places.
 * @param {readonly Line[]} lines
 */
export function originsOf(lines) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { origin, source } of lines) {
    const from = origin ? `from ${origin}` : source === "typed" ? "typed here" : "from subtitles of the video";
    counts.set(from, (counts.get(from) ?? 0) + 1);
  }
  const said = [...counts].map(([from, count]) => (counts.size > 1 ? `${from} (${count})` : from)).join(", ");
  return said && `${said[0].toUpperCase()}${said.slice(1)}.`;
}
