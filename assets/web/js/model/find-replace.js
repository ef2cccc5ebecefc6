// Where a text stands in others, and what becomes of them when another takes its place.

/** @typedef {{ matchCase: boolean, wholeWords: boolean }} FindOptions */
/** @typedef {[number, number]} Span [from, to) in a text */

const SPECIAL = /[\\^$.*+?()[\]{}|/]/g;

/** Finds a text as it is written, from left to right, without overlaps; an empty one is nowhere.
 * @param {string} wanted
 * @param {FindOptions} options
 * @returns {(text: string) => Span[]}
 */
export function finding(wanted, { matchCase, wholeWords }) {
  if (!wanted.trim()) return () => [];
  const literal = wanted.replace(SPECIAL, (character) => `\\${character}`);
  const word = String.raw`[\p{L}\p{M}\p{N}_]`;
  const source = wholeWords ? `(?<!${word})${literal}(?!${word})` : literal;
  const pattern = new RegExp(source, matchCase ? "gu" : "giu");
  return (text) => [...text.matchAll(pattern)].map(({ index, 0: found }) => [index, index + found.length]);
}

/** A text with another in place of some of its parts.
 * @param {string} text
 * @param {readonly Span[]} spans in order
 * @param {string} by
 */
export function replaced(text, spans, by) {
  let done = 0;
  const parts = spans.map(([from, to]) => {
    const before = text.slice(done, from);
    done = to;
    return before + by;
  });
  return [...parts, text.slice(done)].join("").split(/\s+/u).filter(Boolean).join(" ");
}
