// The pictures of several cameras beside each other: the main one, which keeps the clock, and those that follow it.

import { Emitter } from "../emitter.js";
import { readPreferences } from "../model/preferences.js";
import { CameraView } from "./camera.js";
import { DisplayLag } from "./display-lag.js";

/** @import { Camera } from "../types.js" */
/** @import { Keeper } from "../model/preferences.js" */
/** @import { Find } from "./dom.js" */
/** @import { Player } from "./player.js" */

/** How they are shown. @typedef {"grid" | "side" | "one"} View */

/** @type {{ [view in View]: string }} */
export const VIEWS = { grid: "All cameras", side: "One large, others beside", one: "One at a time" };
const KEY = "cameras";

/** change: what is shown, in which view, or whose sound is heard. @extends {Emitter<{ change: null }>} */
export class Cameras extends Emitter {
  /** @type {Map<string, CameraView>} */
  views = new Map();
  /** @type {readonly Camera[]} */
  all = [];
  /** @type {View} */
  view = "grid";
  /** The id of the camera in front. */
  front = "";
  /** The id of the one that is heard. */
  heard = "";
  #timeline = "";
  #isFollowing = false;

  /**
   * @param {Find} $
   * @param {Player} player
   * @param {Keeper} [storage]
   */
  constructor($, player, storage = globalThis.localStorage) {
    super();
    this.box = $("screens");
    this.main = $("player-frame");
    this.mainName = $("main-name");
    this.player = player;
    this.storage = storage;
    const { video } = player;
    this.lag = new DisplayLag(video);
    player.on("time", () => video.paused && this.showAll());
    player.on("play", () => this.#follow());
    player.on("pause", () => this.showAll());
    for (const name of ["seeked", "ended"]) video.addEventListener(name, () => video.paused && this.showAll());
    this.box.addEventListener("click", (event) => this.#onClick(event));
  }

  /** Whether there is more than the main medium. */
  get areSeveral() {
    return this.all.length > 1;
  }

  /** The id of the camera that is in front. */
  get inFront() {
    const { pictured, all } = this;
    return pictured.find((camera) => camera.id === this.front)?.id ?? pictured[0]?.id ?? all[0]?.id ?? "";
  }

  /** Whether the picture of a camera is one of those that a person works on: all of them beside each other, else the one
   * in front.
   * @param {string} id
   */
  isWorkedOn(id) {
    return this.box.dataset.view === "grid" || id === this.inFront;
  }

  /** Those that have pictures, as they are shown. */
  get pictured() {
    return this.all.filter((camera) => camera.width);
  }

  /** The cameras of a timeline that is opened.
   * @param {string} timeline
   * @param {readonly Camera[]} cameras
   */
  open(timeline, cameras) {
    this.close();
    this.#timeline = timeline;
    const kept = readPreferences(this.storage, `${KEY}:${timeline}`);
    this.view = isView(kept.view) ? kept.view : "grid";
    this.front = typeof kept.front === "string" ? kept.front : timeline;
    this.heard = typeof kept.heard === "string" ? kept.heard : timeline;
    this.update(cameras);
  }

  /** What plays now: cameras come, go, and begin at another time. @param {readonly Camera[]} cameras */
  update(cameras) {
    this.all = cameras;
    const others = cameras.slice(1);
    for (const [id, view] of this.views) {
      if (others.some((camera) => camera.id === id)) continue;
      view.close();
      this.views.delete(id);
    }
    for (const camera of others) {
      const known = this.views.get(camera.id);
      if (known) {
        known.take(camera);
        continue;
      }
      const view = new CameraView(camera, () => {
        if (this.player.video.paused) view.show(this.player.time);
        this.emit("change", null);
      });
      this.views.set(camera.id, view);
      this.box.append(view.element);
    }
    this.#arrange();
    if (this.player.video.paused) this.showAll();
    else this.#follow();
  }

  close() {
    for (const view of this.views.values()) view.close();
    this.views.clear();
    this.all = [];
    this.#timeline = "";
    this.#hear(this.player.video);
    this.#arrange();
  }

  // ---------------------------------------------------------------- how they are shown

  /** @param {View} view */
  show(view) {
    this.view = view;
    this.#changed();
  }

  nextView() {
    const views = /** @type {View[]} */ (Object.keys(VIEWS));
    if (this.areSeveral) this.show(views[(views.indexOf(this.view) + 1) % views.length]);
  }

  /** The next camera in front; all beside each other have none in front. */
  next() {
    const { pictured } = this;
    if (pictured.length < 2) return;
    if (this.view === "grid") this.view = "one";
    const at = pictured.findIndex((camera) => camera.id === this.front);
    this.bringForward(pictured[(at + 1) % pictured.length].id);
  }

  /** @param {string} id */
  bringForward(id) {
    this.front = id;
    this.#changed();
  }

  /** @param {string} id of the one that is heard from now on */
  hear(id) {
    this.heard = id;
    this.#changed();
  }

  #changed() {
    if (this.#timeline) {
      const { view, front, heard } = this;
      this.storage.setItem(`${KEY}:${this.#timeline}`, JSON.stringify({ view, front, heard }));
    }
    this.#arrange();
    if (this.player.video.paused) this.showAll();
  }

  #arrange() {
    const { box, pictured, all } = this;
    const front = this.inFront;
    const isSeveral = pictured.length > 1 || (all.length > 1 && pictured.length > 0 && !all[0].width);
    box.classList.toggle("several", isSeveral);
    box.dataset.view = isSeveral ? this.view : "one";
    const count = all.filter((camera) => camera.width || camera === all[0]).length;
    box.dataset.count = String(count);
    box.style.setProperty("--others", String(Math.max(1, count - 1)));
    this.main.classList.toggle("front", !isSeveral || front === all[0]?.id);
    this.mainName.hidden = !isSeveral;
    this.mainName.textContent = all[0]?.name ?? "";
    for (const [id, { element }] of this.views) element.classList.toggle("front", isSeveral && id === front);
    const heard = this.views.get(this.heard);
    this.#hear(heard ? heard.video : this.player.video);
    this.emit("change", null);
  }

  /** The sound of this one, as loud as it was of the one before. @param {HTMLVideoElement} video */
  #hear(video) {
    const { player } = this;
    const before = player.heard;
    if (before === video) return;
    video.volume = before.volume;
    video.muted = before.muted;
    before.muted = true;
    player.heard = video;
    video.onvolumechange = () => player.heard === video && player.emit("volume", null);
    player.emit("volume", null);
  }

  /** @param {MouseEvent} event */
  #onClick(event) {
    const tile = event.target instanceof Element ? event.target.closest(".camera") : null;
    const id = tile instanceof HTMLElement ? tile.dataset.camera : undefined;
    if (!id) return;
    if (this.view === "side" && this.front !== id) this.bringForward(id);
    else this.player.toggle();
  }

  // ---------------------------------------------------------------- keeping together

  /** Each at the frame that it shows at the time of the timeline. */
  showAll() {
    for (const view of this.views.values()) if (this.#isNeeded(view)) view.show(this.player.time);
  }

  /** Decoding what nobody sees or hears costs what the others need. @param {CameraView} view */
  #isNeeded(view) {
    const isSeen = this.box.dataset.view !== "one" || view.element.classList.contains("front");
    return (Boolean(view.camera.width) && isSeen) || view.video === this.player.heard;
  }

  /** While the main medium plays, the others keep pace; where it waits for its file, they wait for it. */
  #follow() {
    if (this.#isFollowing) return;
    this.#isFollowing = true;
    const step = () => {
      const { video, offset } = this.player;
      if (video.paused || !this.views.size) {
        this.#isFollowing = false;
        return;
      }
      const isMoving = !video.seeking && video.readyState > 2;
      for (const view of this.views.values()) {
        if (!this.#isNeeded(view)) view.pause();
        else if (isMoving) view.follow(video.currentTime - offset, video.playbackRate, this.lag.seconds);
        else if (video.seeking) view.show(video.currentTime - offset);
        else view.pause();
      }
      requestAnimationFrame(step);
    };
    step();
  }
}

/** @param {unknown} name @returns {name is View} */
const isView = (name) => typeof name === "string" && Object.hasOwn(VIEWS, name);
