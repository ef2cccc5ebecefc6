// What is said of the work of the library in a line: how much there is, and how long it takes.

/** @import { Work } from "../types.js" */

const counted = (/** @type {number} */ jobs) => `${jobs} job${jobs === 1 ? "" : "s"}`;

/** An estimated duration as people say it; nothing for none. @param {number | null} seconds */
export function about(seconds) {
  if (seconds === null) return "";
  if (seconds < 60) return "less than a minute";
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `about ${minutes} min` : `about ${(seconds / 3600).toFixed(1).replace(".0", "")} h`;
}

/** How much there is, and how long it takes. @param {Work} work */
export function summaryOf({ running, waiting, failures, left_s: left, unmeasured, serving, held }) {
  if (!running.length && !waiting && !failures) return "Nothing is being done, and nothing waits.";
  const counts = [`${running.length} running`, `${waiting} waiting`, ...(failures ? [`${failures} failed`] : [])].join(
    ", ",
  );
  if (!running.length && !waiting) return `${counts}.`;
  if (!serving) return `${counts}. No studio runs that would do it: start it with studio serve.`;
  const rest = unmeasured ? `, and ${counted(unmeasured)} of kinds that were not measured here yet` : "";
  const time = left === null ? "" : `; ${about(left)} ${held ? "of work" : "left"}${rest}`;
  return `${counts}${time}.`;
}
