// Where the text of a line is cut that is split at a time.

/** @import { Line } from "../types.js" */

/** The texts before and after a time: between two words whose times are known, else at the blank that is nearest by the
 * share of letters. Null where all of the text lies on one side.
 * @param {Line} line
 * @param {number} time
 * @returns {{ head: string, tail: string } | null}
 */
export function cutAt({ text, start, end, words = [] }, time) {
  if (time <= start || time >= end) return null;
  const at = words.length ? afterWords(text, words, time) : nearestBlank(text, (time - start) / (end - start));
  const [head, tail] = [text.slice(0, at).trim(), text.slice(at).trim()];
  return head && tail ? { head, tail } : null;
}

/** Behind the last word whose middle lies before a time.
 * @param {string} text
 * @param {NonNullable<Line["words"]>} words
 * @param {number} time
 */
function afterWords(text, words, time) {
  let done = 0;
  for (const word of words) {
    const at = text.indexOf(word.text, done);
    if (at < 0 || (word.start + word.end) / 2 > time) break;
    done = at + word.text.length;
  }
  return done;
}

/**
 * @param {string} text
 * @param {number} share of the text
 */
function nearestBlank(text, share) {
  const blanks = [...text.matchAll(/\s/gu)].map(({ index }) => index);
  return blanks.reduce(
    (best, at) => (Math.abs(at - share * text.length) < Math.abs(best - share * text.length) ? at : best),
    0,
  );
}
