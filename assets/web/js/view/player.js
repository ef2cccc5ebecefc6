// The video, frame by frame: the probed table of frame times is the truth, the player only shows.

import { Frames } from "../model/frames.js";

const AROUND_S = 1;

export class Player extends EventTarget {
  constructor(video) {
    super();
    this.video = video;
    this.time = 0; // start of the displayed frame, in seconds from the first frame
    this.offset = 0; // first frame on the file's own clock
    this.frames = new Frames();
    this.range = null; // {start, end, loop}: what is played
    this.backwards = 0; // timer of playing backwards
    this.sought = false; // paused where a seek put it: then the element's clock is the truth
    const tell = (name) => () => this.dispatchEvent(new Event(name));
    for (const name of ["play", "pause", "error", "loadedmetadata"]) video.addEventListener(name, tell(name));
    video.addEventListener("play", () => (this.sought = false));
    video.addEventListener("ended", () => this.range?.loop && this.again()); // a range that ends with the video
    video.addEventListener("seeked", () => !video.seeking && this.shown(video.currentTime));
    if (video.requestVideoFrameCallback) {
      const onFrame = (_, frame) => {
        if (!this.stale(frame.mediaTime)) this.shown(frame.mediaTime);
        video.requestVideoFrameCallback(onFrame);
      };
      video.requestVideoFrameCallback(onFrame);
    } else {
      video.addEventListener("timeupdate", () => this.shown(video.currentTime));
    }
  }

  open(source, { time, ...more }) {
    this.take({ time, ...more });
    this.video.src = source;
    this.seek(time);
  }

  // Another video's frames, also of one that cannot be played; whoever shows a time is told in any case.
  take({ offset, pts, duration, time }) {
    const frames = new Frames(pts, duration);
    Object.assign(this, { offset, frames, range: null, time: frames.frameTime(frames.frameAt(time + 0.0005)) });
    this.dispatchEvent(new Event("time"));
  }

  again() {
    this.seek(this.range.start);
    this.play();
  }

  close() {
    this.pause();
    this.video.removeAttribute("src");
    this.video.load();
  }

  shown(mediaTime) {
    const time = this.frameTime(this.frameAt(mediaTime - this.offset + 0.0005));
    if (time === this.time) return;
    this.time = time;
    const { range } = this;
    if (range && !this.video.paused && time >= range.end - 1e-6) {
      if (range.loop) this.seek(range.start);
      else this.video.pause();
    }
    this.dispatchEvent(new Event("time"));
  }

  // A frame that was on its way when a seek was asked for is told after it; it must not turn the clock back,
  // or the next key counts from where the person no longer is.
  stale(mediaTime) {
    const { video } = this;
    const frame = (time) => this.frameAt(time - this.offset + 0.0005);
    return video.seeking || (this.sought && frame(mediaTime) !== frame(video.currentTime));
  }

  frameAt(time) {
    return this.frames.frameAt(time);
  }

  frameTime(index) {
    return this.frames.frameTime(index);
  }

  snap(time) {
    return this.frames.snap(time);
  }

  // Into the middle of the wanted frame: a seek to its very edge may show the one before.
  seek(time) {
    const { frames } = this;
    if (!frames.pts.length) {
      this.video.currentTime = this.offset + time;
      return;
    }
    const start = frames.frameTime(frames.frameAt(Math.min(Math.max(0, time), frames.duration) + 0.0005));
    const end = Math.max(start, frames.edge(start, 1));
    this.video.currentTime = this.offset + (start + end) / 2;
    this.sought = this.video.paused;
    if (start !== this.time) {
      this.time = start;
      this.dispatchEvent(new Event("time"));
    }
  }

  // The time where the displayed frame ends.
  get frameEnd() {
    return this.frames.edge(this.time, 1);
  }

  step(frames) {
    this.pause();
    this.seek(this.frameTime(this.frameAt(this.time + 0.0005) + frames));
  }

  toggle() {
    if (this.video.paused && !this.backwards) this.play();
    else this.pause();
  }

  play(rate) {
    this.stopBackwards();
    if (rate) this.video.playbackRate = rate;
    this.video.play().catch(() => this.dispatchEvent(new Event("error")));
  }

  pause() {
    this.stopBackwards();
    this.range = null;
    this.video.pause();
  }

  // From one time to another, then stop, or begin again.
  playRange(start, end, loop = false) {
    this.pause();
    this.seek(start);
    this.range = { start, end, loop };
    this.play();
  }

  // Across a boundary, to hear whether it lies where it should.
  playAround(edge) {
    this.playRange(Math.max(0, edge - AROUND_S), Math.min(this.frames.duration, edge + AROUND_S));
  }

  // Browsers play forwards only: backwards is a row of seeks, without sound.
  playBackwards(rate) {
    this.pause();
    this.rateBack = rate;
    let last = performance.now();
    this.backwards = setInterval(() => {
      if (this.video.seeking) return;
      const now = performance.now();
      this.seek(
        Math.max(
          0,
          Math.min(this.time - ((now - last) / 1000) * rate, this.frameTime(this.frameAt(this.time + 0.0005) - 1)),
        ),
      );
      last = now;
      if (this.time <= 0) this.stopBackwards();
    }, 40);
  }

  stopBackwards() {
    clearInterval(this.backwards);
    this.backwards = 0;
  }

  // J and L: each press is faster; the other one, or K, ends it.
  shuttle(direction) {
    const { video } = this;
    if (direction > 0) this.play(video.paused ? 1 : Math.min(4, video.playbackRate * 2));
    else this.playBackwards(this.backwards ? Math.min(4, this.rateBack * 2) : 1);
  }
}
