// The queue of predictions to decide: the next one in front, one key each way, how far the review is, and which videos
// come after this one.

import { percentText, shareOf } from "../model/chance.js";
import { ALL } from "../model/review-filter.js";
import { below, progress, queue, uncertainty } from "../model/review-queue.js";
import { addressOf } from "../router.js";
import { call } from "../sync/api.js";
import { certaintyDetails, certaintyOf } from "./certainty.js";
import { clock, counted, el, finder, redraw, targetOf } from "./dom.js";

/** @import { Calls, Server } from "../types.js" */
/** @import { DocumentStore } from "../model/document-store.js" */
/** @import { ReviewFilter, Wanted } from "../model/review-filter.js" */

/** @typedef {Calls["still_undecided"][1]} StillUndecided */

/** What the panel can ask of the page. `next` turns to another video.
 * @typedef {object} ReviewActions
 * @property {(id: string) => void} choose
 * @property {(ids: string[], verdict: "accept" | "reject") => void} decide
 * @property {(question: string) => void} showQuestion
 * @property {(event: MouseEvent) => void} next
 */

const SHOWN = 60;
/** @type {{ [name in "label" | "row" | "question" | "by"]: ["labels" | "rows" | "questions" | "annotators", string] }} */
const CHOICES = {
  label: ["labels", "any label"],
  row: ["rows", "any row"],
  question: ["questions", "newest question"],
  by: ["annotators", "videos of anybody"],
};

export class ReviewPanel {
  /** @type {DocumentStore | null} */
  store = null;
  /** @type {string | null} */
  current = null;
  /** What the library has beside this video, as far as it was asked. @type {StillUndecided | null} */
  known = null;
  /** Videos that were reviewed on this page: those that were not come first. @type {Set<string>} */
  #visited = new Set();
  /** video → the prediction that was in front there @type {Map<string, string>} */
  #places = new Map();
  #asked = "";

  /**
   * @param {HTMLElement} box
   * @param {Server} server
   * @param {ReviewFilter} filter
   * @param {ReviewActions} actions
   */
  constructor(box, server, filter, actions) {
    const $ = finder(box);
    this.box = box;
    this.server = server;
    this.filter = filter;
    this.actions = actions;
    this.list = $("review-list");
    this.bar = $("review-progress", "progress");
    this.summary = $("review-summary");
    this.others = $("review-others");
    this.accept = $("accept-all", "button");
    this.reject = $("reject-all", "button");
    this.rejectBelow = $("reject-below", "button");
    this.filtered = $("review-filtered");
    this.unset = $("review-unset", "button");
    this.fields = {
      label: $("review-label", "select"),
      row: $("review-row", "select"),
      question: $("review-question", "select"),
      by: $("review-by", "select"),
    };
    this.bounds = { lowest: $("review-lowest", "input"), highest: $("review-highest", "input") };
    const order = $("review-order", "select");
    order.value = filter.order;
    if (!order.value) order.value = "uncertainty"; // an order of another release
    order.addEventListener("change", () => this.#want({ order: order.value }));
    for (const name of /** @type {(keyof typeof CHOICES)[]} */ (Object.keys(CHOICES))) {
      const field = this.fields[name];
      field.addEventListener("change", () => this.#want({ [name]: field.value }));
    }
    for (const name of /** @type {const} */ (["lowest", "highest"])) {
      const field = this.bounds[name];
      const show = () => (field.value = percentText(filter.wanted[name]));
      show();
      field.addEventListener("change", () => {
        this.#want({ [name]: shareOf(field.value) });
        show();
      });
    }
    this.unset.addEventListener("click", () => {
      for (const field of Object.values(this.bounds)) field.value = "";
      this.#want({ ...ALL });
    });
    this.list.addEventListener("click", (event) => {
      const option = /** @type {HTMLElement | null} */ (targetOf(event).closest("[data-review]"));
      if (option?.dataset.review) actions.choose(option.dataset.review);
    });
    this.list.addEventListener("keydown", (event) => {
      const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
      if (!step) return;
      event.preventDefault();
      const at = this.queue.findIndex((p) => p.id === this.current);
      const next = this.queue[Math.max(0, at + step)];
      if (next) actions.choose(next.id);
    });
    const all = () => this.queue.map((p) => p.id);
    this.accept.addEventListener("click", () => actions.decide(all(), "accept"));
    this.reject.addEventListener("click", () => actions.decide(all(), "reject"));
    this.rejectBelow.addEventListener("click", () =>
      actions.decide(
        this.#below.map((p) => p.id),
        "reject",
      ),
    );
  }

  /** The predictions in the order they are to be decided. */
  get queue() {
    return this.store ? queue(this.store, this.filter) : [];
  }

  get #below() {
    return this.store ? below(this.store, this.filter) : [];
  }

  /** The video to turn to after this one: the most wanted one that was not turned to yet. */
  get next() {
    const others = this.#others;
    return others.find(({ id }) => !this.#visited.has(id)) ?? others[0] ?? null;
  }

  get #others() {
    return this.known?.videos.filter(({ id }) => id !== this.store?.video?.id) ?? [];
  }

  /** How many videos still have something to decide, as a sentence. */
  get othersText() {
    const count = this.#others.length;
    return `${counted(count, "other video")} still ${count === 1 ? "has" : "have"} undecided predictions`;
  }

  /** @param {Partial<Wanted & { order: string }>} change */
  #want(change) {
    this.filter.set(change);
    this.begin();
    this.update(this.store, this.current);
  }

  /** What the filter asks for is shown. */
  begin() {
    if (this.filter.wanted.question) this.actions.showQuestion(this.filter.wanted.question);
  }

  /** Where the review of a video was left, or where it begins.
   * @param {string} video
   */
  placeIn(video) {
    return this.queue.find((p) => p.id === this.#places.get(video)) ?? this.queue[0] ?? null;
  }

  /** Ask what the library still has, where that may have changed; the page works on without an answer.
   * @param {boolean} [anyway]
   */
  async ask(anyway = false) {
    const { wanted, order } = this.filter;
    const key = JSON.stringify([this.store?.video?.id, wanted, order, !this.queue.length]);
    if (key === this.#asked && !anyway) return;
    this.#asked = key;
    try {
      const known = await call(this.server, "still_undecided", { ...wanted, order });
      if (key !== this.#asked) return;
      this.known = known;
      this.#showChoices();
      this.#showOthers();
    } catch {
      this.#asked = ""; // the outbox says when the studio is away
    }
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
    this.reject.textContent = `Reject ${waiting.length}`;
    this.accept.disabled = this.reject.disabled = !waiting.length;
    const hidden = this.#below.length;
    this.rejectBelow.hidden = !hidden;
    this.rejectBelow.textContent = `Reject the ${hidden} below`;
    this.filtered.textContent = this.filter.words;
    this.unset.hidden = !this.filter.isSet;
    if (this.box.hidden) return;
    if (store.video) this.#visited.add(store.video.id);
    this.ask();
    this.#showOthers();
    this.#showList(store, waiting);
    const at = waiting.find((p) => p.id === current);
    if (at && store.video) this.#places.set(store.video.id, at.id);
  }

  /**
   * @param {DocumentStore} store
   * @param {ReturnType<typeof queue>} waiting
   */
  #showList(store, waiting) {
    const { current } = this;
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
              text: `${certaintyOf(p)} · ${store.rowOf(p)}`,
              title: `${store.rowOf(p)}. ${certaintyDetails(p)}. Uncertainty ${uncertainty(p).toFixed(2)}`,
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

  /** What comes after this video, with a link there. */
  #showOthers() {
    const { next } = this;
    this.others.hidden = !this.known;
    if (!this.known) return;
    if (!next) {
      redraw(this.others, this.queue.length ? "No other video has any." : "Nothing is left to decide in the library.");
      return;
    }
    const href = addressOf("annotate", { video: next.id });
    redraw(
      this.others,
      `${this.othersText}. Next (U after the last one here): `,
      el("a", { class: "link", href, dir: "auto", "data-key": "next", text: next.name, onclick: this.actions.next }),
      `, ${counted(next.waiting, "prediction")}.`,
    );
  }

  /** What the library has to choose from, and what is chosen though it is not among that any more. */
  #showChoices() {
    for (const name of /** @type {(keyof typeof CHOICES)[]} */ (Object.keys(CHOICES))) {
      const [list, none] = CHOICES[name];
      const chosen = this.filter.wanted[name];
      const texts = [...new Set([...(this.known?.[list] ?? []), ...(chosen ? [chosen] : [])])];
      redraw(
        this.fields[name],
        el("option", { value: "", text: none }),
        ...texts.map((text) => el("option", { value: text, text })),
      );
      this.fields[name].value = chosen;
    }
  }
}
