// Edits that wait in a browser belong to the library that they were made in.

import assert from "node:assert/strict";
import test from "node:test";

import "./idb.mjs";
import { storage } from "./harness.mjs";

globalThis.localStorage = storage();
globalThis.document = { documentElement: { dataset: { library: "first" } } };

const { editsOf, keepEdit, leftBehind } = await import("../../assets/web/js/sync/storage.js");
const { Outbox } = await import("../../assets/web/js/sync/outbox.js");

test("library: what was left of another one is neither sent nor forgotten", async () => {
  await keepEdit("v1", { edit_id: "mine", op: "create" });
  localStorage.setItem(
    "edit:theirs",
    JSON.stringify({ at: 1, n: 1, video: "v2", edit: { edit_id: "theirs", op: "create" }, library: "second" }),
  );
  localStorage.setItem("edit:older", JSON.stringify({ at: 1, n: 2, video: "v3", edit: { edit_id: "older" } }));
  assert.deepEqual(
    (await editsOf("v1")).map((edit) => edit.edit_id),
    ["mine"],
  );
  assert.deepEqual(await editsOf("v2"), []);
  assert.deepEqual((await leftBehind()).sort(), ["v1", "v3"]);
  assert.ok(localStorage.getItem("edit:theirs"), "it waits for its library");
});

test("library: an edit of an earlier release is not thrown away where its video is unknown", async () => {
  const gone = { save: async () => ({ ok: false, kind: "gone", error: "There is no such video." }) };
  for (const video of ["v1", "v3"]) {
    let state = "";
    const outbox = new Outbox(gone, video, undefined, (now) => (state = now));
    (await outbox.restore()).flush();
    while (state !== "gone") await new Promise(setImmediate);
    assert.equal(outbox.pending.length, 0, "it is not sent again from here");
  }
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  assert.deepEqual(await leftBehind(), ["v3"], "that of this library had nothing left to change");
});
