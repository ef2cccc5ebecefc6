// A row that is drawn as a curve: everybody's values of a scale over time.

import { RATE, smoothed } from "../model/traces.js";
import { currentUser } from "../sync/current-user.js";
import { FONT } from "./fonts.js";

/** @import { TraceRow } from "./layout.js" */
/** @import { Timeline } from "./timeline.js" */

const MARGIN = 6; // px above and below the scale

/** What was smoothed, by what it was made of: rows are drawn many times a second.
 * @type {WeakMap<Float32Array, { seconds: number, values: Float32Array }>}
 */
const known = new WeakMap();

/** @param {Float32Array} values @param {number} seconds */
function smooth(values, seconds) {
  const made = known.get(values);
  if (made?.seconds === seconds) return made.values;
  const found = smoothed(values, seconds);
  known.set(values, { seconds, values: found });
  return found;
}

/** Where a value is in its row; one beyond a scale that became smaller is at its edge.
 * @param {TraceRow} row
 * @param {number} value
 */
export const yOf = ({ y, height, scale: [low, high] }, value) =>
  y + height - MARGIN - ((Math.min(Math.max(value, low), high) - low) / (high - low)) * (height - 2 * MARGIN);

/** The value at a height of a row, within its scale. @param {TraceRow} row @param {number} at */
export function valueOf({ y, height, scale: [low, high] }, at) {
  const share = (y + height - MARGIN - at) / (height - 2 * MARGIN);
  return low + (high - low) * Math.min(Math.max(share, 0), 1);
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {Timeline} timeline
 * @param {TraceRow} row
 */
export function drawTrace(ctx, timeline, row) {
  const { ink, store } = timeline;
  const [low, high] = row.scale;
  const ticks = [low, (low + high) / 2, high];
  ctx.fillStyle = ink.line;
  for (const tick of ticks) ctx.fillRect(0, Math.round(yOf(row, tick)), timeline.width, 1);
  const me = currentUser();
  const own = (/** @type {{ annotator: string }} */ each) => Number(each.annotator === me);
  for (const { annotator, values } of store.traces.of(row.name).sort((a, b) => own(a) - own(b))) {
    const isOwn = annotator === me;
    ctx.strokeStyle = isOwn ? ink.accent : (timeline.authors.get(annotator)?.colour ?? ink.muted);
    ctx.lineWidth = isOwn ? 2 : 1.25;
    if (isOwn && timeline.smoothing) {
      ctx.globalAlpha = 0.3;
      drawLine(ctx, timeline, row, values);
      ctx.globalAlpha = 1;
    }
    drawLine(ctx, timeline, row, smooth(values, timeline.smoothing));
  }
  const draft = timeline.traceDrafts.get(row.name);
  if (draft) {
    ctx.strokeStyle = ink.text;
    ctx.lineWidth = 2;
    drawLine(ctx, timeline, row, draft.values, draft.first);
  }
  ctx.font = `10px ${FONT}`;
  ctx.fillStyle = ink.text;
  ctx.strokeStyle = ink.surface; // around the numbers, so that no curve crosses them
  ctx.lineWidth = 3;
  for (const [n, tick] of ticks.entries()) {
    const text = String(Math.round(tick * 100) / 100);
    const at = yOf(row, tick) + [-4, 0, 4][n];
    ctx.strokeText(text, 3, at);
    ctx.fillText(text, 3, at);
  }
}

const DENSE = 2; // samples a pixel, from which on a pixel shows what all of its samples span
const LOOKED_AT = 24; // of the samples of a pixel: enough to see the shape at any zoom

/** What is in view of a curve.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Timeline} timeline
 * @param {TraceRow} row
 * @param {ArrayLike<number>} values
 * @param {number} [first] the number of the first sample
 */
function drawLine(ctx, timeline, row, values, first = 0) {
  const from = Math.max(0, Math.floor(timeline.start * RATE) - first - 1);
  const to = Math.min(values.length, Math.ceil(timeline.end * RATE) - first + 2);
  if (((timeline.end - timeline.start) * RATE) / timeline.width > DENSE) {
    drawSpans(ctx, timeline, row, values, first);
    return;
  }
  ctx.beginPath();
  let isOn = false;
  for (let n = from; n < to; n++) {
    const value = values[n];
    if (Number.isNaN(value)) {
      isOn = false;
      continue;
    }
    const [x, y] = [timeline.x((first + n) / RATE), yOf(row, value)];
    if (isOn) ctx.lineTo(x, y);
    else ctx.moveTo(x, y);
    if (!isOn) ctx.lineTo(x + 0.5, y); // a lone sample is a dot
    isOn = true;
  }
  ctx.stroke();
}

/** A bar for each pixel, from the lowest to the highest of its samples.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Timeline} timeline
 * @param {TraceRow} row
 * @param {ArrayLike<number>} values
 * @param {number} first
 */
function drawSpans(ctx, timeline, row, values, first) {
  ctx.fillStyle = ctx.strokeStyle;
  const thick = ctx.lineWidth;
  const at = (/** @type {number} */ x) => Math.floor(timeline.time(x) * RATE) - first;
  let from = at(0);
  for (let x = 0; x < timeline.width; x++) {
    const to = at(x + 1);
    const step = Math.max(1, Math.floor((to - from) / LOOKED_AT));
    let [low, high] = [Infinity, -Infinity];
    for (let n = Math.max(0, from); n < Math.min(to, values.length); n += step) {
      const value = values[n];
      if (value < low) low = value;
      if (value > high) high = value;
    }
    from = to;
    if (low > high) continue;
    const [top, bottom] = [yOf(row, high), yOf(row, low)];
    ctx.fillRect(x, top - thick / 2, 1, bottom - top + thick);
  }
}
