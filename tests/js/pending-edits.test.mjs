// Edits that are not saved yet: what becomes of them when tabs close, videos change, and others are faster.

import assert from "node:assert/strict";
import test, { afterEach, beforeEach } from "node:test";

import { stores } from "./idb.mjs";
import { frames, notices, quiet, storage, until } from "./harness.mjs";
import { ReplayServer, finished } from "./replay.mjs";

const { annotation, editOf } = await import("../../assets/web/js/model/annotation.js");
const operations = await import("../../assets/web/js/model/operations.js");
const { VideoDocument } = await import("../../assets/web/js/document/video-document.js");
const { Outbox } = await import("../../assets/web/js/sync/outbox.js");
const { historyOf, keepHistory, leftBehind } = await import("../../assets/web/js/sync/storage.js");

globalThis.sessionStorage = storage();
globalThis.fetch = async () => ({ ok: false });
const opened = [];
const edits = () => stores.edits.map(({ edit }) => edit);

afterEach(finished);

beforeEach(async () => {
  for (const doc of opened.splice(0)) doc.close();
  await quiet(); // what an earlier test still writes
  for (const name of Object.keys(stores)) stores[name] = [];
  for (const key of Object.keys(localStorage)) localStorage.removeItem(key);
});

// A page that opens the video, with what an earlier one left.
async function open(server) {
  const doc = new VideoDocument(server, "video");
  opened.push(doc);
  await doc.load();
  await until(() => doc.store.state !== "saving");
  return doc;
}

// Somebody moves the segment offline, and a colleague edits it meanwhile.
async function conflicting(server, edit = (doc) => doc.editor.update("a", { end: 3 })) {
  const doc = await open(server);
  server.away = true;
  edit(doc);
  await quiet();
  server.away = false;
  server.colleague();
  return doc;
}

async function leftBehindSent(server) {
  for (const video of await leftBehind()) await (await new Outbox(server, video).restore()).flush();
  await quiet();
}

test("edits go in order, wait while nobody answers, and are sent again", async (t) => {
  const server = new ReplayServer(t.name);
  const states = [];
  server.away = true;
  const outbox = new Outbox(server, "video", undefined, (state) => states.push(state));
  const made = annotation({ id: "b", track: "Moments", start: 1, end: 2 });
  outbox.push(editOf(null, made));
  outbox.push(editOf(made, { ...made, end: 3, version: 1 }));
  await until(() => states.at(-1) === "offline");
  assert.ok(outbox.waitsFor("b"));
  server.away = false;
  await outbox.flush();
  await until(() => states.at(-1) === "saved");
  assert.deepEqual(
    server.saved.map((edit) => edit.op),
    ["create", "update"],
  );
  assert.ok(!outbox.waitsFor("b"));
});

test("an edit left behind that conflicts stays until the video is opened, and then somebody is asked", async (t) => {
  const server = new ReplayServer(t.name);
  (await conflicting(server)).close();
  await leftBehindSent(server);
  assert.equal(edits().length, 1, "nobody was asked yet");
  const doc = await open(server);
  await until(() => doc.store.conflicts.has("a"));
  assert.deepEqual(
    [
      doc.store.conflicts.get("a").mine.end,
      doc.store.conflicts.get("a").theirs.note,
      doc.store.annotations.get("a").end,
    ],
    [3, "theirs", 2],
  );
  doc.resolve("a", true);
  await until(() => !doc.outbox.pending.length);
  await until(() => !edits().length);
  assert.deepEqual([server.rows.get("a").end, server.rows.get("a").version], [3, 3]);
});

test("what another tab of this browser saved is no part of what I wanted", async (t) => {
  const server = new ReplayServer(t.name);
  const [mine, theirs] = [await open(server), await open(server)];
  server.away = true;
  mine.editor.update("a", { end: 3 });
  await quiet();
  server.away = false;
  theirs.editor.update("a", { label: "theirs" });
  const saved = { ...theirs.outbox.pending[0] };
  await until(() => server.saved.length === 1);
  await quiet();
  stores.edits.push({ n: 99, video: "video", edit: saved }); // its tab closed before it forgot the edit
  mine.close();
  theirs.close();
  await leftBehindSent(server);
  assert.deepEqual(
    edits().map((edit) => edit.end),
    [3],
    "theirs is saved",
  );
  const doc = await open(server);
  await until(() => doc.store.conflicts.has("a"));
  assert.deepEqual(
    [
      doc.store.conflicts.get("a").mine.end,
      doc.store.conflicts.get("a").mine.label,
      doc.store.conflicts.get("a").theirs.label,
    ],
    [3, "x", "theirs"],
  );
});

test("a conflict that comes after the page turned to another video waits for its video", async (t) => {
  const server = new ReplayServer(t.name);
  const doc = await conflicting(server);
  doc.close();
  await doc.outbox.flush();
  await quiet();
  assert.deepEqual([doc.outbox.pending.length, edits().length], [0, 1]);
  const again = await open(server);
  await until(() => again.store.conflicts.has("a"));
});

test("an open conflict survives the page's death as one edit: the oldest base, the newest fields", async (t) => {
  const server = new ReplayServer(t.name);
  const doc = await conflicting(server, (before) => {
    before.editor.update("a", { end: 3 });
    before.editor.update("a", { label: "mine" });
  });
  await doc.outbox.flush();
  await until(() => doc.store.conflicts.has("a"));
  await until(() => edits().length === 1);
  assert.deepEqual(
    edits().map((edit) => [edit.base_version, edit.end, edit.label]),
    [[1, 3, "mine"]],
  );
  const again = await open(server); // the first page crashed: nobody chose
  await until(() => again.store.conflicts.has("a"));
  again.resolve("a", false);
  await until(() => !edits().length);
  const third = await open(server);
  assert.deepEqual([third.store.conflicts.size, third.store.annotations.get("a").note], [0, "theirs"]);
});

test("choosing mine is kept before the question is forgotten", async (t) => {
  const server = new ReplayServer(t.name);
  const doc = await conflicting(server);
  await doc.outbox.flush();
  await until(() => doc.store.conflicts.has("a"));
  server.away = true;
  doc.resolve("a", true);
  await quiet();
  server.away = false;
  await open(server); // the first page is gone
  await until(() => server.rows.get("a").end === 3);
});

test("a refused edit that nobody was told of waits too; told, it is forgotten and not sent twice", async (t) => {
  const server = new ReplayServer(t.name);
  const doc = await open(server);
  doc.close();
  doc.editor.update("a", { label: "gone" });
  await until(() => !doc.outbox.pending.length && edits().length === 1);
  const again = new VideoDocument(server, "video");
  opened.push(again);
  const said = notices(again);
  await again.load();
  await until(() => said.length);
  await until(() => !edits().length);
  await quiet();
  assert.equal(said.length, 1);
  assert.match(said[0], /takes only the labels of its list/);
  assert.equal(server.replies, 2, "once by each page");
  assert.equal(again.store.annotations.get("a").label, "x");
});

test("a refused edit takes along what was built on it: no conflict with oneself", async (t) => {
  const server = new ReplayServer(t.name);
  const doc = await open(server);
  const said = notices(doc);
  doc.editor.update("a", { label: "gone" }); // alone in its batch …
  doc.editor.update("a", { label: "gone", end: 3 }); // … while these wait
  doc.editor.update("a", { label: "x", end: 4 });
  await until(() => said.length && doc.outbox.isIdle);
  await until(() => doc.store.annotations.get("a").end === 2);
  assert.deepEqual([doc.store.conflicts.size, said.length, server.replies], [0, 1, 1]);
  doc.editor.undo();
  assert.equal(doc.store.annotations.get("a").end, 2, "its steps are gone");
  doc.editor.update("a", { end: 5 });
  await until(() => server.rows.get("a").end === 5);
});

test("of several made in one step one is refused: the others can still be undone", async (t) => {
  const server = new ReplayServer(t.name);
  const doc = await open(server);
  const before = doc.store.annotations.size;
  doc.editor.together(() => {
    for (const label of ["x", "gone", "x"]) doc.editor.create({ track: "Moments", start: 5, end: 6, label });
  });
  await until(() => doc.outbox.isIdle && doc.store.annotations.size === before + 2);
  doc.editor.undo();
  assert.equal(doc.store.annotations.size, before);
  await until(() => doc.outbox.isIdle);
});

test("after a refused edit, what was saved before it is undone as a whole", async (t) => {
  const server = new ReplayServer(t.name);
  const doc = await open(server);
  const said = notices(doc);
  operations.split(doc.editor, "a", 4, frames());
  await until(() => doc.outbox.isIdle);
  doc.editor.update("a", { track: "Moments" });
  await until(() => said.length && doc.store.annotations.get("a").track === "Other");
  doc.editor.undo();
  await until(() => doc.outbox.isIdle);
  assert.deepEqual([...server.rows.values()].filter((row) => !row.deleted).map(({ id, end }) => [id, end]), [["a", 8]]); // prettier-ignore
  assert.deepEqual([doc.editor.undoStack.done.length, said.length], [0, 1]);
});

test("where taking a step back is refused in part, the rest can be done again", async (t) => {
  const server = new ReplayServer(t.name);
  const doc = await open(server);
  const said = notices(doc);
  doc.editor.together(() => {
    doc.editor.update("a", { label: "x" });
    doc.editor.create({ track: "Moments", start: 1, end: 2, label: "x" });
  });
  await until(() => doc.outbox.isIdle);
  doc.editor.undo();
  await until(() => said.length && doc.store.annotations.get("a").label === "x");
  assert.deepEqual(doc.editor.undoStack.undone.map((group) => group.length), [1]); // prettier-ignore
  doc.editor.redo();
  await until(() => doc.outbox.isIdle);
  assert.equal(doc.store.annotations.size, 2);
});

test("“Keep mine” after editing theirs further is not another conflict", async (t) => {
  const server = new ReplayServer(t.name);
  const doc = await conflicting(server);
  await doc.outbox.flush();
  await until(() => doc.store.conflicts.has("a"));
  doc.editor.update("a", { start: 0.5 });
  await until(() => !doc.outbox.pending.length);
  doc.editor.update("a", { start: 0.8 }); // and this one is still on its way
  doc.resolve("a", true);
  await until(() => doc.outbox.isIdle);
  assert.equal(doc.store.conflicts.size, 0);
  assert.deepEqual([server.rows.get("a").start, server.rows.get("a").end, server.rows.get("a").version], [1, 3, 5]);
});

test("two who deleted the same segment agree", async (t) => {
  const server = new ReplayServer(t.name);
  const doc = await open(server);
  server.away = true;
  doc.editor.remove("a");
  await quiet();
  server.away = false;
  server.colleague();
  await doc.outbox.flush();
  await until(() => !edits().length);
  assert.equal(doc.store.conflicts.size, 0);
});

test("a verdict is not saved where the deletion that goes with it is a conflict", async (t) => {
  const server = new ReplayServer(t.name);
  const doc = await conflicting(server, (before) => before.editor.reject("p"));
  await doc.outbox.flush();
  await until(() => doc.store.conflicts.has("a"));
  assert.deepEqual([server.verdicts, doc.store.predictions.get("p").verdict], [{}, "corrected"]);
  const again = await open(server); // also in a later page
  await until(() => again.store.conflicts.has("a"));
  again.resolve("a", true);
  await until(() => server.verdicts.p === "rejected");
  assert.ok(server.rows.get("a").deleted);
  await until(() => !edits().length);
});

test("a conflict about a correction that somebody deleted leaves alone what another one says", async (t) => {
  const server = new ReplayServer(t.name);
  const doc = await open(server);
  server.colleague();
  doc.editor.update("a", { end: 3 });
  await until(() => doc.store.conflicts.has("a"));
  assert.equal(doc.store.predictions.get("p").verdict, "");
  doc.editor.correct("p", { end: 3 });
  const again = await open(server); // the conflict comes back from storage
  await until(() => again.store.conflicts.has("a"));
  assert.equal(again.store.predictions.get("p").verdict, "corrected");
});

test("an edit that is made while storage is read is not sent twice", async () => {
  const outbox = new Outbox({ save: () => new Promise(() => {}) }, "video");
  const restored = outbox.restore();
  outbox.push(editOf(null, annotation({ id: "b", track: "Moments", start: 1, end: 2 })));
  await restored;
  await outbox.restore();
  assert.equal(outbox.pending.length, 1);
});

test("each edit is sent under the name it was made under", async (t) => {
  const server = new ReplayServer(t.name);
  server.away = true;
  const doc = await (async () => {
    server.away = false;
    const made = await open(server);
    server.away = true;
    return made;
  })();
  localStorage.setItem("annotator", "Anna");
  doc.editor.create({ track: "Moments", start: 1, end: 2 });
  doc.editor.create({ track: "Moments", start: 2, end: 3 });
  localStorage.setItem("annotator", "Berta");
  doc.editor.create({ track: "Moments", start: 3, end: 4 });
  doc.close();
  await quiet();
  localStorage.setItem("annotator", "Carla");
  server.away = false;
  await open(server);
  await until(() => server.saved.length === 3);
  assert.deepEqual(
    server.saved.map((edit) => edit.by),
    ["Anna", "Anna", "Berta"],
  );
});

test("edits of somebody else wait until that person logs in", async (t) => {
  const server = new ReplayServer(t.name);
  const doc = await open(server);
  server.away = true;
  localStorage.setItem("annotator", "anna");
  doc.editor.create({ track: "Moments", start: 1, end: 2 });
  doc.close();
  await quiet();
  server.away = false;
  server.user = "berta";
  localStorage.setItem("annotator", "berta");
  const hers = await open(server);
  await until(() => server.replies === 1 && hers.store.state === "saved");
  hers.editor.create({ track: "Moments", start: 3, end: 4 });
  await until(() => server.saved.length === 1 && hers.store.state === "saved");
  await quiet();
  assert.deepEqual(
    server.saved.map((edit) => [edit.by, edit.start]),
    [["berta", 3]],
  );
  assert.deepEqual(
    [...hers.store.annotations.values()].map((a) => a.start),
    [3],
  );
  hers.close();
  server.user = "anna";
  localStorage.setItem("annotator", "anna");
  await open(server);
  await until(() => server.saved.length === 2);
  assert.deepEqual([server.saved[1].by, server.saved[1].start], ["anna", 1]);
});

test("edits of a video that was removed are forgotten, and that is said once", async (t) => {
  const server = new ReplayServer(t.name);
  const doc = await open(server);
  server.away = true;
  doc.editor.create({ track: "Moments", start: 1, end: 2 });
  await quiet();
  server.away = false;
  server.remove();
  const said = [];
  doc.store.on("gone", (text) => said.push(text));
  await doc.outbox.flush();
  await doc.catchUp();
  await until(() => !edits().length);
  assert.deepEqual([said.length, doc.outbox.pending.length], [1, 0]);
});

test("what can be undone belongs to a tab; a new tab goes on where the last one was", async () => {
  await keepHistory("video", { done: ["mine"] });
  await keepHistory("video2", { done: ["another video's"] });
  const [{ video: key }] = stores.history;
  assert.equal(key, `video ${sessionStorage.getItem("tab")}`);
  stores.history.push(
    { video: "video other-tab", at: Date.now() + 1000, done: ["theirs"] },
    { video: "third other-tab", at: 1, done: ["old"] },
    { video: "third newer-tab", at: 2, done: ["new"] },
  );
  assert.deepEqual((await historyOf("video")).done, ["mine"]);
  assert.deepEqual((await historyOf("third")).done, ["new"]);
  assert.equal(await historyOf("fourth"), null);
  for (let n = 0; n < 9; n++) stores.history.push({ video: `third ${n}`, at: 10 + n, done: [] });
  await historyOf("third");
  assert.equal(stores.history.filter(({ video }) => video.startsWith("third")).length, 4, "old tabs are forgotten");
});

test("a history that an earlier release kept is found", async () => {
  stores.history.push({ video: "video", done: ["before"], undone: [], versions: [] });
  assert.deepEqual((await historyOf("video")).done, ["before"]);
});
