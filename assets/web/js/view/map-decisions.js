// What is decided on the map about many moments at once: each is a step of its own, which a message takes back.

import { newId } from "../model/ids.js";
import { call, messageOf } from "../sync/api.js";
import { currentUser } from "../sync/current-user.js";
import { el, toast } from "./dom.js";

/** @import { Kind, Moment } from "../model/map-points.js" */
/** @import { Server, StepResult } from "../types.js" */
/** @import { Find } from "./dom.js" */

/** What the page says of itself, and what it does afterwards.
 * @typedef {object} DecisionActions
 * @property {(kind: Kind) => Moment[]} chosen of a kind
 * @property {() => string} words how many of what is chosen
 * @property {() => void} done what was chosen is decided
 * @property {() => Promise<void>} refresh
 */

const ROW = "Moments"; // of footage, where the schema names no row

export class MapDecisions {
  /**
   * @param {Find} $
   * @param {Server} server
   * @param {DecisionActions} actions
   */
  constructor($, server, actions) {
    this.server = server;
    this.actions = actions;
    this.dialog = $("map-labelling", "dialog");
    this.what = $("map-labelling-what");
    this.message = $("map-labelling-message");
    this.label = $("map-label-text", "input");
    this.row = $("map-row-text", "input");
    this.rowField = $("map-row");
    this.labels = $("map-labels");
    this.rows = $("map-rows");
    this.button = $("map-label-go", "button");
    $("map-label").addEventListener("click", () => this.#ask());
    $("map-reject").addEventListener("click", () => this.#reject());
    $("map-label-close").addEventListener("click", () => this.dialog.close());
    $("map-label-form", "form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#give();
    });
  }

  /** Ask for a label, with those in use to choose from. */
  async #ask() {
    this.message.textContent = "";
    this.what.textContent =
      `${this.actions.words()}. Annotations are renamed, predictions accepted under the label, ` +
      "footage is annotated.";
    this.rowField.hidden = !this.actions.chosen("footage").length;
    this.dialog.showModal();
    this.label.select();
    try {
      const { labels, rows } = await call(this.server, "label_choices", { annotator: currentUser() });
      const options = (/** @type {string[]} */ texts) => texts.map((value) => el("option", { value }));
      this.labels.replaceChildren(...options(labels));
      this.rows.replaceChildren(...options(rows));
      this.row.placeholder = rows[0] ?? ROW;
    } catch (error) {
      this.message.textContent = messageOf(error);
    }
  }

  async #give() {
    const { chosen } = this.actions;
    const step = newId();
    this.button.disabled = true;
    try {
      const result = await call(this.server, "label_moments", {
        step,
        label: this.label.value,
        row: this.row.value || this.row.placeholder || ROW,
        annotations: chosen("annotation").map(({ id }) => id),
        predictions: chosen("prediction").map(({ id }) => id),
        footage: chosen("footage").map(({ video, start, end }) => ({ video, start, end })),
        annotator: currentUser(),
      });
      this.dialog.close();
      this.actions.done();
      this.#tell(step, "labelled", result);
    } catch (error) {
      this.message.textContent = messageOf(error);
    } finally {
      this.button.disabled = false;
    }
    await this.actions.refresh();
  }

  async #reject() {
    const step = newId();
    const predictions = this.actions.chosen("prediction").map(({ id }) => id);
    try {
      const result = await call(this.server, "reject_moments", { step, predictions, annotator: currentUser() });
      this.actions.done();
      this.#tell(step, "rejected", result);
    } catch (error) {
      toast(messageOf(error), "error");
    }
    await this.actions.refresh();
  }

  /** What a step did, with a way to take it back.
   * @param {string} step
   * @param {string} did
   * @param {StepResult} result
   */
  #tell(step, did, { done, left, refused, problems }) {
    const said = [`${done} ${did}.`];
    if (left) said.push(`${left} stayed as they were: decided or labelled so already.`);
    if (refused) said.push(`${refused} refused: ${problems[0]}`);
    toast(said.join(" "), refused ? "error" : "info", done ? () => this.#undo(step) : null);
  }

  /** @param {string} step */
  async #undo(step) {
    try {
      const { done, left, refused, problems } = await call(this.server, "undo_step", {
        step,
        annotator: currentUser(),
      });
      const said = [`${done} taken back.`];
      if (left) said.push(`${left} stay, since somebody changed them.`);
      if (refused) said.push(`${refused} stay: ${problems[0]}`);
      toast(said.join(" "), refused ? "error" : "info");
    } catch (error) {
      toast(messageOf(error), "error");
    }
    await this.actions.refresh();
  }
}
