import assert from "node:assert/strict";
import test from "node:test";

import { optionsIn, parametersOf } from "../../assets/web/js/view/options.js";

const NOTHING = {
  filters: { name: "", label: "", shortest: null, longest: null, annotated: null },
  said_weight: null,
  levels: null,
  even: false,
};

const address = (question) =>
  new URLSearchParams(
    Object.entries(parametersOf(question)).flatMap(([name, value]) => (value ? [[name, value]] : [])),
  );

test("an address says what differs from what a search is at first, and nothing else", () => {
  assert.equal(address({ ...NOTHING, said_weight: 0.2 }).toString(), "");
  assert.deepEqual(optionsIn(new URLSearchParams("")), NOTHING);
});

test("the options of a search come back from its address", () => {
  const question = {
    filters: { name: "a & b", label: "é", shortest: 1.5, longest: 60, annotated: false },
    said_weight: 0.35,
    levels: [0, 0.5, 1],
    even: true,
  };
  assert.deepEqual(optionsIn(address(question)), question);
  const silent = { ...NOTHING, said_weight: 0 };
  assert.deepEqual(optionsIn(address(silent)), silent); // no weight is a weight
});

test("what is no number, and what a hand wrote wrong, is as good as nothing", () => {
  const query = new URLSearchParams("shortest=x&longest=-3&said=&levels=1,2&annotated=maybe&even=no");
  assert.deepEqual(optionsIn(query), NOTHING);
});
