// The list of all segments.

import { byline } from "./authors.js";
import { certaintyOf } from "./certainty.js";
import { clock, counted, el, targetOf } from "./dom.js";
import { inkOn } from "./layout.js";

/** @import { Annotation, Prediction } from "../types.js" */
/** @import { DocumentStore } from "../model/document-store.js" */
/** @import { Author } from "./authors.js" */
/** @typedef {["prediction", Prediction] | ["annotation", Readonly<Annotation>]} Entry */

const CHUNK = 400;

/** The timeline's content for screen readers, keyboards and tests; filled in pieces so that the page never stalls. */
export class SegmentList {
  /** @type {Map<string, HTMLLIElement>} */
  options = new Map();
  turn = 0;

  /**
   * @param {HTMLElement} list
   * @param {HTMLElement} count
   * @param {(id: string, more?: boolean) => void} select more: beside what is chosen
   */
  constructor(list, count, select) {
    this.list = list;
    this.count = count;
    list.addEventListener("click", (event) => {
      const option = /** @type {HTMLElement | null} */ (targetOf(event).closest("[data-id]"));
      if (option?.dataset.id) select(option.dataset.id, event.ctrlKey || event.metaKey);
    });
    list.addEventListener("keydown", (event) => {
      const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
      if (!step) return;
      event.preventDefault();
      event.stopPropagation();
      const all = this.children;
      const at = all.findIndex((option) => option.id === list.getAttribute("aria-activedescendant"));
      const next = all[Math.min(all.length - 1, Math.max(0, at + step))];
      if (next?.dataset.id) select(next.dataset.id);
    });
  }

  get children() {
    return /** @type {HTMLElement[]} */ ([...this.list.children]);
  }

  get ids() {
    return this.children.map((option) => option.dataset.id ?? "");
  }

  /**
   * @param {DocumentStore} store
   * @param {ReadonlyMap<string, number>} middles where the lane of each lies on the timeline, in px
   * @param {ReadonlyMap<string, Author>} authors
   */
  update(store, middles, authors) {
    const { predictions, annotations } = store;
    const shown = [...predictions.values()].filter((p) => store.isShown(p));
    /** @type {Entry[]} */
    const items = [
      ...shown.map((p) => /** @type {Entry} */ (["prediction", { ...p, track: store.rowOf(p) ?? p.track }])),
      ...[...annotations.values()].map((item) => /** @type {Entry} */ (["annotation", item])),
    ];
    items.sort(([, a], [, b]) => a.start - b.start || a.end - b.end);
    this.count.textContent = `${counted(annotations.size, "annotation")}, ${counted(predictions.size, "prediction")}`;
    const turn = ++this.turn;
    const wanted = new Set(items.map(([, item]) => item.id));
    for (const [id, option] of this.options) {
      if (wanted.has(id)) continue;
      option.remove();
      this.options.delete(id);
    }
    const fill = (/** @type {number} */ from) => {
      if (turn !== this.turn) return;
      const until = Math.min(items.length, from + CHUNK);
      for (let i = from; i < until; i++) {
        const option = this.option(items[i], middles, authors);
        if (this.list.children[i] !== option) this.list.insertBefore(option, this.list.children[i] ?? null);
      }
      if (until < items.length) (window.requestIdleCallback ?? setTimeout)(() => fill(until));
    };
    fill(0);
  }

  /**
   * @param {Entry} entry
   * @param {ReadonlyMap<string, number>} middles
   * @param {ReadonlyMap<string, Author>} authors
   */
  option([kind, item], middles, authors) {
    let option = this.options.get(item.id);
    if (!option) {
      option = el("li", { role: "option", id: `segment-${item.id}`, "data-id": item.id, "aria-selected": "false" });
      option.append(
        el("span", { class: "when mono" }),
        el("span", { class: "what", dir: "auto" }),
        el("span", { class: "where muted" }),
        el("abbr", { class: "who", dir: "auto", hidden: true }),
      );
      this.options.set(item.id, option);
    }
    const { track, start, end, label } = item;
    const isMade = kind === "annotation";
    const facts = {
      kind,
      track,
      start,
      end,
      label,
      source: isMade ? item.source : "",
      prediction: (isMade && item.prediction_id) || "",
      verdict: isMade ? "" : item.verdict,
      y: middles.get(item.id) ?? "",
    };
    for (const [key, value] of Object.entries(facts)) {
      if (option.dataset[key] !== String(value)) option.dataset[key] = String(value);
    }
    const [when, what, where] = option.children;
    const texts = [
      `${clock(start, 2)}–${clock(end, 2)}`,
      label || "(no label)",
      isMade ? track : `${certaintyOf(item)} · ${track}`,
    ];
    [when, what, where].forEach((node, i) => {
      if (node.textContent !== texts[i]) node.textContent = texts[i];
    });
    if (isMade) showAuthor(/** @type {HTMLElement} */ (option.children[3]), item, authors.get(item.annotator));
    return option;
  }

  clear() {
    this.turn++;
    this.options.clear();
    this.list.replaceChildren();
  }

  /**
   * @param {ReadonlySet<string>} ids
   * @param {string | null} id the current one
   */
  select(ids, id) {
    /** @type {NodeListOf<HTMLElement>} */
    const selected = this.list.querySelectorAll('[aria-selected="true"]');
    for (const option of selected) {
      if (!ids.has(option.dataset.id ?? "")) option.setAttribute("aria-selected", "false");
    }
    for (const each of ids) this.options.get(each)?.setAttribute("aria-selected", "true");
    const option = this.options.get(id ?? "");
    if (!option) {
      this.list.removeAttribute("aria-activedescendant");
      return;
    }
    this.list.setAttribute("aria-activedescendant", option.id);
    const { offsetTop, offsetHeight } = option;
    const { scrollTop, clientHeight } = this.list;
    if (offsetTop < scrollTop || offsetTop + offsetHeight > scrollTop + clientHeight)
      this.list.scrollTop = offsetTop - clientHeight / 2;
  }
}

/**
 * @param {HTMLElement} mark
 * @param {Readonly<Annotation>} made
 * @param {Author | undefined} author where more than one person annotated the video
 */
function showAuthor(mark, made, author) {
  mark.hidden = !author;
  if (!author) return;
  mark.textContent = author.initials;
  mark.title = byline(made);
  mark.style.setProperty("--author", author.colour);
  mark.style.setProperty("--author-ink", inkOn(author.colour));
}
