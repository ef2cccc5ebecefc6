// One camera or recording that follows the main medium: an element that plays, and what is shown where it has no picture.

import { inStep, phaseText, placeAt, seekPlace, usualFrame } from "../model/camera-clock.js";
import { Frames } from "../model/frames.js";
import { array } from "../sync/api.js";
import { DisplayLag } from "./display-lag.js";
import { clock, el } from "./dom.js";

/** @import { Camera } from "../types.js" */

const NO_COPY = "A playable copy is being made…";

export class CameraView {
  frames = new Frames();
  /** where the next seek goes, once this one is done @type {number | null} */
  #next = null;
  #askedAt = 0;
  /** how long seeking takes while it plays, s */
  #seekCost = 0.1;
  #source = "";
  isGone = false;

  /**
   * @param {Camera} camera
   * @param {() => void} ready told when its frames are known, and it should be where it belongs
   */
  constructor(camera, ready) {
    this.camera = camera;
    this.video = el("video", { playsinline: true, preload: "auto", tabindex: "-1" });
    this.video.disablePictureInPicture = true;
    this.video.muted = true;
    this.lag = new DisplayLag(this.video);
    this.note = el("p", { class: "camera-note", hidden: true });
    this.element = el(
      "div",
      { class: "camera", "data-camera": camera.id },
      this.video,
      this.note,
      el("span", { class: "camera-name", text: camera.name, dir: "auto" }),
    );
    this.element.classList.toggle("sound", !camera.width);
    this.video.addEventListener("seeked", () => this.#sought());
    this.video.addEventListener("loadedmetadata", ready);
    this.#load(ready);
    this.take(camera);
  }

  /** @param {() => void} ready */
  async #load(ready) {
    const pts = await array(this.camera.id, "pts").catch(() => new Float64Array(0));
    if (this.isGone) return;
    this.frames = new Frames(this.camera.width ? pts : new Float64Array(0), this.camera.duration);
    ready();
  }

  /** What is known of it by now: it may begin at another time, or be playable. @param {Camera} camera */
  take(camera) {
    this.camera = camera;
    const source = camera.playable ? `/media/${camera.id}` : "";
    if (source && source !== this.#source) this.video.src = source;
    this.#source = source;
  }

  close() {
    this.isGone = true;
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
    this.element.remove();
  }

  /** Show what belongs to a time of the timeline while nothing plays. @param {number} time */
  show(time) {
    const { at } = this.#placed(time);
    this.video.pause();
    this.#seek(seekPlace(this.frames, at));
  }

  /** What it shows at a time of the timeline: the time of that frame, its own; null where it shows none.
   * @param {number} time
   */
  shownAt(time) {
    const { phase, at } = placeAt(this.camera, time);
    return phase === "during" && this.frames.areKnown ? this.frames.shownAt(at) : null;
  }

  /** Keep pace with the main medium, which is at `time`, plays at `rate`, and whose picture is `lag` s from its clock.
   * @param {number} time
   * @param {number} rate
   * @param {number} lag
   */
  follow(time, rate, lag) {
    const { camera, video, frames } = this;
    const { phase, at } = this.#placed(time);
    if (phase !== "during") {
      if (!video.paused) video.pause();
      if (phase === "before" && this.#isIdle && Math.abs(this.#own) > usualFrame(frames))
        this.#seek(seekPlace(frames, 0));
      return;
    }
    if (!this.#isIdle || video.readyState < 2) return;
    const ahead = this.#own - at + (camera.width ? this.lag.seconds - lag : 0);
    const own = rate / (camera.rate ?? 1);
    const { seeks, rate: wanted } = inStep(ahead, own, usualFrame(frames), !video.muted);
    if (seeks) this.#seek(Math.min(at + this.#seekCost * own, frames.duration || at));
    else if (wanted === own ? video.playbackRate !== own : Math.abs(video.playbackRate - wanted) > 0.002)
      video.playbackRate = wanted; // in step it goes on at its own rate, which differs from that of others by little
    if (video.paused) video.play().catch(() => {}); // a browser that refuses sound before a key is pressed
  }

  pause() {
    this.video.pause();
  }

  /** Where it is, on its own time. */
  get #own() {
    return this.video.currentTime - this.camera.media_start;
  }

  get #isIdle() {
    return !this.video.seeking && this.#next === null;
  }

  /** @param {number} time */
  #placed(time) {
    const { camera, note, element } = this;
    const place = placeAt(camera, time);
    const text = camera.playable ? phaseText(place.phase, camera, clock) : NO_COPY;
    if (note.textContent !== text) note.textContent = text;
    note.hidden = !text;
    element.dataset.phase = place.phase;
    return place;
  }

  /** One seek after the other, always to the newest place. @param {number} at */
  #seek(at) {
    const { video, camera } = this;
    if (video.seeking) {
      this.#next = at;
      return;
    }
    const wanted = at + camera.media_start;
    if (Math.abs(video.currentTime - wanted) < 1e-4) return;
    this.#askedAt = performance.now();
    video.currentTime = wanted;
  }

  #sought() {
    const next = this.#next;
    this.#next = null;
    if (next !== null) this.#seek(next);
    else if (!this.video.paused) {
      const took = (performance.now() - this.#askedAt) / 1000;
      this.#seekCost = Math.min(1, 0.5 * this.#seekCost + 0.5 * took);
    }
  }
}
