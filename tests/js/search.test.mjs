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
