// What the library takes of the disk, a limit for what can be made again, and room that is made at once.

import { addressOf, follow } from "../router.js";
import { call, messageOf } from "../sync/api.js";
import { currentUser } from "../sync/current-user.js";
import { counted, el, finder, toast } from "./dom.js";
import { unlessDrawn } from "./jobs-panel.js";
import { size } from "./status.js";

/** @import { Server, StorageState } from "../types.js" */
/** @import { Find } from "./dom.js" */

const GIB = 2 ** 30;
const FEATURES = "features"; // what search needs: removed only where somebody says so
const CLEANING_MS = 500; // between two looks at how far it is

export class StoragePanel {
  /** @type {Find} */
  #$;
  #isChanging = false;

  /**
   * @param {HTMLElement} root
   * @param {Server} server
   */
  constructor(root, server) {
    this.server = server;
    this.#$ = finder(root);
    const $ = this.#$;
    $("storage-limit-form", "form").addEventListener("submit", (event) => {
      event.preventDefault();
      const limit = $("storage-limited", "input").checked ? Number($("storage-limit", "input").value) : 0;
      this.#do(async () => {
        await call(server, "limit_cache", { limit, annotator: currentUser() });
        this.#isChanging = false;
        toast("Saved.");
      });
    });
    $("storage-limit-form", "form").addEventListener("input", () => {
      this.#isChanging = true;
      $("storage-limit", "input").disabled = !$("storage-limited", "input").checked;
    });
    $("storage-clean", "form").addEventListener("input", () => this.#forget());
    $("storage-clean", "form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#do(() => this.#preview());
    });
    $("storage-go").addEventListener("click", () => this.#do(() => this.#clean()));
    $("storage-leave").addEventListener("click", () => {
      this.#forget();
      $("storage-look").focus();
    });
  }

  async refresh() {
    const state = await call(this.server, "storage", { annotator: currentUser() });
    const $ = this.#$;
    $("storage-summary").textContent = summaryOf(state);
    const shown = state.kinds.filter((kind) => kind.bytes);
    unlessDrawn($("storage-kinds"), shown, () => [
      tableOf(
        ["What", "Size"],
        shown.map(({ title, bytes }) => [title, size(bytes)]),
      ),
    ]);
    unlessDrawn($("storage-largest"), state.largest, () => (state.largest.length ? [this.#largest(state)] : []));
    this.#showChoices(state);
    this.#showLimit(state);
    $("storage-fixed").textContent = state.fixed;
    for (const id of ["storage-save", "storage-look", "storage-go"]) $(id, "button").disabled = Boolean(state.fixed);
    this.#showCleaning(state);
    return state;
  }

  /** @param {StorageState} state */
  #largest({ largest }) {
    const name = (/** @type {StorageState["largest"][number]} */ video) =>
      el("a", {
        class: "link",
        href: addressOf("annotate", { video: video.id }),
        onclick: follow,
        dir: "auto",
        text: video.name,
      });
    return tableOf(
      ["Video", "In the cache", "Last used"],
      largest.map((video) => [
        name(video),
        size(video.bytes),
        video.used ? new Date(video.used).toLocaleDateString() : "–",
      ]),
    );
  }

  /** @param {StorageState} state */
  #showChoices({ kinds }) {
    const choices = kinds.filter((kind) => kind.lost);
    const box = this.#$("storage-choices");
    if (!box.childElementCount) {
      box.replaceChildren(
        ...choices.map(({ kind, title, lost }) =>
          el(
            "label",
            { class: "check inline", title: lost },
            el("input", { type: "checkbox", value: kind, checked: kind !== FEATURES }),
            el("span", { text: ` ${title}` }),
            el("span", { class: "muted" }),
          ),
        ),
      );
    }
    choices.forEach(({ bytes }, i) => {
      const place = box.children[i].lastElementChild;
      if (place) place.textContent = ` ${size(bytes)}`;
    });
  }

  /** @param {StorageState} state */
  #showLimit({ cache: { limit } }) {
    if (this.#isChanging) return;
    const $ = this.#$;
    $("storage-limited", "input").checked = limit > 0;
    if (limit) $("storage-limit", "input").value = String(Math.round((10 * limit) / GIB) / 10);
    $("storage-limit", "input").disabled = !limit;
  }

  /** @param {StorageState} state */
  #showCleaning({ cleaning }) {
    const said = this.#$("storage-cleaning");
    said.hidden = !cleaning;
    if (!cleaning) return;
    said.textContent = cleaning.running
      ? `Making room: ${cleaning.done} of ${counted(cleaning.of, "video")}, ${size(cleaning.bytes)}.`
      : `${size(cleaning.bytes)} were removed.`;
  }

  #asked() {
    const chosen = [...this.#$("storage-choices").querySelectorAll("input")].filter((box) => box.checked);
    return { to: Number(this.#$("storage-to", "input").value) || 0, kinds: chosen.map((box) => box.value) };
  }

  /** Says what would be removed, and asks. */
  async #preview() {
    const $ = this.#$;
    const asked = this.#asked();
    const { bytes, videos, lost } = await call(this.server, "cleaning_preview", asked);
    if (JSON.stringify(asked) !== JSON.stringify(this.#asked())) return; // what is said is what would be removed
    $("storage-what").textContent = bytes
      ? `${size(bytes)} of ${counted(videos, "video")} would be removed, those used least recently first.`
      : "There is nothing to remove: what was used within an hour stays.";
    $("storage-lost").replaceChildren(...lost.map((text) => el("li", { text })));
    $("storage-go").hidden = !bytes;
    $("storage-ask").hidden = false;
    (bytes ? $("storage-go") : $("storage-leave")).focus();
  }

  async #clean() {
    await call(this.server, "clean_cache", { ...this.#asked(), annotator: currentUser() });
    this.#forget();
    this.#$("storage-look").focus();
    while ((await this.refresh()).cleaning?.running) await new Promise((wake) => setTimeout(wake, CLEANING_MS));
  }

  #forget() {
    this.#$("storage-ask").hidden = true;
  }

  /** @param {() => Promise<void>} work */
  async #do(work) {
    try {
      await work();
      await this.refresh();
    } catch (error) {
      toast(messageOf(error), "error");
    }
  }
}

/** @param {StorageState} state */
function summaryOf({ kinds, cache, free, total, counted: at }) {
  if (!at) return "Being counted …";
  const all = kinds.reduce((sum, kind) => sum + kind.bytes, 0);
  const limit = cache.limit ? `, of at most ${size(cache.limit)}` : "";
  const disk = `${size(free)} of ${size(total)} free on the library's disk`;
  const other = cache.apart ? `, ${size(cache.free)} on the cache's` : "";
  return `${size(all)} in all; ${size(cache.bytes)} of them can be made again (the cache${limit}). ${disk}${other}.`;
}

/**
 * @param {string[]} heads
 * @param {(string | HTMLElement)[][]} rows
 */
const tableOf = (heads, rows) =>
  el(
    "table",
    {},
    el("thead", {}, el("tr", {}, ...heads.map((text) => el("th", { scope: "col", text })))),
    el("tbody", {}, ...rows.map((cells) => el("tr", {}, ...cells.map((cell) => el("td", {}, cell))))),
  );
