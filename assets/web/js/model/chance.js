// How sure a model is of a prediction, as it is filtered and ordered by.

/** By its confidence where one was measured, else by its score, 0…1.
 * @param {{ score: number, confidence?: number }} prediction
 */
export const chance = ({ score, confidence }) => Math.min(1, Math.max(0, confidence ?? score));

/** Whether a prediction lies in a range, whose ends belong to it; null is open.
 * @param {{ score: number, confidence?: number }} prediction
 * @param {{ lowest: number | null, highest: number | null }} range 0…1
 */
export function isWithin(prediction, { lowest, highest }) {
  const sure = chance(prediction);
  return (lowest === null || sure >= lowest) && (highest === null || sure <= highest);
}

/** What a field in per cent shows of a share. @param {number | null} share 0…1 */
export const percentText = (share) => (share === null ? "" : String(Number((100 * share).toFixed(2))));

/** The share that a field in per cent says, null where it is empty. @param {string} text */
export const shareOf = (text) => (text === "" ? null : Math.min(1, Math.max(0, Number(text) / 100)));

/** A range in words; nothing where all lies in it. @param {{ lowest: number | null, highest: number | null }} range 0…1 */
export const rangeText = ({ lowest, highest }) =>
  lowest === null && highest === null ? "" : `${percentText(lowest ?? 0)} to ${percentText(highest ?? 1)} % sure`;
