// Sound alone: time without frames, and tiles of what is looked at.

import assert from "node:assert/strict";
import test from "node:test";

import { Frames } from "../../assets/web/js/model/frames.js";
import { levelFor, rowSeconds, SoundTiles, TILE } from "../../assets/web/js/model/sound-tiles.js";
import { readTime } from "../../assets/web/js/model/time-text.js";

const SOUND = new Frames(new Float64Array(0), 5.25);
const quiet = () => new Promise((done) => setTimeout(done, 5));

test("without frames a boundary lies on a millisecond, and a step is 10 ms", () => {
  assert.equal(SOUND.snap(1.23456), 1.235);
  assert.equal(SOUND.edge(1.235, 1), 1.245);
  assert.equal(SOUND.edge(0.004, -1), 0);
  assert.equal(SOUND.edge(5.249, 3), 5.25);
  assert.deepEqual([SOUND.shownAt(1.23456), SOUND.endOf(1.23456)], [1.23456, 1.23456], "what is heard is now");
  assert.deepEqual([SOUND.shownAt(-1), SOUND.shownAt(9)], [0, 5.25]);
  assert.deepEqual(SOUND.span(2.5, 1.25), { start: 1.25, end: 2.5 });
  assert.deepEqual(SOUND.span(2.5, 2.5), { start: 2.5, end: 2.51 }, "at least a step");
  assert.deepEqual(SOUND.span(5.25, 5.25), { start: 5.24, end: 5.25 }, "and not past the end");
});

test("frames of a video are what they were", () => {
  const film = new Frames(Float64Array.from([0, 0.04, 0.08, 0.2]), 0.24);
  assert.deepEqual([film.shownAt(0.1), film.endOf(0.1), film.snap(0.15)], [0.08, 0.2, 0.2]);
});

test("times are typed as seconds or by the clock; frames of sound are no times", () => {
  assert.equal(readTime("0:02.5", SOUND), 2.5);
  assert.equal(readTime("62.5 s", SOUND), 62.5);
  assert.equal(readTime("12 f", SOUND), null);
  assert.equal(readTime("0:00:02:12", SOUND), null);
});

test("rows are about as fine as pixels at any zoom", () => {
  for (const perPixel of [0.0002, 0.001, 0.01, 0.5, 30]) {
    const rows = rowSeconds(levelFor(perPixel)) / perPixel;
    assert.ok(perPixel < 0.001 || (rows > 0.6 && rows < 1.3), `${rows} at ${perPixel}`);
  }
  assert.deepEqual([levelFor(1e-6), levelFor(1e-6, false), levelFor(1e9)], [-3, 0, 16]);
});

function tiles(answers) {
  const asked = [];
  let drawn = 0;
  const made = new SoundTiles(
    (level, number) => {
      asked.push(`${level}/${number}`);
      return answers(level, number);
    },
    () => drawn++,
  );
  return { made, asked, drawn: () => drawn };
}
const tile = async () => ({ bands: 1, loud: 255, count: TILE, rows: new Uint8Array(3 * TILE) });

test("a coarser tile stands in until the finer one is there", async () => {
  let open = true;
  const { made, asked, drawn } = tiles((level) => (open || level > 0 ? tile() : new Promise(() => {})));
  assert.deepEqual(made.between(0, 20, 2), []);
  await quiet();
  assert.deepEqual(asked, ["2/0"]);
  assert.equal(drawn(), 1);
  open = false;
  const instead = made.between(0, 10, 0);
  assert.deepEqual(
    instead.map(({ level, from, perRow }) => [level, from, perRow]),
    [[2, 0, 0.04]],
  );
  assert.deepEqual(asked.slice(1), ["0/0", "0/1"]);
});

test("what is not computed yet is asked for once, and again when told to", async () => {
  const { made, asked } = tiles(async () => null);
  made.between(0, 100, 0);
  await quiet();
  assert.equal(made.isEmpty, true);
  const before = asked.length;
  made.between(0, 100, 0);
  await quiet();
  assert.equal(asked.length, before);
  made.clear();
  made.between(0, 5, 0);
  assert.equal(asked.length, before + 1);
});

test("where the server is away a tile is asked for when it is drawn again", async () => {
  let away = true;
  const { made, asked } = tiles(() => (away ? Promise.reject(new Error("away")) : tile()));
  made.between(0, 5, 0);
  await quiet();
  away = false;
  made.between(0, 5, 0);
  await quiet();
  assert.deepEqual(asked, ["0/0", "0/0"]);
  assert.equal(made.between(0, 5, 0).length, 1);
});
