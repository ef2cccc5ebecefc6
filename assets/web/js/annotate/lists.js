// The lists beside the picture, of which one is shown: segments, the review, the transcript.

/** @import { Find } from "../view/dom.js" */

/** @typedef {"segments" | "review" | "transcript"} List */

/** list → the id of what it shows @type {Record<List, string>} */
const BOXES = { segments: "segment-list", review: "review", transcript: "transcript" };
const LISTS = /** @type {List[]} */ (Object.keys(BOXES));

export class Lists {
  /**
   * @param {Find} $
   * @param {(list: List) => void} shown told whenever one comes to the front
   */
  constructor($, shown) {
    this.$ = $;
    this.shown = shown;
    for (const list of LISTS) {
      this.#tab(list).addEventListener("click", () => this.show(list));
      this.#tab(list).addEventListener("keydown", (event) => {
        const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
        if (!step) return;
        const next = LISTS[(LISTS.indexOf(list) + step + LISTS.length) % LISTS.length];
        this.show(next);
        this.#tab(next).focus();
      });
    }
  }

  /** @param {List} list */
  #tab(list) {
    return this.$(`tab-${list}`);
  }

  /** @param {List} wanted */
  show(wanted) {
    for (const list of LISTS) {
      this.#tab(list).setAttribute("aria-selected", String(list === wanted));
      this.#tab(list).tabIndex = list === wanted ? 0 : -1;
      this.$(BOXES[list]).hidden = list !== wanted;
    }
    this.shown(wanted);
  }
}
