// The review desk's decisions: what is sent for each, and what Undo sends.

import assert from "node:assert/strict";
import { test } from "node:test";

import "./dom.mjs";
import { Desk, Rounds } from "../../assets/web/js/model/desk.js";

const { knownOf, toDecide } = await import("../../assets/web/js/view/desk-known.js");

const prediction = (id, more = {}) => ({
  id,
  kind: "prediction",
  video: "v",
  name: "road.mp4",
  duration: 60,
  media_start: 0,
  track: "Events",
  label: "car",
  start: 4,
  end: 6,
  at: null,
  score: 0.7,
  ...more,
});
const instant = (id, at) => prediction(id, { kind: "instant", at, score: null });

/** A desk with items, and what it sends. */
function opened(...items) {
  const sent = [];
  const desk = new Desk((video, request) => sent.push(request));
  desk.show(items);
  return { desk, sent };
}
const ops = (sent) => sent.map((request) => [request.op, request.base_version ?? request.verdict ?? request.absent]);

test("accepting makes an annotation of the prediction, and the next one is in front", () => {
  const { desk, sent } = opened(prediction("p1"), prediction("p2"));
  desk.decide(desk.meant, "accepted");
  assert.equal(desk.focused, "p2");
  const [made] = sent;
  assert.deepEqual(
    [made.op, made.base_version, made.source, made.prediction_id, made.start, made.end, made.label, made.track],
    ["create", 0, "accepted", "p1", 4, 6, "car", "Events"],
  );
  assert.deepEqual(made.attributes, {});
});

test("up to the one in front all is right, behind it what was trimmed: one step, for what was not decided yet", () => {
  const { desk, sent } = opened(...["p1", "p2", "p3", "p4", "p5"].map((id) => prediction(id)));
  const [first, second, , fourth] = desk.items;
  desk.decide([first], "rejected");
  desk.trim(fourth, { start: 4.2, end: 6 });
  desk.choose(second.id);
  desk.settle();
  const verdicts = () => desk.items.map((item) => desk.stateOf(item).verdict);
  assert.deepEqual(verdicts(), ["rejected", "accepted", "rejected", "accepted", "rejected"]);
  assert.deepEqual(
    sent.map((each) => each.source ?? each.verdict),
    ["rejected", "accepted", "rejected", "correction", "rejected"],
  );
  desk.undo();
  assert.deepEqual(verdicts(), ["rejected", "", "", "", ""]);
  assert.equal(desk.stateOf(fourth).start, 4.2, "the trim is a step of its own");
});

test("one that was trimmed before is a correction; trimmed afterwards, it is changed", () => {
  const { desk, sent } = opened(prediction("p1"));
  const [item] = desk.items;
  desk.trim(item, { start: 4.2, end: 6 });
  assert.equal(sent.length, 0, "nothing is decided yet");
  desk.decide([item], "accepted");
  assert.deepEqual([sent[0].op, sent[0].source, sent[0].start], ["create", "correction", 4.2]);
  desk.trim(item, { start: 4.2, end: 5 });
  assert.deepEqual([sent[1].op, sent[1].base_version, sent[1].end, sent[1].id], ["update", 1, 5, sent[0].id]);
  desk.trim(item, { start: 4.2, end: 5 });
  desk.trim(item, { start: 5, end: 5 });
  assert.equal(sent.length, 2, "the same, and no time at all, change nothing");
});

test("undo and redo go step by step, with the versions that the server counts", () => {
  const { desk, sent } = opened(prediction("p1"), prediction("p2"));
  desk.decide(desk.items, "rejected");
  assert.deepEqual(ops(sent), [
    ["verdict", "rejected"],
    ["verdict", "rejected"],
  ]);
  desk.decide([desk.items[0]], "accepted");
  assert.deepEqual(ops(sent).slice(2), [
    ["verdict", ""],
    ["create", 0],
  ]);
  desk.undo();
  assert.deepEqual(ops(sent).slice(4), [
    ["delete", 1],
    ["verdict", "rejected"],
  ]);
  desk.redo();
  assert.deepEqual(ops(sent).slice(6), [
    ["verdict", ""],
    ["restore", 2],
  ]);
  assert.equal(sent[7].id, sent[3].id, "it is the same annotation again");
  desk.undo();
  desk.undo();
  assert.equal(desk.undecided.length, 2);
  assert.equal(desk.canUndo, false);
});

test("the same decision again takes nothing back; the button of the card does", () => {
  const { desk, sent } = opened(prediction("p1"));
  desk.decide(desk.items, "rejected");
  desk.decide(desk.items, "rejected");
  assert.deepEqual(ops(sent), [["verdict", "rejected"]]);
  desk.press(desk.items[0], "rejected");
  assert.deepEqual(ops(sent).slice(1), [["verdict", ""]]);
  desk.press(desk.items[0], "rejected");
  assert.deepEqual(ops(sent).slice(2), [["verdict", "rejected"]]);
});

test("an instant says that a label is not there, or becomes an annotation that chance found", () => {
  const { desk, sent } = opened(instant("v@5", 5), instant("v@9", 9));
  desk.decide([desk.items[0]], "rejected");
  assert.deepEqual(sent[0], { op: "absent", track: "Events", label: "car", at: 5, absent: true });
  desk.decide([desk.items[1]], "accepted");
  assert.deepEqual(
    [sent[1].op, sent[1].source, sent[1].prediction_id, sent[1].attributes],
    ["create", "manual", null, { found_by: "random sample" }],
  );
  desk.undo();
  desk.undo();
  assert.deepEqual(sent.at(-1), { op: "absent", track: "Events", label: "car", at: 5, absent: false });
});

test("several are chosen by keys, and decided as one step; those decided already are left out of all", () => {
  const { desk, sent } = opened(prediction("p1"), prediction("p2"), prediction("p3"), prediction("p4"));
  desk.decide([desk.items[3]], "rejected");
  desk.choose("p1");
  desk.choose("p3", "range");
  assert.deepEqual([...desk.chosen], ["p1", "p2", "p3"]);
  desk.choose("p2", "toggle");
  desk.decide(desk.meant, "accepted", "bus");
  assert.deepEqual(
    sent.slice(1).map((request) => [request.prediction_id, request.label, request.source]),
    [
      ["p1", "bus", "correction"],
      ["p3", "bus", "correction"],
    ],
  );
  desk.chooseAll();
  assert.deepEqual([...desk.chosen], ["p2"]);
  desk.undo();
  assert.equal(desk.undecided.length, 3);
});

test("what the server refuses is as it was, and cannot be undone", () => {
  const { desk } = opened(prediction("p1"));
  const told = [];
  desk.on("refused", (why) => told.push(why));
  desk.decide(desk.items, "accepted");
  desk.refuse("p1", "“Events” takes only its labels.");
  assert.equal(desk.undecided.length, 1);
  assert.equal(desk.canUndo, false);
  assert.deepEqual(told, ["“Events” takes only its labels."]);
});

test("undo brings back what an earlier page had; what others decided goes", () => {
  const { desk } = opened(prediction("p1"));
  desk.decide(desk.items, "rejected");
  desk.show([prediction("p2"), prediction("p3")]);
  desk.undo();
  assert.deepEqual(
    desk.items.map(({ id }) => id),
    ["p1", "p2", "p3"],
  );
  assert.equal(desk.focused, "p1");
  desk.drop(new Set(["p1", "p2"]));
  assert.deepEqual([desk.items.length, desk.focused], [1, "p3"]);
});

test("what was taken back elsewhere is undecided when it is shown again, unless something is on its way", () => {
  const { desk, sent } = opened(prediction("p1"), prediction("p2"));
  desk.decide([desk.items[0]], "accepted");
  desk.decide([desk.items[1]], "rejected");
  desk.show([prediction("p1"), prediction("p2")], new Set(["p2"]));
  assert.deepEqual(
    desk.items.map((item) => desk.stateOf(item).verdict),
    ["", "rejected"],
  );
  desk.undo();
  assert.deepEqual([desk.canUndo, ops(sent).at(-1)], [false, ["verdict", ""]], "there is nothing of p1 to undo");
  desk.decide([desk.items[0]], "accepted");
  assert.deepEqual([ops(sent).at(-1), sent.at(-1).id !== sent[0].id], [["create", 0], true]);
});

test("a label is learned again after a few answers, once, and not while it is learned; each label by itself", () => {
  const rounds = new Rounds();
  const [car, bus] = ["car", "bus"].map((label) => ({ label, track: "Events" }));
  const known = (news, more = {}) => ({ labelled: 3, learning: false, news, ...more });
  assert.deepEqual([rounds.isDue(car, known(4)), rounds.isDue(car, known(5, { labelled: 0 }))], [false, false]);
  assert.equal(rounds.isDue(car, known(5)), true);
  assert.equal(rounds.isDue(car, known(6, { learning: true })), false, "it waits or runs");
  assert.equal(rounds.isDue(car, known(5)), false, "it failed: nobody said anything since");
  assert.equal(rounds.isDue(bus, known(5)), true);
  assert.equal(rounds.isDue(car, known(5)), false);
  assert.equal(rounds.isDue(car, known(6)), true);
});

test("where everything is labelled or looked through, nobody is sent to frames that are not there", () => {
  const none = { value: 0, low: 0, high: 0 };
  const estimate = { left: none, recall: null, with_proposals: null, precision: null, enough: false, more: null };
  const said = (known) => knownOf({ instants: 0, note: "", estimate, ...known }, "car")[1].textContent;
  assert.equal(said({ labelled: 2 }), "You can stop: everything is labelled or looked through.");
  assert.equal(said({ labelled: 0 }), "Everything was looked through, and “car” is nowhere.");
  assert.match(said({ labelled: 2, estimate: { ...estimate, left: null } }), /answer some under Random/);
});

test("what somebody else decided meanwhile goes, and is not accepted a second time", () => {
  const { desk, sent } = opened(prediction("p1"), prediction("p2"));
  const told = [];
  desk.on("refused", (why) => told.push(why));
  desk.decide([desk.items[0]], "accepted");
  desk.giveUp("p1");
  assert.deepEqual([desk.items.map(({ id }) => id), desk.canUndo], [["p2"], false]);
  assert.match(told[0], /stays as they left it/);
  desk.decide(desk.meant, "accepted");
  assert.deepEqual(
    sent.map((request) => request.prediction_id),
    ["p1", "p2"],
  );
});

test("frame times that did not come are asked for again, and nothing is trimmed without them", async () => {
  const { DeskPreview } = await import("../../assets/web/js/view/desk-preview.js");
  const preview = new DeskPreview(document.createElement("video"), () => {});
  const answers = [
    () => Promise.reject(new Error("away")),
    async () => ({ ok: false }),
    async () => ({ ok: true, arrayBuffer: async () => new ArrayBuffer(0) }),
    async () => ({ ok: true, arrayBuffer: async () => Float64Array.from([0, 0.04]).buffer }),
  ];
  let asked = 0;
  globalThis.fetch = () => answers[asked++]();
  const [item, sound] = [prediction("p", { pictures: true }), prediction("s", { pictures: false })];
  for (let n = 0; n < 3; n++) assert.equal(await preview.frames(item), null);
  const both = await Promise.all([preview.frames(item), preview.frames(item)]);
  assert.deepEqual(
    both.map((frames) => frames?.span(0.03, 0.05)),
    Array(2).fill({ start: 0.04, end: 60 }),
  );
  assert.equal((await preview.frames(sound))?.snap(1.2346), 1.235);
  assert.equal(asked, 4);
});

test("beside the count it says how many are unlikely, and where they are", () => {
  assert.equal(toDecide(12, 9), "12 predictions to decide; 9 of them are unlikely and shown under Unsure");
  assert.equal(toDecide(4, 1), "4 predictions to decide; 1 of them is unlikely and shown under Unsure");
  assert.equal(toDecide(12, 0), "12 predictions to decide");
  assert.equal(toDecide(0, 3), "0 predictions to decide", "others decided them meanwhile");
});
