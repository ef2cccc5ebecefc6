// Edits that wait in a browser belong to the library that they were made in.

import assert from "node:assert/strict";
import test from "node:test";

import "./idb.mjs";
import { storage } from "./harness.mjs";

globalThis.localStorage = storage();
globalThis.document = { documentElement: { dataset: { library: "first" } } };

const { editsOf, keepEdit, leftBehind } = await import("../../assets/web/js/sync/storage.js");

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
