// The frames of a video by the probed table of their times: the truth about where a boundary may lie. Sound alone has
// none: there a boundary lies on any ms, and a step is 10 ms.

import { countBefore } from "./binary-search.js";

const SAME = 5e-4; // s: closer than any two frames
const STEP_S = 0.01; // how far a step goes where there are no frames
const GRID = 1000; // places a second where a boundary may lie there

export class Frames {
  /**
   * @param {Float64Array} [pts] times where frames begin, in s from the first
   * @param {number} [duration] until when the last one lasts
   */
  constructor(pts = new Float64Array(0), duration = 0) {
    this.pts = pts;
    this.duration = duration;
  }

  get areKnown() {
    return this.pts.length > 0;
  }

  /** When what is shown at a time begins: its frame, or of sound alone that time itself. @param {number} time */
  shownAt(time) {
    if (!this.areKnown) return Math.min(Math.max(0, time), this.duration);
    return this.frameTime(this.frameAt(time + SAME));
  }

  /** When what is shown at a time ends. @param {number} time */
  endOf(time) {
    return this.areKnown ? this.edge(time, 1) : this.shownAt(time);
  }

  /** How long what is shown at a time lasts: its frame, or a step. @param {number} time */
  lengthAt(time) {
    const index = this.frameAt(time + SAME);
    return this.areKnown ? this.timeOf(index + 1) - this.pts[index] : STEP_S;
  }

  /** The number of the frame displayed at a time. @param {number} time */
  frameAt(time) {
    return Math.max(0, countBefore(this.pts.length, (i) => this.pts[i] <= time) - 1);
  }

  /** @param {number} index */
  frameTime(index) {
    return this.pts.length ? this.pts[Math.min(Math.max(0, index), this.pts.length - 1)] : 0;
  }

  /** When a frame begins; beyond the last one as if more frames of its length came.
   * @param {number} index
   */
  timeOf(index) {
    const { pts, duration } = this;
    if (index < pts.length) return pts[index];
    const usual = pts.length > 1 ? pts[pts.length - 1] / (pts.length - 1) : STEP_S;
    return duration + (index - pts.length) * usual;
  }

  /** Frames a second as a time code counts them (30 for 29.97); 0 where they do not last evenly.
   * @returns {number}
   */
  get nominalRate() {
    const { pts } = this;
    if (pts.length < 2) return 0;
    const usual = pts[pts.length - 1] / (pts.length - 1);
    const isEven = pts.every((time, i) => Math.abs(time - i * usual) < usual / 2);
    return isEven ? Math.round(1 / usual) : 0;
  }

  /** The frame edge nearest to a time. The end of the video is one too. @param {number} time */
  snap(time) {
    if (!this.pts.length) return Math.min(Math.max(0, Math.round(time * GRID) / GRID), this.duration);
    const index = this.frameAt(time);
    const before = this.pts[index];
    const after = index + 1 < this.pts.length ? this.pts[index + 1] : this.duration;
    return time - before <= after - time ? before : after;
  }

  /** The edge that lies `by` frames from the one at a time, within the video.
   * @param {number} time
   * @param {number} by
   */
  edge(time, by) {
    const { pts, duration } = this;
    if (!pts.length) return Math.min(this.snap(time + by * STEP_S), duration);
    const index = (time >= duration - SAME ? pts.length : this.frameAt(time + SAME)) + by;
    return index >= pts.length ? duration : pts[Math.max(0, index)];
  }

  /** From one time to another, on frame edges: at least one frame or step, and never past the end.
   * @param {number} one
   * @param {number} other
   */
  span(one, other) {
    const [from, to] = [this.snap(one), this.snap(other)];
    const start = Math.min(from, to, this.edge(this.duration, -1));
    return { start, end: Math.max(from, to, this.edge(start, 1)) };
  }
}
