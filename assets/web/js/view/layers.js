// Two rows of the timeline, one an annotator, while somebody compares them; read-only.

import { isolated } from "./dom.js";
import { FONT } from "./fonts.js";
import { inkOn } from "./layout.js";

/** @import { LayerRow } from "./layout.js" */
/** @import { Timeline } from "./timeline.js" */

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {Timeline} timeline
 * @param {LayerRow} row
 */
export function drawLayer(ctx, timeline, { items, current, y, height }) {
  ctx.font = `12px ${FONT}`;
  for (const item of items) {
    const [left, right] = [Math.max(timeline.x(item.start), -4), Math.min(timeline.x(item.end), timeline.width + 4)];
    if (right < 0 || left > timeline.width) continue;
    const colour = timeline.colour(item);
    const isMeant = current === null || item.id === current;
    ctx.globalAlpha = isMeant ? 0.92 : 0.3;
    ctx.fillStyle = colour;
    ctx.beginPath();
    ctx.roundRect(left + 0.5, y + 3, Math.max(1.5, right - left - 1), height - 7, 4);
    ctx.fill();
    ctx.globalAlpha = 1;
    if (item.id === current) {
      ctx.strokeStyle = timeline.ink.text;
      ctx.lineWidth = 2;
      ctx.stroke();
    }
    if (right - left > 26) {
      ctx.save();
      ctx.clip();
      ctx.fillStyle = isMeant ? inkOn(colour) : timeline.ink.muted;
      ctx.fillText(isolated(item.label || "(no label)"), Math.max(left, 0) + 6, y + height / 2);
      ctx.restore();
    }
  }
}
