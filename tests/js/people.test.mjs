// Who the faces are: named, merged, split and taken out, and undone with everything else, step by step.

import assert from "node:assert/strict";
import test from "node:test";

import { documentOf, news, notices, prediction, quiet, until } from "./harness.mjs";
import { speakersOf } from "../../assets/web/js/model/line-speakers.js";
import { clearNames, namesOf, removePerson, rename, split } from "../../assets/web/js/model/person-operations.js";

const speech = (id, track, start, end) => prediction(id, start, end, { track, task: "speaker", label: "speaking" });

// Two faces, each seen and heard in its half, with an accepted segment each, and one that was drawn by hand.
function talk() {
  const found = documentOf(speech("p1", "Person 1", 1, 2), speech("p2", "Person 2", 6, 7));
  const face = (track, from) => ({
    track,
    boxes: [
      [from, 0, 0, 9, 9],
      [from + 4, 0, 0, 9, 9],
    ],
    times: [],
    scores: [],
  });
  found.doc.store.setMedia({ faces: [face("Person 1", 0), face("Person 2", 5)] }, "faces");
  const { editor } = found.doc;
  editor.accept("p1");
  editor.accept("p2");
  editor.create({ track: "Expression · Person 1", start: 3, end: 4, label: "happy" });
  return found;
}

// All that a person sees of who is who: the names of both faces over time, and what stands in whose row.
const state = ({ store }) => ({
  names: store.people.names.map(({ track, from, name }) => `${track}@${from}=${name}`).sort(),
  segments: [...store.annotations.values()].map((a) => `${a.track}: ${a.label} ${a.start}`).sort(),
  proposed: [...store.predictions.values()].map((p) => store.rowOf(p)),
});

const saved = (doc) => until(() => doc.outbox.isIdle);

test("every change of who is who goes back and forth exactly, mixed with edits of segments", async () => {
  const { doc } = talk();
  const { editor } = doc;
  const [first] = doc.store.annotations.keys();
  const steps = [
    () => rename(editor, "Person 1", "Anna"),
    () => editor.update(first, { label: "speaking loudly" }),
    () => rename(editor, "Person 2", "Bob"),
    () => split(editor, "Anna", 2.5),
    () => rename(editor, "Anna", "Bob"),
    () => editor.remove(first),
    () => removePerson(editor, "Bob"),
    () => clearNames(editor),
  ];
  const states = [state(doc)];
  for (const step of steps) {
    step();
    states.push(state(doc));
    assert.notDeepEqual(states.at(-1), states.at(-2), String(step));
  }
  for (const wanted of states.slice(0, -1).reverse()) {
    editor.undo();
    assert.deepEqual(state(doc), wanted);
  }
  for (const wanted of states.slice(1)) {
    editor.redo();
    assert.deepEqual(state(doc), wanted);
  }
  await saved(doc);
  assert.equal(doc.store.state, "saved");
});

test("segments follow their person: renamed, split and merged", () => {
  const { doc } = talk();
  const { editor } = doc;
  rename(editor, "Person 1", "Anna");
  assert.deepEqual(state(doc).segments, ["Anna: speaking 1", "Expression · Anna: happy 3", "Person 2: speaking 6"]);
  split(editor, "Anna", 2.5);
  assert.deepEqual(state(doc).segments, ["Anna: speaking 1", "Expression · Person 3: happy 3", "Person 2: speaking 6"]);
  rename(editor, "Person 2", "Anna");
  assert.deepEqual(state(doc).segments, ["Anna: speaking 1", "Anna: speaking 6", "Expression · Person 3: happy 3"]);
  removePerson(editor, "Anna");
  assert.deepEqual(state(doc).segments, ["Anna: speaking 1", "Anna: speaking 6", "Expression · Person 3: happy 3"]);
  assert.deepEqual(state(doc).proposed, [null, null], "what models found of a face that is nobody is hidden");
});

test("names that are taken off lead each segment back to its own face", () => {
  const { doc } = talk();
  const before = state(doc);
  rename(doc.editor, "Person 1", "Anna");
  rename(doc.editor, "Person 2", "Anna");
  clearNames(doc.editor);
  assert.deepEqual(state(doc), before);
});

test("a label that is a person's name follows where it was accepted from that face, and its row takes it", () => {
  const { doc } = talk();
  const { editor, store } = doc;
  rename(editor, "Person 1", "Anna");
  const [first] = store.annotations.keys();
  editor.update(first, { track: "Speakers", label: "Anna" });
  const own = editor.create({ track: "Speakers", start: 1, end: 2, label: "Anna" });
  rename(editor, "Anna", "Berta");
  assert.equal(store.annotations.get(first).label, "Berta");
  assert.equal(store.annotations.get(own).label, "Anna", "what somebody typed is theirs");
  store.takeSchema({ key: "k", labels: [], tracks: [{ track: "Speakers", closed: true }] });
  rename(editor, "Berta", "Clara");
  assert.equal(store.annotations.get(first).label, "Berta", "the row takes only its labels");
});

test("merging says which name stays, and never drops a given name for a number", () => {
  const { doc } = talk();
  const { editor, store } = doc;
  assert.equal(rename(editor, "Person 1", "Anna"), "");
  assert.equal(rename(editor, "Anna", "Person 2"), "“Anna” and “Person 2” are one person now, called “Anna”.");
  assert.deepEqual(namesOf(store), ["Anna"]);
  editor.undo();
  rename(editor, "Person 2", "Bob");
  const before = state(doc);
  assert.equal(
    rename(editor, "Anna", "Bob"),
    "“Anna” and “Bob” are one person now, called “Bob”. “Anna” is gone; Undo brings both names back.",
  );
  assert.deepEqual(namesOf(store), ["Bob"]);
  editor.undo();
  assert.deepEqual([state(doc), namesOf(store)], [before, ["Anna", "Bob"]]);
});

test("a name given while the server is away waits like every edit, and is sent as what it changes", async () => {
  const { doc, sent } = talk();
  await saved(doc);
  const { save } = doc.server;
  doc.server.save = async () => {
    throw new Error("no network");
  };
  rename(doc.editor, "Person 1", "Anna");
  await quiet();
  doc.takeNews(news({ people: { seq: 4, names: [] } }));
  assert.deepEqual(namesOf(doc.store), ["Anna", "Person 2"], "what waits is not overwritten by what was before it");
  const count = sent.length;
  doc.server.save = save;
  doc.outbox.flush();
  await saved(doc);
  const { op, before, after } = sent[count];
  const wanted = [{ track: "Person 1", from: 0, name: "Anna" }];
  assert.deepEqual({ op, before, after }, { op: "people", before: [], after: wanted });
});

// The server's answers where somebody else was faster with names.
function refusing(doc) {
  const { save } = doc.server;
  const theirs = { seq: 5, names: [{ track: "Person 1", from: 0, name: "Clara" }] };
  doc.server.load_document = async () => {
    const { loaded } = await import("./harness.mjs");
    const data = loaded({ annotations: [...doc.store.annotations.values()], people: theirs });
    return { ok: true, data: { ...data, predictions: [...doc.store.predictions.values()] } };
  };
  doc.server.save = async (request) => {
    const reply = await save(request);
    reply.data.results = reply.data.results.map((result, i) =>
      request.edits[i].op === "people"
        ? { edit_id: result.edit_id, ok: false, kind: "conflict", error: "Somebody was faster.", current: null }
        : result,
    );
    return reply;
  };
}

test("where somebody else was faster, their name is shown, segments go back, and other steps can still be undone", async () => {
  const { doc } = talk();
  await saved(doc);
  const said = notices(doc);
  const own = doc.editor.create({ track: "Moments", start: 8, end: 9 });
  await saved(doc);
  refusing(doc);
  rename(doc.editor, "Person 1", "Anna");
  const [first] = doc.store.annotations.keys();
  doc.editor.update(first, { note: "whispers" });
  await until(() => doc.outbox.isIdle && namesOf(doc.store).includes("Clara"));
  assert.deepEqual(said, ["Somebody was faster."]);
  const { track, note } = doc.store.annotations.get(first);
  assert.deepEqual(
    [track, note],
    ["Person 1", "whispers"],
    "the segment went back, and kept what was said of it since",
  );
  doc.editor.undo();
  doc.editor.undo();
  assert.equal(doc.store.annotations.has(own), false);
  assert.deepEqual(namesOf(doc.store), ["Clara", "Person 2"]);
});

test("a name that somebody else changed since is not undone", async () => {
  const { doc } = talk();
  rename(doc.editor, "Person 1", "Anna");
  await saved(doc);
  const said = notices(doc);
  doc.takeNews(news({ people: { seq: 7, names: [{ track: "Person 1", from: 0, name: "Clara" }] } }));
  doc.editor.undo();
  assert.deepEqual(said, ["Somebody else named this person, so it was not undone."]);
  assert.deepEqual(namesOf(doc.store), ["Clara", "Person 2"]);
});

test("one's own names that come back by the news disturb nothing", async () => {
  const { doc } = talk();
  rename(doc.editor, "Person 1", "Anna");
  await saved(doc);
  const shown = [];
  doc.store.on("change", (what) => shown.push(what));
  doc.takeNews(news({ people: { seq: 7, names: [{ track: "Person 1", from: 0, name: "Anna" }] } }));
  assert.deepEqual([shown.includes("faces"), shown.includes("content"), doc.store.people.seq], [false, false, 7]);
  doc.takeNews(news({ people: { seq: 8, names: [{ track: "Person 1", from: 0, name: "Clara" }] } }));
  assert.equal(shown.includes("faces"), true);
});

// ------------------------------------------------------------------ lines

const line = (id, start, end, speaker = "") => ({ id, start, end, text: `line ${id}`, version: 1, speaker });

// The talk with lines: one of each face, one that a person attributed, one of a voice, and one of nobody.
function spoken() {
  const { doc, sent } = talk();
  const lines = [line(1, 1, 2), line(2, 3, 4, "Person 1"), line(3, 6, 7), line(4, 8, 9), line(5, 9.5, 10)];
  const asked = [];
  const state = { fails: null };
  const before = new Map();
  Object.assign(doc.server, {
    transcript: async () => ({ ok: true, data: { lines: structuredClone(lines), fixed: "", state: "" } }),
    set_speaker: async ({ edit, speaker, lines: seen }) => {
      asked.push([speaker, ...seen.map((each) => each.line)]);
      if (state.fails) return state.fails;
      before.set(edit, structuredClone(lines));
      for (const each of seen) lines.find(({ id }) => id === each.line).speaker = speaker;
      return { ok: true, data: { lines: seen.map((each) => ({ ...each, version: each.version + 1 })) } };
    },
    undo_lines: async ({ edit }) => {
      asked.push(["undo"]);
      lines.splice(0, lines.length, ...before.get(edit));
      return { ok: true, data: { lines: [] } };
    },
  });
  doc.store.setMedia({
    lines: structuredClone(lines),
    voices: [{ start: 8, end: 9, track: "Voice 1", likeness: 0.8 }],
  });
  const speakers = () => speakersOf(doc.store.media.lines, doc.store);
  return { doc, sent, lines, asked, state, speakers };
}

test("who says a line: whom a person said, else who is seen to speak, else whose voice it is", () => {
  const { doc, speakers } = spoken();
  assert.deepEqual(speakers(), ["Person 1", "Person 1", "Person 2", "Voice 1", ""]);
  doc.takeNews(news({ runs: [] }));
  for (const a of [...doc.store.annotations.values()]) doc.editor.remove(a.id);
  assert.deepEqual(speakers(), ["Person 1", "Person 1", "Person 2", "Voice 1", ""], "what is predicted is left");
  doc.editor.create({ track: "Carl", start: 6.2, end: 6.4, label: "speaking" });
  assert.equal(speakers()[2], "Carl", "an annotation comes before what is predicted");
});

test("a line is said by whom the turns of speakers say, where nothing else tells", () => {
  const { doc, lines, speakers } = spoken();
  const at = (line) => ({ id: `t${line}`, track: "Left", start: lines[line].start, end: lines[line].end });
  const found = [3, 4].map((line) => ({ ...at(line), label: "speaking", score: 0.9 }));
  const turns = found.map((turn) => ({ ...turn, run: "turns", task: "turns", verdict: "" }));
  turns[1].track = "Voices";
  doc.takeNews(news({ runs: [{ id: "turns", task: "turns", model: "m", query: null, predictions: turns }] }));
  assert.deepEqual(speakers(), ["Person 1", "Person 1", "Person 2", "Voice 1", ""], "a voice of its own comes before");
  doc.store.setMedia({ voices: [] });
  assert.deepEqual(speakers(), ["Person 1", "Person 1", "Person 2", "Left", ""], "the row of all voices says nobody");
});

test("a person who gets another name gets it everywhere, and loses it in one step", async () => {
  const { doc, asked, speakers } = spoken();
  rename(doc.editor, "Person 1", "Anna");
  assert.deepEqual(speakers().slice(0, 2), ["Anna", "Anna"]);
  await saved(doc);
  await quiet();
  assert.deepEqual(asked, [["Anna", 2]], "what the face says need not be said of the line");
  assert.ok([...doc.store.annotations.values()].some((a) => a.track === "Anna"));
  await doc.editor.undo();
  assert.deepEqual([asked.at(-1), speakers().slice(0, 2)], [["undo"], ["Person 1", "Person 1"]]);
  assert.ok(![...doc.store.annotations.values()].some((a) => a.track === "Anna"));
});

test("a voice that nobody sees is renamed as a person is", async () => {
  const { doc, asked, speakers } = spoken();
  const steps = doc.editor.undoStack.done.length;
  rename(doc.editor, "Voice 1", "Narrator");
  await quiet();
  assert.deepEqual([speakers()[3], asked], ["Narrator", [["Narrator", 4]]]);
  assert.equal(doc.editor.undoStack.done.length, steps + 1);
  await doc.editor.undo();
  assert.equal(speakers()[3], "Voice 1");
});

test("where the lines are not saved, the names stay and can be undone", async () => {
  const { doc, state, speakers } = spoken();
  const said = notices(doc);
  state.fails = { ok: false, kind: "conflict", error: "Somebody changed this line meanwhile." };
  rename(doc.editor, "Person 1", "Anna");
  await saved(doc);
  await quiet();
  assert.deepEqual(
    [said, speakers().slice(0, 2)],
    [["The lines keep their speaker. Somebody changed this line meanwhile."], ["Anna", "Person 1"]],
  );
  await doc.editor.undo();
  assert.equal(speakers()[0], "Person 1");
});
