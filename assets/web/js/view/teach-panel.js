// A label to be learned from what people marked with it, and found in the library.

import { addressOf, follow } from "../router.js";
import { call } from "../sync/api.js";
import { currentUser } from "../sync/current-user.js";
import { counted, el } from "./dom.js";

/** @import { Server } from "../types.js" */
/** @import { Workspace } from "../annotate/workspace.js" */
/** @import { Find } from "./dom.js" */

export class TeachPanel {
  /**
   * @param {Find} $
   * @param {Server} server
   * @param {Workspace} workspace
   */
  constructor($, server, workspace) {
    this.server = server;
    this.workspace = workspace;
    this.choice = $("teach-label", "select");
    this.button = $("teach-go", "button");
    this.deeper = $("teach-deeper", "input");
    /** @type {{ track: string, label: string }[]} */
    this.labels = [];
    $("teach", "details").addEventListener("toggle", (event) => {
      if (/** @type {HTMLDetailsElement} */ (event.currentTarget).open) this.list();
    });
    this.button.addEventListener("click", () => this.teach());
    this.link = $("teach-review", "a");
    this.link.addEventListener("click", follow);
    this.choice.addEventListener("change", () => this.#point());
  }

  /** The labels in use, as they are now. */
  async list() {
    const request = { annotator: currentUser() };
    const found = await this.workspace.attempt(() => call(this.server, "teachable", request));
    if (!found) return;
    const before = this.#chosen;
    this.labels = found.labels;
    this.choice.replaceChildren(
      ...found.labels.map(({ track, label, moments, videos }, i) =>
        el("option", {
          value: String(i),
          text: `${label} (${track}): ${counted(moments, "moment")} in ${counted(videos, "video")}`,
        }),
      ),
    );
    if (!found.labels.length) this.choice.append(el("option", { value: "", text: "nothing is labelled yet" }));
    const again = this.labels.findIndex(({ track, label }) => track === before?.track && label === before.label);
    if (this.labels.length) this.choice.value = String(Math.max(again, 0));
    this.button.disabled = !found.labels.length;
    this.#point();
  }

  /** What is chosen of them; undefined before they are listed. */
  get #chosen() {
    return this.choice.value === "" ? undefined : this.labels[Number(this.choice.value)];
  }

  /** The link leads to what the chosen label is found in. */
  #point() {
    const { label, track } = this.#chosen ?? {};
    this.link.href = addressOf("review", { label, track });
  }

  async teach() {
    const { doc } = this.workspace;
    const chosen = this.#chosen;
    if (!doc || !chosen) return;
    const { label, track } = chosen;
    const request = { label, track, deeper: this.deeper.checked, annotator: currentUser() };
    if (await this.workspace.attempt(() => call(this.server, "teach", request))) doc.catchUp();
  }
}
