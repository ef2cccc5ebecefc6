// Edits on their way to disk. Each stays here, and in the browser's storage, until the server says that it is saved:
// a page that is reloaded, or closed by accident while the server is away, finds them again and sends them in order.

import { call } from "./api.js";
import { newId } from "./ids.js";
import { editsOf, forgetEdits, keepEdit } from "./storage.js";
import { annotator } from "./who.js";

const RETRY_MS = 1500;
const BATCH = 500;

export class Outbox {
  // answered(result, edit) is called for each edit; stated(state, why) with saved | saving | offline | refused.
  constructor(server, video, answered = () => {}, stated = () => {}) {
    Object.assign(this, { server, video, answered, stated });
    this.busy = false;
    this.pending = [];
    this.keeping = new Map(); // edit_id → when the browser has it: nothing can be forgotten before it is kept
  }

  // Take up what earlier pages left.
  async restore() {
    const known = new Set(this.pending.map((edit) => edit.edit_id));
    const left = await editsOf(this.video);
    this.pending = [...left.filter((edit) => !known.has(edit.edit_id)), ...this.pending];
    return this;
  }

  push(fields) {
    const edit = { edit_id: newId(), ...fields };
    this.pending.push(edit);
    this.keeping.set(edit.edit_id, keepEdit(this.video, edit));
    this.flush();
  }

  forget(edits) {
    const gone = new Set(edits.map((edit) => edit.edit_id));
    this.pending = this.pending.filter((edit) => !gone.has(edit.edit_id));
    Promise.all([...gone].map((id) => this.keeping.get(id))).then(() => forgetEdits(gone));
    for (const id of gone) this.keeping.delete(id);
  }

  waitsFor(id) {
    return this.pending.some((edit) => edit.id === id || edit.prediction_id === id);
  }

  // Take back what waits for an annotation (its base is gone) and return it, oldest first.
  drop(id) {
    const dropped = this.pending.filter((edit) => edit.id === id);
    this.forget(dropped);
    return dropped;
  }

  // Sends until nothing waits, also after its page has turned to another video.
  async flush() {
    if (this.busy) return;
    if (!this.pending.length) {
      this.stated("saved");
      return;
    }
    this.busy = true;
    this.stated("saving");
    const batch = this.pending.slice(0, BATCH);
    try {
      const reply = await call(this.server, "save", { video: this.video, edits: batch, annotator: annotator() });
      this.forget(batch);
      this.busy = false;
      reply.results.forEach((result, i) => this.answered(result, batch[i]));
      this.flush();
    } catch (error) {
      this.busy = false;
      if (error.kind === "refused") {
        this.stated("refused", error.message);
        return;
      }
      this.stated("offline", error.message);
      setTimeout(() => this.flush(), RETRY_MS);
    }
  }
}
