// What this browser keeps between pages: edits that are not saved yet, and what can be undone. In IndexedDB, since
// localStorage holds five megabytes and a bulk edit while the server is away may be larger. Where a browser forbids
// both (private windows), everything still works in the page, and leaving it warns.

import { newId } from "../model/ids.js";
import { isObject } from "../model/preferences.js";
import { LIBRARY } from "./library.js";

/** @import { Edit } from "../types.js" */
/** @import { KeptHistory } from "../model/editor.js" */

/** library: it is of, and is sent to no other; an earlier release did not say it.
 * @typedef {{ video: string, edit: Edit, library?: string }} KeptEdit
 */
/** An edit that IndexedDB has not yet. @typedef {KeptEdit & { at: number, n: number }} HurriedEdit */
/** @typedef {KeptHistory & { video: string, at?: number }} HistoryRecord */

const NAME = "moment-studio";
/** @type {Promise<IDBDatabase | null> | null} */
let opening = null;

function database() {
  opening ??= new Promise((done) => {
    if (!globalThis.indexedDB) return done(null);
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      const edits = request.result.createObjectStore("edits", { keyPath: "n", autoIncrement: true }); // the order they were made in
      edits.createIndex("video", "video");
      edits.createIndex("edit_id", "edit.edit_id");
      request.result.createObjectStore("history", { keyPath: "video" });
    };
    request.onsuccess = () => done(request.result);
    request.onerror = () => done(null);
  });
  return opening;
}

/** Runs `work` on a store; resolves with what its request found once the transaction is on disk, or with `without`.
 * @template Found
 * @param {"edits" | "history"} store
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<any> | void} work
 * @param {Found} without
 * @returns {Promise<Found>}
 */
async function within(store, mode, work, without) {
  const db = await database();
  if (!db) return without;
  return new Promise((done) => {
    const transaction = db.transaction(store, mode, { durability: "strict" });
    const request = work(transaction.objectStore(store));
    transaction.oncomplete = () => done(request?.result ?? without);
    transaction.onabort = () => done(without);
  });
}

// ------------------------------------------------------------------ edits

// An edit stands in localStorage, which is written at once, until IndexedDB has it: a tab may close a moment after it.
const PREFIX = "edit:";
let made = 0;

/**
 * @param {string} video
 * @param {Edit} edit
 * @param {string[]} [instead] ids of edits that it takes the place of, at once
 */
export async function keepEdit(video, edit, instead = []) {
  try {
    const record = { at: Date.now(), n: made++, video, edit, library: LIBRARY };
    localStorage.setItem(PREFIX + edit.edit_id, JSON.stringify(record));
  } catch {
    // full or forbidden: IndexedDB is on its way
  }
  /** @type {IDBValidKey | null} */
  const key = await within(
    "edits",
    "readwrite",
    (store) => addInstead(store, { video, edit, library: LIBRARY }, instead),
    null,
  );
  if (key === null) return;
  for (const id of [edit.edit_id, ...instead]) localStorage.removeItem(PREFIX + id);
}

/**
 * @param {IDBObjectStore} store
 * @param {KeptEdit} record
 * @param {string[]} instead
 */
function addInstead(store, record, instead) {
  dropFrom(store, instead);
  return store.add(record);
}

/**
 * @param {IDBObjectStore} store
 * @param {Iterable<string>} ids
 */
function dropFrom(store, ids) {
  const index = store.index("edit_id");
  for (const id of ids) {
    const found = index.getKey(id);
    found.onsuccess = () => found.result !== undefined && store.delete(found.result);
  }
}

/** Whether a record is one that this module kept of this library: anything else in a browser's storage is left alone.
 * @param {unknown} record
 * @returns {record is KeptEdit}
 */
const isRecord = (record) =>
  isObject(record) &&
  (record.library === undefined || record.library === LIBRARY) &&
  typeof record.video === "string" &&
  isObject(record.edit) &&
  typeof record.edit.edit_id === "string";

/** Edits that a tab closed on before IndexedDB had them, oldest first.
 * @returns {HurriedEdit[]}
 */
function hurried() {
  const found = Object.keys(localStorage)
    .filter((key) => key.startsWith(PREFIX))
    .flatMap((key) => {
      try {
        return [JSON.parse(localStorage.getItem(key) ?? "")];
      } catch {
        return [];
      }
    })
    .filter(isRecord);
  return /** @type {HurriedEdit[]} */ (found).sort((a, b) => a.at - b.at || a.n - b.n);
}

/**
 * @param {string} [video] of all videos, if left out
 * @returns {Promise<KeptEdit[]>}
 */
async function kept(video) {
  const all = (/** @type {IDBObjectStore} */ store) => (video ? store.index("video").getAll(video) : store.getAll());
  const found = await within("edits", "readonly", all, /** @type {KeptEdit[]} */ ([]));
  const records = found.filter(isRecord);
  const known = new Set(records.map((record) => record.edit.edit_id));
  const left = [
    ...records,
    ...hurried().filter((record) => (!video || record.video === video) && !known.has(record.edit.edit_id)),
  ];
  for (const record of left) if (record.library === undefined) unclaimed.add(record.edit.edit_id);
  return left;
}

/** Edits of an earlier release, which did not say of which library they are. @type {Set<string>} */
const unclaimed = new Set();

/** Whether an edit may be of another library than this one. @param {string} id */
export const isUnclaimed = (id) => unclaimed.has(id);

/** What earlier pages left of a video, oldest first. @param {string} video */
export const editsOf = async (video) => (await kept(video)).map((record) => record.edit);

/** @param {Set<string>} ids */
export function forgetEdits(ids) {
  for (const id of ids) localStorage.removeItem(PREFIX + id);
  return within("edits", "readwrite", (store) => dropFrom(store, ids), null);
}

/** The videos for which an earlier page left edits behind. */
export const leftBehind = async () => [...new Set((await kept()).map((record) => record.video))];

// ------------------------------------------------------------------ what can be undone

// Each tab has a record of its own: two that work on one video must not write over each other.
const TABS = 4; // whose records are kept of a video
/** @type {string | null} */
let tab = null;

function tabId() {
  if (tab) return tab;
  try {
    tab = sessionStorage.getItem("tab") ?? newId();
    sessionStorage.setItem("tab", tab);
  } catch {
    tab = newId(); // forbidden: this page is a tab of its own
  }
  return tab;
}

/** The store's key is called `video`: a new name would be a new version. @param {string} video */
const keyOf = (video) => `${video} ${tabId()}`;

/**
 * @param {string} video
 * @param {KeptHistory} history
 */
export function keepHistory(video, history) {
  const record = { ...history, video: keyOf(video), at: Date.now() };
  return within("history", "readwrite", (store) => store.put(record), null);
}

/** What this tab can undo; in a new tab, what was done last to the video.
 * @param {string} video
 */
export async function historyOf(video) {
  const range = () => IDBKeyRange.bound(video, `${video} \uffff`);
  const none = /** @type {HistoryRecord[]} */ ([]);
  const all = await within("history", "readonly", (store) => store.getAll(range()), none);
  const own = all.filter((record) => record.video === video || record.video.startsWith(`${video} `));
  const newest = own.sort((a, b) => (b.at ?? 0) - (a.at ?? 0));
  const old = newest
    .slice(TABS)
    .map((record) => record.video)
    .filter((key) => key !== keyOf(video));
  if (old.length) await within("history", "readwrite", (store) => old.forEach((key) => store.delete(key)), null);
  return newest.find((record) => record.video === keyOf(video)) ?? newest[0] ?? null;
}
