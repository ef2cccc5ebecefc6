// What a pointer draws, before it is let go: the frame at the edge that moves, and the new times.

import { clock } from "./dom.js";

/** @import { Edge } from "./hit-test.js" */
/** @import { Inspector } from "./inspector.js" */
/** @import { Player } from "./player.js" */
/** @import { Draft } from "./timeline.js" */
/** @import { Tooltip } from "./tooltip.js" */

export class DragPreview {
  /** Where the playhead was. @type {number | null} */
  #before = null;

  /**
   * @param {Player} player
   * @param {Tooltip} tooltip
   * @param {Inspector} inspector
   */
  constructor(player, tooltip, inspector) {
    this.player = player;
    this.tooltip = tooltip;
    this.inspector = inspector;
  }

  /**
   * @param {Draft} draft
   * @param {Edge} part that moves; of a body, its start is shown
   * @param {{ x: number, y: number }} place of the pointer in the window
   */
  show(draft, part, { x, y }) {
    const { player } = this;
    const { start, end } = draft;
    const phase = draft.attributes?.[part];
    if (this.#before === null) {
      player.pause();
      this.#before = player.time;
    }
    if (typeof phase === "number") {
      player.scrub(phase);
      this.tooltip.say(`${part} ${clock(phase)}`, x, y);
    } else {
      player.scrub(frameOf(player, start, end, part));
      this.tooltip.say(`${clock(start)} – ${clock(end)}\n${(end - start).toFixed(3)} s`, x, y);
    }
    this.inspector.showTimes(draft);
  }

  /** It was let go, or given up: the playhead goes back to where it was. */
  end() {
    if (this.#before === null) return;
    this.player.seek(this.#before);
    this.#before = null;
    this.tooltip.show(null);
    this.inspector.showTimes(null);
  }
}

/** The time of the frame that a boundary is about: the first of a segment, or its last.
 * @param {Player} player
 * @param {number} start
 * @param {number} end
 * @param {Edge} part
 */
export const frameOf = (player, start, end, part) =>
  part === "end" && player.frames.areKnown ? player.frames.edge(end, -1) : part === "end" ? end : start;
