// What is said and by whom: one line a subtitle; a click goes there, a double click edits.

import { Emitter } from "../emitter.js";
import { itemIdOf } from "../model/line-items.js";
import { speakersOf } from "../model/line-speakers.js";
import { messageOf } from "../sync/api.js";
import { draftsOf, knowTabs } from "../sync/drafts.js";
import { clock, el, finder, targetOf, toast } from "./dom.js";
import { LineField } from "./line-field.js";
import { LineFollower } from "./line-follower.js";
import { speakerButton, speakerForm } from "./line-speaker.js";
import { originsOf, rangeIn, wordsOf } from "./line-words.js";
import { readSubtitles } from "./subtitle-file.js";

/** @import { Line } from "../types.js" */
/** @import { SavedLine } from "../document/line-editor.js" */
/** @import { VideoDocument } from "../document/video-document.js" */
/** @import { Player } from "./player.js" */

const NEW_S = 2;
const LEAST_S = 0.001; // of sound alone a line that begins now is what is said now

const byStart = (/** @type {Line} */ a, /** @type {Line} */ b) => a.start - b.start;

/** A line by what its element is called. @param {{ id: number | null }} line */
const keyOf = ({ id }) => String(id ?? "new");

/** history: somebody wants to see a line's; shown: the lines were drawn anew.
 * @extends {Emitter<{ history: Line, shown: null }>}
 */
export class Transcript extends Emitter {
  /** Those of the video, and what is typed and not saved yet. @type {Line[]} */
  lines = [];
  /** @type {VideoDocument | null} */
  doc = null;
  /** Those that are typed now, by the key of their line. @type {Map<string, LineField>} */
  fields = new Map();
  isDrawing = false;
  /** Elements by the keys of their lines, and what each shows. @type {Map<string, { node: HTMLElement, shows: unknown[] }>} */
  #nodes = new Map();
  #follower;
  /** The line that the first click of what may be two was on; "": none. */
  #clicked = "";

  /**
   * @param {HTMLElement} element
   * @param {object} page
   * @param {(time: number) => void} page.seek
   * @param {Pick<Player, "time" | "frameEnd">} page.player
   * @param {(doc: VideoDocument) => () => void} page.undoing makes what takes back the newest step of a video
   * @param {() => readonly Line[]} page.chosen the lines that are chosen
   * @param {(id: string) => void} page.choose a line, by what it is called among segments
   * @param {(event: KeyboardEvent, field: LineField) => boolean} page.command does what a key is for while a line is typed
   */
  constructor(element, { seek, player, undoing, chosen, choose, command }) {
    super();
    const $ = finder(element);
    this.$ = $;
    this.list = $("transcript-list");
    this.#follower = new LineFollower(this.list);
    this.seek = seek;
    this.player = player;
    this.undoing = undoing;
    this.chosenLines = chosen;
    this.onchoose = choose;
    this.command = command;
    this.file = $("subtitle-file", "input");
    this.fileTitle = this.file.parentElement?.title ?? "";
    this.list.addEventListener("click", (event) => this.clicked(event));
    document.addEventListener("click", (event) => this.#second(event), true);
    this.list.addEventListener("keydown", (event) => this.key(event));
    this.$("line-add").addEventListener("click", () => this.add());
    this.file.addEventListener("change", () => this.read(this.file));
  }

  /** @param {VideoDocument} doc */
  async open(doc) {
    this.doc = doc;
    for (const field of this.fields.values()) field.finish(true);
    this.fields.clear();
    this.#nodes.clear();
    this.list.replaceChildren();
    doc.store.on("change", (what) => what === "lines" && this.show());
    this.show();
    await this.load();
    if (doc !== this.doc) return;
    await knowTabs();
    for (const { line, text } of draftsOf(`line:${doc.id}:`)) this.reopen(line, text);
  }

  /** Asks for the lines; they are shown when they come. */
  async load() {
    await this.doc?.lines.load().catch((error) => toast(messageOf(error), "error"));
  }

  /** The field that has the focus, and with it the keys. */
  get typed() {
    return [...this.fields.values()].find(({ input }) => input === document.activeElement) ?? null;
  }

  // ---------------------------------------------------------------- drawing

  /** Draws what changed: a line that somebody is typing keeps its field, its caret and the focus. */
  show() {
    if (!this.doc) return;
    const { all, fixed } = this.doc.lines;
    const known = new Set(all.map(keyOf));
    const typed = this.lines.filter((line) => !known.has(keyOf(line)) && this.fields.has(keyOf(line)));
    this.lines = [...all, ...typed].sort(byStart); // those that are new, or were removed by others, stay while they are typed
    this.mayRead(fixed);
    this.$("transcript-empty").hidden = this.lines.length > 0;
    this.$("transcript-rows").hidden = !this.lines.length;
    this.$("transcript-from").textContent = originsOf(this.lines);
    const focused = this.typed;
    this.isDrawing = true;
    this.#draw();
    focused?.input.focus();
    this.isDrawing = false;
    this.#follower.forget();
    this.follow(this.player.time);
    this.emit("shown", null);
  }

  #draw() {
    const keys = new Set(this.lines.map(keyOf));
    for (const [key, { node }] of this.#nodes) {
      if (keys.has(key)) continue;
      node.remove();
      this.#nodes.delete(key);
    }
    const speakers = this.#speakers();
    let next = this.list.firstElementChild;
    this.lines.forEach((line, at) => {
      const node = this.#elementOf(line, speakers[at]);
      if (next === node) next = node.nextElementSibling;
      else this.list.insertBefore(node, next);
    });
  }

  #speakers() {
    return this.doc ? speakersOf(this.lines, this.doc.store) : [];
  }

  /**
   * @param {Line} line
   * @param {string} who
   */
  #elementOf(line, who) {
    const key = keyOf(line);
    const choice = this.fields.get(key)?.choice ?? null;
    const shows = [line, who, choice?.textContent, this.fields.has(key)];
    const known = this.#nodes.get(key);
    if (known && shows.every((each, at) => each === known.shows[at])) return known.node;
    const node = known?.node ?? el("li", { tabindex: 0, "data-line": key });
    const said = node.querySelector(".said") ?? el("span", { class: "said", dir: "auto" });
    Object.assign(node.dataset, { start: line.start, end: line.end });
    if (!this.fields.has(key)) said.replaceChildren(...wordsOf(line));
    const form = node.querySelector("form"); // somebody says who says it
    for (const part of [...node.children]) if (part !== said && part !== form) part.remove();
    node.insertBefore(el("span", { class: "when mono", text: clock(line.start, 1) }), said.parentElement && said);
    const ask = () => this.askSpeaker(line);
    node.insertBefore(speakerButton(who, ask), said.parentElement && said);
    if (!said.parentElement) node.append(said);
    if (line.version > 1) node.insertBefore(this.historyButton(line), form);
    if (choice) node.insertBefore(choice, form);
    this.#nodes.set(key, { node, shows });
    return node;
  }

  /** Asks who says a line, or all lines that are chosen with it. @param {Line} line */
  askSpeaker(line) {
    const [doc, node] = [this.doc, this.nodeOf(keyOf(line))];
    if (!doc || !node || line.id === null) return;
    const chosen = this.chosenLines();
    const lines = chosen.includes(line) ? chosen : [line];
    this.list.querySelector("form")?.remove();
    const [who] = speakersOf([line], doc.store);
    const { form, input } = speakerForm(doc, lines, who, () => {
      form.remove();
      node.focus();
    });
    node.append(form);
    input.focus();
    input.select();
  }

  /** @param {Line} line */
  historyButton(line) {
    const show = () => this.emit("history", line);
    return el("button", { class: "link small", type: "button", text: "History", onclick: show });
  }

  /** @param {string} fixed why this person may not read in other subtitles, or nothing */
  mayRead(fixed) {
    const label = this.file.parentElement;
    this.file.disabled = Boolean(fixed);
    if (label) label.title = fixed || this.fileTitle;
  }

  /** @param {string} key */
  nodeOf(key) {
    return this.#nodes.get(key)?.node ?? null;
  }

  /** Names may have changed, or who speaks. */
  attribute() {
    this.#draw();
  }

  // ---------------------------------------------------------------- what is chosen

  /** Mark the lines that are chosen, and bring the current one into sight.
   * @param {{ has: (id: string) => boolean, current: string | null }} selection
   */
  choose(selection) {
    for (const line of this.lines) {
      const node = this.nodeOf(keyOf(line));
      const isChosen = line.id !== null && selection.has(itemIdOf(line));
      if (!node || node.hasAttribute("data-chosen") === isChosen) continue;
      if (isChosen) node.setAttribute("data-chosen", "");
      else node.removeAttribute("data-chosen");
      if (isChosen && !this.typed) node.scrollIntoView({ block: "nearest" });
    }
  }

  /** Whoever goes to a line chooses it; by the mouse not before the click is over: the panel above may become another
   * one, and the list move.
   * @param {HTMLElement} node
   */
  #chooseAt(node) {
    const line = this.lineOf(node);
    if (line && line.id !== null) this.onchoose(itemIdOf(line));
  }

  // ---------------------------------------------------------------- time

  /** Bring a line into sight, and go there. @param {Line} line */
  reveal(line) {
    this.nodeOf(keyOf(line))?.scrollIntoView({ block: "nearest" });
    this.seek(line.start);
  }

  /** A part of the text of a line on the page; null where it is not shown as text.
   * @param {Line} line
   * @param {readonly [number, number]} span [from, to) in its text
   */
  rangeOf(line, span) {
    const said = this.nodeOf(keyOf(line))?.querySelector(".said");
    if (!said || this.fields.has(keyOf(line))) return null;
    return rangeIn(said, span);
  }

  /** @param {number} time */
  follow(time) {
    const until = Math.max(this.player.frameEnd, time + LEAST_S); // a line begins within a frame as a rule
    const line = this.lines.findLast((each) => each.start < until - 1e-6 && time < each.end);
    this.#follower.mark(line ? this.nodeOf(keyOf(line)) : null, time, until, !this.typed);
  }

  // ---------------------------------------------------------------- pointer and keys

  /** A click goes to the word, or to where the line begins. @param {MouseEvent} event */
  clicked(event) {
    const target = targetOf(event);
    const node = target.closest("li");
    /** @type {HTMLElement | null} */
    const word = target.closest(".word");
    if (!node || node.querySelector("input") || target.matches("button, option")) return;
    this.#clicked = node.dataset.line ?? "";
    this.seek(Number((word ?? node).dataset.start));
    this.#chooseAt(node);
  }

  /** The second click of two edits the line that the first was on: choosing that line may have moved the list, so that
   * something else is under the pointer by now, which the click is not meant for.
   * @param {MouseEvent} event
   */
  #second(event) {
    const clicked = this.nodeOf(this.#clicked);
    this.#clicked = "";
    if (event.detail !== 2 || !clicked) return;
    event.preventDefault();
    event.stopPropagation();
    this.edit(clicked);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const target = targetOf(event);
    const node = target.closest("li");
    if (!node || target.matches("input, button")) return;
    const beside = { ArrowDown: node.nextElementSibling, ArrowUp: node.previousElementSibling };
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const next = /** @type {HTMLElement | null} */ (beside[event.key]);
      next?.focus();
      if (next) this.#chooseAt(next);
    } else if (event.key === "Enter") this.seek(Number(node.dataset.start));
    else if (event.key === "F2") this.edit(node);
    else if (event.key === "Delete") this.drop(node);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // ---------------------------------------------------------------- editing

  /** @param {HTMLElement} node */
  lineOf(node) {
    return this.lines.find((line) => keyOf(line) === node.dataset.line);
  }

  /**
   * @param {HTMLElement | null} node
   * @param {Line} [seen] as the person saw it, if they began before
   * @param {number | null} [caret] where it stands; null: the whole text is selected
   * @param {string} [typed] what was typed there before the field is
   */
  edit(node, seen, caret = null, typed = "") {
    const key = node?.dataset.line ?? "";
    const drawn = this.#nodes.get(key);
    if (!node || !drawn || this.fields.has(key)) return;
    const line = seen ?? this.lineOf(node);
    const said = node.querySelector(".said");
    if (!this.doc || !line || !said) return;
    const field = new LineField(this.doc, line, {
      isDrawing: () => this.isDrawing,
      closed: (done) => this.#closed(key, done),
      conflict: (open) => open.doc === this.doc && this.show(),
      edit: (id, at, typed) => this.edit(this.nodeOf(String(id)), undefined, at, typed),
      askSpeaker: (id) => {
        const known = this.lines.find((each) => each.id === id);
        if (known) this.askSpeaker(known);
      },
      command: this.command,
    });
    const { input } = field;
    this.fields.set(key, field);
    this.#chooseAt(node);
    said.replaceChildren(input);
    drawn.shows = []; // other than the line
    input.focus();
    if (caret === null) input.select();
    else input.setSelectionRange(caret, caret);
    if (typed) field.take(typed, caret ?? 0);
  }

  /**
   * @param {string} key
   * @param {LineField} field
   */
  #closed(key, field) {
    if (this.fields.get(key) !== field) return; // of a video that is not shown any more
    this.fields.delete(key);
    this.show();
  }

  /** A new line, at the playhead or over a time. @param {{ start: number, end: number }} [span] */
  add(span) {
    const open = this.fields.get("new");
    if (open) {
      open.input.focus();
      return;
    }
    const start = span?.start ?? this.player.time;
    const end = span?.end ?? Math.min(start + NEW_S, this.doc?.store.video?.duration ?? start);
    this.#begin({ id: null, start, end, text: "", source: "typed", version: 0, annotator: "", origin: "" });
  }

  /** A line that the server has not, to be typed.
   * @param {Line} line
   */
  #begin(line) {
    if (!this.nodeOf(keyOf(line))) {
      this.lines = [...this.lines, line].sort(byStart);
      this.#draw();
    }
    this.$("transcript-empty").hidden = true;
    this.edit(this.nodeOf(keyOf(line)), line);
  }

  /** What was typed into a line, once its video is open again.
   * @param {Line} line
   * @param {string} text
   */
  reopen(line, text) {
    this.#begin(line);
    const field = this.fields.get(keyOf(line));
    if (field) field.input.value = text;
  }

  /** Who did what to a line, oldest first. @param {Line} line */
  async history(line) {
    return (await this.doc?.lines.history(line)) ?? [];
  }

  /** Gives a line all that it had by one of its revisions; returns it as it is then, or null where that failed.
   * @param {Line} line
   * @param {number} seq
   * @param {boolean} before what it had before that revision
   */
  async restore(line, seq, before) {
    const { doc } = this;
    try {
      await doc?.lines.revert(/** @type {SavedLine} */ (line), seq, before);
    } catch (error) {
      toast(messageOf(error), "error");
      await this.load();
      return null;
    }
    return doc?.lines.find(line.id) ?? null;
  }

  /** @param {HTMLElement} node */
  async drop(node) {
    const [doc, line] = [this.doc, this.lineOf(node)];
    if (!doc || !line || line.id === null) return;
    try {
      await doc.lines.remove(/** @type {SavedLine} */ (line));
      toast("The line was removed.", "info", this.undoing(doc));
    } catch (error) {
      toast(messageOf(error), "error");
      await this.load();
    }
  }

  /** @param {HTMLInputElement} input */
  async read(input) {
    const [file] = input.files ?? [];
    const { doc } = this;
    input.value = "";
    if (!file || !doc) return;
    await readSubtitles(doc, file, () => this.undoing(doc));
    await this.load();
  }
}
