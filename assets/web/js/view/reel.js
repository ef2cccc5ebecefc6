// Moments of many videos, played one after another.

import { addressOf, follow } from "../router.js";
import { Player } from "./player.js";
import { clock, finder } from "./dom.js";

/** @import { Moment } from "../model/map-points.js" */

/** A moment with where its video begins on its file's own clock. @typedef {Moment & { offset: number }} Scene */

const SLACK_S = 0.02; // before the end of a moment, so that no frame of what follows is seen

export class Reel {
  /** @type {readonly Scene[]} */
  #scenes = [];
  #at = 0;
  /** Videos that this browser could not play. @type {Set<string>} */
  #failed = new Set();

  /** @param {HTMLDialogElement} dialog */
  constructor(dialog) {
    const $ = finder(dialog);
    this.dialog = dialog;
    this.video = $("reel-video", "video");
    this.player = new Player(this.video);
    this.place = $("reel-place");
    this.link = $("reel-open", "a");
    this.message = $("reel-message");
    this.toggle = $("reel-toggle", "button");
    this.previous = $("reel-previous", "button");
    this.next = $("reel-next", "button");
    this.previous.addEventListener("click", () => this.#go(this.#at - 1));
    this.next.addEventListener("click", () => this.#go(this.#at + 1));
    this.toggle.addEventListener("click", () => this.#toggle());
    this.link.addEventListener("click", (event) => {
      follow(event);
      if (event.defaultPrevented) dialog.close();
    });
    dialog.addEventListener("close", () => this.player.close());
    this.video.addEventListener("timeupdate", () => this.#look());
    this.video.addEventListener("ended", () => this.#over());
    this.video.addEventListener("error", () => this.dialog.open && this.#skip());
    for (const name of ["play", "pause"])
      this.video.addEventListener(name, () => (this.toggle.textContent = this.video.paused ? "Play" : "Pause"));
    dialog.addEventListener("keydown", (event) => {
      const steps = /** @type {{ [key: string]: number }} */ ({ ArrowRight: 1, ArrowLeft: -1 });
      if (event.key in steps) this.#go(this.#at + steps[event.key]);
    });
  }

  /** @param {readonly Scene[]} scenes at least one */
  play(scenes) {
    this.#scenes = scenes;
    this.#failed.clear();
    this.message.textContent = "";
    this.dialog.showModal();
    this.#go(0);
  }

  /** @param {number} at */
  #go(at) {
    const scene = this.#scenes[at];
    if (!scene) return;
    this.#at = at;
    const { video, name, start, end, label, offset } = scene;
    this.place.textContent = `${at + 1} of ${this.#scenes.length}: ${[label, name].filter(Boolean).join(" · ")}`;
    this.link.textContent = `${clock(start, 1)}–${clock(end, 1)}`;
    this.link.href = addressOf("annotate", { video, t: start, end });
    this.previous.disabled = at === 0;
    this.next.disabled = at === this.#scenes.length - 1;
    const source = `/media/${video}`;
    if (this.video.getAttribute("src") !== source) {
      // how long the file is nobody asked, and the next moment of it may be later: it ends no seek
      this.player.open(source, { offset, pts: new Float64Array(0), duration: Infinity, time: start });
    } else this.player.seek(start);
    this.player.play();
  }

  /** Whether this moment is over. */
  #look() {
    const scene = this.#scenes[this.#at];
    if (!this.dialog.open || !scene || this.video.paused || this.video.seeking) return;
    if (this.video.currentTime - scene.offset >= scene.end - SLACK_S) this.#over();
  }

  #over() {
    if (this.#at < this.#scenes.length - 1) this.#go(this.#at + 1);
    else this.video.pause();
  }

  #toggle() {
    const scene = this.#scenes[this.#at];
    const isOver = this.video.currentTime - scene.offset >= scene.end - SLACK_S;
    if (this.video.paused && isOver) this.#go(this.#at === this.#scenes.length - 1 ? 0 : this.#at);
    else this.player.toggle();
  }

  /** A video that cannot be played holds up no other. */
  #skip() {
    const { video } = this.#scenes[this.#at];
    this.#failed.add(video);
    const names = new Set(this.#scenes.filter((scene) => this.#failed.has(scene.video)).map(({ name }) => name));
    this.message.textContent = `Not played: ${[...names].join(", ")}. The Library page says why.`;
    const next = this.#scenes.findIndex((scene, at) => at > this.#at && !this.#failed.has(scene.video));
    if (next > 0) this.#go(next);
  }
}
