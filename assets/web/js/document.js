// What one video's timeline shows, and every change a person makes to it: applied at once, saved behind their back.

import { ApiError, array, call } from "./api.js";
import { Outbox } from "./outbox.js";
import { People } from "./people.js";
import { annotator } from "./shell.js";

const POLL_MS = 400;
const FIELDS = ["id", "track", "start", "end", "label", "note", "source", "prediction_id"];

export class VideoDocument extends EventTarget {
  constructor(server, id) {
    super();
    this.server = server;
    this.id = id;
    this.predictions = new Map();
    this.annotations = new Map();
    this.previews = [];
    this.jobs = [];
    this.runs = [];
    this.labels = [];
    this.palette = [];
    this.threshold = 0; // predictions below this score are not shown
    this.hidden = new Set(); // runs whose predictions are not shown
    this.conflicts = new Map(); // annotation id → {mine, theirs}
    this.versions = new Map();
    this.done = [];
    this.undone = [];
    this.pts = new Float64Array(0);
    this.shots = new Float64Array(0);
    this.waveform = new Int8Array(0);
    this.curve = null;
    this.people = new People({ seq: 0, names: [] });
    this.faces = []; // face tracks of the newest run of speakers
    this.graphs = new Map(); // row → [{label, times, scores}]: scores over time that can be shown below it
    this.opened = new Set(); // rows whose graph is shown
    this.state = "saved";
    this.outbox = new Outbox(server, id, (result, edit) => this.answered(result, edit), (s, why) => this.setState(s, why));
  }

  async load() {
    const data = await call(this.server, "load_document", { video: this.id });
    Object.assign(this, {
      video: data.video, playable: data.playable, seq: data.seq, runSeq: data.run_seq, runs: data.runs,
      labels: data.labels, palette: data.palette, engines: data.engines, jobs: data.jobs, indexed: data.indexed,
      people: new People(data.people),
    });
    this.predictions = new Map(data.predictions.map((p) => [p.id, p]));
    this.annotations = new Map(data.annotations.map((a) => [a.id, a]));
    for (const a of data.annotations) this.remember(a.id, a.version);
    this.hidden = new Set(this.questions.slice(0, -1).map((run) => run.id));
    for (const edit of this.outbox.pending) this.overlay(edit);
    this.pts = await array(this.id, "pts");
    if (this.closed) return;
    this.changed();
    this.outbox.flush();
    this.loadPictures();
    this.loadCurve();
    this.loadFaces();
    if (!this.timer) this.timer = setInterval(() => this.poll(), POLL_MS);
  }

  async loadPictures() {
    [this.shots, this.waveform] = await Promise.all([array(this.id, "shots"), array(this.id, "waveform")]);
    this.changed("view");
  }

  // The curve of the newest question that is shown.
  async loadCurve() {
    const run = this.questions.filter((r) => !this.hidden.has(r.id)).at(-1);
    if (this.curve?.run === run?.id) return;
    if (!run) {
      this.curve = null;
      this.changed("view");
      return;
    }
    const { query, payload } = await call(this.server, "run_payload", { run: run.id });
    this.curve = { run: run.id, query, agreement: payload.agreement, remembered: payload.remembered, ...payload.curve };
    this.changed("curve");
    this.changed("view");
  }

  // Boxes and score curves of the newest runs about people.
  async loadFaces() {
    const newest = (task) => this.runs.filter((run) => run.task === task).at(-1);
    for (const run of [newest("speaker"), newest("emotion")]) {
      if (!run || this.seenFaces?.has(run.id)) continue;
      (this.seenFaces ??= new Set()).add(run.id);
      const { payload } = await call(this.server, "run_payload", { run: run.id });
      if (this.closed) return;
      if (run.task === "speaker") this.faces = payload.tracks ?? [];
      const curves = run.task === "speaker" ? this.faces.map((t) => ({ ...t, label: "speaking" })) : payload.curves ?? [];
      const found = new Map();
      for (const curve of curves) {
        if (!Array.isArray(curve.scores) || !curve.times?.length || typeof curve.scores[0] !== "number") continue;
        found.set(curve.track, [...(found.get(curve.track) ?? []), curve]);
      }
      for (const [track, shown] of found) this.graphs.set(track, shown);
    }
    this.changed("faces");
    this.changed("view");
  }

  // The row of the timeline that a prediction is shown in; null when a person said that its face is nobody.
  rowOf(p) {
    return this.people.rowOf(p.track, p.start);
  }

  // Say who faces are; annotations of the old name follow.
  async namePeople(names, rename = () => null) {
    const before = this.people;
    this.people = new People({ seq: before.seq, names });
    this.changed("faces");
    this.changed();
    try {
      const saved = await call(this.server, "save_people", { video: this.id, names, base: before.seq, annotator: annotator() });
      this.people = new People(saved);
    } catch (error) {
      this.people = before;
      this.dispatchEvent(new CustomEvent("notice", { detail: error.message }));
      this.changed("faces");
      this.changed();
      return;
    }
    for (const a of [...this.annotations.values()]) {
      const track = rename(a);
      if (track && track !== a.track) this.update(a.id, { track });
    }
  }

  // The page turns away; what waits is still sent.
  close() {
    clearInterval(this.timer);
    this.closed = true;
  }

  changed(what = "content") {
    if (!this.closed) this.dispatchEvent(new CustomEvent("change", { detail: what }));
  }

  setState(state, why = "") {
    if (state === "refused") {
      this.dispatchEvent(new CustomEvent("notice", { detail: `Not saved: ${why}` }));
    }
    const shown = state === "saved" && this.conflicts.size ? "conflict" : state === "refused" ? "offline" : state;
    if (shown === this.state && why === this.why) return;
    this.state = shown;
    this.why = why;
    this.changed("state");
  }

  // ---------------------------------------------------------------- what others did

  async poll() {
    if (this.polling || document.hidden) return;
    this.polling = true;
    try {
      const request = { video: this.id, since: this.seq, run_since: this.runSeq };
      this.merge(await call(this.server, "changes", request));
      if (this.state === "offline") this.outbox.flush();
    } catch (error) {
      // the outbox says when the server is away; reading catches up by itself
      if (error.kind === "refused") {
        this.close();
        this.dispatchEvent(new CustomEvent("gone", { detail: error.message }));
      }
    } finally {
      this.polling = false;
    }
  }

  merge(news) {
    let moved = news.runs.length > 0;
    for (const row of news.annotations) {
      const known = this.annotations.get(row.id);
      const conflict = this.conflicts.get(row.id);
      if (conflict) conflict.theirs = row;
      if (this.outbox.waitsFor(row.id)) continue; // our own word is still out
      if (known && known.version >= row.version) continue;
      this.remember(row.id, row.version);
      if (row.deleted) moved = this.annotations.delete(row.id) || moved;
      else moved = Boolean(this.annotations.set(row.id, row));
    }
    for (const [id, verdict] of Object.entries(news.verdicts)) {
      const prediction = this.predictions.get(id);
      if (!prediction || prediction.verdict === verdict || this.outbox.waitsFor(id)) continue;
      prediction.verdict = verdict;
      moved = true;
    }
    for (const run of news.runs) this.addRun(run);
    if (news.people.seq > this.people.seq) {
      this.people = new People(news.people);
      moved = true;
      this.changed("faces");
    }
    if (news.labels) this.labels = news.labels;
    this.seq = news.seq;
    this.runSeq = Math.max(this.runSeq, news.run_seq);
    const jobs = JSON.stringify(news.jobs);
    if (jobs !== this.jobsSeen) {
      const ended = this.jobs.some((job) => job.state !== "done" && news.jobs.some((j) => j.id === job.id && j.state === "done"));
      this.jobsSeen = jobs;
      this.jobs = news.jobs;
      this.previews = news.jobs.flatMap((job) => job.preview.map((p, i) => ({ ...p, id: `${job.id}:${i}`, preview: true })));
      this.changed("jobs");
      if (ended) this.prepared();
    }
    if (moved) this.changed();
  }

  async prepared() {
    await this.loadPictures();
    if (this.playable) return;
    const data = await call(this.server, "load_document", { video: this.id });
    this.playable = data.playable;
    if (this.playable) this.changed("playable");
  }

  // A newer run of the same question takes the place of the older one on the timeline (both stay in the store).
  addRun(run) {
    if (this.runs.some((known) => known.id === run.id)) return;
    const same = (other) => other.task === run.task && other.model === run.model && other.query === run.query;
    if (run.task === "grounding") for (const other of this.questions) this.hidden.add(other.id);
    for (const old of this.runs.filter(same)) {
      for (const p of [...this.predictions.values()]) if (p.run === old.id) this.predictions.delete(p.id);
    }
    this.runs = [...this.runs.filter((other) => !same(other)), run];
    for (const p of run.predictions) this.predictions.set(p.id, { verdict: "", ...p });
    this.hidden.delete(run.id);
    this.loadCurve();
    this.loadFaces();
  }

  // ---------------------------------------------------------------- questions

  // The runs of questions, oldest first. Only the newest is shown at first: many questions in one row are unreadable.
  get questions() {
    return this.runs.filter((run) => run.task === "grounding");
  }

  isShown(p) {
    return this.rowOf(p) !== null && (p.preview || (!this.hidden.has(p.run) && (p.score >= this.threshold || Boolean(p.verdict))));
  }

  // What is shown and nobody decided yet.
  get undecided() {
    return [...this.predictions.values()].filter((p) => !p.verdict && this.isShown(p));
  }

  toggle(runId) {
    this.hidden.has(runId) ? this.hidden.delete(runId) : this.hidden.add(runId);
    this.loadCurve();
    this.changed();
  }

  // ---------------------------------------------------------------- what this person does

  item(id) {
    return this.annotations.get(id) ?? this.predictions.get(id) ?? null;
  }

  correctionOf(predictionId) {
    for (const a of this.annotations.values()) if (a.prediction_id === predictionId) return a;
    return null;
  }

  create(fields) {
    const made = { id: crypto.randomUUID(), label: "", note: "", source: "manual", prediction_id: null, ...fields, version: 0 };
    this.act(null, made);
    return made.id;
  }

  // `base` is the version the person saw when they began (a drag takes a while).
  update(id, fields, base = this.annotations.get(id)?.version) {
    const before = this.annotations.get(id);
    if (!before) return;
    if (Object.entries(fields).every(([key, value]) => before[key] === value)) return;
    this.act(before, { ...before, ...fields, version: base });
  }

  remove(id) {
    const before = this.annotations.get(id);
    if (before) this.act(before, { ...before, deleted: true });
  }

  // Dragging a prediction makes an annotation of it; the prediction stays as the model made it.
  correct(predictionId, fields) {
    const p = this.predictions.get(predictionId);
    const known = this.correctionOf(predictionId);
    if (known) {
      this.update(known.id, fields);
      return known.id;
    }
    const { start, end, label } = p;
    const track = this.rowOf(p) ?? p.track;
    return this.create({ track, start, end, label, source: "correction", prediction_id: p.id, ...fields });
  }

  accept(predictionId) {
    const p = this.predictions.get(predictionId);
    if (!p || this.correctionOf(predictionId)) return;
    const { start, end, label } = p;
    const track = this.rowOf(p) ?? p.track;
    this.create({ track, start, end, label, source: "accepted", prediction_id: p.id });
  }

  reject(predictionId) {
    const p = this.predictions.get(predictionId);
    if (!p) return;
    const known = this.correctionOf(predictionId);
    if (known) this.remove(known.id);
    const from = p.verdict;
    this.decide(p, from === "rejected" ? "" : "rejected");
    this.done.push({ decision: p.id, from, to: p.verdict });
    this.undone = [];
  }

  decide(prediction, verdict) {
    prediction.verdict = verdict;
    this.outbox.push({ op: "verdict", prediction_id: prediction.id, verdict });
    this.changed();
  }

  act(before, after) {
    this.put(before, after);
    this.done.push({ before, after: this.annotations.get(after.id) ?? { ...after, version: after.version + 1 } });
    this.undone = [];
  }

  put(before, after) {
    const op = !before ? "create" : after.deleted ? "delete" : before.deleted ? "restore" : "update";
    const edit = { op, base_version: after.version };
    for (const field of FIELDS) edit[field] = after[field] ?? null;
    this.overlay(edit);
    this.outbox.push(edit);
    this.changed();
  }

  // What an edit makes of the document before anybody answered; versions count as the server will count them.
  overlay(edit) {
    if (edit.op === "verdict") {
      const p = this.predictions.get(edit.prediction_id);
      if (p) p.verdict = edit.verdict;
      return;
    }
    const { op, base_version, edit_id, ...fields } = edit;
    const deleted = op === "delete";
    this.remember(edit.id, base_version + 1);
    if (deleted) this.annotations.delete(edit.id);
    else this.annotations.set(edit.id, { ...fields, version: base_version + 1, deleted: false });
    const p = this.predictions.get(edit.prediction_id);
    if (!p) return;
    const kept = edit.start === p.start && edit.end === p.end && edit.label === p.label;
    p.verdict = deleted ? "" : kept ? "accepted" : "corrected";
    if (!deleted) this.annotations.get(edit.id).source = kept ? "accepted" : "correction";
  }

  undo() {
    this.step(this.done, this.undone, ({ before, after }) => [after, before]);
  }

  redo() {
    this.step(this.undone, this.done, ({ before, after }) => [before, after]);
  }

  step(from, to, direction) {
    const entry = from.pop();
    if (!entry) return;
    if (entry.decision) {
      const p = this.predictions.get(entry.decision);
      if (p) this.decide(p, from === this.done ? entry.from : entry.to);
      to.push(entry);
      return;
    }
    const [now, wanted] = direction(entry);
    const id = (now ?? wanted).id;
    const known = this.annotations.get(id);
    const version = known?.version ?? this.versions.get(id);
    if (known && now && !same(known, now)) {
      this.dispatchEvent(new CustomEvent("notice", { detail: "Somebody changed this segment since; it was left as it is." }));
      return;
    }
    const target = wanted ? { ...wanted, version } : { ...now, deleted: true, version };
    this.put(known ?? { deleted: true }, target);
    to.push(entry);
  }

  // The newest version of an annotation that we know of, also of one that is deleted.
  remember(id, version) {
    this.versions.set(id, Math.max(version, this.versions.get(id) ?? 0));
  }

  // ---------------------------------------------------------------- what the server said

  answered(result, edit) {
    if (edit.op === "verdict") {
      if (!result.ok) this.refused(result);
      return;
    }
    if (result.ok) {
      const saved = result.annotation;
      const known = this.annotations.get(edit.id);
      if (known && saved && known.version <= saved.version) Object.assign(known, saved);
      if (saved) this.remember(saved.id, saved.version);
      this.changed("saved");
      return;
    }
    if (result.kind !== "conflict") {
      this.refused(result);
      return;
    }
    const newest = this.outbox.drop(edit.id).at(-1) ?? edit; // a whole state each: the last one is what I want
    const { op, base_version, edit_id, ...mine } = newest;
    this.conflicts.set(edit.id, { mine: { ...mine, deleted: op === "delete" }, theirs: result.current });
    if (result.current && !result.current.deleted) this.annotations.set(edit.id, result.current);
    else this.annotations.delete(edit.id);
    this.done = this.done.filter((entry) => (entry.after ?? entry.before)?.id !== edit.id);
    this.changed();
    this.changed("conflict");
  }

  refused(result) {
    this.dispatchEvent(new CustomEvent("notice", { detail: result.error }));
    this.reload();
  }

  async reload() {
    try {
      await this.load();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }

  resolve(id, keepMine) {
    const conflict = this.conflicts.get(id);
    if (!conflict) return;
    this.conflicts.delete(id);
    const { mine, theirs } = conflict;
    if (keepMine) {
      const fresh = theirs ? mine : { ...mine, id: crypto.randomUUID() };
      this.put(theirs, { ...fresh, version: theirs?.version ?? 0 });
    }
    this.outbox.flush();
    this.changed();
  }
}

function same(a, b) {
  return FIELDS.every((field) => (a[field] ?? null) === (b[field] ?? null));
}
