// Lines of the transcript as the timeline shows them: segments of one row, which are chosen by ids of their own.

import { builtInKey } from "./row-layout.js";

/** @import { Line } from "../types.js" */

/** The row that lines lie in. */
export const SPEECH = "Speech";
/** The key of its row; one of a person's may be called “Speech”, too. */
export const SPEECH_ROW = builtInKey(SPEECH);
const PREFIX = "line:";

/** A line as a segment: its label is what it says.
 * @typedef {{ id: string, track: string, label: string, start: number, end: number, version: number, isLine: true }} LineItem
 */

/** What a line is called among segments. @param {{ id: number | null }} line */
export const itemIdOf = ({ id }) => `${PREFIX}${id}`;

/** @param {string | null | undefined} id of a segment, or of a line among them */
export const isLineId = (id) => Boolean(id?.startsWith(PREFIX));

/** The id of a line by what it is called among segments. @param {string} id */
export const lineIdOf = (id) => (isLineId(id) ? Number(id.slice(PREFIX.length)) : null);

/** @param {Line} line @returns {LineItem} */
const itemOf = (line) => ({
  id: itemIdOf(line),
  track: SPEECH,
  label: line.text,
  start: line.start,
  end: line.end,
  version: line.version,
  isLine: true,
});

/** What was made of lines: they are many, and are asked for with every frame.
 * @type {WeakMap<readonly Line[], ReadonlyMap<string, LineItem>>}
 */
const known = new WeakMap();

/** All lines as segments, by their ids, in order of time. @param {readonly Line[]} lines */
export function lineItems(lines) {
  const found = known.get(lines) ?? new Map(lines.map((line) => [itemIdOf(line), itemOf(line)]));
  known.set(lines, found);
  return found;
}
