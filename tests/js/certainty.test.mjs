// How sure a model is of what it proposes, said the same way wherever a proposal is shown.

import assert from "node:assert/strict";
import test from "node:test";

import { element, page } from "./dom.mjs";
import { documentOf, frames, prediction } from "./harness.mjs";
import { certaintyDetails, certaintyOf } from "../../assets/web/js/view/certainty.js";

globalThis.location ??= { search: "", pathname: "/" };
globalThis.window ??= new EventTarget();
globalThis.innerWidth ??= 1000;
globalThis.history ??= { pushState() {}, replaceState() {} };
const { predictionPanel } = await import("../../assets/web/js/view/inspector-panels.js");
const { SegmentList } = await import("../../assets/web/js/view/segments.js");
const { Tooltip } = await import("../../assets/web/js/view/tooltip.js");
const { textOf } = await import("../../assets/web/js/view/map-panel.js");
const { DeskCard } = await import("../../assets/web/js/view/desk-card.js");

const ASKED = prediction("asked", 1, 2, { score: 0.934, confidence: 0.6349 });
const HEARD = prediction("heard", 1, 2, { task: "speaker", label: "speaking", score: 0.714 });

test("a chance is said in words and per cent, a score without one as a score", () => {
  assert.equal(certaintyOf({ score: 0.1, confidence: 0.8 }), "very likely, 80 %");
  assert.equal(certaintyOf({ score: 0.9, confidence: 0.4999 }), "probably not, 49 %");
  assert.equal(certaintyOf({ score: 0.714 }), "score 0.71");
  assert.equal(certaintyOf({ score: 0.9, confidence: 0.29 }), "probably not, 29 %", "100 · 0.29 is less than 29");
});

test("who wants to know is told what the number is", () => {
  assert.equal(certaintyDetails(ASKED), "Score 0.93");
  assert.equal(
    certaintyDetails(HEARD),
    "Score 0.71: how strongly the model takes it for speech; how likely it is was not measured",
  );
  assert.equal(
    certaintyDetails({ task: "a plug-in's", score: 0.5 }),
    "Score 0.50: as the model gives it; how likely it is was not measured",
  );
});

test("the panel, the list of segments, the tooltip and the review desk say it alike", () => {
  page({});
  const { doc } = documentOf(ASKED, HEARD);
  const actions = { frames: frames(), decide() {}, play() {}, similar() {} };
  const list = new SegmentList(element("ul"), () => {});
  const tooltip = new Tooltip(element("div"));
  const DESK = { kind: "prediction", video: "v", name: "film.mp4", duration: 60, at: null };
  for (const [found, said, panel] of [
    [ASKED, "likely, 63 %", "Likely, 63 %."],
    [HEARD, "score 0.71", "Score 0.71."],
  ]) {
    const told = predictionPanel(doc.store, found, actions).find(
      (each) => each.getAttribute("title") === certaintyDetails(found),
    );
    assert.ok(told.textContent.startsWith(panel), told.textContent);
    const where = list.option(["prediction", found], new Map(), new Map()).querySelector(".where");
    assert.equal(where.textContent, `${said} · Moments`);
    tooltip.show({ item: found, x: 0, y: 0 });
    assert.equal(tooltip.box.textContent, `${found.label}\n0:01.000 – 0:02.000 · ${said}`);
    const card = new DeskCard({ ...DESK, ...found }, {});
    card.update({ ...found, verdict: "" }, { isChosen: false, isFocused: false });
    assert.equal(card.words.textContent.replace(/[\u2066-\u2069]/g, ""), `${found.label} · ${said}`);
  }
});

test("the map says it of what was measured alone", () => {
  const at = { kind: "prediction", name: "a.mp4", start: 1, end: 2.5, label: "cat" };
  assert.equal(textOf({ ...at, sure: 63 }), "cat\na.mp4\n0:01.0–0:02.5 · prediction · likely, 63 %");
  assert.equal(textOf({ ...at, sure: 29 }), "cat\na.mp4\n0:01.0–0:02.5 · prediction · probably not, 29 %");
  assert.equal(textOf({ ...at, sure: null }), "cat\na.mp4\n0:01.0–0:02.5 · prediction");
});
