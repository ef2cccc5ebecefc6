// A field in which a video of the library is chosen by typing a part of its name: of 20,000 videos a page never holds all.
// The pattern is the combobox of the ARIA Authoring Practices, with a list of its own.

import { call, messageOf } from "../sync/api.js";
import { clock, el } from "./dom.js";
import { putBeside } from "./menu.js";

/** @import { Camera, Server } from "../types.js" */

const REST_MS = 150; // since the last letter, before the library is asked

let made = 0;

export class VideoPicker {
  /** What was chosen and stands in the field. @type {Camera | null} */
  video = null;
  /** @type {Camera[]} */
  #offered = [];
  #active = -1;
  #asked = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #rest;

  /**
   * @param {Server} server
   * @param {object} field
   * @param {string} field.label
   * @param {string} field.key of the field, for those who draw it anew
   * @param {string} [field.placeholder]
   * @param {() => string} [field.beside] the video beside which one is wanted: those on its timeline are not offered
   * @param {readonly string[]} [field.without] videos that are not offered
   * @param {(video: Camera) => unknown} field.chosen
   */
  constructor(server, { label, key, placeholder = "Choose a video…", beside, without = [], chosen }) {
    this.server = server;
    this.beside = beside;
    this.without = without;
    this.chosen = chosen;
    const id = `video-picker-${++made}`;
    this.list = el("ul", { id, role: "listbox", "aria-label": label, hidden: true });
    this.said = el("p", { class: "muted small", role: "status", hidden: true });
    this.input = el("input", {
      type: "text",
      role: "combobox",
      dir: "auto",
      maxlength: 200,
      placeholder,
      autocomplete: "off",
      spellcheck: "false",
      "aria-label": label,
      "aria-autocomplete": "list",
      "aria-controls": id,
      "aria-expanded": "false",
      "data-key": key,
    });
    this.input.addEventListener("input", () => this.#askSoon());
    this.input.addEventListener("click", () => this.#open());
    this.input.addEventListener("keydown", (event) => this.#key(event));
    this.input.addEventListener("blur", () => this.#close());
    this.offered = el("div", { class: "offered" }, this.list, this.said);
    this.box = el("div", { class: "video-picker" }, this.input, this.offered);
  }

  /** What stands in the field; null empties it. @param {Camera | null} video */
  show(video) {
    this.video = video;
    this.#close();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.list.hidden) this.#open();
    else if (step) this.#mark((this.#active + step + this.#offered.length) % (this.#offered.length || 1));
    else if (event.key === "Enter" && !this.list.hidden && this.#offered[this.#active])
      this.#choose(this.#offered[this.#active]);
    else if (event.key === "Escape" && this.input.getAttribute("aria-expanded") === "true") this.#close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** All, where a chosen one stands in the field. */
  #open() {
    this.#ask(this.video ? "" : this.input.value);
  }

  /** What was found for fewer letters is no answer to these. */
  #askSoon() {
    clearTimeout(this.#rest);
    this.#asked += 1;
    this.#offered = [];
    this.#mark(-1);
    this.#rest = setTimeout(() => this.#ask(this.input.value), REST_MS);
  }

  /** @param {string} name */
  async #ask(name) {
    clearTimeout(this.#rest);
    const mine = ++this.#asked;
    const wanted = { name, beside: this.beside?.() ?? "", without: [...this.without] };
    try {
      const { videos, total } = await call(this.server, "choose_videos", wanted);
      if (mine === this.#asked) this.#offer(videos, total, name);
    } catch (error) {
      if (mine !== this.#asked) return;
      this.#say(messageOf(error));
      this.#show();
    }
  }

  /** @param {Camera[]} videos @param {number} total @param {string} name */
  #offer(videos, total, name) {
    if (document.activeElement !== this.input) return;
    this.#offered = videos;
    this.list.replaceChildren(
      ...videos.map((video, n) =>
        el("li", {
          id: `${this.list.id}-${n}`,
          role: "option",
          dir: "auto",
          "data-video": video.id,
          "aria-selected": "false",
          text: `${video.name} (${clock(video.duration, 0)})`,
          onpointerdown: (/** @type {PointerEvent} */ event) => event.preventDefault(), // the field keeps the focus
          onclick: () => this.#choose(video),
        }),
      ),
    );
    this.list.hidden = !videos.length;
    this.#mark(videos.length && name.trim() ? 0 : -1);
    const more = total - videos.length;
    if (!videos.length) this.#say(name.trim() ? "No video has this in its name." : "No other video.");
    else this.#say(more ? `${more.toLocaleString("en")} more: type a part of the name.` : "");
    this.#show();
  }

  /** @param {string} text */
  #say(text) {
    this.said.hidden = !text;
    this.said.textContent = text;
  }

  #show() {
    this.input.setAttribute("aria-expanded", "true");
    this.#place();
    document.addEventListener("scroll", this.#place, true);
  }

  #place = () => {
    if (this.input.isConnected) putBeside(this.offered, this.input);
    else document.removeEventListener("scroll", this.#place, true); // the form was drawn anew meanwhile
  };

  /** @param {number} number */
  #mark(number) {
    this.#active = number;
    [...this.list.children].forEach((option, n) => option.setAttribute("aria-selected", String(n === number)));
    const option = this.list.children[number];
    option?.scrollIntoView({ block: "nearest" });
    if (option) this.input.setAttribute("aria-activedescendant", option.id);
    else this.input.removeAttribute("aria-activedescendant");
  }

  /** @param {Camera} video */
  #choose(video) {
    this.show(video);
    this.chosen(video);
  }

  /** What was typed and not chosen gives way to what is. */
  #close() {
    clearTimeout(this.#rest);
    this.#asked += 1;
    this.list.hidden = true;
    this.#say("");
    this.#mark(-1);
    this.input.setAttribute("aria-expanded", "false");
    document.removeEventListener("scroll", this.#place, true);
    this.input.value = this.video?.name ?? "";
  }
}
