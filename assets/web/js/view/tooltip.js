// What a segment is that is too short to say so itself: its label, times and how sure the model is, beside the pointer; and what curves
// say there.

import { byline } from "./authors.js";
import { certaintyOf } from "./certainty.js";
import { clock } from "./dom.js";
import { valuesAt } from "./graphs.js";
import { shownPhases } from "./phases.js";

/** @import { DocumentStore } from "../model/document-store.js" */
/** @import { Hovered } from "./timeline.js" */

export class Tooltip {
  /** @param {HTMLElement} box */
  constructor(box) {
    this.box = box;
  }

  /**
   * @param {Hovered | null} at null hides it
   * @param {DocumentStore} [store] what the curves are of
   * @param {boolean} [whose] whether to say who made a segment
   */
  show(at, store, whose = false) {
    this.box.hidden = true;
    if (!at) return;
    if ("row" in at) {
      const values = store ? valuesAt(at.row, store, at.time) : [];
      if (values.length) this.say([clock(at.time), ...values].join("\n"), at.x, at.y);
      return;
    }
    const { item, x, y } = at;
    const sure = "score" in item ? ` · ${certaintyOf(item)}` : "";
    const phases = shownPhases(item);
    const when = phases
      ? `\nonset ${clock(phases.onset)} · apex ${clock(phases.apex)} · offset ${clock(phases.offset)}`
      : "";
    const by = whose && "annotator" in item ? `\n${byline(item)}` : "";
    this.say(`${item.label || "(no label)"}\n${clock(item.start)} – ${clock(item.end)}${sure}${when}${by}`, x, y);
  }

  /**
   * @param {string} text
   * @param {number} x in the window
   * @param {number} y
   */
  say(text, x, y) {
    this.box.hidden = false;
    this.box.textContent = text;
    this.box.style.left = `${Math.min(x + 14, innerWidth - this.box.offsetWidth - 8)}px`;
    this.box.style.top = `${Math.max(4, y - this.box.offsetHeight - 12)}px`;
  }
}
