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
