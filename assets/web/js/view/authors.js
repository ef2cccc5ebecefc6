// Whose a segment is: a mark for everybody who annotated a video, where that is more than one.

/** @import { Annotation } from "../types.js" */
/** @import { DocumentStore } from "../model/document-store.js" */

/** How a person is marked. @typedef {{ initials: string, colour: string }} Author */

const NOBODY = "no name";

/** Name → mark; empty where only one person made what is there, segments and curves.
 * @param {DocumentStore} store
 * @returns {Map<string, Author>}
 */
export function authorsOf({ annotations, palette, traces }) {
  const makers = [...annotations.values()].map((made) => made.annotator);
  const names = [...new Set([...makers, ...traces.annotators])].sort();
  if (names.length < 2) return new Map();
  return new Map(names.map((name, i) => [name, { initials: initialsOf(name), colour: palette[i % palette.length] }]));
}

/** @param {string} name */
function initialsOf(name) {
  const words = name.match(/[\p{L}\p{N}]+/gu) ?? ["?"];
  const letters = words.length > 1 ? [words[0], words[words.length - 1]].map((word) => [...word][0]) : [...words[0]];
  return letters.slice(0, 2).join("");
}

/** Who made a segment and who changed it last, as a person reads it. @param {Pick<Annotation, "annotator" | "edited_by">} made */
export function byline({ annotator, edited_by: editor }) {
  const maker = annotator || NOBODY;
  return editor === annotator ? maker : `${maker}, corrected by ${editor || NOBODY}`;
}
