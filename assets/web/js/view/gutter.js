// The names beside the rows of the timeline, each with a menu: collapse, hide, only this, lock, move, resize.

import { Emitter } from "../emitter.js";
import { el } from "./dom.js";
import { openMenu } from "./menu.js";
import { RULER_H } from "./ruler.js";

/** @import { RowLayout } from "../model/row-layout.js" */
/** @import { Row } from "./layout.js" */
/** @import { MenuItem } from "./menu.js" */

/** pick: the name of a row was clicked; choose: all of a row is wanted. @extends {Emitter<{ pick: string, choose: string }>} */
export class Gutter extends Emitter {
  /** @type {readonly string[]} */
  tracks = [];

  /**
   * @param {HTMLElement} box
   * @param {RowLayout} rowLayout
   */
  constructor(box, rowLayout) {
    super();
    this.box = box;
    this.rowLayout = rowLayout;
  }

  /**
   * @param {{ rows: readonly Row[], tracks: readonly string[] }} layout
   * @param {number} overview height of the minimap in px
   */
  update({ rows, tracks }, overview) {
    const focused = /** @type {HTMLElement | null} */ (document.activeElement);
    const row = /** @type {HTMLElement | null | undefined} */ (focused?.closest?.(".gutter-row"))?.dataset.row;
    const part = focused?.className.split(" ")[0] || "name";
    this.tracks = tracks;
    const head = el("div", { class: "gutter-head" });
    head.style.height = `${RULER_H + overview}px`;
    this.box.replaceChildren(head, ...rows.map((each) => this.cell(each)));
    if (row) this.control(row, part)?.focus();
  }

  /**
   * @param {string} row
   * @param {string} part
   * @returns {HTMLElement | null}
   */
  control(row, part) {
    return this.box.querySelector(`.gutter-row[data-row="${CSS.escape(row)}"] .${CSS.escape(part)}`);
  }

  /** @param {Row} row */
  cell(row) {
    const { name, key } = row;
    const kind = `gutter-row ${row.kind}${row.collapsed ? " collapsed" : ""}`;
    const cell = el("div", { class: kind, title: name, "data-row": key });
    cell.style.height = `${row.height}px`;
    cell.append(
      row.kind === "track"
        ? el("button", {
            class: "name",
            type: "button",
            dir: "auto",
            text: name,
            onclick: () => this.emit("pick", name),
          })
        : el("span", { class: "name", dir: "auto", text: name }),
    );
    if (row.locked) {
      cell.append(el("span", { class: "lock", text: "🔒", title: "This row is locked" }));
    }
    if (row.graph) {
      cell.append(
        el("button", {
          class: "graph",
          type: "button",
          text: "∿",
          title: "Show or hide the scores over time",
          "aria-label": `Scores of ${name} over time`,
          "aria-pressed": String(Boolean(this.rowLayout.get(key).graph)),
          onclick: () => this.rowLayout.toggle(key, "graph"),
        }),
      );
    }
    if (row.kind !== "graph") {
      cell.append(
        el("button", {
          class: "more",
          type: "button",
          text: "⋯",
          "aria-label": `Row ${name}`,
          "aria-haspopup": "menu",
          "aria-expanded": "false",
          onclick: (event) => this.menu(event.currentTarget, row),
        }),
      );
    }
    return cell;
  }

  /**
   * @param {HTMLElement} anchor
   * @param {Row} row
   */
  menu(anchor, row) {
    const { rowLayout, tracks } = this;
    const { key } = row;
    const state = rowLayout.get(key);
    const at = tracks.indexOf(key);
    /** @type {MenuItem[]} */
    const track =
      row.kind === "track"
        ? [
            ["Collapse", () => rowLayout.toggle(key, "collapsed"), { checked: Boolean(state.collapsed) }],
            ["Lock", () => rowLayout.toggle(key, "locked"), { checked: Boolean(state.locked) }],
            ["Select its annotations", () => this.emit("choose", row.name)],
            null,
            ["Move up", () => rowLayout.move(key, -1, tracks), { disabled: at <= 0 }],
            ["Move down", () => rowLayout.move(key, 1, tracks), { disabled: at === tracks.length - 1 }],
          ]
        : [];
    openMenu(
      anchor,
      [
        ...track,
        ["Taller", () => rowLayout.resize(key, 1), { disabled: !rowLayout.canResize(key, 1) }],
        ["Shorter", () => rowLayout.resize(key, -1), { disabled: !rowLayout.canResize(key, -1) }],
        null,
        ["Only this row", () => rowLayout.only(key), { checked: rowLayout.solo === key }],
        ["Hide", () => rowLayout.toggle(key, "hidden"), { disabled: rowLayout.solo === key }],
      ],
      `Row ${row.name}`,
      () => this.control(key, "more"),
    );
  }
}

/** The menu of all rows, also of those that are hidden.
 * @param {HTMLElement} anchor
 * @param {readonly string[]} names
 * @param {RowLayout} rowLayout
 */
export function rowsMenu(anchor, names, rowLayout) {
  const show = (/** @type {string} */ name) =>
    rowLayout.solo ? rowLayout.only(name) : rowLayout.toggle(name, "hidden");
  openMenu(
    anchor,
    [
      ["Show all rows", () => rowLayout.showAll()],
      null,
      ...names.map((name) => /** @type {MenuItem} */ ([name, () => show(name), { checked: rowLayout.isShown(name) }])),
    ],
    "Rows",
  );
}
