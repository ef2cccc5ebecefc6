// The panel about what is chosen: what is typed there while others type too.

import assert from "node:assert/strict";
import test from "node:test";

import { element } from "./dom.mjs";
import { documentOf, frames, news, until } from "./harness.mjs";
import { Selection } from "../../assets/web/js/model/selection.js";

const { Inspector } = await import("../../assets/web/js/view/inspector.js");
const saved = (doc) => until(() => doc.outbox.isIdle);

function inspected(...predictions) {
  const { doc, sent } = documentOf(...predictions);
  const box = element("div");
  document.body.replaceChildren(box);
  const selection = new Selection();
  const snap = (time) => frames().snap(time);
  const inspector = new Inspector(box, doc.server, {
    snap,
    select: () => inspector.show(doc, selection),
    tracks: () => ["Moments"],
    decide() {},
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

test("a time field that is cleared is no time, and shows again what it was", async () => {
  const { doc, box, choose } = inspected();
  const id = doc.editor.create({ track: "Moments", start: 1, end: 2 });
  choose(id);
  box.querySelector("[data-field=start]").type("");
  box.querySelector("[data-field=start]").blur();
  assert.deepEqual([doc.store.annotations.get(id).start, box.querySelector("[data-field=start]").value], [1, "1.000"]);
  box.querySelector("[data-field=start]").type("0");
  box.querySelector("[data-field=start]").blur();
  assert.equal(doc.store.annotations.get(id).start, 0);
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
