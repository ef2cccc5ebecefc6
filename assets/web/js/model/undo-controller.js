// Undo and redo of a document: what somebody else changed since is left as it is, and its step is gone. Imports and
// changes of the transcript are taken back, and done again, by the server.

import { annotation, sameContent } from "./annotation.js";
import { fits, invertedBox } from "./box-track.js";
import { inverted, placesOf } from "./people.js";
import { annotationIdOf, cameraPlace, isOfAnnotation, isOfServer, serverChangeOf, stepsOf } from "./undo-stack.js";
import { cameraPlaces, isSamePlace } from "./media-place.js";

/** @import { Annotation, BoxChange, NameChange, Verdict } from "../types.js" */
/** @import { Editor } from "./editor.js" */
/** @import { AnnotationChange, CameraChange, NamingChange, ServerChange, Step, UndoableChange, VerdictChange } from "./undo-stack.js" */
/** @import { MediaPlace } from "./media-place.js" */

/** Answers of the server after which a step can never be done. */
const GONE = ["gone", "invalid", "forbidden", "conflict"];
/** What is said before the server does a step, and after it; nothing about lines, which are done in a moment. */
const SAID = {
  undo: ["Taking the import back…", "The import was taken back."],
  redo: ["Importing again…", "The file was imported again."],
};

export class UndoController {
  #isWaiting = false;

  /** @param {Editor} editor */
  constructor(editor) {
    this.editor = editor;
  }

  undo() {
    const { undoStack } = this.editor;
    const group = undoStack.done.at(-1) ?? [];
    if (this.#isLocked(group)) return null;
    const changed = this.changedByOthers(
      group,
      (change) => cameraPlaces(change.camera).after,
      (change) => change.after,
      (change) => change.to,
      (change) => inverted(change.names),
      invertedBox,
    );
    if (this.#isWaiting || serverChangeOf(group)) return this.#onServer(group, "undo", changed);
    this.replay(changed, () => undoStack.back(), group, "undo");
  }

  redo() {
    const { undoStack } = this.editor;
    const newest = undoStack.undone.at(-1) ?? [];
    const group = newest.toReversed();
    if (this.#isLocked(group)) return null;
    const changed = this.changedByOthers(
      group,
      (change) => cameraPlaces(change.camera).before,
      (change) => change.before,
      (change) => change.from,
      (change) => change.names,
      (change) => change,
    );
    if (this.#isWaiting || serverChangeOf(newest)) return this.#onServer(newest, "redo", changed);
    this.replay(changed, () => undoStack.forth(), newest, "redo");
  }

  /** Whether a step is about a locked row: it waits until that is unlocked, and the person is told. Where people are
   * named, rows go with their names, locked or not.
   * @param {UndoableChange[]} group
   */
  #isLocked(group) {
    const { editor } = this;
    if (group.some((change) => change.names !== undefined)) return false;
    const rows = group.flatMap((change) => {
      if (change.trace !== undefined) return [change.trace.track];
      if (change.decision !== undefined) {
        const decided = editor.store.predictions.get(change.decision);
        return decided ? [editor.store.rowOf(decided)] : [];
      }
      return isOfAnnotation(change) ? [change.before?.track ?? null, change.after?.track ?? null] : [];
    });
    return rows.some((row) => editor.bars(row));
  }

  /** One at a time, where what comes next depends on what the server says; lines are sent one after the other anyway,
   * and a key that comes meanwhile is about the step below.
   * @param {UndoableChange[]} group
   * @param {"undo" | "redo"} way
   * @param {{ id: string, what: string } | null} changed by somebody else
   */
  async #onServer(group, way, changed) {
    const { editor } = this;
    const change = serverChangeOf(group);
    if (this.#isWaiting || !change) return;
    if (changed) {
      this.replay(changed, () => null, group, way);
      return;
    }
    const waits = change.lines === undefined || group.length > 1;
    if (waits) this.#isWaiting = true;
    const [before, after] = change.imported === undefined ? [] : SAID[way];
    if (before) editor.store.say(before);
    let putBack = () => {};
    try {
      // as the request goes out, not after its answer: a page that is closed in between finds the step where it is
      const { kept } = await editor.onServer(change, way, () => (putBack = editor.undoStack.moveGroup(group, way)));
      this.#apply(group, way);
      if (after) editor.store.say(after);
      if (kept) editor.store.notice(`${kept} of this import stay as they are: somebody changed them since.`);
    } catch (error) {
      const { message, kind = "" } = /** @type {Error & { kind?: string }} */ (error);
      putBack();
      if (GONE.includes(kind)) editor.undoStack.drop(group); // else it is tried again by the next key
      editor.store.notice(message);
    } finally {
      if (waits) this.#isWaiting = false;
      editor.store.tellContent();
    }
  }

  /** The id of something that is not as the group left it, else null. The last change to each says how that was.
   * @param {UndoableChange[]} group
   * @param {(change: CameraChange) => MediaPlace | null} placeOf
   * @param {(change: AnnotationChange) => Annotation | null} stateOf
   * @param {(change: VerdictChange) => Verdict} verdictOf
   * @param {(change: NamingChange) => NameChange} nextOf what would be done to names
   * @param {(change: BoxChange) => BoxChange} nextOfBox what would be done to a box
   */
  changedByOthers(group, placeOf, stateOf, verdictOf, nextOf, nextOfBox) {
    const { store } = this.editor;
    for (const change of group) {
      if (change.camera && !isSamePlace(store.placeOf(change.camera.medium), placeOf(change)))
        return { id: cameraPlace(change.camera.medium), what: "moved this camera" };
      const next = change.names && nextOf(change);
      if (next && !store.people.fits(next)) return { id: placesOf(next)[0], what: "named this person" };
    }
    const what = "changed this segment";
    /** @type {Map<string, Annotation | null>} */
    const states = new Map();
    /** @type {Map<string, Verdict>} */
    const verdicts = new Map();
    /** @type {Map<string, BoxChange>} */
    const boxes = new Map();
    for (const change of group) {
      if (change.box !== undefined) boxes.set(change.box.id, nextOfBox(change.box));
      if (
        change.names !== undefined ||
        change.box !== undefined ||
        change.camera !== undefined ||
        change.trace !== undefined ||
        isOfServer(change)
      )
        continue;
      if (change.decision !== undefined) verdicts.set(change.decision, verdictOf(change));
      else states.set(annotationIdOf(change) ?? "", stateOf(change));
    }
    for (const [id, state] of states) {
      const there = store.annotations.get(id);
      const isExpected = state && !state.deleted;
      if (isExpected ? !there || !sameContent(there, annotation(state)) : there) return { id, what };
    }
    for (const [id, next] of boxes) {
      if (!fits(store.boxes.get(id), next)) return { id, what: "changed this box" };
    }
    for (const [id, verdict] of verdicts) {
      const p = store.predictions.get(id);
      if (p && p.verdict !== verdict) return { id, what };
    }
    return null;
  }

  /**
   * @param {{ id: string, what: string } | null} changed by somebody else
   * @param {() => unknown} move
   * @param {UndoableChange[]} group
   * @param {"undo" | "redo"} way
   */
  replay(changed, move, group, way) {
    const { editor } = this;
    if (changed !== null) {
      editor.undoStack.forget(changed.id);
      editor.store.notice(`Somebody else ${changed.what}, so it was not undone.`);
      editor.store.tellContent();
      return;
    }
    move();
    this.#apply(group, way);
  }

  /**
   * @param {UndoableChange[]} group
   * @param {"undo" | "redo"} way
   */
  #apply(group, way) {
    const follow = group.some((change) => change.names !== undefined);
    this.editor.batch(() => {
      for (const change of way === "undo" ? group.toReversed() : group) {
        for (const step of stepsOf([change], way)) change.edit = this.apply(step, follow);
      }
    });
    this.editor.keepHistory();
  }

  /** Returns the id of its edit.
   * @param {Step} step
   * @param {boolean} follows whether segments go with the names of people
   */
  apply(step, follows) {
    const { editor } = this;
    const { store } = editor;
    if (step.camera !== undefined) return editor.changeCamera(step.camera);
    if (step.trace !== undefined) return editor.putTrace(step.trace);
    if (step.names !== undefined) return editor.changeNames(step.names);
    if (step.box !== undefined) return editor.putBox(step.box);
    if (step.decision !== undefined)
      return store.predictions.has(step.decision) ? editor.decideOn(step.decision, step.to) : undefined;
    const { now, wanted } = step;
    const state = /** @type {Annotation} */ (wanted ?? now);
    const known = store.annotations.get(state.id);
    const version = known?.version ?? store.versionOf(state.id);
    return editor.put(
      known ?? { deleted: true },
      { ...annotation(state), deleted: !wanted || wanted.deleted, version },
      { follows },
    );
  }
}
