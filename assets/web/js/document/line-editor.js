// The lines of the transcript of a video: every change that a person makes of them, sent at once, and undone as one step.

import { newId } from "../model/ids.js";
import { call, messageOf } from "../sync/api.js";
import { currentUser } from "../sync/current-user.js";

/** @import { Line, LineState, LineStep, Server } from "../types.js" */
/** @import { DocumentStore } from "../model/document-store.js" */
/** @import { Editor } from "../model/editor.js" */

/** @type {(keyof Line)[]} */
const SHOWN = ["version", "start", "end", "text", "source", "origin", "speaker"];

const byStart = (/** @type {Line} */ a, /** @type {Line} */ b) => a.start - b.start;

/** Whether a line is as it was; its words only change with its version.
 * @param {Line} one
 * @param {Line} other
 */
const isSame = (one, other) => SHOWN.every((key) => one[key] === other[key]);

/** A line that the server knows. @typedef {Line & { id: number }} SavedLine */

export class LineEditor {
  /** Why this person may not read in other subtitles, or nothing. */
  fixed = "";
  /** What the lines are by now, as the server last said, and those that are here. */
  #newest = "";
  #loaded = "";
  #isFollowing = false;
  /** Changes that are on their way. */
  #waiting = 0;
  /** How many changes there were, and how often the lines were asked for. */
  #changes = 0;
  #asked = 0;
  /** One change is sent after the other: each says which version it builds on. @type {Promise<unknown>} */
  #sending = Promise.resolve();
  /** The version that a line has by this page's own changes, and the first that they built on.
   * @type {Map<number, { from: number, to: number }>}
   */
  #own = new Map();

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

  /** Asks for the lines anew. An answer that does not know what a person did meanwhile is left aside: they are asked for
   * once more when that is saved. Rejects with an ApiError.
   */
  async load() {
    const request = { video: this.video, annotator: currentUser() };
    const changes = this.#changes;
    const asked = ++this.#asked;
    const { lines, fixed, state } = await call(this.server, "transcript", request);
    this.fixed = fixed;
    if (changes !== this.#changes || asked !== this.#asked) return this.all;
    this.#loaded = state;
    const known = new Map(this.all.map((line) => [line.id, line]));
    const kept = (/** @type {Line} */ line) => {
      const old = known.get(line.id);
      return old && isSame(old, line) ? old : line; // what did not change need not be drawn anew
    };
    this.store.setMedia({ lines: lines.map(kept).sort(byStart) }, "lines");
    return this.all;
  }

  /** Somebody else changed lines, or a job wrote some down: asks for them, unless they are here, or a change of this page
   * is on its way, after which they are asked for in any case.
   * @param {string} state
   */
  async follow(state) {
    this.#newest = state;
    if (this.#isFollowing) return;
    this.#isFollowing = true;
    for (let asked = ""; this.#newest !== this.#loaded && this.#newest !== asked && !this.#waiting;) {
      asked = this.#newest;
      await this.load().catch(() => {}); // the next news ask again
    }
    this.#isFollowing = false;
  }

  // Each of these rejects with an ApiError, of the kind “conflict” or “gone” where somebody changed the line meanwhile.

  /** A new line, or what one becomes that was seen as its version.
   * @param {LineState} line
   * @param {string} [edit] the id of the step: one that is sent again is saved once
   */
  save(line, edit = newId()) {
    return this.#step(edit, async (step) => {
      const saved = await call(this.server, "save_line", { ...step, ...this.#sent(line) });
      return this.#saved([line], [saved]);
    });
  }

  /** Several lines, as one step. @param {LineState[]} lines */
  saveAll(lines) {
    return this.#step(newId(), async (step) => {
      const sent = lines.map((line) => this.#sent(line));
      const { lines: saved } = await call(this.server, "save_lines", { ...step, lines: sent });
      return this.#saved(lines, saved);
    });
  }

  /** Lines get other times, which are shown at once: a key may be pressed again before the server answers.
   * @param {LineState[]} lines
   */
  async retime(lines) {
    this.#show(new Map(lines.map(({ id, start, end }) => [id, { start, end }])));
    return this.saveAll(lines);
  }

  /** Two lines in place of one, of the texts before and after a place in it; returns the id of the second.
   * @param {SavedLine} line
   * @param {string} head
   * @param {string} tail
   * @param {number | null} [at] where its time is cut; null: between the words
   */
  async split(line, head, tail, at = null) {
    const { lines } = await this.#step(newId(), (step) => {
      const { version } = this.#sent(line);
      return call(this.server, "split_line", { ...step, line: line.id, version, head, tail, at });
    });
    return lines[1].line;
  }

  /** One line in place of two, of `text` and what the other says.
   * @param {SavedLine} line
   * @param {string} text
   * @param {SavedLine} other
   */
  merge(line, text, other) {
    return this.#step(newId(), (step) => {
      const [{ version }, { version: other_version }] = [this.#sent(line), this.#sent(other)];
      return call(this.server, "merge_lines", {
        ...step,
        line: line.id,
        version,
        text,
        other: other.id,
        other_version,
      });
    });
  }

  /** @param {SavedLine} line */
  remove(line) {
    return this.#step(newId(), (step) => {
      const { version } = this.#sent(line);
      return call(this.server, "delete_line", { ...step, line: line.id, version });
    });
  }

  /** As one step. @param {SavedLine[]} lines */
  removeAll(lines) {
    return this.#step(newId(), (step) => {
      const sent = lines.map((line) => ({ ...this.#sent(line), deleted: true }));
      return call(this.server, "save_lines", { ...step, lines: sent });
    });
  }

  /** A line as one of its revisions made it, or as it was before that.
   * @param {SavedLine} line
   * @param {number} seq
   * @param {boolean} before
   */
  revert(line, seq, before) {
    return this.#step(newId(), (step) => {
      const { version } = this.#sent(line);
      return call(this.server, "revert_line", { ...step, line: line.id, seq, before, version });
    });
  }

  /** A line that somebody removed, as it was; returns its version. @param {number} id */
  async restore(id) {
    const { version } = await this.#step(newId(), (step) => call(this.server, "restore_line", { ...step, line: id }));
    return version;
  }

  /** Says who says lines, as one step; "": as it is found.
   * @param {readonly Line[]} lines
   * @param {string} speaker
   */
  attribute(lines, speaker) {
    return this.#step(newId(), this.#attributing(lines, speaker));
  }

  /** The same as a part of another step, which is over before this is saved; returns its id.
   * @param {readonly Line[]} lines
   * @param {string} speaker
   */
  attributeLater(lines, speaker) {
    const edit = newId();
    this.#send(edit, this.#attributing(lines, speaker)).catch((error) => {
      this.editor.undoStack.dropLines(edit);
      this.store.notice(`The lines keep their speaker. ${messageOf(error)}`);
    });
    return edit;
  }

  /**
   * @param {readonly Line[]} lines
   * @param {string} speaker
   */
  #attributing(lines, speaker) {
    this.#show(new Map(lines.map(({ id }) => [id, { speaker }])));
    return async (/** @type {LineStep} */ step) => {
      const seen = lines.map((line) => this.#sent(line)).map(({ line, version }) => ({ line: line ?? -1, version }));
      const { lines: saved } = await call(this.server, "set_speaker", { ...step, speaker, lines: seen });
      return this.#saved(lines, saved);
    };
  }

  /** Lines as they will be, before the server has them. @param {Map<number | null, Partial<Line>>} changes */
  #show(changes) {
    const lines = this.all.map((line) => (changes.has(line.id) ? { ...line, ...changes.get(line.id) } : line));
    this.store.setMedia({ lines: lines.sort(byStart) }, "lines");
  }

  /** Takes a step back, or does it again. @param {string} edit @param {"undo" | "redo"} way */
  async move(edit, way) {
    await this.#send(edit, (request) =>
      way === "undo" ? call(this.server, "undo_lines", request) : call(this.server, "redo_lines", request),
    );
  }

  /** Who did what to a line, oldest first. @param {Line} line */
  history({ id }) {
    return call(this.server, "line_history", { line: id });
  }

  /** It can be undone from now on: what a person does before the server answers comes after it.
   * @template Result
   * @param {string} edit
   * @param {(step: LineStep) => Promise<Result>} send
   */
  async #step(edit, send) {
    this.editor.addLines(edit);
    try {
      return await this.#send(edit, send);
    } catch (error) {
      this.editor.undoStack.dropLines(edit);
      this.store.tellContent();
      throw error;
    }
  }

  /** One after the other; after the last one the lines are asked for, however it went.
   * @template Result
   * @param {string} edit
   * @param {(step: LineStep) => Promise<Result>} send
   */
  async #send(edit, send) {
    this.#waiting += 1;
    this.#changes += 1;
    const work = this.#sending.then(() => send({ video: this.video, edit, annotator: currentUser() }));
    this.#sending = work.catch(() => {}); // the next one may be about another line
    try {
      return await work;
    } finally {
      this.#waiting -= 1;
      if (!this.#waiting && !this.store.isClosed) await this.load().catch(() => {});
    }
  }

  /** A line as it is sent: on top of what this page saved of it since the person saw it.
   * @param {LineState} line
   */
  #sent({ id, version, start, end, text }) {
    const own = this.#own.get(id ?? -1);
    const isOwn = own && version >= own.from && version < own.to;
    return { line: id, version: isOwn ? own.to : version, start, end, text };
  }

  /**
   * @template {{ line: number, version: number }} Answer
   * @param {readonly LineState[]} sent
   * @param {Answer[]} saved
   */
  #saved(sent, saved) {
    saved.forEach(({ line, version }, at) => {
      const own = this.#own.get(line);
      this.#own.set(line, { from: own?.to === version - 1 ? own.from : sent[at].version, to: version });
    });
    return saved;
  }
}
