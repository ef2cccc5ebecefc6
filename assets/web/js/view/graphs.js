// Graphs in rows of the timeline; read-only.

import { countBefore } from "../model/binary-search.js";
import { FONT } from "./fonts.js";

/** @import { Curve } from "../types.js" */
/** @import { DocumentStore } from "../model/document-store.js" */
/** @import { AnyRow, GraphRow, SignalRow } from "./layout.js" */
/** @import { Timeline } from "./timeline.js" */

/** @typedef {(ctx: CanvasRenderingContext2D, timeline: Timeline, row: any) => void} DrawRow */

/** The loudness of the sound, one bar a pixel.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Timeline} timeline
 * @param {AnyRow} row
 */
export function drawWave(ctx, timeline, row) {
  const wave = timeline.store.media.waveform;
  const bins = wave.length / 2;
  const rate = bins / timeline.duration;
  const middle = row.y + row.height / 2;
  const scale = (row.height / 2 - 4) / 127;
  ctx.fillStyle = timeline.ink.wave;
  for (let x = 0; x < timeline.width; x++) {
    const from = Math.floor(timeline.time(x) * rate);
    const to = Math.min(bins, Math.max(from + 1, Math.floor(timeline.time(x + 1) * rate)));
    let low = 0;
    let high = 0;
    const stride = Math.max(1, Math.floor((to - from) / 64)); // enough to see the shape at any zoom
    for (let i = Math.max(0, from); i < to; i += stride) {
      low = Math.min(low, wave[2 * i]);
      high = Math.max(high, wave[2 * i + 1]);
    }
    ctx.fillRect(x, middle - high * scale, 1, Math.max(1, (high - low) * scale));
  }
}

const NOTHING = { bands: 0, rate: 0, levels: new Uint8Array(0) };

/** How loud each band of the sound is, low sounds at the bottom.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Timeline} timeline
 * @param {AnyRow} row
 */
export function drawSpectrogram(ctx, timeline, row) {
  const { bands, rate, levels } = timeline.store.media.spectrogram ?? NOTHING;
  if (!bands) return;
  const width = Math.ceil(timeline.width);
  const image = new ImageData(width, bands);
  const ink = rgb(timeline.ink.accent);
  for (let x = 0; x < width; x++) {
    const from = Math.floor(timeline.time(x) * rate);
    const to = Math.max(from + 1, Math.floor(timeline.time(x + 1) * rate));
    const stride = Math.max(1, Math.floor((to - from) / 8));
    for (let band = 0; band < bands; band++) {
      let level = 0;
      for (let t = from; t < to; t += stride) level = Math.max(level, levels[t * bands + band] ?? 0);
      const at = 4 * ((bands - 1 - band) * width + x);
      image.data.set(ink, at);
      image.data[at + 3] = Math.max(0, level - 64) * 1.33;
    }
  }
  const picture = new OffscreenCanvas(width, bands);
  picture.getContext("2d")?.putImageData(image, 0, 0);
  ctx.drawImage(picture, 0, row.y + 2, timeline.width, row.height - 4);
}

/** @param {string} colour */
function rgb(colour) {
  const ctx = /** @type {OffscreenCanvasRenderingContext2D} */ (new OffscreenCanvas(1, 1).getContext("2d"));
  ctx.fillStyle = colour;
  ctx.fillRect(0, 0, 1, 1);
  return ctx.getImageData(0, 0, 1, 1).data.slice(0, 3);
}

const PROFILE_H = 9;

/** Under the curve: runs of alike frames, one colour each, the stronger the better they fit after adjustment.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Timeline} timeline
 * @param {AnyRow} row
 * @param {number[]} times
 * @param {number[]} adjusted
 * @param {number[]} clusters
 */
function drawClusters(ctx, timeline, row, times, adjusted, clusters) {
  const { palette } = timeline.store;
  const y = row.y + row.height - PROFILE_H - 2;
  let from = 0;
  for (let i = 1; i <= times.length; i++) {
    const same = i < times.length && clusters[i] === clusters[from] && Math.abs(adjusted[i] - adjusted[from]) < 0.1;
    if (same && timeline.x(times[i]) - timeline.x(times[from]) < 40) continue;
    const end = i < times.length ? times[i] : timeline.duration;
    const x = timeline.x(times[from]);
    if (times[from] <= timeline.end && end >= timeline.start) {
      ctx.globalAlpha = 0.12 + 0.8 * adjusted[from];
      ctx.fillStyle = palette[clusters[from] % palette.length];
      ctx.fillRect(x, y, timeline.x(end) - x, PROFILE_H);
    }
    from = i;
  }
  ctx.globalAlpha = 1;
}

/** The score of the newest question over time.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Timeline} timeline
 * @param {AnyRow} wholeRow
 */
export function drawCurve(ctx, timeline, wholeRow) {
  const { times, scores, adjusted, clusters } = /** @type {Curve} */ (timeline.store.media.curve);
  const row = { y: wholeRow.y, height: wholeRow.height - (clusters ? PROFILE_H : 0) };
  if (clusters && adjusted) drawClusters(ctx, timeline, wholeRow, times, adjusted, clusters);
  let low = Infinity;
  let high = -Infinity;
  for (const s of scores) {
    if (s < low) low = s;
    if (s > high) high = s;
  }
  const y = (/** @type {number} */ s) =>
    row.y + row.height - 7 - ((s - low) / Math.max(1e-6, high - low)) * (row.height - 16);
  ctx.beginPath();
  let first = 0;
  while (first + 1 < times.length && times[first + 1] < timeline.start) first++;
  /** @type {number[]} */
  const inView = [];
  for (let i = first; i < times.length; i++) {
    inView.push(i);
    if (times[i] > timeline.end) break;
  }
  const every = Math.max(1, Math.floor(inView.length / (2 * timeline.width)));
  inView.forEach((i, n) => {
    if (n % every && n !== inView.length - 1) return;
    if (n) ctx.lineTo(timeline.x(times[i]), y(scores[i]));
    else ctx.moveTo(timeline.x(times[i]), y(scores[i]));
  });
  ctx.strokeStyle = timeline.ink.accent;
  ctx.lineWidth = 1.5;
  ctx.lineJoin = "round";
  ctx.stroke();
  const last = inView[inView.length - 1];
  ctx.lineTo(timeline.x(times[last]), row.y + row.height - 2);
  ctx.lineTo(timeline.x(times[first]), row.y + row.height - 2);
  ctx.globalAlpha = 0.12;
  ctx.fillStyle = timeline.ink.accent;
  ctx.fill();
  ctx.globalAlpha = 1;
  ctx.font = `10px ${FONT}`;
  ctx.fillStyle = timeline.ink.muted;
  ctx.fillText(high.toFixed(2), 4, row.y + 8);
  ctx.fillText(low.toFixed(2), 4, row.y + row.height - 8);
}

const MARGIN = 6; // px between the axis and the edges of its row
const TICKS = [0, 0.5, 1];

/** Scores over time between 0 and 1, one line each, over an axis.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Timeline} timeline
 * @param {GraphRow} row
 */
export function drawGraphs(ctx, timeline, row) {
  const y = (/** @type {number} */ score) => row.y + row.height - MARGIN - score * (row.height - 2 * MARGIN);
  ctx.fillStyle = timeline.ink.line;
  for (const tick of TICKS) ctx.fillRect(0, Math.round(y(tick)), timeline.width, 1);
  row.graphs.forEach(({ times, scores, track, label }) => {
    ctx.beginPath();
    let first = Math.max(0, times.findIndex((t) => t >= timeline.start) - 1);
    if (first < 0) first = 0;
    const stride = Math.max(
      1,
      Math.floor((times.length * (timeline.end - timeline.start)) / timeline.duration / (2 * timeline.width)),
    );
    /** @type {number | null} */
    let last = null;
    for (let i = first; i < times.length; i += stride) {
      const gap = last === null || times[i] - last > 1 + stride * 0.3;
      if (gap) ctx.moveTo(timeline.x(times[i]), y(scores[i]));
      else ctx.lineTo(timeline.x(times[i]), y(scores[i]));
      last = times[i];
      if (last > timeline.end) break;
    }
    ctx.strokeStyle = timeline.colour({ track, label });
    ctx.lineWidth = 1.5;
    ctx.stroke();
  });
  ctx.font = `10px ${FONT}`;
  ctx.fillStyle = timeline.ink.text;
  ctx.strokeStyle = timeline.ink.surface; // around the numbers, so that no curve crosses them
  ctx.lineWidth = 3;
  for (const tick of row.height > 40 ? TICKS : [0, 1]) {
    // within the row, whose edge cuts what stands on it
    const at = y(tick) + (tick === 1 ? 4 : tick === 0 ? -4 : 0);
    ctx.strokeText(String(tick).replace("0.", "."), 3, at);
    ctx.fillText(String(tick).replace("0.", "."), 3, at);
  }
}

const GAP_S = 1; // a sample further away says nothing of a time

/** What the curves of a row say at a time, as lines of text, the highest first; nothing where nothing was measured.
 * @param {GraphRow | SignalRow} row
 * @param {DocumentStore} store
 * @param {number} time
 * @returns {string[]}
 */
export function valuesAt(row, store, time) {
  const value = (/** @type {number[]} */ times, /** @type {number[]} */ scores) => {
    const after = countBefore(times.length, (i) => times[i] < time);
    const at = after && (after === times.length || time - times[after - 1] < times[after] - time) ? after - 1 : after;
    return Math.abs((times[at] ?? Infinity) - time) <= GAP_S ? scores[at] : undefined;
  };
  if (row.kind === "graph") {
    const several = new Set(row.all.map((graph) => graph.source)).size > 1;
    return row.all
      .flatMap(({ label, source, times, scores }) => {
        const score = value(times, scores);
        return score === undefined ? [] : [{ text: several && source ? `${label} (${source})` : label, score }];
      })
      .sort((a, b) => b.score - a.score)
      .map(({ text, score }) => `${score.toFixed(2)}  ${text}`);
  }
  const { times = [], scores = [], adjusted, clusters } = store.media.curve ?? {};
  const found = value(times, scores);
  if (found === undefined) return [];
  const fit = adjusted && value(times, adjusted);
  const group = clusters && value(times, clusters);
  return [
    `${found.toFixed(3)}  likeness to the question`,
    ...(fit === undefined ? [] : [`${fit.toFixed(2)}  after adjustment`]),
    ...(group === undefined ? [] : [`group ${group + 1} of frames that are alike`]),
  ];
}
