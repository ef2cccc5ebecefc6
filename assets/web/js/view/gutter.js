// The names beside the rows of the timeline, each with a menu: collapse, hide, only this, lock, move, resize.

import { Emitter } from "../emitter.js";
import { namesOfRows } from "../model/row-layout.js";
import { el } from "./dom.js";
import { openMenu } from "./menu.js";
import { RULER_H } from "./ruler.js";

/** @import { RowLayout } from "../model/row-layout.js" */
/** @import { GraphRow, Row } from "./layout.js" */
/** @import { MenuItem } from "./menu.js" */

/** What the strip under the curve of a question shows. */
const STRIP = "Strip: a colour for frames that are alike";
const STRIP_TITLE = "The strip under the curve: one colour for frames that are alike, stronger where they fit better";

/** What a legend names: the colour of each class of a row.
 * @typedef {{ track: string, label: string }} Class
 */

/** pick: the name of a row was clicked; name: twice, to change it; choose: all of a row is wanted.
 * @extends {Emitter<{ pick: string, name: string, choose: string }>} */
export class Gutter extends Emitter {
  /** @type {(item: Class) => string} */
  colour = () => "";
  /** Of each row those among which it can be moved. @type {ReadonlyMap<string, readonly string[]>} */
  siblings = new Map();
  /** key → what a row is called among all rows. @type {ReadonlyMap<string, string>} */
  #said = new Map();

  /**
   * @param {HTMLElement} box
   * @param {RowLayout} rowLayout
   */
  constructor(box, rowLayout) {
    super();
    this.box = box;
    this.rowLayout = rowLayout;
    /** Whether a row is that of a person who is seen. @type {(row: string) => boolean} */
    this.isPerson = () => false;
  }

  /**
   * @param {{ rows: readonly Row[], names: readonly string[], siblings: ReadonlyMap<string, readonly string[]> }} layout
   * @param {number} overview height of the minimap in px
   * @param {(item: Class) => string} colour of a class
   */
  update({ rows, names, siblings }, overview, colour) {
    const focused = /** @type {HTMLElement | null} */ (document.activeElement);
    const row = /** @type {HTMLElement | null | undefined} */ (focused?.closest?.(".gutter-row"))?.dataset.row;
    const part = focused?.className.split(" ")[0] || "name";
    this.siblings = siblings;
    this.#said = new Map(namesOfRows(names).map((said, n) => [names[n], said]));
    this.colour = colour;
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
  #saidOf({ key, name }) {
    return this.#said.get(key) ?? name;
  }

  /** @param {Row} row */
  cell(row) {
    const { name, key } = row;
    const said = this.#saidOf(row);
    const kind = `gutter-row ${row.kind}${row.collapsed ? " collapsed" : ""}`;
    const cell = el("div", { class: kind, title: said, "data-row": key });
    cell.style.height = `${row.height}px`;
    if (row.kind === "track" && row.depth) cell.style.setProperty("--depth", String(row.depth));
    cell.append(
      row.kind === "track"
        ? el("button", {
            class: "name",
            type: "button",
            dir: "auto",
            text: name,
            onclick: () => this.emit("pick", name),
            ondblclick: () => this.emit("name", name),
          })
        : row.kind === "graph"
          ? this.legend(row)
          : el("span", { class: "name", dir: "auto", text: name }),
    );
    if (row.strip) cell.append(el("span", { class: "strip-legend", text: STRIP, title: STRIP_TITLE }));
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
          "aria-label": `Scores of ${said} over time`,
          "aria-pressed": String(Boolean(this.rowLayout.get(key).graph)),
          onclick: () => this.rowLayout.toggle(key, "graph"),
        }),
      );
    }
    if (row.kind === "layer") return cell; // it is there only while two annotators are compared
    cell.append(
      el("button", {
        class: "more",
        type: "button",
        text: "⋯",
        "aria-label": row.kind === "graph" ? `Scores of ${row.track}` : `Row ${said}`,
        "aria-haspopup": "menu",
        "aria-expanded": "false",
        onclick: (event) => this.menu(event.currentTarget, row),
      }),
    );
    if (row.kind === "graph" || row.kind === "curve" || row.kind === "trace") cell.append(this.edge(row));
    return cell;
  }

  /** Which colour is which class. @param {GraphRow} row */
  legend({ graphs }) {
    const item = (/** @type {Class} */ each) => {
      const swatch = el("i", { "aria-hidden": "true" });
      swatch.style.setProperty("background", this.colour(each));
      return el("span", {}, swatch, el("span", { dir: "auto", text: each.label }));
    };
    return el("span", { class: "name legend" }, ...graphs.map(item));
  }

  /** The lower edge of a row, to drag it taller or shorter. The cell is drawn anew while it is dragged, so the pointer is
   * followed in the window.
   * @param {Row} row
   */
  edge(row) {
    const { rowLayout } = this;
    const { key, height } = row;
    const usual = height / rowLayout.size(key);
    return el("div", {
      class: "edge",
      role: "separator",
      tabindex: 0,
      title: "Drag to make this row taller or shorter",
      "aria-orientation": "horizontal",
      "aria-label": `Height of ${this.#saidOf(row)}`,
      "aria-valuenow": Math.round(100 * rowLayout.size(key)),
      "aria-valuemin": 50,
      "aria-valuemax": 800,
      onkeydown: (/** @type {KeyboardEvent} */ event) => {
        const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
        if (!step) return;
        event.preventDefault();
        event.stopPropagation();
        rowLayout.stretch(key, rowLayout.size(key) + step * 0.25);
      },
      onpointerdown: (/** @type {PointerEvent} */ event) => {
        event.preventDefault();
        const move = (/** @type {PointerEvent} */ { clientY }) =>
          rowLayout.stretch(key, (height + clientY - event.clientY) / usual);
        const end = () => {
          window.removeEventListener("pointermove", move);
          for (const name of ["pointerup", "pointercancel"]) window.removeEventListener(name, end);
        };
        window.addEventListener("pointermove", move);
        for (const name of ["pointerup", "pointercancel"]) window.addEventListener(name, end);
      },
    });
  }

  /**
   * @param {HTMLElement} anchor
   * @param {Row} row
   */
  menu(anchor, row) {
    const { rowLayout } = this;
    const { key } = row;
    const state = rowLayout.get(key);
    if (row.kind === "graph") {
      openMenu(
        anchor,
        [...this.heights(key), null, ["Hide", () => rowLayout.toggle(row.track, "graph")]],
        `Scores of ${row.track}`,
        () => this.control(key, "more"),
      );
      return;
    }
    const beside = this.siblings.get(key) ?? [key];
    const at = beside.indexOf(key);
    /** @type {MenuItem} */
    const lock = ["Lock", () => rowLayout.toggle(key, "locked"), { checked: Boolean(state.locked) }];
    /** @type {MenuItem[]} */
    const moves = [
      ["Move up", () => rowLayout.move(key, -1, beside), { disabled: at <= 0 }],
      ["Move down", () => rowLayout.move(key, 1, beside), { disabled: at === beside.length - 1 }],
    ];
    /** @type {MenuItem} */
    const rename = ["Name the person…", () => this.emit("name", row.name)];
    /** @type {{ [kind: string]: MenuItem[] }} */
    const more = {
      track: [
        ...(this.isPerson(row.name) ? [rename, null] : []),
        ["Collapse", () => rowLayout.toggle(key, "collapsed"), { checked: Boolean(state.collapsed) }],
        lock,
        ["Select its annotations", () => this.emit("choose", row.name)],
        null,
        ...moves,
      ],
      trace: [lock, null, ...moves],
      speech: [lock, null],
    };
    openMenu(
      anchor,
      [
        ...(more[row.kind] ?? []),
        ...this.heights(key),
        null,
        ["Only this row", () => rowLayout.only(key), { checked: rowLayout.solo === key }],
        ["Hide", () => rowLayout.toggle(key, "hidden"), { disabled: rowLayout.solo === key }],
      ],
      `Row ${this.#saidOf(row)}`,
      () => this.control(key, "more"),
    );
  }

  /** @param {string} key @returns {MenuItem[]} */
  heights(key) {
    const { rowLayout } = this;
    return [
      ["Taller", () => rowLayout.resize(key, 1), { disabled: !rowLayout.canResize(key, 1) }],
      ["Shorter", () => rowLayout.resize(key, -1), { disabled: !rowLayout.canResize(key, -1) }],
    ];
  }
}

/** The menu of all rows, also of those that are hidden.
 * @param {HTMLElement} anchor
 * @param {readonly string[]} keys
 * @param {RowLayout} rowLayout
 */
export function rowsMenu(anchor, keys, rowLayout) {
  const show = (/** @type {string} */ key) => (rowLayout.solo ? rowLayout.only(key) : rowLayout.toggle(key, "hidden"));
  openMenu(
    anchor,
    [
      ["Show all rows", () => rowLayout.showAll()],
      null,
      ...namesOfRows(keys).map(
        (name, n) => /** @type {MenuItem} */ ([name, () => show(keys[n]), { checked: rowLayout.isShown(keys[n]) }]),
      ),
    ],
    "Rows",
  );
}
