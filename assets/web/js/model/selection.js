// Which segments are chosen. One of them is the current one: the inspector shows it, keys without a plural act on it.

import { Emitter } from "../emitter.js";

/** @extends {Emitter<{ change: null }>} */
export class Selection extends Emitter {
  /** @type {ReadonlySet<string>} */
  ids = new Set();
  /** @type {string | null} */
  current = null;
  /** What was chosen before `instead`. @type {{ ids: readonly string[], current: string | null } | null} */
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

  /** One in place of what is chosen, which is chosen again should this one be taken back: the server may refuse it.
   * @param {string} id
   */
  instead(id) {
    const before = { ids: [...this.ids], current: this.current };
    this.one(id);
    this.#before = before;
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

  /** Forget what is no longer there.
   * @param {(id: string) => boolean} exists
   */
  keepOnly(exists) {
    if ([...this.ids].every(exists)) return;
    const isGone = ![...this.ids].some(exists);
    const { ids, current } = (isGone && this.#before) || this;
    const left = [...ids].filter(exists);
    this.set(left, current !== null && exists(current) ? current : (left.at(-1) ?? null));
  }
}
