// Lines of the transcript while they are typed.

import assert from "node:assert/strict";
import test from "node:test";

import { happening, page } from "./dom.mjs";
import { documentOf, quiet, until } from "./harness.mjs";

const { Transcript } = await import("../../assets/web/js/view/transcript.js");

async function opened() {
  const $ = page({
    "transcript-list": "ul",
    "transcript-empty": "p",
    "line-add": "button",
    "subtitle-file": "input",
    toast: "div",
  });
  const lines = [
    { id: "1", start: 1, end: 2, text: "one" },
    { id: "2", start: 3, end: 4, text: "two" },
  ];
  const saved = [];
  const state = { away: false };
  const server = {
    transcript: async ({ video }) => ({ ok: true, data: { lines: video === "video" ? structuredClone(lines) : [] } }),
    save_line: async (request) => {
      if (state.away) throw new Error("away");
      saved.push(request);
      const known = lines.find((line) => line.id === request.line);
      if (known) known.text = request.text;
      return { ok: true, data: {} };
    },
  };
  const transcript = new Transcript(document.body, server, { seek() {}, time: () => 0, frameEnd: () => 0.04 });
  const { doc } = documentOf();
  await transcript.open(doc);
  const edit = (n) => {
    transcript.edit($("transcript-list").children[n]);
    return $("transcript-list").children[n].querySelector("input");
  };
  const texts = () =>
    $("transcript-list")
      .querySelectorAll(".said")
      .map((said) => said.querySelector("input")?.value ?? said.textContent);
  return { $, transcript, saved, state, edit, texts };
}

const enter = (input) => input.dispatchEvent(happening("keydown", { key: "Enter" }));

test("a line that could not be saved stays in its field, and is tried again", async () => {
  const { $, saved, state, edit, texts } = await opened();
  state.away = true;
  const input = edit(0);
  input.type("changed");
  enter(input);
  await quiet();
  assert.deepEqual(texts(), ["changed", "two"]);
  assert.doesNotMatch($("toast").textContent, /kept in this page|sent again/, "nobody sends a line again");
  state.away = false;
  enter(input);
  await until(() => saved.length);
  await quiet();
  assert.deepEqual(
    [saved[0].text, texts(), $("transcript-list").querySelector("input")],
    ["changed", ["changed", "two"], null],
  );
});

test("what is being typed is there when the lines are drawn anew", async () => {
  const { $, transcript, edit, texts } = await opened();
  const input = edit(1);
  input.type("half a sen");
  await transcript.load();
  assert.deepEqual(texts(), ["one", "half a sen"]);
  assert.equal(document.activeElement, $("transcript-list").querySelector("input"));
});

test("a line that is left by turning to another video is saved where it belongs", async () => {
  const { transcript, saved, edit, texts } = await opened();
  edit(0).type("changed");
  const { doc } = documentOf();
  doc.id = "other";
  await transcript.open(doc);
  await until(() => saved.length);
  await quiet();
  assert.deepEqual([saved.map((line) => [line.video, line.text]), texts()], [[["video", "changed"]], []]);
});

test("a new line that could not be saved is not doubled by another", async () => {
  const { $, state, texts } = await opened();
  state.away = true;
  $("line-add").click();
  const input = $("transcript-list").querySelector("input");
  input.type("new");
  enter(input);
  await quiet();
  $("line-add").click();
  assert.deepEqual(texts(), ["new", "one", "two"]);
});
