// The jobs of a video: what runs, how far it is, and what went wrong.

import { el, redraw } from "./dom.js";

/** @import { Job, JobKinds } from "../types.js" */

const OF_CAMERA = "synchronise"; // what came of it is said beside the camera, where it is tried again, too

/** What the panel needs to show jobs.
 * @typedef {object} JobActions
 * @property {JobKinds} kinds
 * @property {string} since what ended before is not shown
 * @property {(id: string) => unknown} cancel
 * @property {(kind: string) => unknown} start
 */

/** A job of an earlier release may be of a kind that is no more.
 * @param {Job} job
 * @param {JobKinds} kinds
 */
const titleOf = (job, kinds) =>
  [kinds[job.kind]?.title ?? job.kind, ...(job.medium ? [`(${job.medium})`] : [])].join(" ");

/**
 * @param {HTMLElement} box
 * @param {readonly Job[]} jobs
 * @param {JobActions} actions
 */
export function showJobs(box, jobs, actions) {
  const shown = jobs.filter((job) => isShown(job, jobs, actions.since));
  const what = shown.map(({ id, state, error, result }) => [id, state, error, result?.note]);
  unlessDrawn(box, what, () => shown.map((job) => row(job, actions)));
  // how far each is changes all the time: in place, since somebody may be about to press its button
  shown.forEach((job, i) => {
    const bar = box.children[i].querySelector("progress");
    const label = bar?.previousElementSibling;
    if (!bar || !label) return;
    bar.value = job.progress;
    const title = titleOf(job, actions.kinds);
    const says = job.message && job.message !== title; // more than what it is called
    const doing = says ? `${title}: ${job.message.toLowerCase()}` : title;
    const text = job.state === "queued" ? `${title}: ${waitingText(job)}` : doing;
    if (label.textContent !== text) label.textContent = text;
  });
}

/** @param {Job} job that is queued */
export const waitingText = ({ ahead, held }) =>
  held ? "waiting, the queue is paused or outside its hours" : ahead ? `waiting, ${ahead} before it` : "waiting";

/**
 * @param {Job} job
 * @param {readonly Job[]} jobs
 * @param {string} since
 */
function isShown(job, jobs, since) {
  if (job.state === "queued" || job.state === "running") return true;
  if (job.kind === OF_CAMERA) return false;
  if (job.state === "failed") return !jobs.some((other) => other.kind === job.kind && other.created > job.created);
  return job.created >= since && Boolean(job.result?.note);
}

/**
 * @param {Job} job
 * @param {JobActions} actions
 */
function row(job, { kinds, cancel, start }) {
  const title = titleOf(job, kinds);
  if (job.state === "failed") {
    const again = { class: "link", "data-key": job.id, text: "Try again", onclick: () => start(job.kind) };
    return el("p", { class: "error", text: `${title} failed: ${job.error} ` }, el("button", again));
  }
  if (job.state !== "queued" && job.state !== "running") {
    return el("p", { class: "muted", "data-kind": job.kind, text: job.result?.note });
  }
  return el(
    "div",
    { class: "progress job", "data-kind": job.kind, "data-state": job.state },
    el("span"),
    el("progress", { max: 1, "aria-label": title }),
    el("button", { class: "link", "data-key": job.id, text: "Cancel", onclick: () => cancel(job.id) }),
  );
}

/** box → what it shows @type {WeakMap<HTMLElement, string>} */
const drawn = new WeakMap();

/** Draws a box only where it shows something else by now.
 * @param {HTMLElement} box
 * @param {unknown} what it is to show, as JSON
 * @param {() => HTMLElement[]} parts
 */
export function unlessDrawn(box, what, parts) {
  const shape = JSON.stringify(what);
  if (drawn.get(box) === shape) return;
  drawn.set(box, shape);
  redraw(box, ...parts());
}
