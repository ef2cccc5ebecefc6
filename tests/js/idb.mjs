// A small IndexedDB in memory: what sync/storage.js needs of it. Transactions run one after another, in the order they
// were made in, each in a later turn, as in a browser.

export const stores = { edits: [], history: [] };

let number = 0;
let tab = 0;
let isDead = false;

// The tab dies: what was not written yet, or is asked for in the same turn, is not written any more.
export function abort() {
  tab += 1;
  isDead = true;
  setImmediate(() => (isDead = false));
}

let last = Promise.resolve();

function transaction(name) {
  const of = isDead ? null : tab;
  const asked = [];
  const made = {};
  const request = (work) => {
    const found = {};
    asked.push(() => {
      found.result = work();
      found.onsuccess?.({ target: found });
    });
    return found;
  };
  const key = (record) => record[name === "edits" ? "n" : "video"];
  const without = (k) => stores[name].filter((record) => key(record) !== k);
  made.objectStore = () => ({
    add: (value) => request(() => stores[name].push({ ...structuredClone(value), n: ++number }) && number),
    put: (value) => request(() => void (stores[name] = [...without(value.video), structuredClone(value)])),
    get: (k) => request(() => stores[name].find((record) => key(record) === k)),
    getAll: (range = () => true) => request(() => structuredClone(stores[name].filter((record) => range(key(record))))),
    delete: (k) => request(() => void (stores[name] = without(k))),
    index: (by) => ({
      getAll: (video) => request(() => structuredClone(stores[name].filter((record) => record[by] === video))),
      getKey: (id) => request(() => stores[name].find((record) => record.edit.edit_id === id)?.n),
    }),
  });
  last = last
    .then(() => new Promise(setImmediate))
    .then(() => {
      if (of !== tab) return;
      while (asked.length) asked.shift()();
      made.oncomplete?.();
    });
  return made;
}

globalThis.IDBKeyRange = { bound: (low, high) => (key) => key >= low && key <= high };
globalThis.indexedDB = {
  open() {
    const request = { result: { transaction } };
    setImmediate(() => request.onsuccess());
    return request;
  },
};
