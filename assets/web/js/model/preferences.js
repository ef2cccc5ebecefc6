// What this browser keeps of a person's preferences, as JSON. Whatever it holds is checked before it is used.

/** @typedef {Pick<Storage, "getItem" | "setItem">} Keeper localStorage, where there is one */

/** An object; {} where there is none, or nothing that can be read.
 * @param {Keeper | null | undefined} storage
 * @param {string} key
 * @returns {{ [name: string]: unknown }}
 */
export function readPreferences(storage, key) {
  try {
    const found = JSON.parse(storage?.getItem(key) ?? "");
    return isObject(found) ? found : {};
  } catch {
    return {};
  }
}

/** @param {unknown} value @returns {value is { [name: string]: unknown }} */
export const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** The entries of what should be an object that `fits` lets through.
 * @template Value
 * @param {unknown} value
 * @param {(each: unknown) => each is Value} fits
 * @returns {[string, Value][]}
 */
export function entriesOf(value, fits) {
  const entries = Object.entries(isObject(value) ? value : {});
  return /** @type {[string, Value][]} */ (entries.filter(([, each]) => fits(each)));
}

/** @param {unknown} value @returns {value is string[]} */
export const isTexts = (value) => Array.isArray(value) && value.every((each) => typeof each === "string");
