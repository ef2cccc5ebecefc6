// How sure a model is of what it found, in words and per cent; where nobody measured that, its score.

/** @import { Found } from "../types.js" */

/** The confidence from which something counts as likely. */
export const LIKELY = 0.5;
const VERY_LIKELY = 0.8;

/** What the score of a task says that no chance was measured for. @type {{ [task: string]: string }} */
const SCORES = {
  search: "how well it fits what was asked for",
  grounding: "how much it stands out from what is around it",
  survey: "its share beside the other topics",
  speaker: "how strongly the model takes it for speech",
  turns: "how strongly the model takes it for speech",
  emotion: "how strongly the model takes it for this",
  text_reading: "how well the letters could be read",
};

/** Just below a half is not a half; 100 · 0.29 is less than 29. @param {number} share */
export const percent = (share) => `${Math.floor(100 * share + 1e-9)} %`;

/** How likely something is what was asked for. @param {number} confidence 0…1 */
export function sureness(confidence) {
  const words = confidence >= VERY_LIKELY ? "very likely" : confidence >= LIKELY ? "likely" : "probably not";
  return `${words}, ${percent(confidence)}`;
}

/** How sure a model is of a prediction. @param {Pick<Found, "score" | "confidence">} found */
export const certaintyOf = ({ score, confidence }) =>
  confidence === undefined ? `score ${score.toFixed(2)}` : sureness(confidence);

/** What the number of `certaintyOf` is, for who wants to know.
 * @param {Pick<Found, "score" | "confidence"> & { task: string }} prediction
 */
export function certaintyDetails({ task, score, confidence }) {
  if (confidence !== undefined) return `Score ${score.toFixed(2)}`;
  const what = SCORES[task] ?? "as the model gives it";
  return `Score ${score.toFixed(2)}: ${what}; how likely it is was not measured`;
}
