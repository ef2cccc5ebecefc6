// The options of a search: what is on the page as the question's fields, and back.

import { el } from "./dom.js";

const SAID = 0.2;

export class Options {
  constructor(element) {
    this.field = (name) => element.querySelector(`#opt-${name}`);
    this.summary = element.querySelector("#search-options-set");
    this.onchange = () => {};
    element.querySelector("#search-options").addEventListener("change", () => {
      this.summarise();
      this.onchange();
    });
  }

  labels(names) {
    const select = this.field("label");
    const chosen = select.value;
    select.replaceChildren(
      el("option", { value: "", text: "any" }),
      ...names.map((name) => el("option", { value: name, text: name })),
    );
    select.value = names.includes(chosen) ? chosen : "";
  }

  read() {
    const value = (name) => this.field(name).value;
    const number = (name) => (value(name) === "" ? null : Math.max(0, Number(value(name))));
    const levels = ["video", "frame", "patch"].map(number);
    return {
      filters: {
        name: value("name").trim(),
        label: value("label"),
        shortest: number("shortest"),
        longest: number("longest"),
        annotated: { yes: true, no: false }[value("annotated")] ?? null,
      },
      said_weight: number("said"),
      levels: levels.some(Boolean) ? levels : null,
      even: this.field("even").checked,
    };
  }

  write({ filters = {}, said_weight: said, levels, even }) {
    for (const name of ["name", "label", "shortest", "longest"]) this.field(name).value = filters[name] ?? "";
    this.field("annotated").value = filters.annotated === true ? "yes" : filters.annotated === false ? "no" : "";
    this.field("said").value = said ?? SAID;
    ["video", "frame", "patch"].forEach((name, i) => (this.field(name).value = levels?.[i] ?? 0));
    this.field("even").checked = Boolean(even);
    this.summarise();
  }

  // How many differ from what they are at first.
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
