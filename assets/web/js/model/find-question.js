// A question about annotations (docs/find.md): its relations in words, what an address says of it, and how it is changed.

/** @import { FindQuestion, FindStep, FoundSegment } from "../types.js" */

export const LETTERS = "ABCDEFGH";

/** How B stands to A: `text` has a place for A's letter; `from` and `to`: whether a least and a greatest time may be said.
 * @type {readonly { name: string, text: (a: string) => string, from?: boolean, to?: boolean }[]}
 */
export const RELATIONS = [
  { name: "after", text: (a) => `starts after ${a} ends`, from: true, to: true },
  { name: "before", text: (a) => `ends before ${a} starts`, from: true, to: true },
  { name: "after_start", text: (a) => `starts after ${a} starts`, from: true, to: true },
  { name: "near", text: (a) => `is near ${a}, or overlaps it`, to: true },
  { name: "overlaps", text: (a) => `overlaps ${a}` },
  { name: "past", text: (a) => `starts within ${a} and outlasts it` },
  { name: "into", text: (a) => `starts before ${a} and ends within it` },
  { name: "during", text: (a) => `lies within ${a}` },
  { name: "contains", text: (a) => `goes on all through ${a}` },
  { name: "same", text: (a) => `starts and ends with ${a}`, to: true },
];

/** What a segment is, by its status. @type {readonly { name: string, text: string }[]} */
export const STATUSES = [
  { name: "manual", text: "made by hand" },
  { name: "accepted", text: "proposed, accepted" },
  { name: "correction", text: "proposed, corrected" },
  { name: "import", text: "imported" },
  { name: "undecided", text: "proposed, undecided" },
  { name: "rejected", text: "proposed, rejected" },
  { name: "line", text: "line of the transcript" },
];

/** @returns {FindStep} */
export const anySegment = () => ({});

/** @returns {FindQuestion} */
export const emptyQuestion = () => ({ segments: [anySegment()] });

/** Whether a question asks for nothing yet. @param {FindQuestion} question */
export const isEmpty = ({ segments, videos, name }) =>
  segments.length === 1 && !Object.keys(segments[0]).length && !videos?.length && !name;

/** A value without what lets everything through.
 * @template {{ [name: string]: unknown }} Value
 * @param {Value} value
 */
const without = (value) =>
  /** @type {Value} */ (
    Object.fromEntries(
      Object.entries(value).filter(([, each]) => {
        if (Array.isArray(each)) return each.length > 0;
        if (each !== null && typeof each === "object") return Object.keys(each).length > 0;
        return each !== "" && each !== null && each !== undefined && each !== false;
      }),
    )
  );

/** The shortest way to say a question: what lets everything through is left out.
 * @param {FindQuestion} question
 * @returns {FindQuestion}
 */
export function plain({ segments, videos = [], name = "", every = false }) {
  return without({
    segments: segments.map(({ relation, ...step }, place) => ({
      ...without(step),
      ...(place && relation && { relation: { ...without(relation), is: relation.is, of: relation.of ?? 0 } }),
    })),
    videos,
    name: name.trim(),
    every: every && segments.length > 1,
  });
}

/** A question as an address says it; "" for an empty one. @param {FindQuestion} question */
export const addressText = (question) => (isEmpty(plain(question)) ? "" : JSON.stringify(plain(question)));

/** The inverse of `addressText`; null for what is no question, as a hand may have written it.
 * @param {string} text
 * @returns {FindQuestion | null}
 */
export function questionIn(text) {
  try {
    const read = JSON.parse(text);
    const { segments } = read ?? {};
    const isOne = (/** @type {unknown} */ each) => each !== null && typeof each === "object" && !Array.isArray(each);
    return Array.isArray(segments) && segments.length > 0 && segments.every(isOne) ? read : null;
  } catch {
    return null;
  }
}

/** One more segment: at first one that starts within 2 s after the last one that is there.
 * @param {FindQuestion} question
 * @returns {FindQuestion}
 */
export function withAnother(question) {
  const { segments } = question;
  const of = segments.findLastIndex((step, place) => !place || !step.relation?.absent);
  return { ...question, segments: [...segments, { relation: { is: "after", of, most: 2 } }] };
}

/** Without one of the segments; what stood in relation to it stands to the one that it stood to.
 * @param {FindQuestion} question
 * @param {number} place from 1 on
 * @returns {FindQuestion}
 */
export function withoutStep(question, place) {
  const heir = question.segments[place].relation?.of ?? 0;
  const segments = question.segments.toSpliced(place, 1).map((step) => {
    const { relation } = step;
    if (!relation) return step;
    const of = relation.of ?? 0;
    return { ...step, relation: { ...relation, of: of === place ? heir : of > place ? of - 1 : of } };
  });
  return { ...question, segments };
}

/** How a segment lies to the one that it was asked in relation to, in a few words.
 * @param {Pick<FoundSegment, "start_us" | "end_us">} one
 * @param {Pick<FoundSegment, "start_us" | "end_us">} other
 */
export function distance(one, other) {
  const seconds = (/** @type {number} */ us) => `${(us / 1e6).toFixed(us < 10e6 ? 2 : 1)} s`;
  if (one.start_us >= other.end_us) return `${seconds(one.start_us - other.end_us)} later`;
  if (one.end_us <= other.start_us) return `${seconds(other.start_us - one.end_us)} before`;
  const shared = Math.min(one.end_us, other.end_us) - Math.max(one.start_us, other.start_us);
  return `shares ${seconds(shared)}`;
}
