// When a page asks what changed: once at a time, and only while somebody looks.

import assert from "node:assert/strict";
import test from "node:test";

const { until } = await import("./harness.mjs");
const { changeFeed } = await import("../../assets/web/js/sync/change-feed.js");

/** @type {any[]} */
const streams = [];
globalThis.EventSource = class extends EventTarget {
  static CONNECTING = 0;
  readyState = 0;
  isClosed = false;
  constructor(address) {
    super();
    this.address = address;
    streams.push(this);
  }
  close() {
    this.isClosed = true;
  }
  say(name, data = "") {
    this.readyState = 1;
    this.dispatchEvent(new MessageEvent(name, { data }));
  }
};
const open = () => streams.filter((stream) => !stream.isClosed);
const parameter = (stream, name) => new URLSearchParams(stream.address.split("?")[1]).get(name);

test("one stream for all listeners, which says who looks at what", () => {
  const ends = [changeFeed.subscribe(async () => {}), changeFeed.subscribe(async () => {})];
  assert.equal(open().length, 1);
  changeFeed.look("video1");
  localStorage.setItem("annotator", "ann");
  document.dispatchEvent(new Event("annotator"));
  assert.equal(open().length, 1);
  assert.deepEqual(
    ["video", "annotator"].map((name) => parameter(open()[0], name)),
    ["video1", "ann"],
  );
  for (const end of ends) end();
  assert.equal(open().length, 0, "nobody listens");
});

test("a hidden page has no stream, and asks again when it is shown", async () => {
  let asked = 0;
  const end = changeFeed.subscribe(async () => asked++);
  document.hidden = true;
  document.dispatchEvent(new Event("visibilitychange"));
  assert.equal(open().length, 0);
  document.hidden = false;
  document.dispatchEvent(new Event("visibilitychange"));
  open()[0].say("open");
  await until(() => asked === 1);
  end();
});

test("who follows one video is not told of what changed in others alone", async () => {
  const asked = { video: 0, all: 0 };
  const ends = [changeFeed.subscribe(async () => asked.video++, 0, "b"), changeFeed.subscribe(async () => asked.all++)];
  const told = async (videos) => {
    const before = asked.all;
    open()[0].say("changed", videos);
    await until(() => asked.all === before + 1);
    return asked.video;
  };
  const first = await told("a");
  assert.equal(await told("a c"), first);
  assert.equal(await told("a b"), first + 1);
  assert.equal(await told(""), first + 2, "it may be anything");
  for (const end of ends) end();
});

test("what changes while a listener is busy is asked for once more, not at the same time", async () => {
  const asked = [];
  const end = changeFeed.subscribe(() => new Promise((done) => asked.push(done)));
  const [stream] = open();
  stream.say("open");
  for (let i = 0; i < 5; i++) stream.say("changed");
  assert.equal(asked.length, 1);
  asked[0]();
  await until(() => asked.length === 2);
  asked[1]();
  await new Promise((wake) => setImmediate(wake));
  assert.equal(asked.length, 2);
  end();
});

test("a listener that fails is asked the next time", async () => {
  let asked = 0;
  const end = changeFeed.subscribe(async () => {
    asked++;
    throw new Error("away");
  });
  open()[0].say("open");
  await until(() => asked === 1);
  open()[0].say("changed");
  await until(() => asked === 2);
  end();
});

test("until: ends when enough was seen, and fails with the look", async () => {
  let seen = 0;
  const enough = changeFeed.until(async () => ++seen === 2);
  open()[0].say("open");
  await until(() => seen === 1);
  open()[0].say("changed");
  await enough;
  assert.equal(open().length, 0);
  const fails = changeFeed.until(() => Promise.reject(new Error("gone")));
  open()[0].say("open");
  await assert.rejects(fails, /gone/);
  assert.equal(open().length, 0);
});
