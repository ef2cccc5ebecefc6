// The server's side of one video, as far as edits go: versions are counted, a stale edit is a conflict, and what builds
// on one that failed fails with it.

import { loaded } from "./harness.mjs";

export class Server {
  constructor(more = {}) {
    this.loaded = loaded(more);
    this.rows = new Map(this.loaded.annotations.map((row) => [row.id, row]));
    this.verdicts = {};
    this.saved = []; // edits that were taken, with `by`
    this.batches = [];
    this.refuses = () => null; // edit → why
    this.away = false;
    this.gone = false;
    this.user = ""; // who is logged in
    this.others = 0; // batches that somebody else made
  }

  load_document = async () =>
    this.answer(() => ({
      ...this.loaded,
      annotations: structuredClone([...this.rows.values()].filter((row) => !row.deleted)),
    }));
  changes = async () =>
    this.answer(() => ({
      annotations: [],
      verdicts: {},
      runs: [],
      people: { seq: 0 },
      present: [],
      schema: null,
      jobs: [],
      seq: 0,
      run_seq: 0,
    }));
  run_payload = async () => this.answer(() => ({ query: "", payload: { curve: { times: [], scores: [] } } }));
  save = async ({ edits, annotator }) => {
    if (this.user && annotator && annotator !== this.user) {
      this.others += 1;
      return { ok: false, kind: "others", error: `Log in as ${annotator}.` };
    }
    return this.answer(() => this.take(structuredClone(edits), annotator));
  };

  answer(work) {
    if (this.away) throw new Error("no network");
    return this.gone ? { ok: false, kind: "gone", error: "No such video." } : { ok: true, data: work() };
  }

  take(edits, by) {
    this.batches.push(edits);
    const failed = new Map();
    const results = edits.map((edit) => {
      const known = this.saved.some(({ edit_id }) => edit_id === edit.edit_id); // its answer was lost: acknowledged again
      if (known && !failed.has(edit.id))
        return { edit_id: edit.edit_id, ok: true, annotation: structuredClone(this.rows.get(edit.id) ?? null) };
      const failure = failed.get(edit.id) ?? this.failure(edit);
      if (failure) {
        if (edit.id) failed.set(edit.id, failure);
        return { edit_id: edit.edit_id, ok: false, ...failure };
      }
      this.saved.push({ ...edit, by });
      if (edit.op === "verdict") this.verdicts[edit.prediction_id] = edit.verdict;
      else this.put({ ...edit, deleted: edit.op === "delete", annotator: by });
      return {
        edit_id: edit.edit_id,
        ok: true,
        annotation: edit.op === "verdict" ? null : structuredClone(this.rows.get(edit.id)),
      };
    });
    return { results };
  }

  failure(edit) {
    const why = this.refuses(edit);
    if (why) return { kind: "refused", error: why, current: null };
    if (edit.op === "verdict" || (this.rows.get(edit.id)?.version ?? 0) === edit.base_version) return null;
    return {
      kind: "conflict",
      error: "Somebody was faster.",
      current: structuredClone(this.rows.get(edit.id) ?? null),
    };
  }

  // What somebody else does, or what was sent.
  put({ edit_id, op, base_version, ...row }) {
    const before = this.rows.get(row.id);
    this.rows.set(row.id, { ...before, ...row, version: (before?.version ?? 0) + 1 });
    return this.rows.get(row.id);
  }
}
