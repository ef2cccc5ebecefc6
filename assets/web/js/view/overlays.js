// What lies over the rows of the timeline: marks, the box of a selection, what a boundary snaps to, a row's lock.

import { FONT } from "./fonts.js";

/** @import { Row } from "./layout.js" */
/** @import { Timeline } from "./timeline.js" */

/** A line across all rows.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Timeline} timeline
 * @param {number} time
 * @param {string} colour
 * @param {number} width
 * @param {number[]} [dash]
 */
export function drawLine(ctx, timeline, time, colour, width, dash = []) {
  const x = timeline.x(time);
  if (x < -2 || x > timeline.width + 2) return;
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.setLineDash(dash);
  ctx.beginPath();
  ctx.moveTo(x, 0);
  ctx.lineTo(x, timeline.height);
  ctx.stroke();
  ctx.setLineDash([]);
}

/** What a boundary snaps to, and why.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Timeline} timeline
 */
export function drawSnap(ctx, timeline) {
  if (!timeline.snapLine) return;
  const { time, what, y } = timeline.snapLine;
  const { accent } = timeline.ink;
  drawLine(ctx, timeline, time, accent, 1, [4, 3]);
  ctx.font = `10px ${FONT}`;
  const width = ctx.measureText(what).width + 8;
  const x = Math.min(timeline.x(time) + 3, timeline.width - width);
  ctx.fillStyle = accent;
  ctx.beginPath();
  ctx.roundRect(x, y, width, 15, 4);
  ctx.fill();
  ctx.fillStyle = "#fff";
  ctx.fillText(what, x + 4, y + 8);
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {Timeline} timeline
 * @param {Row} row
 */
export function drawLock(ctx, timeline, row) {
  ctx.globalAlpha = 0.5;
  ctx.fillStyle = timeline.ink.surface;
  ctx.fillRect(0, row.y, timeline.width, row.height - 1);
  ctx.globalAlpha = 1;
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {Timeline} timeline
 */
export function drawBox(ctx, timeline) {
  if (!timeline.box) return;
  const { x0, y0, x1, y1 } = timeline.box;
  const [left, top, width, height] = [Math.min(x0, x1), Math.min(y0, y1), Math.abs(x1 - x0), Math.abs(y1 - y0)];
  ctx.strokeStyle = timeline.ink.accent;
  ctx.lineWidth = 1;
  ctx.strokeRect(left, top, width, height);
  ctx.globalAlpha = 0.12;
  ctx.fillStyle = timeline.ink.accent;
  ctx.fillRect(left, top, width, height);
  ctx.globalAlpha = 1;
}

/** What was marked as start and end of a new segment.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Timeline} timeline
 */
export function drawMarks(ctx, timeline) {
  const { in: from, out: to } = timeline.marks;
  const { accent } = timeline.ink;
  if (from !== null && to !== null && to > from) {
    ctx.fillStyle = accent;
    ctx.globalAlpha = 0.12;
    ctx.fillRect(timeline.x(from), 0, timeline.x(to) - timeline.x(from), timeline.height);
    ctx.globalAlpha = 1;
  }
  if (from !== null) drawLine(ctx, timeline, from, accent, 1.5, [2, 2]);
  if (to !== null) drawLine(ctx, timeline, to, accent, 1.5, [2, 2]);
}
