// Beside the map: which moments are chosen, with a link to each, and the colours, by which many are chosen at once.

import { KINDS } from "../model/map-points.js";
import { addressOf, follow } from "../router.js";
import { sureness } from "./certainty.js";
import { clock, el, finder, redraw } from "./dom.js";

/** @import { Coloured, MapPoints, Moment } from "../model/map-points.js" */

/** What the panel asks of the page.
 * @typedef {object} PanelActions
 * @property {(rows: Iterable<number>, isChosen: boolean) => void} choose or no longer
 * @property {(row: number, isChosen: boolean) => void} toggle one of the list, which stays in it
 */

const SHOWN = 60;
const NOTHING = "Nothing is chosen. Drag around points, or choose all of a colour below.";
/** @type {{ [kind in Moment["kind"]]: [string, string] }} one, several */
const NAMES = {
  footage: ["stretch of footage", "stretches of footage"],
  annotation: ["annotation", "annotations"],
  prediction: ["prediction", "predictions"],
  rejected: ["rejected prediction", "rejected predictions"],
};
const TITLES = {
  cluster: "Clusters that look alike",
  label: "Labels",
  sure: "How sure the models are, where that was measured",
  video: "Videos",
};

export class MapPanel {
  /**
   * @param {HTMLElement} element
   * @param {PanelActions} actions
   */
  constructor(element, actions) {
    const $ = finder(element);
    this.actions = actions;
    this.summary = $("map-chosen");
    this.list = $("map-list");
    this.title = $("map-groups-title");
    this.legend = $("map-groups");
  }

  /**
   * @param {MapPoints} points
   * @param {ReadonlySet<number>} listed
   * @param {ReadonlySet<number>} selected of them
   */
  showChosen(points, listed, selected) {
    this.summary.textContent = selected.size ? `Chosen: ${wordsOf(points, selected)}.` : NOTHING;
    const rows = [...listed].slice(0, SHOWN);
    const more = listed.size - rows.length;
    redraw(
      this.list,
      ...rows.map((row) => this.#item(points.moment(row), row, selected.has(row))),
      more ? el("li", { class: "muted", text: `and ${more} more` }) : null,
    );
  }

  /**
   * @param {keyof typeof TITLES} by
   * @param {readonly Coloured[]} groups
   * @param {ReadonlySet<number>} selected
   */
  showGroups(by, groups, selected) {
    this.title.textContent = TITLES[by];
    redraw(
      this.legend,
      ...groups.map(({ name, colour, rows }, at) => {
        const isChosen = selected.size > 0 && rows.every((row) => selected.has(row));
        const swatch = el("i", { "aria-hidden": "true" });
        swatch.style.background = colour;
        return el(
          "li",
          {},
          swatch,
          el("span", { class: "name", title: name, text: name }),
          el("span", { class: "muted", text: String(rows.length) }),
          el("button", {
            class: "link",
            type: "button",
            "data-key": `group ${at}`,
            "aria-label": `${isChosen ? "Unchoose" : "Choose"} ${name}`,
            text: isChosen ? "Unchoose" : "Choose",
            onclick: () => this.actions.choose(rows, !isChosen),
          }),
        );
      }),
    );
  }

  /**
   * @param {Moment} moment
   * @param {number} row
   * @param {boolean} isChosen
   */
  #item(moment, row, isChosen) {
    const { name, start, end, label, video, sure } = moment;
    const when = `${clock(start, 1)}–${clock(end, 1)}`;
    return el(
      "li",
      { "data-moment": moment.kind },
      el("input", {
        type: "checkbox",
        checked: isChosen,
        "data-key": `moment ${row}`,
        "aria-label": `Chosen: ${label || NAMES[moment.kind][0]}, ${name}, ${when}`,
        onchange: () => this.actions.toggle(row, !isChosen),
      }),
      el("img", { src: pictureOf(moment), alt: "", loading: "lazy" }),
      el(
        "div",
        { class: "what" },
        el("a", {
          href: addressOfMoment(moment),
          dir: "auto",
          title: name,
          text: label || name,
          "data-video": video,
          onclick: follow,
        }),
        el("span", {
          class: "muted",
          text: [when, NAMES[moment.kind][0], sure === null ? "" : sureness(sure / 100)].filter(Boolean).join(" · "),
        }),
      ),
    );
  }
}

/** How many of what is chosen. @param {MapPoints} points @param {ReadonlySet<number>} selected */
export function wordsOf(points, selected) {
  /** @type {Map<Moment["kind"], number>} */
  const counts = new Map();
  for (const row of selected) {
    const kind = KINDS[points.kind[row]];
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].map(([kind, count]) => `${count} ${NAMES[kind][count === 1 ? 0 : 1]}`).join(", ");
}

/** What is said of a point under the pointer. @param {Moment} moment */
export function textOf({ kind, name, start, end, label, sure }) {
  const certainty = sure === null ? "" : ` · ${sureness(sure / 100)}`;
  return [label, name, `${clock(start, 1)}–${clock(end, 1)} · ${NAMES[kind][0]}${certainty}`]
    .filter(Boolean)
    .join("\n");
}

/** The picture in the middle of a moment. @param {Moment} moment */
export const pictureOf = ({ video, start, end }) => `/thumbnail/${video}?t=${((start + end) / 2).toFixed(2)}`;

/** Where a moment is opened; a stretch of footage as what was found, to be accepted there. @param {Moment} moment */
export const addressOfMoment = ({ kind, video, start, end }) =>
  addressOf("annotate", { video, t: start, ...(kind === "footage" && { end }) });
