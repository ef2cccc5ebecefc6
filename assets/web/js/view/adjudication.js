// The panel in which somebody goes through what two annotators marked differently, and takes one, the other, or a third.

import { clock, counted, el, finder, targetOf } from "./dom.js";

/** @import { Compared } from "../types.js" */
/** @import { Adjudication, Side } from "../model/adjudication.js" */

/** @type {{ [kind in Compared["kind"]]: (one: string, other: string) => string }} */
const KINDS = {
  same: () => "the same",
  boundary: () => "other boundaries",
  label: () => "other label",
  one: (one) => `only ${one}`,
  other: (_, other) => `only ${other}`,
};

/** What the panel can ask of the page.
 * @typedef {object} AdjudicationActions
 * @property {(found: Compared, span: { start: number, end: number }) => void} show brings a difference to the front
 * @property {(span: { start: number, end: number }) => { start: number, end: number }} spanOf the times for a third: those
 *   that are marked, else those given
 * @property {(id: string) => void} choose an annotation, to change it
 * @property {(text: string) => void} say
 * @property {() => void} close
 */

export class AdjudicationPanel {
  /** @type {Adjudication | null} */
  adjudication = null;
  /** @type {Compared | null} */
  current = null;

  /**
   * @param {HTMLElement} box
   * @param {AdjudicationActions} actions
   */
  constructor(box, actions) {
    const $ = finder(box);
    this.$ = $;
    this.actions = actions;
    this.list = $("adjudication-list");
    this.list.addEventListener("click", (event) => {
      const option = /** @type {HTMLElement | null} */ (targetOf(event).closest("[data-at]"));
      if (option) this.#choose(this.adjudication?.differences[Number(option.dataset.at)] ?? null);
    });
    this.list.addEventListener("keydown", (event) => this.#onKey(event));
    $("take-one").addEventListener("click", () => this.#take("one"));
    $("take-other").addEventListener("click", () => this.#take("other"));
    $("take-third").addEventListener("click", () => this.#draw());
    $("take-agreed").addEventListener("click", () => {
      const count = this.adjudication?.takeAgreed();
      if (count) actions.say(`${counted(count, "segment")} taken that both marked the same.`);
    });
    $("adjudication-close").addEventListener("click", () => actions.close());
  }

  /** @param {Adjudication | null} adjudication null: it is over */
  show(adjudication) {
    this.adjudication = adjudication;
    this.current = null;
    if (!adjudication) return;
    this.#choose(adjudication.undecided[0] ?? adjudication.differences[0] ?? null);
    this.list.focus();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    /** @type {{ [key: string]: () => void }} */
    const keys = {
      ArrowDown: () => this.#step(1),
      ArrowUp: () => this.#step(-1),
      n: () => this.#step(1),
      p: () => this.#step(-1),
      1: () => this.#take("one"),
      2: () => this.#take("other"),
      3: () => this.#draw(),
    };
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation(); // elsewhere a digit is a label
    act();
  }

  /** @param {number} by */
  #step(by) {
    const all = this.adjudication?.differences ?? [];
    const at = all.findIndex((found) => found === this.current) + by;
    if (all[at]) this.#choose(all[at]);
  }

  /** @param {Compared | null} found */
  #choose(found) {
    this.current = found;
    this.update();
    if (found && this.adjudication) this.actions.show(found, this.adjudication.span(found));
  }

  /** @param {Side} side */
  #take(side) {
    const { adjudication, current } = this;
    if (!adjudication || !current) return;
    adjudication.take(current, side);
    this.#next();
  }

  #draw() {
    const { adjudication, current } = this;
    if (!adjudication || !current) return;
    const id = adjudication.draw(current, this.actions.spanOf(adjudication.span(current)));
    if (id) this.actions.choose(id);
  }

  /** The next difference that is not decided, from the current one on, then from the first. */
  #next() {
    const { adjudication, current } = this;
    if (!adjudication || !current) return;
    const { differences, undecided } = adjudication;
    const later = differences.slice(differences.indexOf(current) + 1);
    const next = later.find((found) => !adjudication.isDecided(found)) ?? undecided[0];
    if (next) this.#choose(next);
    else {
      this.update();
      this.actions.say("All differences are decided.");
    }
  }

  /** Draw anew what is decided. */
  update() {
    const { adjudication, current, $ } = this;
    if (!adjudication) return;
    const { names, differences, agreed, agreement } = adjudication;
    const [one, other] = [names.one || "no name", names.other || "no name"];
    const number = (/** @type {number | null} */ value) => (value === null ? "–" : value.toFixed(2));
    const left = agreement.left_out
      ? ` ${counted(agreement.left_out, "segment")} that both worked on not counted.`
      : "";
    $("adjudication-summary").textContent =
      `${one} and ${other}: IoU ${number(agreement.iou)}, κ ${number(agreement.kappa)}, ` +
      `${agreed.length} the same, ${counted(differences.length, "difference")}, ` +
      `${adjudication.undecided.length} not decided.${left}`;
    const open = agreed.filter((found) => !adjudication.isDecided(found)).length;
    $("take-agreed").textContent = `Take what agrees (${open})`;
    $("take-agreed").hidden = !open;
    const takes = (/** @type {Side} */ side, /** @type {string} */ name) =>
      current && !adjudication.of(current, side) ? `${name}: leave out` : name;
    $("take-one").textContent = `1 ${takes("one", one)}`;
    $("take-other").textContent = `2 ${takes("other", other)}`;
    for (const id of ["take-one", "take-other", "take-third"]) $(id, "button").disabled = !current;
    this.list.replaceChildren(
      ...differences.map((found, at) => {
        const labels = [adjudication.of(found, "one"), adjudication.of(found, "other")].flatMap((a) =>
          a ? [a.label] : [],
        );
        return el(
          "li",
          {
            role: "option",
            id: `difference-${at}`,
            "data-at": at,
            "data-kind": found.kind,
            "data-decided": String(adjudication.isDecided(found)),
            "aria-selected": String(found === current),
          },
          el("span", { class: "when mono", text: clock(adjudication.span(found).start, 1) }),
          el("span", {
            class: "what",
            dir: "auto",
            text: `${adjudication.isDecided(found) ? "✓ " : ""}${[...new Set(labels)].join(" / ") || "(no label)"}`,
          }),
          el("span", { class: "where muted", dir: "auto", text: `${KINDS[found.kind](one, other)} · ${found.track}` }),
        );
      }),
    );
    const chosen = this.list.querySelector('[aria-selected="true"]');
    if (chosen) this.list.setAttribute("aria-activedescendant", chosen.id);
    else this.list.removeAttribute("aria-activedescendant");
    chosen?.scrollIntoView({ block: "nearest" });
  }
}
