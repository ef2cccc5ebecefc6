// The panel about what is chosen: an annotation, a prediction, several of them, a conflict, or a person.

import { annotation, contentOf, equal } from "../model/annotation.js";
import { changesOf, valueAt } from "../model/changing.js";
import { WHOLE_VIDEO } from "../model/special-rows.js";
import { call, messageOf } from "../sync/api.js";
import { clock, el, redraw } from "./dom.js";
import { annotationPanel, conflictPanel, emptyPanel, predictionPanel, severalPanel } from "./inspector-panels.js";
import { personPanel } from "./person.js";

/** @import { Annotation, Conflict, Item, Line, Prediction, Server } from "../types.js" */
/** @import { VideoDocument } from "../document/video-document.js" */
/** @import { Frames } from "../model/frames.js" */
/** @import { Selection } from "../model/selection.js" */
/** @import { AttributePage } from "./attribute-fields.js" */
/** @import { Draft } from "./timeline.js" */
/** @import { Transcript } from "./transcript.js" */

/** What the panel can ask of the page.
 * @typedef {object} InspectorActions
 * @property {Frames} frames of the video that is open
 * @property {(item: { start: number, end: number }) => void} play
 * @property {(item: { start: number, end: number }) => void} similar
 * @property {(id: string | null) => void} select
 * @property {(ids: string[], verdict: "accept" | "reject") => void} decide
 * @property {(track: string, label: string) => void} addLabel to the schema
 * @property {() => void} merge
 * @property {(ids: string[]) => void} shift asks by how much
 * @property {() => string[]} tracks the names of the rows that hold segments
 * @property {AttributePage} attributes
 */

/**
 * @param {{ op: string, annotator: string, at: string }} entry
 * @param {string} text what it was then
 * @param {(() => unknown) | null} restore
 */
const historyRow = ({ op, annotator, at }, text, restore) =>
  el(
    "li",
    {},
    el("b", { text: op }),
    ` ${annotator || "somebody"}, ${new Date(at).toLocaleString()}`,
    el("br"),
    el("span", { class: "muted mono", dir: "auto", text }),
    " ",
    restore ? el("button", { class: "link", type: "button", text: "Restore", onclick: restore }) : null,
  );

/** @type {{ [op: string]: string }} */
const DONE = {
  create: "made by",
  delete: "deleted by",
  restore: "restored by",
  relabel: "label renamed by",
  follow: "moved with the person's name by",
};

/** What a revision did, in words before the name of who did it.
 * @param {{ op: string, annotator: string }} entry
 * @param {Annotation} made
 */
const whatWasDone = ({ op, annotator }, made) =>
  DONE[op] ?? (annotator === made.annotator ? "changed by" : "corrected by");

/** What a line was when it came from a file or a model, before anybody changed it.
 * @param {Line} line
 * @param {(() => unknown) | null} restore
 */
const sourceRow = (line, restore) =>
  el(
    "li",
    {},
    el("b", { text: line.origin ? `from ${line.origin}` : "as it came" }),
    el("br"),
    el("span", { class: "muted mono", dir: "auto", text: stateOf(line) }),
    " ",
    restore ? el("button", { class: "link", type: "button", text: "Restore", onclick: restore }) : null,
  );

/** A line in words. @param {Line} line */
const stateOf = ({ start, end, text, speaker }) =>
  `${clock(start)} – ${clock(end)} ${speaker ? speaker + ": " : ""}“${text}”`;

/** What attributes that change say at a time.
 * @param {Annotation["attributes"]} attributes
 * @param {number} time
 */
const changingAt = (attributes, time) =>
  Object.values(attributes).flatMap((value) => (changesOf(value) ? [valueAt(value, time) ?? null] : []));

export class Inspector {
  /** What the panel shows, as text. */
  key = "";
  /** @type {string | null} */
  id = null;
  /** The annotation whose history is open. @type {string | null} */
  opened = null;

  /**
   * @param {HTMLElement} box
   * @param {Server} server
   * @param {InspectorActions} actions
   */
  constructor(box, server, actions) {
    this.box = box;
    this.server = server;
    this.actions = actions;
  }

  /**
   * @param {VideoDocument} doc
   * @param {Selection} selection
   */
  show(doc, selection) {
    const { store, editor } = doc;
    const id = selection.current;
    const conflict = store.conflicts.get(id ?? "");
    const items = [...selection.ids].map((each) => store.item(each)).filter((item) => item !== null);
    const whole = [...store.annotations.values()].filter((made) => made.track === WHOLE_VIDEO);
    const isAny = store.predictions.size + store.annotations.size > 0;
    const nothing = items.length ? 0 : [isAny, store.conflicts.size, whole];
    const locked = items.length > 0 && !conflict && items.every((item) => editor.isLocked(store.rowOf(item)));
    const time = this.actions.attributes.time();
    const [only = null] = items.length === 1 ? items : [];
    const said = only && "attributes" in only ? changingAt(only.attributes, time) : [];
    const key = JSON.stringify([id, items, Boolean(conflict), nothing, store.schemaKey, locked, said]);
    if (key === this.key) return;
    if (id === this.id && !conflict && this.isTyping()) return;
    this.key = key;
    this.id = id;
    redraw(this.box, ...this.parts(doc, id, items, conflict));
    if (locked) this.lock();
    const made = store.annotations.get(id ?? "");
    if (made && this.opened === id) this.fillHistory(doc, made);
  }

  /**
   * @param {VideoDocument} doc
   * @param {string | null} id
   * @param {Item[]} items
   * @param {Conflict | undefined} conflict
   */
  parts(doc, id, items, conflict) {
    if (conflict && id) return conflictPanel(conflict, (keepMine) => doc.resolve(id, keepMine));
    if (items.length > 1) return severalPanel(doc, items, this.actions);
    if (!items.length) return emptyPanel(doc, this.actions);
    const [item] = items;
    if (!doc.store.annotations.has(item.id)) {
      return predictionPanel(doc.store, /** @type {Prediction} */ (item), this.actions);
    }
    const made = /** @type {Annotation} */ (item);
    return annotationPanel(doc, made, this.actions, {
      isOpen: this.opened === made.id,
      redraw: () => (this.key = ""),
      toggle: (button) => this.toggleHistory(doc, made, button),
    });
  }

  /** The playhead is elsewhere: what changes within a segment may be something else there.
   * @param {VideoDocument} doc
   * @param {Selection} selection
   */
  follow(doc, selection) {
    if (this.box.querySelector(".changes")) this.show(doc, selection);
  }

  /** The times that a drag would give what is shown; null: it is over, and what is there is shown again.
   * @param {Draft | null} draft
   */
  showTimes(draft) {
    if (draft && draft.id !== this.id) return;
    /** @type {NodeListOf<HTMLInputElement>} */
    const fields = this.box.querySelectorAll("[data-field]");
    for (const field of fields) {
      const name = field.dataset.field ?? "";
      const time = name === "start" || name === "end" ? draft?.[name] : draft?.attributes?.[name];
      field.value = typeof time === "number" ? clock(time) : field.defaultValue;
    }
  }

  /**
   * @param {VideoDocument} doc
   * @param {string} name
   * @param {number} at
   */
  showPerson(doc, name, at) {
    this.key = `person ${name}`;
    this.id = null;
    this.box.replaceChildren(...personPanel(doc, name, at, () => this.actions.select(null)));
  }

  /** A line of the transcript, and what it was before.
   * @param {Line} line
   * @param {Transcript} transcript
   */
  async showLine(line, transcript) {
    const key = `line ${line.id}`;
    this.key = key;
    this.id = null;
    const list = el("ol", { class: "history", tabindex: 0, "aria-label": "History" });
    const title = el("h3", { text: "Line of the transcript" });
    const what = el("p", { class: "label", dir: "auto", text: stateOf(line) });
    this.box.replaceChildren(el("div", { class: "row head" }, title), what, list);
    const restore = async (/** @type {number} */ seq, before = false) => {
      const restored = await transcript.restore(line, seq, before);
      if (restored && this.key === key) this.showLine(restored, transcript);
    };
    try {
      const entries = await transcript.history(line);
      const isOther = (/** @type {Line} */ { start, end, text, speaker = "" }) =>
        start !== line.start || end !== line.end || text !== line.text || speaker !== (line.speaker ?? "");
      const rows = entries.map(({ after, ...entry }) =>
        historyRow(entry, stateOf(after), isOther(after) ? () => restore(entry.seq) : null),
      );
      const [first] = entries;
      if (first?.before)
        rows.unshift(sourceRow(first.before, isOther(first.before) ? () => restore(first.seq, true) : null));
      list.replaceChildren(...rows);
    } catch (error) {
      list.replaceChildren(el("li", { class: "error", text: messageOf(error) }));
    }
  }

  lock() {
    const fields = "input, select, textarea, .danger, #accept, #reject, #merge, #shift";
    /** @type {NodeListOf<HTMLInputElement>} */
    const controls = this.box.querySelectorAll(fields);
    for (const control of controls) control.disabled = true;
    this.box.append(el("p", { class: "muted small", text: "This row is locked; unlock it in its menu." }));
  }

  /** Whether somebody has typed something here that is not saved yet. */
  isTyping() {
    const field = /** @type {HTMLInputElement | null} */ (document.activeElement);
    return this.box.contains(field) && field?.matches("input, textarea") && field.value !== field.defaultValue;
  }

  get history() {
    return /** @type {HTMLElement} */ (this.box.querySelector(".history"));
  }

  /**
   * @param {VideoDocument} doc
   * @param {Annotation} made
   * @param {HTMLElement} button
   */
  toggleHistory(doc, made, button) {
    this.opened = this.opened === made.id ? null : made.id;
    button.setAttribute("aria-expanded", String(this.opened === made.id));
    if (this.opened) this.fillHistory(doc, made).then(() => this.history.scrollIntoView({ block: "nearest" }));
    else this.history.hidden = true;
  }

  /** Who did what to an annotation, and when; each state can be had back.
   * @param {VideoDocument} doc
   * @param {Annotation} made
   */
  async fillHistory(doc, made) {
    const list = this.history;
    list.hidden = false;
    try {
      const entries = await call(this.server, "history", { annotation: made.id });
      const rows = entries.map(({ after, ...entry }) => {
        const state = after ? contentOf(annotation(after)) : null;
        const isOther = state && !equal(state, contentOf(made));
        const restore = isOther ? () => doc.editor.update(made.id, state) : null;
        const text = state ? `${clock(state.start)} – ${clock(state.end)} “${state.label}”` : "";
        return historyRow({ ...entry, op: whatWasDone(entry, made) }, text, restore);
      });
      list.replaceChildren(...rows);
    } catch (error) {
      list.replaceChildren(el("li", { class: "error", text: messageOf(error) }));
    }
  }
}
