// What the server said to a batch of edits, in order: what is saved, and what became of what was not.

import { annotationOf } from "../model/annotation.js";
import { BOX, PEOPLE } from "../model/document-store.js";
import { newId } from "../model/ids.js";
import { TRACE, tracePlace } from "../model/traces.js";
import { cameraPlace } from "../model/undo-stack.js";

/** @import { AbsenceEdit, Annotation, AnnotationEdit, Answer, BoxEdit, Conflict, Edit, MediumEdit, NameEdit, NotSaved, TraceEdit, VerdictEdit } from "../types.js" */

/** The edits of one annotation, about one prediction, or of names, that failed together.
 * @typedef {{ about: string, edits: Edit[], result: NotSaved }} Failure
 */

/** @param {Edit} edit @returns {edit is AnnotationEdit} */
export const isOfAnnotation = (edit) => !["verdict", PEOPLE, "absent", "medium", BOX, TRACE].includes(edit.op);

/** @param {Edit} edit @returns {edit is BoxEdit} */
export const isOfBox = (edit) => edit.op === BOX;

/** @param {Edit} edit @returns {edit is TraceEdit} */
export const isOfTrace = (edit) => edit.op === TRACE;

/** @param {Edit} edit @returns {edit is VerdictEdit} */
export const isVerdict = (edit) => edit.op === "verdict";

/** @param {Edit} edit @returns {edit is NameEdit} */
export const isNaming = (edit) => edit.op === PEOPLE;

/** @param {Edit} edit @returns {edit is AbsenceEdit} */
export const isAbsence = (edit) => edit.op === "absent";

/** @param {Edit} edit @returns {edit is MediumEdit} */
export const isOfCamera = (edit) => edit.op === "medium";

/** The annotation, the prediction, the instant, the camera or the names (`PEOPLE`) that an edit is about.
 * @param {Edit} edit
 */
export function aboutOf(edit) {
  if (isOfCamera(edit)) return cameraPlace(edit.medium);
  if (isNaming(edit)) return PEOPLE;
  if (isOfTrace(edit)) return tracePlace(edit.track);
  return isAbsence(edit) ? `${edit.track} ${edit.label} ${edit.at}` : (edit.id ?? edit.prediction_id ?? "");
}

/**
 * @param {Answer[]} answers
 * @returns {{ saved: { edit: Edit, row: Annotation | null }[], failures: Failure[] }}
 */
export function sortAnswers(answers) {
  const saved = [];
  /** @type {Map<string, Failure>} */
  const failures = new Map();
  for (const { edit, result } of answers) {
    if (result.ok) {
      saved.push({ edit, row: result.annotation });
      continue;
    }
    const about = aboutOf(edit);
    const known = failures.get(about) ?? { about, edits: [], result };
    known.edits.push(edit);
    failures.set(about, known);
  }
  return { saved, failures: [...failures.values()] };
}

/** What is left of edits of one annotation that somebody else changed meanwhile. Several become one, with the oldest
 * base and the newest fields: sent again when the video is opened another time, it brings the conflict back.
 *
 * over: need not be sent again; newest: what the person wanted; conflict: to be shown, or null where both deleted it;
 * replaced: what `kept` takes the place of in storage.
 * @param {readonly Edit[]} all oldest first
 * @param {Annotation | null} theirs
 * @returns {{ over: Edit[], newest: AnnotationEdit, verdict: VerdictEdit | undefined, conflict: Conflict | null,
 *   kept: AnnotationEdit, replaced: AnnotationEdit[] }}
 */
export function conflictOf(all, theirs) {
  const states = all.filter(isOfAnnotation);
  const verdicts = all.filter(isVerdict);
  const [verdict] = verdicts.slice(-1);
  const newest = /** @type {AnnotationEdit} */ (states.at(-1));
  const kept = states.length > 1 ? merged(states) : newest;
  const replaced = states.length > 1 ? states : [];
  if (newest.op === "delete" && (!theirs || theirs.deleted)) {
    return { over: [...all], newest, verdict, conflict: null, kept: newest, replaced: [] };
  }
  const conflict = { mine: annotationOf(newest), theirs, verdict, kept: verdict ? [kept, verdict] : [kept] };
  return { over: verdicts.slice(0, -1), newest, verdict, conflict, kept, replaced };
}

/** @param {AnnotationEdit[]} states @returns {AnnotationEdit} */
function merged(states) {
  const [first, newest] = [states[0], states[states.length - 1]];
  const op = newest.op === "delete" ? "delete" : first.op === "delete" ? "update" : first.op;
  return { ...newest, edit_id: newId(), op, base_version: first.base_version };
}
