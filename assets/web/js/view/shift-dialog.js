// Segments earlier or later by a time, all at once: asks by how much, and shows where they come to lie.

import { shift } from "../model/operations.js";
import { EXAMPLES, readShift } from "../model/time-text.js";
import { clock, counted, finder } from "./dom.js";

/** @import { VideoDocument } from "../document/video-document.js" */
/** @import { Frames } from "../model/frames.js" */

export class ShiftDialog {
  /** @type {VideoDocument | null} */
  doc = null;
  /** @type {readonly string[]} */
  ids = [];

  /**
   * @param {HTMLDialogElement} dialog
   * @param {() => Frames} frames of the video that is open
   */
  constructor(dialog, frames) {
    const $ = finder(dialog);
    this.dialog = dialog;
    this.frames = frames;
    this.title = $("shifting-title");
    this.field = $("shift-by", "input");
    this.answer = $("shift-answer");
    this.go = $("shift-go", "button");
    this.field.title = `As in ${EXAMPLES}, with “-” before it for earlier`;
    this.field.addEventListener("input", () => this.#look());
    $("shift-close").addEventListener("click", () => dialog.close());
    $("shift-form", "form").addEventListener("submit", () => this.#shift());
  }

  /**
   * @param {VideoDocument} doc
   * @param {readonly string[]} ids of annotations
   */
  show(doc, ids) {
    [this.doc, this.ids] = [doc, ids];
    this.title.textContent = `Shift ${counted(ids.length, "segment")}`;
    this.field.value = "";
    this.#look();
    this.dialog.showModal();
  }

  /** Say where the first one would begin, or why they cannot be shifted so. */
  #look() {
    const typed = this.field.value.trim();
    const by = readShift(typed, this.frames());
    const listed = this.ids.map((id) => this.doc?.store.annotations.get(id)).filter((made) => made !== undefined);
    const first = Math.min(...listed.map((made) => made.start));
    const last = Math.max(...listed.map((made) => made.end));
    const { duration } = this.frames();
    let problem = "";
    if (typed && by === null) problem = `“${typed}” is no time; type it as ${EXAMPLES}.`;
    else if (by !== null && first + by < 0) problem = `By at most ${clock(first)} earlier: there the video begins.`;
    else if (by !== null && last + by > duration)
      problem = `By at most ${clock(Math.max(0, duration - last))} later: there the video ends.`;
    this.answer.classList.toggle("error", problem !== "");
    this.answer.textContent = problem || (by ? `The first one comes to ${clock(this.frames().snap(first + by))}.` : "");
    this.field.setAttribute("aria-invalid", String(problem !== ""));
    this.go.disabled = !by || problem !== "";
  }

  #shift() {
    const by = readShift(this.field.value, this.frames());
    if (this.doc && by !== null) shift(this.doc.editor, this.ids, by, this.frames());
  }
}
