// What a segment is that is too short to say so itself: its label, times and score beside the pointer.

import { clock } from "./dom.js";

/** @import { Item } from "../types.js" */

export class Tooltip {
  /** @param {HTMLElement} box */
  constructor(box) {
    this.box = box;
  }

  /** @param {{ item: Item, x: number, y: number } | null} at null hides it */
  show(at) {
    this.box.hidden = !at;
    if (!at) return;
    const { item, x, y } = at;
    const score = "score" in item ? ` · ${item.score.toFixed(2)}` : "";
    this.say(`${item.label || "(no label)"}\n${clock(item.start)} – ${clock(item.end)}${score}`, x, y);
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
    this.box.style.top = `${y - this.box.offsetHeight - 12}px`;
  }
}
