// The dialog about who annotates a video: whether they see each other's work, who is done, and the comparison of two.

import { call, messageOf } from "../sync/api.js";
import { currentUser } from "../sync/current-user.js";
import { counted, el, finder } from "./dom.js";

/** @import { LayerFacts, LayersOfVideo, Server } from "../types.js" */
/** @import { VideoDocument } from "../document/video-document.js" */

const NAMELESS = "(no name)";

export class AnnotatorsDialog {
  /** @type {VideoDocument | null} */
  doc = null;

  /**
   * @param {HTMLDialogElement} dialog
   * @param {Server} server
   * @param {(one: string, other: string) => unknown} compare two annotators by name
   */
  constructor(dialog, server, compare) {
    const $ = finder(dialog);
    this.$ = $;
    this.dialog = dialog;
    this.server = server;
    this.independent = $("independent", "input");
    this.done = $("own-done", "input");
    this.sides = /** @type {const} */ ([$("compare-one", "select"), $("compare-other", "select")]);
    $("compare-go").addEventListener("click", () => {
      dialog.close();
      compare(this.sides[0].value, this.sides[1].value);
    });
    this.independent.addEventListener("change", () =>
      this.#ask("set_independent", { independent: this.independent.checked }),
    );
    this.done.addEventListener("change", () => this.#ask("set_done", { done: this.done.checked }));
  }

  /** @param {VideoDocument} doc */
  async show(doc) {
    this.doc = doc;
    await this.#ask("annotators", {});
    if (!this.dialog.open) this.dialog.showModal();
  }

  /** Ask or say something, and show how it is now.
   * @param {"annotators" | "set_independent" | "set_done"} name
   * @param {{ independent?: boolean, done?: boolean }} more
   */
  async #ask(name, more) {
    const { doc } = this;
    if (!doc) return;
    const message = this.$("annotators-message");
    message.textContent = "";
    const request = /** @type {any} */ ({ video: doc.id, annotator: currentUser(), ...more });
    try {
      this.#draw(await call(this.server, name, request));
      doc.catchUp();
    } catch (error) {
      message.textContent = messageOf(error);
      if (name !== "annotators") this.#draw(await call(this.server, "annotators", request));
    }
  }

  /** @param {LayersOfVideo} layers */
  #draw({ independent, fixed, annotators }) {
    this.independent.checked = independent;
    this.independent.disabled = fixed !== "";
    this.$("independent-fixed").textContent = fixed;
    this.done.checked = annotators.some((each) => each.annotator === currentUser() && each.done !== "");
    const names = annotators.filter((each) => each.annotations).map((each) => each.annotator);
    this.$("compare-row").hidden = names.length < 2;
    this.sides.forEach((select, side) =>
      select.replaceChildren(
        ...names.map((name, i) => el("option", { value: name, text: name || NAMELESS, selected: i === side })),
      ),
    );
    this.$("annotators-list").replaceChildren(
      ...(annotators.length
        ? annotators.map(row)
        : [el("li", { class: "muted", text: "Nobody has annotated this video yet." })]),
    );
  }
}

/** @param {LayerFacts} facts */
function row({ annotator, annotations, boxes, curves, decided, done }) {
  const made = [
    counted(annotations, "annotation"),
    boxes && counted(boxes, "box track"),
    curves && counted(curves, "curve"),
    `${counted(decided, "prediction")} decided`,
  ];
  return el(
    "li",
    { "data-annotator": annotator },
    el("b", { dir: "auto", text: annotator || NAMELESS }),
    el("span", { class: "muted", text: ` ${made.filter(Boolean).join(", ")}` }),
    done ? el("span", { class: "tag", text: "done", title: new Date(done).toLocaleString() }) : null,
  );
}
