// How the studio is: what it works on, what it holds in memory and on disk, and what went wrong.

import { clusterPart } from "./cluster.js";
import { counted, el } from "./dom.js";

/** @import { Status } from "../types.js" */

/** What processes do, by their names. @type {{ [name: string]: string }} */
const WORKERS = {
  "worker-jobs": "The process that does the jobs",
  "worker-interactive": "The process that answers searches",
};

/** Bytes as people read them. @param {number} bytes */
export function size(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${value.toFixed(unit && value < 10 ? 1 : 0)} ${units[unit]}`;
}

/**
 * @param {string} title
 * @param {string} value
 * @param {string} [more]
 */
export const tile = (title, value, more = "") =>
  el(
    "div",
    { class: "tile" },
    el("h3", { text: title }),
    el("p", { class: "value", text: value }),
    el("p", { class: "muted small", text: more }),
  );

/** The parts of the page for what `show_status` says. @param {Status} status */
export function statusParts({ version, uptime_s: uptime, queue, workers, cluster, memory, disk, database, reports }) {
  const low = disk.free < disk.spare;
  return [
    database.read_only ? el("p", { class: "problems", role: "alert", text: database.read_only }) : null,
    el(
      "div",
      { class: "tiles" },
      tile("Version", version, `running for ${Math.floor(uptime / 3600)} h ${Math.floor(uptime / 60) % 60} min`),
      tile(
        "Jobs",
        `${queue.running} running, ${queue.queued} waiting`,
        `${queue.done} done, ${queue.failed} failed, ${queue.cancelled} cancelled`,
      ),
      tile(
        "Memory",
        size(memory.app + workers.reduce((sum, w) => sum + (w.memory ?? 0), 0)),
        `${size(memory.free)} of ${size(memory.total)} free on this machine`,
      ),
      tile("Disk", `${size(disk.free)} free`, low ? "Almost full: uploads are refused." : `of ${size(disk.total)}`),
      tile(
        "Database",
        size(database.size + database.log),
        `${counted(database.videos, "video")}, ${counted(database.annotations, "annotation")}, ${counted(database.revisions, "edit")}`,
      ),
    ),
    ...queue.now.map((job) =>
      el(
        "div",
        { class: "progress job" },
        el("span", { text: `${job.title}: ${job.message || "at work"}` }),
        el("progress", { max: 1, value: job.progress, "aria-label": job.title }),
      ),
    ),
    el("p", {
      class: "muted small",
      text: workers
        .map(
          (w) =>
            `${WORKERS[w.name] ?? w.name} ${w.alive ? (w.busy ? "is at work" : "waits for work") : "is not running"}` +
            (w.models?.length ? `, with the models ${w.models.join(", ")} in memory` : ""),
        )
        .map((sentence) => `${sentence}.`)
        .join(" "),
    }),
    cluster ? clusterPart(cluster) : null,
    reports.length
      ? el(
          "details",
          {},
          el("summary", { text: counted(reports.length, "crash report") }),
          el("p", {
            class: "muted small",
            text: "A report says where the program failed and contains nothing of your work; attach it when you ask for help.",
          }),
          el(
            "ul",
            {},
            ...reports.map((report) =>
              el(
                "li",
                {},
                el("a", {
                  class: "link",
                  href: `/report/${encodeURIComponent(report.name)}`,
                  download: true,
                  text: report.name,
                }),
                ` ${report.what}, ${new Date(report.at).toLocaleString()}`,
              ),
            ),
          ),
        )
      : null,
  ].filter((part) => part !== null);
}
