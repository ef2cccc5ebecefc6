// The names beside the rows of the timeline, each with a menu: collapse, hide, only this, lock, move, resize.

import { el } from "./dom.js";
import { openMenu } from "./menu.js";
import { RULER_H } from "./ruler.js";

export class Gutter extends EventTarget {
  constructor(box, rowLayout) {
    super();
    Object.assign(this, { box, rowLayout });
    this.tracks = [];
  }

  update({ rows, tracks }, overview) {
    const focused = document.activeElement?.closest?.(".gutter-row")?.dataset.row;
    const part = document.activeElement?.className;
    this.tracks = tracks;
    const head = el("div", { class: "gutter-head" });
    head.style.height = `${RULER_H + overview}px`;
    this.box.replaceChildren(head, ...rows.map((row) => this.cell(row)));
    if (focused)
      this.box
        .querySelector(`.gutter-row[data-row="${CSS.escape(focused)}"] .${CSS.escape(part.split(" ")[0] || "name")}`)
        ?.focus();
  }

  cell(row) {
    const isTrack = row.kind === "track";
    const cell = el("div", {
      class: `gutter-row ${row.kind}${row.collapsed ? " collapsed" : ""}`,
      title: row.name,
      "data-row": row.key,
    });
    cell.style.height = `${row.height}px`;
    cell.append(
      isTrack
        ? el("button", {
            class: "name",
            type: "button",
            dir: "auto",
            text: row.name,
            onclick: () => this.dispatchEvent(new CustomEvent("pick", { detail: row.name })),
          })
        : el("span", { class: "name", dir: "auto", text: row.name }),
    );
    if (row.locked)
      cell.append(el("span", { class: "lock", text: "🔒", title: "Locked: nothing in this row can be changed" }));
    if (row.graph) {
      cell.append(
        el("button", {
          class: "graph",
          type: "button",
          text: "∿",
          title: "Show or hide the scores over time",
          "aria-label": `Scores of ${row.name} over time`,
          "aria-pressed": String(Boolean(this.rowLayout.get(row.key).graph)),
          onclick: () => this.rowLayout.toggle(row.key, "graph"),
        }),
      );
    }
    if (row.kind !== "graph") {
      cell.append(
        el("button", {
          class: "more",
          type: "button",
          text: "⋯",
          "aria-label": `Row ${row.name}`,
          "aria-haspopup": "menu",
          "aria-expanded": "false",
          onclick: (event) => this.menu(event.currentTarget, row),
        }),
      );
    }
    return cell;
  }

  menu(anchor, row) {
    const { rowLayout, tracks } = this;
    const state = rowLayout.get(row.key);
    const isTrack = row.kind === "track";
    const at = tracks.indexOf(row.key);
    const track = isTrack
      ? [
          ["Collapse", () => rowLayout.toggle(row.key, "collapsed"), { checked: Boolean(state.collapsed) }],
          ["Lock", () => rowLayout.toggle(row.key, "locked"), { checked: Boolean(state.locked) }],
          null,
          ["Move up", () => rowLayout.move(row.key, -1, tracks), { disabled: at <= 0 }],
          ["Move down", () => rowLayout.move(row.key, 1, tracks), { disabled: at === tracks.length - 1 }],
        ]
      : [];
    openMenu(
      anchor,
      [
        ...track,
        ["Taller", () => rowLayout.resize(row.key, 1), { disabled: state.collapsed || (state.size ?? 1) >= 3 }],
        ["Shorter", () => rowLayout.resize(row.key, -1), { disabled: state.collapsed || (state.size ?? 1) <= 0 }],
        null,
        ["Only this row", () => rowLayout.only(row.key), { checked: rowLayout.solo === row.key }],
        ["Hide", () => rowLayout.toggle(row.key, "hidden"), { disabled: rowLayout.solo === row.key }],
      ],
      `Row ${row.name}`,
      () => this.box.querySelector(`.gutter-row[data-row="${CSS.escape(row.key)}"] .more`),
    );
  }
}

// The rows that there are, each to show or to hide.
export function rowsMenu(anchor, names, rowLayout) {
  openMenu(
    anchor,
    [
      ["Show all rows", () => rowLayout.showAll()],
      null,
      ...names.map((name) => [
        name,
        () => (rowLayout.solo ? rowLayout.only(name) : rowLayout.toggle(name, "hidden")),
        { checked: rowLayout.isShown(name) },
      ]),
    ],
    "Rows",
  );
}
