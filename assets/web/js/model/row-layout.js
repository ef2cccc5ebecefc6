// How the rows of the timeline are arranged: a person's preference, kept by this browser for all videos.

import { Emitter } from "../emitter.js";
import { entriesOf, isObject, isTexts, readPreferences } from "./preferences.js";

/** @import { Keeper } from "./preferences.js" */

/** size: a step of SIZES; stretch: how high it was dragged next to the usual, which goes before a step; graph: whether the
 * scores of a row are shown under it.
 * @typedef {{ collapsed?: boolean, hidden?: boolean, locked?: boolean, size?: number, stretch?: number,
 *   graph?: boolean }} RowState
 */

const KEY = "rows";
const SIZES = [0.75, 1, 1.5, 2.25, 3.5];
const USUAL = 1;
const [LEAST, MOST] = [0.5, 8]; // how far a row can be dragged
const BUILT_IN = "\ud800"; // half a character, which no name holds: the server refuses it

/** The key of a row that is no track; a person may name one of their own rows like it.
 * @param {string} name
 */
export const builtInKey = (name) => BUILT_IN + name;

/** What a row is called, by its key. @param {string} key */
export const nameOfRow = (key) => (key.startsWith(BUILT_IN) ? key.slice(BUILT_IN.length) : key);

/** What rows are called among each other, by their keys: where a person named one of theirs like one of ours, both say
 * which they are.
 * @param {readonly string[]} keys
 */
export function namesOfRows(keys) {
  const all = keys.map(nameOfRow);
  return all.map((name, n) => {
    if (all.indexOf(name) === all.lastIndexOf(name)) return name;
    return `${name} · ${keys[n] === name ? "your row" : "built in"}`;
  });
}

/** @type {{ [row: string]: RowState }} */
const FIRST = { [builtInKey("Spectrogram")]: { hidden: true } }; // computed when it is first looked at
const VERSION = 2; // of what is kept; before, rows that are no tracks were kept under their names alone
const BEFORE = ["Film", "Sound", "Spectrogram", "Speech", "Question", "Boxes ▭"];
const GRAPH_BEFORE = " ∿";

/** @extends {Emitter<{ change: null }>} */
export class RowLayout extends Emitter {
  /** The only row to show, for this page. @type {string | null} */
  solo = null;

  /** @param {Keeper | null} [storage] */
  constructor(storage = globalThis.localStorage) {
    super();
    this.storage = storage;
    const known = readPreferences(storage, KEY);
    /** @type {string[]} */
    this.order = isTexts(known.order) ? known.order : [];
    const kept = /** @type {[string, RowState][]} */ (entriesOf(known.of, isObject));
    const renewed = known.version === VERSION ? [] : kept.flatMap(([name, state]) => renewedKey(name, state));
    /** @type {Map<string, RowState>} */
    this.of = new Map([...Object.entries(FIRST), ...kept, ...renewed]);
  }

  /** @param {string} name @returns {RowState} */
  get(name) {
    return this.of.get(name) ?? {};
  }

  /**
   * @param {string} name
   * @param {RowState} change
   */
  set(name, change) {
    this.of.set(name, { ...this.get(name), ...change });
    this.save();
  }

  /**
   * @param {string} name
   * @param {"collapsed" | "hidden" | "locked" | "graph"} what
   */
  toggle(name, what) {
    this.set(name, { [what]: !this.get(name)[what] });
  }

  /** @param {string | null} name */
  isLocked(name) {
    return name !== null && Boolean(this.get(name).locked);
  }

  /** @param {string} name */
  isShown(name) {
    return this.solo ? name === this.solo : !this.get(name).hidden;
  }

  /** @param {string} name */
  only(name) {
    this.solo = this.solo === name ? null : name;
    this.emit("change", null);
  }

  showAll() {
    this.solo = null;
    for (const [name, state] of this.of) this.of.set(name, { ...state, hidden: false });
    this.save();
  }

  /** How high it is, next to the usual. @param {string} name */
  size(name) {
    const { size, stretch } = this.get(name);
    if (typeof stretch === "number" && stretch >= LEAST && stretch <= MOST) return stretch;
    return SIZES[size ?? USUAL] ?? SIZES[USUAL];
  }

  /** The step that a row has, or that is next to how high it was dragged. @param {string} name */
  #step(name) {
    const size = this.size(name);
    return SIZES.reduce((best, each, i) => (Math.abs(each - size) < Math.abs(SIZES[best] - size) ? i : best), 0);
  }

  /** As high as a person drags it.
   * @param {string} name
   * @param {number} stretch next to the usual
   */
  stretch(name, stretch) {
    this.set(name, { stretch: Math.min(MOST, Math.max(LEAST, stretch)) });
  }

  /** Whether it can be a step (1, -1) taller.
   * @param {string} name
   * @param {number} step
   */
  canResize(name, step) {
    return !this.get(name).collapsed && this.#step(name) + step in SIZES;
  }

  /**
   * @param {string} name
   * @param {number} step
   */
  resize(name, step) {
    const size = Math.min(SIZES.length - 1, Math.max(0, this.#step(name) + step));
    this.set(name, { size, stretch: undefined });
  }

  /** One place up (-1) or down (1) among these rows, which are in the order that they have; others stay where they are.
   * @param {string} name
   * @param {number} step
   * @param {readonly string[]} names
   */
  move(name, step, names) {
    const moved = [...names];
    const at = moved.indexOf(name);
    const to = Math.min(moved.length - 1, Math.max(0, at + step));
    moved.splice(to, 0, ...moved.splice(at, 1));
    const places = [...this.order, ...names.filter((each) => !this.order.includes(each))];
    this.order = places.map((each) => (names.includes(each) ? String(moved.shift()) : each));
    this.save();
  }

  /** Names in the order that was chosen; one that nobody moved keeps its place before the one that comes after it.
   * @param {readonly string[]} names
   */
  sorted(names) {
    const found = [...new Set(this.order)].filter((name) => names.includes(name));
    for (const [i, name] of [...names.entries()].toReversed()) {
      if (found.includes(name)) continue;
      const next = names[i + 1];
      found.splice(next === undefined ? found.length : found.indexOf(next), 0, name);
    }
    return found;
  }

  save() {
    this.storage?.setItem(
      KEY,
      JSON.stringify({ version: VERSION, order: this.order, of: Object.fromEntries(this.of) }),
    );
    this.emit("change", null);
  }
}

/** What was kept of a row that is no track, under the key that it has now. A row of a person's with its name keeps the
 * same: what was meant is not known.
 * @param {string} name
 * @param {RowState} state
 * @returns {[string, RowState][]}
 */
function renewedKey(name, state) {
  if (name.endsWith(GRAPH_BEFORE)) return [[graphKey(name.slice(0, -GRAPH_BEFORE.length)), state]];
  return BEFORE.includes(name) ? [[builtInKey(name.split(" ")[0]), state]] : [];
}

/** The key of the row with the scores of a track. @param {string} track */
export const graphKey = (track) => builtInKey(`∿ ${track}`);
