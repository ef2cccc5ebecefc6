// The Search page in annotations: a question about segments and their times in, moments out.

import { addressText, emptyQuestion, plain, questionIn } from "./model/find-question.js";
import { addressOf, follow, note } from "./router.js";
import { call, messageOf } from "./sync/api.js";
import { currentUser } from "./sync/current-user.js";
import { DeskPreview } from "./view/desk-preview.js";
import { clock, counted, el, finder, toast } from "./view/dom.js";
import { FindForm } from "./view/find-form.js";
import { FoundExport } from "./view/found-export.js";
import { foundMoment } from "./view/found-moment.js";
import { walk } from "./view/search-result.js";
import { savedSearch } from "./view/removable.js";

/** @import { DeskItem, FindQuestion, FoundMoment, FoundMoments, Server } from "./types.js" */
/** @import { Route } from "./router.js" */

export class FindInAnnotations {
  #asked = 0;
  /** The address of the question whose results are shown. */
  #shown = "";
  /** How many moments are in the page. */
  #count = 0;
  /** The video of the newest moment in the page. */
  #video = "";
  /** The card that plays. @type {HTMLElement | null} */
  #playing = null;
  /** What is known of the videos. @type {FoundMoments["facts"]} */
  #facts = {};

  /**
   * @param {HTMLElement} element
   * @param {Server} server
   */
  constructor(element, server) {
    const $ = finder(element);
    this.$ = $;
    this.server = server;
    this.form = new FindForm($, server, () => this.ask());
    this.export = new FoundExport($("find-export", "dialog"), server);
    this.status = $("find-status");
    this.hits = $("find-hits");
    this.go = $("find-go", "button");
    this.name = $("find-name", "input");
    this.preview = new DeskPreview(el("video", { playsinline: true, muted: false }), () => {});
    this.preview.video.addEventListener("error", () => {
      if (this.#playing) toast("This video cannot be played here; the Library page says why.", "error");
      this.#stop();
    });
    $("find-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.ask();
    });
    $("find-more", "button").addEventListener("click", () => this.#more());
    $("find-clear", "button").addEventListener("click", () => this.#clear());
    $("find-export-open", "button").addEventListener("click", () => this.export.show(this.question));
    $("find-save", "button").addEventListener("click", () => {
      $("find-keep").hidden = false;
      $("find-save").hidden = true;
      this.name.select();
    });
    $("find-keep").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#save();
    });
  }

  get question() {
    return plain(this.form.question);
  }

  /** @param {Route} route */
  open({ find }) {
    this.#loadChoices();
    const asked = find ? questionIn(find) : null;
    if (find && !asked) {
      toast("The question in this address cannot be read; ask it again.", "error");
      return;
    }
    if (asked && addressText(asked) !== this.#shown) {
      this.form.show(asked);
      this.ask();
    } else if (this.#shown) this.#note();
  }

  /** The page turns to something else. */
  leave() {
    this.#stop();
  }

  /** @param {KeyboardEvent} event */
  walk(event) {
    walk(event, this.hits, this.go);
  }

  focus() {
    /** @type {HTMLElement | null} */ (this.form.box.querySelector("input"))?.focus({ preventScroll: true });
  }

  #note() {
    note({ in: "annotations", find: addressText(this.question) });
  }

  async ask() {
    const { question } = this;
    this.#note();
    const number = ++this.#asked;
    this.status.textContent = "Looking…";
    this.status.classList.remove("error");
    try {
      const found = await call(this.server, "find", { question, first: 0, annotator: currentUser() });
      if (number !== this.#asked) return;
      this.#shown = addressText(question);
      this.#stop();
      this.#count = 0;
      this.#video = "";
      this.#facts = {};
      this.hits.replaceChildren();
      this.$("find-empty").hidden = true;
      this.$("find-actions").hidden = false;
      this.$("find-export-open", "button").disabled = !found.count;
      this.status.textContent = summary(found);
      this.#append(found, question);
    } catch (error) {
      if (number !== this.#asked) return;
      this.status.textContent = messageOf(error);
      this.status.classList.add("error");
    }
  }

  async #more() {
    const { question } = this;
    const [number, first] = [this.#asked, this.#count];
    try {
      const found = await call(this.server, "find", { question, first, annotator: currentUser() });
      if (number === this.#asked && first === this.#count) this.#append(found, question);
    } catch (error) {
      toast(messageOf(error), "error");
    }
  }

  /** @param {FoundMoments} found @param {FindQuestion} question */
  #append({ moments, videos, count, facts }, question) {
    Object.assign(this.#facts, facts);
    const known = new Map(videos.map((each) => [each.video, each]));
    for (const moment of moments) {
      if (moment.video !== this.#video) {
        this.#video = moment.video;
        const { count: own = 0, total = 0 } = known.get(moment.video) ?? {};
        this.hits.append(
          el(
            "h2",
            { class: "of-video" },
            el("a", {
              class: "name",
              href: addressOf("annotate", { video: moment.video }),
              text: moment.name,
              onclick: follow,
            }),
            el("span", { class: "muted", text: ` ${counted(own, "moment")}, ${clock(total, 1)}` }),
          ),
        );
      }
      this.hits.append(foundMoment(moment, question, (each, card) => this.#play(each, card)));
    }
    this.#count += moments.length;
    const left = count - this.#count;
    this.$("find-more").hidden = left <= 0 || !moments.length;
    this.$("find-more").textContent = `Show more (${left} left)`;
  }

  // ---------------------------------------------------------------- playing

  /** @param {FoundMoment} moment @param {HTMLElement} card */
  #play(moment, card) {
    if (this.#playing === card) {
      this.#stop();
      return;
    }
    this.#stop();
    this.#playing = card;
    this.#button("Stop", "true");
    const facts = this.#facts[moment.video];
    const item = /** @type {DeskItem} */ (
      /** @type {unknown} */ ({ ...facts, id: card.dataset.id, video: moment.video })
    );
    const range = { start: moment.start, end: Math.min(facts.duration, moment.end) };
    this.preview.show(item, /** @type {HTMLElement} */ (card.querySelector(".picture")), range);
  }

  #stop() {
    if (!this.#playing) return;
    this.#button("Play", "false");
    this.#playing = null;
    this.preview.hide();
  }

  /** @param {string} text @param {string} pressed */
  #button(text, pressed) {
    const button = this.#playing?.querySelector(".actions button");
    if (!button) return;
    button.textContent = text;
    button.setAttribute("aria-pressed", pressed);
  }

  // ---------------------------------------------------------------- saved

  async #loadChoices() {
    try {
      const choices = await call(this.server, "find_choices", { annotator: currentUser() });
      this.form.offer(choices);
      this.$("find-kept").replaceChildren(
        ...choices.kept.map((row) => {
          const href = addressOf("search", { in: "annotations", find: addressText(row.question) });
          return savedSearch(row, { href, onclick: follow }, () => this.#remove(row));
        }),
      );
    } catch {
      /* the search itself says what is wrong */
    }
  }

  async #save() {
    try {
      const { question } = this;
      await call(this.server, "save_find", { name: this.name.value, question, annotator: currentUser() });
      this.$("find-keep").hidden = true;
      this.$("find-save").hidden = false;
      this.name.value = "";
      this.#loadChoices();
    } catch (error) {
      toast(messageOf(error), "error");
    }
  }

  /** @param {{ id: string, name: string }} kept */
  async #remove({ id, name }) {
    if (await this.#change("delete_search", id)) {
      toast(`“${name}” was removed.`, "info", () => this.#change("restore_search", id));
    }
  }

  /** Whether it was done.
   * @param {"delete_search" | "restore_search"} name
   * @param {string} search
   */
  async #change(name, search) {
    try {
      await call(this.server, name, { search, annotator: currentUser() });
      return true;
    } catch (error) {
      toast(messageOf(error), "error");
      return false;
    } finally {
      this.#loadChoices();
    }
  }

  #clear() {
    this.#asked++;
    this.#stop();
    this.#shown = "";
    this.form.show(emptyQuestion());
    this.hits.replaceChildren();
    this.status.textContent = "";
    this.$("find-actions").hidden = true;
    this.$("find-more").hidden = true;
    this.$("find-empty").hidden = false;
    this.#note();
    this.focus();
  }
}

/** @param {FoundMoments} found */
function summary({ count, total, in_videos: videos }) {
  if (!count) return "Nothing was found. Ask for less, or look whether the labels are spelled so.";
  return `${counted(count, "moment")} in ${counted(videos, "video")}, ${clock(total, 1)} in all.`;
}
