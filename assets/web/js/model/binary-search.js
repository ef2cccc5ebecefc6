// Binary search.

/** How many of the first `count` places hold what `isBefore` says; all of them come before the others.
 * @param {number} count
 * @param {(index: number) => boolean} isBefore
 */
export function countBefore(count, isBefore) {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
