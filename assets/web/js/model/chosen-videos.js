// Which videos of the list are chosen, by their ids; one after the other, or from one to another.

export class ChosenVideos {
  /** @type {Set<string>} */
  ids = new Set();
  /** Where the last choice was made in the list, and of what: the other end of a range.
   * @type {{ index: number, isOn: boolean } | null} */
  #last = null;

  /** Choose one, or no longer.
   * @param {string} id
   * @param {number} index
   * @param {boolean} isOn
   */
  set(id, index, isOn) {
    if (isOn) this.ids.add(id);
    else this.ids.delete(id);
    this.#last = { index, isOn };
  }

  /** From the last one to this: the same for all between them. `ids` is the whole list in its order; null where nothing
   * was chosen before.
   * @param {number} index
   * @returns {{ from: number, to: number, isOn: boolean } | null}
   */
  rangeTo(index) {
    if (!this.#last) return null;
    const { index: other, isOn } = this.#last;
    return { from: Math.min(index, other), to: Math.max(index, other), isOn };
  }

  /** @param {readonly string[]} ids @param {boolean} [isOn] */
  setAll(ids, isOn = true) {
    for (const id of ids) {
      if (isOn) this.ids.add(id);
      else this.ids.delete(id);
    }
  }

  /** The list is in another order now: nothing is between two of it any more. */
  forgetPlace() {
    this.#last = null;
  }

  clear() {
    this.ids.clear();
    this.#last = null;
  }
}
