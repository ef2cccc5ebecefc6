// The lines of the transcript of a video: every change that a person makes of them, sent at once, and undone as one step.

import { newId } from "../model/ids.js";
import { call } from "../sync/api.js";
import { currentUser } from "../sync/current-user.js";

/** @import { Line, LineState, Server } from "../types.js" */
/** @import { DocumentStore } from "../model/document-store.js" */
/** @import { Editor } from "../model/editor.js" */

const byStart = (/** @type {Line} */ a, /** @type {Line} */ b) => a.start - b.start;

/** A line that the server knows. @typedef {Line & { id: number }} SavedLine */

export class LineEditor {
  /** Why this person may not read in other subtitles, or nothing. */
  fixed = "";

  /**
   * @param {Server} server
   * @param {string} video its id
   * @param {DocumentStore} store
   * @param {Editor} editor
   */
  constructor(server, video, store, editor) {
    this.server = server;
    this.video = video;
    this.store = store;
    this.editor = editor;
  }

  /** What is said, in order of time. @returns {readonly Line[]} */
  get all() {
    return this.store.media.lines;
  }

  /** @param {number | null} id */
  find(id) {
    return this.all.find((line) => line.id === id) ?? null;
  }

  /** The line after one, or before it.
   * @param {number | null} id
   * @param {number} [step]
   */
  beside(id, step = 1) {
    const at = this.all.findIndex((line) => line.id === id);
    return at < 0 ? null : (this.all[at + step] ?? null);
  }

  /** Asks for the lines anew. Rejects with an ApiError. */
  async load() {
    const { lines, fixed } = await call(this.server, "transcript", { video: this.video, annotator: currentUser() });
    this.fixed = fixed;
    this.store.setMedia({ lines: lines.toSorted(byStart) }, "lines");
    return lines;
  }

  // Each of these rejects with an ApiError, of the kind “conflict” or “gone” where somebody changed the line meanwhile.

  /** A new line, or what one becomes that was seen as its version.
   * @param {LineState} line
   * @param {string} [edit] the id of the step: one that is sent again is saved once
   */
  save({ id, version, start, end, text }, edit = newId()) {
    return this.#step(edit, (step) => call(this.server, "save_line", { ...step, line: id, version, start, end, text }));
  }

  /** Several lines, as one step. @param {LineState[]} lines */
  saveAll(lines) {
    const said = lines.map(({ id, version, start, end, text }) => ({ line: id, version, start, end, text }));
    return this.#step(newId(), (step) => call(this.server, "save_lines", { ...step, lines: said }));
  }

  /** Two lines in place of one, of the texts before and after a place in it; returns the id of the second.
   * @param {SavedLine} line
   * @param {string} head
   * @param {string} tail
   */
  async split({ id, version }, head, tail) {
    const request = { line: id, version, head, tail };
    const { lines } = await this.#step(newId(), (step) => call(this.server, "split_line", { ...step, ...request }));
    return lines[1].line;
  }

  /** One line in place of two, of `text` and what the other says.
   * @param {SavedLine} line
   * @param {string} text
   * @param {SavedLine} other
   */
  merge({ id, version }, text, other) {
    const request = { line: id, version, text, other: other.id, other_version: other.version };
    return this.#step(newId(), (step) => call(this.server, "merge_lines", { ...step, ...request }));
  }

  /** @param {SavedLine} line */
  remove({ id, version }) {
    return this.#step(newId(), (step) => call(this.server, "delete_line", { ...step, line: id, version }));
  }

  /** A line that somebody removed, as it was; returns its version. @param {number} id */
  async restore(id) {
    const { version } = await this.#step(newId(), (step) => call(this.server, "restore_line", { ...step, line: id }));
    return version;
  }

  /** Takes a step back, or does it again. @param {string} edit @param {"undo" | "redo"} way */
  async move(edit, way) {
    const request = { video: this.video, edit, annotator: currentUser() };
    await (way === "undo" ? call(this.server, "undo_lines", request) : call(this.server, "redo_lines", request));
    await this.load();
  }

  /** Who did what to a line, oldest first. @param {Line} line */
  history({ id }) {
    return call(this.server, "line_history", { line: id });
  }

  /**
   * @template Result
   * @param {string} edit
   * @param {(step: { video: string, edit: string, annotator: string }) => Promise<Result>} send
   */
  async #step(edit, send) {
    const saved = await send({ video: this.video, edit, annotator: currentUser() });
    if (!this.store.isClosed) {
      this.editor.addLines(edit);
      await this.load();
    }
    return saved;
  }
}
