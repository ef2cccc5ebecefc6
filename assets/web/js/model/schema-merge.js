// Two people edit the schema at once: what one of them changed goes into what the other saved.

/** @import { EditedLabel, EditedTrack } from "../view/labels.js" */

/** @param {EditedLabel} label */
const nameOf = ({ was, label }) => was ?? label;

/** What a row is, whatever its labels are. @param {EditedTrack | undefined} row */
const textOf = (row) => JSON.stringify({ ...row, labels: [] });

/** The labels of a row that somebody else saved, with what a person changed, added and took off; mine come last. Where
 * both changed a label, mine holds; what one took off and the other changed stays.
 * @param {readonly EditedLabel[]} base
 * @param {readonly EditedLabel[]} mine
 * @param {readonly EditedLabel[]} theirs
 */
function mergedLabels(base, mine, theirs) {
  const [was, own, other] = [base, mine, theirs].map((labels) => new Map(labels.map((each) => [nameOf(each), each])));
  return [...new Set([...other.keys(), ...own.keys()])].flatMap((name) => {
    const before = JSON.stringify(was.get(name));
    const sides = [own.get(name), other.get(name)];
    const changed = sides.find((side) => side && JSON.stringify(side) !== before);
    return changed ?? (sides[0] && sides[1] ? sides[1] : []);
  });
}

/** What somebody else saved, with what a person changed since they began from `base`. A row that both changed is mine.
 * @param {readonly EditedTrack[]} base
 * @param {readonly EditedTrack[]} mine
 * @param {readonly EditedTrack[]} theirs all rows of mine, too
 * @returns {EditedTrack[]}
 */
export function mergedSchema(base, mine, theirs) {
  return theirs.map((row) => {
    const [was, own] = [base, mine].map((rows) => rows.find(({ track }) => track === row.track));
    return {
      ...(own && textOf(own) !== textOf(was) ? own : row),
      labels: mergedLabels(was?.labels ?? [], own?.labels ?? [], row.labels),
    };
  });
}
