// What an annotation consists of. All that reads, copies, compares or sends one goes by the lists here.

/** @import { Annotation, AnnotationEdit, AnnotationRequest, Prediction, Verdict } from "../types.js" */

/** Every field, and what it is where nobody said anything.
 * @type {Readonly<Annotation>}
 */
const BLANK = Object.freeze({
  id: "",
  track: "",
  start: 0,
  end: 0,
  label: "",
  note: "",
  source: "manual",
  prediction_id: null,
  annotator: "",
  edited_by: "",
  version: 0,
  deleted: false,
  attributes: Object.freeze({}),
});

export const FIELDS = /** @type {readonly (keyof Annotation)[]} */ (Object.keys(BLANK));

/** What a person writes; the other fields are the server's business. */
const CONTENT = /** @type {const} */ (["track", "start", "end", "label", "note", "attributes"]);

/** What an edit says of the annotation; who made it and its version are said beside. */
const SENT = /** @type {const} */ (["id", ...CONTENT, "source", "prediction_id"]);

/** @typedef {Pick<Annotation, (typeof CONTENT)[number]>} Content */

/**
 * @template {string} Key
 * @param {readonly Key[]} keys
 * @param {{ [key: string]: any }} from
 * @returns {any}
 */
function pick(keys, from) {
  const picked = /** @type {{ [key: string]: any }} */ ({});
  for (const key of keys) picked[key] = from[key];
  return picked;
}

/** A whole annotation from some of its fields, as the server, storage or a person gives them.
 * @param {Partial<Annotation>} fields
 * @returns {Annotation}
 */
export function annotation(fields) {
  const made = /** @type {{ [key: string]: any }} */ ({ ...BLANK });
  for (const key of FIELDS) if (fields[key] !== undefined) made[key] = fields[key];
  return /** @type {Annotation} */ (made);
}

/** What a copy of it takes along.
 * @param {Annotation} from
 * @returns {Content}
 */
export const contentOf = (from) => pick(CONTENT, from);

/** The edit that makes `after` of `before` (null: not there yet); `after` carries the version that the person saw.
 * @param {{ deleted: boolean } | null} before
 * @param {Annotation} after
 * @returns {AnnotationRequest}
 */
export function editOf(before, after) {
  const op = !before ? "create" : after.deleted ? "delete" : before.deleted ? "restore" : "update";
  return { op, base_version: after.version, ...pick(SENT, after) };
}

/** What an edit makes of its annotation, with the version that the server will count, as if nobody had made it before.
 * @param {AnnotationRequest | AnnotationEdit} edit
 * @returns {Annotation}
 */
export function annotationOf(edit) {
  const by = "annotator" in edit ? edit.annotator : "";
  const deleted = edit.op === "delete";
  return annotation({ ...pick(SENT, edit), annotator: by, edited_by: by, version: edit.base_version + 1, deleted });
}

const microseconds = (/** @type {number} */ seconds) => Math.round(seconds * 1e6);

/** Whether two annotations say the same, as the server writes it: whole microseconds, one spelling of each letter.
 * @param {Annotation} a
 * @param {Annotation} b
 */
export const sameContent = (a, b) => CONTENT.every((field) => sameValue(a[field], b[field]));

/** Whether a row is what the page has, but for what only the server counts.
 * @param {Annotation} a
 * @param {Annotation} b
 */
export const sameAsSent = (a, b) => SENT.every((field) => field === "prediction_id" || equal(a[field], b[field]));

/**
 * @param {unknown} a
 * @param {unknown} b
 * @returns {boolean}
 */
function sameValue(a, b) {
  if (typeof a === "number" && typeof b === "number") return microseconds(a) === microseconds(b);
  if (typeof a === "string" && typeof b === "string") return a.normalize("NFC") === b.normalize("NFC");
  return equal(a, b);
}

/** Deep, for JSON values; the order of keys says nothing.
 * @param {any} a
 * @param {any} b
 * @returns {boolean}
 */
export function equal(a, b) {
  if (a === b) return true;
  if (!a || !b || typeof a !== "object" || typeof b !== "object" || Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && equal(a[key], b[key]));
}

/** What an annotation says of the prediction that it was made from.
 * @param {Annotation} made
 * @returns {Verdict}
 */
export const verdictOf = (made) => (made.source === "accepted" ? "accepted" : "corrected");

/** Whether an annotation says just what its prediction said, or names the class of what answered a question.
 * @param {{ start: number, end: number, label: string }} made
 * @param {Prediction} prediction
 * @param {boolean} isClass whether the label is one of the schema
 */
export const isAccepting = (made, prediction, isClass) =>
  made.start === prediction.start &&
  made.end === prediction.end &&
  (made.label === prediction.label || (isClass && prediction.task === "grounding"));
