// Which segments are chosen. One of them is the current one: the inspector shows it, keys without a plural act on it.

import { Emitter } from "../emitter.js";

/** @extends {Emitter<{ change: null }>} */
export class Selection extends Emitter {
  /** @type {ReadonlySet<string>} */
  ids = new Set();
  /** @type {string | null} */
  current = null;
  /** What was chosen before `instead`, and what of that was gone then.
   * @type {{ ids: readonly string[], current: string | null, gone: readonly string[] } | null}
   */
  #before = null;

  /** @param {string} id */
  has(id) {
    return this.ids.has(id);
  }

  get size() {
    return this.ids.size;
  }

  /** @param {string | null} id */
  one(id) {
    this.set(id === null ? [] : [id], id);
  }

  /** What `make` makes, in place of what is chosen, which is chosen again should that be taken back: the server may
   * refuse it.
   * @param {() => readonly string[] | string | null} make where it makes nothing, all stays as it is
   * @param {(id: string) => boolean} exists
   * @param {"first" | "last"} [which] of them becomes the current one
   */
  instead(make, exists, which = "last") {
    const { ids, current } = this;
    const made = [make() ?? []].flat();
    if (!made.length) return;
    this.set(made, made.at(which === "first" ? 0 : -1));
    this.#before = { ids: [...ids], current, gone: [...ids].filter((id) => !exists(id)) };
  }

  /**
   * @param {readonly string[]} ids
   * @param {string | null} [current]
   */
  set(ids, current = ids.at(-1) ?? null) {
    this.#before = null;
    this.ids = new Set(ids);
    this.current = current;
    this.emit("change", null);
  }

  /** @param {string} id */
  toggle(id) {
    const ids = new Set(this.ids);
    if (ids.delete(id)) this.set([...ids]);
    else this.set([...ids, id], id);
  }

  /** What was chosen before `instead` is not to come back: a person deletes what was made. */
  settle() {
    this.#before = null;
  }

  /** Forget what is no longer there.
   * @param {(id: string) => boolean} exists
   */
  keepOnly(exists) {
    const before = this.#before;
    const isBack = before !== null && (before.gone.some(exists) || ![...this.ids].some(exists));
    if (!isBack && [...this.ids].every(exists)) return;
    const { ids, current } = isBack ? before : this;
    const left = [...ids].filter(exists);
    this.set(left, current !== null && exists(current) ? current : (left.at(-1) ?? null));
    if (!isBack) this.#before = before; // the rest of what was made may be taken back, too
  }
}
