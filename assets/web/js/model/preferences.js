// What this browser keeps of a person's preferences, as JSON.

/** @typedef {Pick<Storage, "getItem" | "setItem">} Keeper localStorage, where there is one */

/** {} where there is nothing, or nothing that can be read.
 * @param {Keeper | null | undefined} storage
 * @param {string} key
 * @returns {any} of whatever shape an earlier release wrote
 */
export function readPreferences(storage, key) {
  try {
    return JSON.parse(storage?.getItem(key) ?? "") ?? {};
  } catch {
    return {};
  }
}
