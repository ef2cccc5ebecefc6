// The queue of predictions to decide: the next one in front, one key each way, and how far the review is.

import { below, progress, queue, uncertainty } from "../model/review-queue.js";
import { clock, el } from "./dom.js";

const SHOWN = 60;

export class Review {
  // `accept` and `reject` are the buttons that decide many at once.
  constructor(box, { choose, decide, accept, reject }) {
    const $ = (id) => box.querySelector(`#${id}`);
    Object.assign(this, {
      box,
      choose,
      decide,
      accept,
      reject,
      list: $("review-list"),
      order: $("review-order"),
      bar: $("review-progress"),
      said: $("review-said"),
    });
    this.order.addEventListener("change", () => this.update(this.doc, this.current));
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[data-review]");
      if (option) choose(option.dataset.review);
    });
    this.list.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const at = this.queue.findIndex((p) => p.id === this.current);
      const next = this.queue[Math.max(0, at + step)];
      if (next) choose(next.id);
    });
    this.accept.addEventListener("click", () =>
      decide(
        this.queue.map((p) => p.id),
        "accept",
      ),
    );
    this.reject.addEventListener("click", () =>
      decide(
        below(this.doc).map((p) => p.id),
        "reject",
      ),
    );
  }

  // The predictions in the order they are to be decided.
  get queue() {
    return this.doc ? queue(this.doc, this.order.value) : [];
  }

  update(doc, current) {
    Object.assign(this, { doc, current });
    if (!doc) return;
    const waiting = this.queue;
    const { decided, total, accepted, corrected, rejected } = progress(doc);
    this.bar.max = Math.max(1, total);
    this.bar.value = decided;
    this.said.textContent = total
      ? `${decided} of ${total} decided: ${accepted} accepted, ${corrected} corrected, ${rejected} rejected`
      : "No predictions yet: ask a question, or find speakers or emotions.";
    this.accept.textContent = `Accept ${waiting.length}`;
    this.accept.disabled = !waiting.length;
    const hidden = below(this.doc).length;
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
              text: `${doc.rowOf(p)} · ${p.score.toFixed(2)}`,
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
    const option = current && this.list.querySelector(`[data-review="${CSS.escape(current)}"]`);
    if (option) {
      this.list.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else this.list.removeAttribute("aria-activedescendant");
  }
}
