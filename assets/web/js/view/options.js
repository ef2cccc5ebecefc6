// The options of a search: what is on the page as the question's fields, and back.

import { el, finder } from "./dom.js";

/** @import { SearchQuery } from "../types.js" */

const LEVELS = ["video", "frame", "patch"];

const SAID = 0.2;

export class Options {
  onchange = () => {};

  /** @param {HTMLElement} element */
  constructor(element) {
    const $ = finder(element);
    this.$ = $;
    this.summary = $("search-options-set");
    $("search-options").addEventListener("change", () => {
      this.summarise();
      this.onchange();
    });
  }

  /** The field of an option. @param {string} name */
  field(name) {
    return /** @type {HTMLInputElement} */ (/** @type {HTMLElement} */ (this.$(`opt-${name}`)));
  }

  /** @param {readonly string[]} names */
  labels(names) {
    const select = this.$("opt-label", "select");
    const chosen = select.value;
    select.replaceChildren(
      el("option", { value: "", text: "any" }),
      ...names.map((name) => el("option", { value: name, text: name })),
    );
    select.value = names.includes(chosen) ? chosen : "";
  }

  read() {
    const value = (/** @type {string} */ name) => this.field(name).value;
    const number = (/** @type {string} */ name) => (value(name) === "" ? null : Math.max(0, Number(value(name))));
    const levels = LEVELS.map(number);
    const annotated = value("annotated");
    return {
      filters: {
        name: value("name").trim(),
        label: value("label"),
        shortest: number("shortest"),
        longest: number("longest"),
        annotated: annotated === "" ? null : annotated === "yes",
      },
      said_weight: number("said"),
      levels: levels.some(Boolean) ? levels : null,
      even: this.field("even").checked,
    };
  }

  /** @param {Partial<SearchQuery>} options */
  write({ filters = {}, said_weight: said, levels, even }) {
    const { annotated } = filters;
    for (const name of /** @type {const} */ (["name", "label", "shortest", "longest"])) {
      this.field(name).value = String(filters[name] ?? "");
    }
    this.field("annotated").value = annotated === true ? "yes" : annotated === false ? "no" : "";
    this.field("said").value = String(said ?? SAID);
    LEVELS.forEach((name, i) => (this.field(name).value = String(levels?.[i] ?? 0)));
    this.field("even").checked = Boolean(even);
    this.summarise();
  }

  /** How many differ from what they are at first. */
  count() {
    const { filters, said_weight: said, levels, even } = this.read();
    return (
      Object.values(filters).filter((v) => v !== null && v !== "").length +
      Number(said !== SAID) +
      Number(Boolean(levels)) +
      Number(even)
    );
  }

  summarise() {
    this.summary.textContent = this.count() ? `(${this.count()} set)` : "";
  }
}
