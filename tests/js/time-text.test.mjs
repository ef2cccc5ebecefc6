// Times as people type them, each with the one right answer.

import assert from "node:assert/strict";
import test from "node:test";

import { Frames } from "../../assets/web/js/model/frames.js";
import { readShift, readTime } from "../../assets/web/js/model/time-text.js";

const rate = (fps, seconds) =>
  new Frames(
    Float64Array.from({ length: fps * seconds }, (_, i) => i / fps),
    seconds,
  );
const even = rate(25, 7200);
const ntsc = (minutes) =>
  new Frames(
    Float64Array.from({ length: 1800 * minutes }, (_, i) => (i * 1001) / 30000),
    (1800 * minutes * 1001) / 30000,
  );
const near = (a, b) => assert.ok(a !== null && Math.abs(a - b) < 1e-9, `${a} is not ${b}`);

const READ = [
  ["62.5", 62.5],
  ["62,5", 62.5],
  [" 62.5 s ", 62.5],
  [".5", 0.5],
  ["0", 0],
  ["1:02.5", 62.5],
  ["1:02,5", 62.5],
  ["2:05", 125],
  ["0:00.040", 0.04],
  ["75:30", 4530],
  ["1:02:03", 3723],
  ["0:01:02.500", 62.5],
  ["00:01:02,500", 62.5],
  ["0:01:02:12", 62.48],
  ["01:00:00:00", 3600],
  ["1550 f", 62],
  ["1550f", 62],
  ["frame 1550", 62],
  ["1 frame", 0.04],
];
for (const [text, seconds] of READ) test(`“${text}” is ${seconds} s`, () => near(readTime(text, even), seconds));

for (const text of [
  "",
  "abc",
  "1:60",
  "1:2:60",
  "1:60:00",
  "-1",
  "1e3",
  "1:2:3:4:5",
  "0:00:01:25",
  "1..2",
  "1:",
  ":5",
  "∞",
])
  test(`“${text}” is no time`, () => assert.equal(readTime(text, even), null));

test("a time code of 29.97 frames a second counts frames: without “;” it falls behind the clock, with it it does not", () => {
  const frames = ntsc(11);
  near(readTime("00:01:00:00", frames), (1800 * 1001) / 30000);
  near(readTime("00:01:00;02", frames), (1800 * 1001) / 30000); // 00:01:00;00 and ;01 are never counted
  near(readTime("00:10:00;00", frames), (17982 * 1001) / 30000);
});

test("where frames last unevenly a time code counts them from its second", () => {
  const frames = new Frames(Float64Array.from([0, 0.5, 1, 1.1, 1.2, 3]), 4);
  assert.equal(frames.nominalRate, 0);
  near(readTime("0:00:01:02", frames), 1.2);
});

test("beyond the last frame a number still says how far", () => near(readTime("7500 f", rate(25, 200)), 300));

test("a shift has a sign", () => {
  near(readShift("1.5", even), 1.5);
  near(readShift("+1:00", even), 60);
  near(readShift("-0:00:02:10", even), -2.4);
  near(readShift("−12 f", even), -0.48);
  assert.equal(readShift("--1", even), null);
  assert.equal(readShift("-", even), null);
});
