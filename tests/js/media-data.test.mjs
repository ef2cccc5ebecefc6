// What is measured over a video, while the server comes and goes.

import assert from "node:assert/strict";
import test from "node:test";

import { documentOf, news, quiet, until } from "./harness.mjs";
import { call } from "../../assets/web/js/sync/api.js";
import { Outbox } from "../../assets/web/js/sync/outbox.js";

const SPEAKERS = { id: "s", task: "speaker", model: "m", predictions: [] };

test("faces that could not be had are asked for again when the server answers", async () => {
  const { doc } = documentOf();
  let away = true;
  doc.server.changes = async () => ({ ok: true, data: news() });
  doc.server.run_payload = async () => {
    if (away) throw new Error("away");
    return {
      ok: true,
      data: { query: null, payload: { tracks: [{ track: "Person 1", times: [0], scores: [0.5], boxes: [] }] } },
    };
  };
  doc.takeNews(news({ runs: [SPEAKERS] }));
  await quiet();
  assert.equal(doc.store.media.faces.length, 0);
  away = false;
  await doc.catchUp();
  await until(() => doc.store.media.faces.length === 1);
  await quiet();
  assert.deepEqual([doc.media.missed, doc.store.media.graphs.has("Person 1")], [[], true]);
});

test("the curve of a question that was left meanwhile is not shown", async () => {
  const { doc } = documentOf();
  const answers = [];
  doc.server.run_payload = ({ run }) =>
    new Promise((done) =>
      answers.push(() => done({ ok: true, data: { query: run, payload: { curve: { times: [0], scores: [1] } } } })),
    );
  const ask = doc.media.ask("curve");
  doc.takeNews(news({ runs: [{ id: "other", task: "grounding", model: "m", query: "b", predictions: [] }] }));
  answers.shift()();
  await ask;
  assert.equal(doc.store.media.curve, null);
});

test("a call that is never answered is given up after its time", async () => {
  const real = globalThis.setTimeout;
  globalThis.setTimeout = (work, ms) => ms === 15_000 && setImmediate(work); // the time has passed
  try {
    await assert.rejects(call({ poll: () => new Promise(() => {}) }, "poll", {}, 15_000), { kind: "offline" });
  } finally {
    globalThis.setTimeout = real;
  }
});

test("one retry at a time, however often somebody flushes", async () => {
  const waiting = new Set();
  const real = [globalThis.setTimeout, globalThis.clearTimeout];
  globalThis.setTimeout = (work) => waiting.add(work) && work;
  globalThis.clearTimeout = (work) => waiting.delete(work);
  try {
    const outbox = new Outbox({ save: async () => ({ ok: false, kind: "store", error: "disk full" }) }, "v");
    outbox.push({ op: "verdict", prediction_id: "p", verdict: "" });
    for (let n = 0; n < 10; n++) {
      await outbox.flush();
      await quiet();
    }
    assert.equal(waiting.size, 1);
  } finally {
    [globalThis.setTimeout, globalThis.clearTimeout] = real;
  }
});
