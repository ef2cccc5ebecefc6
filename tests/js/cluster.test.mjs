import assert from "node:assert/strict";
import test from "node:test";

import "./dom.mjs";

const { clusterPart, throughput } = await import("../../assets/web/js/view/cluster.js");

const node = {
  name: "gpu1", address: "10.0.0.7", here: false, cpus: 32, gpus: 1, memory: 64 * 2 ** 30, problem: "", workers: 4,
  busy: ["index", "index", "transcribe"], models: ["studio-lite"],
}; // prettier-ignore
const cluster = { address: "10.0.0.1:6379", connected: true, problem: "", nodes: [node], waiting: [] };

/** @param {any} part */
const cells = (part) => [...part.querySelectorAll("td")].map((cell) => cell.textContent);

test("cluster: each node with what it has and does", () => {
  const part = clusterPart(cluster);
  assert.deepEqual(cells(part), [
    "gpu1", "10.0.0.7", "32 cores, 1 graphics card", "64 GiB", "index × 2, transcribe, 1 idle worker", "studio-lite",
  ]); // prettier-ignore
  assert.equal(part.querySelector("[role=alert]"), null);
});

test("cluster: who is told no addresses reads of none", () => {
  const part = clusterPart({ ...cluster, address: "", nodes: [{ ...node, address: "" }] });
  assert.equal(part.querySelector("h3")?.textContent, "Cluster");
  assert.deepEqual(cells(part).slice(0, 2), ["gpu1", "–"]);
  assert.equal(clusterPart(cluster).querySelector("h3")?.textContent, "Cluster at 10.0.0.1:6379");
});

test("cluster: why a node has no jobs, and what waits and why", () => {
  const problem = "It has torch 2.9.0, and this machine 2.9.1; install the same on both.";
  const waiting = [{ kind: "index", count: 3, why: "all 4 workers for it are busy" }];
  const part = clusterPart({ ...cluster, nodes: [{ ...node, problem, workers: 0, busy: [], models: [] }], waiting });
  assert.deepEqual(cells(part).slice(4), [problem, "–"]);
  assert.ok(part.textContent.includes("3 jobs (index) will start later: all 4 workers for it are busy."));
});

test("cluster: one that is not there says so, and shows no nodes of before", () => {
  const part = clusterPart({ ...cluster, connected: false, problem: "No cluster answers at 10.0.0.1:6379." });
  assert.equal(
    part.querySelector("[role=alert]")?.textContent,
    "No cluster answers at 10.0.0.1:6379. Jobs wait until then.",
  );
  assert.deepEqual(cells(part), []);
});

test("cluster: what was done in the last hour", () => {
  assert.equal(throughput(cluster), "Nothing was done in the last hour.");
  const hour = [{ kind: "index", jobs: 1, video_s: 300 }, { kind: "proxy", jobs: 12, video_s: 9000 }]; // prettier-ignore
  assert.equal(
    throughput({ ...cluster, last_hour: hour, sent: 3 * 2 ** 20, fetched: 2 ** 19 }),
    "In the last hour: index: 1 job, 5 min of video; proxy: 12 jobs, 2.5 h of video. " +
      "Files sent to nodes: 3.0 MiB; fetched from them: 0.5 MiB.",
  );
});
