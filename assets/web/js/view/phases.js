// Onset, apex and offset of an expression, as marks on its segment; of the one that is chosen they are handles to drag.

import { phasesOf, proposedPhases } from "../model/phases.js";

/** @import { Json } from "../types.js" */
/** @import { Phases } from "../model/phases.js" */
/** @import { Timeline } from "./timeline.js" */

const HANDLE_PX = 4;

/** The phases of an annotation, or of a prediction within its segment; null where it has none.
 * @param {{ start: number, end: number, attributes?: { [name: string]: Json }, onset?: number, apex?: number,
 *   offset?: number }} item
 * @returns {Phases | null}
 */
export const shownPhases = (item) => phasesOf(item.attributes ?? proposedPhases(item), item);

/** A line at the apex; of the chosen segment, a line and a handle for each phase.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Timeline} timeline
 * @param {Phases} phases
 * @param {{ y: number, height: number }} place
 * @param {string} ink
 * @param {boolean} isChosen
 */
export function drawPhases(ctx, timeline, { onset, apex, offset }, { y, height }, ink, isChosen) {
  ctx.fillStyle = ink;
  ctx.fillRect(timeline.x(apex) - 0.75, y, 1.5, height);
  if (!isChosen) return;
  for (const time of [onset, offset]) ctx.fillRect(timeline.x(time) - 0.5, y, 1, height);
  const handle = (/** @type {number} */ time, /** @type {number} */ left, /** @type {number} */ right) => {
    const x = timeline.x(time);
    ctx.beginPath();
    ctx.moveTo(x + left, y);
    ctx.lineTo(x + right, y);
    ctx.lineTo(x, y + HANDLE_PX * 1.8);
    ctx.closePath();
    ctx.fill();
    ctx.strokeStyle = timeline.ink.surface;
    ctx.lineWidth = 1;
    ctx.stroke();
  };
  // the slope of each says what it is: it comes, is strongest, goes
  handle(onset, -1, HANDLE_PX * 1.6);
  handle(offset, -HANDLE_PX * 1.6, 1);
  handle(apex, -HANDLE_PX, HANDLE_PX);
}
