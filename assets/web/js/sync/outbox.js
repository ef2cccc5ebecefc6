// Edits on their way to disk. Each stays here, and in the browser's storage, until the server says that it is saved:
// a page that is reloaded, or closed by accident while the server is away, finds them again and sends them in order.

import { call } from "./api.js";
import { newId } from "./ids.js";
import { editsOf, forgetEdits, keepEdit } from "./storage.js";
import { annotator } from "./current-user.js";

const RETRY_MS = 1500;
const BATCH = 500;
const PATIENCE_MS = 15_000;

const saved = (answers) => answers.filter(({ result }) => result.ok).map(({ edit }) => edit);

// Whether an edit was made on top of another one of the same annotation.
const follows = (edit, before) => edit.op === "verdict" || edit.base_version === before.base_version + 1;

export class Outbox {
  // answered([{edit, result}]) is called for each batch and returns the edits that are over. The others are not sent
  // again from here, but they stay in storage until their video is opened and somebody decides: without a page that
  // shows the video, nobody was asked. stated(state, why): saved | saving | offline | refused | others | gone.
  constructor(server, video, answered = saved, stated = () => {}) {
    Object.assign(this, { server, video, answered, stated });
    this.busy = false;
    this.retry = 0;
    this.said = 0; // batches that were answered
    this.pending = [];
    this.known = new Set(); // edit_id of all that was ever here: storage has them a little longer
    this.keeping = new Map(); // edit_id → when the browser has it: nothing can be forgotten before it is kept
  }

  // Take up what earlier pages left.
  async restore() {
    const left = (await editsOf(this.video)).filter((edit) => !this.known.has(edit.edit_id));
    for (const edit of left) this.known.add(edit.edit_id);
    this.pending = [...left, ...this.pending];
    return this;
  }

  // An edit belongs to whoever made it, also when it is sent after somebody else took the seat.
  push(fields) {
    const edit = { edit_id: newId(), annotator: annotator(), ...fields };
    this.pending.push(edit);
    this.keep(edit);
    this.flush();
  }

  // In storage only; `instead` are edits that it takes the place of.
  keep(edit, instead = []) {
    this.known.add(edit.edit_id);
    this.keeping.set(
      edit.edit_id,
      keepEdit(
        this.video,
        edit,
        instead.map((each) => each.edit_id),
      ),
    );
  }

  forget(edits) {
    if (!edits.length) return;
    const gone = new Set(edits.map((edit) => edit.edit_id));
    this.pending = this.pending.filter((edit) => !gone.has(edit.edit_id));
    Promise.all([...gone].map((id) => this.keeping.get(id))).then(() => forgetEdits(gone));
    for (const id of gone) this.keeping.delete(id);
  }

  waitsFor(id) {
    return this.pending.some((edit) => edit.id === id || edit.prediction_id === id);
  }

  // Sends until nothing waits, also after its page has turned to another video.
  async flush() {
    if (this.busy) return;
    if (!this.pending.length) {
      this.stated("saved");
      return;
    }
    clearTimeout(this.retry);
    this.busy = true;
    this.stated("saving");
    const batch = this.next();
    let reply;
    try {
      reply = await call(
        this.server,
        "save",
        { video: this.video, edits: batch, annotator: batch[0].annotator ?? annotator() },
        PATIENCE_MS,
      );
    } catch (error) {
      this.busy = false;
      this.failed(error, batch);
      return;
    }
    this.busy = false;
    this.said += 1;
    this.forget(this.answered(this.matched(batch, reply.results)));
    this.flush();
  }

  // What one person made goes together: it is saved under that name. What two tabs made of one annotation does not:
  // the server takes what comes later for something that builds on the former.
  next() {
    const newest = new Map(); // annotation → the last edit of it
    const end = this.pending.findIndex((edit) => {
      if (edit.annotator !== this.pending[0].annotator || (newest.has(edit.id) && !follows(edit, newest.get(edit.id))))
        return true;
      if (edit.id && edit.op !== "verdict") newest.set(edit.id, edit);
      return false;
    });
    return this.pending.slice(0, end < 0 ? BATCH : Math.min(BATCH, end));
  }

  // Each edit with its answer. What builds on one that failed fails with it, also where it waits for a later batch.
  matched(batch, results) {
    const answers = batch.map((edit, i) => ({ edit, result: results[i] }));
    const failed = new Map(
      answers
        .filter(({ edit, result }) => !result.ok && edit.id && edit.op !== "verdict")
        .map((answer) => [answer.edit.id, answer]),
    );
    const sent = new Set(batch);
    this.pending = this.pending.filter((edit) => {
      const before = failed.get(edit.id);
      if (sent.has(edit)) return false;
      if (!before || !follows(edit, before.edit)) return true;
      answers.push({ edit, result: before.result });
      if (edit.op !== "verdict") failed.set(edit.id, answers.at(-1));
      return false;
    });
    return answers;
  }

  failed(error, batch) {
    if (error.kind === "gone") {
      this.forget(this.pending); // there is nothing left that they could change
      this.stated("gone", error.message);
      return;
    }
    if (error.kind === "others") {
      // these wait in storage until whoever made them is back
      this.pending = this.pending.filter((edit) => edit.annotator !== batch[0].annotator);
      this.stated("others", error.message);
      this.flush();
      return;
    }
    this.stated(
      error.kind === "refused" ? "refused" : "offline",
      error.kind === "offline"
        ? "The studio does not answer. Your edits are kept in this browser and sent again."
        : error.message,
    );
    this.retry = setTimeout(() => this.flush(), RETRY_MS);
  }
}
