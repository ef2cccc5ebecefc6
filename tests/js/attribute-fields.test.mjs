// What a chip says of an attribute that changes within its segment: from the playhead on, and nothing else is lost.

import assert from "node:assert/strict";
import test from "node:test";

import { page } from "./dom.mjs";
import { documentOf } from "./harness.mjs";

const { attributeFields } = await import("../../assets/web/js/view/attribute-fields.js");

const HAND = { name: "hand", kind: "choice", options: ["left", "up", "right"], low: null, high: null, changes: true };
const CHANGING = { changes: [[2, "left"], [3, "up"], [5, "right"]] }; // prettier-ignore

// The fields of segments from 2 s to 8 s of which these are said.
function fields(...said) {
  const $ = page({ toast: "div" });
  const { doc } = documentOf();
  const labels = [{ track: "Moments", label: "x", colour: "#0072b2", hotkey: null, attributes: [HAND] }];
  doc.store.takeSchema({ key: "k", labels, tracks: [] });
  const made = said.map((hand, n) =>
    doc.editor.create({
      ...{ track: "Moments", label: "x", start: 2 + 10 * n, end: 8 + 10 * n },
      attributes: hand === undefined ? {} : { hand },
    }),
  );
  const press = (option, time) => {
    const all = made.map((id) => doc.store.annotations.get(id));
    const set = (attributes) => {
      for (const [id, each] of attributes) doc.editor.update(id, { attributes: each });
    };
    const box = attributeFields(doc.store, all, { time: () => time, seek() {}, leave() {}, next: () => false }, set);
    box.querySelector(`[data-key="attribute hand ${option}"]`).click();
    return made.map((id) => doc.store.annotations.get(id).attributes.hand);
  };
  return { press, said: () => $("toast").textContent };
}

test("at the very start of a segment what changes later stays", () => {
  const later = [[3, "up"], [5, "right"]]; // prettier-ignore
  assert.deepEqual(fields(CHANGING).press("right", 2), [{ changes: [[2, "right"], ...later] }]);
  assert.deepEqual(fields(CHANGING).press("right", 1.9999999), [{ changes: [[2, "right"], ...later] }], "as saved");
  assert.deepEqual(fields(CHANGING).press("left", 2), [{ changes: [[2, null], ...later] }], "the active chip");
  assert.deepEqual(fields("left").press("up", 2), ["up"]);
  assert.deepEqual(fields("left").press("left", 2), [undefined]);
});

test("outside of its segment what changes is left alone, and that is said", () => {
  for (const time of [1, 8, 9]) {
    const { press, said } = fields(CHANGING);
    assert.deepEqual(press(time < 2 ? "left" : "right", time), [CHANGING]);
    assert.match(said(), /^“hand” changes within the segment, and the playhead is outside/);
  }
  const { press, said } = fields("left");
  assert.deepEqual(press("up", 1), ["up"], "what does not change yet is said of all of it");
  assert.equal(said(), "");
});

test("an attribute that changes too often for one segment says so, and stays as it is", () => {
  const often = { changes: Array.from({ length: 2000 }, (_, n) => [2 + n / 500, n % 2 ? "up" : "left"]) };
  const { press, said } = fields(often);
  assert.deepEqual(press("right", 7), [often]);
  assert.equal(said(), "“hand” changes more than 2000 times within one segment; split the segment first.");
});

test("of several segments those change in which the playhead is, or that say the same throughout", () => {
  const other = { changes: [[12, "left"], [13, "up"]] }; // prettier-ignore
  const { press, said } = fields(CHANGING, other, "left");
  assert.deepEqual(press("right", 2), [{ changes: [[2, "right"], [3, "up"], [5, "right"]] }, other, "right"]); // prettier-ignore
  assert.match(said(), /^“hand” changes within the segment, and/);
});
