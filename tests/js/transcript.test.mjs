// Lines of the transcript while they are typed.

import assert from "node:assert/strict";
import test from "node:test";

import { happening, page } from "./dom.mjs";
import { documentOf, quiet, until } from "./harness.mjs";

const { Inspector } = await import("../../assets/web/js/view/inspector.js");
const { keepDraft } = await import("../../assets/web/js/sync/drafts.js");
const { Transcript } = await import("../../assets/web/js/view/transcript.js");

async function opened() {
  const $ = page({
    "transcript-list": "ul",
    "transcript-empty": "p",
    "transcript-from": "p",
    "line-add": "button",
    "subtitle-file": "input",
    toast: "div",
  });
  for (const line of ["1", "2", "new 0"]) keepDraft(`line:video:${line}`, null); // of the test before
  const lines = [
    { id: 1, start: 1, end: 2, text: "one", version: 1, annotator: "" },
    { id: 2, start: 3, end: 4, text: "two", version: 1, annotator: "" },
  ];
  const saved = [];
  const state = { away: false };
  const server = {
    transcript: async ({ video }) => ({ ok: true, data: { lines: video === "video" ? structuredClone(lines) : [] } }),
    save_line: async (request) => {
      if (state.away) throw new Error("away");
      const known = lines.find((line) => line.id === request.line);
      if (!known && request.line) return { ok: false, kind: "gone", error: "Somebody removed this line meanwhile." };
      if (known && known.version !== request.version) {
        return { ok: false, kind: "conflict", error: "Somebody changed this line meanwhile." };
      }
      saved.push(request);
      if (known) Object.assign(known, { text: request.text, version: known.version + 1 });
      return { ok: true, data: { line: request.line, version: request.version + 1 } };
    },
    restore_line: async ({ line }) => {
      lines.push({ id: line, start: 1, end: 2, text: "one", version: 3, annotator: "" });
      return { ok: true, data: { line, version: 3 } };
    },
    line_history: async () => ({
      ok: true,
      data: [
        { op: "insert", annotator: "Berta", at: "2026-01-01T00:00:00Z", after: { start: 1, end: 2, text: "won" } },
      ],
    }),
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
  const choose = (text) =>
    $("transcript-list")
      .querySelectorAll("button")
      .find((button) => button.textContent === text)
      .click();
  return { $, transcript, lines, saved, state, edit, texts, choose };
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

const theirs = (line) => Object.assign(line, { text: "theirs", version: 2, annotator: "Berta" });

test("what somebody else made of a line is shown, and what was typed waits for the choice", async () => {
  const { $, lines, saved, edit, texts, choose } = await opened();
  const input = edit(0);
  input.type("mine");
  theirs(lines[0]);
  enter(input);
  await quiet();
  assert.match($("transcript-list").children[0].textContent, /Berta changed this line to “theirs”/);
  input.dispatchEvent(happening("blur"));
  enter(input);
  await quiet();
  assert.deepEqual([texts(), saved], [["mine", "two"], []], "nobody chose yet");
  choose("Keep mine");
  await quiet();
  assert.deepEqual(
    [saved.map((line) => [line.text, line.version]), texts(), $("transcript-list").querySelector("input")],
    [[["mine", 2]], ["mine", "two"], null],
  );
});

test("theirs can be kept", async () => {
  const { $, lines, saved, edit, texts, choose } = await opened();
  const input = edit(0);
  input.type("mine");
  theirs(lines[0]);
  enter(input);
  await quiet();
  choose("Keep theirs");
  await quiet();
  assert.deepEqual([saved, texts(), $("transcript-list").querySelector("input")], [[], ["theirs", "two"], null]);
});

test("a line that somebody removed while it was typed can be had back with what was typed", async () => {
  const { $, lines, saved, edit, texts, choose } = await opened();
  const input = edit(0);
  input.type("mine");
  lines.shift();
  enter(input);
  await quiet();
  assert.match($("transcript-list").children[0].textContent, /Somebody removed this line/);
  assert.deepEqual(texts(), ["mine", "two"]);
  choose("Keep mine");
  await quiet();
  assert.deepEqual(
    saved.map((line) => [line.line, line.text, line.version]),
    [[1, "mine", 3]],
  );
});

test("what could not be saved before the page turned away is in its field when the video is open again", async () => {
  const { transcript, lines, saved, edit, texts, choose } = await opened();
  edit(0).type("mine");
  theirs(lines[0]);
  const { doc } = documentOf();
  doc.id = "other";
  await transcript.open(doc);
  await quiet();
  assert.deepEqual([saved, texts()], [[], []]);
  await transcript.open(documentOf().doc);
  assert.deepEqual(texts(), ["mine", "two"]);
  enter(transcript.list.querySelector("input"));
  await quiet();
  choose("Keep mine");
  await quiet();
  assert.deepEqual([saved.map((line) => line.text), texts()], [["mine"], ["mine", "two"]]);
});

test("a line that was changed shows its history, and what it was can be had back", async () => {
  const { $, transcript, lines, saved, choose } = await opened();
  theirs(lines[0]);
  await transcript.load();
  const box = document.createElement("div");
  const inspector = new Inspector(box, {}, {});
  transcript.on("history", (line) => inspector.showLine(line, transcript));
  assert.equal($("transcript-list").querySelectorAll("button").length, 1, "the other line has no history");
  choose("History");
  await quiet();
  assert.match(box.textContent, /insert Berta.*“won”/);
  box.querySelector("button").click();
  await quiet();
  assert.deepEqual(
    saved.map((line) => [line.text, line.version]),
    [["won", 2]],
  );
  assert.match(box.textContent, /“won”/);
});

test("where lines come from is said, with how many where that is several places", async () => {
  const { $, transcript, lines } = await opened();
  const said = async (...from) => {
    from.forEach((each, n) => Object.assign(lines[n], { source: "typed", origin: "" }, each));
    await transcript.load();
    return $("transcript-from").textContent;
  };
  assert.equal(await said({}, {}), "Typed here.");
  assert.equal(await said({ origin: "talk.srt" }, { origin: "talk.srt" }), "From talk.srt.");
  assert.equal(
    await said({ source: "file", origin: "subtitle stream 2" }, {}),
    "From subtitle stream 2 (1), typed here (1).",
  );
  assert.equal(await said({ source: "file" }, { source: "file" }), "From subtitles of the video.");
  lines.length = 0;
  assert.equal(await said(), "");
});
