// The Review page: what is to be decided in the whole library, a page of moments at a time.

import { keyName, shownKey } from "./input/keymap.js";
import { keymap } from "./input/shared-keymap.js";
import { Desk } from "./model/desk.js";
import { current, note, onRoute } from "./router.js";
import { call, messageOf } from "./sync/api.js";
import { changeFeed, WINDOW } from "./sync/change-feed.js";
import { currentUser } from "./sync/current-user.js";
import { Outbox } from "./sync/outbox.js";
import { DeskCard } from "./view/desk-card.js";
import { DeskFilter } from "./view/desk-filter.js";
import { toDecide } from "./view/desk-known.js";
import { DeskLearning } from "./view/desk-learning.js";
import { DeskPreview } from "./view/desk-preview.js";
import { el, finder, targetOf, toast, typing } from "./view/dom.js";

/** @import { Answer, DeskItem, EditRequest, Label, Server } from "./types.js" */

const PAGE = 12; // moments on a page
const REST_MS = 1_000; // between two looks at what others do
/** What a key does once, however long it is held: nobody looked at the next moment yet. */
const ONCE = new Set(["accept", "reject", "acceptRest", "rejectRest"]);
const TURNS = new Set(["Enter", "Shift+Enter"]);
const ASK =
  "Ask a question on the Annotate page, or mark a few moments with a label and choose it here: it is learned, and found in the library.";
/** Why nothing is shown: feed → title and text. */
const EMPTY = {
  elsewhere: [
    "The rest is on other screens",
    "Somebody else decides about what is left; it comes here when they turn the page.",
  ],
  random: ["No frame is left to look at", "Everything is labelled or looked through."],
  unlikely: [
    "Nothing likely is left",
    "What is probably something else waits under Unsure: deciding about it teaches most.",
  ],
  other: ["Nothing to decide", ASK],
};

/**
 * @param {HTMLElement} element
 * @param {Server} server
 */
export function mount(element, server) {
  new ReviewPage(element, server);
}

class ReviewPage {
  /** @type {Map<string, DeskCard>} */
  #cards = new Map();
  /** video → its edits on their way @type {Map<string, Outbox>} */
  #outboxes = new Map();
  /** edit → the item that it is about @type {Map<string, DeskItem>} */
  #items = new Map();
  /** Items that something was sent about since others' work was last asked for. @type {Set<string>} */
  #sentSince = new Set();
  /** Items that something was on its way about since the page was last turned. @type {Set<string>} */
  #waiting = new Set();
  /** @type {readonly Label[]} */
  #labels = [];
  /** @type {(() => void) | null} */
  #unsubscribe = null;
  #asked = 0;
  #isTurning = false;
  /** How many the feed leaves out, when the page was last turned. */
  #unlikely = 0;
  /** @type {keyof typeof EMPTY | ""} */
  #empty = "";

  /**
   * @param {HTMLElement} element
   * @param {Server} server
   */
  constructor(element, server) {
    const $ = finder(element);
    this.$ = $;
    this.server = server;
    keymap.on("change", () => this.#draw()); // it says the keys
    this.desk = new Desk((video, request, item) => this.#send(video, request, item));
    this.desk.on("change", () => this.#draw());
    this.desk.on("refused", (why) => toast(why, "error"));
    this.preview = new DeskPreview(
      el("video", {
        muted: true,
        playsinline: true,
        disablepictureinpicture: true,
        "aria-label": "The moment in front",
      }),
      (time) => this.#cards.get(this.desk.focused ?? "")?.showTime(time),
    );
    this.preview.video.muted = true;
    this.filter = new DeskFilter($, server, () => this.#turn());
    this.learning = new DeskLearning($, server, this.filter, (message) => this.#complain(message));
    for (const [name, verdict] of /** @type {const} */ ([
      ["desk-accept", "accepted"],
      ["desk-reject", "rejected"],
    ]))
      $(name).addEventListener("click", () => {
        this.desk.decide(this.desk.meant, verdict);
        this.#focusFront();
      });
    $("desk-undo").addEventListener("click", () => this.desk.undo());
    $("desk-settle").addEventListener("click", () => this.#settle());
    $("desk-accept-rest").addEventListener("click", () => this.#decideRest("accepted"));
    $("desk-reject-rest").addEventListener("click", () => this.#decideRest("rejected"));
    $("desk-next").addEventListener("click", () => this.#turn());
    document.addEventListener("keydown", (event) => this.#onKey(event));
    document.addEventListener("annotator", () => current().page === "review" && this.#turn());
    onRoute((route) => {
      if (route.page === "review") this.#open();
      else this.#close();
    });
  }

  #open() {
    const { label, track, feed } = current();
    this.filter.take({ label, track, feed });
    this.#turn();
    this.#unsubscribe ??= changeFeed.subscribe(() => this.#look(), REST_MS);
  }

  #close() {
    if (!this.#unsubscribe) return;
    this.#unsubscribe();
    this.#unsubscribe = null;
    this.preview.hide();
    this.desk.show([]);
    call(this.server, "desk_queue", this.#request(0)).catch(() => {}); // others may have them
  }

  // ---------------------------------------------------------------- what is shown

  /** @param {number} count */
  #request(count) {
    const shown = this.desk.undecided.map((item) => item.id);
    return { ...this.filter.wanted, count, shown: count ? [] : shown, window: WINDOW, annotator: currentUser() };
  }

  /** The ids of the items that something is on its way about. */
  get #onTheWay() {
    return new Set([...this.#items.values()].map((item) => item.id));
  }

  /** Another page of what is to be decided. */
  async #turn() {
    const number = ++this.#asked;
    this.#waiting = this.#onTheWay;
    const { feed, label, track } = this.filter.wanted;
    note({ feed, label, track });
    this.#complain("");
    this.#isTurning = true;
    try {
      const asked = this.#request(PAGE + this.#waiting.size);
      const { items: found, waiting, elsewhere, unlikely, labels } = await call(this.server, "desk_queue", asked);
      if (number !== this.#asked || current().page !== "review") return;
      // what was decided here a moment ago the server may not know yet
      const isDecided = (/** @type {DeskItem} */ item) =>
        this.#waiting.has(item.id) && Boolean(this.desk.stateOf(item).verdict);
      const items = found.filter((item) => !isDecided(item)).slice(0, PAGE);
      this.#labels = labels;
      this.#unlikely = unlikely;
      const why = elsewhere ? "elsewhere" : feed === "random" ? "random" : unlikely ? "unlikely" : "other";
      this.#empty = items.length ? "" : why;
      this.$("desk-count").textContent = toDecide(waiting, unlikely);
      this.desk.show(items, this.#waiting);
      this.filter.list();
    } catch (error) {
      if (number === this.#asked) this.#complain(messageOf(error));
    } finally {
      if (number === this.#asked) this.#isTurning = false;
    }
    this.#ask();
  }

  /** What others decided meanwhile is taken away, and they are told again what is shown here. */
  async #look() {
    if (this.#isTurning) return;
    const onTheWay = this.#onTheWay;
    const known = this.desk.undecided.map((item) => item.id).filter((id) => !onTheWay.has(id));
    this.#sentSince.clear();
    const found = await call(this.server, "desk_queue", this.#request(0));
    const open = new Set(found.shown);
    // what was decided or undone here meanwhile, the answer does not know yet
    this.desk.drop(new Set(known.filter((id) => !open.has(id) && !this.#sentSince.has(id))));
    this.$("desk-count").textContent = toDecide(found.waiting, this.#unlikely);
    if (this.#empty && found.waiting > found.elsewhere) this.#turn();
    await this.#ask();
  }

  #ask() {
    return this.learning.ask(!this.#onTheWay.size);
  }

  /** @param {string} message */
  #complain(message) {
    this.$("desk-message").textContent = message;
    this.$("desk-message").hidden = !message;
  }

  #draw() {
    const { desk, $ } = this;
    const there = new Set(desk.items.map((item) => item.id));
    for (const id of this.#cards.keys()) if (!there.has(id)) this.#cards.delete(id);
    const cards = desk.items.map((item) => {
      const card = this.#cards.get(item.id) ?? this.#card(item);
      this.#cards.set(item.id, card);
      const how = { isChosen: desk.chosen.has(item.id), isFocused: desk.focused === item.id };
      card.update(desk.stateOf(item), how);
      if (!how.isFocused) card.showTime(null);
      return card.root;
    });
    const box = $("desk-items");
    if (cards.length !== box.children.length || cards.some((root, i) => root !== box.children[i]))
      box.replaceChildren(...cards);
    this.#showFront();
    const meant = desk.meant.length;
    $("desk-foot").hidden = !desk.items.length;
    const [yes, no] = desk.meant.every((item) => item.at !== null) ? ["Yes", "No"] : ["Accept", "Reject"];
    $("desk-accept").textContent = meant > 1 ? `${yes} ${meant}` : yes;
    $("desk-reject").textContent = meant > 1 ? `${no} ${meant}` : no;
    $("desk-undo", "button").disabled = !desk.canUndo;
    const left = desk.undecided.length;
    const rest = left && left < desk.items.length ? `the other ${left}` : `all ${left}`;
    for (const [name, what] of [
      ["desk-accept-rest", "Accept"],
      ["desk-reject-rest", "Reject"],
    ]) {
      $(name, "button").disabled = !left;
      $(name).textContent = `${what} ${rest}`;
    }
    $("desk-settle").hidden = left < 2;
    $("desk-next").classList.toggle("primary", !left);
    $("desk-keys").textContent = this.#keys();
    const [title, text] = EMPTY[this.#empty || "other"];
    $("desk-empty").hidden = Boolean(desk.items.length) || !this.#empty;
    $("desk-empty-title").textContent = title;
    $("desk-empty-text").textContent = text;
  }

  #keys() {
    const key = (/** @type {string} */ action) => shownKey(keymap.keysOf(action)[0] ?? "");
    return `${key("accept")} accept · ${key("reject")} reject · ${key("acceptRest")}, ${key("rejectRest")} all the rest · ${shownKey("Shift+Enter")} accept up to this one, reject the rest · ${key("markIn")}, ${key("markOut")} start, end · ${key("undo")} undo · Enter next page`;
  }

  /** @param {DeskItem} item */
  #card(item) {
    const { desk } = this;
    return new DeskCard(item, {
      choose: (id, how) =>
        how === "one" && desk.focused === id && !desk.chosen.size ? undefined : desk.choose(id, how),
      decide: (which, verdict) => {
        desk.press(which, verdict);
        this.#focusFront();
      },
      trim: (which, span) => this.#trim(which, span),
    });
  }

  /** The card in front plays, and has the keyboard. */
  #showFront() {
    const item = this.desk.item(this.desk.focused);
    const card = item && this.#cards.get(item.id);
    if (!card) {
      this.preview.hide();
      return;
    }
    this.preview.show(item, card.picture, item.at === null ? card.range : { ...card.range, pausedAt: item.at });
    const focused = document.activeElement;
    const isHere =
      focused === document.body || this.$("desk-items").contains(focused) || this.$("desk-foot").contains(focused);
    if (isHere && !card.root.contains(focused)) card.root.focus({ preventScroll: true });
    card.root.scrollIntoView({ block: "nearest" });
  }

  /** The next key is for the page, not for the control that was used: Enter would press it again. */
  #focusFront() {
    this.#cards.get(this.desk.focused ?? "")?.root.focus({ preventScroll: true });
  }

  /** All that is still to be decided on this page, which is turned then. @param {"accepted" | "rejected"} verdict */
  #decideRest(verdict) {
    const rest = this.desk.undecided;
    if (!rest.length) return;
    this.desk.decide(rest, verdict);
    this.#turn();
  }

  /** What is to be decided on this page: right up to the one in front, wrong behind it. */
  #settle() {
    if (!this.desk.undecided.length) return;
    this.desk.settle();
    this.#turn();
  }

  // ---------------------------------------------------------------- what is sent

  /**
   * @param {string} video
   * @param {EditRequest} request
   * @param {DeskItem} item
   */
  #send(video, request, item) {
    const known = this.#outboxes.get(video);
    const stated = (/** @type {string} */ state, /** @type {string} */ why) => this.#say(state, why);
    const outbox = known ?? new Outbox(this.server, video, (answers) => this.#answered(answers), stated);
    this.#outboxes.set(video, outbox);
    const edit = outbox.push(request);
    this.#items.set(edit.edit_id, item);
    this.#sentSince.add(item.id);
    this.#waiting.add(item.id);
    this.learning.decided(item);
  }

  /** @param {Answer[]} answers */
  #answered(answers) {
    for (const { edit, result } of answers) {
      const item = this.#items.get(edit.edit_id);
      this.#items.delete(edit.edit_id);
      if (result.ok && result.annotation) this.desk.takeSaved(result.annotation);
      else if (!result.ok && item)
        if (result.kind === "conflict") this.desk.giveUp(item.id);
        else this.desk.refuse(item.id, result.error);
    }
    return answers.map(({ edit }) => edit);
  }

  /** @param {string} state @param {string} why */
  #say(state, why) {
    const isIdle = [...this.#outboxes.values()].every((outbox) => !outbox.pending.length);
    const text = state === "saved" ? (isIdle ? "saved" : "saving…") : state === "saving" ? "saving…" : why;
    this.$("desk-state").textContent = text;
    if (state === "gone") this.#turn();
  }

  // ---------------------------------------------------------------- keys

  /** @param {DeskItem} item @param {{ start: number, end: number }} span */
  async #trim(item, { start, end }) {
    const frames = await this.preview.frames(item);
    if (frames) this.desk.trim(item, frames.span(Math.max(0, start), Math.min(item.duration, end)));
    else this.#sayUnknown(item);
    this.#draw(); // what a hand drew is drawn as it is, also where that changed nothing
  }

  /** Move an end of the one in front by frames. @param {"start" | "end"} edge @param {number} by */
  async #nudge(edge, by) {
    const item = this.desk.item(this.desk.focused);
    if (!item) return;
    const state = this.desk.stateOf(item);
    const frames = await this.preview.frames(item);
    if (frames) this.#trim(item, { ...state, [edge]: frames.edge(state[edge], by) });
    else this.#sayUnknown(item);
  }

  /** @param {DeskItem} item */
  #sayUnknown({ name }) {
    toast(
      `When the frames of “${name}” are shown could not be read, so its ends stay; try again in a moment.`,
      "error",
    );
  }

  /** An end goes to the picture that is shown. @param {"start" | "end"} edge */
  #mark(edge) {
    const item = this.desk.item(this.desk.focused);
    if (!item) return;
    const { time, player } = this.preview;
    const { start, end } = this.desk.stateOf(item);
    this.#trim(
      item,
      edge === "start"
        ? { start: time, end: Math.max(end, player.frameEnd) }
        : { start: Math.min(start, time), end: player.frameEnd },
    );
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (current().page !== "review" || typing(event) || document.querySelector("dialog[open], .menu")) return;
    const control = targetOf(event).closest("button, a, input, summary");
    const name = keyName(event);
    if (control && ["Space", "Enter"].includes(name)) return; // these belong to the control that has the focus
    const { desk } = this;
    const action = this.#actionOf(name);
    if (action) {
      event.preventDefault();
      if (event.repeat && (TURNS.has(name) || ONCE.has(keymap.actionOf(name) ?? ""))) return;
      action();
      this.#focusFront();
    } else if (event.repeat) {
      return;
    } else if (/^[1-9]$/.test(name)) {
      const label = this.#labels.find(
        (each) => each.hotkey === name && desk.meant.some((item) => item.track === each.track),
      );
      if (label)
        desk.decide(
          desk.meant.filter((item) => item.track === label.track),
          "accepted",
          label.label,
        );
    }
  }

  /** @param {string} name of a key @returns {(() => void) | undefined} */
  #actionOf(name) {
    const { desk, preview } = this;
    const columns = getComputedStyle(this.$("desk-items")).gridTemplateColumns.split(" ").length;
    /** @type {{ [key: string]: () => void }} */
    const grid = {
      ArrowRight: () => this.#move(1),
      ArrowLeft: () => this.#move(-1),
      ArrowDown: () => this.#move(columns),
      ArrowUp: () => this.#move(-columns),
      "Shift+ArrowRight": () => this.#move(1, "range"),
      "Shift+ArrowLeft": () => this.#move(-1, "range"),
      "Shift+ArrowDown": () => this.#move(columns, "range"),
      "Shift+ArrowUp": () => this.#move(-columns, "range"),
      Enter: () => this.#turn(),
      "Shift+Enter": () => this.#settle(),
    };
    /** @type {{ [action: string]: () => void }} */
    const actions = {
      accept: () => desk.decide(desk.meant, "accepted"),
      reject: () => desk.decide(desk.meant, "rejected"),
      acceptRest: () => this.#decideRest("accepted"),
      rejectRest: () => this.#decideRest("rejected"),
      undo: () => desk.undo(),
      redo: () => desk.redo(),
      chooseAll: () => desk.chooseAll(),
      clear: () => desk.chooseNone(),
      toggle: () => preview.player.toggle(),
      mute: () => (preview.video.muted = !preview.video.muted),
      markIn: () => this.#mark("start"),
      markOut: () => this.#mark("end"),
      startEarlier: () => this.#nudge("start", -1),
      startLater: () => this.#nudge("start", 1),
      endEarlier: () => this.#nudge("end", -1),
      endLater: () => this.#nudge("end", 1),
    };
    return grid[name] ?? actions[keymap.actionOf(name) ?? ""];
  }

  /** @param {number} by @param {"one" | "range"} [how] */
  #move(by, how = "one") {
    const { desk } = this;
    const at = desk.items.findIndex((item) => item.id === desk.focused);
    const next = desk.items[Math.min(desk.items.length - 1, Math.max(0, at + by))];
    if (next && next.id !== desk.focused) desk.choose(next.id, how);
  }
}
