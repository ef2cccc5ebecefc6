// Where texts are over the picture, and which are there.

import assert from "node:assert/strict";
import test from "node:test";

import { documentOf, news, prediction, quiet, until } from "./harness.mjs";
import { placeAt } from "../../assets/web/js/view/screen-texts.js";

const BOXES = [
  [1, 0, 0, 10, 10],
  [3, 20, 0, 30, 10],
];

test("between two of its boxes a text goes evenly, and beyond them it stays", () => {
  assert.deepEqual(placeAt(BOXES, 2), [10, 0, 20, 10]);
  assert.deepEqual(placeAt(BOXES, 0.5), [0, 0, 10, 10]);
  assert.deepEqual(placeAt(BOXES, 9), [20, 0, 30, 10]);
  assert.deepEqual(placeAt([BOXES[0]], 1), [0, 0, 10, 10]);
});

test("the boxes of a reading are loaded once, and its note is shown", async () => {
  const { doc } = documentOf();
  let asked = 0;
  doc.server.run_payload = async ({ run }) => {
    asked += run === "r9";
    return { ok: true, data: { query: null, payload: { note: "few" }, boxes: { p9: BOXES } } };
  };
  const predictions = [prediction("p9", 1, 3, { track: "On screen", task: "text_reading", label: "Chapter" })];
  doc.takeNews(news({ runs: [{ id: "r9", task: "text_reading", model: "m", predictions }] }));
  await until(() => doc.store.media.texts.size === 1);
  await doc.media.ask("people");
  await quiet();
  assert.equal(asked, 1);
  assert.deepEqual(doc.store.media.texts.get("p9"), BOXES);
  assert.equal(doc.store.media.notes.get("text_reading"), "few");
});
