// What the server said to our edits: saved; refused; or a conflict, which waits until the person chooses.

import { newId } from "./ids.js";

export class Answers {
  constructor(doc) {
    this.doc = doc;
  }

  // Takes what was said to a batch, [{edit, result}]; returns the edits that are over.
  take(answers) {
    const { doc } = this;
    const over = [];
    const failed = new Map(); // what it is about → {edits, result}
    let corrected = false;
    for (const { edit, result } of answers) {
      if (result.ok) {
        over.push(edit);
        if (result.annotation) corrected = this.saved(edit, result.annotation) || corrected;
        continue;
      }
      const about = edit.id ?? edit.prediction_id;
      if (!failed.has(about)) failed.set(about, { edits: [], result });
      failed.get(about).edits.push(edit);
    }
    if (corrected) doc.keepHistory();
    if (over.length) doc.changed("saved");
    if (doc.closed) return over; // nobody looks: what failed waits in storage until the video is opened again
    const said = new Set();
    for (const [id, { edits, result }] of failed) {
      if (result.kind === "conflict") over.push(...this.conflict(id, edits, result.current));
      else {
        over.push(...this.refused(id, edits));
        said.add(result.error);
      }
    }
    for (const text of said) doc.notice(text);
    if (said.size) doc.reload();
    return over;
  }

  // Whether the server took something else than was sent.
  saved(edit, row) {
    const { doc } = this;
    const conflict = doc.conflicts.get(row.id);
    if (conflict) conflict.theirs = row;
    if (row.version > edit.base_version + 1) {
      // the answer came late, and somebody went on meanwhile
      if (doc.others.mergeAnnotation(row)) doc.changed();
      return false;
    }
    doc.remember(row.id, row.version);
    const known = doc.annotations.get(row.id);
    if (!known || known.version > row.version) return false;
    const differs = ["track", "start", "end", "label", "note", "source"].some(
      (field) => field in row && known[field] !== row[field],
    );
    Object.assign(known, row);
    return differs;
  }

  refused(id, edits) {
    const { doc } = this;
    doc.history.forget(id);
    const first = edits.find((edit) => edit.op !== "verdict");
    if (first) doc.versions.set(id, first.base_version);
    return edits;
  }

  // Several edits of one annotation become one, with the oldest base and the newest fields: sent again when the video
  // is opened another time, it brings the conflict back.
  conflict(id, edits, theirs) {
    const { doc } = this;
    const all = [...(doc.conflicts.get(id)?.kept ?? []), ...edits];
    const states = all.filter((edit) => edit.op !== "verdict");
    const verdicts = all.filter((edit) => edit.op === "verdict");
    const over = verdicts.slice(0, -1);
    const [verdict] = verdicts.slice(-1);
    const newest = states.at(-1);
    this.takeTheirs(id, newest.prediction_id, theirs);
    if (newest.op === "delete" && (!theirs || theirs.deleted)) {
      // we agree
      doc.conflicts.delete(id);
      this.decide(newest, verdict);
      doc.changed();
      return all;
    }
    const kept = states.length > 1 ? this.merged(states) : newest;
    if (states.length > 1) doc.outbox.keep(kept, states);
    const { op, base_version, edit_id, ...mine } = newest;
    doc.conflicts.set(id, {
      mine: { ...mine, deleted: op === "delete" },
      theirs,
      verdict,
      kept: verdict ? [kept, verdict] : [kept],
    });
    doc.changed();
    doc.changed("conflict");
    return over;
  }

  takeTheirs(id, predictionId, theirs) {
    const { doc } = this;
    const there = theirs && !theirs.deleted;
    doc.versions.set(id, theirs?.version ?? 0);
    if (there) doc.annotations.set(id, theirs);
    else doc.annotations.delete(id);
    const p = doc.predictions.get(predictionId);
    if (p) p.verdict = there ? verdictOf(theirs) : "";
    doc.history.forget(id);
  }

  decide({ id, prediction_id: predictionId }, said) {
    const { doc } = this;
    const p = doc.predictions.get(predictionId);
    if (p && said) doc.decide(p, said.verdict, id);
  }

  merged(states) {
    const [first, newest] = [states[0], states.at(-1)];
    const op = newest.op === "delete" ? "delete" : first.op === "delete" ? "update" : first.op;
    return { ...newest, edit_id: newId(), op, base_version: first.base_version };
  }

  resolve(id, keepMine) {
    const { doc } = this;
    const conflict = doc.conflicts.get(id);
    if (!conflict) return;
    doc.conflicts.delete(id);
    const { mine, theirs, verdict, kept } = conflict;
    if (keepMine) {
      const now = doc.annotations.get(id) ?? (theirs && { ...theirs, deleted: true });
      // theirs may have been edited further, here, before somebody chose
      const version = theirs ? Math.max(theirs.version, doc.versions.get(id) ?? 0) : 0;
      doc.put(now, { ...mine, id: theirs ? id : newId(), version });
      this.decide(mine, verdict);
    }
    doc.outbox.forget(kept); // not before the choice itself is kept
    doc.outbox.flush();
    doc.changed();
  }
}

// What an annotation says of the prediction it was made from.
export const verdictOf = (annotation) => (annotation.source === "accepted" ? "accepted" : "corrected");
