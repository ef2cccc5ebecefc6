// One video that is open on the page: its store, its editor, and the server behind them.

import { DocumentStore, PEOPLE } from "../model/document-store.js";
import { Editor } from "../model/editor.js";
import { newId } from "../model/ids.js";
import { placesOf } from "../model/people.js";
import { followersOf } from "../model/undo-stack.js";
import { ApiError, array, call } from "../sync/api.js";
import { currentUser } from "../sync/current-user.js";
import { LiveUpdates } from "../sync/live-updates.js";
import { Outbox } from "../sync/outbox.js";
import {
  conflictOf,
  isNaming,
  isOfAnnotation,
  isOfBox,
  isOfCamera,
  isOfTrace,
  sortAnswers,
} from "../sync/save-results.js";
import { historyOf, keepHistory } from "../sync/storage.js";
import { BoxEditor } from "./box-editor.js";
import { LineEditor } from "./line-editor.js";
import { MediaData } from "./media-data.js";

/** @import { Annotation, AnnotationEdit, Answer, Edit, NameEdit, News, Server, VerdictEdit } from "../types.js" */
/** @import { Failure } from "../sync/save-results.js" */
/** @import { ServerChange } from "../model/undo-stack.js" */
/** @import { OutboxState } from "../sync/outbox.js" */

const SAVED_MS = 30; // how often it is looked whether all is saved

export class VideoDocument {
  #isGone = false;
  #reader = ""; // whose page this is
  /** Why edits were not saved, as the person was told since nothing waited: a step goes in several batches.
   * @type {Set<string>}
   */
  #told = new Set();
  /** @param {string} about */
  #waits = (about) => this.outbox.waitsFor(about);

  /**
   * @param {Server} server
   * @param {string} id of the video
   */
  constructor(server, id) {
    this.server = server;
    this.id = id;
    this.store = new DocumentStore();
    this.outbox = new Outbox(
      server,
      id,
      (answers) => this.#takeAnswers(answers),
      (state, why) => this.#takeState(state, why),
    );
    this.editor = new Editor(
      this.store,
      (request, edit) => this.outbox.push(request, edit),
      (kept) => keepHistory(id, kept),
      (change, way, begun) => this.#onServer(change, way, begun),
    );
    this.lines = new LineEditor(server, id, this.store, this.editor);
    this.editor.onAttribute = (lines, speaker) => this.lines.attributeLater(lines, speaker);
    this.boxes = new BoxEditor(server, id, this.store, this.editor);
    this.media = new MediaData(server, id, this.store);
    this.updates = new LiveUpdates(
      server,
      () => this.#known(),
      () => this.outbox.answeredCount,
      (news, since) => this.takeNews(news, since),
      (why) => this.#gone(why),
    );
  }

  // ---------------------------------------------------------------- load and follow

  async load() {
    const [history, frameTimes] = await Promise.all([historyOf(this.id), array(this.id, "pts"), this.#refresh()]);
    if (history) this.editor.takeHistory(history);
    this.store.setFrameTimes(frameTimes);
    if (this.store.isClosed) return;
    this.store.tellContent();
    this.outbox.flush();
    for (const part of /** @type {const} */ (["pictures", "curve", "people"])) this.media.ask(part);
    this.updates.begin();
  }

  /** What the server has, and what this page still has to say on top of it. */
  async #refresh() {
    let data;
    let answered;
    this.#reader = currentUser();
    const request = { video: this.id, annotator: this.#reader };
    do {
      // what was saved while the answer was on its way is not in it, and does not wait any more either
      answered = this.outbox.answeredCount;
      [data] = await Promise.all([call(this.server, "load_document", request), this.outbox.restore()]);
    } while (answered !== this.outbox.answeredCount);
    const loaded = data;
    this.store.batch(() => {
      this.store.takeDocument(loaded);
      for (const edit of this.outbox.pending) this.store.applyEdit(edit);
    });
  }

  async reload() {
    try {
      await this.#refresh();
      this.outbox.flush();
      if (this.store.runs.some((run) => run.medium)) this.media.ask("curve");
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }

  #known() {
    const { seq, runSeq, schemaKey } = this.store;
    return { video: this.id, since: seq, run_since: runSeq, schema: schemaKey };
  }

  /**
   * @param {News} news
   * @param {number} since what was asked for
   */
  async takeNews(news, since = this.store.seq) {
    if (news.seq < since) return this.reload(); // a backup was brought back: what is here may be gone
    if (Boolean(news.independent) !== Boolean(this.store.independent)) return this.reload(); // others' work comes or goes
    if (this.store.independent && currentUser() !== this.#reader) return this.reload(); // somebody else took the seat
    const isMoving = this.outbox.pending.some(isOfCamera);
    if (!isMoving && this.store.differs(news.media)) return this.reload(); // predictions lie elsewhere now
    if (!isMoving && news.media) this.store.takeCameras(news.media);
    const tracked = this.boxes.trackedIn(news, this.#waits);
    const { newRuns, jobsEnded } = this.store.takeNews(news, this.#waits);
    for (const change of tracked) this.editor.addTracked(change);
    if (newRuns) this.media.ask("curve");
    if (newRuns) this.media.ask("people");
    this.media.askAgain();
    if (news.lines !== undefined) this.lines.follow(news.lines);
    if (jobsEnded) this.media.ask("made");
  }

  catchUp() {
    return this.updates.catchUp();
  }

  /** The page turns away; what waits is still sent. */
  close() {
    this.updates.end();
    this.store.close();
  }

  /** The video is no longer in the library. @param {string} why */
  #gone(why) {
    if (this.#isGone) return;
    this.#isGone = true;
    this.close();
    this.store.tellGone(why);
  }

  // ---------------------------------------------------------------- what the server says to edits

  /**
   * @param {OutboxState} state
   * @param {string} why
   */
  #takeState(state, why) {
    if (state === "saved") this.#told.clear();
    if (state === "gone") this.#gone(why);
    else if (state === "others") {
      this.store.notice(why);
      this.reload();
    } else this.store.setSending(state, why);
  }

  /** Not before what was done on top of it is saved: the server would take that for a change by somebody else.
   * @param {ServerChange} change
   * @param {"undo" | "redo"} way
   * @param {() => void} begun
   */
  async #onServer({ imported, lines }, way, begun) {
    if (lines !== undefined) {
      begun();
      await this.lines.move(lines, way);
      return { kept: 0 };
    }
    await this.settled();
    begun();
    const request = { import: imported, annotator: currentUser() };
    const done = await (way === "undo"
      ? call(this.server, "import_undo", request)
      : call(this.server, "import_redo", request));
    await this.catchUp();
    this.store.tellImported();
    return done;
  }

  /** All that was done is saved. Rejects with an ApiError while the server is away. */
  async settled() {
    while (!this.outbox.isIdle) {
      if (this.store.state === "offline") throw new ApiError(`Not saved yet: ${this.store.why}`, "offline");
      await new Promise((go) => setTimeout(go, SAVED_MS));
    }
  }

  /** Returns the edits that are over. @param {Answer[]} answers */
  #takeAnswers(answers) {
    const { store, editor } = this;
    const { saved, failures } = sortAnswers(answers);
    /** @type {Map<Annotation | null, Annotation>} */
    const written = new Map();
    for (const { edit, row } of saved) {
      if (!row || !isOfAnnotation(edit)) continue;
      const other = store.takeSaved(edit, row, this.#waits);
      if (other) written.set(other.sent, other.saved);
    }
    if (written.size) editor.undoStack.replaceStates(written);
    if (saved.length) store.tellSaved();
    const over = saved.map(({ edit }) => edit);
    if (store.isClosed) return over; // nobody looks: what failed waits in storage until the video is opened again
    /** @type {Set<string>} */
    const reasons = new Set();
    for (const failure of failures) {
      if (failure.about === PEOPLE) {
        over.push(...this.#takeBackNames(failure.edits.filter(isNaming)));
        reasons.add(failure.result.error);
      } else if (failure.edits.every((edit) => isOfBox(edit) || isOfCamera(edit) || isOfTrace(edit))) {
        editor.undoStack.dropEdits(failure.edits);
        over.push(...failure.edits);
        reasons.add(failure.result.error);
      } else if (failure.result.kind === "conflict") over.push(...this.#takeConflict(failure));
      else {
        over.push(...this.#takeBack(failure));
        reasons.add(failure.result.error);
      }
    }
    for (const text of reasons) {
      if (!this.#told.has(text)) store.notice(text);
      this.#told.add(text);
    }
    // what was found in a camera lies elsewhere once it is moved
    const moved = saved.some(({ edit }) => isOfCamera(edit)) && !this.outbox.pending.some(isOfCamera);
    if (reasons.size || moved) this.reload();
    return over;
  }

  /** @param {Failure} failure */
  #takeBack({ about, edits }) {
    this.editor.undoStack.dropEdits(edits);
    const first = edits.find(isOfAnnotation);
    if (first) this.store.returnToVersion(about, first.base_version);
    return edits;
  }

  /** Names that were not saved; the segments that followed them go back with them.
   * @param {NameEdit[]} edits oldest first
   */
  #takeBackNames(edits) {
    const { store, editor } = this;
    const groups = [...editor.undoStack.done, ...editor.undoStack.undone];
    store.batch(() => {
      for (const edit of edits.toReversed()) {
        for (const { made, back } of followersOf(groups, edit)) {
          const there = store.annotations.get(made.id);
          if (there?.track === made.track && there.label === made.label)
            editor.put(there, { ...there, track: back.track, label: back.label }, { follows: true });
        }
      }
    });
    for (const place of edits.flatMap(placesOf)) editor.undoStack.forget(place);
    return edits;
  }

  /** @param {Failure} failure @returns {Edit[]} */
  #takeConflict({ about, edits, result }) {
    const { store, editor } = this;
    const theirs = result.current;
    const earlier = store.conflicts.get(about)?.kept ?? [];
    const { over, newest, verdict, conflict, kept, replaced } = conflictOf([...earlier, ...edits], theirs);
    store.takeTheirs(about, newest.prediction_id, theirs);
    editor.undoStack.forget(about);
    if (!conflict) {
      this.#decide(newest, verdict);
      store.closeConflict(about);
      return over;
    }
    if (replaced.length) this.outbox.keep(kept, replaced);
    store.openConflict(about, conflict);
    return over;
  }

  /**
   * @param {{ id: string, prediction_id: string | null }} about
   * @param {VerdictEdit | undefined} decision
   */
  #decide({ id, prediction_id: prediction }, decision) {
    if (decision && prediction && this.store.predictions.has(prediction))
      this.editor.decideOn(prediction, decision.verdict, id);
  }

  /** The person chose.
   * @param {string} id
   * @param {boolean} keepMine
   */
  resolve(id, keepMine) {
    const { store, editor, outbox } = this;
    const conflict = store.conflicts.get(id);
    if (!conflict) return;
    const { mine, theirs, verdict, kept } = conflict;
    store.batch(() => {
      store.closeConflict(id);
      if (!keepMine) return;
      const now = store.annotations.get(id) ?? (theirs && { ...theirs, deleted: true });
      // theirs may have been edited further, here, before somebody chose
      const version = theirs ? Math.max(theirs.version, store.versionOf(id)) : 0;
      editor.put(now, { ...mine, id: theirs ? id : newId(), version });
      this.#decide(mine, verdict);
    });
    outbox.forget(kept); // not before the choice itself is kept
    outbox.flush();
  }

  // ---------------------------------------------------------------- beside segments

  /** Show or hide what a question found. @param {string} runId */
  toggleRun(runId) {
    this.store.toggleRun(runId);
    this.media.ask("curve");
  }
}
