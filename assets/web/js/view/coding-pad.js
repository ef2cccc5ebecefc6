// A button for each point and state of the row that is meant, for hands without a keyboard; states that hold are pressed.

import { el, redraw } from "./dom.js";

/** @import { Workspace } from "../annotate/workspace.js" */
/** @import { Label } from "../types.js" */

export class CodingPad {
  /**
   * @param {HTMLElement} box hidden where there is nothing to press
   * @param {Pick<Workspace, "doc" | "track" | "live">} workspace
   */
  constructor(box, workspace) {
    this.box = box;
    this.workspace = workspace;
  }

  update() {
    const { doc, live } = this.workspace;
    const track = doc ? this.workspace.track() : "";
    const labels = (doc?.store.labels ?? []).filter(
      (each) => each.track === track && (each.kind === "point" || each.kind === "state"),
    );
    this.box.hidden = !labels.length;
    if (!labels.length) return;
    const holding = new Set(live.running.flatMap((state) => (state.track === track ? state.label : [])));
    redraw(this.box, ...labels.map((label) => this.#button(label, holding.has(label.label))));
  }

  /**
   * @param {Label} label
   * @param {boolean} holds
   */
  #button(label, holds) {
    const isState = label.kind === "state";
    return el(
      "button",
      {
        type: "button",
        "data-key": label.label,
        style: `--label: ${label.colour}`,
        title: isState ? (holds ? "Ends now" : "Begins now") : "Happens now",
        ...(isState && { "aria-pressed": String(holds) }),
        onclick: () => this.workspace.live.press(label),
      },
      el("span", { dir: "auto", text: label.label }),
      label.hotkey ? el("kbd", { text: label.hotkey }) : "",
    );
  }
}
