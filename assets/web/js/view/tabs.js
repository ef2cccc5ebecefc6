// Boxes of which one is shown, with a tab for each: `tab-NAME` is the tab of the box NAME.

/** @import { Find } from "./dom.js" */

/** @template {string} Name */
export class Tabs {
  /**
   * @param {Find} $
   * @param {Record<Name, string>} boxes name → the id of what its tab shows
   * @param {(name: Name) => void} [shown] told whenever one comes to the front
   */
  constructor($, boxes, shown = () => {}) {
    this.$ = $;
    this.boxes = boxes;
    this.shown = shown;
    const names = this.#names;
    for (const name of names) {
      this.#tab(name).addEventListener("click", () => this.show(name));
      this.#tab(name).addEventListener("keydown", (event) => {
        const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
        if (!step) return;
        const there = names.filter((each) => !this.#tab(each).hidden);
        const next = there[(there.indexOf(name) + step + there.length) % there.length];
        this.show(next);
        this.#tab(next).focus();
      });
    }
  }

  get #names() {
    return /** @type {Name[]} */ (Object.keys(this.boxes));
  }

  /** @param {Name} name */
  #tab(name) {
    return this.$(`tab-${name}`);
  }

  /** Whether a tab is there at all; where the one that is shown goes, another takes its place.
   * @param {Name} name
   * @param {boolean} isThere
   * @param {Name} instead
   */
  offer(name, isThere, instead) {
    const tab = this.#tab(name);
    tab.hidden = !isThere;
    if (!isThere && tab.getAttribute("aria-selected") === "true") this.show(instead);
  }

  /** @param {Name} wanted */
  show(wanted) {
    for (const name of this.#names) {
      this.#tab(name).setAttribute("aria-selected", String(name === wanted));
      this.#tab(name).tabIndex = name === wanted ? 0 : -1;
      this.$(this.boxes[name]).hidden = name !== wanted;
    }
    this.shown(wanted);
  }
}
