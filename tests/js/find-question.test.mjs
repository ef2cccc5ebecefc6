import assert from "node:assert/strict";
import test from "node:test";

import {
  LETTERS,
  RELATIONS,
  addressText,
  distance,
  emptyQuestion,
  isEmpty,
  plain,
  questionIn,
  withAnother,
  withoutStep,
} from "../../assets/web/js/model/find-question.js";

const NOD = { labels: ["nod"] };

test("what lets everything through is left out of a question and of its address", () => {
  const asked = {
    segments: [
      { labels: ["nod"], tracks: [], text: "", shortest: null, attributes: {}, longest: 0 },
      { relation: { is: "after", of: 0, least: null, most: 0, absent: false, same: "", other: "track" } },
    ],
    videos: [],
    name: "  ",
  };
  assert.deepEqual(plain(asked), {
    segments: [{ labels: ["nod"], longest: 0 }, { relation: { is: "after", of: 0, most: 0, other: "track" } }],
  });
  assert.equal(addressText(emptyQuestion()), "");
  assert.ok(isEmpty(plain({ segments: [{ labels: [] }], name: "" })));
  assert.ok(!isEmpty(plain({ segments: [{}, { relation: { is: "near" } }] })), "two segments are a question");
});

test("a question comes back from its address; what a hand wrote wrong is none", () => {
  const asked = plain({ segments: [NOD, { text: "é & ä", relation: { is: "near", of: 0, most: 1.5 } }], name: "a" });
  assert.deepEqual(questionIn(addressText(asked)), asked);
  for (const text of ["", "{", "null", "[]", "3", '{"segments": []}', '{"segments": [1]}', '{"segments": [null]}'])
    assert.equal(questionIn(text), null, text);
});

test("another segment stands in relation to the last one that is there", () => {
  const two = withAnother({ segments: [NOD] });
  assert.deepEqual(two.segments[1].relation, { is: "after", of: 0, most: 2 });
  two.segments[1].relation.absent = true;
  assert.equal(withAnother(two).segments[2].relation.of, 0);
  two.segments[1].relation.absent = false;
  assert.equal(withAnother(two).segments[2].relation.of, 1);
});

test("without a segment, those that hung on it hang on what it hung on", () => {
  const step = (of) => ({ relation: { is: "after", of } });
  const asked = { segments: [NOD, step(0), step(1), step(2), step(0)] };
  const left = withoutStep(asked, 2);
  assert.deepEqual(
    left.segments.map(({ relation }) => relation?.of),
    [undefined, 0, 1, 0],
  );
  assert.equal(asked.segments.length, 5, "the question itself is as it was");
});

test("how far apart two segments are, in words", () => {
  const at = (start, end) => ({ start_us: start * 1e6, end_us: end * 1e6 });
  assert.equal(distance(at(3, 4), at(1, 2.5)), "0.50 s later");
  assert.equal(distance(at(3, 4), at(1, 3)), "0.00 s later");
  assert.equal(distance(at(3, 4), at(16, 20)), "12.0 s before");
  assert.equal(distance(at(3, 4), at(3.75, 20)), "shares 0.25 s");
});

test("each relation has words of its own for each letter", () => {
  const words = RELATIONS.flatMap(({ text }) => [...LETTERS].map(text));
  assert.equal(new Set(words).size, words.length);
});
