// The row of the timeline with boxes over time: a bar each, from its first frame to its last, with a mark at each key frame.

import { countBefore } from "../model/binary-search.js";
import { BOXES, indexAt, spanOf, titleOf } from "../model/box-track.js";
import { isolated } from "./dom.js";
import { FONT } from "./fonts.js";
import { onTimeline, ownTime } from "../model/media-place.js";
import { builtInKey } from "../model/row-layout.js";

/** @import { BoxTrack } from "../types.js" */
/** @import { DocumentStore } from "../model/document-store.js" */
/** @import { RowLayout } from "../model/row-layout.js" */
/** @import { BoxRow } from "./layout.js" */
/** @import { Timeline } from "./timeline.js" */
/** @import { MediaPlace } from "../model/media-place.js" */

/** @typedef {{ track: BoxTrack, place: MediaPlace }} Placed */

/** Its key among rows; a row of segments may be called “Boxes”. */
export const BOX_ROW = builtInKey(BOXES);
const BAR_H = 17;
const [PAD, GAP] = [4, 2];
const MARK_PX = 3;
const MOST_LANES = 100;

/**
 * @param {DocumentStore} store
 * @param {RowLayout} rowLayout
 * @returns {BoxRow}
 */
export function boxRow(store, rowLayout) {
  const height = Math.round(BAR_H * rowLayout.size(BOX_ROW));
  const placed = [...store.boxes.values()].flatMap((track) => {
    const place = store.boxPlace(track);
    return place === null ? [] : { track, place };
  });
  const begins = (/** @type {Placed} */ { track, place }) => onTimeline(place, track.keys[0].at);
  placed.sort((one, other) => begins(one) - begins(other));
  /** @type {number[]} */
  const ends = [];
  const bars = placed.map(({ track, place }) => {
    const [first, last] = endsOf({ track, place });
    let lane = ends.findIndex((end) => end < first);
    if (lane < 0) lane = Math.min(ends.length, MOST_LANES - 1);
    ends[lane] = Math.max(ends[lane] ?? 0, last);
    return { track, place, y: PAD + lane * (height + GAP), height };
  });
  const whole = 2 * PAD + Math.max(1, ends.length) * (height + GAP) - GAP;
  return { kind: "boxes", key: BOX_ROW, name: BOXES, y: 0, height: whole, bars };
}

/** When its first and its last key frame are, on the timeline. @param {Placed} bar */
function endsOf({ track, place }) {
  const { first, last } = spanOf(track);
  return [onTimeline(place, first), onTimeline(place, last)];
}

/** Where a bar lies: px. Its last frame is within it.
 * @param {Timeline} timeline
 * @param {Placed} bar
 */
function extent(timeline, bar) {
  const [first, last] = endsOf(bar);
  return { left: timeline.x(first), right: Math.max(timeline.x(endOf(timeline, last)), timeline.x(first) + 3) };
}

/** When the frame that begins at a time ends.
 * @param {Timeline} timeline
 * @param {number} time
 */
function endOf({ store, duration }, time) {
  const { frameTimes } = store;
  const next = countBefore(frameTimes.length, (i) => frameTimes[i] <= time + 5e-4);
  return next < frameTimes.length ? frameTimes[next] : duration;
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {Timeline} timeline
 * @param {BoxRow} row
 */
export function drawBoxRow(ctx, timeline, row) {
  ctx.font = `11px ${FONT}`;
  for (const bar of row.bars) {
    const { track, y, height } = bar;
    const { left, right } = extent(timeline, bar);
    if (right < 0 || left > timeline.width) continue;
    const colour = timeline.colour({ track: BOXES, label: track.label });
    const top = row.y + y;
    drawStretches(ctx, timeline, bar, { left, right, top, height, colour });
    const isChosen = track.id === timeline.chosenBox;
    ctx.strokeStyle = isChosen ? timeline.ink.text : colour;
    ctx.lineWidth = isChosen ? 2 : 1;
    ctx.strokeRect(left + 0.5, top + 0.5, right - left - 1, height - 1);
    if (right - left > 30) {
      ctx.save();
      ctx.beginPath();
      ctx.rect(left, top, right - left - 2, height);
      ctx.clip();
      ctx.fillStyle = timeline.ink.text;
      ctx.fillText(isolated(titleOf(track)), Math.max(left, 0) + 6, top + height / 2 - 1);
      ctx.restore();
    }
    drawMarks(ctx, timeline, bar, top + height);
  }
}

/** Filled where it is seen, less where a part of it is hidden, empty where all of it is.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Timeline} timeline
 * @param {Placed} bar
 * @param {{ left: number, right: number, top: number, height: number, colour: string }} place
 */
function drawStretches(ctx, timeline, { track: { keys }, place }, { right, top, height, colour }) {
  ctx.fillStyle = colour;
  for (const [i, key] of keys.entries()) {
    ctx.globalAlpha = key.hidden ? 0.08 : key.occluded ? 0.2 : 0.32;
    const next = keys[i + 1];
    const from = timeline.x(onTimeline(place, key.at));
    const to = next ? timeline.x(onTimeline(place, next.at)) : right;
    if (to < 0 || from > timeline.width) continue;
    ctx.fillRect(from, top, to - from, height);
  }
  ctx.globalAlpha = 1;
}

/** A diamond at each key frame of a person or a file, a line at each of a tracker.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Timeline} timeline
 * @param {Placed} bar
 * @param {number} bottom
 */
function drawMarks(ctx, timeline, { track: { keys }, place }, bottom) {
  ctx.fillStyle = timeline.ink.text;
  let painted = -1; // of those that share a pixel one is enough
  const [from, to] = [ownTime(place, timeline.start), ownTime(place, timeline.end)];
  for (let i = Math.max(0, indexAt(keys, from)); i < keys.length && keys[i].at <= to; i++) {
    const x = timeline.x(onTimeline(place, keys[i].at));
    const isTracked = keys[i].source === "tracked";
    if (isTracked && Math.floor(x) === painted) continue;
    painted = Math.floor(x);
    ctx.globalAlpha = isTracked ? 0.55 : 1;
    ctx.beginPath();
    if (isTracked) ctx.rect(x - 0.5, bottom - 5, 1, 4);
    else {
      ctx.moveTo(x, bottom - 2 * MARK_PX - 1);
      ctx.lineTo(x + MARK_PX, bottom - MARK_PX - 1);
      ctx.lineTo(x, bottom - 1);
      ctx.lineTo(x - MARK_PX, bottom - MARK_PX - 1);
    }
    ctx.fill();
  }
  ctx.globalAlpha = 1;
}

/** The box track whose bar is at a point of the rows canvas, and when on the timeline the key frame is whose mark is there.
 * @param {Timeline} timeline
 * @param {number} x
 * @param {number} y
 * @returns {{ id: string, key: number | null } | null}
 */
export function barAt(timeline, x, y) {
  const row = timeline.rows.find((each) => each.kind === "boxes" && y >= each.y && y < each.y + each.height);
  if (!row || row.kind !== "boxes") return null;
  const bar = row.bars.find((each) => {
    const { y: top, height } = each;
    const { left, right } = extent(timeline, each);
    return y >= row.y + top && y <= row.y + top + height && x >= left - MARK_PX && x <= right + MARK_PX;
  });
  if (!bar) return null;
  const at = (/** @type {{ at: number }} */ key) => onTimeline(bar.place, key.at);
  const near = bar.track.keys.find((key) => Math.abs(timeline.x(at(key)) - x) <= MARK_PX + 1);
  return { id: bar.track.id, key: near ? at(near) : null };
}
