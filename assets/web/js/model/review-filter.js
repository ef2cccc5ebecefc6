// Which predictions a person wants to decide about: kept by this browser, for all videos.

import { isWithin, rangeText } from "./chance.js";
import { readPreferences } from "./preferences.js";

/** @import { Prediction } from "../types.js" */
/** @import { DocumentStore } from "./document-store.js" */
/** @import { Keeper } from "./preferences.js" */

/** "" and null let all through. by: only in videos in which an annotation of this person stands; lowest, highest: how
 * sure the model is, 0…1.
 * @typedef {{ label: string, row: string, question: string, by: string, lowest: number | null, highest: number | null }}
 *   Wanted
 */

const KEY = "review";
/** @type {Readonly<Wanted>} */
export const ALL = Object.freeze({ label: "", row: "", question: "", by: "", lowest: null, highest: null });

/** @param {unknown} value */
const isShare = (value) => typeof value === "number" && Number.isFinite(value) && value >= 0;

export class ReviewFilter {
  /** @type {Wanted} */
  wanted = { ...ALL };
  order = "uncertainty";

  /** @param {Keeper | null} [storage] */
  constructor(storage = globalThis.localStorage) {
    this.storage = storage;
    const { order, ...kept } = readPreferences(storage, KEY);
    if (typeof order === "string") this.order = order;
    for (const name of /** @type {const} */ (["label", "row", "question", "by"]))
      if (typeof kept[name] === "string") this.wanted[name] = kept[name];
    for (const name of /** @type {const} */ (["lowest", "highest"]))
      if (isShare(kept[name])) this.wanted[name] = Math.min(1, /** @type {number} */ (kept[name]));
  }

  /** @param {Partial<Wanted & { order: string }>} change */
  set({ order = this.order, ...change }) {
    this.order = order;
    Object.assign(this.wanted, change);
    this.storage?.setItem(KEY, JSON.stringify({ ...this.wanted, order }));
  }

  get isSet() {
    return Object.entries(this.wanted).some(([name, value]) => value !== ALL[/** @type {keyof Wanted} */ (name)]);
  }

  /** What it lets through, in a few words; nothing where that is all. */
  get words() {
    const { label, row, question, by } = this.wanted;
    return [label, row, question && `“${question}”`, by, rangeText(this.wanted)].filter(Boolean).join(", ");
  }

  /** The predictions of a video that it lets through.
   * @param {DocumentStore} store
   * @param {readonly Readonly<Prediction>[]} predictions
   */
  of(store, predictions) {
    const { label, row, question, by } = this.wanted;
    if (by && ![...store.annotations.values()].some((made) => made.annotator === by)) return [];
    const runs = new Set(store.groundingRuns.filter((run) => run.query === question).map((run) => run.id));
    return predictions.filter(
      (p) =>
        (!label || p.label === label) &&
        (!row || store.rowOf(p) === row) &&
        (!question || runs.has(p.run)) &&
        isWithin(p, this.wanted),
    );
  }
}
