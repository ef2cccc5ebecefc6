// Edits on their way to disk. Each stays here, and in the browser's storage, until the server says that it is saved:
// a page that is reloaded, or closed by accident while the server is away, finds them again and sends them in order.

import { newId } from "../model/ids.js";
import { ApiError, call } from "./api.js";
import { currentUser } from "./current-user.js";
import { aboutOf, isOfAnnotation } from "./save-results.js";
import { editsOf, forgetEdits, isUnclaimed, keepEdit } from "./storage.js";

/** @import { AnnotationEdit, Answer, Edit, EditRequest, NotSaved, SaveResult, SendingState, Server } from "../types.js" */

/** others: these are somebody else's edits; gone: the video was removed.
 * @typedef {SendingState | "others" | "gone"} OutboxState
 */

const RETRY_MS = 1500;
const BATCH = 500;
const PATIENCE_MS = 15_000;
const AWAY = "The studio does not answer. Your edits are kept in this browser and sent again.";

const saved = (/** @type {Answer[]} */ answers) => answers.filter(({ result }) => result.ok).map(({ edit }) => edit);

/** Whether an edit was made on top of another one of the same annotation.
 * @param {Edit} edit
 * @param {AnnotationEdit} before
 */
const follows = (edit, before) => !isOfAnnotation(edit) || edit.base_version === before.base_version + 1;

export class Outbox {
  #isBusy = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;
  /** edit_id of all that was ever here: storage has them a little longer. @type {Set<string>} */
  #known = new Set();
  /** edit_id → when the browser has it: nothing can be forgotten before it is kept. @type {Map<string, Promise<void>>} */
  #keeping = new Map();

  #answered = 0;
  /** @type {Edit[]} oldest first */
  #pending = [];

  /**
   * @param {Server} server
   * @param {string} video
   * @param {(answers: Answer[]) => Edit[]} [answered] is called for each batch and returns the edits that are over. The
   *   others are not sent again from here, but they stay in storage until their video is opened and somebody decides:
   *   without a page that shows the video, nobody was asked.
   * @param {(state: OutboxState, why: string) => void} [stated]
   */
  constructor(server, video, answered = saved, stated = () => {}) {
    this.server = server;
    this.video = video;
    this.answered = answered;
    this.stated = stated;
  }

  /** What is not answered yet, oldest first. @returns {readonly Edit[]} */
  get pending() {
    return this.#pending;
  }

  /** How many batches were answered. */
  get answeredCount() {
    return this.#answered;
  }

  get isIdle() {
    return !this.#isBusy && !this.#pending.length;
  }

  /** Take up what earlier pages left. */
  async restore() {
    const left = (await editsOf(this.video)).filter((edit) => !this.#known.has(edit.edit_id));
    for (const edit of left) this.#known.add(edit.edit_id);
    this.#pending = [...left, ...this.#pending];
    return this;
  }

  /** An edit belongs to whoever made it, also when it is sent after somebody else took the seat.
   * @param {EditRequest} request
   * @param {string} [id] of the edit
   * @returns {Edit}
   */
  push(request, id = newId()) {
    /** @type {Edit} */
    const edit = { edit_id: id, annotator: currentUser(), ...request };
    this.#pending.push(edit);
    this.keep(edit);
    this.flush();
    return edit;
  }

  /** In storage only.
   * @param {Edit} edit
   * @param {readonly Edit[]} [instead] edits that it takes the place of
   */
  keep(edit, instead = []) {
    this.#known.add(edit.edit_id);
    this.#keeping.set(
      edit.edit_id,
      keepEdit(
        this.video,
        edit,
        instead.map((each) => each.edit_id),
      ),
    );
  }

  /** @param {readonly Edit[]} edits */
  forget(edits) {
    if (!edits.length) return;
    const gone = new Set(edits.map((edit) => edit.edit_id));
    this.#pending = this.#pending.filter((edit) => !gone.has(edit.edit_id));
    Promise.all([...gone].map((id) => this.#keeping.get(id))).then(() => forgetEdits(gone));
    for (const id of gone) this.#keeping.delete(id);
  }

  /** Whether an edit of an annotation, about a prediction, or of names (`PEOPLE`) is on its way. @param {string} id */
  waitsFor(id) {
    return this.#pending.some((edit) => aboutOf(edit) === id || edit.prediction_id === id);
  }

  /** Sends until nothing waits, also after its page has turned to another video. */
  async flush() {
    if (this.#isBusy) return;
    if (!this.#pending.length) {
      this.stated("saved", "");
      return;
    }
    clearTimeout(this.#retry);
    this.#isBusy = true;
    this.stated("saving", "");
    const batch = this.#next();
    let results;
    try {
      const request = { video: this.video, edits: batch, annotator: batch[0].annotator ?? currentUser() };
      ({ results } = await call(this.server, "save", request, PATIENCE_MS));
    } catch (error) {
      this.#isBusy = false;
      if (!(error instanceof ApiError)) throw error;
      this.#failed(error, batch);
      return;
    }
    this.#isBusy = false;
    this.#answered += 1;
    this.forget(this.answered(this.#matched(batch, results)));
    this.flush();
  }

  /** What one person made goes together: it is saved under that name. What two tabs made of one annotation does not:
   * the server takes what comes later for something that builds on the former.
   */
  #next() {
    /** @type {Map<string, AnnotationEdit>} annotation → the last edit of it */
    const newest = new Map();
    const end = this.#pending.findIndex((edit) => {
      const before = newest.get(edit.id ?? "");
      if (edit.annotator !== this.#pending[0].annotator || (before && !follows(edit, before))) return true;
      if (isOfAnnotation(edit)) newest.set(edit.id, edit);
      return false;
    });
    return this.#pending.slice(0, end < 0 ? BATCH : Math.min(BATCH, end));
  }

  /** Each edit with its answer. What builds on one that failed fails with it, also where it waits for a later batch.
   * @param {Edit[]} batch
   * @param {SaveResult[]} results
   */
  #matched(batch, results) {
    /** @type {Answer[]} */
    const answers = batch.map((edit, i) => ({ edit, result: results[i] }));
    /** @type {Map<string, { edit: AnnotationEdit, result: NotSaved }>} */
    const failed = new Map();
    for (const { edit, result } of answers)
      if (!result.ok && isOfAnnotation(edit)) failed.set(edit.id, { edit, result });
    const sent = new Set(batch);
    this.#pending = this.#pending.filter((edit) => {
      const before = failed.get(edit.id ?? "");
      if (sent.has(edit)) return false;
      if (!before || !follows(edit, before.edit)) return true;
      answers.push({ edit, result: before.result });
      if (isOfAnnotation(edit)) failed.set(edit.id, { edit, result: before.result });
      return false;
    });
    return answers;
  }

  /**
   * @param {ApiError} error
   * @param {Edit[]} batch
   */
  #failed(error, batch) {
    if (error.kind === "gone") {
      // there is nothing left that they could change; what may be of another library stays in storage for it
      this.forget(this.#pending.filter((edit) => !isUnclaimed(edit.edit_id)));
      this.#pending = [];
      this.stated("gone", error.message);
      return;
    }
    if (error.kind === "others") {
      // these wait in storage until whoever made them is back
      this.#pending = this.#pending.filter((edit) => edit.annotator !== batch[0].annotator);
      this.stated("others", error.message);
      this.flush();
      return;
    }
    const isRefused = error.kind === "invalid" || error.kind === "forbidden";
    this.stated(isRefused ? "failed" : "offline", error.kind === "offline" ? AWAY : error.message);
    this.#retry = setTimeout(() => this.flush(), RETRY_MS);
  }
}
