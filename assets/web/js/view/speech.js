// A line of the transcript on the timeline's canvas.

import { isolated } from "./dom.js";

/** @import { Place } from "./segment.js" */
/** @import { Timeline } from "./timeline.js" */

const SLIVER_PX = 4; // narrower lines have no corners and no text
const TEXT_PX = 24;

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {Timeline} timeline
 * @param {{ id: string | null, label: string }} line
 * @param {Place} place
 */
export function drawLineItem(ctx, { ink, selection, hover, width: whole }, { id, label }, { x, y, width, height }) {
  const [left, right] = [Math.max(x, -4), Math.min(x + width, whole + 4)];
  const isChosen = id !== null && selection.has(id);
  ctx.globalAlpha = isChosen ? 0.3 : 0.14;
  ctx.fillStyle = ink.accent;
  ctx.beginPath();
  if (width < SLIVER_PX) ctx.rect(left, y, right - left, height);
  else ctx.roundRect(left + 0.5, y + 0.5, right - left - 1, height - 1, 4);
  ctx.fill();
  ctx.globalAlpha = 1;
  if (isChosen || (id !== null && id === hover)) {
    ctx.strokeStyle = isChosen ? ink.text : ink.accent;
    ctx.lineWidth = id === selection.current ? 2.5 : 1.5;
    ctx.stroke();
  }
  if (right - left < TEXT_PX || height < 11) return;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, y, right - left - 4, height);
  ctx.clip();
  ctx.fillStyle = ink.text;
  ctx.fillText(isolated(label), Math.max(left, 0) + 5, y + height / 2 + 0.5);
  ctx.restore();
}
