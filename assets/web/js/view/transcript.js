// What is said and by whom: one line a subtitle; a click goes there, a double click edits.

import { call } from "../sync/api.js";
import { annotator } from "../sync/who.js";
import { clock, el, toast } from "./dom.js";
import { personOf } from "../model/people.js";

const NEW_S = 2;

export class Transcript extends EventTarget {
  constructor(element, server, { seek, time, frameEnd }) {
    super();
    this.$ = (id) => element.querySelector(`#${id}`);
    this.list = this.$("transcript-list");
    this.server = server;
    this.seek = seek;
    this.time = time;
    this.frameEnd = frameEnd;
    this.lines = [];
    this.doc = null;
    this.fields = new Map(); // open fields → what ends them
    this.list.addEventListener("click", (event) => this.clicked(event));
    this.list.addEventListener("dblclick", (event) => this.edit(event.target.closest("li")));
    this.list.addEventListener("keydown", (event) => this.key(event));
    this.$("line-add").addEventListener("click", () => this.add());
    this.$("subtitle-file").addEventListener("change", (event) => this.read(event.target));
  }

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
    try {
      const { lines, fixed } = await call(this.server, "transcript", { video: doc.id, annotator: annotator() });
      if (doc === this.doc) this.mayRead(fixed);
      if (doc === this.doc) this.lines = [...lines, ...this.lines.filter((line) => line.id === null && this.fieldOf(line))].sort((a, b) => a.start - b.start);
    } catch (error) {
      toast(error.message, "error");
    }
    this.show();
  }

  // Empty, or why this person may not read in other subtitles.
  mayRead(fixed) {
    const input = this.$("subtitle-file");
    const label = input.parentElement;
    this.readTitle ??= label.title;
    input.disabled = Boolean(fixed);
    label.title = fixed || this.readTitle;
  }

  // Who speaks most while a line is said, by annotations where there are some, else by what is predicted.
  speakerOf(line) {
    const shares = new Map();
    const speaks = (item) => item.label === "speaking" && item.start < line.end && item.end > line.start;
    const annotated = [...this.doc.annotations.values()].filter(speaks);
    const found = annotated.length ? annotated : [...this.doc.predictions.values()].filter((p) => p.verdict !== "rejected" && this.doc.isShown(p) && speaks(p));
    for (const item of found) {
      const row = annotated.length ? item.track : this.doc.rowOf(item);
      if (row) shares.set(personOf(row), (shares.get(personOf(row)) ?? 0) + Math.min(item.end, line.end) - Math.max(item.start, line.start));
    }
    return [...shares].sort(([, a], [, b]) => b - a)[0]?.[0] ?? "";
  }

  // What somebody is typing stays open, with the focus, when the lines around it are drawn anew.
  show() {
    const open = [...this.fields.keys()].filter((input) => this.list.contains(input)).map((input) => [input.closest("li").dataset.line, input]);
    const focused = document.activeElement;
    this.drawing = true;
    this.draw();
    for (const [line, input] of open) this.nodeOf(line)?.querySelector(".said").replaceChildren(input);
    if (this.fields.has(focused)) focused.focus();
    this.drawing = false;
    this.current = null;
    this.follow(this.time());
    if (this.doc) this.dispatchEvent(new Event("lines"));
  }

  draw() {
    this.$("transcript-empty").hidden = this.lines.length > 0;
    this.list.replaceChildren(...this.lines.map((line) => el("li", { tabindex: 0, "data-line": line.id ?? "new", "data-start": line.start, "data-end": line.end },
      el("span", { class: "when mono", text: clock(line.start, 1) }),
      el("span", { class: "who", text: this.doc ? this.speakerOf(line) : "" }),
      el("span", { class: "said", dir: "auto", text: line.text }))));
  }

  nodeOf(line) {
    return this.list.querySelector(`[data-line="${CSS.escape(line)}"]`);
  }

  fieldOf(line) {
    return this.nodeOf(String(line.id ?? "new"))?.querySelector("input");
  }

  // Names may have changed, or who speaks.
  attribute() {
    for (const [i, node] of [...this.list.children].entries()) {
      const who = this.speakerOf(this.lines[i]);
      if (node.children[1].textContent !== who) node.children[1].textContent = who;
    }
  }

  follow(time) {
    const until = this.frameEnd(); // a line begins within a frame as a rule
    const at = this.lines.findLastIndex((line) => line.start < until - 1e-6 && time < line.end);
    const node = this.list.children[at] ?? null;
    if (node === this.current) return;
    this.current?.removeAttribute("aria-current");
    this.current = node;
    node?.setAttribute("aria-current", "true");
    if (node && this.list.offsetParent) {
      const { offsetTop, offsetHeight } = node;
      if (offsetTop < this.list.scrollTop || offsetTop + offsetHeight > this.list.scrollTop + this.list.clientHeight) this.list.scrollTop = offsetTop - this.list.clientHeight / 3;
    }
  }

  clicked(event) {
    const node = event.target.closest("li");
    if (node && !node.querySelector("input")) this.seek(Number(node.dataset.start));
  }

  key(event) {
    const node = event.target.closest("li");
    if (!node || event.target.matches("input")) return;
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    if (step) node[step]?.focus();
    else if (event.key === "Enter") this.seek(Number(node.dataset.start));
    else if (event.key === "F2") this.edit(node);
    else if (event.key === "Delete") this.drop(node);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  lineOf(node) {
    return this.lines.find((line) => String(line.id ?? "new") === node.dataset.line);
  }

  edit(node) {
    if (!node || node.querySelector("input")) return;
    const { doc } = this; // the field may be left by turning to another video
    const line = this.lineOf(node);
    const said = node.querySelector(".said");
    const input = el("input", { type: "text", dir: "auto", value: line.text, "aria-label": "What is said" });
    let over = false;
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
    input.addEventListener("blur", () => !this.drawing && finish(true));
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
    const line = { id: null, start, end: Math.min(start + NEW_S, this.doc.video.duration), text: "" };
    this.lines = [...this.lines, line].sort((a, b) => a.start - b.start);
    this.show();
    this.edit(this.nodeOf("new"));
  }

  // Whether it was saved.
  async save(doc, { id, start, end, text }) {
    try {
      await call(this.server, "save_line", { video: doc.id, line: id, start, end, text });
      return true;
    } catch (error) {
      toast(`“${text}” was not saved. ${error.message}`, "error");
      return false;
    }
  }

  async drop(node) {
    const { doc } = this;
    const line = this.lineOf(node);
    try {
      await call(this.server, "drop_line", { video: doc.id, line: line.id });
      toast("The line was removed.", "info", async () => {
        await this.save(doc, { ...line, id: null });
        if (doc === this.doc) await this.load();
      });
    } catch (error) {
      toast(error.message, "error");
    }
    await this.load();
  }

  async unread(id) {
    await call(this.server, "import_undo", { import: id, annotator: annotator() }).catch((error) => toast(error.message, "error"));
    await this.load();
  }

  async read(input) {
    const [file] = input.files;
    input.value = "";
    if (!file) return;
    try {
      const { doc } = this;
      const made = await call(this.server, "read_subtitles", { video: doc.id, ...(await contentOf(file)), annotator: annotator() });
      toast([`${made.count} lines were read.`, ...(made.problems ?? [])].join(" "), "info", () => this.unread(made.import));
    } catch (error) {
      toast(error.message, "error");
    }
    await this.load();
  }
}

// The text of a file in UTF-8; of another its bytes in base64: Python knows more encodings.
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
