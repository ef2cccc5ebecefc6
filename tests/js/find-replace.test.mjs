// Find and replace in the lines of a transcript.

import assert from "node:assert/strict";
import test from "node:test";

import { page } from "./dom.mjs";
import { quiet } from "./harness.mjs";

const { Emitter } = await import("../../assets/web/js/emitter.js");
const { finding, replaced } = await import("../../assets/web/js/model/find-replace.js");
const { ApiError } = await import("../../assets/web/js/sync/api.js");
const { FindReplace } = await import("../../assets/web/js/view/find-replace.js");

const find = (text, wanted, options = {}) => finding(wanted, { matchCase: false, wholeWords: false, ...options })(text);

test("a text is found as it is written", () => {
  assert.deepEqual(find("Cat, cat and concat", "cat"), [
    [0, 3],
    [5, 8],
    [16, 19],
  ]);
  assert.deepEqual(find("Cat, cat", "cat", { matchCase: true }), [[5, 8]]);
  assert.deepEqual(find("Cat, cat and concat", "cat", { wholeWords: true }), [
    [0, 3],
    [5, 8],
  ]);
  assert.deepEqual(find("Ärger, ärger, cafés", "ÄRGER").length, 2);
  assert.deepEqual(find("cafés café", "café", { wholeWords: true }), [[6, 10]]);
  assert.deepEqual(find("1+1 (a.b) [c] $5 \\ a-b", "(a.b)"), [[4, 9]]);
  for (const special of ["1+1", "[c]", "$5", "\\", "a-b"])
    assert.equal(find("1+1 [c] $5 \\ a-b", special).length, 1, special);
  assert.deepEqual(find("aaaa", "aa"), [
    [0, 2],
    [2, 4],
  ]);
  assert.deepEqual([find("a b", ""), find("a b", " ")], [[], []]);
});

test("what takes the place of a text is written as it is", () => {
  assert.equal(
    replaced(
      "one two one",
      [
        [0, 3],
        [8, 11],
      ],
      "$&",
    ),
    "$& two $&",
  );
  assert.equal(replaced("one two three", [[4, 7]], ""), "one three");
  assert.equal(replaced("one", [[0, 3]], " "), "");
});

const IDS = {
  "transcript-find": "div",
  "find-text": "input",
  "replace-text": "input",
  "find-case": "input",
  "find-words": "input",
  "find-count": "span",
  "find-open": "button",
  "find-previous": "button",
  "find-next": "button",
  replace: "button",
  "replace-all": "button",
  toast: "div",
};

function opened(...texts) {
  const $ = page(IDS);
  $("transcript-find").hidden = true;
  const saved = [];
  const went = [];
  const state = { fails: null };
  const lines = texts.map((text, at) => ({ id: at + 1, start: at, end: at + 1, text, version: 1 }));
  const transcript = Object.assign(new Emitter(), {
    lines,
    list: { focus() {} },
    player: { time: 0 },
    load: async () => {},
    reveal: (line) => went.push(line.id),
    undoing: () => () => {},
    doc: {
      lines: {
        saveAll: async (wanted) => {
          if (state.fails) throw state.fails;
          saved.push(wanted.map(({ id, version, text }) => [id, version, text]));
          for (const { id, text } of wanted) lines[id - 1] = { ...lines[id - 1], text, version: 2 };
          transcript.emit("shown", null);
        },
      },
    },
  });
  const bar = new FindReplace(document.body, transcript);
  bar.open();
  const type = (wanted, by) => {
    $("replace-text").value = by;
    $("find-text").type(wanted);
  };
  return { $, bar, transcript, saved, went, state, type };
}

test("places are counted, gone through in a circle, and begin at the playhead", () => {
  const { $, went, transcript, type } = opened("a b a", "c", "a");
  const count = () => $("find-count").textContent;
  type("a", "");
  assert.equal(count(), "3 found");
  transcript.player.time = 1.5;
  $("find-next").click();
  assert.equal(count(), "3 of 3");
  $("find-next").click();
  $("find-next").click();
  $("find-previous").click();
  assert.deepEqual([count(), went], ["1 of 3", [3, 1, 1, 1]]);
  type("x", "");
  assert.deepEqual([count(), $("replace-all").disabled], ["0 found", true]);
  $("find-next").click();
  $("find-case").checked = true;
  type("A", "");
  assert.equal(count(), "0 found");
});

test("one is replaced after the other, or all as one step", async () => {
  const { $, bar, saved, type } = opened("Teh cat", "teh teh", "other");
  type("teh", "the");
  await bar.replace();
  assert.deepEqual(saved, [], "the first one is shown before it is replaced");
  await bar.replace();
  assert.deepEqual([saved, $("find-count").textContent], [[[[1, 1, "the cat"]]], "1 of 2"]);
  await bar.replaceAll();
  assert.deepEqual(saved[1], [[2, 1, "the the"]]);
  assert.match($("toast").textContent, /^2 replaced in 1 line\./);
  assert.equal($("find-count").textContent, "0 found");
});

test("a line of which nothing would be left stays, and is counted; a line that is as it is, is not sent", async () => {
  const { $, bar, saved, type } = opened("um", "um well", "well");
  type("um", "");
  await bar.replaceAll();
  assert.deepEqual(saved, [[[2, 1, "well"]]]);
  assert.match($("toast").textContent, /1 line would be empty/);
  type("well", "well");
  await bar.replaceAll();
  assert.equal(saved.length, 1);
});

test("where somebody changed a line meanwhile nothing is replaced, and that is said", async () => {
  const { $, bar, state, type } = opened("a");
  type("a", "b");
  state.fails = new ApiError("Somebody changed this line meanwhile.", "conflict");
  await bar.replaceAll();
  await quiet();
  assert.match($("toast").textContent, /^Nothing was replaced\. Somebody changed this line/);
});
