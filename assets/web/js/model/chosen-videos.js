// Which videos of the list are chosen, by their ids; one after the other, or from one to another.

export class ChosenVideos {
  /** @type {Set<string>} */
  ids = new Set();
  /** What was chosen last, or no longer: the other end of a range. @type {{ id: string, isOn: boolean } | null} */
  last = null;

  /** Choose one, or no longer.
   * @param {string} id
   * @param {boolean} isOn
   */
  set(id, isOn) {
    if (isOn) this.ids.add(id);
    else this.ids.delete(id);
    this.last = { id, isOn };
  }

  /** The same for all from one to another of a list, in either order; nothing where one of them is not in it any more.
   * @param {readonly string[]} listed
   * @param {readonly [string, string]} ends
   * @param {boolean} isOn
   */
  setRange(listed, ends, isOn) {
    const [from, to] = ends.map((id) => listed.indexOf(id)).sort((a, b) => a - b);
    if (from >= 0) this.setAll(listed.slice(from, to + 1), isOn);
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
    this.last = null;
  }

  clear() {
    this.ids.clear();
    this.last = null;
  }
}
