// Every change a person makes to a document: applied at once, sent behind their back, and undone as one step.

import { annotation, editOf, equal, verdictOf } from "./annotation.js";
import { BOX, PEOPLE, isHit } from "./document-store.js";
import { newId } from "./ids.js";
import { carried } from "./changing.js";
import { proposedAttributes } from "./phases.js";
import { WHOLE_VIDEO } from "./special-rows.js";
import {
  childrenOf,
  dependencyOf,
  familiesOf,
  fitted,
  isTier,
  parentOf,
  problemOfAll,
  sameSpan,
  settled,
  without,
} from "./tiers.js";
import { TRACE } from "./traces.js";
import { UndoController } from "./undo-controller.js";
import { UndoStack } from "./undo-stack.js";
import { changeOfPlace, isSamePlace, rounded } from "./media-place.js";

/** @import { Annotation, BoxChange, Edit, EditRequest, Line, Marked, MediumChange, NameChange, Prediction, TraceChange, Verdict } from "../types.js" */
/** @import { DocumentStore } from "./document-store.js" */
/** @import { Families, Placed } from "./tiers.js" */
/** @import { ServerChange, UndoableChange } from "./undo-stack.js" */

/** What is kept of the undo stack: its groups, and the version of each annotation in them. Nothing else knows of an
 * annotation that is deleted.
 * @typedef {{ done: UndoableChange[][], undone: UndoableChange[][], versions: [string, number][] }} KeptHistory
 */

/** @typedef {Pick<Annotation, "track" | "start" | "end"> & Partial<Annotation>} NewAnnotation */

/** Where a segment is to go; base: the version that the person saw when they began.
 * @typedef {{ id: string, start: number, end: number, base?: number }} Move
 *
 * The same with what it is; before: null of a prediction.
 * @typedef {{ track: string, span: { start: number, end: number }, before: Annotation | null, base?: number }} Going
 */

/** follows: its row goes with the name of a person. @typedef {{ follows?: boolean, marked?: Marked }} How */

export class Editor {
  /** The row that a step was refused in because it is locked. @type {string | null} */
  #barred = null;
  /** Whether what depends on a segment is left alone. */
  #isApart = false;
  #undo;

  /**
   * @param {DocumentStore} store
   * @param {(request: EditRequest, id: string) => Edit} send returns the edit, with its id and whose it is
   * @param {(kept: KeptHistory) => void} [keep] told of the undo stack whenever it changes
   * @param {(change: ServerChange, way: "undo" | "redo", begun: () => void) => Promise<{ kept: number }>} [onServer] takes
   *   something back or does it again, and calls `begun` when that can not be stopped any more; kept: how many of an
   *   import somebody changed since
   */
  constructor(store, send, keep = () => {}, onServer = async () => ({ kept: 0 })) {
    this.store = store;
    this.send = send;
    this.keep = keep;
    this.onServer = onServer;
    this.undoStack = new UndoStack(() => this.keepHistory());
    this.#undo = new UndoController(this);
    /** Whether nothing in a row may be changed, as the page has it. @type {(row: string | null) => boolean} */
    this.isLocked = () => false;
    /** Saves who says lines, and returns the id of that step. @type {(lines: readonly Line[], speaker: string) => string} */
    this.onAttribute = () => "";
  }

  // ---------------------------------------------------------------- annotations

  /** Returns the id, or null in a row that is locked.
   * @param {NewAnnotation} fields
   * @param {Marked} [marked] the boundaries that were marked while the video played
   */
  create(fields, marked) {
    if (this.bars(fields.track)) return null;
    const place = this.#placeOf(fields.track, fields, null);
    if (!place) return null;
    const made = annotation({ ...fields, ...place.span, id: newId(), version: 0 });
    this.#withTiers(place.parent !== null, () => {
      this.act(null, made, { marked });
      if (place.parent) this.settle(place.parent, made.track, [made.id]);
    });
    return made.id;
  }

  /**
   * @param {string} id
   * @param {Partial<Annotation>} fields
   * @param {number} [base] the version the person saw when they began (a drag takes a while)
   */
  update(id, fields, base = this.store.annotations.get(id)?.version) {
    const before = this.store.annotations.get(id);
    if (!before || base === undefined) return;
    const { start = before.start, end = before.end, track = before.track } = fields;
    const moves = track !== before.track || !sameSpan({ start, end }, before);
    /** @type {Families} */
    const families = moves && !this.#isApart ? familiesOf(this.store, [before]) : new Map();
    const children = families.get(id) ?? [];
    if (track !== before.track && children.length) {
      this.store.notice(`Segments of other rows belong to this one, which therefore stays in “${before.track}”.`);
      return;
    }
    const place = moves ? this.#placeOf(track, { start, end }, before) : { span: {}, parent: null };
    if (!place) return;
    const span = { start, end, ...place.span };
    const attributes = fields.attributes ?? carried(before.attributes, before, span);
    const changed = Object.entries({ ...fields, ...place.span, attributes }).filter(([, value]) => value !== undefined);
    if (changed.every(([key, value]) => equal(before[/** @type {keyof Annotation} */ (key)], value))) return;
    if (this.bars(before.track) || this.bars(track) || children.some((each) => this.bars(each.track))) return;
    const old = moves && !this.#isApart ? parentOf(this.store, before.track, before) : null;
    this.#withTiers(children.length > 0 || place.parent !== null || old !== null, () => {
      this.act(before, { ...before, ...Object.fromEntries(changed), version: base });
      if (children.length) this.#follow(children, before, { ...before, ...span }, families);
      if (old && old.id !== place.parent?.id) this.settle(old, before.track);
      if (place.parent) this.settle(place.parent, track, [id]);
    });
  }

  /** Segments go elsewhere in their rows: one as far as there is room, several just as they are asked to, or, and that is
   * said, none of them. What belongs to one of them goes with it, whether it is chosen, too, or not.
   * @param {readonly Move[]} moves
   * @returns {string[]} their ids: a prediction becomes a correction, and several that may not move stay what they are
   */
  move(moves) {
    const { store } = this;
    const madeOf = (/** @type {string} */ id) => store.annotations.get(id) ?? store.correctionOf(id);
    const families = familiesOf(store, moves.flatMap(({ id }) => madeOf(id) ?? [])); // prettier-ignore
    const following = [...families.values()].flat();
    const follows = new Set(following.map(({ id }) => id));
    /** @type {Map<string, Going>} */
    const wanted = new Map();
    for (const { id, base, start, end } of moves) {
      const before = madeOf(id);
      const item = before ?? store.predictions.get(id);
      if (!item || item.track === WHOLE_VIDEO || follows.has(item.id)) continue;
      const track = before ? before.track : (store.homeOf(item) ?? item.track);
      wanted.set(item.id, { track, span: { start, end }, before, base });
    }
    const ids = () => moves.map(({ id }) => madeOf(id)?.id ?? id);
    if (wanted.size < 2) {
      for (const [id, { before, span, base }] of wanted) {
        if (!before) return [this.correct(id, span) ?? id];
        this.update(id, span, base);
      }
      return ids();
    }
    const rows = without(store, new Set([...wanted.keys(), ...follows]));
    const problem = problemOfAll(rows, [...wanted.values()]);
    if (problem) store.notice(problem);
    if (problem || [...wanted.values(), ...following].some(({ track }) => this.bars(track))) return ids();
    this.together(() => this.#moveAll(wanted, families));
    return ids();
  }

  /**
   * @param {ReadonlyMap<string, Going>} wanted by the ids of segments
   * @param {Families} families
   */
  #moveAll(wanted, families) {
    const { store } = this;
    /** @type {Map<string, { parent: Annotation, track: string, moved: string[] }>} */
    const unsettled = new Map();
    const note = (/** @type {string} */ track, /** @type {Going["span"]} */ at, /** @type {string[]} */ moved) => {
      const parent = parentOf(store, track, at);
      const place = `${parent?.id}\n${track}`;
      if (parent) unsettled.set(place, { parent, track, moved: [...(unsettled.get(place)?.moved ?? []), ...moved] });
    };
    for (const [id, { track, span, before }] of wanted) {
      if (!before) continue;
      note(track, before, []);
      note(track, span, [id]);
    }
    for (const [id, { span, before, base }] of wanted) {
      if (!before || sameSpan(span, before)) continue;
      const attributes = carried(before.attributes, before, span);
      this.act(before, { ...before, ...span, attributes, version: base ?? before.version });
      this.#follow(families.get(id) ?? [], before, { ...before, ...span }, families);
    }
    for (const { parent, track, moved } of unsettled.values()) this.settle(parent, track, moved);
    for (const [id, { span, before }] of wanted) if (!before) this.correct(id, span);
  }

  /** A segment becomes another one without a step of its own: the step that led to it leads to that.
   * @param {string} id
   * @param {{ end: number }} fields
   */
  amend(id, fields) {
    const before = this.store.annotations.get(id);
    if (!before || isTier(this.store, before.track)) {
      this.update(id, fields); // with what belongs to it
      return;
    }
    if (this.bars(before.track)) return;
    const attributes = carried(before.attributes, before, { start: before.start, ...fields });
    this.put(before, { ...before, ...fields, attributes });
    this.undoStack.amend(before, this.store.annotations.get(id) ?? before);
  }

  /** What belongs to it goes with it. @param {string} id */
  remove(id) {
    const before = this.store.annotations.get(id);
    if (!before || this.bars(before.track)) return;
    const children = this.#childrenOf(before);
    if (children.some((each) => this.bars(each.track))) return;
    const parent = this.#isApart ? null : parentOf(this.store, before.track, before);
    this.#withTiers(children.length > 0 || parent !== null, () => {
      for (const each of children) this.remove(each.id);
      const now = this.store.annotations.get(id);
      if (now) this.act(now, { ...now, deleted: true });
      if (parent) this.settle(parent, before.track);
    });
  }

  // ---------------------------------------------------------------- rows that depend on others

  /** Changes in which nothing follows; whoever asks for them says what becomes of it.
   * @template Result
   * @param {() => Result} work
   */
  apart(work) {
    const before = this.#isApart;
    this.#isApart = true;
    try {
      return work();
    } finally {
      this.#isApart = before;
    }
  }

  /** One step where several segments change. @param {boolean} several @param {() => void} work */
  #withTiers(several, work) {
    if (several && !this.#isApart) this.together(work);
    else work();
  }

  /** @param {Annotation} made */
  #childrenOf(made) {
    return this.#isApart ? [] : childrenOf(this.store, made);
  }

  /** Where a segment may lie in its row; null, and the person is told, where it may not.
   * @param {string} track
   * @param {{ start: number, end: number }} span
   * @param {Annotation | null} before
   */
  #placeOf(track, { start, end }, before) {
    const place = this.#isApart ? null : fitted(this.store, track, { start, end }, before);
    if (!place) return { span: {}, parent: null };
    if (!("problem" in place)) return place;
    this.store.notice(place.problem);
    return null;
  }

  /** What belongs to a segment goes where that goes.
   * @param {readonly Annotation[]} children
   * @param {Annotation} before
   * @param {Annotation} after
   * @param {Families} families
   */
  #follow(children, before, after, families) {
    const moves = before.start !== after.start && before.end !== after.end;
    const by = moves ? after.start - before.start : 0;
    for (const track of new Set(children.map((each) => each.track))) {
      const moved = children
        .filter((each) => each.track === track)
        .map((each) => ({ ...each, start: each.start + by, end: each.end + by }));
      this.place(settled(dependencyOf(this.store, track)?.kind ?? "", after, moved), families);
    }
  }

  /** The segments of a row that belong to one make room for each other.
   * @param {{ id: string }} parent
   * @param {string} track
   * @param {readonly string[]} [first] those that were changed
   */
  settle(parent, track, first = []) {
    const now = this.store.annotations.get(parent.id);
    const kind = dependencyOf(this.store, track)?.kind;
    if (!now || !kind || kind === "included_in") return;
    const own = childrenOf(this.store, now).filter((each) => each.track === track);
    this.place(settled(kind, now, own, first));
  }

  /** Put dependent segments where they belong, and what belongs to them with them.
   * @param {readonly Placed[]} placed
   * @param {Families} [families] what belonged to what before anything moved
   */
  place(placed, families = familiesOf(this.store, placed)) {
    for (const { id, span, label: joined, note, attributes } of placed) {
      const before = this.store.annotations.get(id);
      if (!before) continue;
      const children = families.get(id) ?? [];
      if (!span) {
        for (const each of children) this.place([{ id: each.id, span: null }], families);
        this.act(before, { ...before, deleted: true });
        continue;
      }
      const label = this.#labelOf(before, joined);
      const isSame = label === before.label && note === undefined && attributes === undefined;
      if (sameSpan(span, before) && isSame) continue;
      const after = { ...before, ...span, label, note: note ?? before.note };
      this.act(before, { ...after, attributes: attributes ?? carried(before.attributes, before, span) });
      this.#follow(children, before, after, families);
    }
  }

  /** The label of a segment that takes the place of several: theirs together, where its row takes that.
   * @param {Annotation} before
   * @param {string | undefined} joined
   */
  #labelOf({ track, label }, joined = label) {
    const { store } = this;
    if (joined === label || !store.tracks.get(track)?.closed || store.isClass({ track, label: joined })) return joined;
    store.notice(`“${track}” takes only its labels: “${joined}” is none of them, and “${label}” stays.`);
    return label;
  }

  /** Whether a row is locked; the person is told, once a step.
   * @param {string | null} row
   */
  bars(row) {
    if (!this.isLocked(row)) return false;
    if (this.store.isBatching) this.#barred = row;
    else this.store.notice(`“${row}” is locked; unlock it in its menu.`);
    return true;
  }

  // ---------------------------------------------------------------- predictions

  /** What an annotation of a prediction begins with.
   * @param {Prediction} p
   */
  #begun(p) {
    const { start, end, label } = p;
    const attributes = proposedAttributes(p);
    return {
      track: this.store.homeOf(p) ?? p.track,
      start,
      end,
      label,
      attributes,
      prediction_id: isHit(p) ? null : p.id,
    };
  }

  /** Dragging a prediction makes an annotation of it; the prediction stays as the model made it. Returns its id.
   * @param {string} predictionId
   * @param {Partial<Annotation>} fields
   */
  correct(predictionId, fields) {
    const known = this.store.correctionOf(predictionId);
    if (known) {
      this.update(known.id, fields);
      return known.id;
    }
    const p = this.store.predictions.get(predictionId);
    if (!p) return null;
    if (isHit(p)) return this.#keepHit(p, fields);
    const begun = this.#begun(p);
    const span = { start: fields.start ?? p.start, end: fields.end ?? p.end };
    const attributes = carried(begun.attributes, p, span);
    return this.create({ ...begun, source: "correction", attributes, ...fields });
  }

  /** Take a prediction as it is, or under a class: the words of a question need not be one.
   * @param {string} predictionId
   * @param {string | null} [label] null: what it says itself, or the only label that its row takes
   */
  accept(predictionId, label = null) {
    const p = this.store.predictions.get(predictionId);
    if (!p || this.bars(this.store.rowOf(p))) return;
    const known = this.store.correctionOf(predictionId);
    if (known && label !== null) this.update(known.id, { label });
    else if (known && p.verdict !== verdictOf(known)) this.#judge(p, verdictOf(known), p.verdict, known.id);
    if (known) return;
    const begun = this.#begun(p);
    const taken = label ?? this.#labelFor(begun);
    if (taken === null) return;
    if (isHit(p)) this.#keepHit(p, { label: taken });
    else this.create({ ...begun, label: taken, source: "accepted" });
  }

  /** What a search found becomes an annotation like one made by hand.
   * @param {Prediction} hit
   * @param {Partial<Annotation>} fields
   */
  #keepHit(hit, fields) {
    const made = this.create({ ...this.#begun(hit), ...fields });
    if (made !== null) this.store.dropHit();
    return made;
  }

  /** The label under which a row takes something; null, and the person is told, where it takes several others.
   * @param {{ track: string, label: string }} begun
   */
  #labelFor({ track, label }) {
    const { store } = this;
    if (!label || !store.tracks.get(track)?.closed || store.isClass({ track, label })) return label;
    const listed = store.labels.filter((each) => each.track === track);
    if (listed.length === 1) return listed[0].label;
    const keys = listed.flatMap((each) => (each.hotkey ? [`${each.hotkey} ${each.label}`] : []));
    const choice = keys.length
      ? `: press the key of one to accept it so (${keys.join(", ")}).`
      : "; give them keys under Labels.";
    store.notice(`“${track}” takes only its labels${choice}`);
    return null;
  }

  /** Rejecting what is rejected takes that back.
   * @param {string} predictionId
   */
  reject(predictionId) {
    const p = this.store.predictions.get(predictionId);
    if (!p || this.bars(this.store.rowOf(p))) return;
    if (isHit(p)) {
      this.store.dropHit();
      return;
    }
    const from = p.verdict;
    const known = this.store.correctionOf(predictionId);
    this.together(() => {
      if (known) this.remove(known.id);
      this.#judge(p, from === "rejected" ? "" : "rejected", from, known?.id);
    });
  }

  /**
   * @param {Prediction} prediction
   * @param {Verdict} verdict
   * @param {Verdict} from
   * @param {string} [annotationId]
   */
  #judge(prediction, verdict, from, annotationId) {
    const edit = this.decideOn(prediction.id, verdict, annotationId);
    this.undoStack.add({ decision: prediction.id, from, to: verdict, edit });
  }

  /**
   * @param {string} predictionId
   * @param {Verdict} verdict
   * @param {string} [annotationId] what stands or falls with the verdict: where it is refused, the verdict is too
   */
  decideOn(predictionId, verdict, annotationId) {
    return this.#apply({
      op: "verdict",
      prediction_id: predictionId,
      verdict,
      ...(annotationId && { id: annotationId }),
    });
  }

  // ---------------------------------------------------------------- names of faces

  /** A change that can be undone. @param {NameChange} change */
  name(change) {
    this.changeNames(change);
    this.undoStack.add({ names: change });
  }

  /** A change that is no step of its own. @param {NameChange} change */
  changeNames({ before, after }) {
    return this.#apply({ op: PEOPLE, before, after });
  }

  // ---------------------------------------------------------------- boxes over time

  /** A change that can be undone; nothing where there is none. @param {BoxChange | null} change */
  changeBox(change) {
    if (!change) return;
    const edit = newId();
    this.undoStack.add({ box: change, edit }); // before it is told, so that what can be undone is shown with it
    this.putBox(change, edit);
  }

  /** A change that is no step of its own. @param {BoxChange} change @param {string} [edit] its id */
  putBox({ id, before, after }, edit) {
    return this.#apply({ op: BOX, id, before, after }, edit);
  }

  /** A tracker moved a box because this person asked for it: it is a step of theirs. @param {BoxChange} change */
  addTracked(change) {
    this.undoStack.add({ box: change });
    this.store.tellContent();
  }

  // ---------------------------------------------------------------- curves

  /** What was drawn, and saved by `putTrace`, is one step.
   * @param {readonly { trace: TraceChange, edit: string }[]} changes with the ids of their edits
   */
  addTrace(changes) {
    if (!changes.length) return;
    this.undoStack.together(() => {
      for (const change of changes) this.undoStack.add(change);
    });
    this.store.tellContent();
  }

  /** A change that is no step of its own. @param {TraceChange} change */
  putTrace(change) {
    return this.#apply({ op: TRACE, ...change });
  }

  // ---------------------------------------------------------------- cameras

  /** Put a camera or recording on the timeline, move it, or (null) take it off; a change that can be undone.
   * @param {string} medium the id of its video
   * @param {number | null} after where it begins
   * @param {boolean} [joins] one step with what moved it just before: a key is pressed many times
   * @param {number} [rate] of its clock; where nothing is said, as before
   */
  placeCamera(medium, after, joins = false, rate = undefined) {
    const before = this.store.placeOf(medium);
    const place = after === null ? null : rounded({ offset: after, rate: rate ?? before?.rate });
    if (isSamePlace(place, before)) return;
    const change = changeOfPlace(medium, before, place);
    const edit = this.changeCamera(change);
    this.undoStack.addMove(change, joins, edit);
    this.store.tellContent();
  }

  /** A change that is no step of its own. @param {MediumChange} change */
  changeCamera(change) {
    return this.#apply({ op: "medium", ...change });
  }

  // ---------------------------------------------------------------- steps

  /** A change that can be undone.
   * @param {Annotation | null} before
   * @param {Annotation} after carries the version that the person saw
   * @param {How} [how]
   */
  act(before, after, how) {
    const edit = this.put(before, after, how);
    const made = this.store.annotations.get(after.id) ?? { ...after, version: after.version + 1 };
    this.undoStack.add({ before, after: made, edit });
  }

  /** A change that is no step of its own.
   * @param {{ deleted: boolean } | null} before
   * @param {Annotation} after
   * @param {How} [how]
   */
  put(before, after, { follows = false, marked = {} } = {}) {
    const edit = editOf(before, after);
    if (follows) edit.op = "follow";
    if (marked.start || marked.end) edit.marked = marked;
    return this.#apply(edit);
  }

  /** Returns the id of the edit. @param {EditRequest} request @param {string} [id] */
  #apply(request, id = newId()) {
    this.store.applyEdit(this.send(request, id));
    return id;
  }

  /** Several changes as one step of undo, shown at once.
   * @template Result
   * @param {() => Result} work
   */
  together(work) {
    return this.batch(() => this.undoStack.together(work));
  }

  /** Several changes, shown at once; where one was refused in a locked row, that is said once.
   * @template Result
   * @param {() => Result} work
   */
  batch(work) {
    try {
      return this.store.batch(work);
    } finally {
      const row = this.#barred;
      if (!this.store.isBatching && row !== null) {
        this.#barred = null;
        this.bars(row);
      }
    }
  }

  /** A file was imported: one step, however much is in it. @param {string} id */
  addImport(id) {
    this.undoStack.add({ imported: id });
    this.store.tellContent();
  }

  /** Says who says lines, with what else is done together.
   * @param {readonly Line[]} lines
   * @param {string} speaker
   */
  attribute(lines, speaker) {
    this.undoStack.add({ lines: this.onAttribute(lines, speaker) });
  }

  /** Lines of the transcript were changed, by a step that the server knows. @param {string} edit its id */
  addLines(edit) {
    this.undoStack.add({ lines: edit });
    this.store.tellContent();
  }

  undo() {
    return this.#undo.undo();
  }

  redo() {
    return this.#undo.redo();
  }

  keepHistory() {
    const { done, undone, annotations } = this.undoStack;
    this.keep({ done, undone, versions: annotations.map((id) => [id, this.store.versionOf(id)]) });
  }

  /** What an earlier page of this tab could undo.
   * @param {KeptHistory} history
   */
  takeHistory(history) {
    this.undoStack.restore(history);
    const versions = Array.isArray(history.versions) ? history.versions : []; // an earlier release may have kept others
    for (const each of versions) if (Array.isArray(each)) this.store.rememberVersion(each[0], each[1]);
  }
}
