// What was found in annotations, as a file: which format, and what it has no place for.

import { call, messageOf } from "../sync/api.js";
import { currentUser } from "../sync/current-user.js";
import { el, finder, toast } from "./dom.js";

/** @import { FindQuestion, Server } from "../types.js" */

export class FoundExport {
  /** @type {FindQuestion | null} */
  #question = null;
  /** Counts what is asked about losses: an answer is of use until the next question. */
  #turn = 0;

  /** @param {HTMLDialogElement} dialog @param {Server} server */
  constructor(dialog, server) {
    const $ = finder(dialog);
    this.dialog = dialog;
    this.server = server;
    this.format = $("find-export-format", "select");
    this.lost = $("find-export-lost");
    this.go = $("find-export-go", "a");
    this.format.addEventListener("change", () => this.#showLosses());
    this.go.addEventListener("click", () => dialog.close());
  }

  /** @param {FindQuestion} question */
  async show(question) {
    this.#question = question;
    try {
      if (!this.format.options.length) {
        const { formats } = await call(this.server, "found_preview", this.#request("moments"));
        this.format.append(...formats.map(({ name, title }) => el("option", { value: name, text: title })));
      }
      this.dialog.showModal();
      await this.#showLosses();
    } catch (error) {
      toast(messageOf(error), "error");
    }
  }

  /** @param {string} format */
  #request(format) {
    return { question: /** @type {FindQuestion} */ (this.#question), format, annotator: currentUser() };
  }

  async #showLosses() {
    const format = this.format.value;
    const turn = ++this.#turn;
    const { question, annotator } = this.#request(format);
    this.go.href = `/found?${new URLSearchParams({ question: JSON.stringify(question), format, annotator })}`;
    try {
      const { lost } = await call(this.server, "found_preview", this.#request(format));
      if (turn !== this.#turn) return; // another question or format was chosen since
      this.lost.replaceChildren(
        ...(lost.length
          ? [
              el("p", { text: "This format cannot store everything:" }),
              el("ul", {}, ...lost.map((text) => el("li", { text }))),
            ]
          : [el("p", { class: "muted", text: "This format stores everything that was found." })]),
      );
    } catch (error) {
      if (turn !== this.#turn) return;
      this.lost.replaceChildren(el("p", { class: "error", text: messageOf(error) }));
    }
  }
}
