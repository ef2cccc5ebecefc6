// The queue of predictions to decide: the next one in front, one key each way, and how far the review is.

import { below, progress, queue, uncertainty } from "../model/review-queue.js";
import { clock, el, finder, targetOf } from "./dom.js";

/** @import { DocumentStore } from "../model/document-store.js" */

const SHOWN = 60;

export class ReviewPanel {
  /** @type {DocumentStore | null} */
  store = null;
  /** @type {string | null} */
  current = null;

  /**
   * @param {HTMLElement} box
   * @param {{ choose: (id: string) => void, decide: (ids: string[], verdict: "accept" | "reject") => void,
   *   accept: HTMLButtonElement, reject: HTMLButtonElement }} actions `accept` and `reject` are the buttons that decide
   *   many at once
   */
  constructor(box, { choose, decide, accept, reject }) {
    const $ = finder(box);
    this.box = box;
    this.accept = accept;
    this.reject = reject;
    this.list = $("review-list");
    this.order = $("review-order", "select");
    this.bar = $("review-progress", "progress");
    this.summary = $("review-summary");
    this.order.addEventListener("change", () => this.update(this.store, this.current));
    this.list.addEventListener("click", (event) => {
      const option = /** @type {HTMLElement | null} */ (targetOf(event).closest("[data-review]"));
      if (option?.dataset.review) choose(option.dataset.review);
    });
    this.list.addEventListener("keydown", (event) => {
      const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
      if (!step) return;
      event.preventDefault();
      const at = this.queue.findIndex((p) => p.id === this.current);
      const next = this.queue[Math.max(0, at + step)];
      if (next) choose(next.id);
    });
    accept.addEventListener("click", () =>
      decide(
        this.queue.map((p) => p.id),
        "accept",
      ),
    );
    reject.addEventListener(
      "click",
      () =>
        this.store &&
        decide(
          below(this.store).map((p) => p.id),
          "reject",
        ),
    );
  }

  /** The predictions in the order they are to be decided. */
  get queue() {
    return this.store ? queue(this.store, this.order.value) : [];
  }

  /**
   * @param {DocumentStore | null} store
   * @param {string | null} current
   */
  update(store, current) {
    this.store = store;
    this.current = current;
    if (!store) return;
    const waiting = this.queue;
    const { decided, total, accepted, corrected, rejected } = progress(store);
    this.bar.max = Math.max(1, total);
    this.bar.value = decided;
    this.summary.textContent = total
      ? `${decided} of ${total} decided: ${accepted} accepted, ${corrected} corrected, ${rejected} rejected`
      : "No predictions yet: ask a question, or find speakers or emotions.";
    this.accept.textContent = `Accept ${waiting.length}`;
    this.accept.disabled = !waiting.length;
    const hidden = below(store).length;
    this.reject.hidden = !hidden;
    this.reject.textContent = `Reject the ${hidden} below`;
    if (this.box.hidden) return;
    this.list.replaceChildren(
      ...waiting
        .slice(0, SHOWN)
        .map((p) =>
          el(
            "li",
            { role: "option", id: `review-${p.id}`, "data-review": p.id, "aria-selected": String(p.id === current) },
            el("span", { class: "when mono", text: clock(p.start, 1) }),
            el("span", { class: "what", dir: "auto", text: p.label }),
            el("span", {
              class: "where muted",
              text: `${store.rowOf(p)} · ${p.score.toFixed(2)}`,
              title: `Uncertainty ${uncertainty(p).toFixed(2)}`,
            }),
          ),
        ),
    );
    if (waiting.length > SHOWN)
      this.list.append(
        el("li", {
          class: "muted",
          role: "option",
          "aria-selected": "false",
          "aria-disabled": "true",
          text: `and ${waiting.length - SHOWN} more`,
        }),
      );
    const option = this.list.querySelector(`[data-review="${CSS.escape(current ?? "")}"]`);
    if (option) {
      this.list.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else this.list.removeAttribute("aria-activedescendant");
  }
}
