// The annotations of many videos as one zip: which videos, in which format, what it cannot hold, and how far it is.

import { USUAL } from "../model/video-filter.js";
import { call, messageOf } from "../sync/api.js";
import { currentUser } from "../sync/current-user.js";
import { counted, el, finder, redraw, targetOf, toast } from "./dom.js";

/** @import { Calls, DatasetRequest, FormatInfo, Server } from "../types.js" */

/** @typedef {{ id: string, name: string, annotations: number }} Listed */

const ASK_MS = 300;
const SHOWN = 200; // videos to choose from; a name finds the others

export class DatasetExport {
  /** The videos that can be chosen, by what was typed of their names. @type {readonly Listed[]} */
  found = [];
  /** @type {Set<string>} */
  chosen = new Set();
  /** @type {FormatInfo[]} */
  formats = [];
  /** What is written at the moment. @type {string | null} */
  running = null;
  #previews = 0;

  /**
   * @param {HTMLDialogElement} dialog
   * @param {Server} server
   */
  constructor(dialog, server) {
    const $ = finder(dialog);
    this.$ = $;
    this.dialog = dialog;
    this.server = server;
    this.go = $("dataset-go", "button");
    this.list = $("dataset-videos");
    this.named = $("dataset-named", "input");
    for (const id of ["scope", "search", "format", "kind"])
      $(`dataset-${id}`, "select").addEventListener("change", () => this.preview());
    for (const id of ["split", "seed", "clips"])
      $(`dataset-${id}`, "input").addEventListener("change", () => this.preview());
    this.named.addEventListener("input", () => this.showVideos());
    this.list.addEventListener("change", (event) => {
      const { value, checked } = /** @type {HTMLInputElement} */ (targetOf(event));
      if (checked) this.chosen.add(value);
      else this.chosen.delete(value);
      this.preview();
    });
    $("dataset-choose").addEventListener("click", () => {
      for (const { id } of this.found) this.chosen.add(id);
      this.showVideos();
      this.preview();
    });
    $("dataset-unchoose").addEventListener("click", () => {
      this.chosen.clear();
      this.showVideos();
      this.preview();
    });
    $("dataset-close").addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => this.stop());
    $("dataset-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.write();
    });
  }

  async show() {
    const { $ } = this;
    this.say("");
    this.dialog.showModal();
    try {
      const [{ formats }, { searches }] = await Promise.all([
        call(this.server, "formats", {}),
        call(this.server, "dataset_searches", {}),
      ]);
      this.formats = formats.filter((format) => format.writes);
      const [format, search] = [$("dataset-format", "select"), $("dataset-search", "select")];
      const option = (/** @type {string} */ value, text = value) =>
        el("option", { value, text, selected: value === format.value });
      format.replaceChildren(...this.formats.map((f) => option(f.name, `${f.title} (${f.extension})`)));
      search.replaceChildren(...searches.map((name) => el("option", { value: name, text: name })));
      for (const each of $("dataset-scope", "select").options)
        if (each.value === "search") each.disabled = !searches.length;
    } catch (error) {
      this.say(messageOf(error));
      return;
    }
    this.showVideos();
    await this.preview();
  }

  /** What the export is to be of: these videos, or all where there are none. @param {readonly string[]} ids */
  choose(ids) {
    this.chosen = new Set(ids);
    this.$("dataset-scope", "select").value = ids.length ? "chosen" : "all";
  }

  async showVideos() {
    const name = this.named.value;
    const wanted = { ...USUAL, name, work: "annotated", sort: "name", descending: false, first: 0, count: SHOWN };
    /** @type {Calls["list_videos"][1]} */
    let listed;
    try {
      listed = await call(this.server, "list_videos", { ...wanted, annotator: currentUser() });
    } catch (error) {
      if (name === this.named.value) this.list.replaceChildren(el("li", { class: "error", text: messageOf(error) }));
      return;
    }
    if (name !== this.named.value) return; // it was typed on
    const { videos, total } = listed;
    this.found = videos;
    const rows = videos.map(({ id, name, annotations }) =>
      el(
        "li",
        {},
        el(
          "label",
          { class: "check inline" },
          el("input", { type: "checkbox", value: id, checked: this.chosen.has(id), "data-key": id }),
          el("span", { dir: "auto", text: name }),
          el("span", { class: "muted", text: counted(annotations, "annotation") }),
        ),
      ),
    );
    const more = total - rows.length;
    redraw(this.list, ...rows, more ? el("li", { class: "muted", text: `and ${more} more; type a name` }) : null);
  }

  /** @returns {DatasetRequest} */
  get wanted() {
    const { $ } = this;
    const scope = $("dataset-scope", "select").value;
    const format = $("dataset-format", "select").value;
    const isEither = this.formats.some((f) => f.name === format && f.either);
    return {
      format,
      kind: isEither ? $("dataset-kind", "select").value : "",
      search: scope === "search" ? $("dataset-search", "select").value : "",
      videos: scope === "chosen" ? [...this.chosen] : null,
      split: $("dataset-split", "input").value,
      seed: Number($("dataset-seed", "input").value) || 0,
      clips: $("dataset-clips", "input").checked,
      licence: $("dataset-licence", "input").value,
      name: $("dataset-name", "input").value,
    };
  }

  /** What would be written, and what its format cannot hold. */
  async preview() {
    const { $, wanted } = this;
    const turn = ++this.#previews;
    /** @type {HTMLElement} */ ($("dataset-search").closest("label")).hidden = !wanted.search;
    /** @type {HTMLElement} */ ($("dataset-kind").closest("label")).hidden = !wanted.kind;
    $("dataset-choice").hidden = !wanted.videos;
    try {
      const { videos, annotations, lines, lost } = await call(this.server, "dataset_preview", wanted);
      if (turn !== this.#previews) return;
      const said = lines ? ` and ${counted(lines, "line")} of transcripts` : "";
      $("dataset-count").textContent = `${counted(annotations, "annotation")}${said} in ${counted(videos, "video")}.`;
      $("dataset-lost").replaceChildren(
        ...(lost.length
          ? [
              el("p", { text: "This format cannot store everything:" }),
              el("ul", {}, ...lost.map((text) => el("li", { text }))),
            ]
          : [el("p", { class: "muted", text: "This format stores everything." })]),
      );
      this.say("");
      this.go.disabled = Boolean(this.running);
    } catch (error) {
      if (turn !== this.#previews) return;
      for (const id of ["dataset-count", "dataset-lost"]) $(id).replaceChildren();
      this.say(messageOf(error));
      this.go.disabled = true;
    }
  }

  /** Has it written, and fetches it once it is whole. */
  async write() {
    if (this.running || this.go.disabled) return;
    this.go.disabled = true;
    this.say("");
    try {
      const { dataset } = await call(this.server, "dataset_start", this.wanted);
      if (!this.dialog.open) {
        await call(this.server, "dataset_stop", { dataset });
        return;
      }
      this.running = dataset;
      while (this.running === dataset) {
        const { done, message, ready, error } = await call(this.server, "dataset_state", { dataset });
        if (error) throw new Error(error);
        this.showProgress(done, message);
        if (ready) {
          this.running = null;
          el("a", { href: `/dataset/${dataset}`, download: true }).click();
          this.dialog.close();
          toast("The export is written; your browser saves it.");
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, ASK_MS));
      }
    } catch (error) {
      this.running = null;
      this.say(messageOf(error));
      this.go.disabled = false;
    } finally {
      this.$("dataset-progress").hidden = true;
    }
  }

  /** @param {number} done @param {string} message */
  showProgress(done, message) {
    const box = this.$("dataset-progress");
    box.hidden = false;
    const [bar, text] = box.children;
    /** @type {HTMLProgressElement} */ (bar).value = done;
    text.textContent = message;
  }

  /** The person turned away: what is being written is not wanted any more. */
  stop() {
    const dataset = this.running;
    this.running = null;
    if (dataset) call(this.server, "dataset_stop", { dataset }).catch(() => {});
  }

  /** @param {string} text */
  say(text) {
    this.$("dataset-message").textContent = text;
  }
}
