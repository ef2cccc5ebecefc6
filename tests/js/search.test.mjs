import assert from "node:assert/strict";
import test from "node:test";

import { page } from "./dom.mjs";
const { searchResult } = await import("../../assets/web/js/view/search-result.js");

const HIT = { video: "v", name: "film.mp4", start: 1, end: 2, peak: 1.5, score: 0.5, visual: 0.4 };
const OPTIONS = { profile: undefined, address: () => "?", follow() {}, open() {}, alike() {}, why: null };

for (const [why, line, shown] of [
  ["seen", "", []],
  ["said", "hello", ["“hello”"]],
  ["written", "Chapter one", ["On screen: “Chapter one”"]],
]) {
  test(`a result shows what is said or written in it, and nothing where nothing is: “${line}”`, () => {
    page({});
    const parts = line ? [[line, true]] : [];
    const result = searchResult({ ...HIT, why, line, parts }, 0, OPTIONS);
    const lines = [...result.querySelectorAll("p")].filter((each) => each.className === "line");
    assert.deepEqual(
      lines.map((each) => each.textContent),
      shown,
    );
  });
}

test("the name of a picture says how sure a result is, as the words beside it do", () => {
  page({});
  for (const [confidence, said] of [
    [0.61, "likely, 61 %"],
    [0.9, "very likely, 90 %"],
    [0.2, "probably not, 20 %"],
    [null, "score 0.500"],
  ]) {
    const result = searchResult({ ...HIT, why: "seen", line: "", parts: [], confidence }, 1, OPTIONS);
    const picture = [...result.querySelectorAll("a")].find((each) => each.className === "picture");
    assert.equal(picture.getAttribute("aria-label"), `2: film.mp4, 0:01.0 to 0:02.0, ${said}`);
    const shown = [...result.querySelectorAll("span")].find((each) => each.className === "score");
    assert.equal(confidence === null ? `score ${shown.textContent}` : shown.textContent, said);
  }
});

test("what a score is, is said in words that need no mathematics", () => {
  page({});
  const result = searchResult({ ...HIT, why: "seen", line: "", parts: [], confidence: 0.9 }, 0, OPTIONS);
  const [shown] = [...result.querySelectorAll("span")].filter((each) => each.className === "score");
  assert.equal(shown.getAttribute("title"), "Score 0.500: how similar the best frame is to the question");
});
