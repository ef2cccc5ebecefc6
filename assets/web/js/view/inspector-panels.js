// What the inspector says of an annotation, a prediction, several segments, a conflict, or nothing.

import { changesOf } from "../model/changing.js";
import { isHit } from "../model/document-store.js";
import { describe, moveTo, relabel, remove } from "../model/operations.js";
import { movedPhase, phasesOf } from "../model/phases.js";
import { dependencyOf, parentOf } from "../model/tiers.js";
import { attributeFields } from "./attribute-fields.js";
import { byline } from "./authors.js";
import { certaintyDetails, certaintyOf } from "./certainty.js";
import { clock, el } from "./dom.js";
import { fieldDraft, labelField, phaseFields, timeFields, trackField } from "./inspector-fields.js";
import { wholeVideo } from "./whole-video.js";

/** @import { Annotation, Conflict, Item, Json, Prediction } from "../types.js" */
/** @import { VideoDocument } from "../document/video-document.js" */
/** @import { DocumentStore } from "../model/document-store.js" */
/** @import { Frames } from "../model/frames.js" */
/** @import { InspectorActions } from "./inspector.js" */

const END_S = 0.1; // views round the end of a video: this much later is still meant to be it

const ORIGINS = {
  manual: "made by hand",
  correction: "corrects a prediction",
  accepted: "accepted prediction",
  import: "imported",
};

/**
 * @param {string} title
 * @param {string} tag
 * @param {string} [kind]
 */
const head = (title, tag, kind = "") =>
  el(
    "div",
    { class: "row head" },
    el("h3", { dir: "auto", text: title }),
    el("span", { class: `tag ${kind}`, text: tag }),
  );

/** Of sound alone nothing looks like anything.
 * @param {DocumentStore} store
 * @param {Item} item
 * @param {InspectorActions} actions
 */
const playAndSimilar = (store, item, actions) => [
  el("button", { text: "▶ Play", onclick: () => actions.play(item) }),
  store.video?.width !== 0
    ? el("button", {
        text: "Similar",
        title: "Find moments like this one in the whole library",
        onclick: () => actions.similar(item),
      })
    : null,
];

/**
 * @param {VideoDocument} doc
 * @param {InspectorActions} actions
 */
export function emptyPanel(doc, actions) {
  const { store } = doc;
  const hint =
    store.predictions.size || store.annotations.size
      ? "Select a segment. Drag its edges to correct it; A accepts a prediction, X rejects it."
      : "Ask the video a question, find speakers or emotions, or drag on a row below to mark a segment yourself.";
  const conflicts = [...store.conflicts.keys()].map((id) =>
    el("button", { class: "link error", text: "A segment has a conflict: show it", onclick: () => actions.select(id) }),
  );
  return [el("p", { class: "muted hint", text: hint }), ...conflicts, wholeVideo(doc, actions.select)];
}

/**
 * @param {VideoDocument} doc
 * @param {Annotation} made
 * @param {InspectorActions} actions
 * @param {{ isOpen: boolean, redraw: () => void, toggle: (button: HTMLElement) => void }} history
 */
export function annotationPanel({ store, editor }, made, actions, history) {
  // What the person sees: while they type, others may change it, and that is a conflict.
  /** @type {number | undefined} */
  let base = made.version;
  const set = (/** @type {Partial<Annotation>} */ fields) => {
    editor.update(made.id, fields, base);
    base = store.annotations.get(made.id)?.version;
  };
  const setTime = (/** @type {"start" | "end"} */ edge, /** @type {number} */ value) => {
    const { frames } = actions;
    const snapped = frames.snap(value);
    if (value > frames.duration + END_S) return `This video ends at ${clock(frames.duration)}.`;
    if (edge === "start" && snapped >= made.end) return `The start must come before the end, ${clock(made.end)}.`;
    if (edge === "end" && snapped <= made.start) return `The end must come after the start, ${clock(made.start)}.`;
    set({ [edge]: snapped });
    history.redraw(); // what was typed is shown as it was understood
    /** @type {HTMLElement | null} */ (document.activeElement)?.blur();
    actions.select(made.id);
    return "";
  };
  const deleteIt = () => {
    actions.select(made.id); // what was chosen before it does not come back
    editor.remove(made.id);
  };
  const predicted = store.predictions.get(made.prediction_id ?? "");
  const setLabel = (/** @type {string} */ label) => set({ label });
  const draft = fieldDraft("label", made.id, made.label, setLabel, history.redraw);
  return [
    head(made.track, ORIGINS[made.source], made.source),
    ...labelField(store, made.track, made.label, setLabel, actions.addLabel, draft),
    timeFields(made, actions.frames, setTime),
    attributeFields(store, [made], actions.attributes, (said) => {
      history.redraw();
      set({ attributes: said.get(made.id) });
    }),
    phasesPart(store, made, actions.frames, (attributes) => {
      set({ attributes });
      history.redraw();
    }),
    made.annotator || made.edited_by
      ? el("p", { class: "muted small", id: "byline", dir: "auto", text: `By ${byline(made)}` })
      : null,
    predicted
      ? el("p", {
          class: "muted small",
          text: `Predicted: ${clock(predicted.start)} – ${clock(predicted.end)} “${predicted.label}”`,
        })
      : null,
    ...noteField(made, (note) => set({ note }), history.redraw),
    belonging(store, made, actions.select),
    trackField(actions.tracks(), made.track, (track) => set({ track })),
    el(
      "div",
      { class: "row" },
      ...playAndSimilar(store, made, actions),
      el("button", {
        id: "history",
        text: "History",
        "aria-expanded": String(history.isOpen),
        onclick: (event) => history.toggle(event.target),
      }),
      el("span", { class: "grow" }),
      el("button", { class: "danger", id: "delete", text: "Delete", onclick: deleteIt }),
    ),
    el("ol", { class: "history", hidden: true, tabindex: 0, "aria-label": "History" }),
  ];
}

/** What a segment of a row that depends on another one belongs to.
 * @param {DocumentStore} store
 * @param {Annotation} made
 * @param {InspectorActions["select"]} select
 */
function belonging(store, made, select) {
  const dependency = dependencyOf(store, made.track);
  if (!dependency) return null;
  const parent = parentOf(store, made.track, made);
  if (!parent) {
    const text = `It lies in no segment of “${dependency.parent}”, on which this row depends: move it into one.`;
    return el("p", { class: "small error", id: "belongs-to", dir: "auto", text });
  }
  return el(
    "p",
    { class: "small muted", id: "belongs-to", dir: "auto" },
    "Belongs to ",
    el("button", {
      class: "link",
      type: "button",
      dir: "auto",
      text: `${parent.label || clock(parent.start)} (${parent.track})`,
      onclick: () => select(parent.id),
    }),
  );
}

/** When an expression comes, is strongest and goes; a segment of a row about expressions that does not say it can.
 * @param {DocumentStore} store
 * @param {Annotation} made
 * @param {Frames} frames
 * @param {(attributes: Annotation["attributes"]) => void} set
 */
function phasesPart(store, made, frames, set) {
  const phases = phasesOf(made.attributes, made);
  if (phases)
    return phaseFields(phases, frames, (phase, time) => {
      const moved = movedPhase(phases, phase, frames.snap(time), made);
      if (Math.abs(moved[phase] - frames.snap(time)) > 1e-6)
        return `It must be from ${clock(movedPhase(phases, phase, made.start, made)[phase])} to ${clock(movedPhase(phases, phase, made.end, made)[phase])}.`;
      set({ ...made.attributes, ...moved });
      return "";
    });
  const isExpressed = [...store.predictions.values()].some(
    (p) => p.task === "emotion" && store.rowOf(p) === made.track,
  );
  const isFree = ["onset", "apex", "offset"].every((name) => made.attributes[name] === undefined);
  if (!isFree || !(isExpressed || made.track.startsWith("Expression"))) return null;
  return el("button", {
    id: "add-phases",
    class: "link",
    type: "button",
    text: "Say onset, apex and offset",
    title: "When the expression comes, is strongest and is gone: handles on the segment",
    onclick: () => {
      const apex = frames.snap((made.start + made.end) / 2);
      set({ ...made.attributes, onset: made.start, apex, offset: made.end });
    },
  });
}

/** A note, kept while it is typed.
 * @param {Annotation} made
 * @param {(note: string) => void} set
 * @param {() => void} redraw
 */
function noteField(made, set, redraw) {
  const draft = fieldDraft("note", made.id, made.note, set, redraw);
  const field = el("textarea", {
    id: "note-input",
    rows: 2,
    dir: "auto",
    maxlength: 10000,
    text: made.note,
    oninput: ({ target }) => draft.keep(target.value),
    onchange: ({ target }) => {
      draft.drop();
      set(target.value);
    },
  });
  return [el("label", { text: "Note" }, field), draft.offer];
}

/**
 * @param {VideoDocument} doc
 * @param {Item[]} items
 * @param {InspectorActions} actions
 */
export function severalPanel({ store, editor }, items, actions) {
  const annotations = items.map((item) => store.annotations.get(item.id)).filter((made) => made !== undefined);
  const open = items.filter((item) => store.predictions.has(item.id)).map((p) => p.id);
  const ids = annotations.map((item) => item.id);
  const rows = [...new Set(items.map((item) => store.rowOf(item) ?? ""))];
  const bases = new Map(annotations.map((item) => [item.id, item.version])); // as they were when the person saw them
  const labels = [...new Set(annotations.map((item) => item.label))];
  const row = rows.length === 1 ? rows[0] : "";
  const label = labels.length === 1 ? labels[0] : "";
  const verdicts = [
    el("button", {
      class: "primary",
      id: "accept",
      text: `Accept ${open.length} (A)`,
      onclick: () => actions.decide(open, "accept"),
    }),
    el("button", { id: "reject", text: `Reject ${open.length} (X)`, onclick: () => actions.decide(open, "reject") }),
  ];
  const deletion = { class: "danger", id: "delete", text: `Delete ${ids.length}`, onclick: () => remove(editor, ids) };
  return [
    head(`${items.length} segments`, row || `${rows.length} rows`),
    ...(ids.length ? labelField(store, row, label, (text) => relabel(editor, ids, text, bases), actions.addLabel) : []),
    attributeFields(store, annotations, actions.attributes, (said) => describe(editor, said, bases)),
    ids.length
      ? trackField(actions.tracks(), row || "…", (track) => track !== "…" && moveTo(editor, ids, track))
      : null,
    open.length ? el("div", { class: "row" }, ...verdicts) : null,
    el(
      "div",
      { class: "row" },
      el("button", { id: "merge", text: "Merge", disabled: rows.length > 1, onclick: () => actions.merge() }),
      ids.length ? el("button", { id: "shift", text: "Shift…", onclick: () => actions.shift(ids) }) : null,
      el("span", { class: "grow" }),
      ids.length ? el("button", deletion) : null,
    ),
  ];
}

/**
 * @param {DocumentStore} store
 * @param {Prediction} p
 * @param {InspectorActions} actions
 */
export function predictionPanel(store, p, actions) {
  const correction = store.correctionOf(p.id);
  const certainty = certaintyOf(p);
  const stable = p.stability === undefined ? "" : `, stability ${p.stability.toFixed(2)}`;
  const { onset = 0, apex, offset = 0 } = p;
  const times =
    apex === undefined ? "" : ` Comes at ${clock(onset)}, is strongest at ${clock(apex)}, gone at ${clock(offset)}.`;
  return [
    head(store.rowOf(p) ?? p.track, isHit(p) ? "search hit" : p.verdict || "prediction", "prediction"),
    el("p", { class: "label", dir: "auto", text: p.label }),
    timeFields(p, actions.frames, null),
    el("p", {
      class: "muted",
      title: certaintyDetails(p),
      text: `${certainty[0].toUpperCase()}${certainty.slice(1)}${stable}.${times} Drag an edge to correct it; the prediction itself stays as it is.`,
    }),
    el(
      "div",
      { class: "row" },
      el("button", {
        class: "primary",
        id: "accept",
        text: "Accept (A)",
        disabled: Boolean(correction),
        onclick: () => actions.decide([p.id], "accept"),
      }),
      el("button", {
        id: "reject",
        text: p.verdict === "rejected" ? "Undo rejection (X)" : "Reject (X)",
        onclick: () => actions.decide([p.id], "reject"),
      }),
      ...playAndSimilar(store, p, actions),
      correction
        ? el("button", { class: "link", text: "Show the correction", onclick: () => actions.select(correction.id) })
        : null,
    ),
  ];
}

/** What a version of a segment says beside its times and its label, where the other one says something else.
 * @param {Annotation} version
 * @param {Annotation} other
 */
function otherwise(version, other) {
  const worded = (/** @type {Json} */ value) => {
    const parts = changesOf(value)?.map(([time, said]) => `${clock(time)} ${said ?? "–"}`);
    const plain = { null: "–", true: "yes", false: "no" }[String(value)];
    return parts?.join(", ") ?? plain ?? [value].flat().join(", ");
  };
  const names = [...new Set([version, other].flatMap(({ attributes }) => Object.keys(attributes)))].sort();
  /** @type {[string, Json, Json][]} */
  const pairs = [
    ["Row", version.track, other.track],
    ...names.map(
      (name) =>
        /** @type {[string, Json, Json]} */ ([name, version.attributes[name] ?? null, other.attributes[name] ?? null]),
    ),
    ["Note", version.note || null, other.note || null],
  ];
  const differ = pairs.filter(([, here, there]) => JSON.stringify(here) !== JSON.stringify(there));
  return differ.map(([name, here]) => el("div", { dir: "auto", text: `${name}: ${worded(here)}` }));
}

/**
 * @param {Conflict} conflict
 * @param {(keepMine: boolean) => void} resolve
 */
export function conflictPanel({ mine, theirs }, resolve) {
  const both = theirs && !theirs.deleted && !mine.deleted ? { mine, theirs } : null;
  const say = (/** @type {Annotation | null} */ version) =>
    !version || version.deleted
      ? "deleted"
      : `${clock(version.start)} – ${clock(version.end)} “${version.label || "no label"}”`;
  return [
    head("Conflict", "not saved", "conflict"),
    el("p", { text: `${theirs?.edited_by || "Somebody"} changed this segment while you did. Which one is right?` }),
    el(
      "dl",
      {},
      el("dt", { text: "Theirs, saved" }),
      el("dd", {}, el("span", { text: say(theirs) }), ...(both ? otherwise(both.theirs, both.mine) : [])),
      el("dt", { text: "Yours" }),
      el("dd", {}, el("span", { text: say(mine) }), ...(both ? otherwise(both.mine, both.theirs) : [])),
    ),
    el(
      "div",
      { class: "row" },
      el("button", { id: "keep-theirs", text: "Keep theirs", onclick: () => resolve(false) }),
      el("button", { id: "keep-mine", class: "primary", text: "Keep mine", onclick: () => resolve(true) }),
    ),
  ];
}
