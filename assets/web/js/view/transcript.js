// What is said and by whom: one line a subtitle; a click goes there, a double click edits.

import { Emitter } from "../emitter.js";
import { call, messageOf } from "../sync/api.js";
import { currentUser } from "../sync/current-user.js";
import { clock, el, finder, targetOf, toast } from "./dom.js";
import { personOf } from "../model/people.js";

/** @import { Item, Line, Server } from "../types.js" */
/** @import { VideoDocument } from "../document/video-document.js" */

/** @typedef {(keep: boolean) => Promise<void>} Finish ends a field, and keeps what is in it or not */

const NEW_S = 2;

const byStart = (/** @type {Line} */ a, /** @type {Line} */ b) => a.start - b.start;

/** lines: what is said is other by now. @extends {Emitter<{ lines: null }>} */
export class Transcript extends Emitter {
  /** @type {Line[]} */
  lines = [];
  /** @type {VideoDocument | null} */
  doc = null;
  /** open fields → what ends them @type {Map<HTMLInputElement, Finish>} */
  fields = new Map();
  isDrawing = false;
  /** The line that is said now. @type {HTMLElement | null} */
  current = null;

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
    for (const finish of this.fields.values()) finish(true);
    this.fields.clear();
    this.lines = [];
    this.show();
    await this.load();
  }

  async load() {
    const { doc } = this;
    if (!doc) return;
    try {
      const { lines, fixed } = await call(this.server, "transcript", { video: doc.id, annotator: currentUser() });
      if (doc === this.doc) this.mayRead(fixed);
      const typed = this.lines.filter((line) => line.id === null && this.fieldOf(line));
      if (doc === this.doc) this.lines = [...lines, ...typed].sort(byStart);
    } catch (error) {
      toast(messageOf(error), "error");
    }
    this.show();
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
    this.list.replaceChildren(
      ...this.lines.map((line) =>
        el(
          "li",
          { tabindex: 0, "data-line": line.id ?? "new", "data-start": line.start, "data-end": line.end },
          el("span", { class: "when mono", text: clock(line.start, 1) }),
          el("span", { class: "who", text: this.speakerOf(line) }),
          el("span", { class: "said", dir: "auto", text: line.text }),
        ),
      ),
    );
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

  /** @param {MouseEvent} event */
  clicked(event) {
    const node = targetOf(event).closest("li");
    if (node && !node.querySelector("input")) this.seek(Number(node.dataset.start));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const target = targetOf(event);
    const node = target.closest("li");
    if (!node || target.matches("input")) return;
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

  /** @param {HTMLElement | null} node */
  edit(node) {
    if (!node || node.querySelector("input")) return;
    const { doc } = this; // the field may be left by turning to another video
    const line = this.lineOf(node);
    const said = node.querySelector(".said");
    if (!doc || !line || !said) return;
    const input = el("input", { type: "text", dir: "auto", value: line.text, "aria-label": "What is said" });
    let over = false;
    /** @type {Finish} */
    const finish = async (keep) => {
      if (over) return;
      over = true;
      if (keep && input.value.trim() && input.value !== line.text) {
        over = await this.save(doc, { ...line, text: input.value });
        if (!over) return; // the field stays as it is, to try again
      }
      this.fields.delete(input);
      input.remove();
      if (doc !== this.doc) return;
      if (keep || line.id === null) await this.load();
      else this.show();
    };
    input.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") finish(true);
      if (event.key === "Escape") finish(false);
    });
    input.addEventListener("blur", () => !this.isDrawing && finish(true));
    this.fields.set(input, finish);
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
    this.lines = [...this.lines, { id: null, start, end, text: "" }].sort(byStart);
    this.show();
    this.edit(this.nodeOf("new"));
  }

  /** Whether it was saved.
   * @param {VideoDocument} doc
   * @param {Line} line
   */
  async save(doc, { id, start, end, text }) {
    try {
      await call(this.server, "save_line", { video: doc.id, line: id, start, end, text });
      return true;
    } catch (error) {
      toast(`“${text}” was not saved. ${messageOf(error)}`, "error");
      return false;
    }
  }

  /** @param {HTMLElement} node */
  async drop(node) {
    const [doc, line] = [this.doc, this.lineOf(node)];
    if (!doc || !line) return;
    try {
      await call(this.server, "drop_line", { video: doc.id, line: line.id });
      toast("The line was removed.", "info", async () => {
        await this.save(doc, { ...line, id: null });
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
      const request = { video, text: await file.text(), annotator: currentUser() };
      const made = await call(this.server, "read_subtitles", request);
      toast(`${made.count} lines were read.`, "info", () => this.undoImport(made.import));
    } catch (error) {
      toast(messageOf(error), "error");
    }
    await this.load();
  }
}
