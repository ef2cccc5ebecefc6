// The options of a search: what is on the page as the question's fields, and back.

import { el, finder } from "./dom.js";

/** @import { SearchQuery } from "../types.js" */

const LEVELS = ["video", "frame", "patch"];

const SAID = 0.2;

/** The options of a question as an address says them; null for those that are as they are at first.
 * @param {Partial<SearchQuery>} question
 */
export function parametersOf({ filters = {}, said_weight: said, levels, even }) {
  const { name, label, shortest, longest, annotated } = filters;
  return {
    name: name || null,
    label: label || null,
    shortest: shortest || null,
    longest: longest ?? null,
    annotated: annotated === true ? "yes" : annotated === false ? "no" : null,
    said: said === undefined || said === null || said === SAID ? null : String(said),
    levels: levels?.some(Boolean) ? levels.map((weight) => weight ?? 0).join(",") : null,
    even: even ? "yes" : null,
  };
}

/** The inverse of `parametersOf`; numbers that are none are as good as nothing.
 * @param {URLSearchParams} query
 * @returns {Pick<SearchQuery, "filters" | "said_weight" | "levels" | "even">}
 */
export function optionsIn(query) {
  const number = (/** @type {string | null} */ text) =>
    text !== null && text !== "" && Number(text) >= 0 ? Number(text) : null;
  const annotated = query.get("annotated");
  const levels = (query.get("levels") ?? "").split(",").map(number);
  return {
    filters: {
      name: query.get("name") ?? "",
      label: query.get("label") ?? "",
      shortest: number(query.get("shortest")),
      longest: number(query.get("longest")),
      annotated: annotated === "yes" ? true : annotated === "no" ? false : null,
    },
    said_weight: number(query.get("said")),
    levels: levels.length === LEVELS.length ? levels : null,
    even: query.get("even") === "yes",
  };
}

export class Options {
  onchange = () => {};
  /** A label that is wanted before it is known which there are. */
  #label = "";

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
    const chosen = select.value || this.#label;
    this.#label = "";
    select.replaceChildren(
      el("option", { value: "", text: "any" }),
      ...names.map((name) => el("option", { value: name, text: name })),
    );
    select.value = names.includes(chosen) ? chosen : "";
    this.summarise();
  }

  read() {
    const value = (/** @type {string} */ name) => this.field(name).value;
    const number = (/** @type {string} */ name) => (value(name) === "" ? null : Math.max(0, Number(value(name))));
    const levels = LEVELS.map(number);
    const annotated = value("annotated");
    return {
      filters: {
        name: value("name").trim(),
        label: value("label") || this.#label,
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
    this.#label = this.field("label").value ? "" : (filters.label ?? "");
    this.field("annotated").value = annotated === true ? "yes" : annotated === false ? "no" : "";
    this.field("said").value = String(said ?? SAID);
    LEVELS.forEach((name, i) => (this.field(name).value = String(levels?.[i] ?? 0)));
    this.field("even").checked = Boolean(even);
    this.summarise();
  }

  /** What differs from what it is at first, as an address says it: every name is there, so that what is not set goes. */
  parameters() {
    return parametersOf(this.read());
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
