// What was removed can be brought back from the message that says so, and what one may not do says why.

import assert from "node:assert/strict";
import test from "node:test";

import { page } from "./dom.mjs";
import { documentOf, news, quiet } from "./harness.mjs";

const { toast } = await import("../../assets/web/js/view/dom.js");
const { Transcript } = await import("../../assets/web/js/view/transcript.js");

test("a message offers to take back what it says, once", () => {
  const $ = page({ toast: "div" });
  let undone = 0;
  toast("<b>Removed</b>.", "info", () => undone++);
  assert.equal($("toast").textContent, "<b>Removed</b>. Undo");
  $("toast").querySelector("button").click();
  assert.equal(undone, 1);
  assert.equal($("toast").querySelector("button"), null, "nothing is left that a key could reach");
  toast("Saved.");
  assert.equal($("toast").querySelector("button"), null);
});

async function opened(fixed) {
  const $ = page({
    "transcript-list": "ul",
    "transcript-empty": "p",
    "transcript-from": "p",
    "transcript-rows": "button",
    "line-add": "button",
    "subtitle-file": "input",
    toast: "div",
  });
  const lines = [{ id: 1, start: 1, end: 2, text: "one", version: 1 }];
  const asked = [];
  const server = {
    transcript: async () => ({ ok: true, data: { lines: structuredClone(lines), fixed, state: "" } }),
    delete_line: async (request) => (
      asked.push(["delete_line", request.line, request.version]),
      lines.splice(0),
      { ok: true, data: {} }
    ),
    undo_lines: async () => (
      asked.push(["undo_lines"]),
      lines.push({ id: 1, start: 1, end: 2, text: "one", version: 3 }),
      { ok: true, data: { lines: [1] } }
    ),
    read_subtitles: async () => (asked.push(["read"]), { ok: true, data: { count: 1, import: "i", problems: [] } }),
    import_undo: async (request) => (asked.push(["undo", request.import]), { ok: true, data: {} }),
    changes: async () => ({ ok: true, data: news({}) }),
  };
  const player = { time: 0, frameEnd: 0.04 };
  const transcript = new Transcript(document.body, {
    seek() {},
    player,
    undoing: (doc) => () => doc.editor.undo(),
    command: () => false,
  });
  const { doc } = documentOf();
  Object.assign(doc.server, server);
  await transcript.open(doc);
  return { $, transcript, asked };
}

test("a line that was removed comes back", async () => {
  const { $, transcript, asked } = await opened("");
  await transcript.drop($("transcript-list").children[0]);
  assert.equal($("transcript-list").children.length, 0);
  $("toast").querySelector("button").click();
  await quiet();
  assert.deepEqual(asked, [["delete_line", 1, 1], ["undo_lines"]]);
  assert.equal($("transcript-list").children.length, 1);
});

test("subtitles that took the place of others are taken back as one import", async () => {
  const { $, transcript, asked } = await opened("");
  assert.equal($("subtitle-file").disabled, false);
  await transcript.read({ files: [{ arrayBuffer: async () => new ArrayBuffer(0) }] });
  $("toast").querySelector("button").click();
  await quiet();
  assert.deepEqual(asked, [["read"], ["undo", "i"]]);
});

test("who may not replace a transcript is told why", async () => {
  const { $ } = await opened("Only ann or an admin can replace this transcript.");
  assert.equal($("subtitle-file").disabled, true);
  assert.match($("subtitle-file").parentElement.title, /Only ann/);
});
