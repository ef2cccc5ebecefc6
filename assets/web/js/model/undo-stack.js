// What can be undone: groups of changes, newest last.

import { equal, sameContent } from "./annotation.js";
import { invertedBox } from "./box-track.js";
import { inverted, placesOf } from "./people.js";
import { isObject } from "./preferences.js";
import { invertedTrace, tracePlace } from "./traces.js";
import { cameraPlaces, changeOfPlace, isSamePlace } from "./media-place.js";

/** @import { Annotation, BoxChange, MediumChange, NameChange, TraceChange, Verdict } from "../types.js" */

/** A change of an annotation (null: not there), of what was decided about a prediction, of the names of faces, of a box
 * over time, of what plays on the timeline, or of a curve; only one of these.
 * edit: the id of the newest edit that made the change, took it back or did it again.
 * @typedef {{ decision?: undefined, names?: undefined, box?: undefined, camera?: undefined, trace?: undefined,
 *   imported?: undefined, lines?: undefined, edit?: string }} OfNothing
 * @typedef {OfNothing & { before: Annotation | null, after: Annotation | null }} AnnotationChange
 * @typedef {Omit<OfNothing, "decision"> & { decision: string, from: Verdict, to: Verdict }} VerdictChange
 * @typedef {Omit<OfNothing, "names"> & { names: NameChange }} NamingChange
 * @typedef {Omit<OfNothing, "box"> & { box: BoxChange }} BoxingChange
 * @typedef {Omit<OfNothing, "camera"> & { camera: MediumChange }} CameraChange
 * @typedef {Omit<OfNothing, "trace"> & { trace: TraceChange }} CurveChange
 *
 * What the server takes back as a whole, by its id: a file that was imported, or a change of lines of the transcript.
 * @typedef {(Omit<OfNothing, "imported"> & { imported: string }) | (Omit<OfNothing, "lines"> & { lines: string })} ServerChange
 * @typedef {AnnotationChange | VerdictChange | NamingChange | BoxingChange | CameraChange | CurveChange
 *   | ServerChange} UndoableChange
 */

/** A change to apply: from what is there now to what is wanted, what a prediction's verdict is to be, names, a box,
 * when a camera begins, or a curve.
 * @typedef {(OfNothing & { now: Annotation | null, wanted: Annotation | null })
 *   | (Omit<OfNothing, "decision"> & { decision: string, to: Verdict }) | NamingChange | BoxingChange | CameraChange
 *   | CurveChange} Step
 */

const MOST = 300; // groups
const MOST_CHANGES = 20_000; // in all groups: they are written down after each
const JOINS_MS = 1500; // a camera that is moved again within it is moved once

/** @param {UndoableChange} change @returns {change is AnnotationChange} */
export const isOfAnnotation = (change) =>
  change.decision === undefined &&
  change.names === undefined &&
  change.box === undefined &&
  change.camera === undefined &&
  change.trace === undefined &&
  !isOfServer(change);

/** @param {UndoableChange} change @returns {change is ServerChange} */
export const isOfServer = (change) => typeof change.imported === "string" || typeof change.lines === "string";

/** The annotation that a change is about. @param {UndoableChange} change */
export const annotationIdOf = (change) => (isOfAnnotation(change) ? (change.after ?? change.before)?.id : undefined);

/** What is said to be changed where a camera is, as annotations have ids. @param {string} id of its video */
export const cameraPlace = (id) => `medium:${id}`;

/** @param {MediumChange} change */
export function movedBack(change) {
  const { before, after } = cameraPlaces(change);
  return changeOfPlace(change.medium, after, before);
}

/** The annotation, the prediction, the box, the names of faces or the camera that a change is about.
 * @param {UndoableChange} change
 */
function subjectsOf(change) {
  if (change.camera !== undefined) return [cameraPlace(change.camera.medium)];
  if (change.trace !== undefined) return [tracePlace(change.trace.track)];
  if (change.names !== undefined) return placesOf(change.names);
  return [change.box?.id ?? change.decision ?? annotationIdOf(change)];
}

/** Nothing for what the server takes back. @param {UndoableChange} change @returns {Step[]} */
function stepBack(change) {
  if (change.camera !== undefined) return [{ camera: movedBack(change.camera) }];
  if (change.trace !== undefined) return [{ trace: invertedTrace(change.trace) }];
  if (change.names !== undefined) return [{ names: inverted(change.names) }];
  if (change.box !== undefined) return [{ box: invertedBox(change.box) }];
  if (change.decision !== undefined) return [{ decision: change.decision, to: change.from }];
  return isOfAnnotation(change) ? [{ now: change.after, wanted: change.before }] : [];
}

/** @param {UndoableChange} change @returns {Step[]} */
function stepForth(change) {
  if (change.camera !== undefined) return [{ camera: change.camera }];
  if (change.trace !== undefined) return [{ trace: change.trace }];
  if (change.names !== undefined) return [{ names: change.names }];
  if (change.box !== undefined) return [{ box: change.box }];
  if (change.decision !== undefined) return [{ decision: change.decision, to: change.to }];
  return isOfAnnotation(change) ? [{ now: change.before, wanted: change.after }] : [];
}

/** The annotations that a step changed together with names, and what each was before; of the step that made just this
 * change of names, or took it back.
 * @param {readonly UndoableChange[][]} groups
 * @param {NameChange} names
 * @returns {{ made: Annotation, back: Annotation }[]}
 */
export function followersOf(groups, names) {
  const isSame = (/** @type {NameChange} */ one, /** @type {NameChange} */ other) =>
    equal(one.before, other.before) && equal(one.after, other.after);
  for (const group of groups) {
    const change = group.find((each) => each.names !== undefined)?.names;
    const forth = change && isSame(change, names);
    if (!change || (!forth && !isSame(inverted(change), names))) continue;
    return group.filter(isOfAnnotation).flatMap(({ before, after }) => {
      if (!before || !after) return [];
      return forth ? [{ made: after, back: before }] : [{ made: before, back: after }];
    });
  }
  return [];
}

/** What the server has to take back of a group of changes. @param {readonly UndoableChange[] | undefined} group */
export const serverChangeOf = (group) => group?.find(isOfServer) ?? null;

/** The steps by which a group is undone, or done again, in order.
 * @param {readonly UndoableChange[]} group
 * @param {"undo" | "redo"} way
 */
export const stepsOf = (group, way) =>
  way === "undo" ? group.toReversed().flatMap(stepBack) : group.flatMap(stepForth);

/** The groups that can be read of what was kept.
 * @param {unknown} kept
 * @returns {UndoableChange[][]}
 */
function groupsOf(kept) {
  const groups = Array.isArray(kept) ? kept : [];
  return groups.filter((group) => Array.isArray(group) && group.length > 0 && group.every(isObject));
}

export class UndoStack {
  /** @param {() => void} keep told after every change, so that a reload forgets nothing */
  constructor(keep = () => {}) {
    this.keep = keep;
    /** @type {UndoableChange[][]} */
    this.done = [];
    /** @type {UndoableChange[][]} */
    this.undone = [];
    /** @type {UndoableChange[] | null} */
    this.open = null;
    this.movedAt = 0;
  }

  /** What cannot be read of what was kept is left out. @param {{ done?: unknown, undone?: unknown }} kept */
  restore({ done, undone }) {
    this.done = groupsOf(done);
    this.undone = groupsOf(undone);
  }

  /** @param {UndoableChange} change */
  add(change) {
    this.undone = [];
    if (this.open) {
      this.open.push(change);
      return;
    }
    this.done.push([change]);
    this.trim();
  }

  /** A camera was put elsewhere.
   * @param {MediumChange} camera
   * @param {boolean} joins whether it is one step with a move of it just before
   * @param {string} [edit] its id
   */
  addMove(camera, joins, edit) {
    const last = this.done.at(-1)?.[0]?.camera;
    const isSame =
      last?.medium === camera.medium &&
      last.before !== null &&
      isSamePlace(cameraPlaces(last).after, cameraPlaces(camera).before);
    if (last && joins && isSame && !this.undone.length && Date.now() - this.movedAt < JOINS_MS) {
      const joined = changeOfPlace(camera.medium, cameraPlaces(last).before, cameraPlaces(camera).after);
      this.done[this.done.length - 1] = [{ camera: joined, edit }];
      this.trim();
    } else this.add({ camera, edit });
    this.movedAt = joins ? Date.now() : 0;
  }

  /** What `work` changes is one step of undo.
   * @template Result
   * @param {() => Result} work
   */
  together(work) {
    if (this.open) return work();
    /** @type {UndoableChange[]} */
    const group = [];
    this.open = group;
    try {
      return work();
    } finally {
      this.open = null;
      if (group.length) this.done.push(group);
      this.trim();
    }
  }

  trim() {
    let first = this.done.length - 1; // the newest one stays, however large it is
    let changes = this.done.at(-1)?.length ?? 0;
    const hasRoom = () => this.done.length - first < MOST && changes + this.done[first - 1].length <= MOST_CHANGES;
    while (first > 0 && hasRoom()) changes += this.done[--first].length;
    this.done.splice(0, Math.max(0, first));
    this.keep();
  }

  /** The server wrote some states otherwise than they were sent: this is what they are now.
   * @param {Map<Annotation | null, Annotation>} written
   */
  replaceStates(written) {
    for (const change of [...this.done, ...this.undone].flat()) {
      if (!isOfAnnotation(change)) continue;
      change.before = written.get(change.before) ?? change.before;
      change.after = written.get(change.after) ?? change.after;
    }
    this.keep();
  }

  /** What an annotation was became something else without a step of its own.
   * @param {Annotation} was
   * @param {Annotation} now
   */
  amend(was, now) {
    const isIt = (/** @type {Annotation | null} */ state) => state?.id === was.id && sameContent(state, was);
    for (const change of [...this.done, ...this.undone].flat()) {
      if (!isOfAnnotation(change)) continue;
      if (isIt(change.before)) change.before = now;
      if (isIt(change.after)) change.after = now;
    }
    this.keep();
  }

  /** Nothing can be undone any more about an annotation, a prediction, or a name (see `placesOf`) that somebody else won.
   * @param {string} id
   */
  forget(id) {
    const isAbout = (/** @type {UndoableChange} */ change) => subjectsOf(change).includes(id);
    this.done = this.done.filter((group) => !group.some(isAbout));
    this.undone = this.undone.filter((group) => !group.some(isAbout));
    this.keep();
  }

  /** The server takes a group back, or does it again. What was done meanwhile stays the newest.
   * @param {UndoableChange[]} group
   * @param {"undo" | "redo"} way
   * @returns {() => void} puts it back where it was, when the server did not
   */
  moveGroup(group, way) {
    const [from, to] =
      way === "undo" ? /** @type {const} */ (["done", "undone"]) : /** @type {const} */ (["undone", "done"]);
    const at = this[from].indexOf(group);
    if (at < 0) return () => {};
    const wasNewest = at === this[from].length - 1;
    this[from].splice(at, 1);
    if (wasNewest) this[to].push(group);
    this.keep();
    return () => {
      const isOvertaken = way === "redo" && this.done.at(-1) !== group; // nothing is done again on top of something new
      this[to] = this[to].filter((each) => each !== group);
      if (!isOvertaken) this[from].splice(at, 0, group);
      this.keep();
    };
  }

  /** A group that cannot be undone any more. @param {UndoableChange[]} group */
  drop(group) {
    this.done = this.done.filter((each) => each !== group);
    this.undone = this.undone.filter((each) => each !== group);
    this.keep();
  }

  /** A change of lines that was not saved. @param {string} edit */
  dropLines(edit) {
    this.#without((change) => change.lines === edit);
  }

  /** Edits that were not saved: what they made is gone, and what they were to take back or do again stays as it is. What
   * was saved before of the same annotation, box, camera or curve can still be undone.
   * @param {readonly { edit_id: string }[]} edits
   */
  dropEdits(edits) {
    const ids = new Set(edits.map(({ edit_id }) => edit_id));
    this.#without((change) => change.edit !== undefined && ids.has(change.edit));
  }

  /** Changes that were not saved are gone; what was done with them in one step can still be undone.
   * @param {(change: UndoableChange) => boolean} isGone
   */
  #without(isGone) {
    const rest = (/** @type {UndoableChange[]} */ group) => group.filter((change) => !isGone(change));
    this.done = this.done.map(rest).filter((group) => group.length);
    this.undone = this.undone.map(rest).filter((group) => group.length);
    this.keep();
  }

  /** Takes the newest group; the steps to apply, in order, or null when there are none.
   * @returns {Step[] | null}
   */
  back() {
    const group = this.move(this.done, this.undone);
    return group && stepsOf(group, "undo");
  }

  /** @returns {Step[] | null} */
  forth() {
    const group = this.move(this.undone, this.done);
    return group && stepsOf(group, "redo");
  }

  /**
   * @param {UndoableChange[][]} from
   * @param {UndoableChange[][]} to
   */
  move(from, to) {
    const group = from.pop();
    if (!group) return null;
    to.push(group);
    return group;
  }

  /** The ids of all annotations that are in here. */
  get annotations() {
    const changes = [...this.done, ...this.undone].flat();
    return [...new Set(changes.map(annotationIdOf).filter((id) => id !== undefined))];
  }
}
