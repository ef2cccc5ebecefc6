// A page without a browser, driven by lines of JSON: what a person does comes in, calls to the server go out, and their
// answers come in. `tests/js/driver.py` is the other end.
//
// in:  {do, args}              → out: {done: result}, or {failed: message}
// out: {call, name, request}   → in:  {call, reply}, or {call, away: true}

import readline from "node:readline";

const RETRY_MS = 1500;

// The same ids in every run, in the order they are made in.
let example = 0;
let made = 0;
Object.defineProperty(globalThis.crypto, "getRandomValues", {
  value(bytes) {
    new DataView(bytes.buffer).setUint32(0, example);
    new DataView(bytes.buffer).setUint32(12, ++made);
    return bytes;
  },
});

const { storage } = await import("./harness.mjs");
const { abort, stores } = await import("./idb.mjs");
// Time stands still here: what waits for a clock is done when somebody says so.
const timers = new Map();
let timer = 0;
globalThis.setTimeout = (work, ms) => (timers.set(++timer, { work, ms }), timer);
globalThis.clearTimeout = (id) => timers.delete(id);
globalThis.setInterval = () => 0;
globalThis.clearInterval = () => {};

globalThis.sessionStorage = storage();
globalThis.fetch = async () => ({ ok: false });

const { copied, paste } = await import("../../assets/web/js/model/copy-paste.js");
const operations = await import("../../assets/web/js/model/operations.js");
const { Frames } = await import("../../assets/web/js/model/frames.js");
const { VideoDocument } = await import("../../assets/web/js/document/video-document.js");

const FRAMES = new Frames(
  Float64Array.from({ length: 1500 }, (_, i) => i / 25),
  60,
);
const CALLS = ["load_document", "changes", "save", "run_payload"];
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

const asked = new Map(); // call → how to answer it
let calls = 0;

// The server as one page sees it; a page that is gone hears nothing any more.
function serverFor(page) {
  const ask = (name) => (request) =>
    new Promise((answer, fail) => {
      if (!page.isThere) return;
      asked.set(++calls, { page, answer, fail });
      say({ call: calls, name, request });
    });
  return Object.fromEntries(CALLS.map((name) => [name, ask(name)]));
}

let page = null;

const done = {
  // Nothing is left of what was before: another browser.
  reset(video) {
    done.crash();
    for (const name of Object.keys(stores)) stores[name] = [];
    for (const kept of [localStorage, sessionStorage]) for (const key of Object.keys(kept)) kept.removeItem(key);
    page = null;
    done.video = video;
    example += 1;
    made = 0;
  },
  async open() {
    page = { isThere: true, notices: [], conflicts: [] };
    page.doc = new VideoDocument(serverFor(page), done.video);
    page.doc.store.on("notice", (text) => page.notices.push(text));
    page.doc.store.on("change", (what) => {
      if (what === "conflict") page.conflicts.push([...page.doc.store.conflicts.keys()].at(-1));
    });
    await page.doc.load();
  },
  // The tab dies: its calls are never answered, and its timers with it. What storage has stays.
  crash() {
    if (page) page.isThere = false;
    abort();
    timers.clear();
  },
  // The tab dies in the very moment that something was made.
  createAndCrash(fields) {
    const id = done.create(fields);
    done.crash();
    return id;
  },
  // Turns to another video: what waits is still sent from here.
  turnAway: () => page.doc.close(),
  // What waits for the clock to try again.
  retry() {
    for (const [id, { work, ms }] of [...timers]) {
      if (ms !== RETRY_MS) continue;
      timers.delete(id);
      work();
    }
  },
  poll: () => void page.doc.catchUp(),
  // Lets everything go on that needs no answer.
  async turns() {
    for (let turn = 0; turn < 30; turn++) await new Promise(setImmediate);
  },
  state() {
    const { store, outbox, editor } = page.doc;
    return {
      annotations: [...store.annotations.values()],
      verdicts: Object.fromEntries([...store.predictions.values()].map((p) => [p.id, p.verdict])),
      conflicts: [...store.conflicts.keys()],
      shown: page.conflicts,
      waiting: outbox.pending.map((edit) => edit.id ?? edit.prediction_id),
      kept: stores.edits.length + Object.keys(localStorage).filter((key) => key.startsWith("edit:")).length,
      state: store.state,
      steps: [editor.undoStack.done.length, editor.undoStack.undone.length],
      notices: page.notices,
    };
  },
  create: (fields) => page.doc.editor.create(fields),
  update: (id, fields) => page.doc.editor.update(id, fields),
  remove: (id) => page.doc.editor.remove(id),
  correct: (id, fields) => page.doc.editor.correct(id, fields),
  accept: (id) => page.doc.editor.accept(id),
  reject: (id) => page.doc.editor.reject(id),
  undo: () => page.doc.editor.undo(),
  redo: () => page.doc.editor.redo(),
  resolve: (id, keepMine) => page.doc.resolve(id, keepMine),
  split: (id, time) => operations.split(page.doc.editor, id, time, FRAMES),
  merge: (ids) => operations.merge(page.doc.editor, ids),
  paste: (ids, time) => paste(page.doc.editor, copied(page.doc.store, ids), time, FRAMES),
};

async function carryOut({ do: name, args = [] }) {
  try {
    say({ done: (await done[name](...args)) ?? null });
  } catch (error) {
    say({ failed: String(error.stack) });
  }
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const message = JSON.parse(line);
  if (message.do) {
    carryOut(message);
    return;
  }
  const { page: by, answer, fail } = asked.get(message.call);
  asked.delete(message.call);
  if (!by.isThere) return;
  if (message.away) fail(new Error("away"));
  else answer(message.reply);
});
