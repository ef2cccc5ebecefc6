// How the studio is, in words for people.

import assert from "node:assert/strict";
import test from "node:test";

import { element } from "./dom.mjs";
const { statusParts } = await import("../../assets/web/js/view/status.js");

const GIB = 2 ** 30;
const STATUS = {
  version: "0.1.0",
  uptime_s: 60,
  queue: { queued: 0, running: 1, done: 2, failed: 0, cancelled: 0, now: [] },
  workers: [],
  cluster: null,
  memory: { app: GIB, free: GIB, total: 4 * GIB },
  disk: { free: 9 * GIB, total: 99 * GIB, spare: GIB },
  database: { size: 1024, log: 0, videos: 1, annotations: 2, revisions: 3, schema: "m056_clock_rates", read_only: "" },
  reports: [],
};

const textOf = (status) => {
  const box = element("div");
  box.append(...statusParts(status));
  return box.textContent;
};

test("status: processes and jobs are said by what they do, and the database by what is in it", () => {
  const job = { id: "j", kind: "embed", title: "Analysing", video_id: "v", progress: 0.5, message: "" };
  const said = textOf({
    ...STATUS,
    queue: { ...STATUS.queue, now: [job] },
    workers: [
      { name: "worker-jobs", alive: true, busy: false, memory: GIB, models: [] },
      { name: "worker-interactive", alive: true, busy: true, memory: GIB, models: ["studio-clip"] },
      { name: "worker-7", alive: false, busy: false, memory: null },
    ],
  });
  assert.ok(said.includes("1 video, 2 annotations, 3 edits"));
  assert.ok(said.includes("The process that does the jobs waits for work."));
  assert.ok(said.includes("The process that answers searches is at work, with the models studio-clip in memory."));
  assert.ok(said.includes("worker-7 is not running."));
  assert.ok(said.includes("Analysing: at work"));
  for (const word of ["schema", "m056", "worker-jobs", "worker-interactive", "idle", "embed"])
    assert.ok(!said.includes(word), word);
});
