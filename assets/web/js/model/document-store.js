// The state of one video's page: what is known of it, and every way in which that changes. Nothing else writes here;
// what is read here is not to be changed in place.

import { Emitter } from "../emitter.js";
import { annotation, annotationOf, isAccepting, sameAsSent, verdictOf } from "./annotation.js";
import { changed } from "./box-track.js";
import { chance } from "./chance.js";
import { lineItems } from "./line-items.js";
import { BOOKMARKS } from "./special-rows.js";
import { samplesOf, TRACE, tracePlace, Traces } from "./traces.js";
import { People } from "./people.js";
import { AT_ZERO, cameraPlaces } from "./media-place.js";

/** @import { MediaPlace } from "./media-place.js" */
/** @import { Annotation, AnnotationEdit, BoxTrack, Camera, Conflict, Curve, DocumentData, Edit, EditRequest, FaceTrack, Graph,
 *   Item, Job, JobKinds, Label, Line, News, Prediction, Preview, Reaction, Run, SaveState, Schema, SendingState, SoundsLike, Spectrogram, Stretch,
 *   Track, Verdict, Video, Voice } from "../types.js" */

/** What is measured over the time of a video, beside its segments.
 * @typedef {object} Media
 * @property {Float64Array} shots times of cuts
 * @property {Int8Array} waveform lowest and highest level of each bin
 * @property {Spectrogram | null} spectrogram
 * @property {readonly Line[]} lines what is said
 * @property {Curve | null} curve of the newest question that is shown
 * @property {readonly FaceTrack[]} faces of the newest run of speakers
 * @property {readonly SoundsLike[]} alike
 * @property {readonly Voice[]} voices whose voice is heard, of the newest run that told them apart
 * @property {ReadonlyMap<string, readonly number[][]>} texts prediction → where its text is, [time, x1, y1, x2, y2] each
 * @property {ReadonlyMap<string, readonly Graph[]>} graphs track → scores over time
 * @property {ReadonlyMap<string, string>} notes task → what its newest run lacked
 */

/** What has changed. content: segments and which of them are shown; view: what is measured; saved: a version; imported: a
 * file was taken back, or imported again, and with it perhaps what is said; lines: what is said; boxes: objects over time.
 * @typedef {"content" | "lines" | "boxes" | "view" | "jobs" | "labels" | "faces" | "curve" | "conflict" | "playable" | "saved" | "present"
 *   | "reaction" | "reviewed" | "state" | "imported" | "made" | "cameras"} Change made: a job has ended; cameras: what
 *   plays on the timeline, and when it begins
 *
 * notice: a sentence for the person about what went wrong; said: about what is done; gone: the video was removed, and why.
 * @typedef {{ change: Change, notice: string, said: string, gone: string }} DocumentEvents
 */

/** Whether an edit about something, by its id, is not answered yet.
 * @typedef {(id: string) => boolean} Waits
 */

/** What edits of the names of faces are about, as annotations have ids. */
export const PEOPLE = "people";
/** What edits of boxes over time are called. */
export const BOX = "box";
/** The id of the moment that a search led to. */
export const HIT = "hit";
const HIT_TRACK = "Moments";
const SPEAKERS = new Set(["speaker", "turns"]); // tasks that find who speaks
const SOUND_STEP_S = 0.01; // how long a point lasts where there are no frames
/** Whether a prediction is what a search led to: no run has it, and the server knows nothing of it.
 * @param {{ id: string }} p
 */
export const isHit = (p) => p.id === HIT;

/** @extends {Emitter<DocumentEvents>} */
export class DocumentStore extends Emitter {
  /** @type {Map<string, Prediction>} */
  #predictions = new Map();
  /** @type {Map<string, Annotation>} */
  #annotations = new Map();
  /** @type {Map<string, BoxTrack>} */
  #boxes = new Map();
  /** @type {Map<string, Conflict>} */
  #conflicts = new Map();
  /** @type {Set<string>} */
  #hidden = new Set();
  /** What was ever on the timeline, or may be: what is taken off comes back by undo. @type {Map<string, Camera>} */
  #knownCameras = new Map();
  /** @type {Map<string, number>} */
  #versions = new Map();
  #batches = 0;
  #closed = false;
  #told = "";
  #jobsSeen = "";

  /** @readonly @type {ReadonlyMap<string, Readonly<Prediction>>} */
  predictions = this.#predictions;
  /** @readonly @type {ReadonlyMap<string, Readonly<Annotation>>} */
  annotations = this.#annotations;
  /** @readonly @type {ReadonlyMap<string, Readonly<BoxTrack>>} objects over time; those that are not deleted */
  boxes = this.#boxes;
  /** @readonly what everybody drew of scales */
  traces = new Traces();
  /** @readonly @type {ReadonlyMap<string, Readonly<Conflict>>} annotation id → mine and theirs */
  conflicts = this.#conflicts;
  /** @readonly @type {ReadonlySet<string>} runs whose predictions are not shown */
  hidden = this.#hidden;
  /** @readonly @type {readonly Preview[]} */
  previews = [];
  /** @readonly @type {readonly Job[]} */
  jobs = [];
  /** @readonly @type {JobKinds} */
  kinds = {};
  /** @readonly @type {readonly Run[]} */
  runs = [];
  /** @readonly @type {string} */
  schemaKey = "";
  /** @readonly @type {readonly Label[]} */
  labels = [];
  /** @readonly @type {ReadonlyMap<string, Track>} */
  tracks = new Map();
  /** "track, line break, label" of those that are points in time @readonly @type {ReadonlySet<string>} */
  points = new Set();
  /** @readonly @type {boolean} whether the schema gives attributes to anything */
  describes = false;
  /** @readonly @type {readonly string[]} */
  palette = [];
  /** @readonly @type {readonly string[]} */
  engines = [];
  /** @readonly @type {People} */
  people = new People({ seq: 0, names: [] });
  /** @readonly @type {Video | null} null before it is loaded */
  video = null;
  /** @readonly @type {readonly Camera[]} what plays on the timeline, the video itself first */
  cameras = [];
  /** @readonly @type {boolean} whether a browser can play it */
  playable = false;
  /** @readonly @type {boolean} whether it is searchable */
  indexed = false;
  /** @readonly @type {boolean} whether this person may change what others use */
  admin = true;
  /** @readonly @type {boolean} whether annotators of this video see their own work only */
  independent = false;
  /** What people looked through. @type {readonly Stretch[]} */
  reviewed = [];
  /** @type {Reaction} */
  reaction = { delay: 0, corrections: 0 };
  /** @readonly @type {number} the last revision that is in here */
  seq = 0;
  /** @readonly @type {number} the last run that is in here */
  runSeq = 0;
  /** @readonly @type {Float64Array} times where frames begin */
  frameTimes = new Float64Array(0);
  /** @readonly @type {number} predictions whose `chance` is below it are not shown */
  threshold = 0;
  /** @readonly @type {readonly string[]} who else looks at this video */
  present = [];
  /** @readonly @type {SaveState} */
  state = "saved";
  /** @readonly @type {string} why it is not saved */
  why = "";
  /** @readonly @type {Readonly<Media>} */
  media = {
    shots: new Float64Array(0),
    waveform: new Int8Array(0),
    spectrogram: null,
    lines: [],
    curve: null,
    faces: [],
    alike: [],
    voices: [],
    texts: new Map(),
    graphs: new Map(),
    notes: new Map(),
  };

  /** @param {Partial<DocumentStore>} values */
  #set(values) {
    Object.assign(this, values);
  }

  /** @param {Change} what */
  #changed(what) {
    if (!this.#closed && !(this.#batches && what === "content")) this.emit("change", what);
  }

  // ---------------------------------------------------------------- what can be asked

  /** @param {string} id */
  item(id) {
    return /** @type {Item | null} */ (this.annotations.get(id) ?? this.predictions.get(id) ?? null);
  }

  /** A segment, or a line of the transcript as one. @param {string | null} id */
  shown(id) {
    return this.item(id ?? "") ?? lineItems(this.media.lines).get(id ?? "") ?? null;
  }

  /** The row of the timeline that a segment is shown in; null for a prediction about a face that is nobody.
   * @param {{ id: string, track: string, start: number, row?: string }} item
   */
  rowOf(item) {
    return this.annotations.has(item.id) ? item.track : (item.row ?? this.people.rowOf(item.track, item.start));
  }

  /** The row in which an annotation lies that is made of it: all cameras have the same.
   * @param {{ id: string, track: string, start: number, row?: string }} item
   */
  homeOf(item) {
    return item.row ? item.track : this.rowOf(item);
  }

  /** Where a camera or recording begins, or null where it is not on the timeline. @param {string} id */
  offsetOf(id) {
    return this.cameras.find((camera) => camera.id === id)?.offset ?? null;
  }

  /** Where a camera or recording lies, or null where it is not on the timeline.
   * @param {string} id
   * @returns {MediaPlace | null}
   */
  placeOf(id) {
    const found = this.cameras.find((camera) => camera.id === id);
    return found ? { offset: found.offset, rate: found.rate ?? 1 } : null;
  }

  /** Where the medium of a box track lies; null where it is not on the timeline. @param {{ medium?: string }} track */
  boxPlace({ medium }) {
    return medium ? this.placeOf(medium) : AT_ZERO;
  }

  /** @param {string | null} predictionId */
  correctionOf(predictionId) {
    if (predictionId === null) return null;
    for (const made of this.annotations.values()) if (made.prediction_id === predictionId) return made;
    return null;
  }

  /** The newest version of an annotation that is known, also of one that is deleted.
   * @param {string} id
   */
  versionOf(id) {
    return this.#versions.get(id) ?? 0;
  }

  /** The runs of questions, oldest first. Only the newest is shown at first: many questions in one row are unreadable. */
  get groundingRuns() {
    return this.runs.filter((run) => run.task === "grounding");
  }

  /** Whether a prediction belongs to what is asked at the moment.
   * @param {Prediction} p
   */
  isOffered(p) {
    return !this.hidden.has(p.run) && this.rowOf(p) !== null;
  }

  /** @param {Prediction | Preview} p */
  isShown(p) {
    if ("preview" in p) return this.rowOf(p) !== null;
    return this.isOffered(p) && (chance(p) >= this.threshold || Boolean(p.verdict) || isHit(p));
  }

  /** What a search found here is shown as it was found; it is kept when somebody accepts it.
   * @param {Pick<Prediction, "start" | "end" | "label" | "score" | "confidence">} found
   */
  showHit(found) {
    this.#predictions.set(HIT, { ...found, id: HIT, run: "", task: "search", track: HIT_TRACK, verdict: "" });
    this.#changed("content");
  }

  dropHit() {
    if (this.#predictions.delete(HIT)) this.#changed("content");
  }

  /** What is shown and nobody decided yet. */
  get undecided() {
    return [...this.predictions.values()].filter((p) => !p.verdict && this.isShown(p));
  }

  get isClosed() {
    return this.#closed;
  }

  // ---------------------------------------------------------------- what the server has

  /** Everything anew, in place of what was here; of the same video what is shown stays shown.
   * @param {DocumentData} data
   */
  takeDocument(data) {
    const isSame = this.video?.id === data.video.id;
    const became = data.playable && !this.playable && isSame;
    const known = new Set(isSame ? this.runs.map((run) => run.id) : []);
    const hit = isSame ? this.#predictions.get(HIT) : undefined;
    this.#set({
      video: data.video,
      playable: data.playable,
      seq: data.seq,
      runSeq: data.run_seq,
      runs: data.runs,
      palette: data.palette,
      engines: data.engines,
      jobs: data.jobs,
      kinds: data.kinds,
      indexed: data.indexed,
      admin: data.admin,
      independent: data.independent,
      reviewed: data.reviewed,
      reaction: data.reaction,
      people: new People(data.people),
    });
    this.takeSchema(data.schema);
    this.takeCameras(data.media ?? []);
    this.#predictions.clear();
    for (const p of data.predictions) this.#predictions.set(p.id, p);
    if (hit) this.#predictions.set(HIT, hit);
    this.#annotations.clear();
    for (const row of data.annotations) {
      this.#annotations.set(row.id, annotation(row));
      this.rememberVersion(row.id, row.version);
    }
    this.traces.takeAll(data.traces ?? []);
    this.#boxes.clear();
    for (const row of data.boxes ?? []) this.#boxes.set(row.id, row);
    this.#changed("boxes");
    if (!isSame) this.#hidden.clear();
    for (const run of this.groundingRuns.slice(0, -1)) if (!known.has(run.id)) this.#hidden.add(run.id);
    if (became) this.#changed("playable");
  }

  /** What plays on the timeline now. @param {readonly Camera[]} cameras */
  takeCameras(cameras) {
    this.offerCameras(cameras);
    if (JSON.stringify(cameras) === JSON.stringify(this.cameras)) return;
    this.#set({ cameras });
    this.#changed("cameras");
  }

  /** What may be put on the timeline. @param {readonly Camera[]} cameras */
  offerCameras(cameras) {
    for (const camera of cameras) this.#knownCameras.set(camera.id, camera);
  }

  /** Whether something else plays on the timeline, or at another time, than what is here.
   * @param {readonly Camera[] | undefined} cameras
   */
  differs(cameras) {
    const places = (/** @type {readonly Camera[]} */ all) =>
      JSON.stringify(all.map(({ id, offset, rate = 1 }) => [id, offset, rate]));
    return cameras !== undefined && places(cameras) !== places(this.cameras);
  }

  /** One lies elsewhere; null: it is taken off the timeline. Also while somebody still moves it.
   * @param {string} id
   * @param {MediaPlace | null} place
   */
  moveCamera(id, place) {
    const there = this.cameras.find((camera) => camera.id === id);
    const known = this.#knownCameras.get(id);
    if (place === null) this.takeCameras(this.cameras.filter((camera) => camera !== there));
    else if (there)
      this.takeCameras(this.cameras.map((camera) => (camera === there ? { ...there, ...place } : camera)));
    else if (known) this.takeCameras([...this.cameras, { ...known, ...place, role: known.width ? "camera" : "sound" }]);
  }

  /** The labels of each track, and what else the library's schema says. @param {Schema} schema */
  takeSchema({ key, labels, tracks }) {
    const points = labels.filter((each) => each.kind === "point").map(({ track, label }) => `${track}\n${label}`);
    this.#set({
      schemaKey: key,
      labels,
      tracks: new Map(tracks.map((track) => [track.track, track])),
      points: new Set(points),
      describes: [...labels, ...tracks].some(({ attributes }) => attributes?.length),
    });
    this.#changed("labels");
  }

  /** Whether a segment is a point in time: its label says so, and it lasts about one frame.
   * @param {{ track: string, label: string, start: number, end: number }} item
   */
  isPoint({ track, label, start, end }) {
    if (track !== BOOKMARKS && (!this.points.size || !this.points.has(`${track}\n${label}`))) return false;
    const { frameTimes } = this;
    const usual = frameTimes.length > 1 ? frameTimes[frameTimes.length - 1] / (frameTimes.length - 1) : SOUND_STEP_S;
    return end - start < 3 * usual;
  }

  /** Whether a label is one of the schema. @param {{ track: string, label: string }} item */
  isClass({ track, label }) {
    return this.labels.some((each) => each.track === track && each.label === label);
  }

  /** What others did, but for what this page still has to say something about.
   * @param {News} news
   * @param {Waits} waits
   * @returns {{ newRuns: boolean, jobsEnded: boolean }}
   */
  takeNews(news, waits) {
    let moved = false;
    let skipped = false;
    for (const run of news.runs) moved = this.#addRun(run) || moved; // before the verdicts: some may be about them
    const newRuns = moved;
    for (const row of news.annotations) {
      const taken = this.takeRow(row, waits);
      moved ||= taken === "taken";
      skipped ||= taken === "waits";
    }
    for (const row of news.traces ?? []) {
      if (waits(tracePlace(row.track))) skipped = true;
      else this.traces.take(row);
    }
    if (news.traces?.length) this.#changed("view");
    for (const row of news.boxes ?? []) skipped = !this.#takeBox(row, waits) || skipped;
    for (const [id, verdict] of Object.entries(news.verdicts)) {
      if ((this.#predictions.get(id)?.verdict ?? verdict) === verdict) continue;
      skipped ||= waits(id);
      if (!waits(id)) moved = this.#judge(id, verdict) || moved;
    }
    if (news.people.seq > this.people.seq && !waits(PEOPLE)) {
      const people = new People(news.people);
      const isSame = people.says(this.people); // the page's own names come back by the news
      this.#set({ people });
      moved ||= !isSame;
      if (!isSame) this.#changed("faces");
    }
    if (JSON.stringify(news.present) !== JSON.stringify(this.present)) {
      this.#set({ present: news.present });
      this.#changed("present");
    }
    this.takeReviewed(news.reviewed);
    if (news.reaction) {
      this.#set({ reaction: news.reaction });
      this.#changed("reaction");
    }
    if (news.schema) {
      this.takeSchema(news.schema);
      moved = true;
    }
    if (!skipped) this.#set({ seq: news.seq }); // else they are told again, once our own word is saved
    this.#set({ runSeq: Math.max(this.runSeq, news.run_seq) });
    const jobsEnded = this.#takeJobs(news.jobs);
    if (moved) this.#changed("content");
    return { newRuns, jobsEnded };
  }

  /** @param {readonly Stretch[]} reviewed */
  takeReviewed(reviewed) {
    if (JSON.stringify(reviewed) === JSON.stringify(this.reviewed)) return;
    this.#set({ reviewed });
    this.#changed("reviewed");
  }

  /** A box track as the server has it; whether our own word about it is not still out.
   * @param {BoxTrack} row
   * @param {Waits} waits
   */
  #takeBox(row, waits) {
    if (waits(row.id)) return false;
    if (row.deleted) this.#boxes.delete(row.id);
    else this.#boxes.set(row.id, row);
    this.#changed("boxes");
    return true;
  }

  /** The row of an annotation as the server has it.
   * @param {Annotation} row
   * @param {Waits} waits
   * @returns {"taken" | "known" | "waits"} waits: our own word is still out
   */
  takeRow(row, waits) {
    const known = this.#annotations.get(row.id);
    // The answer may be older than what this page did since; one that it deleted must not come back by that.
    if (known ? known.version >= row.version : this.versionOf(row.id) > row.version) return "known";
    this.#takeTheirsOfConflict(row);
    if (waits(row.id)) return "waits";
    this.rememberVersion(row.id, row.version);
    if (row.deleted) return this.#annotations.delete(row.id) ? "taken" : "known";
    this.#annotations.set(row.id, annotation({ ...known, ...row }));
    return "taken";
  }

  /** The server's answer to an edit that it saved.
   * @param {AnnotationEdit} edit
   * @param {Annotation} row
   * @param {Waits} waits
   * @returns {{ sent: Annotation, saved: Annotation } | null} where it took something else than was sent
   */
  takeSaved(edit, row, waits) {
    this.#takeTheirsOfConflict(row);
    if (row.version > edit.base_version + 1) {
      // the answer came late, and somebody went on meanwhile
      if (this.takeRow(row, waits) === "taken") this.#changed("content");
      return null;
    }
    this.rememberVersion(row.id, row.version);
    const known = this.#annotations.get(row.id);
    if (!known || known.version > row.version) return null;
    const saved = annotation({ ...known, ...row });
    this.#annotations.set(row.id, saved);
    if (known.annotator !== saved.annotator) this.#changed("content"); // one that came back is still its annotator's
    return sameAsSent(known, saved) ? null : { sent: known, saved };
  }

  /** Something of ours was saved. */
  tellSaved() {
    this.#changed("saved");
  }

  /** @param {Annotation} row */
  #takeTheirsOfConflict(row) {
    const conflict = this.#conflicts.get(row.id);
    if (conflict) this.#conflicts.set(row.id, { ...conflict, theirs: annotation(row) });
  }

  /** A newer run of the same question takes the place of the older one on the timeline (both stay in the store).
   * @param {News["runs"][number]} run
   */
  #addRun({ predictions, ...run }) {
    if (this.runs.some((known) => known.id === run.id)) return false;
    const isSame = (/** @type {Run} */ other) =>
      other.task === run.task && other.model === run.model && other.query === run.query && other.medium === run.medium;
    if (run.task === "grounding") for (const other of this.groundingRuns) this.#hidden.add(other.id);
    const replaced = new Set(this.runs.filter(isSame).map((old) => old.id));
    for (const p of [...this.#predictions.values()]) if (replaced.has(p.run)) this.#predictions.delete(p.id);
    this.#set({ runs: [...this.runs.filter((other) => !isSame(other)), run] });
    for (const p of predictions) this.#predictions.set(p.id, { verdict: "", ...p });
    this.#hidden.delete(run.id);
    return true;
  }

  /** Whether one of them has ended: what it made may be there now.
   * @param {News["jobs"]} jobs
   */
  #takeJobs(jobs) {
    const seen = JSON.stringify(jobs);
    if (seen === this.#jobsSeen) return false;
    this.#jobsSeen = seen;
    const isDone = (/** @type {Job} */ job) => jobs.some((now) => now.id === job.id && now.state === "done");
    const ended = this.jobs.some((job) => job.state !== "done" && isDone(job));
    /** @returns {Preview[]} */
    const found = (/** @type {News["jobs"][number]} */ { id, preview }) =>
      preview.map((p, i) => ({ ...p, id: `${id}:${i}`, preview: true }));
    const previews = jobs.flatMap(found);
    const isSame = JSON.stringify(previews) === JSON.stringify(this.previews);
    this.#set({ jobs, previews });
    this.#changed("jobs");
    if (!isSame) this.#changed("view");
    if (ended) this.#changed("made");
    return ended;
  }

  // ---------------------------------------------------------------- what this person does

  /** What an edit makes of the document before anybody answered; versions count as the server will count them.
   * @param {EditRequest | Edit} edit
   */
  applyEdit(edit) {
    if (edit.op === "absent") return; // a timeline shows what is there
    if (edit.op === "medium") {
      this.moveCamera(edit.medium, cameraPlaces(edit).after);
      return;
    }
    if (edit.op === "verdict") {
      this.#judge(edit.prediction_id, edit.verdict);
      this.#changed("content");
      return;
    }
    if (edit.op === PEOPLE) {
      this.#set({ people: this.people.changed(edit) });
      this.#changed("faces");
      this.#changed("content");
      return;
    }
    if (edit.op === TRACE) {
      this.traces.change(edit, "annotator" in edit ? edit.annotator : "", samplesOf(this.video?.duration ?? 0));
      this.#changed("view");
      return;
    }
    if (edit.op === BOX) {
      const made = changed(this.#boxes.get(edit.id), edit, "annotator" in edit ? edit.annotator : "");
      if (made.deleted || !made.keys.length) this.#boxes.delete(edit.id);
      else this.#boxes.set(edit.id, made);
      this.#changed("boxes");
      return;
    }
    const wanted = annotationOf(edit);
    const made = { ...wanted, annotator: this.#annotations.get(wanted.id)?.annotator ?? wanted.annotator };
    const prediction = this.#predictions.get(made.prediction_id ?? "");
    const accepts = prediction && isAccepting(made, prediction, this.isClass(made));
    this.rememberVersion(made.id, made.version);
    if (made.deleted) this.#annotations.delete(made.id);
    else this.#annotations.set(made.id, prediction ? { ...made, source: accepts ? "accepted" : "correction" } : made);
    if (prediction) this.#judge(prediction.id, made.deleted ? "" : accepts ? "accepted" : "corrected");
    this.#changed("content");
  }

  /**
   * @param {string} predictionId
   * @param {Verdict} verdict
   */
  #judge(predictionId, verdict) {
    const prediction = this.#predictions.get(predictionId);
    if (prediction) this.#predictions.set(predictionId, { ...prediction, verdict });
    return Boolean(prediction);
  }

  /** Several changes, shown at once.
   * @template Result
   * @param {() => Result} work
   */
  batch(work) {
    this.#batches += 1;
    try {
      return work();
    } finally {
      this.#batches -= 1;
      this.#changed("content");
    }
  }

  get isBatching() {
    return this.#batches > 0;
  }

  /**
   * @param {string} id
   * @param {number} version
   */
  rememberVersion(id, version) {
    this.#versions.set(id, Math.max(version, this.versionOf(id)));
  }

  /** What was edited on top of a version is not to be: that version is the newest again.
   * @param {string} id
   * @param {number} version
   */
  returnToVersion(id, version) {
    this.#versions.set(id, version);
  }

  // ---------------------------------------------------------------- conflicts

  /** What somebody else made of an annotation, in place of ours; null where the server has none.
   * @param {string} id
   * @param {string | null} predictionId
   * @param {Annotation | null} theirs
   */
  takeTheirs(id, predictionId, theirs) {
    this.returnToVersion(id, theirs?.version ?? 0);
    const there = theirs && !theirs.deleted ? annotation(theirs) : null;
    if (there) this.#annotations.set(id, there);
    else this.#annotations.delete(id);
    const standing = there ?? this.correctionOf(predictionId); // another one may have been made since
    if (predictionId) this.#judge(predictionId, standing ? verdictOf(standing) : "");
  }

  /**
   * @param {string} id
   * @param {Conflict} conflict
   */
  openConflict(id, conflict) {
    this.#conflicts.set(id, conflict);
    this.#changed("content");
    this.#changed("conflict");
  }

  /** @param {string} id */
  closeConflict(id) {
    this.#conflicts.delete(id);
    this.#changed("content");
  }

  // ---------------------------------------------------------------- measurements, what is shown

  /** @param {Float64Array} times */
  setFrameTimes(times) {
    this.#set({ frameTimes: times });
  }

  /** A copy that browsers can play is there now. */
  becomePlayable() {
    this.#set({ playable: true });
    this.#changed("playable");
  }

  /**
   * @param {Partial<Media>} media
   * @param {...Change} changes what it shows in
   */
  setMedia(media, ...changes) {
    this.#set({ media: { ...this.media, ...media } });
    for (const what of /** @type {Change[]} */ ([...changes, "view"])) this.#changed(what);
  }

  /** Show or hide what a run found. @param {string} runId */
  toggleRun(runId) {
    if (!this.#hidden.delete(runId)) this.#hidden.add(runId);
    this.#changed("content");
  }

  /** @param {number} threshold */
  setThreshold(threshold) {
    this.#set({ threshold });
    this.#changed("content");
  }

  /** How the saving goes; a refusal is told once, however often it is tried.
   * @param {SendingState} sending
   * @param {string} why
   */
  setSending(sending, why) {
    if (sending === "failed" && why !== this.#told) this.notice(`Not saved: ${why}`);
    if (sending === "failed" || sending === "saved") this.#told = why;
    /** @type {SaveState} */
    const state = sending === "saved" && this.conflicts.size ? "conflict" : sending === "failed" ? "offline" : sending;
    if (state === this.state && why === this.why) return;
    this.#set({ state, why });
    this.#changed("state");
  }

  /** All is in here now. */
  tellContent() {
    this.#changed("content");
  }

  /** The server took an import back, or did it again. */
  tellImported() {
    this.#changed("imported");
  }

  /** A sentence for the person about what went wrong. @param {string} text */
  notice(text) {
    this.emit("notice", text);
  }

  /** A sentence for the person about what is done. @param {string} text */
  say(text) {
    this.emit("said", text);
  }

  /** The video is no longer in the library. @param {string} why */
  tellGone(why) {
    this.emit("gone", why);
  }

  /** The page turns away: from now on nothing is told but notices. */
  close() {
    this.#closed = true;
  }
}

/** Where speech begins or ends, by lines and by who was found to speak.
 * @param {DocumentStore} store
 * @param {ReadonlySet<string>} [without] ids of segments and lines that do not count
 */
export function speechEdges(store, without = new Set()) {
  const speaking = [...store.predictions.values()].filter((p) => SPEAKERS.has(p.task) && p.label === "speaking");
  const said = [...lineItems(store.media.lines).values(), ...speaking].filter(({ id }) => !without.has(id));
  return said.flatMap(({ start, end }) => [start, end]);
}
