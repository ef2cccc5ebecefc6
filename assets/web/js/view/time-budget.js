// How the time of a library is spent: a table of the labels, and what follows what as a map of heat.

import { call } from "../sync/api.js";
import { currentUser } from "../sync/current-user.js";
import { clock, counted, el, finder } from "./dom.js";
import { drawMatrix } from "./plotly.js";

/** @import { Server, TimeBudget } from "../types.js" */
/** @import { Table } from "../overview.js" */

const EVERYBODY = "*";
const NOTHING = "Nothing is labelled here yet.";
const HEADS = ["Row", "Label", "Times", "Together", "Each", "Share", "Per minute"];

export class TimeBudgetPanel {
  #turn = 0;

  /**
   * @param {HTMLElement} element the page
   * @param {Server} server
   * @param {Table} table
   */
  constructor(element, server, table) {
    this.$ = finder(element);
    this.server = server;
    this.table = table;
    this.track = this.$("budget-track", "select");
    this.of = this.$("budget-of", "select");
  }

  /** @param {() => unknown} changed */
  listen(changed) {
    this.track.addEventListener("change", changed);
    this.of.addEventListener("change", changed);
  }

  async show() {
    const turn = ++this.#turn;
    const { $, track, of } = this;
    const [row, person] = [track.value, of.value];
    const found = await call(this.server, "time_budget", {
      track: row,
      of: person === EVERYBODY ? null : person,
      annotator: currentUser(),
    });
    if (turn !== this.#turn) return; // something else was chosen since
    const option = (/** @type {string} */ value, /** @type {string} */ text, /** @type {string} */ chosen) =>
      el("option", { value, text, selected: value === chosen });
    track.replaceChildren(option("", "all rows", row), ...found.tracks.map((name) => option(name, name, row)));
    of.replaceChildren(
      option(EVERYBODY, "everybody", person),
      ...found.annotators.map((name) => option(name, name || "(no name)", person)),
    );
    const { labels, transitions } = found;
    $("budget-message").textContent = labels.length
      ? `${clock(found.observed, 0)} observed in ${counted(found.videos, "video")}; a video counts once for each row and annotator.`
      : NOTHING;
    const box = $("budget-table");
    box.replaceChildren(...(labels.length ? [this.table(HEADS, labels.map(cellsOf))] : []));
    if (box.scrollWidth > box.clientWidth)
      box.tabIndex = 0; // nothing in it takes the focus, and it is moved by keys
    else box.removeAttribute("tabindex");
    for (const [id, rows, csv] of /** @type {const} */ ([
      ["budget-csv", labels, found.csv.labels],
      ["transitions-csv", transitions, found.csv.transitions],
    ])) {
      const link = $(id, "a");
      URL.revokeObjectURL(link.href);
      link.hidden = !rows.length;
      link.href = URL.createObjectURL(new Blob([csv], { type: "text/csv" }));
    }
    await this.#draw(transitions);
  }

  /** @param {TimeBudget["transitions"]} transitions */
  async #draw(transitions) {
    const box = this.$("transitions-plot");
    box.hidden = !transitions.length;
    if (!transitions.length) return;
    const isOne = new Set(transitions.map((each) => each.track)).size === 1;
    const nameOf = (/** @type {string} */ track, /** @type {string} */ label) => (isOne ? label : `${track}: ${label}`);
    const pairs = transitions.map((each) => ({
      ...each,
      from: nameOf(each.track, each.label),
      to: nameOf(each.track, each.next),
    }));
    const names = [...new Set(pairs.flatMap((each) => [each.from, each.to]))];
    const counts = new Map(pairs.map((each) => [`${each.from}\n${each.to}`, each]));
    const at = (/** @type {string} */ from, /** @type {string} */ to) => counts.get(`${from}\n${to}`);
    await drawMatrix(
      box,
      names,
      {
        z: names.map((from) => names.map((to) => at(from, to)?.share ?? null)),
        text: names.map((from) => names.map((to) => String(at(from, to)?.count ?? ""))),
        zmin: 0,
        zmax: 1,
        texttemplate: "%{text}",
        hovertemplate: "%{y} → %{x}: %{text} times, %{z:.0%}<extra></extra>",
      },
      { cell: 36, below: 80, title: "what follows" },
    );
  }
}

/** @param {TimeBudget["labels"][number]} row */
function cellsOf({ track, label, count, total, mean, share, per_minute: rate }) {
  const isPoint = total === null;
  return [
    track,
    label,
    count,
    isPoint ? "points" : clock(total, 1),
    isPoint || mean === null ? null : `${mean.toFixed(2)} s`,
    isPoint || share === null ? null : `${(100 * share).toFixed(1)} %`,
    rate.toFixed(2),
  ];
}
