// Which videos of a library are listed, and in which order; what of that is not as usual is in the address.

import { isObject } from "./preferences.js";

/** @typedef {import("../types.js").ListWanted} ListWanted */

/** @type {Readonly<ListWanted>} */
export const USUAL = {
  name: "",
  state: "",
  work: "",
  collection: "",
  tag: "",
  folder: null,
  sort: "added",
  descending: true,
};

/** Each order that can be chosen: its name, by what, and whether the largest comes first.
 * @type {readonly (readonly [string, string, boolean])[]}
 */
export const ORDERS = [
  ["Added last", "added", true],
  ["Added first", "added", false],
  ["Name, A to Z", "name", false],
  ["Name, Z to A", "name", true],
  ["Longest", "length", true],
  ["Shortest", "length", false],
  ["Edited last", "edited", true],
  ["Edited first", "edited", false],
  ["State, problems first", "state", false],
  ["State, problems last", "state", true],
  ["Most annotations", "annotations", true],
  ["Fewest annotations", "annotations", false],
  ["Most predictions to decide", "undecided", true],
  ["Fewest predictions to decide", "undecided", false],
];

/** What a list can be narrowed to by how videos are, and by the work on them.
 * @type {readonly (readonly [string, Partial<ListWanted>])[]}
 */
export const CONDITIONS = [
  ["All videos", {}],
  ["Searchable", { state: "searchable" }],
  ["Being worked on", { state: "working" }],
  ["Not prepared yet", { state: "unprepared" }],
  ["Preparing failed", { state: "failed" }],
  ["File not found", { state: "lost" }],
  ["With annotations", { work: "annotated" }],
  ["Without annotations", { work: "empty" }],
  ["With predictions to decide", { work: "undecided" }],
];

/** What differs from the usual, as text for the address; "" where nothing does. @param {ListWanted} wanted */
export function written(wanted) {
  const other = Object.entries(wanted).filter(([name, value]) => value !== USUAL[/** @type {"name"} */ (name)]);
  return other.length ? JSON.stringify(Object.fromEntries(other)) : "";
}

/** What an address says; whatever it holds, the answer can be asked for. @param {string} text @returns {ListWanted} */
export function read(text) {
  /** @type {unknown} */
  let said;
  try {
    said = JSON.parse(text || "{}");
  } catch {
    return { ...USUAL };
  }
  if (!isObject(said)) return { ...USUAL };
  const wanted = { ...USUAL };
  for (const name of /** @type {const} */ (["name", "collection", "tag", "folder"])) {
    const value = said[name];
    if (typeof value === "string") wanted[name] = value;
  }
  const condition = CONDITIONS.find(
    ([, { state = "", work = "" }]) => is(said, "state", state) && is(said, "work", work),
  );
  Object.assign(wanted, condition?.[1]);
  const isUp = said.descending === false;
  const order = ORDERS.find(([, sort, descending]) => sort === said.sort && descending === !isUp);
  if (order) [wanted.sort, wanted.descending] = [order[1], order[2]];
  else if (isUp) wanted.descending = false;
  return wanted;
}

/** @param {{ [name: string]: unknown }} said @param {string} name @param {string} value */
const is = (said, name, value) => (said[name] ?? "") === value;

/** Whether a list shows not all there is. @param {ListWanted} wanted */
export const isNarrow = (wanted) =>
  wanted.folder !== null ||
  Boolean(wanted.name.trim() || wanted.state || wanted.work || wanted.collection || wanted.tag);
