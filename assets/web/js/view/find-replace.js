// Find and replace in the transcript.

import { finding, replaced } from "../model/find-replace.js";
import { messageOf } from "../sync/api.js";
import { counted, finder, toast } from "./dom.js";

/** @import { Line } from "../types.js" */
/** @import { Span } from "../model/find-replace.js" */
/** @import { Transcript } from "./transcript.js" */

/** A place in a line. @typedef {{ line: Line, span: Span }} Match */

const PLAIN = "found";
const CURRENT = "found-now";

export class FindReplace {
  /** @type {Match[]} */
  matches = [];
  /** The number of the match that is shown; -1: none yet. */
  at = -1;

  /**
   * @param {HTMLElement} element
   * @param {Transcript} transcript
   */
  constructor(element, transcript) {
    const $ = finder(element);
    this.transcript = transcript;
    this.bar = $("transcript-find");
    this.wanted = $("find-text", "input");
    this.by = $("replace-text", "input");
    this.matchCase = $("find-case", "input");
    this.wholeWords = $("find-words", "input");
    this.count = $("find-count");
    this.buttons = ["find-previous", "find-next", "replace", "replace-all"].map((id) => $(id, "button"));
    $("find-open").addEventListener("click", () => (this.bar.hidden ? this.open() : this.close()));
    $("find-previous").addEventListener("click", () => this.step(-1));
    $("find-next").addEventListener("click", () => this.step(1));
    $("replace").addEventListener("click", () => this.replace());
    $("replace-all").addEventListener("click", () => this.replaceAll());
    this.wanted.addEventListener("input", () => this.search());
    for (const option of [this.matchCase, this.wholeWords]) option.addEventListener("change", () => this.search());
    this.bar.addEventListener("keydown", (event) => this.#key(event));
    transcript.on("shown", () => this.update());
  }

  /** @param {string} [text] what is looked for, where the person has chosen some */
  open(text = "") {
    this.bar.hidden = false;
    if (text) this.wanted.value = text;
    this.wanted.focus();
    this.wanted.select();
    this.search();
  }

  close() {
    this.bar.hidden = true;
    this.matches = [];
    this.#mark();
    this.transcript.list.focus();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing) return;
    event.stopPropagation(); // a letter is no command here
    const { key, shiftKey, target } = event;
    if (key === "Escape") this.close();
    else if (key === "Enter" && target === this.wanted) this.step(shiftKey ? -1 : 1);
    else if (key === "Enter" && target === this.by) this.replace();
    else return;
    event.preventDefault();
  }

  // ---------------------------------------------------------------- find

  /** Another text is looked for: the first place from the playhead on comes first. */
  search() {
    this.at = -1;
    this.update();
  }

  /** The lines are other by now. */
  update() {
    if (this.bar.hidden) return;
    const spans = finding(this.wanted.value, {
      matchCase: this.matchCase.checked,
      wholeWords: this.wholeWords.checked,
    });
    this.matches = this.transcript.lines.flatMap((line) => spans(line.text).map((span) => ({ line, span })));
    this.at = Math.min(this.at, this.matches.length - 1);
    this.#mark();
  }

  get current() {
    return this.matches[this.at] ?? null;
  }

  /** @param {number} by 1: the next one, -1: the one before; round at the ends */
  step(by) {
    const { length } = this.matches;
    if (!length) return;
    const { time } = this.transcript.player;
    const ahead = this.matches.findIndex(({ line }) => line.end > time);
    const from = this.at >= 0 ? this.at + by : by > 0 ? Math.max(0, ahead) : ahead - 1;
    this.#show((from + length) % length);
  }

  /** @param {number} at */
  #show(at) {
    this.at = at;
    const found = this.current;
    if (found) this.transcript.reveal(found.line);
    this.#mark();
  }

  /** How many there are, and where. */
  #mark() {
    const { length } = this.matches;
    const isAsked = Boolean(this.wanted.value.trim());
    this.count.textContent = !isAsked ? "" : this.at < 0 ? `${length} found` : `${this.at + 1} of ${length}`;
    for (const button of this.buttons) button.disabled = !length;
    const highlights = globalThis.CSS?.highlights; // older browsers only count and go there
    if (!highlights) return;
    const ranges = this.matches.map(({ line, span }) => this.transcript.rangeOf(line, span));
    const [now] = ranges.splice(Math.max(0, this.at), this.at < 0 ? 0 : 1);
    highlights.set(PLAIN, new Highlight(...ranges.filter((range) => range !== null)));
    highlights.set(CURRENT, new Highlight(...(now ? [now] : [])));
  }

  // ---------------------------------------------------------------- replace

  /** The one that is shown, then the next is; where none is shown yet, the next one is shown first. */
  async replace() {
    const found = this.current;
    if (!found) {
      this.step(1);
      return;
    }
    const { at } = this;
    if (!(await this.#save(new Map([[found.line, [found.span]]])))) return;
    if (this.matches.length) this.#show(Math.min(at, this.matches.length - 1));
  }

  async replaceAll() {
    /** @type {Map<Line, Span[]>} */
    const spans = new Map();
    for (const { line, span } of this.matches) spans.set(line, [...(spans.get(line) ?? []), span]);
    await this.#save(spans);
  }

  /** One step; a line of which nothing would be left stays. Whether something was replaced.
   * @param {Map<Line, Span[]>} spans
   */
  async #save(spans) {
    const { transcript, by } = this;
    const { doc } = transcript;
    const changed = [...spans].map(([line, found]) => ({ line, found, text: replaced(line.text, found, by.value) }));
    const wanted = changed.filter(({ line, text }) => text && text !== line.text && line.id !== null);
    const emptied = changed.filter(({ text }) => !text).length;
    const left = emptied ? ` ${counted(emptied, "line")} would be empty: delete them, or leave them.` : "";
    if (!doc || !wanted.length) {
      toast(`Nothing was replaced.${left}`);
      return false;
    }
    try {
      await doc.lines.saveAll(wanted.map(({ line, text }) => ({ ...line, text })));
    } catch (error) {
      toast(`Nothing was replaced. ${messageOf(error)}`, "error");
      await transcript.load();
      return false;
    }
    const count = wanted.reduce((sum, { found }) => sum + found.length, 0);
    toast(`${count} replaced in ${counted(wanted.length, "line")}.${left}`, "info", transcript.undoing(doc));
    return true;
  }
}
