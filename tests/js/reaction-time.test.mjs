// Marks that are made while the video plays are moved back by what is known of the person.

import assert from "node:assert/strict";
import test from "node:test";
import "./dom.mjs";
import { documentOf, frames, quiet, storage } from "./harness.mjs";

globalThis.location ??= { search: "", pathname: "/" };
globalThis.window ??= new EventTarget();
globalThis.history ??= { pushState() {}, replaceState() {} };
const { commands, giveLabel } = await import("../../assets/web/js/input/commands.js");
const { ReactionTime } = await import("../../assets/web/js/model/reaction-time.js");
const { RowLayout } = await import("../../assets/web/js/model/row-layout.js");
const { Selection } = await import("../../assets/web/js/model/selection.js");
const { Workspace } = await import("../../assets/web/js/annotate/workspace.js");

const rounded = (time) => Number(time.toFixed(6));

function known(delay, kept = storage()) {
  const reaction = new ReactionTime(kept);
  reaction.take({ delay, corrections: 9 });
  return reaction;
}

test("a mark is moved back by the delay times the rate, to a frame; never before the beginning", () => {
  const reaction = known(0.2);
  const at = (rate, time) => {
    const placed = reaction.place({ rate, frames: frames() }, time);
    return { ...placed, time: rounded(placed.time) };
  };
  assert.deepEqual(at(0, 4), { time: 4 }, "where it stands a mark is where the playhead is");
  assert.deepEqual(at(1, 4), { time: 3.8, played: { at: 4, rate: 1 } });
  assert.deepEqual(at(2, 4), { time: 3.6, played: { at: 4, rate: 2 } });
  assert.deepEqual(at(-1, 4), { time: 4.2, played: { at: 4, rate: -1 } }, "backwards, late is before");
  assert.equal(at(1, 0.08).time, 0);
  assert.equal(reaction.sentence, "Marks while playing are moved back by 0.20 s: so late yours were in 9 corrections.");
});

test("it can be switched off, also for the next page; what is marked is still told", () => {
  const kept = storage();
  known(0.21, kept).switch(false);
  const later = known(0.21, kept);
  assert.equal(later.isOn, false);
  assert.deepEqual(later.place({ rate: 1, frames: frames() }, 4), { time: 4, played: { at: 4, rate: 1 } });
  later.switch(true);
  assert.equal(known(0.21, kept).isOn, true);
});

function page(rate, delay) {
  const { doc, sent } = documentOf();
  doc.store.takeSchema({ key: "1", labels: [{ track: "Moments", label: "goal", hotkey: "1" }], tracks: [] });
  const shown = frames();
  const player = { rate, time: 2, frames: shown, get frameEnd() { return shown.edge(this.time, 1); } }; // prettier-ignore
  const timeline = { marks: { in: null, out: null }, rowLayout: new RowLayout(null), rows: [], invalidate() {} };
  const workspace = new Workspace(() => {}, player, timeline, new Selection());
  workspace.doc = doc;
  workspace.reaction = known(delay);
  return { actions: commands(workspace), workspace, player, sent };
}

test("I, O and a digit, and a key that is held, say what was marked while the video played", async () => {
  const one = page(1, 0.2);
  one.actions.markIn();
  one.player.time = 4;
  one.actions.markOut();
  giveLabel(one.workspace, "1");
  await quiet();
  assert.deepEqual(
    one.sent.map(({ start, end, marked, label }) => [rounded(start), rounded(end), marked, label]),
    [[1.8, 3.84, { start: { at: 2, rate: 1 }, end: { at: 4.04, rate: 1 } }, "goal"]],
  );
  const held = page(1, 0.2);
  const letGo = held.actions.hold();
  held.player.time = 3;
  held.player.rate = 2;
  letGo();
  await quiet();
  assert.deepEqual(
    held.sent.map(({ start, end, marked }) => [rounded(start), rounded(end), marked]),
    [[1.8, 2.64, { start: { at: 2, rate: 1 }, end: { at: 3.04, rate: 2 } }]],
  );
});

test("a digit without O ends the segment now; a mark that was set while it stood is told as nothing", async () => {
  const { actions, workspace, player, sent } = page(0, 0.2);
  actions.markIn();
  player.rate = 1;
  player.time = 4;
  giveLabel(workspace, "1");
  await quiet();
  assert.deepEqual([rounded(sent[0].start), rounded(sent[0].end)], [2, 3.84]);
  assert.deepEqual(JSON.parse(JSON.stringify(sent[0].marked)), { end: { at: 4.04, rate: 1 } });
});

test("a segment made where nothing plays says nothing of it", async () => {
  const { actions, sent } = page(0, 0.2);
  actions.create();
  await quiet();
  assert.deepEqual(["marked" in sent[0], sent[0].start], [false, 2]);
});
