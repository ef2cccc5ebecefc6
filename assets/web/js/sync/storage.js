// What this browser keeps between pages: edits that are not saved yet, and what can be undone. In IndexedDB, since
// localStorage holds five megabytes and a bulk edit while the server is away may be larger. Where a browser forbids
// both (private windows), everything still works in the page, and leaving it warns.

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

export const keepEdit = (video, edit) => within("edits", "readwrite", (store) => store.add({ video, edit }));

export const editsOf = (video) => within("edits", "readonly", (store) => store.index("video").getAll(video), [])
  .then((records) => records.map((record) => record.edit));

export const forgetEdits = (ids) => within("edits", "readwrite", (store) => {
  const index = store.index("edit_id");
  for (const id of ids) index.getKey(id).onsuccess = ({ target }) => target.result !== undefined && store.delete(target.result);
});

// The videos for which an earlier page left edits behind.
export const leftBehind = () => within("edits", "readonly", (store) => store.getAll(), [])
  .then((records) => [...new Set(records.map((record) => record.video))]);

export const keepHistory = (video, history) => within("history", "readwrite", (store) => store.put({ video, ...history }));

export const historyOf = (video) => within("history", "readonly", (store) => store.get(video));
