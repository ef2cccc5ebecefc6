// The panel about what is chosen: an annotation, a prediction, several of them, a conflict, or a person.

import { moveTo, relabel, remove } from "../model/operations.js";
import { call } from "../sync/api.js";
import { clock, el, redraw } from "./dom.js";
import { personPanel } from "./person.js";

const ORIGINS = {
  manual: "made by hand",
  correction: "corrects a prediction",
  accepted: "accepted prediction",
  import: "imported",
};

export class Inspector {
  // actions: snap(time), seek, play(item), similar(item), select(id), decide(ids, verdict), merge(), tracks() → names
  constructor(box, server, actions) {
    this.box = box;
    this.server = server;
    this.actions = actions;
    this.key = "";
  }

  show(doc, selection) {
    const id = selection.current;
    const conflict = id && doc.conflicts.get(id);
    const items = [...selection.ids].map((each) => doc.item(each)).filter(Boolean);
    const nothing = items.length ? 0 : [doc.predictions.size + doc.annotations.size > 0, doc.conflicts.size];
    const locked = items.length > 0 && !conflict && items.every((item) => doc.isLocked(doc.rowOf(item)));
    const key = JSON.stringify([id, items, Boolean(conflict), nothing, doc.schemaKey, locked]);
    if (key === this.key) return;
    if (id === this.id && !conflict && this.typing()) return;
    this.key = key;
    this.id = id;
    redraw(this.box, ...this.parts(doc, id, items, conflict).filter(Boolean));
    if (locked) this.lock();
    if (this.opened === id && doc.annotations.has(id)) this.fillHistory(doc, items[0]);
  }

  parts(doc, id, items, conflict) {
    if (conflict) return this.conflict(doc, id, conflict);
    if (items.length > 1) return this.several(doc, items);
    if (!items.length) return this.nothing(doc);
    return doc.annotations.has(id) ? this.annotation(doc, items[0]) : this.prediction(doc, items[0]);
  }

  showPerson(doc, name, at) {
    this.key = `person ${name}`;
    this.id = null;
    this.box.replaceChildren(...personPanel(doc, name, at, () => this.actions.select(null)));
  }

  lock() {
    for (const control of this.box.querySelectorAll("input, select, textarea, .danger, #accept, #reject, #merge"))
      control.disabled = true;
    this.box.append(el("p", { class: "muted small", text: "This row is locked; unlock it in its menu." }));
  }

  // Whether somebody has typed something here that is not saved yet.
  typing() {
    const field = document.activeElement;
    return this.box.contains(field) && field.matches("input, textarea") && field.value !== field.defaultValue;
  }

  nothing(doc) {
    const hint =
      doc.predictions.size || doc.annotations.size
        ? "Select a segment. Drag its edges to correct it; A accepts a prediction, X rejects it."
        : "Ask the video a question, find speakers or emotions, or drag on a row below to mark a segment yourself.";
    return [
      el("p", { class: "muted hint", text: hint }),
      ...[...doc.conflicts.keys()].map((id) =>
        el("button", {
          class: "link error",
          text: "A segment has a conflict: look at it",
          onclick: () => this.actions.select(id),
        }),
      ),
    ];
  }

  // A free text with what is known as proposals; only what is known where the track is closed.
  labelField(doc, track, value, set, id = "label-input") {
    const known = doc.labels.filter((l) => l.track === track).map((l) => l.label);
    if (doc.tracks.get(track)?.closed) {
      const all = known.includes(value) ? known : [value, ...known];
      return [
        el(
          "label",
          { text: "Label" },
          el(
            "select",
            { id, onchange: (e) => set(e.target.value) },
            ...all.map((label) =>
              el("option", { value: label, text: label || "(no label)", selected: label === value }),
            ),
          ),
        ),
      ];
    }
    return [
      el(
        "label",
        { text: "Label" },
        el("input", {
          id,
          type: "text",
          dir: "auto",
          maxlength: 500,
          value,
          list: "known-labels",
          autocomplete: "off",
          onchange: (e) => set(e.target.value.trim()),
        }),
      ),
      el("datalist", { id: "known-labels" }, ...known.map((label) => el("option", { value: label }))),
    ];
  }

  trackField(track, set) {
    const names = [...new Set([track, ...this.actions.tracks()])];
    return el(
      "label",
      { class: "track", text: "Row" },
      el(
        "select",
        { id: "track-input", onchange: (e) => set(e.target.value) },
        ...names.map((name) => el("option", { value: name, text: name, selected: name === track })),
      ),
    );
  }

  times(item, onchange) {
    const field = (name, label) =>
      el(
        "label",
        { class: "time" },
        label,
        el("input", {
          type: "number",
          step: "0.001",
          min: "0",
          value: item[name].toFixed(3),
          "data-field": name,
          disabled: !onchange,
          onchange: (event) => onchange(name, event.target.valueAsNumber),
        }),
      );
    return el(
      "div",
      { class: "row" },
      field("start", "Start"),
      field("end", "End"),
      el("span", { class: "muted mono", text: `${(item.end - item.start).toFixed(3)} s` }),
    );
  }

  annotation(doc, a) {
    // What the person sees: while they type, others may change it, and that is a conflict.
    let base = a.version;
    const set = (fields) => {
      doc.update(a.id, fields, base);
      base = doc.annotations.get(a.id)?.version;
    };
    const onTime = (name, value) => {
      const snapped = this.actions.snap(value);
      const ok =
        Number.isFinite(value) &&
        (name === "start" ? snapped < a.end : snapped > a.start && snapped <= doc.video.duration);
      if (ok) set({ [name]: snapped });
      this.key = ""; // what was typed may not be what was taken
      document.activeElement?.blur();
      this.actions.select(a.id);
    };
    const prediction = doc.predictions.get(a.prediction_id);
    return [
      el(
        "div",
        { class: "row head" },
        el("h3", { dir: "auto", text: a.track }),
        el("span", { class: `tag ${a.source}`, text: ORIGINS[a.source] }),
      ),
      ...this.labelField(doc, a.track, a.label, (label) => set({ label })),
      this.times(a, onTime),
      prediction
        ? el("p", {
            class: "muted small",
            text: `Predicted: ${clock(prediction.start)} – ${clock(prediction.end)} “${prediction.label}”`,
          })
        : null,
      el(
        "label",
        { text: "Note" },
        el("textarea", {
          id: "note-input",
          rows: 2,
          dir: "auto",
          maxlength: 10000,
          text: a.note,
          onchange: (e) => set({ note: e.target.value }),
        }),
      ),
      this.trackField(a.track, (track) => set({ track })),
      el(
        "div",
        { class: "row" },
        el("button", { text: "▶ Play", onclick: () => this.actions.play(a) }),
        el("button", {
          text: "Similar",
          title: "Find moments like this one in the whole library",
          onclick: () => this.actions.similar(a),
        }),
        el("button", {
          id: "history",
          text: "History",
          "aria-expanded": String(this.opened === a.id),
          onclick: (e) => this.toggleHistory(doc, a, e.target),
        }),
        el("span", { class: "grow" }),
        el("button", { class: "danger", id: "delete", text: "Delete", onclick: () => doc.remove(a.id) }),
      ),
      el("ol", { class: "history", hidden: true, tabindex: 0, "aria-label": "History" }),
    ];
  }

  several(doc, items) {
    const annotations = items.filter((item) => doc.annotations.has(item.id));
    const open = items.filter((item) => doc.predictions.has(item.id));
    const ids = annotations.map((item) => item.id);
    const rows = [...new Set(items.map((item) => doc.rowOf(item)))];
    const bases = new Map(annotations.map((item) => [item.id, item.version])); // as they were when the person saw them
    const labels = [...new Set(annotations.map((item) => item.label))];
    return [
      el(
        "div",
        { class: "row head" },
        el("h3", { text: `${items.length} segments` }),
        el("span", { class: "tag", text: rows.length === 1 ? rows[0] : `${rows.length} rows` }),
      ),
      ...(ids.length
        ? this.labelField(doc, rows.length === 1 ? rows[0] : "", labels.length === 1 ? labels[0] : "", (label) =>
            relabel(doc, ids, label, bases),
          )
        : []),
      ids.length
        ? this.trackField(rows.length === 1 ? rows[0] : "…", (track) => track !== "…" && moveTo(doc, ids, track))
        : null,
      open.length
        ? el(
            "div",
            { class: "row" },
            el("button", {
              class: "primary",
              id: "accept",
              text: `Accept ${open.length} (A)`,
              onclick: () =>
                this.actions.decide(
                  open.map((p) => p.id),
                  "accept",
                ),
            }),
            el("button", {
              id: "reject",
              text: `Reject ${open.length} (X)`,
              onclick: () =>
                this.actions.decide(
                  open.map((p) => p.id),
                  "reject",
                ),
            }),
          )
        : null,
      el(
        "div",
        { class: "row" },
        el("button", { id: "merge", text: "Merge", disabled: rows.length > 1, onclick: () => this.actions.merge() }),
        el("span", { class: "grow" }),
        ids.length
          ? el("button", {
              class: "danger",
              id: "delete",
              text: `Delete ${ids.length}`,
              onclick: () => remove(doc, ids),
            })
          : null,
      ),
    ];
  }

  prediction(doc, p) {
    const correction = doc.correctionOf(p.id);
    const sure = p.confidence === undefined ? "" : `, confidence ${p.confidence.toFixed(2)}`;
    const peak =
      p.apex === undefined
        ? ""
        : ` Comes at ${clock(p.onset)}, is strongest at ${clock(p.apex)}, gone at ${clock(p.offset)}.`;
    return [
      el(
        "div",
        { class: "row head" },
        el("h3", { dir: "auto", text: doc.rowOf(p) }),
        el("span", { class: "tag prediction", text: p.verdict || "prediction" }),
      ),
      el("p", { class: "label", dir: "auto", text: p.label }),
      this.times(p, null),
      el("p", {
        class: "muted",
        text: `Score ${p.score.toFixed(2)}${sure}.${peak} Drag an edge to correct it; the prediction itself stays as it is.`,
      }),
      el(
        "div",
        { class: "row" },
        el("button", {
          class: "primary",
          id: "accept",
          text: "Accept (A)",
          disabled: Boolean(correction),
          onclick: () => this.actions.decide([p.id], "accept"),
        }),
        el("button", {
          id: "reject",
          text: p.verdict === "rejected" ? "Take back (X)" : "Reject (X)",
          onclick: () => this.actions.decide([p.id], "reject"),
        }),
        el("button", { text: "▶ Play", onclick: () => this.actions.play(p) }),
        el("button", {
          text: "Similar",
          title: "Find moments like this one in the whole library",
          onclick: () => this.actions.similar(p),
        }),
        correction
          ? el("button", {
              class: "link",
              text: "Show the correction",
              onclick: () => this.actions.select(correction.id),
            })
          : null,
      ),
    ];
  }

  conflict(doc, id, { mine, theirs }) {
    const say = (version) =>
      !version || version.deleted
        ? "deleted"
        : `${clock(version.start)} – ${clock(version.end)} “${version.label || "no label"}”`;
    return [
      el(
        "div",
        { class: "row head" },
        el("h3", { text: "Conflict" }),
        el("span", { class: "tag conflict", text: "not saved" }),
      ),
      el("p", { text: `${theirs?.annotator || "Somebody"} changed this segment while you did. Which one is right?` }),
      el(
        "dl",
        {},
        el("dt", { text: "Theirs, saved" }),
        el("dd", { text: say(theirs) }),
        el("dt", { text: "Yours" }),
        el("dd", { text: say(mine) }),
      ),
      el(
        "div",
        { class: "row" },
        el("button", { id: "keep-theirs", text: "Keep theirs", onclick: () => doc.resolve(id, false) }),
        el("button", { id: "keep-mine", class: "primary", text: "Keep mine", onclick: () => doc.resolve(id, true) }),
      ),
    ];
  }

  toggleHistory(doc, a, button) {
    this.opened = this.opened === a.id ? null : a.id;
    button.setAttribute("aria-expanded", String(this.opened === a.id));
    if (this.opened) this.fillHistory(doc, a);
    else this.box.querySelector(".history").hidden = true;
  }

  // Who did what to an annotation, and when; each state can be had back.
  async fillHistory(doc, a) {
    const list = this.box.querySelector(".history");
    list.hidden = false;
    try {
      const entries = await call(this.server, "history", { annotation: a.id });
      const fields = ({ track, start, end, label, note }) => ({ track, start, end, label, note });
      list.replaceChildren(
        ...entries.map(({ op, annotator, at, after }) => {
          const state = after ? `${clock(after.start)} – ${clock(after.end)} “${after.label}”` : "";
          const now = after && JSON.stringify(fields(after)) === JSON.stringify(fields(a));
          return el(
            "li",
            {},
            el("b", { text: op }),
            ` ${annotator || "somebody"}, ${new Date(at).toLocaleString()}`,
            el("br"),
            el("span", { class: "muted mono", text: state }),
            " ",
            after && !now
              ? el("button", {
                  class: "link",
                  type: "button",
                  text: "Restore",
                  onclick: () => doc.update(a.id, fields(after)),
                })
              : null,
          );
        }),
      );
    } catch (error) {
      list.replaceChildren(el("li", { class: "error", text: error.message }));
    }
  }
}
