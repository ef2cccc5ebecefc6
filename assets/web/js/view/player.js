// The video, frame by frame: the probed table of frame times is the truth, the player only shows.

import { Emitter } from "../emitter.js";
import { Frames } from "../model/frames.js";

/** How a video is shown: `offset` is its first frame on the file's own clock, `time` where it begins.
 * @typedef {{ offset: number, pts: Float64Array, duration: number, time: number }} Shown
 */

const AROUND_S = 1;

/** @extends {Emitter<{ time: null, play: null, pause: null, error: null, loadedmetadata: null, volume: null }>} */
export class Player extends Emitter {
  /** start of the displayed frame, in seconds from the first frame */
  time = 0;
  /** first frame on the file's own clock */
  offset = 0;
  frames = new Frames();
  /** what is played @type {{ start: number, end: number, loop: boolean } | null} */
  range = null;
  /** timer of playing backwards @type {ReturnType<typeof setInterval> | 0} */
  backwards = 0;
  rateBack = 1;
  /** paused where a seek put it: then the element's clock is the truth */
  sought = false;
  /** where the next seek goes, once this one is done @type {number | null} */
  #scrubbed = null;

  /** @param {HTMLVideoElement} video */
  constructor(video) {
    super();
    this.video = video;
    /** What is heard: this, or another camera that plays along. */
    this.heard = video;
    video.addEventListener("volumechange", () => this.heard === video && this.emit("volume", null));
    for (const name of /** @type {const} */ (["play", "pause", "error", "loadedmetadata"])) {
      video.addEventListener(name, () => this.emit(name, null));
    }
    video.addEventListener("play", () => {
      this.sought = false;
      if (!this.frames.areKnown) this.#follow();
    });
    video.addEventListener("ended", () => this.range?.loop && this.again(this.range.start)); // a range that ends with the video
    video.addEventListener("seeked", () => {
      if (this.#scrubbed !== null) this.seek(this.#scrubbed);
      else if (!video.seeking && (this.frames.areKnown || !this.sought)) this.shown(video.currentTime);
    }); // of sound alone the time that was asked for is the truth: browsers round theirs
    if (video.requestVideoFrameCallback) {
      const onFrame = (/** @type {number} */ _, /** @type {VideoFrameCallbackMetadata} */ frame) => {
        if (!this.stale(frame.mediaTime)) this.shown(frame.mediaTime);
        video.requestVideoFrameCallback(onFrame);
      };
      video.requestVideoFrameCallback(onFrame);
    } else {
      video.addEventListener("timeupdate", () => this.shown(video.currentTime));
    }
  }

  /** Sound alone has no frames that are told of: its clock is looked at as long as it plays. */
  #follow() {
    if (this.video.paused || this.frames.areKnown) return;
    if (!this.video.seeking) this.shown(this.video.currentTime);
    requestAnimationFrame(() => this.#follow());
  }

  /**
   * @param {string} source
   * @param {Shown} shown
   */
  open(source, shown) {
    this.take(shown);
    this.video.src = source;
    this.seek(shown.time);
  }

  /** Another video's frames, also of one that cannot be played; whoever shows a time is told in any case.
   * @param {Shown} shown
   */
  take({ offset, pts, duration, time }) {
    const frames = new Frames(pts, duration);
    Object.assign(this, { offset, frames, range: null, time: frames.shownAt(time) });
    this.emit("time", null);
  }

  /** @param {number} start */
  again(start) {
    this.seek(start);
    this.play();
  }

  close() {
    this.pause();
    this.video.removeAttribute("src");
    this.video.load();
  }

  /** @param {number} mediaTime */
  shown(mediaTime) {
    const time = this.frames.shownAt(mediaTime - this.offset);
    if (time === this.time) return;
    this.time = time;
    const { range } = this;
    if (range && !this.video.paused && time >= range.end - 1e-6) {
      if (range.loop) this.seek(range.start);
      else this.video.pause();
    }
    this.emit("time", null);
  }

  /** A frame that was on its way when a seek was asked for is told after it; it must not turn the clock back,
   * or the next key counts from where the person no longer is.
   * @param {number} mediaTime
   */
  stale(mediaTime) {
    const { video } = this;
    const frame = (/** @type {number} */ time) => this.frameAt(time - this.offset + 0.0005);
    return video.seeking || (this.sought && frame(mediaTime) !== frame(video.currentTime));
  }

  /** @param {number} time */
  frameAt(time) {
    return this.frames.frameAt(time);
  }

  /** @param {number} time */
  snap(time) {
    return this.frames.snap(time);
  }

  /** Into the middle of the wanted frame: a seek to its very edge may show the one before. @param {number} time */
  seek(time) {
    const { frames } = this;
    this.#scrubbed = null;
    const start = frames.shownAt(Math.min(Math.max(0, time), frames.duration));
    const end = Math.max(start, frames.endOf(start));
    this.video.currentTime = this.offset + (start + end) / 2;
    this.sought = this.video.paused;
    if (start !== this.time) {
      this.time = start;
      this.emit("time", null);
    }
  }

  /** Where a hand moves to: one seek after the other, always to the newest place, or frames that nobody waits for any
   * more are decoded first.
   * @param {number} time
   */
  scrub(time) {
    if (this.video.seeking) this.#scrubbed = time;
    else this.seek(time);
  }

  /** How fast it plays: 0 where it stands, below 0 backwards. */
  get rate() {
    if (this.backwards) return -this.rateBack;
    return this.video.paused ? 0 : this.video.playbackRate;
  }

  // The time where the displayed frame ends; of sound alone the time itself.
  get frameEnd() {
    return this.frames.endOf(this.time);
  }

  /** @param {number} frames */
  step(frames) {
    this.pause();
    this.seek(this.frames.edge(this.time, frames));
  }

  toggle() {
    if (this.video.paused && !this.backwards) this.play();
    else this.pause();
  }

  /** @param {number} [rate] */
  play(rate) {
    this.stopBackwards();
    if (rate) this.video.playbackRate = rate;
    this.video.play().catch(() => this.emit("error", null));
  }

  pause() {
    this.stopBackwards();
    this.range = null;
    this.video.pause();
  }

  /** From one time to another, then stop, or begin again.
   * @param {number} start
   * @param {number} end
   * @param {boolean} [loop]
   */
  playRange(start, end, loop = false) {
    this.pause();
    this.seek(start);
    this.range = { start, end, loop };
    this.play();
  }

  /** Across a boundary, to hear whether it lies where it should. @param {number} edge */
  playAround(edge) {
    this.playRange(Math.max(0, edge - AROUND_S), Math.min(this.frames.duration, edge + AROUND_S));
  }

  /** Browsers play forwards only: backwards is a row of seeks, without sound. @param {number} rate */
  playBackwards(rate) {
    this.pause();
    this.rateBack = rate;
    let last = performance.now();
    this.backwards = setInterval(() => {
      if (this.video.seeking) return;
      const now = performance.now();
      this.seek(Math.max(0, Math.min(this.time - ((now - last) / 1000) * rate, this.frames.edge(this.time, -1))));
      last = now;
      if (this.time <= 0) this.stopBackwards();
    }, 40);
  }

  stopBackwards() {
    clearInterval(this.backwards);
    this.backwards = 0;
  }

  /** J and L: each press is faster; the other one, or K, ends it. @param {number} direction */
  shuttle(direction) {
    const { video } = this;
    if (direction > 0) this.play(video.paused ? 1 : Math.min(4, video.playbackRate * 2));
    else this.playBackwards(this.backwards ? Math.min(4, this.rateBack * 2) : 1);
  }
}
