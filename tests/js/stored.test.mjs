// What this browser kept and cannot read any more: it is left out, and the page works.

import assert from "node:assert/strict";
import test from "node:test";

import { stores } from "./idb.mjs";
import { storage } from "./harness.mjs";

globalThis.sessionStorage = storage();
const { Keymap } = await import("../../assets/web/js/input/keymap.js");
const { UndoStack } = await import("../../assets/web/js/model/undo-stack.js");
const { builtInKey, graphKey, RowLayout } = await import("../../assets/web/js/model/row-layout.js");
const { editsOf, leftBehind } = await import("../../assets/web/js/sync/storage.js");

const BAD = [
  "",
  "nonsense",
  "null",
  "5",
  '"text"',
  "[]",
  "[1]",
  "true",
  '{"order":5,"of":5,"own":5,"preset":5}',
  '{"order":[5],"of":{"T":5,"U":null},"own":{"split":5,"merge":[5],"nope":"x"},"preset":"toString"}',
  '{"of":{"T":{"size":99}},"preset":"__proto__"}',
  "[".repeat(100000),
];

function holding(key, text) {
  const made = storage();
  made.setItem(key, text);
  return made;
}

for (const bad of BAD) {
  test(`the arrangement of rows is ${bad.slice(0, 30)}`, () => {
    const rows = new RowLayout(holding("rows", bad));
    assert.deepEqual(rows.sorted(["B", "A"]), ["B", "A"]);
    for (const name of ["T", "U", "Spectrogram", builtInKey("Spectrogram")])
      assert.ok(rows.size(name) > 0 && !rows.isLocked(name));
    rows.toggle("U", "locked");
    assert.ok(rows.isLocked("U"));
  });

  test(`the keys are ${bad.slice(0, 30)}`, () => {
    const keys = new Keymap(holding("keys", bad));
    assert.equal(keys.actionOf("s"), "split");
    assert.ok(
      keys.groups.every(({ actions }) =>
        actions.every((action) => action.keys.every((key) => typeof key === "string")),
      ),
    );
  });

  test(`what can be undone is ${bad.slice(0, 30)}`, () => {
    const history = new UndoStack();
    let kept;
    try {
      kept = { done: JSON.parse(bad), undone: JSON.parse(bad) };
    } catch {
      kept = { done: bad };
    }
    history.restore(kept);
    assert.equal(history.back(), null);
    assert.deepEqual(history.annotations, []);
  });

  test(`an edit that waits is ${bad.slice(0, 30)}`, async () => {
    const good = { edit_id: "good", op: "create", id: "a" };
    stores.edits = [
      { n: 1, video: "v" },
      { n: 2, video: "v", edit: null },
      { n: 3, video: "v", edit: good },
    ];
    localStorage.setItem("edit:bad", bad);
    assert.deepEqual(await editsOf("v"), [good]);
    assert.deepEqual(await leftBehind(), ["v"]);
    localStorage.removeItem("edit:bad");
  });
}

test("a good group stays beside one that cannot be read", () => {
  const history = new UndoStack();
  const change = { before: null, after: { id: "a" } };
  history.restore({ done: [[null], 5, [], [change]], undone: null });
  assert.deepEqual(history.annotations, ["a"]);
});

test("what was kept of rows that are no tracks under their names alone is theirs, and stays with a row of that name", () => {
  const kept = holding("rows", JSON.stringify({ order: [], of: { Film: { hidden: true }, "Mood ∿": { size: 3 } } }));
  const rows = new RowLayout(kept);
  assert.deepEqual([rows.isShown(builtInKey("Film")), rows.isShown("Film")], [false, false]);
  assert.equal(rows.size(graphKey("Mood")), 2.25);
  assert.ok(!rows.isShown(builtInKey("Spectrogram")), "which is computed when it is first looked at");
  rows.toggle("Film", "hidden");
  const again = new RowLayout(kept);
  assert.deepEqual([again.isShown(builtInKey("Film")), again.isShown("Film")], [false, true]);
});
