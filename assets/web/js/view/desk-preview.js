// The moment in front, played again and again with what is around it: one player, which moves from card to card.

import { Frames } from "../model/frames.js";
import { array } from "../sync/api.js";
import { Player } from "./player.js";

/** @import { DeskItem } from "../types.js" */

const KEPT = 20; // videos whose frame times are kept

export class DeskPreview {
  /** video → when its frames begin @type {Map<string, Promise<Float64Array>>} */
  #times = new Map();
  /** @type {string | null} */
  #shown = null;

  /** @param {HTMLVideoElement} video @param {(time: number) => void} moved told of each frame that is shown, in s */
  constructor(video, moved) {
    this.video = video;
    video.addEventListener("loadedmetadata", () => video.classList.toggle("sound", !video.videoWidth));
    this.player = new Player(video);
    this.player.on("time", () => this.#shown && moved(this.player.time));
  }

  get time() {
    return this.player.time;
  }

  /** The frames of an item's video. @param {DeskItem} item */
  async frames({ video, duration }) {
    let times = this.#times.get(video);
    if (!times) {
      times = array(video, "pts").catch(() => new Float64Array(0));
      this.#times.set(video, times);
      for (const oldest of [...this.#times.keys()].slice(0, -KEPT)) this.#times.delete(oldest);
    }
    return new Frames(await times, duration);
  }

  /** Play a stretch of an item's video in a box, in a loop.
   * @param {DeskItem} item
   * @param {HTMLElement} box
   * @param {{ start: number, end: number, pausedAt?: number }} range pausedAt: at first one frame is shown
   */
  async show(item, box, { pausedAt, ...range }) {
    const isSame = this.#shown === item.id;
    this.#shown = item.id;
    if (this.video.parentElement !== box) box.append(this.video);
    if (isSame) return;
    const { pts } = await this.frames(item);
    if (this.#shown !== item.id) return;
    const { media_start: offset, duration } = item;
    this.player.open(`/media/${item.video}`, { offset, pts, duration, time: pausedAt ?? range.start });
    this.player.range = { ...range, loop: true };
    if (pausedAt === undefined) this.player.play();
  }

  hide() {
    this.#shown = null;
    this.player.close();
    this.video.remove();
  }
}
