// Lines of the transcript while they are typed.

import assert from "node:assert/strict";
import test from "node:test";

import { happening, page } from "./dom.mjs";
import { documentOf, notices, quiet, until } from "./harness.mjs";

const { Keymap, keyName } = await import("../../assets/web/js/input/keymap.js");
const { lineCommands } = await import("../../assets/web/js/input/line-commands.js");
const { Inspector } = await import("../../assets/web/js/view/inspector.js");
const { keepDraft } = await import("../../assets/web/js/sync/drafts.js");
const { wordsOf } = await import("../../assets/web/js/view/line-words.js");
const { Transcript } = await import("../../assets/web/js/view/transcript.js");

async function opened() {
  const $ = page({
    "transcript-list": "ul",
    "transcript-empty": "p",
    "transcript-from": "p",
    "transcript-rows": "button",
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
  const steps = [];
  const state = { away: false };
  const conflict = { ok: false, kind: "conflict", error: "Somebody changed this line meanwhile." };
  const find = (id) => lines.find((line) => line.id === id);
  const server = {
    transcript: async ({ video }) => ({
      ok: true,
      data: { fixed: "", lines: video === "video" ? structuredClone(lines) : [] },
    }),
    save_line: async (request) => {
      if (state.away) throw new Error("away");
      await state.typing?.();
      const known = find(request.line);
      if (!known && request.line) return { ok: false, kind: "gone", error: "Somebody removed this line meanwhile." };
      if (known && known.version !== request.version) return conflict;
      saved.push(request);
      if (known) Object.assign(known, { text: request.text, version: known.version + 1 });
      return { ok: true, data: { line: request.line ?? 8, version: request.version + 1 } };
    },
    split_line: async ({ line, version, head, tail }) => {
      await state.typing?.();
      if (find(line).version !== version) return conflict;
      const { start, end } = find(line);
      const middle = (start + end) / 2;
      Object.assign(find(line), { text: head, end: middle, version: version + 1 });
      lines.push({ id: 9, start: middle, end, text: tail, version: 1, annotator: "" });
      return { ok: true, data: { lines: [{ line }, { line: 9 }] } };
    },
    merge_lines: async ({ line, other, text }) => {
      await state.typing?.();
      Object.assign(find(line), { text: `${text} ${find(other).text}`, version: 2 });
      lines.splice(lines.indexOf(find(other)), 1);
      return { ok: true, data: { lines: [{ line, version: 2 }] } };
    },
    restore_line: async ({ line }) => {
      lines.push({ id: line, start: 1, end: 2, text: "one", version: 3, annotator: "" });
      return { ok: true, data: { line, version: 3 } };
    },
    delete_line: async ({ line }) => {
      lines.splice(lines.indexOf(find(line)), 1);
      return { ok: true, data: {} };
    },
    undo_lines: async ({ edit }) => {
      steps.push(["undo", edit]);
      return state.undo ?? { ok: true, data: { lines: [] } };
    },
    redo_lines: async ({ edit }) => {
      steps.push(["redo", edit]);
      return { ok: true, data: { lines: [] } };
    },
    revert_line: async ({ line, seq, before, version }) => {
      saved.push({ line, seq, before, version });
      Object.assign(find(line), { text: "won", speaker: "Ada", version: version + 1 });
      return { ok: true, data: { line, version: version + 1 } };
    },
    line_history: async () => ({
      ok: true,
      data: [
        {
          seq: 7,
          op: "insert",
          annotator: "Berta",
          at: "2026-01-01T00:00:00Z",
          before: { start: 1, end: 2, text: "wan", origin: "whisper" },
          after: { start: 1, end: 2, text: "won", speaker: "Ada" },
        },
      ],
    }),
  };
  const played = [];
  const chosen = [];
  const player = {
    time: 0,
    frameEnd: 0.04,
    range: {},
    toggle: () => played.push("toggle"),
    seek: (time) => played.push(time),
    playRange: (...range) => played.push(range),
  };
  const keymap = new Keymap(null);
  const actions = lineCommands(player);
  const command = (event, field) => {
    const action = keymap.actionOf(keyName({ ctrlKey: false, shiftKey: false, ...event }), "line");
    if (action) actions[action](field);
    return action !== null;
  };
  const transcript = new Transcript(document.body, {
    seek() {},
    player,
    undoing: () => () => {},
    chosen: () => [],
    choose: (id) => chosen.push(id),
    command,
  });
  const open = async (id = "video") => {
    const { doc } = documentOf();
    Object.assign(doc.server, server);
    doc.id = doc.lines.video = id;
    await transcript.open(doc);
    return doc;
  };
  const doc = await open();
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
  return { $, doc, open, chosen, player, played, keymap, transcript, lines, saved, steps, state, edit, texts, choose };
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
  const { open, saved, edit, texts } = await opened();
  edit(0).type("changed");
  await open("other");
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
  const { open, transcript, lines, saved, edit, texts, choose } = await opened();
  edit(0).type("mine");
  theirs(lines[0]);
  await open("other");
  await quiet();
  assert.deepEqual([saved, texts()], [[], []]);
  await open();
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
  const inspector = new Inspector(box, {}, { attributes: { time: () => 0 } });
  transcript.on("history", (line) => inspector.showLine(line, transcript));
  const shown = $("transcript-list")
    .querySelectorAll("button")
    .filter((button) => button.textContent === "History");
  assert.equal(shown.length, 1, "the other line has no history");
  choose("History");
  await quiet();
  assert.match(box.textContent, /insert Berta.*Ada: “won”/);
  assert.match(box.textContent, /from whisper.*“wan”/);
  const [first, second] = box.querySelectorAll("button");
  first.click();
  second.click();
  await quiet();
  assert.deepEqual(
    saved.map((line) => [line.seq, line.before, line.version]),
    [
      [7, true, 2],
      [7, false, 2],
    ],
  );
  assert.match(box.textContent, /Ada: “won”/);
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

test("Escape leaves a line as it was", async () => {
  const { $, saved, edit, texts } = await opened();
  const input = edit(0);
  input.type("other");
  input.dispatchEvent(happening("keydown", { key: "Escape" }));
  await quiet();
  assert.deepEqual([texts(), saved, $("transcript-list").querySelector("input")], [["one", "two"], [], null]);
});

const press = (input, key, held = {}) => input.dispatchEvent(happening("keydown", { key, ...held }));

test("keys play while a line is typed, and go from line to line", async () => {
  const { $, player, played, saved, edit } = await opened();
  const input = edit(0);
  input.type("one more");
  player.time = 3;
  const pressed = happening("keydown", { key: " ", ctrlKey: true });
  input.dispatchEvent(pressed);
  assert.equal(pressed.defaultPrevented, true, "no blank is written");
  press(input, " ", { ctrlKey: true, shiftKey: true });
  press(input, "F8");
  press(input, ".", { ctrlKey: true });
  assert.deepEqual([played, player.range], [["toggle", 1, 1, [1, 2]], null]);
  player.time = 1;
  press(input, "F8");
  assert.equal(played.at(-1), 0);
  press(input, "ArrowDown");
  await quiet();
  assert.deepEqual(
    saved.map((line) => line.text),
    ["one more"],
  );
  let field = $("transcript-list").querySelector("input");
  assert.deepEqual([field.value, document.activeElement === field], ["two", true]);
  press(field, "ArrowDown");
  await quiet();
  assert.equal($("transcript-list").querySelector("input"), field, "there is no line after the last");
  press(field, "ArrowUp");
  await quiet();
  field = $("transcript-list").querySelector("input");
  assert.equal(field.value, "one more");
  press(field, "j", { ctrlKey: true });
  await quiet();
  assert.equal($("transcript-list").querySelector("input").value, "one more two");
});

test("the keys of a line are a person's to choose, and Enter saves where it does not split", async () => {
  const { keymap, saved, edit, texts } = await opened();
  assert.equal(keymap.assign("lineSplit", "F10"), null);
  const input = edit(0);
  input.type("one more");
  caret(input, 3);
  enter(input);
  await quiet();
  assert.deepEqual([saved.length, texts()], [1, ["one more", "two"]]);
});

test("a key that puts a word together is not a command", async () => {
  const { $, saved, edit } = await opened();
  const input = edit(0);
  input.type("にほん");
  press(input, "Enter", { isComposing: true });
  await quiet();
  assert.deepEqual([saved, Boolean($("transcript-list").querySelector("input"))], [[], true]);
});

test("whoever goes to a line chooses it, and what is on it does not", async () => {
  const { $, chosen, edit, choose } = await opened();
  const [first, second] = $("transcript-list").children;
  first.querySelector(".said").click();
  press(first, "ArrowDown");
  second.querySelector("button").click();
  assert.deepEqual(chosen, ["line:1", "line:2"]);
  assert.ok(second.querySelector("form"), "who says it is asked");
  edit(0);
  assert.equal(chosen.at(-1), "line:1");
  choose("This line");
});

const caret = (input, at) => input.setSelectionRange(at, at);

test("Enter in the middle of a line makes two of it, and the person goes on in the second", async () => {
  const { $, doc, saved, edit, texts } = await opened();
  const input = edit(1);
  input.type("two three");
  caret(input, 4);
  enter(input);
  await quiet();
  assert.deepEqual([texts(), saved], [["one", "two", "three"], []]);
  const field = $("transcript-list").querySelector("input");
  assert.deepEqual([document.activeElement === field, field.value, field.selectionStart], [true, "three", 0]);
  assert.equal(doc.editor.undoStack.done.length, 1);
});

test("Enter at an edge of a line, or over a selection, saves it", async () => {
  for (const [from, to] of [
    [0, 0],
    [7, 7],
    [0, 7],
    [2, 4],
  ]) {
    const { saved, edit } = await opened();
    const input = edit(0);
    input.type("one two");
    input.setSelectionRange(from, to);
    enter(input);
    await quiet();
    assert.deepEqual(
      saved.map((line) => line.text),
      ["one two"],
    );
  }
});

test("a line that somebody changed is not split: the choice comes first", async () => {
  const { $, lines, edit, texts } = await opened();
  const input = edit(0);
  input.type("one more");
  caret(input, 4);
  theirs(lines[0]);
  enter(input);
  await quiet();
  assert.deepEqual(texts(), ["one more", "two"]);
  assert.match($("transcript-list").textContent, /Berta changed this line to “theirs”/);
});

test("Delete at the end of a line merges it with the next; after the last there is nothing to merge with", async () => {
  const { $, edit, texts } = await opened();
  let input = edit(0);
  input.type("one and");
  input.dispatchEvent(happening("keydown", { key: "Delete" }));
  await quiet();
  assert.deepEqual(texts(), ["one and two"]);
  input = $("transcript-list").querySelector("input");
  assert.equal(input.selectionStart, "one and".length);
  caret(input, input.value.length);
  input.dispatchEvent(happening("keydown", { key: "Delete" }));
  await quiet();
  assert.match($("toast").textContent, /last line/);
  assert.deepEqual(texts(), ["one and two"]);
});

test("every change of lines is a step of undo, which the server takes back and does again", async () => {
  const { doc, steps, saved, edit, transcript } = await opened();
  edit(0).type("changed");
  enter(transcript.list.querySelector("input"));
  await quiet();
  await transcript.drop(transcript.list.children[1]);
  await doc.editor.undo();
  await doc.editor.undo();
  await doc.editor.redo();
  const [first, second] = [saved[0].edit, steps[0][1]];
  assert.notEqual(first, second);
  assert.deepEqual(steps, [
    ["undo", second],
    ["undo", first],
    ["redo", first],
  ]);
  assert.deepEqual([doc.editor.undoStack.done.length, doc.editor.undoStack.undone.length], [1, 1]);
});

test("a key that comes while a step is on its way takes back the one below", async () => {
  const { doc, steps, lines } = await opened();
  doc.editor.addLines("e1");
  doc.editor.addLines("e2");
  doc.editor.undo();
  await doc.editor.undo();
  assert.deepEqual(steps, [
    ["undo", "e2"],
    ["undo", "e1"],
  ]);
  doc.editor.redo();
  await doc.editor.redo();
  assert.deepEqual(steps.slice(2), [
    ["redo", "e1"],
    ["redo", "e2"],
  ]);
  assert.deepEqual(
    [doc.editor.undoStack.done.length, doc.editor.undoStack.undone.length, lines.length > 0],
    [2, 0, true],
  );
});

test("a step that somebody worked on since is said, and gone", async () => {
  const { doc, state, edit, transcript } = await opened();
  const said = notices(doc);
  edit(0).type("changed");
  enter(transcript.list.querySelector("input"));
  await quiet();
  state.undo = { ok: false, kind: "conflict", error: "Somebody else changed this line since, so it was not undone." };
  await doc.editor.undo();
  assert.deepEqual([said, doc.editor.undoStack.done], [[state.undo.error], []]);
});

test("a line that is typed stays where it is when others come and go around it", async () => {
  const { $, transcript, lines, edit, texts } = await opened();
  const input = edit(1);
  input.type("half");
  const node = input.closest("li");
  lines.unshift({ id: 7, start: 0, end: 1, text: "new", version: 1, annotator: "" });
  lines.splice(1, 1);
  let left = 0;
  input.addEventListener("blur", () => left++);
  await transcript.load();
  assert.deepEqual([texts(), left, input.closest("li") === node], [["new", "half"], 0, true]);
  assert.equal(document.activeElement, $("transcript-list").querySelector("input"));
});

// Types on while what was typed before is on its way.
function typingOn(state, input, ...texts) {
  state.typing = async () => {
    const [text, at = text?.length] = texts.shift() ?? [];
    if (text === undefined) return;
    input.type(text);
    caret(input, at);
  };
}

test("what is typed while a line is saved is saved, too", async () => {
  const { $, saved, state, edit, texts } = await opened();
  const input = edit(0);
  input.type("one m");
  typingOn(state, input, ["one mo"], ["one more"]);
  enter(input);
  await quiet();
  assert.deepEqual(
    saved.map(({ text, version }) => [text, version]),
    [
      ["one m", 1],
      ["one mo", 2],
      ["one more", 3],
    ],
  );
  assert.deepEqual([texts(), $("transcript-list").querySelector("input")], [["one more", "two"], null]);
});

test("what is typed into a new line while it is saved goes to the line that it became", async () => {
  const { $, lines, saved, state } = await opened();
  $("line-add").click();
  const input = $("transcript-list").querySelector("input");
  input.type("ne");
  state.typing = async () => {
    state.typing = null;
    lines.push({ id: 8, start: 0, end: 2, text: "ne", version: 1, annotator: "" });
    input.type("new");
  };
  enter(input);
  await quiet();
  assert.deepEqual(
    saved.map(({ line, text, version }) => [line, text, version]),
    [
      [null, "ne", 0],
      [8, "new", 1],
    ],
  );
});

test("what is typed while a line is split or merged is in the field that opens", async () => {
  const { $, state, edit } = await opened();
  const input = edit(1);
  input.type("two three");
  caret(input, 4);
  typingOn(state, input, ["two a three", 6]);
  enter(input);
  await quiet();
  let field = $("transcript-list").querySelector("input");
  assert.deepEqual([field.value, field.selectionStart], ["a three", 2]);
  state.typing = null;
  enter(field);
  await quiet();
  field = edit(0);
  field.type("one and");
  typingOn(state, field, ["one and!"]);
  field.dispatchEvent(happening("keydown", { key: "Delete" }));
  await quiet();
  field = $("transcript-list").querySelector("input");
  assert.deepEqual([field.value, field.selectionStart], ["one and! two", "one and!".length]);
});

test("what a tab that was opened later types is not shown in this one", async () => {
  const { open, texts } = await opened();
  const held = [];
  const { navigator } = globalThis;
  Object.defineProperty(globalThis, "navigator", {
    value: { locks: { query: async () => ({ held }) } },
    configurable: true,
  });
  const line = { id: 1, start: 1, end: 2, text: "one", version: 1, annotator: "" };
  const draft = { tab: "later", at: Date.now(), value: { line, text: "half a sen" } };
  localStorage.setItem("draft:line:video:1", JSON.stringify(draft));
  held.push({ name: "draft:later" });
  await open();
  assert.deepEqual(texts(), ["one", "two"]);
  held.pop();
  await open("other");
  await open();
  assert.deepEqual(texts(), ["half a sen", "two"], "once that tab is gone, nothing of it is lost");
  Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
});

test("a word that the recogniser was not sure of says its own number, and no chance in per cent", () => {
  const word = (text, start, probability) => ({ text, start, end: start + 0.5, probability });
  const words = [word("good", 1, 0.97), word("mourning", 1.5, 0.46)];
  const [good, , mourning] = wordsOf({ id: 1, start: 1, end: 2, text: "good mourning", version: 1, words });
  assert.deepEqual([good.className, good.getAttribute("title") ?? ""], ["word", ""]);
  assert.equal(mourning.className, "word unsure");
  assert.equal(mourning.getAttribute("title"), "The recogniser was not sure of this word (0.46)");
});
