// The scale above the rows, in timecode, in seconds or in frames; shot cuts are ticks of their own, and
// a band lies along what people looked through.

import { clock } from "./dom.js";
import { FONT } from "./fonts.js";

/** @import { Timeline } from "./timeline.js" */

export const RULER_H = 26;
const STEPS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];
const FRAME_STEPS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000];
const [MOST_S, MOST_FRAMES] = [STEPS[STEPS.length - 1], FRAME_STEPS[FRAME_STEPS.length - 1]];
const ROOM_PX = 80;
const REVIEWED_H = 3; // the band along what was looked through

/** Time and text of each mark between two times.
 * @param {string} unit "time", "seconds" or "frames"
 * @param {number} start
 * @param {number} end
 * @param {number} width in px
 * @param {Float64Array} pts the times of the frames
 */
export function marks(unit, start, end, width, pts) {
  const perPixel = (end - start) / width;
  if (unit === "frames" && pts.length > 1) {
    const perFrame = pts[pts.length - 1] / (pts.length - 1);
    const step = FRAME_STEPS.find((s) => (s * perFrame) / perPixel >= ROOM_PX) ?? MOST_FRAMES;
    const first = Math.max(0, Math.floor(start / perFrame / step / 2) * step); // frames may be uneven: begin early
    /** @type {[number, string][]} */
    const found = [];
    for (let n = first; n < pts.length && pts[n] <= end; n += step)
      if (pts[n] >= start) found.push([pts[n], String(n)]);
    return found;
  }
  const step = STEPS.find((s) => s / perPixel >= ROOM_PX) ?? MOST_S;
  const digits = step < 0.01 ? 3 : step < 0.1 ? 2 : step < 1 ? (step === 0.25 ? 2 : 1) : 0;
  /** @type {[number, string][]} */
  const found = [];
  for (let n = Math.ceil(start / step); n * step <= end; n++) {
    found.push([n * step, unit === "seconds" ? `${(n * step).toFixed(digits)} s` : clock(n * step, digits)]);
  }
  return found;
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {Timeline} timeline
 */
export function drawRuler(ctx, timeline) {
  const { width, ink } = timeline;
  ctx.clearRect(0, 0, width, RULER_H);
  ctx.fillStyle = ink.surface;
  ctx.fillRect(0, 0, width, RULER_H);
  ctx.font = `11px ${FONT}`;
  ctx.textBaseline = "middle";
  for (const [time, text] of marks(timeline.unit, timeline.start, timeline.end, width, timeline.store.frameTimes)) {
    const x = timeline.x(time);
    ctx.fillStyle = ink.line;
    ctx.fillRect(x, RULER_H - 8, 1, 8);
    ctx.fillStyle = ink.muted;
    ctx.fillText(text, x + 4, 10);
  }
  ctx.fillStyle = ink.ok;
  for (const { start, end } of timeline.store.reviewed) {
    const from = Math.max(0, timeline.x(start));
    ctx.fillRect(from, RULER_H - REVIEWED_H, Math.min(width, timeline.x(end)) - from, REVIEWED_H);
  }
  ctx.fillStyle = ink.accent;
  for (const cut of timeline.store.media.shots) {
    const x = timeline.x(cut);
    if (x >= 0 && x <= width) ctx.fillRect(x - 0.5, RULER_H - 5, 1.5, 5);
  }
  const x = timeline.x(timeline.playhead);
  ctx.fillStyle = ink.playhead;
  ctx.beginPath();
  ctx.moveTo(x - 6, RULER_H - 12);
  ctx.lineTo(x + 6, RULER_H - 12);
  ctx.lineTo(x, RULER_H - 1);
  ctx.fill();
}
