// Changes of lines that are sent one after the other, and what keys do to lines that are chosen.

import assert from "node:assert/strict";
import test from "node:test";

import { page } from "./dom.mjs";
import { documentOf, frames, news, quiet } from "./harness.mjs";

const { LineActions } = await import("../../assets/web/js/annotate/line-actions.js");
const { cutAt } = await import("../../assets/web/js/model/line-cut.js");
const { Selection } = await import("../../assets/web/js/model/selection.js");

function opened() {
  const { doc } = documentOf();
  const lines = [
    { id: 1, start: 1, end: 2, text: "one more", version: 1 },
    { id: 2, start: 2, end: 3, text: "two", version: 1 },
    { id: 3, start: 3, end: 4, text: "three", version: 1 },
  ];
  const asked = [];
  const held = [];
  const loads = [];
  const state = { holds: false };
  const find = (id) => lines.find((line) => line.id === id);
  Object.assign(doc.server, {
    transcript: async () => {
      const now = structuredClone(lines);
      loads.push(now.length);
      return { ok: true, data: { lines: now, fixed: "", state: `${lines.length}` } };
    },
    save_lines: async (request) => {
      asked.push(request.lines);
      if (state.holds) await new Promise((go) => held.push(go));
      if (request.lines.some(({ line, version }) => find(line).version !== version))
        return { ok: false, kind: "conflict", error: "Somebody changed this line meanwhile." };
      for (const { line, start, end, deleted } of request.lines) {
        Object.assign(find(line), { start, end, version: find(line).version + 1 });
        if (deleted) lines.splice(lines.indexOf(find(line)), 1);
      }
      return { ok: true, data: { lines: request.lines.map(({ line, version }) => ({ line, version: version + 1 })) } };
    },
    split_line: async ({ line, head, tail, at }) => {
      asked.push([line, head, tail, at]);
      return { ok: true, data: { lines: [{ line }, { line: 9 }] } };
    },
    merge_lines: async ({ line, other, text }) => {
      asked.push([line, other, text]);
      return { ok: true, data: { lines: [{ line, version: 2 }] } };
    },
  });
  const selection = new Selection();
  const said = [];
  const failed = [];
  const workspace = {
    opened: doc,
    selection,
    player: { frames: frames(), time: 1.5 },
    say: (text) => said.push(text),
    attempt: (work) => work().catch((error) => (failed.push(error.message), null)),
  };
  return {
    doc,
    lines,
    loads,
    asked,
    held,
    state,
    selection,
    said,
    failed,
    actions: new LineActions(workspace),
    workspace,
  };
}

const spans = (doc) => doc.lines.all.map(({ start, end }) => [start, end]);

test("keys that are pressed faster than the server answers build on one another", async () => {
  page({ toast: "div" });
  const { doc, asked, held, state, selection, failed, actions } = opened();
  await doc.lines.load();
  selection.one("line:1");
  state.holds = true;
  const done = [actions.nudge("start", -1), actions.nudge("start", -1), actions.nudge("body", 1)];
  assert.deepEqual(spans(doc)[0], [0.96, 2.04], "shown at once");
  await quiet();
  assert.equal(asked.length, 1, "one after the other");
  state.holds = false;
  held.shift()();
  await Promise.all(done);
  assert.deepEqual(
    asked.flat().map(({ version, start }) => [version, Math.round(start * 100)]),
    [
      [1, 96],
      [2, 92],
      [3, 96],
    ],
  );
  assert.deepEqual([failed, doc.editor.undoStack.done.length], [[], 3]);
});

test("an answer that was on its way while a key was pressed takes nothing back", async () => {
  page({ toast: "div" });
  const { doc, selection, actions } = opened();
  await doc.lines.load();
  selection.one("line:1");
  const ask = doc.server.transcript;
  let arrive = () => {};
  doc.server.transcript = async () => {
    const answer = await ask();
    await new Promise((go) => (arrive = go));
    return answer;
  };
  const old = doc.lines.load();
  await quiet();
  const goOn = arrive;
  doc.server.transcript = ask;
  const first = actions.nudge("end", 1);
  goOn();
  await old;
  assert.deepEqual(spans(doc)[0], [1, 2.04], "as the key left it");
  await Promise.all([first, actions.nudge("end", 1)]);
  assert.deepEqual(spans(doc)[0], [1, 2.08]);
});

test("a change on top of somebody else's is refused, and what is there is shown", async () => {
  const { doc, lines, selection, failed, actions } = opened();
  await doc.lines.load();
  selection.one("line:1");
  await actions.nudge("end", 1);
  Object.assign(lines[0], { start: 0.5, version: 3 });
  await actions.nudge("end", 1);
  assert.deepEqual(failed, ["Somebody changed this line meanwhile."]);
  assert.deepEqual(spans(doc)[0], [0.5, 2.04]);
});

test("lines that did not change stay the same objects, so that they are not drawn anew", async () => {
  const { doc, lines } = opened();
  const before = await doc.lines.load();
  lines[1].text = "zwei";
  const after = await doc.lines.load();
  assert.deepEqual(
    after.map((line, at) => line === before[at]),
    [true, false, true],
  );
});

test("a line is split at the playhead, merged with the next, and removed with others as one step", async () => {
  const { doc, asked, selection, said, actions, workspace } = opened();
  await doc.lines.load();
  selection.one("line:1");
  await actions.split();
  assert.deepEqual([asked.pop(), selection.current], [[1, "one", "more", 1.5], "line:9"]);
  workspace.player.time = 5;
  selection.one("line:1");
  await actions.split();
  assert.match(said.pop(), /not between two words/);
  await actions.merge();
  assert.deepEqual(asked.pop(), [1, 2, "one more"]);
  selection.set(["line:2", "line:3"]);
  await actions.merge();
  assert.deepEqual(asked.pop(), [2, 3, "two"]);
  for (const wrong of [["line:3"], ["line:1", "line:3"], ["line:1", "line:2", "line:3"]]) {
    selection.set(wrong);
    await actions.merge();
    assert.match(said.pop(), /Choose a line to merge/);
  }
  selection.set(["line:1", "line:3"]);
  await actions.remove();
  assert.deepEqual(
    doc.lines.all.map((line) => line.text),
    ["two"],
  );
  assert.equal(doc.editor.undoStack.done.length, 4);
});

test("a text is cut between the words around a time", () => {
  const words = [
    { start: 0, end: 1, text: "one" },
    { start: 2, end: 3, text: "one" },
    { start: 3, end: 4, text: "two" },
  ];
  const cut = (time, more = { words }) => cutAt({ text: "one one two", start: 0, end: 4, ...more }, time);
  assert.deepEqual(cut(1.5), { head: "one", tail: "one two" });
  assert.deepEqual(cut(2.6), { head: "one one", tail: "two" });
  assert.deepEqual([cut(0), cut(4), cut(0.2), cut(3.9)], [null, null, null, null]);
  assert.deepEqual(cut(1, {}), { head: "one", tail: "one two" });
  assert.equal(cut(1, { text: "one" }), null);
});

test("lines that others or a job write down are asked for once, and not what is here already", async () => {
  const { doc, lines, loads, state, held, selection, actions } = opened();
  await doc.lines.load();
  await doc.takeNews(news({ lines: "3" }));
  await quiet();
  assert.deepEqual(loads, [3]);
  lines.push({ id: 4, start: 4, end: 5, text: "four", version: 1 });
  await Promise.all([doc.takeNews(news({ lines: "4" })), doc.takeNews(news({ lines: "4" }))]);
  await quiet();
  assert.deepEqual([loads, doc.lines.all.length], [[3, 4], 4]);
  selection.one("line:1");
  state.holds = true;
  const nudged = actions.nudge("start", -1);
  await quiet();
  await doc.takeNews(news({ lines: "5" }));
  await quiet();
  assert.deepEqual([loads.length, spans(doc)[0]], [2, [0.96, 2]], "what is on its way is not taken back");
  held.shift()();
  await nudged;
  assert.equal(loads.length, 3);
});
