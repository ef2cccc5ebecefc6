// What is to be decided, and what is known of a label: how much is labelled, how much is still to be found, and whether
// that is enough.

import { counted, el } from "./dom.js";

/** @import { DeskProgress, Share } from "../types.js" */

const percent = (/** @type {number} */ share) => `${Math.round(100 * share)} %`;
const between = (/** @type {Share} */ { value, low, high }) =>
  `${percent(value)} (${percent(low)} to ${percent(high)})`;

/** How much is to be decided, and where that is of which the likely feed leaves out.
 * @param {number} waiting
 * @param {number} unlikely of these
 */
export function toDecide(waiting, unlikely) {
  const all = `${counted(waiting, "prediction")} to decide`;
  const less = Math.min(unlikely, waiting);
  return less ? `${all}; ${less} of them ${less === 1 ? "is" : "are"} unlikely and shown under Unsure` : all;
}

/** @param {DeskProgress} known @param {string} label @returns {HTMLElement[]} */
export function knownOf({ labelled, instants, estimate, note }, label) {
  const { left, recall, with_proposals: reached, precision, enough, more } = estimate;
  const unit = labelled ? "moments" : "seconds";
  /** @type {[string, string][]} */
  const facts = [["Labelled", counted(labelled, "moment")]];
  if (left) {
    const [value, low, high] = [left.value, left.low, left.high].map(rounded);
    facts.push(["Still to be found", `about ${value} ${unit} (${low} to ${high})`]);
  }
  if (recall) facts.push(["Recall: labelled, of all there are", between(recall)]);
  if (reached) facts.push(["Recall with the proposals", between(reached)]);
  if (precision) facts.push(["Precision of the proposals", between(precision)]);
  facts.push(["Random frames looked at", String(instants)]);
  const verdict =
    left && !instants ? overOf(labelled, label) : verdictOf(instants > 0 && labelled > 0, enough, more, label);
  return [
    el("dl", {}, ...facts.map(([name, value]) => el("div", {}, el("dt", { text: name }), el("dd", { text: value })))),
    el("p", { class: enough ? "enough" : "muted", text: verdict }),
    ...(note ? [el("p", { class: "muted", dir: "auto", text: note })] : []),
  ];
}

/** No frame is left that chance could choose. @param {number} labelled @param {string} label */
const overOf = (labelled, label) =>
  labelled
    ? "You can stop: everything is labelled or looked through."
    : `Everything was looked through, and “${label}” is nowhere.`;

/** Fewer digits, the larger it is. @param {number} value */
const rounded = (value) => (value < 10 ? String(Math.round(10 * value) / 10) : String(Math.round(value)));

/**
 * @param {boolean} isMeasured
 * @param {boolean} enough
 * @param {number | null} more
 * @param {string} label
 */
function verdictOf(isMeasured, enough, more, label) {
  if (enough) return "You can stop: with 95 % certainty, at least 95 % of it is labelled.";
  const next = more === 1 ? "the next random frame does" : `the next ${more} random frames do`;
  const wanted = more === null ? "" : ` If ${next} not show it either, 95 % of it is labelled, with 95 % certainty.`;
  if (isMeasured) return `Not enough yet.${wanted}`;
  return `How much of “${label}” is still to be found is known from random frames: answer some under Random.${wanted}`;
}
