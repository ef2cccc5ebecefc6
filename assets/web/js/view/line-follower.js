// The line that is said now, and the word of it, marked in the list of lines.

const SHARE = 1 / 3; // of the list, above a line that is brought into sight

export class LineFollower {
  /** @type {HTMLElement | null} */
  #line = null;
  /** @type {HTMLElement | undefined} */
  #word;

  /** @param {HTMLElement} list */
  constructor(list) {
    this.list = list;
  }

  /** The list was drawn anew. */
  forget() {
    this.#line?.removeAttribute("aria-current");
    this.#line = null;
  }

  /**
   * @param {HTMLElement | null} line that is said
   * @param {number} time
   * @param {number} until the end of the frame
   * @param {boolean} mayScroll false: somebody types in the list
   */
  mark(line, time, until, mayScroll) {
    this.#markWord(line, time, until);
    if (line === this.#line) return;
    this.#line?.removeAttribute("aria-current");
    this.#line = line;
    line?.setAttribute("aria-current", "true");
    if (!line || !mayScroll || !this.list.offsetParent) return;
    const { offsetTop, offsetHeight } = line;
    const { scrollTop, clientHeight } = this.list;
    const isInSight = offsetTop >= scrollTop && offsetTop + offsetHeight <= scrollTop + clientHeight;
    if (!isInSight) this.list.scrollTop = offsetTop - clientHeight * SHARE;
  }

  /**
   * @param {HTMLElement | null} line
   * @param {number} time
   * @param {number} until
   */
  #markWord(line, time, until) {
    /** @type {HTMLElement[]} */
    const words = [...(line?.querySelectorAll(/** @type {"span"} */ (".word")) ?? [])];
    const now = words.findLast(({ dataset }) => Number(dataset.start) < until - 1e-6 && time < Number(dataset.end));
    if (now === this.#word) return;
    this.#word?.classList.remove("now");
    this.#word = now;
    now?.classList.add("now");
  }
}
