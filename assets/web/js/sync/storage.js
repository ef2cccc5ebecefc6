// What this browser keeps between pages: edits that are not saved yet, and what can be undone. In IndexedDB, since
// localStorage holds five megabytes and a bulk edit while the server is away may be larger. Where a browser forbids
// both (private windows), everything still works in the page, and leaving it warns.

import { newId } from "./ids.js";

const NAME = "moment-studio";
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

// Runs `work` on a store; resolves with what its request found once the transaction is on disk, or with `without`.
async function within(store, mode, work, without = null) {
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

// `instead` are ids of edits that it takes the place of, at once.
export async function keepEdit(video, edit, instead = []) {
  try {
    localStorage.setItem(PREFIX + edit.edit_id, JSON.stringify({ at: Date.now(), n: made++, video, edit }));
  } catch {
    // full or forbidden: IndexedDB is on its way
  }
  const kept = await within("edits", "readwrite", (store) => {
    dropFrom(store, instead);
    return store.add({ video, edit });
  });
  if (kept === null) return;
  for (const id of [edit.edit_id, ...instead]) localStorage.removeItem(PREFIX + id);
}

function dropFrom(store, ids) {
  const index = store.index("edit_id");
  for (const id of ids)
    index.getKey(id).onsuccess = ({ target }) => target.result !== undefined && store.delete(target.result);
}

// {video, edit} of edits that a tab closed on before IndexedDB had them, oldest first.
function hurried() {
  const found = Object.keys(localStorage)
    .filter((key) => key.startsWith(PREFIX))
    .flatMap((key) => {
      try {
        return [JSON.parse(localStorage.getItem(key))];
      } catch {
        return [];
      }
    });
  return found.sort((a, b) => a.at - b.at || a.n - b.n);
}

async function kept(video) {
  const records = await within(
    "edits",
    "readonly",
    (store) => (video ? store.index("video").getAll(video) : store.getAll()),
    [],
  );
  const known = new Set(records.map((record) => record.edit.edit_id));
  return [
    ...records,
    ...hurried().filter((record) => (!video || record.video === video) && !known.has(record.edit.edit_id)),
  ];
}

export const editsOf = async (video) => (await kept(video)).map((record) => record.edit);

export function forgetEdits(ids) {
  for (const id of ids) localStorage.removeItem(PREFIX + id);
  return within("edits", "readwrite", (store) => dropFrom(store, ids));
}

// The videos for which an earlier page left edits behind.
export const leftBehind = async () => [...new Set((await kept()).map((record) => record.video))];

// ------------------------------------------------------------------ what can be undone

// Each tab has a record of its own: two that work on one video must not write over each other.
const TABS = 4; // whose records are kept of a video
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

const keyOf = (video) => `${video} ${tabId()}`; // the store's key is called `video`: a new name would be a new version

export const keepHistory = (video, history) =>
  within("history", "readwrite", (store) => store.put({ ...history, video: keyOf(video), at: Date.now() }));

// What this tab can undo; in a new tab, what was done last to the video.
export async function historyOf(video) {
  const all = await within(
    "history",
    "readonly",
    (store) => store.getAll(IDBKeyRange.bound(video, `${video} \uffff`)),
    [],
  );
  const newest = all
    .filter((record) => record.video === video || record.video.startsWith(`${video} `))
    .sort((a, b) => (b.at ?? 0) - (a.at ?? 0));
  const old = newest
    .slice(TABS)
    .map((record) => record.video)
    .filter((key) => key !== keyOf(video));
  if (old.length) await within("history", "readwrite", (store) => void old.forEach((key) => store.delete(key)));
  return newest.find((record) => record.video === keyOf(video)) ?? newest[0] ?? null;
}
