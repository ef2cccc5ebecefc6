// One moment on the review desk: its pictures, what is around it, and its ends to be moved.

import { addressOf, follow } from "../router.js";
import { certaintyOf } from "./certainty.js";
import { clock, el, isolated } from "./dom.js";

/** @import { DeskItem } from "../types.js" */
/** @import { State } from "../model/desk.js" */

/** What a card can ask of the page.
 * @typedef {object} DeskActions
 * @property {(id: string, how: "one" | "toggle" | "range") => void} choose
 * @property {(item: DeskItem, verdict: "accepted" | "rejected") => void} decide
 * @property {(item: DeskItem, span: { start: number, end: number }) => void} trim
 */

const STILLS = 4; // pictures of a moment, shown in turn
const AROUND = 0.5; // of a moment's length, before and after it
const AROUND_S = 1.5; // at least

/** What of its video the card of an item shows. @param {DeskItem} item */
export function around({ start, end, duration }) {
  const more = Math.max(AROUND_S, AROUND * (end - start));
  return { start: Math.max(0, start - more), end: Math.min(duration, end + more) };
}

export class DeskCard {
  /** @param {DeskItem} item @param {DeskActions} actions */
  constructor(item, actions) {
    const { id, video, start, end, name, at } = item;
    this.item = item;
    this.range = around(item);
    const still = (/** @type {number} */ k) => {
      const t = start + ((k + 0.5) / STILLS) * (end - start);
      return el("img", {
        src: `/thumbnail/${video}?t=${t.toFixed(2)}`,
        alt: "",
        loading: "lazy",
        style: `--turn: ${k}`,
      });
    };
    const count = at === null ? STILLS : 1;
    const stills = Array.from({ length: count }, (_, k) => (at === null ? still(k) : this.#frame(video, at)));
    this.badge = el("span", { class: "badge" });
    this.verdict = el("span", { class: "verdict" });
    this.picture = el(
      "div",
      {
        class: at === null ? "picture stills" : "picture",
        onclick: (event) =>
          actions.choose(id, event.shiftKey ? "range" : event.ctrlKey || event.metaKey ? "toggle" : "one"),
      },
      ...stills,
      this.badge,
      this.verdict,
    );
    this.span = el("i", { class: "span" });
    this.playhead = el("i", { class: "now" });
    this.strip = el(
      "div",
      { class: "strip", title: "The moment, and what is around it; drag its ends" },
      at === null ? null : el("i", { class: "at", style: `left: ${this.#share(at)}%` }),
      this.span,
      this.playhead,
    );
    this.#dragEnds(actions);
    this.box = el("input", {
      type: "checkbox",
      "aria-label": `Choose ${name}, ${clock(start, 1)}`,
      onclick: () => actions.choose(id, "toggle"),
    });
    this.accept = el("button", {
      type: "button",
      class: "yes",
      text: at === null ? "Accept" : "Yes",
      onclick: () => actions.decide(item, "accepted"),
    });
    this.reject = el("button", {
      type: "button",
      class: "no",
      text: at === null ? "Reject" : "No",
      onclick: () => actions.decide(item, "rejected"),
    });
    this.words = el("span", { class: "what", dir: "auto" });
    const place = addressOf("annotate", { video, t: at ?? start });
    this.root = el(
      "article",
      {
        class: "card moment",
        tabindex: -1,
        "data-id": id,
        "data-kind": item.kind,
        onfocus: ({ currentTarget: { classList } }) => classList.contains("focused") || actions.choose(id, "one"),
      },
      this.picture,
      this.strip,
      el(
        "div",
        { class: "caption" },
        el(
          "p",
          { class: "title" },
          el("a", { href: place, text: name, title: `Open ${name}`, dir: "auto", onclick: follow }),
        ),
        this.words,
      ),
      el("div", { class: "row actions" }, this.box, el("span", { class: "grow" }), this.accept, this.reject),
    );
  }

  /** @param {State} state @param {{ isChosen: boolean, isFocused: boolean }} how */
  update({ verdict, start, end, label }, { isChosen, isFocused }) {
    const { item, root } = this;
    root.dataset.verdict = verdict;
    root.dataset.start = String(start);
    root.dataset.end = String(end);
    root.classList.toggle("chosen", isChosen);
    root.classList.toggle("focused", isFocused);
    root.tabIndex = isFocused ? 0 : -1;
    this.box.checked = isChosen;
    const isAsked = item.at !== null && verdict !== "accepted";
    this.badge.textContent = isAsked ? clock(item.at ?? 0, 2) : `${clock(start, 2)}–${clock(end, 2)}`;
    this.verdict.textContent = verdict && (item.at === null ? verdict : verdict === "accepted" ? "yes" : "no");
    this.accept.setAttribute("aria-pressed", String(verdict === "accepted"));
    this.reject.setAttribute("aria-pressed", String(verdict === "rejected"));
    const { score, confidence } = item;
    this.words.textContent =
      score === null
        ? `Is ${isolated("“" + label + "”")} here?`
        : `${isolated(label)} · ${certaintyOf({ score, confidence })}`;
    this.span.style.left = `${this.#share(start)}%`;
    this.span.style.width = `${this.#share(end) - this.#share(start)}%`;
    const words = verdict ? `, ${this.verdict.textContent}` : "";
    root.setAttribute("aria-label", `${item.name}, ${clock(start, 1)} to ${clock(end, 1)}, ${label}${words}`);
  }

  /** The frame that plays, in s. @param {number | null} time */
  showTime(time) {
    this.playhead.hidden = time === null;
    if (time !== null) this.playhead.style.left = `${this.#share(time)}%`;
  }

  /** @param {string} video @param {number} at */
  #frame(video, at) {
    return el("img", { src: `/thumbnail/${video}?t=${at}&exact=true`, alt: "", loading: "lazy" });
  }

  /** How far along the strip a time is, in per cent. @param {number} time */
  #share(time) {
    const { start, end } = this.range;
    return 100 * Math.min(1, Math.max(0, (time - start) / (end - start)));
  }

  /** The nearer end goes where the pointer is. @param {DeskActions} actions */
  #dragEnds({ trim, choose }) {
    const { strip, range } = this;
    /** @type {"start" | "end" | null} */
    let held = null;
    const span = () => ({ start: Number(this.root.dataset.start), end: Number(this.root.dataset.end) });
    const timeOf = (/** @type {PointerEvent} */ event) => {
      const { left, width } = strip.getBoundingClientRect();
      return range.start + Math.min(1, Math.max(0, (event.clientX - left) / width)) * (range.end - range.start);
    };
    strip.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      choose(this.item.id, "one");
      const [time, { start, end }] = [timeOf(event), span()];
      held = Math.abs(time - start) <= Math.abs(time - end) ? "start" : "end";
      strip.setPointerCapture(event.pointerId);
      event.preventDefault();
    });
    strip.addEventListener("pointermove", (event) => {
      if (!held) return;
      const next = { ...span(), [held]: timeOf(event) };
      this.span.style.left = `${this.#share(next.start)}%`;
      this.span.style.width = `${Math.max(0, this.#share(next.end) - this.#share(next.start))}%`;
    });
    strip.addEventListener("pointerup", (event) => {
      if (held) trim(this.item, { ...span(), [held]: timeOf(event) });
      held = null;
    });
    strip.addEventListener("pointercancel", () => (held = null));
  }
}
