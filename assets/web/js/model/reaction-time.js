// Whoever marks a moment while the video plays is late by their reaction time: such marks are moved back by it.

/** @import { Played, Reaction } from "../types.js" */
/** @import { Frames } from "./frames.js" */

const KEY = "reaction";

export class ReactionTime {
  /** @type {Reaction} */
  #known = { delay: 0, corrections: 0 };

  /** @param {Pick<Storage, "getItem" | "setItem"> | null} storage */
  constructor(storage) {
    this.storage = storage;
    this.isOn = storage?.getItem(KEY) !== "off";
  }

  /** @param {Reaction} known by what this person corrected */
  take(known) {
    this.#known = known;
  }

  /** @param {boolean} on */
  switch(on) {
    this.isOn = on;
    this.storage?.setItem(KEY, on ? "on" : "off");
  }

  /** In s; 0 while nothing is known of this person. */
  get delay() {
    return this.#known.delay;
  }

  get sentence() {
    const { delay, corrections } = this.#known;
    return `Marks while playing are moved back by ${delay.toFixed(2)} s: so late yours were in ${corrections} corrections.`;
  }

  /** Where a mark belongs that is made now; `played` where the video plays.
   * @param {{ rate: number, frames: Frames }} player
   * @param {number} at where the playhead is
   * @returns {{ time: number, played?: Played }}
   */
  place({ rate, frames }, at) {
    if (!rate) return { time: at };
    const back = this.isOn ? this.delay * rate : 0;
    return { time: back ? frames.snap(Math.max(0, at - back)) : at, played: { at, rate } };
  }
}
