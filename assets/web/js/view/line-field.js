// A line of the transcript while somebody types it: saved when they leave it, split at the caret, merged with the next;
// and what somebody else did to it meanwhile, to choose from. What its keys do is in input/line-commands.js.

import { newId } from "../model/ids.js";
import { ApiError, messageOf } from "../sync/api.js";
import { keepDraft } from "../sync/drafts.js";
import { el, toast } from "./dom.js";

/** @import { Line } from "../types.js" */
/** @import { SavedLine } from "../document/line-editor.js" */
/** @import { VideoDocument } from "../document/video-document.js" */

/** What was typed at a place of a text since; nothing where the text became another one.
 * @param {string} before
 * @param {number} at
 * @param {string} now
 */
function typedAt(before, at, now) {
  const [head, tail] = [before.slice(0, at), before.slice(at)];
  const isMore = now.length > before.length && now.startsWith(head) && now.endsWith(tail);
  return isMore ? now.slice(at, now.length - tail.length) : "";
}

/** What a field asks of the list that it is in.
 * @typedef {object} FieldHost
 * @property {() => boolean} isDrawing whether the list is drawn anew: what loses the focus then is not left
 * @property {(field: LineField) => void} closed the field is over
 * @property {(field: LineField) => void} conflict somebody else changed the line
 * @property {(id: number | null, caret: number, typed?: string) => void} edit goes on in a line, where something was typed
 *   at the caret already
 * @property {(id: number | null) => void} askSpeaker asks who says a line
 * @property {(event: KeyboardEvent, field: LineField) => boolean} command does what a key is for, if it is for something
 */

export class LineField {
  /** What somebody else made of the line meanwhile (null: removed it), until the person chooses.
   * @type {Line | null | undefined}
   */
  theirs;
  #isBusy = false;
  /** What was sent last, and the id of that step: what is sent again is saved once. */
  #sent = { text: "", edit: newId() };

  /**
   * @param {VideoDocument} doc which may not be the one that is shown any more
   * @param {Line} line as the person saw it
   * @param {FieldHost} host
   */
  constructor(doc, line, host) {
    this.doc = doc;
    this.line = line;
    this.host = host;
    this.draft = `line:${doc.id}:` + (line.id ?? `new ${line.start}`);
    const input = el("input", { type: "text", dir: "auto", value: line.text, "aria-label": "What is said" });
    input.addEventListener("keydown", (event) => this.#key(event));
    input.addEventListener("blur", () => !host.isDrawing() && this.finish(true));
    input.addEventListener("input", () => this.#keep());
    this.input = input;
  }

  #keep() {
    keepDraft(this.draft, { line: this.line, text: this.input.value });
  }

  /** What was typed before the field was there. @param {string} typed @param {number} at */
  take(typed, at) {
    const { input } = this;
    input.value = input.value.slice(0, at) + typed + input.value.slice(at);
    input.setSelectionRange(at + typed.length, at + typed.length);
    this.#keep();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    event.stopPropagation();
    const { value, selectionStart: caret = value.length, selectionEnd: end = caret } = this.input;
    if (event.isComposing) return; // the key belongs to the word that is being put together
    if (this.host.command(event, this)) event.preventDefault();
    else if (event.key === "Enter") this.finish(true);
    else if (event.key === "Escape") this.finish(false, this.theirs !== undefined);
    else if (event.key === "Delete" && caret === value.length && end === caret && value.trim()) this.merge();
  }

  /** Saves the line, and asks who says it. */
  async askSpeaker() {
    if (await this.finish(true)) this.host.askSpeaker(this.line.id);
  }

  /** What is selected of the text. */
  get chosen() {
    const { value, selectionStart, selectionEnd } = this.input;
    return value.slice(selectionStart ?? 0, selectionEnd ?? 0);
  }

  /** Saves the line, and goes on in the one after it (1) or before it (-1), at the same place. @param {number} step */
  async leaveFor(step) {
    const { doc, line, input } = this;
    const other = doc.lines.beside(line.id, step);
    if (other && (await this.finish(true))) this.host.edit(other.id, input.selectionStart ?? 0);
  }

  /** Closes the field, and saves what is in it or not; whether it is closed.
   * @param {boolean} keep
   * @param {boolean} [chosen] between mine and theirs
   */
  async finish(keep, chosen = false) {
    const text = this.input.value;
    const isChanged = keep && Boolean(text.trim()) && (chosen || text !== this.line.text);
    if (isChanged && this.theirs !== undefined && !chosen) return false;
    const isDone = await this.#attempt(async () => {
      if (isChanged) await this.#save();
    });
    if (isDone) this.#close();
    return isDone;
  }

  /** In the middle of the text the line becomes two, and the person goes on in the second; else it is saved. */
  async enter() {
    const { value, selectionStart, selectionEnd } = this.input;
    const at = selectionStart === selectionEnd ? (selectionStart ?? value.length) : value.length;
    const [head, tail] = [value.slice(0, at).trim(), value.slice(at).trim()];
    const { line, doc } = this;
    if (!head || !tail || line.id === null || this.theirs !== undefined) {
      await this.finish(true);
      return;
    }
    /** @type {number | null} */
    let second = null;
    const isDone = await this.#attempt(async () => {
      second = await doc.lines.split(/** @type {SavedLine} */ (line), head, tail);
    });
    if (isDone) this.#goOn(second, 0, typedAt(value, at, this.input.value));
  }

  /** This line and the next one become one. */
  async merge() {
    const { line, doc, input } = this;
    const other = doc.lines.beside(line.id);
    if (line.id === null || this.theirs !== undefined) return;
    if (!other) {
      toast("This is the last line: there is none after it to merge with.");
      return;
    }
    const { value } = input;
    const text = value.trim() || line.text;
    const isDone = await this.#attempt(() =>
      doc.lines.merge(/** @type {SavedLine} */ (line), text, /** @type {SavedLine} */ (other)),
    );
    if (isDone) this.#goOn(line.id, text.length, typedAt(value, value.length, input.value));
  }

  /**
   * @param {number | null} id
   * @param {number} caret
   * @param {string} typed while the line was on its way
   */
  #goOn(id, caret, typed) {
    this.#close();
    this.host.edit(id, caret, typed);
  }

  #close() {
    keepDraft(this.draft, null);
    this.host.closed(this);
  }

  /** Whether it worked; one thing at a time. What somebody else did to the line meanwhile is shown, to choose from.
   * @param {() => Promise<unknown>} work
   */
  async #attempt(work) {
    if (this.#isBusy) return false;
    this.#isBusy = true;
    try {
      await work();
      return true;
    } catch (error) {
      const isTheirs = error instanceof ApiError && (error.kind === "conflict" || error.kind === "gone");
      if (!isTheirs || this.doc.store.isClosed || !(await this.#takeTheirs()))
        toast(`“${this.input.value}” was not saved. ${messageOf(error)}`, "error");
      return false;
    } finally {
      this.#isBusy = false;
    }
  }

  /** Saves what is typed, and what is typed while that is on its way. */
  async #save() {
    const { doc, input, theirs } = this;
    let { version } = theirs ?? this.line;
    if (theirs === null) version = await doc.lines.restore(/** @type {number} */ (this.line.id));
    let text;
    do {
      text = input.value;
      if (text !== this.#sent.text) this.#sent = { text, edit: newId() };
      const [saved] = await doc.lines.save({ ...this.line, version, text }, this.#sent.edit);
      version = saved.version;
      this.line = { ...this.line, id: saved.line, version, text };
      this.theirs = undefined; // the choice was made
    } while (input.value !== text && input.value.trim());
  }

  async #takeTheirs() {
    try {
      const lines = await this.doc.lines.load();
      this.theirs = lines.find((line) => line.id === this.line.id) ?? null;
    } catch {
      return false;
    }
    this.host.conflict(this);
    return true;
  }

  /** What somebody else made of the line while this person typed, and the choice; null where nobody did. */
  get choice() {
    const { theirs } = this;
    if (theirs === undefined) return null;
    const who = theirs?.annotator || "Somebody";
    const text = theirs ? `${who} changed this line to “${theirs.text}”. ` : "Somebody removed this line. ";
    const button = (/** @type {string} */ label, /** @type {boolean} */ keep) =>
      el("button", { class: "link", type: "button", text: label, onclick: () => this.finish(keep, true) });
    const choices = [button("Keep theirs", false), " ", button("Keep mine", true)];
    return el("div", { class: "error", role: "alert", dir: "auto", text }, ...choices);
  }
}
