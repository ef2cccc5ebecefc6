// All work of the library: what runs, how far and how long still, what waits and in which order, what failed and why,
// and what is off.

import { about, summaryOf } from "../model/work.js";
import { addressOf, follow } from "../router.js";
import { call, messageOf } from "../sync/api.js";
import { currentUser } from "../sync/current-user.js";
import { el, finder, isolated, toast } from "./dom.js";
import { unlessDrawn } from "./jobs-panel.js";

/** @import { Server, Work, WorkJob, WorkKind } from "../types.js" */
/** @import { Child, Find } from "./dom.js" */
/** @import { Page } from "../router.js" */

const FEW = 20;
const MORE = 200;
/** @type {readonly [string, string, string][]} */
const MOVES = [
  ["first", "⤒", "to the front"],
  ["up", "↑", "one up"],
  ["down", "↓", "one down"],
  ["last", "⤓", "to the end"],
];

export class WorkPanel {
  #waiting = FEW;
  #failed = FEW;
  /** @type {Find} */
  #$;

  /**
   * @param {HTMLElement} root
   * @param {Server} server
   */
  constructor(root, server) {
    this.server = server;
    this.#$ = finder(root);
    const $ = this.#$;
    $("work-pause").addEventListener("click", () =>
      this.#do("pause_work", { on: $("work-pause").getAttribute("aria-pressed") !== "true" }),
    );
    $("work-limits", "form").addEventListener("submit", (event) => {
      event.preventDefault();
      const [from, to] = [$("work-from", "input").value, $("work-to", "input").value];
      const hours = $("work-all-day", "input").checked ? "" : `${from}-${to}`;
      this.#do("limit_work", { hours, cores: Number($("work-cores", "input").value) || 0 }, "Saved.");
    });
    $("work-limits", "form").addEventListener("input", () => {
      $("work-limits").dataset.changed = "true";
      this.#allDay();
    });
  }

  async refresh() {
    const request = { waiting: this.#waiting, failed: this.#failed, annotator: currentUser() };
    const work = await call(this.server, "work", request);
    const $ = this.#$;
    $("work-summary").textContent = summaryOf(work);
    $("work-held").textContent = work.held;
    $("work-held").hidden = !work.held;
    const pause = $("work-pause", "button");
    pause.setAttribute("aria-pressed", String(work.paused));
    pause.textContent = work.paused ? "Resume" : "Pause";
    $("work-fixed").textContent = work.fixed;
    for (const id of ["work-pause", "work-save"]) $(id, "button").disabled = Boolean(work.fixed);
    this.#showLimits(work);
    this.#showRunning(work);
    this.#showKinds(work);
    this.#showQueue(work);
    this.#showFailed(work);
    this.#showOff(work);
  }

  /** The fields show what is set, unless somebody is changing them. @param {Work} work */
  #showLimits({ hours, cores, cores_here: here }) {
    const $ = this.#$;
    $("work-limits-now").textContent = [
      hours ? hours.replace("-", " to ") : "all day",
      cores ? `${cores} of ${here} cores` : "all cores",
    ].join(", ");
    if ($("work-limits").dataset.changed) return;
    const [from, to] = hours ? hours.split("-") : ["20:00", "07:00"];
    $("work-all-day", "input").checked = !hours;
    $("work-from", "input").value = from;
    $("work-to", "input").value = to;
    const field = $("work-cores", "input");
    field.max = String(here);
    field.value = String(cores || here);
    $("work-cores-here").textContent = `of ${here}`;
    this.#allDay();
  }

  #allDay() {
    const $ = this.#$;
    for (const id of ["work-from", "work-to"]) $(id, "input").disabled = $("work-all-day", "input").checked;
  }

  /** @param {Work} work */
  #showRunning({ running: jobs, several }) {
    const box = this.#$("work-running");
    const key = (/** @type {WorkJob} */ job) => job.id || job.title;
    unlessDrawn(box, [jobs.map(key), several], () =>
      jobs.map((job) =>
        el(
          "li",
          { class: "progress job" },
          el("span", { dir: "auto" }, ...nameOf(job), askedBy(job, several), el("span", { class: "muted doing" })),
          job.id ? this.#button(job, "cancel_job", {}, "Cancel", "link") : null,
          el("progress", { max: 1, "aria-label": labelOf(job) }),
        ),
      ),
    );
    jobs.forEach((job, i) => {
      const row = box.children[i];
      const doing = job.message && job.message !== job.title ? job.message.toLowerCase() : "";
      const left = job.left_s === undefined || job.left_s === null ? "" : `${about(job.left_s)} left`;
      const percent = `${Math.round(100 * (job.progress ?? 0))} %`;
      const text = ["", percent, left, doing].filter((part, n) => !n || part).join(" · ");
      const place = row.querySelector(".doing");
      if (place && place.textContent !== text) place.textContent = text;
      const bar = row.querySelector("progress");
      if (bar) bar.value = job.progress ?? 0;
    });
  }

  /** How much waits of each kind. @param {Work} work */
  #showKinds({ kinds }) {
    const shown = kinds.filter((kind) => kind.waiting);
    const text = (/** @type {WorkKind} */ { title, waiting, left_s: left }) =>
      [`${title}: ${waiting}`, about(left)].filter(Boolean).join(", ");
    unlessDrawn(this.#$("work-kinds"), shown.map(text), () =>
      shown.map((kind) => el("li", { class: "tag", text: text(kind) })),
    );
  }

  /** @param {Work} work */
  #showQueue({ queue, waiting, fixed, several }) {
    const $ = this.#$;
    $("work-waiting").hidden = !waiting;
    const last = queue.length === waiting;
    const movable = queue.filter((job) => job.own || !fixed); // who is no admin: among these places
    unlessDrawn(
      $("work-queue"),
      [queue.map((job) => [job.id, job.held, job.own, job.asked_by]), fixed, last, several],
      () =>
        queue.map((job) => {
          const isLast = last && job === movable.at(-1);
          const idle = (/** @type {string} */ to) => (to === "first" || to === "up" ? job === movable[0] : isLast);
          return el(
            "li",
            {},
            el(
              "span",
              { class: "grow", dir: "auto" },
              ...nameOf(job),
              askedBy(job, several),
              job.held ? el("span", { class: "muted", text: " · held" }) : null,
            ),
            el(
              "span",
              { class: "actions" },
              ...MOVES.map(([to, sign, where]) =>
                this.#button(job, "move_job", { to }, sign, "plain", `Move ${where}`, !movable.includes(job), idle(to)),
              ),
              this.#button(job, "cancel_job", {}, "✕", "plain", "Cancel"),
            ),
          );
        }),
    );
    this.#showMore($("work-more"), queue.length, waiting, () => (this.#waiting = MORE));
  }

  /** @param {Work} work */
  #showFailed({ failed, failures, kinds, fixed, several }) {
    const $ = this.#$;
    $("work-failures").hidden = !failures;
    const repeated = kinds.filter((kind) => kind.failed > 1);
    unlessDrawn($("work-failed-kinds"), [repeated.map(({ kind, failed: n }) => [kind, n]), fixed], () =>
      repeated.map(({ kind, title, failed: count }) =>
        el("button", {
          type: "button",
          "data-key": `retry ${kind}`,
          disabled: Boolean(fixed),
          title: fixed,
          text: `Try all ${count} again: ${title}`,
          onclick: () => this.#do("retry_jobs", { kind }),
        }),
      ),
    );
    unlessDrawn($("work-failed"), [failed.map(({ id, error }) => [id, error]), several], () =>
      failed.map((job) =>
        el(
          "li",
          {},
          el(
            "span",
            { class: "grow" },
            el("span", { dir: "auto" }, ...nameOf(job), askedBy(job, several)),
            el("span", { class: "error", dir: "auto", text: ` ${job.error ?? ""} ` }),
            el("span", { class: "muted small", text: job.ended ? new Date(job.ended).toLocaleString() : "" }),
          ),
          el(
            "span",
            { class: "actions" },
            this.#button(job, "retry_job", {}, "Try again", "link"),
            this.#button(job, "dismiss_job", {}, "Dismiss", "link"),
          ),
        ),
      ),
    );
    this.#showMore($("work-more-failed"), failed.length, failures, () => (this.#failed = MORE));
  }

  /** @param {Work} work */
  #showOff({ off }) {
    this.#$("work-off-part").hidden = !off.length;
    unlessDrawn(this.#$("work-off"), off, () =>
      off.map(({ what, why, page }) =>
        el(
          "li",
          {},
          el("strong", { text: `${what}: ` }),
          `${why} `,
          page ? link(/** @type {Page} */ (page), `Open ${page[0].toUpperCase()}${page.slice(1)}`) : null,
        ),
      ),
    );
  }

  /** Of how many how many are shown, and a button for more.
   * @param {HTMLElement} box
   * @param {number} shown
   * @param {number} all
   * @param {() => void} widen
   */
  #showMore(box, shown, all, widen) {
    unlessDrawn(box, [shown, all], () => {
      if (shown >= all) return [];
      const more = () => {
        widen();
        this.#attempt();
      };
      const button = { type: "button", class: "link", text: "Show more", onclick: more };
      return [
        el("span", { class: "muted", text: `${shown} of ${all} are shown. ` }),
        ...(shown < MORE ? [el("button", button)] : []),
      ];
    });
  }

  /**
   * @param {WorkJob} job
   * @param {"move_job" | "cancel_job" | "retry_job" | "dismiss_job"} method
   * @param {object} more of the request
   * @param {string} text
   * @param {string} style
   * @param {string} [does] what it does, where its text is a sign
   * @param {boolean} [fixed]
   * @param {boolean} [idle] it would change nothing: it keeps the focus
   */
  #button(job, method, more, text, style, does = text, fixed = false, idle = false) {
    return el("button", {
      type: "button",
      class: style,
      "data-key": `${job.id} ${text}`,
      "aria-label": `${does}: ${labelOf(job)}`,
      title: does,
      disabled: fixed,
      "aria-disabled": String(idle),
      text,
      onclick: () => idle || this.#do(method, { job: job.id, ...more }),
    });
  }

  /**
   * @param {"pause_work" | "limit_work" | "move_job" | "cancel_job" | "retry_job" | "retry_jobs" | "dismiss_job"} method
   * @param {any} request
   * @param {string} [said] when it is done
   */
  async #do(method, request, said = "") {
    try {
      await call(this.server, method, { ...request, annotator: currentUser() });
      if (method === "limit_work") delete this.#$("work-limits").dataset.changed;
      if (said) toast(said);
    } catch (error) {
      toast(messageOf(error), "error");
    }
    await this.#attempt();
  }

  #attempt() {
    return this.refresh().catch((error) => toast(messageOf(error), "error"));
  }
}

/** @param {WorkJob} job */
const labelOf = ({ title, video, query }) => [title, video, query && `“${query}”`].filter(Boolean).join(" ");

/** What a job does, and with what: its video is a link. @param {WorkJob} job @returns {Child[]} */
const nameOf = ({ title, video, video_id: id, query }) => [
  title,
  ...(id && video ? [" ", link("annotate", video, id)] : []),
  query ? ` “${query}”` : null,
];

/** Who asked for a job, where there are several who may have. @param {WorkJob} job @param {boolean} several */
const askedBy = ({ asked_by: name }, several) =>
  several && name ? el("span", { class: "muted", text: ` · asked by ${isolated(name)}` }) : null;

/**
 * @param {Page} page
 * @param {string} text
 * @param {string} [video]
 */
const link = (page, text, video) =>
  el("a", { class: "link", href: addressOf(page, video ? { video } : {}), onclick: follow, dir: "auto", text });
