// Above the list of videos: what is looked for, in which order, as pictures or as a table.

import { CONDITIONS, ORDERS, USUAL, isNarrow, read, written } from "../model/video-filter.js";
import { current, note } from "../router.js";
import { call, messageOf } from "../sync/api.js";
import { currentUser } from "../sync/current-user.js";
import { counted, el, finder, toast } from "./dom.js";
import { openMenu } from "./menu.js";

/** @import { Calls, ListWanted, Server } from "../types.js" */
/** @typedef {Calls["library_groups"][1]} Groups */

const TYPING_MS = 250;
const VIEW = "library view";
const FEW = 2; // videos, of which nobody needs to look for one

export class VideoBar {
  /** @type {Groups} */
  groups = { collections: [], tags: [], folders: [] };
  /** @type {ListWanted} */
  wanted = read(current().list);

  /**
   * @param {HTMLElement} page
   * @param {Server} server
   * @param {() => void} changed another list is wanted, or shown in another way
   */
  constructor(page, server, changed) {
    const $ = finder(page);
    this.$ = $;
    this.server = server;
    this.changed = changed;
    this.name = $("list-name", "input");
    this.order = $("list-order", "select");
    this.condition = $("list-condition", "select");
    this.place = $("list-place", "select");
    this.order.replaceChildren(...ORDERS.map(([text], value) => el("option", { value, text })));
    this.condition.replaceChildren(...CONDITIONS.map(([text], value) => el("option", { value, text })));
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    this.name.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.want({ name: this.name.value }), TYPING_MS);
    });
    this.order.addEventListener("change", () => {
      const [, sort, descending] = ORDERS[Number(this.order.value)];
      this.want({ sort, descending });
    });
    this.condition.addEventListener("change", () =>
      this.want({ state: "", work: "", ...CONDITIONS[Number(this.condition.value)][1] }),
    );
    this.place.addEventListener("change", () => this.#placed(this.place.value));
    $("list-all").addEventListener("click", () => {
      const { sort, descending } = this.wanted;
      this.want({ ...USUAL, sort, descending });
    });
    const table = $("list-table", "button");
    table.setAttribute("aria-pressed", String(this.isTable));
    table.addEventListener("click", () => {
      localStorage.setItem(VIEW, this.isTable ? "grid" : "table");
      table.setAttribute("aria-pressed", String(this.isTable));
      this.changed();
    });
    const more = $("list-collection", "button");
    more.addEventListener("click", () => this.#collectionMenu(more));
    this.#show();
  }

  get isTable() {
    return localStorage.getItem(VIEW) === "table";
  }

  get isNarrow() {
    return isNarrow(this.wanted);
  }

  /** @param {Partial<ListWanted>} change */
  want(change) {
    this.wanted = { ...this.wanted, ...change };
    note({ list: written(this.wanted) });
    this.#show();
    this.changed();
  }

  /** The address is another: what it says is wanted. */
  follow() {
    const text = current().list;
    if (text === written(this.wanted)) return;
    this.wanted = read(text);
    this.#show();
    this.changed();
  }

  /** How many there are: of a list, and in all. @param {number} total @param {number} known */
  showCount(total, known) {
    this.$("list-bar").hidden = known < FEW && !this.isNarrow;
    this.$("list-count").textContent = this.isNarrow ? `${total} of ${counted(known, "video")}` : "";
    this.$("list-none").hidden = total > 0 || !this.isNarrow;
  }

  /** Learn which collections, tags and folders there are. */
  async refreshGroups() {
    this.groups = await call(this.server, "library_groups", { annotator: currentUser() });
    this.#show();
  }

  #show() {
    const { $, wanted, groups } = this;
    if (document.activeElement !== this.name) this.name.value = wanted.name;
    this.order.value = String(ORDERS.findIndex(([, sort, way]) => sort === wanted.sort && way === wanted.descending));
    this.condition.value = String(
      CONDITIONS.findIndex(([, { state = "", work = "" }]) => state === wanted.state && work === wanted.work),
    );
    const option = (/** @type {string} */ value, /** @type {string} */ text) => el("option", { value, text });
    const group = (/** @type {string} */ label, /** @type {HTMLElement[]} */ options) =>
      options.length ? el("optgroup", { label }, ...options) : null;
    const indent = (/** @type {string} */ folder) => "\u2003".repeat(folder.split("/").length - 2);
    const last = (/** @type {string} */ folder) => folder.split("/").at(-2) ?? folder;
    this.place.replaceChildren(
      option("", "Everywhere"),
      ...[
        group(
          "Collections",
          groups.collections.map((each) => option(`collection:${each.id}`, `${each.name} (${each.videos})`)),
        ),
        group(
          "Tags",
          groups.tags.map((each) => option(`tag:${each.tag}`, `${each.tag} (${each.videos})`)),
        ),
        group(
          "Folders",
          groups.folders.map((each) =>
            option(`folder:${each.folder}`, `${indent(each.folder)}${last(each.folder)} (${each.videos})`),
          ),
        ),
      ].filter((each) => each !== null),
    );
    const { collection, tag, folder } = wanted;
    const place = collection
      ? `collection:${collection}`
      : tag
        ? `tag:${tag}`
        : folder === null
          ? ""
          : `folder:${folder}`;
    if (place && ![...this.place.options].some((each) => each.value === place)) {
      this.place.append(option(place, tag || folder || "A collection")); // before the groups are known, or it is gone
    }
    this.place.value = place;
    $("list-all").hidden = !this.isNarrow;
    $("list-collection").hidden = !groups.collections.some(({ id, kept }) => id === collection && !kept);
  }

  /** @param {string} place */
  #placed(place) {
    const at = place.indexOf(":");
    const [kind, value] = [place.slice(0, at), place.slice(at + 1)];
    this.want({ collection: "", tag: "", folder: null, ...(kind ? { [kind]: value } : {}) });
  }

  /** @param {HTMLElement} anchor */
  #collectionMenu(anchor) {
    const { collection } = this.wanted;
    const name = this.groups.collections.find(({ id }) => id === collection)?.name ?? "";
    const attempt = async (/** @type {() => Promise<unknown>} */ action) => {
      try {
        await action();
        await this.refreshGroups();
      } catch (error) {
        toast(messageOf(error), "error");
      }
    };
    const items = /** @type {import("./menu.js").MenuItem[]} */ ([
      [
        "Rename…",
        () => {
          const wanted = prompt("What is the collection to be called?", name)?.trim();
          if (!wanted || wanted === name) return;
          attempt(() => call(this.server, "rename_collection", { collection, name: wanted, annotator: currentUser() }));
        },
      ],
      [
        "Delete",
        () => {
          if (!confirm(`Delete the collection “${name}”? Its videos stay in the library.`)) return;
          attempt(async () => {
            await call(this.server, "delete_collection", { collection, annotator: currentUser() });
            this.want({ collection: "" });
          });
        },
      ],
    ]);
    openMenu(anchor, items, `Collection ${name}`);
  }
}
