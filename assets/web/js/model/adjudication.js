// The comparison of what two annotators marked, and what an adjudicator makes of it: annotations of their own, which say
// which two they came from. The two layers stay as they were.

import { annotation, contentOf } from "./annotation.js";

/** @import { Annotation, Compared, LayerComparison } from "../types.js" */
/** @import { Editor } from "./editor.js" */

/** The attribute with the ids that a decision came from; Python leaves out of a layer what has it. */
export const ADJUDICATED = "adjudicated_from";

/** @typedef {"one" | "other"} Side */

export class Adjudication {
  /** what the adjudicator left out, by `keyOf` @type {Set<string>} */
  #left = new Set();

  /**
   * @param {Editor} editor
   * @param {{ [side in Side]: string }} names of the two annotators
   * @param {LayerComparison} comparison
   */
  constructor(editor, names, { one, other, found, agreement }) {
    this.editor = editor;
    this.names = names;
    this.agreement = agreement;
    /** @type {{ [side in Side]: Annotation[] }} */
    this.layers = { one: one.map(annotation), other: other.map(annotation) };
    this.byId = new Map([...this.layers.one, ...this.layers.other].map((made) => [made.id, made]));
    this.agreed = found.filter(({ kind }) => kind === "same");
    this.differences = found.filter(({ kind }) => kind !== "same");
  }

  /** What one of the two marked; null where they did not.
   * @param {Compared} found
   * @param {Side} side
   */
  of(found, side) {
    return this.byId.get(found[side] ?? "") ?? null;
  }

  /** From the first start to the last end of both. @param {Compared} found */
  span(found) {
    const both = [this.of(found, "one"), this.of(found, "other")].filter((made) => made !== null);
    return { start: Math.min(...both.map((a) => a.start)), end: Math.max(...both.map((a) => a.end)) };
  }

  /** What was decided: an annotation that came from it, or null. @param {Compared} found */
  resultOf(found) {
    const key = keyOf(found);
    for (const made of this.editor.store.annotations.values()) if (sourceOf(made) === key) return made;
    return null;
  }

  /** @param {Compared} found */
  isDecided(found) {
    return this.#left.has(keyOf(found)) || this.resultOf(found) !== null;
  }

  get undecided() {
    return this.differences.filter((found) => !this.isDecided(found));
  }

  /** Take what one of the two marked; where they marked nothing, it is left out.
   * @param {Compared} found
   * @param {Side} side
   */
  take(found, side) {
    const chosen = this.of(found, side);
    if (chosen) this.#decide(found, contentOf(chosen));
    else this.#leaveOut(found);
  }

  /** Something third, which begins as a copy of either with the times that are wanted. Returns its id.
   * @param {Compared} found
   * @param {{ start: number, end: number }} span
   */
  draw(found, { start, end }) {
    const like = this.of(found, "one") ?? this.of(found, "other");
    return like && this.#decide(found, { ...contentOf(like), start, end });
  }

  /** All that both marked the same and that is not decided, as one step of undo. Returns how many. */
  takeAgreed() {
    const open = this.agreed.filter((found) => !this.isDecided(found));
    this.editor.together(() => open.forEach((found) => this.take(found, "one")));
    return open.length;
  }

  /**
   * @param {Compared} found
   * @param {ReturnType<typeof contentOf>} content
   */
  #decide(found, content) {
    this.#left.delete(keyOf(found));
    const attributes = { ...content.attributes, [ADJUDICATED]: idsOf(found) };
    const known = this.resultOf(found);
    if (!known) return this.editor.create({ ...content, attributes });
    this.editor.update(known.id, { ...content, attributes });
    return known.id;
  }

  /** @param {Compared} found */
  #leaveOut(found) {
    const known = this.resultOf(found);
    if (known) this.editor.remove(known.id);
    this.#left.add(keyOf(found));
  }
}

/** @param {Compared} found */
const idsOf = ({ one, other }) => [one, other].filter((id) => id !== null);

/** @param {Compared} found */
const keyOf = (found) => idsOf(found).join(" ");

/** What an annotation was decided from, as `keyOf` says it; empty for any other. @param {Readonly<Annotation>} made */
function sourceOf({ attributes }) {
  const ids = attributes[ADJUDICATED];
  return Array.isArray(ids) ? ids.join(" ") : "";
}
