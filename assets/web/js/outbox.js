// Edits on their way to disk. Each stays here, and in the browser's storage under a key of its own, until the server
// says that it is saved: other windows of this browser have edits of their own in the same storage.

import { call } from "./api.js";
import { annotator } from "./shell.js";

const RETRY_MS = 1500;
const BATCH = 500;
const PREFIX = "outbox:";

export class Outbox {
  // answered(result, edit) is called for each edit; stated(state, why) with saved | saving | offline | refused.
  constructor(server, video, answered, stated) {
    this.server = server;
    this.video = video;
    this.answered = answered;
    this.stated = stated;
    this.busy = false;
    this.pending = stored(video);
  }

  key(edit) {
    return `${PREFIX}${this.video}:${edit.edit_id}`;
  }

  push(fields) {
    const edit = { edit_id: crypto.randomUUID(), ...fields };
    this.pending.push(edit);
    try {
      localStorage.setItem(this.key(edit), JSON.stringify({ at: Date.now(), n: this.pending.length, edit }));
    } catch {
      // storage is full or forbidden: the page still holds the edit and goes on sending it
    }
    this.flush();
  }

  forget(edits) {
    const gone = new Set(edits.map((edit) => edit.edit_id));
    this.pending = this.pending.filter((edit) => !gone.has(edit.edit_id));
    for (const edit of edits) localStorage.removeItem(this.key(edit));
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

// What this browser still holds for a video, in the order in which it was made.
function stored(video) {
  return records(`${PREFIX}${video}:`)
    .sort((a, b) => a.at - b.at || a.n - b.n)
    .map((record) => record.edit);
}

// The videos for which an earlier page left edits behind.
export function leftBehind() {
  const keys = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
  return [...new Set(keys.map((key) => key.slice(PREFIX.length).split(":")[0]))];
}

function records(prefix) {
  return Object.keys(localStorage)
    .filter((key) => key.startsWith(prefix))
    .flatMap((key) => {
      try {
        return [JSON.parse(localStorage.getItem(key))];
      } catch {
        return [];
      }
    });
}
