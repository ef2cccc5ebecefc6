// The moment in front, played again and again with what is around it: one player, which moves from card to card.

import { Frames } from "../model/frames.js";
import { array } from "../sync/api.js";
import { Player } from "./player.js";

/** @import { DeskItem } from "../types.js" */

const KEPT = 20; // videos whose frame times are kept
const NONE = new Float64Array(0);

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

  /** The frames of an item's video; null of pictures whose times are not known now: nobody can say where a boundary
   * lies between them.
   * @param {DeskItem} item
   */
  async frames({ video, duration, pictures }) {
    if (pictures === false) return new Frames(NONE, duration);
    const times = await this.#timesOf(video);
    return times.length ? new Frames(times, duration) : null;
  }

  /** They are asked for again where they did not come. @param {string} video */
  async #timesOf(video) {
    const asked = this.#times.get(video) ?? array(video, "pts").catch(() => NONE);
    this.#times.set(video, asked);
    for (const oldest of [...this.#times.keys()].slice(0, -KEPT)) this.#times.delete(oldest);
    const times = await asked;
    if (!times.length && this.#times.get(video) === asked) this.#times.delete(video);
    return times;
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
    const pts = (await this.frames(item))?.pts ?? NONE;
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
