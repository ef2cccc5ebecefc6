// The panel about what is chosen: what is typed there while others type too.

import assert from "node:assert/strict";
import test from "node:test";

import { element } from "./dom.mjs";
import { documentOf, frames, news, until } from "./harness.mjs";
import { Selection } from "../../assets/web/js/model/selection.js";

const { conflictPanel } = await import("../../assets/web/js/view/inspector-panels.js");
const { Inspector } = await import("../../assets/web/js/view/inspector.js");
const saved = (doc) => until(() => doc.outbox.isIdle);

function inspected(...predictions) {
  const { doc, sent } = documentOf(...predictions);
  const box = element("div");
  document.body.replaceChildren(box);
  const selection = new Selection();
  const inspector = new Inspector(box, doc.server, {
    frames: frames(),
    select: () => inspector.show(doc, selection),
    tracks: () => ["Moments"],
    decide() {},
    attributes: { time: () => 0, seek() {}, leave() {}, next: () => false },
  });
  doc.store.on("change", () => inspector.show(doc, selection));
  const choose = (...ids) => {
    selection.set(ids);
    inspector.show(doc, selection);
  };
  return { doc, sent, box, choose };
}

test("what was typed on top of an older state says so", async () => {
  const { doc, sent, box, choose } = inspected();
  const id = doc.editor.create({ track: "Moments", start: 1, end: 2 });
  await saved(doc);
  choose(id);
  box.querySelector("#note-input").type("mine");
  doc.takeNews(news({ annotations: [{ ...doc.store.annotations.get(id), note: "theirs", version: 2 }] }));
  box.querySelector("#note-input").blur();
  await saved(doc);
  assert.deepEqual([sent.at(-1).note, sent.at(-1).base_version], ["mine", 1]);
});

test("one's own edits follow each other", async () => {
  const { doc, sent, box, choose } = inspected();
  const id = doc.editor.create({ track: "Moments", start: 1, end: 2 });
  await saved(doc);
  choose(id);
  for (const text of ["a", "b"]) {
    box.querySelector("#label-input").type(text);
    box.querySelector("#label-input").blur();
  }
  box.querySelector("#note-input").type("c");
  box.querySelector("#note-input").blur();
  await saved(doc);
  assert.deepEqual(
    sent.map((edit) => edit.base_version),
    [0, 1, 2, 3],
  );
});

test("a label that is half typed when a tab closes is offered again, and goes once it is saved, dropped or given up", async () => {
  const { keepDraft } = await import("../../assets/web/js/sync/drafts.js");
  const { doc, box, choose } = inspected();
  const id = doc.editor.create({ track: "Moments", start: 1, end: 2, label: "car" });
  const kept = () => JSON.parse(localStorage.getItem(`draft:label:${id}`) ?? "{}").value;
  choose(id);
  const field = () => box.querySelector("#label-input");
  field().type("half a la");
  assert.equal(kept(), "half a la");
  const escape = Object.assign(new Event("keydown"), { key: "Escape" });
  field().dispatchEvent(escape);
  assert.equal(kept(), undefined);
  for (const [button, label] of [
    ["Drop it", "car"],
    ["Save it", "half a la"],
  ]) {
    choose();
    keepDraft(`label:${id}`, "half a la"); // as a tab left it
    choose(id);
    assert.match(box.querySelector("#label-draft").textContent, /^Typed and not saved: “half a la”/);
    box
      .querySelectorAll("#label-draft button")
      .find((each) => each.textContent === button)
      .click();
    choose(id);
    assert.deepEqual([doc.store.annotations.get(id).label, kept()], [label, undefined]);
    assert.equal(box.querySelector("#label-draft"), null);
  }
  field().type("bus");
  field().blur();
  assert.deepEqual([doc.store.annotations.get(id).label, kept()], ["bus", undefined]);
});

test("a label for several is based on what was seen of each", async () => {
  const { doc, sent, box, choose } = inspected();
  const ids = [
    doc.editor.create({ track: "Moments", start: 1, end: 2 }),
    doc.editor.create({ track: "Moments", start: 3, end: 4 }),
  ];
  await saved(doc);
  choose(...ids);
  box.querySelector("#label-input").type("both");
  doc.takeNews(news({ annotations: [{ ...doc.store.annotations.get(ids[1]), note: "theirs", version: 2 }] }));
  box.querySelector("#label-input").blur();
  await saved(doc);
  assert.deepEqual(
    sent.slice(-2).map((edit) => edit.base_version),
    [1, 1],
  );
});

test("a time field takes what any view shows, and says why it does not", () => {
  const { doc, box, choose } = inspected();
  const id = doc.editor.create({ track: "Moments", start: 1, end: 2 });
  choose(id);
  const field = (edge) => box.querySelector(`[data-field=${edge}]`);
  const type = (edge, text) => {
    field(edge).type(text);
    field(edge).blur();
    const { start, end } = doc.store.annotations.get(id);
    return [start, end, box.querySelector(".time-answer").textContent];
  };
  assert.equal(field("start").value, "0:01.000");
  const example = "type it as 1:02.5, 62.5, 0:01:02:12 (frames last) or 1550 f.";
  assert.deepEqual(type("start", ""), [1, 2, `“” is no time; ${example}`]);
  assert.deepEqual(type("start", "soon"), [1, 2, `“soon” is no time; ${example}`]);
  assert.equal(field("start").value, "soon", "what was typed stays until it is right");
  assert.equal(field("start").getAttribute("aria-invalid"), "true");
  assert.deepEqual(type("start", "0:02.5"), [1, 2, "The start must come before the end, 0:02.000."]);
  assert.deepEqual(type("start", "0"), [0, 2, ""]);
  assert.deepEqual(type("end", "0:00"), [0, 2, "The end must come after the start, 0:00.000."]);
  assert.deepEqual(type("end", "2:05"), [0, 2, "This video ends at 0:10.400."]);
  assert.deepEqual(type("end", "0:00:01:05"), [0, 1.2, ""]);
  assert.equal(field("end").value, "0:01.200");
  assert.deepEqual(type("end", "75 f"), [0, 3, ""]);
});

test("in a locked row nothing can be changed, and the focus stays on a button that is drawn anew", () => {
  const { doc, box, choose } = inspected();
  const id = doc.editor.create({ track: "Moments", start: 1, end: 2 });
  choose(id);
  const similar = () => box.querySelectorAll("button").find((button) => button.textContent === "Similar");
  similar().focus();
  doc.editor.update(id, { end: 3 });
  assert.equal(document.activeElement, similar());
  doc.editor.isLocked = () => true;
  choose(id);
  for (const selector of ["#label-input", "[data-field=start]", "#note-input", "#track-input", "#delete"])
    assert.ok(box.querySelector(selector).disabled, selector);
});

test("a conflict says in what the two versions differ", () => {
  const version = { start: 1, end: 3, track: "T", label: "turn", note: "", edited_by: "ann", deleted: false };
  const theirs = { ...version, attributes: { side: "left", who: "x", gaze: { changes: [[1, null], [2, "up"]] } } }; // prettier-ignore
  const mine = { ...version, note: "n", attributes: { seen: ["ann", "ben"], sure: true, who: "x" } };
  const [saved, own] = conflictPanel({ mine, theirs }, () => {})[2].querySelectorAll("dd");
  const said = (box) => box.querySelectorAll("div").map((line) => line.textContent);
  assert.deepEqual(said(saved), ["gaze: 0:01.000 –, 0:02.000 up", "seen: –", "side: left", "sure: –", "Note: –"]);
  assert.deepEqual(said(own), ["gaze: –", "seen: ann, ben", "side: –", "sure: yes", "Note: n"]);
  const [gone] = conflictPanel({ mine, theirs: null }, () => {})[2].querySelectorAll("dd");
  assert.equal(gone.textContent, "deleted");
});

test("a label of the whole video goes by a click; what was said beside it comes back by Undo", async () => {
  const { wholeVideo } = await import("../../assets/web/js/view/whole-video.js");
  const { doc } = documentOf();
  const toastBox = Object.assign(element("div"), { id: "toast" });
  document.body.replaceChildren(toastBox);
  const make = (label, more) => doc.editor.create({ track: "Whole video", start: 0, end: 10.4, label, ...more });
  const press = (label) => wholeVideo(doc, () => {}).querySelector(`[data-key="whole ${label}"]`).click(); // prettier-ignore
  const [plain, noted] = [make("street"), make("rain", { note: "from 0:10 on" })];
  press("street");
  assert.deepEqual([doc.store.annotations.has(plain), toastBox.textContent], [false, ""]);
  press("rain");
  assert.match(toastBox.textContent, /^“rain” was removed, with its note/);
  toastBox.querySelector("button").click();
  assert.equal(doc.store.annotations.get(noted).note, "from 0:10 on");
  press("rain");
  make("street");
  toastBox.querySelector("button").click();
  assert.deepEqual([...doc.store.annotations.values()].map(({ label }) => label), ["street"], "not what came after it"); // prettier-ignore
});
