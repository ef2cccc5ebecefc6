// What a page makes of what others did.

import assert from "node:assert/strict";
import test from "node:test";

// what a page over plain http on a network does not have; before the first module is loaded
Object.defineProperty(globalThis.crypto, "randomUUID", { value: undefined });
const { documentOf, loaded, news, prediction, until } = await import("./harness.mjs");
const { newId } = await import("../../assets/web/js/model/ids.js");

const RUN = { id: "r2", task: "grounding", query: "a cat" };

test("without crypto.randomUUID the page starts and names what it makes", () => {
  const ids = new Set(Array.from({ length: 100 }, newId));
  assert.equal(ids.size, 100);
  for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const { doc } = documentOf();
  assert.ok(doc.store.item(doc.editor.create({ track: "Moments", start: 1, end: 2 })));
});

test("a verdict that comes together with its run is kept", () => {
  const { doc } = documentOf();
  const { verdict, ...found } = prediction("p", 1, 2, { run: "r2" });
  doc.takeNews(news({ runs: [{ ...RUN, predictions: [found] }], verdicts: { p: "rejected" } }));
  assert.equal(doc.store.predictions.get("p").verdict, "rejected");
});

test("after a backup was brought back the page shows what is there now", async () => {
  const { doc } = documentOf();
  doc.editor.create({ track: "Moments", start: 1, end: 2 });
  await until(() => !doc.outbox.pending.length);
  doc.store.takeDocument(loaded({ seq: 7 }));
  doc.server.changes = async () => ({ ok: true, data: news({ seq: 3 }) });
  doc.server.load_document = async () => ({ ok: true, data: loaded({ seq: 3 }) });
  await doc.catchUp();
  assert.deepEqual([doc.store.annotations.size, doc.store.seq], [0, 3]);
});

test("what is skipped while our own word is out is asked for again", async () => {
  const { doc } = documentOf(prediction("p", 5, 6));
  const id = doc.editor.create({ track: "Moments", start: 1, end: 2 });
  await until(() => !doc.outbox.pending.length);
  let answer;
  doc.server.save = ({ edits }) =>
    new Promise((done) => {
      answer = () =>
        done({
          ok: true,
          data: {
            results: edits.map((edit) => ({ ok: true, annotation: { ...edit, version: edit.base_version + 1 } })),
          },
        });
    });
  doc.editor.update(id, { end: 3 });
  const row = { ...doc.store.annotations.get(id), label: "renamed", version: 3 };
  doc.takeNews(news({ annotations: [row], seq: 20 }));
  assert.equal(doc.store.seq, 0, "the next poll asks from there again");
  answer();
  await until(() => !doc.outbox.pending.length);
  doc.takeNews(news({ annotations: [row], seq: 20 }));
  assert.deepEqual([doc.store.annotations.get(id).label, doc.store.seq], ["renamed", 20]);

  doc.editor.reject("p");
  doc.takeNews(news({ verdicts: { p: "accepted" }, seq: 30 }));
  assert.equal(doc.store.seq, 20);
  answer();
  await until(() => !doc.outbox.pending.length);
  doc.takeNews(news({ verdicts: { p: "accepted" }, seq: 30 }));
  assert.deepEqual([doc.store.predictions.get("p").verdict, doc.store.seq], ["accepted", 30]);
});

test("news that were on their way while an edit was saved do not take it back", async () => {
  const { doc } = documentOf(prediction("p", 1, 2));
  const answers = [];
  const verdicts = { p: "" };
  doc.server.changes = () => {
    const known = { ...verdicts };
    return new Promise((go) => answers.push(() => go({ ok: true, data: news({ verdicts: known }) })));
  };
  const seen = [];
  doc.store.on("change", () => seen.push(doc.store.predictions.get("p").verdict));
  const asked = doc.catchUp();
  await until(() => answers.length === 1);
  doc.editor.reject("p");
  await until(() => !doc.outbox.pending.length);
  verdicts.p = "rejected";
  answers.shift()();
  await until(() => answers.length === 1);
  answers.shift()();
  await asked;
  assert.ok(seen.includes("rejected"));
  assert.ok(!seen.slice(seen.indexOf("rejected")).includes(""), "never back in between");
});

test("what changes while news are on their way is asked for after them", async () => {
  const { doc } = documentOf();
  const asked = [];
  doc.server.changes = ({ since }) =>
    new Promise((go) => asked.push({ since, answer: (seq) => go({ ok: true, data: news({ seq }) }) }));
  const first = doc.catchUp();
  const second = doc.catchUp();
  let isOver = false;
  second.then(() => (isOver = true));
  await until(() => asked.length === 1);
  asked[0].answer(1);
  await until(() => asked.length === 2);
  assert.deepEqual([asked[1].since, isOver], [1, false], "who asked meanwhile waits for what is newer");
  asked[1].answer(2);
  await Promise.all([first, second]);
  assert.deepEqual([asked.length, doc.store.seq], [2, 2]);
});

test("what is shown stays shown when the document is loaded anew", () => {
  const { doc } = documentOf();
  const { store } = doc;
  const runs = ["old", "mid", "new"].map((id) => ({ id, task: "grounding", query: id }));
  store.takeDocument(loaded({ runs }));
  doc.toggleRun("old");
  doc.toggleRun("new");
  store.showHit({ start: 1, end: 2, label: "a dog", score: 0.5 });
  assert.deepEqual([...store.hidden].sort(), ["mid", "new"]);
  store.takeDocument(loaded({ runs }));
  assert.deepEqual([[...store.hidden].sort(), store.item("hit")?.label], [["mid", "new"], "a dog"]);
  store.takeDocument(loaded({ runs: [...runs, { id: "newest", task: "grounding", query: "newest" }] }));
  assert.deepEqual([...store.hidden].sort(), ["mid", "new"], "what was asked last is shown");
  store.takeDocument(loaded({ runs, video: { id: "other", duration: 5 } }));
  assert.deepEqual([[...store.hidden].sort(), store.item("hit")], [["mid", "old"], null]);
});

test("rows are laid out anew where what a job found so far changed, not at each step of its progress", () => {
  const { doc } = documentOf();
  const told = [];
  doc.store.on("change", (what) => told.push(what));
  const job = (progress, preview) => news({ jobs: [{ id: "j", state: "running", progress, preview }] });
  doc.takeNews(job(0.1, []));
  doc.takeNews(job(0.2, []));
  assert.deepEqual(told, ["jobs", "jobs"]);
  const found = prediction("p", 1, 2);
  doc.takeNews(job(0.3, [found]));
  doc.takeNews(job(0.4, [found]));
  assert.deepEqual(told.slice(2), ["jobs", "view", "jobs"]);
  doc.takeNews(news({ jobs: [] }));
  assert.deepEqual(told.slice(5), ["jobs", "view"]);
});
