// What is said and by whom: one line a subtitle; a click goes there, a double click edits.

import { Emitter } from "../emitter.js";
import { ApiError, call, messageOf } from "../sync/api.js";
import { currentUser } from "../sync/current-user.js";
import { draftsOf, keepDraft, knowTabs } from "../sync/drafts.js";
import { clock, counted, el, finder, targetOf, toast } from "./dom.js";
import { personOf } from "../model/people.js";

/** @import { Item, Line, Server } from "../types.js" */
/** @import { VideoDocument } from "../document/video-document.js" */

/** A line that somebody edits.
 * @typedef {object} Field
 * @property {VideoDocument} doc which may not be the one that is shown any more
 * @property {Line} line as the person saw it
 * @property {Line | null} [theirs] what somebody else made of it meanwhile (null: removed it), until the person chooses
 * @property {(keep: boolean, chosen?: boolean) => Promise<void>} finish closes it, and saves what is in it or not
 */

const NEW_S = 2;
const UNSURE = 0.5; // a word that a model was less sure of is marked

const byStart = (/** @type {Line} */ a, /** @type {Line} */ b) => a.start - b.start;

/** lines: what is said is other by now; history: somebody wants to see a line's.
 * @extends {Emitter<{ lines: null, history: Line }>}
 */
export class Transcript extends Emitter {
  /** @type {Line[]} */
  lines = [];
  /** @type {VideoDocument | null} */
  doc = null;
  /** @type {Map<HTMLInputElement, Field>} */
  fields = new Map();
  isDrawing = false;
  /** The line that is said now. @type {HTMLElement | null} */
  current = null;
  /** The word of it. @type {HTMLElement | undefined} */
  currentWord;

  /**
   * @param {HTMLElement} element
   * @param {Server} server
   * @param {{ seek: (time: number) => void, time: () => number, frameEnd: () => number }} player
   */
  constructor(element, server, { seek, time, frameEnd }) {
    super();
    const $ = finder(element);
    this.$ = $;
    this.list = $("transcript-list");
    this.server = server;
    this.seek = seek;
    this.time = time;
    this.frameEnd = frameEnd;
    this.file = $("subtitle-file", "input");
    this.fileTitle = this.file.parentElement?.title ?? "";
    this.list.addEventListener("click", (event) => this.clicked(event));
    this.list.addEventListener("dblclick", (event) => this.edit(targetOf(event).closest("li")));
    this.list.addEventListener("keydown", (event) => this.key(event));
    this.$("line-add").addEventListener("click", () => this.add());
    this.file.addEventListener("change", () => this.read(this.file));
  }

  /** @param {VideoDocument} doc */
  async open(doc) {
    this.doc = doc;
    for (const field of this.fields.values()) field.finish(true);
    this.fields.clear();
    this.lines = [];
    this.show();
    await this.load();
    if (doc !== this.doc) return;
    await knowTabs;
    for (const { line, text } of draftsOf(`line:${doc.id}:`)) this.reopen(line, text);
  }

  /** Asks for the lines, and shows them; returns them, or null where they did not come. */
  async load() {
    const { doc } = this;
    if (!doc) return null;
    /** @type {Line[] | null} */
    let found = null;
    try {
      const { lines, fixed } = await call(this.server, "transcript", { video: doc.id, annotator: currentUser() });
      if (doc !== this.doc) return null;
      this.mayRead(fixed);
      const known = new Set(lines.map((line) => line.id));
      const typed = this.lines.filter((line) => !known.has(line.id) && this.fieldOf(line)); // new, or removed by others
      this.lines = [...lines, ...typed].sort(byStart);
      found = lines;
    } catch (error) {
      toast(messageOf(error), "error");
    }
    this.show();
    return found;
  }

  /** @param {string} fixed why this person may not read in other subtitles, or nothing */
  mayRead(fixed) {
    const label = this.file.parentElement;
    this.file.disabled = Boolean(fixed);
    if (label) label.title = fixed || this.fileTitle;
  }

  /** Who speaks most while a line is said, by annotations where there are some, else by what is predicted.
   * @param {Line} line
   */
  speakerOf(line) {
    if (!this.doc) return "";
    const { store } = this.doc;
    /** @type {Map<string, number>} */
    const shares = new Map();
    const speaks = (/** @type {Item} */ item) =>
      item.label === "speaking" && item.start < line.end && item.end > line.start;
    const annotated = [...store.annotations.values()].filter(speaks);
    const predicted = () =>
      [...store.predictions.values()].filter((p) => p.verdict !== "rejected" && store.isShown(p) && speaks(p));
    for (const item of annotated.length ? annotated : predicted()) {
      const row = store.rowOf(item);
      if (!row) continue;
      const shared = Math.min(item.end, line.end) - Math.max(item.start, line.start);
      shares.set(personOf(row), (shares.get(personOf(row)) ?? 0) + shared);
    }
    return [...shares].sort(([, a], [, b]) => b - a)[0]?.[0] ?? "";
  }

  /** What somebody is typing stays open, with the focus, when the lines around it are drawn anew. */
  show() {
    const open = [...this.fields.keys()]
      .filter((input) => this.list.contains(input))
      .map((input) => ({ line: input.closest("li")?.dataset.line ?? "", input }));
    const focused = /** @type {HTMLInputElement} */ (document.activeElement);
    this.isDrawing = true;
    this.draw();
    for (const { line, input } of open) this.nodeOf(line)?.querySelector(".said")?.replaceChildren(input);
    if (this.fields.has(focused)) focused.focus();
    this.isDrawing = false;
    this.current = null;
    this.follow(this.time());
    if (this.doc) this.emit("lines", null);
  }

  draw() {
    this.$("transcript-empty").hidden = this.lines.length > 0;
    this.$("transcript-from").textContent = originsOf(this.lines);
    this.list.replaceChildren(
      ...this.lines.map((line) =>
        el(
          "li",
          { tabindex: 0, "data-line": line.id ?? "new", "data-start": line.start, "data-end": line.end },
          el("span", { class: "when mono", text: clock(line.start, 1) }),
          el("span", { class: "who", text: this.speakerOf(line) }),
          el("span", { class: "said", dir: "auto" }, ...wordsOf(line)),
          line.version > 1 ? this.historyButton(line) : null,
          this.conflictOf(line),
        ),
      ),
    );
  }

  /** @param {Line} line */
  historyButton(line) {
    const show = () => this.emit("history", line);
    return el("button", { class: "link small", type: "button", text: "History", onclick: show });
  }

  /** What somebody else made of a line while this person typed, and the choice. @param {Line} line */
  conflictOf(line) {
    const field = this.openField(line);
    if (field?.theirs === undefined) return null;
    const { theirs, finish } = field;
    const who = theirs?.annotator || "Somebody";
    const text = theirs ? `${who} changed this line to “${theirs.text}”. ` : "Somebody removed this line. ";
    const choice = (/** @type {string} */ label, /** @type {boolean} */ keep) =>
      el("button", { class: "link", type: "button", text: label, onclick: () => finish(keep, true) });
    const choices = [choice("Keep theirs", false), " ", choice("Keep mine", true)];
    return el("div", { class: "error", role: "alert", dir: "auto", text }, ...choices);
  }

  /** @param {Line} line */
  openField(line) {
    return [...this.fields.values()].find((field) => field.doc === this.doc && field.line.id === line.id);
  }

  /** @param {string} line @returns {HTMLElement | null} */
  nodeOf(line) {
    return this.list.querySelector(`[data-line="${CSS.escape(line)}"]`);
  }

  /** @param {Line} line */
  fieldOf(line) {
    return this.nodeOf(String(line.id ?? "new"))?.querySelector("input");
  }

  /** Names may have changed, or who speaks. */
  attribute() {
    for (const [i, node] of [...this.list.children].entries()) {
      const who = this.speakerOf(this.lines[i]);
      if (node.children[1].textContent !== who) node.children[1].textContent = who;
    }
  }

  /** @param {number} time */
  follow(time) {
    const until = this.frameEnd(); // a line begins within a frame as a rule
    const at = this.lines.findLastIndex((line) => line.start < until - 1e-6 && time < line.end);
    const node = /** @type {HTMLElement | undefined} */ (this.list.children[at]) ?? null;
    this.followWord(node, time, until);
    if (node === this.current) return;
    this.current?.removeAttribute("aria-current");
    this.current = node;
    node?.setAttribute("aria-current", "true");
    if (node && this.list.offsetParent) {
      const { offsetTop, offsetHeight } = node;
      const { scrollTop, clientHeight } = this.list;
      const isInSight = offsetTop >= scrollTop && offsetTop + offsetHeight <= scrollTop + clientHeight;
      if (!isInSight) this.list.scrollTop = offsetTop - clientHeight / 3;
    }
  }

  /** Mark the word that is said now.
   * @param {HTMLElement | null} line
   * @param {number} time
   * @param {number} until
   */
  followWord(line, time, until) {
    /** @type {HTMLElement[]} */
    const words = [...(line?.querySelectorAll(/** @type {"span"} */ (".word")) ?? [])];
    const now = words.findLast(({ dataset }) => Number(dataset.start) < until - 1e-6 && time < Number(dataset.end));
    if (now === this.currentWord) return;
    this.currentWord?.classList.remove("now");
    this.currentWord = now;
    now?.classList.add("now");
  }

  /** A click goes to the word, or to where the line begins. @param {MouseEvent} event */
  clicked(event) {
    const target = targetOf(event);
    const node = target.closest("li");
    /** @type {HTMLElement | null} */
    const word = target.closest(".word");
    if (node && !node.querySelector("input") && !target.matches("button"))
      this.seek(Number((word ?? node).dataset.start));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const target = targetOf(event);
    const node = target.closest("li");
    if (!node || target.matches("input, button")) return;
    const beside = { ArrowDown: node.nextElementSibling, ArrowUp: node.previousElementSibling };
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      /** @type {HTMLElement | null} */ (beside[event.key])?.focus();
    } else if (event.key === "Enter") this.seek(Number(node.dataset.start));
    else if (event.key === "F2") this.edit(node);
    else if (event.key === "Delete") this.drop(node);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {HTMLElement} node */
  lineOf(node) {
    return this.lines.find((line) => String(line.id ?? "new") === node.dataset.line);
  }

  /**
   * @param {HTMLElement | null} node
   * @param {Line} [seen] as the person saw it, if they began before
   */
  edit(node, seen) {
    if (!node || node.querySelector("input")) return;
    const { doc } = this; // the field may be left by turning to another video
    const line = seen ?? this.lineOf(node);
    const said = node.querySelector(".said");
    if (!doc || !line || !said) return;
    const input = el("input", { type: "text", dir: "auto", value: line.text, "aria-label": "What is said" });
    const key = `line:${doc.id}:` + (line.id ?? `new ${line.start}`);
    let over = false;
    /** @type {Field} */
    const field = {
      doc,
      line,
      finish: async (keep, chosen = false) => {
        if (over) return;
        over = true;
        const changed = keep && input.value.trim() && (chosen || input.value !== line.text);
        const undecided = field.theirs !== undefined && !chosen;
        if (changed && (undecided || !(await this.save(field, input.value)))) {
          over = false; // the field stays as it is, to try again
          return;
        }
        this.fields.delete(input);
        keepDraft(key, null);
        input.remove();
        if (doc !== this.doc) return;
        if (keep || chosen || line.id === null) await this.load();
        else this.show();
      },
    };
    input.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") field.finish(true);
      if (event.key === "Escape") field.finish(false, field.theirs !== undefined);
    });
    input.addEventListener("blur", () => !this.isDrawing && field.finish(true));
    input.addEventListener("input", () => keepDraft(key, { line, text: input.value }));
    this.fields.set(input, field);
    said.replaceChildren(input);
    input.focus();
    input.select();
  }

  add() {
    const open = this.nodeOf("new")?.querySelector("input");
    if (open) {
      open.focus();
      return;
    }
    const start = this.time();
    const end = Math.min(start + NEW_S, this.doc?.store.video?.duration ?? start);
    const added = { id: null, start, end, text: "", source: "typed", version: 0, annotator: "", origin: "" };
    this.lines = [...this.lines, added].sort(byStart);
    this.show();
    this.edit(this.nodeOf("new"));
  }

  /** What was typed into a line, once its video is open again.
   * @param {Line} line
   * @param {string} text
   */
  reopen(line, text) {
    const id = String(line.id ?? "new");
    if (!this.nodeOf(id)) {
      this.lines = [...this.lines, line].sort(byStart);
      this.show();
    }
    this.edit(this.nodeOf(id), line);
    const input = this.nodeOf(id)?.querySelector("input");
    if (input) input.value = text;
  }

  /** Whether it was saved. What somebody else did to the line meanwhile is shown, to choose from.
   * @param {Field} field
   * @param {string} text
   */
  async save(field, text) {
    const { doc, line, theirs } = field;
    const about = { video: doc.id, line: line.id, annotator: currentUser() };
    try {
      let { version } = theirs ?? line;
      if (theirs === null) ({ version } = await call(this.server, "restore_line", about));
      await call(this.server, "save_line", { ...about, version, start: line.start, end: line.end, text });
      return true;
    } catch (error) {
      const isTheirs = error instanceof ApiError && (error.kind === "conflict" || error.kind === "gone");
      if (isTheirs && doc === this.doc) await this.takeTheirs(field);
      else toast(`“${text}” was not saved. ${messageOf(error)}`, "error");
      return false;
    }
  }

  /** @param {Field} field */
  async takeTheirs(field) {
    const lines = await this.load();
    if (!lines) return;
    field.theirs = lines.find((line) => line.id === field.line.id) ?? null;
    this.show();
  }

  /** Who did what to a line, oldest first. @param {Line} line */
  history(line) {
    return call(this.server, "line_history", { line: line.id });
  }

  /** Gives a line the words and times that it had; returns it as it is then, or null where that failed.
   * @param {Line} line
   * @param {Line} state
   */
  async restore(line, { start, end, text }) {
    if (!this.doc) return null;
    try {
      const about = { video: this.doc.id, line: line.id, version: line.version, annotator: currentUser() };
      await call(this.server, "save_line", { ...about, start, end, text });
    } catch (error) {
      toast(messageOf(error), "error");
      await this.load();
      return null;
    }
    return (await this.load())?.find((each) => each.id === line.id) ?? null;
  }

  /** @param {HTMLElement} node */
  async drop(node) {
    const [doc, line] = [this.doc, this.lineOf(node)];
    if (!doc || !line) return;
    try {
      const about = { video: doc.id, line: line.id, annotator: currentUser() };
      await call(this.server, "delete_line", { ...about, version: line.version });
      toast("The line was removed.", "info", async () => {
        await call(this.server, "restore_line", about).catch((error) => toast(messageOf(error), "error"));
        if (doc === this.doc) await this.load();
      });
    } catch (error) {
      toast(messageOf(error), "error");
    }
    await this.load();
  }

  /** @param {string} id */
  async undoImport(id) {
    const request = { import: id, annotator: currentUser() };
    await call(this.server, "import_undo", request).catch((error) => toast(messageOf(error), "error"));
    await this.load();
  }

  /** @param {HTMLInputElement} input */
  async read(input) {
    const [file] = input.files ?? [];
    const video = this.doc?.id;
    input.value = "";
    if (!file || !video) return;
    try {
      const request = { video, name: file.name, ...(await contentOf(file)), annotator: currentUser() };
      const made = await call(this.server, "read_subtitles", request);
      const said = [`${counted(made.count, "line")} imported.`, ...made.problems].join(" ");
      toast(said, "info", () => this.undoImport(made.import));
    } catch (error) {
      toast(messageOf(error), "error");
    }
    await this.load();
  }
}

/**
 * A sentence on where lines come from, with how many where that is several places.
 * @param {Line[]} lines
 */
function originsOf(lines) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { origin, source } of lines) {
    const from = origin ? `from ${origin}` : source === "typed" ? "typed here" : "from subtitles of the video";
    counts.set(from, (counts.get(from) ?? 0) + 1);
  }
  const said = [...counts].map(([from, count]) => (counts.size > 1 ? `${from} (${count})` : from)).join(", ");
  return said && `${said[0].toUpperCase()}${said.slice(1)}.`;
}

/**
 * The text of a file in UTF-8; of another its bytes in base64: Python knows more encodings.
 * @param {File} file
 * @returns {Promise<{ text: string } | { bytes: string }>}
 */
async function contentOf(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    let plain = "";
    for (let at = 0; at < bytes.length; at += 32768) plain += String.fromCharCode(...bytes.subarray(at, at + 32768));
    return { bytes: btoa(plain) };
  }
}

/** The text of a line, each word that is known by its time in a part of its own.
 * @param {Line} line
 */
function wordsOf(line) {
  const parts = [];
  let done = 0;
  for (const { start, end, text, probability } of line.words ?? []) {
    const at = line.text.indexOf(text, done);
    if (at < 0) return [line.text]; // a text that somebody changed has other words
    parts.push(line.text.slice(done, at));
    const isUnsure = probability < UNSURE;
    parts.push(
      el("span", {
        class: isUnsure ? "word unsure" : "word",
        "data-start": start,
        "data-end": end,
        title: isUnsure ? `Not sure: ${Math.round(100 * probability)} %` : "",
        text,
      }),
    );
    done = at + text.length;
  }
  return [...parts, line.text.slice(done)].filter(Boolean);
}
