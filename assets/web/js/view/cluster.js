// The cluster that does a library's jobs: its machines, what they do, and what waits and why.

import { counted, el } from "./dom.js";

/** @import { Cluster, ClusterNode } from "../types.js" */

/** @param {number} bytes */
const gib = (bytes) => `${Math.round(bytes / 2 ** 30)} GiB`;

/** @param {number} bytes */
const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** A length of video, roughly. @param {number} seconds */
const length = (seconds) => (seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`);

/** @param {ClusterNode} node */
function doing(node) {
  if (node.problem) return node.problem;
  /** @type {Map<string, number>} */
  const kinds = new Map();
  for (const kind of node.busy) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  const busy = [...kinds].map(([kind, count]) => (count > 1 ? `${kind} × ${count}` : kind)).join(", ");
  const idle = node.workers - node.busy.length;
  return [busy, idle ? counted(idle, "idle worker") : ""].filter(Boolean).join(", ") || "no workers yet";
}

/** The rows of the table of nodes. @param {ClusterNode[]} nodes */
const rowsOf = (nodes) =>
  nodes.map((node) => [
    node.name + (node.here ? " (this machine)" : ""),
    node.address,
    [counted(node.cpus, "core"), node.gpus ? counted(node.gpus, "graphics card") : ""].filter(Boolean).join(", "),
    gib(node.memory),
    doing(node),
    node.models.join(", "),
  ]);

/** The part of the page for a cluster. @param {Cluster} cluster */
export function clusterPart(cluster) {
  const nodes = cluster.nodes ?? [];
  const place = cluster.address && ` at ${cluster.address}`;
  const heads = ["Node", "Address", "Has", "Memory", "At work", "Models in memory"];
  return el(
    "section",
    { class: "cluster", "aria-label": "Cluster" },
    el("h3", { text: `Cluster${cluster.address === "auto" ? " of this machine alone" : place}` }),
    cluster.connected
      ? null
      : el("p", { class: "problems", role: "alert", text: `${cluster.problem} Jobs wait until then.` }),
    cluster.connected
      ? el(
          "div",
          { class: "table" },
          el(
            "table",
            {},
            el("thead", {}, el("tr", {}, ...heads.map((text) => el("th", { scope: "col", text })))),
            el(
              "tbody",
              {},
              ...rowsOf(nodes).map((cells) =>
                el("tr", {}, ...cells.map((text) => el("td", { dir: "auto", text: text || "–" }))),
              ),
            ),
          ),
        )
      : null,
    ...(cluster.connected ? (cluster.waiting ?? []) : []).map((each) =>
      el("p", { class: "small", text: `${counted(each.count, "job")} (${each.kind}) will start later: ${each.why}.` }),
    ),
    el("p", { class: "muted small", text: throughput(cluster) }),
  );
}

/** What was done in the last hour, and which files went over the network. @param {Cluster} cluster */
export function throughput({ last_hour: hour = [], sent = 0, fetched = 0 }) {
  const done = hour.map(
    ({ kind, jobs, video_s: video }) => `${kind}: ${counted(jobs, "job")}, ${length(video)} of video`,
  );
  return [
    done.length ? `In the last hour: ${done.join("; ")}.` : "Nothing was done in the last hour.",
    sent + fetched ? `Files sent to nodes: ${mib(sent)}; fetched from them: ${mib(fetched)}.` : "",
  ]
    .filter(Boolean)
    .join(" ");
}
