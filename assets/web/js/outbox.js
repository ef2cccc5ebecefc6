// Edits on their way to disk. Each stays here, and in the browser's storage, until the server says that it is saved.

import { call } from "./api.js";
import { annotator } from "./shell.js";

const RETRY_MS = 1500;
const BATCH = 500;

export class Outbox {
  // answered(result, edit) is called for each edit; stated(state) with saved | saving | offline.
  constructor(server, video, answered, stated) {
    this.server = server;
    this.video = video;
    this.answered = answered;
    this.stated = stated;
    this.key = `outbox:${video}`;
    this.pending = this.restore();
    this.busy = false;
    this.closed = false;
  }

  restore() {
    try {
      return JSON.parse(localStorage.getItem(this.key)) || [];
    } catch {
      return [];
    }
  }

  persist() {
    try {
      if (this.pending.length) localStorage.setItem(this.key, JSON.stringify(this.pending));
      else localStorage.removeItem(this.key);
    } catch {
      // storage is full or forbidden: the page still holds the edits and goes on sending them
    }
  }

  push(edit) {
    this.pending.push({ edit_id: crypto.randomUUID(), ...edit });
    this.persist();
    this.flush();
  }

  waitsFor(id) {
    return this.pending.some((edit) => edit.id === id || edit.prediction_id === id);
  }

  // Forget what waits for an annotation: its base is gone (a conflict decides what happens to it).
  drop(id) {
    this.pending = this.pending.filter((edit) => edit.id !== id);
    this.persist();
  }

  async flush() {
    if (this.busy || this.closed) return;
    if (!this.pending.length) {
      this.stated("saved");
      return;
    }
    this.busy = true;
    this.stated("saving");
    const batch = this.pending.slice(0, BATCH);
    try {
      const reply = await call(this.server, "save", { video: this.video, edits: batch, annotator: annotator() });
      const sent = new Set(batch.map((edit) => edit.edit_id));
      this.pending = this.pending.filter((edit) => !sent.has(edit.edit_id));
      this.persist();
      this.busy = false;
      reply.results.forEach((result, i) => this.answered(result, batch[i]));
      this.flush();
    } catch (error) {
      this.busy = false;
      this.stated("offline", error.message);
      if (!this.closed) setTimeout(() => this.flush(), RETRY_MS);
    }
  }

  close() {
    this.closed = true;
  }
}
