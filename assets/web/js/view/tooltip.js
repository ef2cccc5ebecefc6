// What a segment is that is too short to say so itself: its label, times and score beside the pointer.

import { clock } from "./dom.js";

export class Tooltip {
  constructor(box) {
    this.box = box;
  }

  show(doc, at) {
    this.box.hidden = !at || !doc;
    if (this.box.hidden) return;
    const { item, x, y } = at;
    const score = item.score === undefined ? "" : ` · ${item.score.toFixed(2)}`;
    this.box.textContent = `${item.label || "(no label)"}\n${clock(item.start)} – ${clock(item.end)}${score}`;
    this.box.style.left = `${Math.min(x + 14, innerWidth - this.box.offsetWidth - 8)}px`;
    this.box.style.top = `${y - this.box.offsetHeight - 12}px`;
  }
}
