// What is typed into a field and not saved yet, so that a tab that closes loses no word of it. Drafts belong to a tab
// while it lives; once it is gone, the next page shows them where they were typed. Where a browser keeps nothing
// (private windows), they last as long as the page.

import { newId } from "../model/ids.js";

/** @typedef {{ tab: string, at: number, value: any }} Draft */

const PREFIX = "draft:";
const MOST = 200;
const TAB = newId();
/** This page's own, by their keys. @type {Map<string, Draft>} */
const own = new Map();
/** Other tabs that live. @type {Set<string>} */
let alive = new Set();

/** This tab lives as long as it holds its lock. */
globalThis.navigator?.locks?.request(PREFIX + TAB, () => new Promise(() => {}));

/** Learns which tabs live now; before that, nobody knows whose drafts may be shown. */
export async function knowTabs() {
  const { held = [] } = (await globalThis.navigator?.locks?.query()) ?? {};
  alive = new Set(held.map(({ name = "" }) => name.slice(PREFIX.length)).filter((tab) => tab !== TAB));
}

knowTabs();
// a tab that was opened since keeps its first draft
globalThis.addEventListener?.("storage", ({ key }) => key?.startsWith(PREFIX) && knowTabs());

/** @param {string} key what the field is about
 * @param {unknown} value null: nothing is left to keep
 */
export function keepDraft(key, value) {
  const draft = { tab: TAB, at: Date.now(), value };
  if (value === null) own.delete(key);
  else own.set(key, draft);
  try {
    if (value === null) localStorage.removeItem(PREFIX + key);
    else localStorage.setItem(PREFIX + key, JSON.stringify(draft));
  } catch {
    // it is full, or keeps nothing: this page still has it
  }
}

/** The draft of a field that no other tab works on, or null.
 * @param {string} key
 */
export const draftOf = (key) => all().get(key)?.value ?? null;

/** All drafts whose key begins so, oldest first.
 * @param {string} prefix
 */
export function draftsOf(prefix) {
  const found = [...all()].filter(([key]) => key.startsWith(prefix)).sort(([, a], [, b]) => a.at - b.at);
  return found.map(([, draft]) => draft.value);
}

/** Every draft that this page may show. What is too old to be anybody's is dropped. */
function all() {
  /** @type {Map<string, Draft>} */
  const found = new Map();
  try {
    for (const key of Object.keys(localStorage)) {
      const draft = key.startsWith(PREFIX) ? read(localStorage.getItem(key)) : null;
      if (draft) found.set(key.slice(PREFIX.length), draft);
    }
    const oldest = [...found].sort(([, a], [, b]) => a.at - b.at).slice(0, -MOST);
    for (const [key] of oldest) localStorage.removeItem(PREFIX + key);
  } catch {
    // no storage
  }
  const others = [...found].filter(([, draft]) => !alive.has(draft.tab));
  return new Map([...others, ...own]);
}

/** @param {string | null} text @returns {Draft | null} */
function read(text) {
  try {
    const draft = JSON.parse(text ?? "null");
    return draft && typeof draft.tab === "string" && typeof draft.at === "number" ? draft : null;
  } catch {
    return null;
  }
}
