// Which moments the review desk shows: the feed, the label, and what else is asked of them.

import { percentText, rangeText, shareOf } from "../model/chance.js";
import { call, messageOf } from "../sync/api.js";
import { currentUser } from "../sync/current-user.js";
import { counted, el, redraw, toast } from "./dom.js";

/** @import { DeskWanted, Server } from "../types.js" */
/** @import { Find } from "./dom.js" */

const FEEDS = ["likely", "unsure", "different", "random"];
const NONE = { row: "anybody, any row", video: "any video", question: "any question", by: "videos of anybody" };
const BOUNDS = /** @type {const} */ (["lowest", "highest"]);

export class DeskFilter {
  /** @type {DeskWanted} */
  wanted = {
    feed: "likely",
    label: "",
    track: "",
    row: "",
    question: "",
    by: "",
    video: "",
    lowest: null,
    highest: null,
  };

  /**
   * @param {Find} $
   * @param {Server} server
   * @param {() => void} changed
   */
  constructor($, server, changed) {
    this.server = server;
    this.changed = changed;
    this.label = $("desk-label", "select");
    this.feeds = /** @type {HTMLButtonElement[]} */ ([...$("desk-feeds").querySelectorAll("button")]);
    this.filtered = $("desk-filtered");
    this.fields = {
      row: $("desk-row", "select"),
      video: $("desk-video", "select"),
      question: $("desk-question", "select"),
      by: $("desk-by", "select"),
    };
    this.bounds = { lowest: $("desk-lowest", "input"), highest: $("desk-highest", "input") };
    this.label.addEventListener("change", () => {
      const [label, track] = JSON.parse(this.label.value || '["", ""]');
      this.set({ label, track });
    });
    for (const button of this.feeds)
      button.addEventListener("click", () => this.set({ feed: button.dataset.feed ?? "" }));
    for (const name of /** @type {(keyof typeof NONE)[]} */ (Object.keys(NONE)))
      this.fields[name].addEventListener("change", () => this.set({ [name]: this.fields[name].value }));
    for (const name of BOUNDS) {
      const field = this.bounds[name];
      field.addEventListener("change", () => this.set({ [name]: shareOf(field.value) }));
    }
  }

  /** What the address says. @param {{ label: string, track: string, feed: string }} place */
  take({ label, track, feed }) {
    Object.assign(this.wanted, { label, track, feed: FEEDS.includes(feed) ? feed : this.wanted.feed });
    this.#show();
  }

  /** @param {Partial<DeskWanted>} change */
  set(change) {
    Object.assign(this.wanted, change);
    this.#show();
    this.changed();
  }

  #show() {
    const { feed, row, question, by } = this.wanted;
    for (const button of this.feeds) button.setAttribute("aria-pressed", String(button.dataset.feed === feed));
    const video = this.wanted.video && (this.fields.video.selectedOptions[0]?.text ?? "");
    for (const name of BOUNDS) this.bounds[name].value = percentText(this.wanted[name]);
    const words = [row, video, question && `“${question}”`, by, rangeText(this.wanted)];
    this.filtered.textContent = words.filter(Boolean).join(", ");
  }

  /** What the library has to choose from now. */
  async list() {
    const { label, row, question, by, lowest, highest } = this.wanted;
    const asked = { label, row: "", question, by: "", lowest, highest, order: "", annotator: currentUser() };
    try {
      const [{ labels }, found] = await Promise.all([
        call(this.server, "teachable", { annotator: currentUser() }),
        call(this.server, "still_undecided", asked),
      ]);
      this.#listLabels(labels, found.labels);
      const options = (/** @type {string[]} */ texts) => texts.map((text) => ({ value: text, text }));
      this.#list("row", options(found.rows), row);
      this.#list("question", options(found.questions), question);
      this.#list("by", options(found.annotators), by);
      this.#list(
        "video",
        found.videos.map(({ id, name, waiting }) => ({ value: id, text: `${name} (${waiting})` })),
        this.wanted.video,
      );
    } catch (error) {
      toast(messageOf(error), "error");
    }
  }

  /**
   * @param {{ track: string, label: string, moments: number }[]} taught labels that people used
   * @param {string[]} proposed labels of predictions
   */
  #listLabels(taught, proposed) {
    const { label, track } = this.wanted;
    const known = new Set(taught.map((each) => each.label));
    const others = proposed.filter((each) => each && !known.has(each));
    const chosen = JSON.stringify([label, track]);
    const options = [
      ...taught.map((each) => ({
        value: JSON.stringify([each.label, each.track]),
        text: `${each.label} (${each.track}, ${counted(each.moments, "moment")})`,
      })),
      ...others.map((each) => ({ value: JSON.stringify([each, ""]), text: each })),
    ];
    if (label && !options.some(({ value }) => value === chosen)) options.push({ value: chosen, text: label });
    redraw(
      this.label,
      el("option", { value: "", text: "all labels" }),
      ...options.map((option) => el("option", option)),
    );
    this.label.value = label ? chosen : "";
  }

  /**
   * @param {keyof typeof NONE} name
   * @param {{ value: string, text: string }[]} options
   * @param {string} chosen
   */
  #list(name, options, chosen) {
    const all =
      chosen && !options.some(({ value }) => value === chosen)
        ? [...options, { value: chosen, text: chosen }]
        : options;
    redraw(
      this.fields[name],
      el("option", { value: "", text: NONE[name] }),
      ...all.map((option) => el("option", option)),
    );
    this.fields[name].value = chosen;
  }
}
