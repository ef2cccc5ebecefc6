// What is done to many videos at once: a bar that is there while some are chosen.

import { ChosenVideos } from "../model/chosen-videos.js";
import { newId } from "../model/ids.js";
import { call, messageOf } from "../sync/api.js";
import { currentUser } from "../sync/current-user.js";
import { counted, el, finder, toast } from "./dom.js";
import { openMenu } from "./menu.js";

/** @import { ListWanted, Server } from "../types.js" */
/** @import { VideoBar } from "./video-bar.js" */
/** @import { DatasetExport } from "./dataset-export.js" */

/** @typedef {{ title: string, hint: string, known: string[], go: string, act: (text: string) => Promise<unknown> }} Asked */

/** What is done of many, and what it is called. @type {readonly (readonly [string, string])[]} */
const JOBS = [
  ["index", "Index for search"],
  ["transcribe", "Transcribe"],
  ["read_text", "Read the screen"],
  ["speakers", "Find speakers"],
  ["emotions", "Find emotions"],
];

export class VideoBulk {
  chosen = new ChosenVideos();
  /** @type {Asked | null} */
  #asked = null;

  /**
   * @param {HTMLElement} page
   * @param {Server} server
   * @param {{ bar: VideoBar, dataset: DatasetExport, redraw: () => void, refresh: () => unknown }} parts
   */
  constructor(page, server, { bar, dataset, redraw, refresh }) {
    const $ = finder(page);
    this.$ = $;
    this.server = server;
    this.bar = bar;
    this.redraw = redraw;
    this.refresh = refresh;
    this.dialog = $("bulk-ask", "dialog");
    this.text = $("bulk-text", "input");
    const on = (/** @type {string} */ id, /** @type {(button: HTMLButtonElement) => unknown} */ act) =>
      $(id, "button").addEventListener("click", () => act($(id, "button")));
    on("bulk-none", () => this.clear());
    on("bulk-all", () => this.#attempt(async () => this.chosen.setAll(await this.#listed())));
    on("bulk-prepare", (button) =>
      openMenu(
        button,
        JOBS.map(([kind, text]) => [text, () => this.#prepare(kind)]),
        "Prepare",
      ),
    );
    on("bulk-label", () => this.#askLabel());
    on("bulk-tag", () =>
      this.#ask({
        title: "Tag",
        hint: "A word by which these videos are found.",
        known: bar.groups.tags.map(({ tag }) => tag),
        go: "Tag",
        act: (tag) => this.#change((videos) => call(server, "tag_videos", { videos, tag, on: true }), "tagged"),
      }),
    );
    on("bulk-untag", () =>
      this.#ask({
        title: "Take a tag off",
        hint: "The tag that these videos are to lose.",
        known: bar.groups.tags.map(({ tag }) => tag),
        go: "Take off",
        act: (tag) => this.#change((videos) => call(server, "tag_videos", { videos, tag, on: false }), "changed"),
      }),
    );
    on("bulk-collect", () =>
      this.#ask({
        title: "Put into a collection",
        hint: "One that is there, or a new one.",
        known: bar.groups.collections.map(({ name }) => name),
        go: "Put in",
        act: (name) =>
          this.#change(
            (videos) => call(server, "collect_videos", { videos, name, annotator: currentUser() }),
            `put into “${name}”`,
          ),
      }),
    );
    on("bulk-out", () =>
      this.#change(
        (videos) => call(server, "collect_videos", { videos, out_of: bar.wanted.collection, annotator: currentUser() }),
        "taken out",
      ),
    );
    on("bulk-export", () => {
      dataset.choose(this.#ids);
      dataset.show();
    });
    on("bulk-remove", () => this.#remove());
    this.dialog.addEventListener("close", () => (this.#asked = null));
    $("bulk-cancel", "button").addEventListener("click", () => this.dialog.close());
    $("bulk-form", "form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#answered();
    });
  }

  get #ids() {
    return [...this.chosen.ids];
  }

  clear() {
    this.chosen.clear();
    this.show();
  }

  /** One is chosen, or no longer; with `isRange` all from the last one to it.
   * @param {string} id
   * @param {boolean} isOn
   * @param {boolean} isRange
   */
  async choose(id, isOn, isRange) {
    const last = isRange ? this.chosen.last : null;
    this.chosen.set(id, last?.isOn ?? isOn);
    this.show();
    if (last) await this.#attempt(async () => this.chosen.setRange(await this.#listed(), [last.id, id], last.isOn));
  }

  /** The ids of all that is listed, in its order. */
  async #listed() {
    return (await call(this.server, "video_ids", { ...this.bar.wanted, annotator: currentUser() })).videos;
  }

  /** Draw the bar, and the list as it is chosen. */
  show() {
    const { $ } = this;
    const count = this.chosen.ids.size;
    $("bulk").hidden = count === 0;
    $("bulk-count").textContent = `${counted(count, "video")} chosen`;
    $("bulk-out").hidden = !this.bar.wanted.collection;
    this.redraw();
  }

  /** @param {string} kind */
  async #prepare(kind) {
    await this.#attempt(async () => {
      const { videos } = await call(this.server, "prepare_videos", { videos: this.#ids, kind });
      const left = this.chosen.ids.size - videos;
      const sounds = left
        ? ` ${counted(left, "recording")} of sound alone ${left === 1 ? "was" : "were"} left out.`
        : "";
      toast(`It is queued for ${counted(videos, "video")}.${sounds}`);
    });
  }

  async #askLabel() {
    let known = /** @type {string[]} */ ([]);
    try {
      known = (await call(this.server, "label_choices", { annotator: currentUser() })).labels;
    } catch {
      // what can be typed needs no list
    }
    this.#ask({
      title: "Label whole videos",
      hint: "It stands on the row “Whole video” of each.",
      known,
      go: "Label",
      act: async (label) => {
        const step = newId();
        const asked = { videos: this.#ids, label, step, annotator: currentUser() };
        const { done, left, refused, problems } = await call(this.server, "label_videos", asked);
        const had = left ? ` ${left} had it.` : "";
        const not = refused ? ` ${refused} refused: ${problems.join(" ")}` : "";
        const undo = () => this.#attempt(() => call(this.server, "undo_step", { step, annotator: currentUser() }));
        toast(`${counted(done, "video")} labelled “${label}”.${had}${not}`, refused ? "error" : "info", undo);
      },
    });
  }

  async #remove() {
    const count = counted(this.chosen.ids.size, "video");
    if (
      !confirm(`Remove ${count} from the library? You can restore them for 30 days. Files that were not uploaded stay.`)
    )
      return;
    await this.#attempt(async () => {
      const { removed, problems } = await call(this.server, "remove_videos", {
        videos: this.#ids,
        annotator: currentUser(),
      });
      this.chosen.setAll(removed, false);
      const undo = () =>
        this.#attempt(() => call(this.server, "restore_videos", { videos: removed, annotator: currentUser() }));
      const said = [`${counted(removed.length, "video")} removed.`, ...problems].join(" ");
      toast(said, problems.length ? "error" : "info", removed.length ? undo : null);
    });
  }

  /** @param {(videos: string[]) => Promise<{ videos: number }>} change @param {string} done */
  async #change(change, done) {
    await this.#attempt(async () => {
      const { videos } = await change(this.#ids);
      toast(`${counted(videos, "video")} ${done}.`);
    });
    await this.bar.refreshGroups().catch(() => {});
  }

  /** @param {() => Promise<unknown>} action */
  async #attempt(action) {
    try {
      await action();
    } catch (error) {
      toast(messageOf(error), "error");
    }
    this.show();
    await this.refresh();
  }

  /** @param {Asked} asked */
  #ask(asked) {
    const { $ } = this;
    this.#asked = asked;
    $("bulk-title").textContent = `${asked.title}: ${counted(this.chosen.ids.size, "video")}`;
    $("bulk-hint").textContent = asked.hint;
    $("bulk-go", "button").textContent = asked.go;
    $("bulk-known").replaceChildren(...asked.known.map((value) => el("option", { value })));
    this.text.value = "";
    this.dialog.showModal();
    this.text.focus();
  }

  async #answered() {
    const text = this.text.value.trim();
    const asked = this.#asked;
    if (!asked || !text) return;
    this.dialog.close();
    await this.#attempt(() => asked.act(text));
  }
}
