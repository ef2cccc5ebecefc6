// What one video's timeline shows, and every change a person makes to it: applied at once, saved behind their back.

import { Answers, verdictOf } from "../sync/save-results.js";
import { ApiError, array, call } from "../sync/api.js";
import { Changes } from "../sync/live-updates.js";
import { newId } from "../sync/ids.js";
import { Outbox } from "../sync/outbox.js";
import { historyOf, keepHistory } from "../sync/storage.js";
import { annotator } from "../sync/current-user.js";
import { History } from "./undo-stack.js";
import { People } from "./people.js";
import { Signals } from "./media-data.js";
import { Undo } from "./undo-controller.js";

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
    this.tracks = new Map(); // track → {closed}: whether only the labels of the schema may be used
    this.palette = [];
    this.threshold = 0; // predictions below this score are not shown
    this.hidden = new Set(); // runs whose predictions are not shown
    this.conflicts = new Map(); // annotation id → {mine, theirs}
    this.versions = new Map();
    this.history = new History(() => this.keepHistory());
    this.pts = new Float64Array(0);
    this.signals = new Signals(server, this);
    this.people = new People({ seq: 0, names: [] });
    this.isLocked = () => false; // row → whether nothing in it may be changed, as the page has it
    this.present = []; // who else looks at this video
    this.quiet = 0;
    this.state = "saved";
    this.others = new Changes(server, this);
    this.answers = new Answers(this);
    this.steps = new Undo(this);
    this.outbox = new Outbox(
      server,
      id,
      (answers) => this.answers.take(answers),
      (s, why) => this.setState(s, why),
    );
  }

  async load() {
    const [history] = await Promise.all([historyOf(this.id), this.refresh()]);
    if (history) this.takeHistory(history);
    this.pts = await array(this.id, "pts");
    if (this.closed) return;
    this.changed();
    this.outbox.flush();
    for (const what of ["loadPictures", "loadCurve", "loadPeople"]) this.signals.ask(what);
    this.others.begin();
  }

  // What the server has, and what we still have to say on top of it.
  async refresh() {
    let data;
    let said;
    do {
      // what was saved while the answer was on its way is not in it, and does not wait any more either
      said = this.outbox.said;
      [data] = await Promise.all([this.fetchDocument(), this.outbox.restore()]);
    } while (said !== this.outbox.said);
    this.take(data);
    for (const edit of this.outbox.pending) this.overlay(edit);
  }

  async reload() {
    try {
      await this.refresh();
      this.changed();
      this.outbox.flush();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }

  fetchDocument() {
    return call(this.server, "load_document", { video: this.id });
  }

  take(data) {
    Object.assign(this, {
      video: data.video,
      playable: data.playable,
      seq: data.seq,
      runSeq: data.run_seq,
      runs: data.runs,
      palette: data.palette,
      engines: data.engines,
      jobs: data.jobs,
      indexed: data.indexed,
      people: new People(data.people),
    });
    this.takeSchema(data.schema);
    this.predictions = new Map(data.predictions.map((p) => [p.id, p]));
    this.annotations = new Map(data.annotations.map((a) => [a.id, a]));
    for (const a of data.annotations) this.remember(a.id, a.version);
    this.hidden = new Set(this.questions.slice(0, -1).map((run) => run.id));
  }

  // The labels of each track, and what else the library's schema says.
  takeSchema({ key, labels, tracks }) {
    this.schemaKey = key;
    this.labels = labels;
    this.tracks = new Map(tracks.map((track) => [track.track, track]));
    this.changed("labels");
  }

  // Versions too: what is undone may be a deletion, and nothing else here knows of what is deleted.
  keepHistory() {
    const { done, undone, annotations } = this.history;
    keepHistory(this.id, { done, undone, versions: annotations.map((id) => [id, this.versions.get(id) ?? 0]) });
  }

  takeHistory(history) {
    this.history.restore(history);
    for (const [id, version] of history.versions) this.remember(id, version);
  }

  // The row of the timeline that a segment is shown in; null for a prediction about a face that is nobody.
  rowOf(item) {
    return this.annotations.has(item.id) ? item.track : this.people.rowOf(item.track, item.start);
  }

  // Say who faces are; annotations of the old name follow.
  async namePeople(names, rename = () => null) {
    const before = this.people;
    this.people = new People({ seq: before.seq, names });
    this.changed("faces");
    this.changed();
    try {
      const saved = await call(this.server, "save_people", {
        video: this.id,
        names,
        base: before.seq,
        annotator: annotator(),
      });
      this.people = new People(saved);
    } catch (error) {
      this.people = before;
      this.notice(error.message);
      this.changed("faces");
      this.changed();
      return;
    }
    this.together(() => {
      for (const a of [...this.annotations.values()]) {
        const track = rename(a);
        if (track && track !== a.track) this.act(a, { ...a, track }); // also where it is locked: the row itself has another name
      }
    });
  }

  poll() {
    return this.others.poll();
  }

  // The page turns away; what waits is still sent.
  close() {
    this.others.end();
    this.closed = true;
  }

  changed(what = "content") {
    if (!this.closed && !(this.quiet && what === "content"))
      this.dispatchEvent(new CustomEvent("change", { detail: what }));
  }

  // A sentence for the person.
  notice(text) {
    this.dispatchEvent(new CustomEvent("notice", { detail: text }));
  }

  // The video is no longer in the library.
  gone(why) {
    if (this.removed) return;
    this.removed = true;
    this.close();
    this.dispatchEvent(new CustomEvent("gone", { detail: why }));
  }

  setState(state, why = "") {
    if (state === "gone") {
      this.gone(why);
      return;
    }
    if (state === "others") {
      this.notice(why);
      this.reload();
      return;
    }
    if (state === "refused" && why !== this.told) this.notice(`Not saved: ${why}`); // once, however often it is tried
    if (state === "refused" || state === "saved") this.told = why;
    const shown = state === "saved" && this.conflicts.size ? "conflict" : state === "refused" ? "offline" : state;
    if (shown === this.state && why === this.why) return;
    this.state = shown;
    this.why = why;
    this.changed("state");
  }

  // ---------------------------------------------------------------- questions

  // The runs of questions, oldest first. Only the newest is shown at first: many questions in one row are unreadable.
  get questions() {
    return this.runs.filter((run) => run.task === "grounding");
  }

  // Whether a prediction belongs to what is asked at the moment.
  isOffered(p) {
    return !this.hidden.has(p.run) && this.rowOf(p) !== null;
  }

  isShown(p) {
    return p.preview ? this.rowOf(p) !== null : this.isOffered(p) && (p.score >= this.threshold || Boolean(p.verdict));
  }

  // What is shown and nobody decided yet.
  get undecided() {
    return [...this.predictions.values()].filter((p) => !p.verdict && this.isShown(p));
  }

  toggle(runId) {
    if (!this.hidden.delete(runId)) this.hidden.add(runId);
    this.signals.ask("loadCurve");
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

  // Whether a row is locked; the person is told, once a step.
  bars(row) {
    if (!this.isLocked(row)) return false;
    if (this.quiet) this.barred = row;
    else this.notice(`“${row}” is locked; unlock it in its menu.`);
    return true;
  }

  // Returns the id, or null in a row that is locked.
  create(fields) {
    if (this.bars(fields.track)) return null;
    const made = { id: newId(), label: "", note: "", source: "manual", prediction_id: null, ...fields, version: 0 };
    this.act(null, made);
    return made.id;
  }

  // `base` is the version the person saw when they began (a drag takes a while).
  update(id, fields, base = this.annotations.get(id)?.version) {
    const before = this.annotations.get(id);
    if (!before) return;
    if (Object.entries(fields).every(([key, value]) => before[key] === value)) return;
    if (this.bars(before.track) || this.bars(fields.track)) return;
    this.act(before, { ...before, ...fields, version: base });
  }

  remove(id) {
    const before = this.annotations.get(id);
    if (before && !this.bars(before.track)) this.act(before, { ...before, deleted: true });
  }

  // What an annotation of a prediction begins with.
  fieldsOf(p) {
    const { start, end, label } = p;
    return { track: this.rowOf(p) ?? p.track, start, end, label, prediction_id: p.id };
  }

  // Dragging a prediction makes an annotation of it; the prediction stays as the model made it.
  correct(predictionId, fields) {
    const known = this.correctionOf(predictionId);
    if (known) {
      this.update(known.id, fields);
      return known.id;
    }
    return this.create({ ...this.fieldsOf(this.predictions.get(predictionId)), source: "correction", ...fields });
  }

  accept(predictionId) {
    const p = this.predictions.get(predictionId);
    if (!p || this.bars(this.rowOf(p))) return;
    const known = this.correctionOf(predictionId);
    if (!known) this.create({ ...this.fieldsOf(p), source: "accepted" });
    else if (p.verdict !== verdictOf(known)) this.judge(p, verdictOf(known), p.verdict, known.id);
  }

  reject(predictionId) {
    const p = this.predictions.get(predictionId);
    if (!p || this.bars(this.rowOf(p))) return;
    const from = p.verdict;
    const known = this.correctionOf(predictionId);
    this.together(() => {
      if (known) this.remove(known.id);
      this.judge(p, from === "rejected" ? "" : "rejected", from, known?.id);
    });
  }

  judge(prediction, verdict, from, annotation) {
    this.decide(prediction, verdict, annotation);
    this.history.add({ decision: prediction.id, from, to: verdict });
  }

  // `annotation` is what stands or falls with the verdict: where it is refused, the verdict is too.
  decide(prediction, verdict, annotation) {
    prediction.verdict = verdict;
    this.outbox.push({ op: "verdict", prediction_id: prediction.id, verdict, ...(annotation && { id: annotation }) });
    this.changed();
  }

  act(before, after) {
    this.put(before, after);
    this.history.add({ before, after: this.annotations.get(after.id) ?? { ...after, version: after.version + 1 } });
  }

  // Several changes as one step of undo, shown at once.
  together(work) {
    return this.quietly(() => this.history.together(work));
  }

  quietly(work) {
    this.quiet++;
    try {
      return work();
    } finally {
      this.quiet--;
      this.changed();
      const row = this.barred;
      if (!this.quiet && row) {
        this.barred = null;
        this.bars(row);
      }
    }
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
    this.steps.undo();
  }

  redo() {
    this.steps.redo();
  }

  resolve(id, keepMine) {
    this.answers.resolve(id, keepMine);
  }

  // The newest version of an annotation that we know of, also of one that is deleted.
  remember(id, version) {
    this.versions.set(id, Math.max(version, this.versions.get(id) ?? 0));
  }
}
