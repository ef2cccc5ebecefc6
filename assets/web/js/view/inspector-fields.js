// The fields of the inspector: label, row, times.

import { PHASES } from "../model/phases.js";
import { EXAMPLES, readTime } from "../model/time-text.js";
import { draftOf, keepDraft } from "../sync/drafts.js";
import { clock, counted, el } from "./dom.js";

/** @import { DocumentStore } from "../model/document-store.js" */
/** @import { Frames } from "../model/frames.js" */
/** @import { Phase, Phases } from "../model/phases.js" */

const SAME = 5e-4; // s: closer than any two frames
const PROPOSED = 200; // labels

/** What is typed into a field of a segment and not saved yet: it is kept, and `offer` has what a tab that closed left.
 * @param {"label" | "note"} name
 * @param {string} id of the segment
 * @param {string} saved
 * @param {(text: string) => void} set
 * @param {() => void} redraw
 */
export function fieldDraft(name, id, saved, set, redraw) {
  const key = `${name}:${id}`;
  const kept = draftOf(key);
  const left = typeof kept === "string" && kept !== saved ? kept : null;
  const drop = () => keepDraft(key, null);
  const take = (/** @type {string} */ text) => {
    drop();
    set(text);
    redraw();
  };
  const offer =
    left === null
      ? null
      : el(
          "p",
          { class: "small", id: `${name}-draft`, dir: "auto" },
          `Typed and not saved: “${left}” `,
          el("button", { class: "link", type: "button", text: "Save it", onclick: () => take(left) }),
          " ",
          el("button", { class: "link", type: "button", text: "Drop it", onclick: () => take(saved) }),
        );
  return { keep: (/** @type {string} */ text) => keepDraft(key, text === saved ? null : text), drop, offer };
}

/** A free text with what is known as proposals; only what is known where the track is closed. What is no label of the
 * schema becomes one when somebody says so.
 * @param {DocumentStore} store
 * @param {string} track
 * @param {string} value
 * @param {(label: string) => void} set
 * @param {(track: string, label: string) => void} add
 * @param {ReturnType<typeof fieldDraft>} [draft] of one segment
 */
export function labelField(store, track, value, set, add, draft) {
  const id = "label-input";
  const listed = store.labels.filter((label) => label.track === track).map(({ label }) => label);
  if (store.tracks.get(track)?.closed) {
    const all = listed.includes(value) ? listed : [value, ...listed];
    const options = all.map((label) =>
      el("option", { value: label, text: label || "(no label)", selected: label === value }),
    );
    return [
      el("label", { text: "Label" }, el("select", { id, onchange: (event) => set(event.target.value) }, ...options)),
    ];
  }
  const used = [...store.annotations.values()].filter((made) => made.track === track).map(({ label }) => label);
  const known = [...new Set([...listed, ...used])].filter(Boolean).slice(0, PROPOSED);
  const field = el("input", {
    id,
    type: "text",
    placeholder: "T: type, 1–9: take one",
    dir: "auto",
    maxlength: 500,
    value,
    list: "known-labels",
    autocomplete: "off",
    oninput: ({ target }) => draft?.keep(target.value),
    onkeydown: ({ key }) => key === "Escape" && draft?.drop(), // what was saved is in the field again
    onchange: ({ target }) => {
      draft?.drop();
      set(target.value.trim());
    },
  });
  return [
    el("label", { text: "Label" }, field),
    draft?.offer ?? null,
    el("datalist", { id: "known-labels" }, ...known.map((label) => el("option", { value: label }))),
    value && track && !listed.includes(value)
      ? el("button", {
          id: "add-label",
          class: "link",
          type: "button",
          text: "Add to the labels",
          title: "Gives it a colour and a key, and offers it for other segments",
          onclick: () => add(track, value),
        })
      : null,
  ];
}

/**
 * @param {readonly string[]} tracks
 * @param {string} track
 * @param {(track: string) => void} set
 */
export function trackField(tracks, track, set) {
  const names = [...new Set([track, ...tracks])];
  const options = names.map((name) => el("option", { value: name, text: name, selected: name === track }));
  const select = el("select", { id: "track-input", onchange: (event) => set(event.target.value) }, ...options);
  return el("label", { class: "track", text: "Row" }, select);
}

/** Start and end as fields that take a time as any view shows it, and say what they understood.
 * @param {{ start: number, end: number }} item
 * @param {Frames} frames
 * @param {((edge: "start" | "end", time: number) => string) | null} set returns why a time cannot be taken, or nothing;
 *   null: they cannot be changed
 */
export function timeFields(item, frames, set) {
  const answer = el("p", { class: "small time-answer", role: "status" });
  const say = sayIn(answer);
  const field = (/** @type {"start" | "end"} */ edge, /** @type {string} */ label) =>
    timeField(edge, label, item[edge], { frames, set: set && ((time) => set(edge, time)), say });
  const count = frames.frameAt(item.end - SAME) - frames.frameAt(item.start + SAME) + 1;
  return el(
    "div",
    {},
    el(
      "div",
      { class: "row" },
      field("start", "Start"),
      field("end", "End"),
      el("span", {
        class: "muted mono",
        text: `${(item.end - item.start).toFixed(3)} s`,
        title: frames.areKnown ? counted(count, "frame") : null,
      }),
    ),
    answer,
  );
}

/** Onset, apex and offset, as `timeFields` has the ends.
 * @param {Phases} phases
 * @param {Frames} frames
 * @param {(phase: Phase, time: number) => string} set
 */
export function phaseFields(phases, frames, set) {
  const answer = el("p", { class: "small time-answer", role: "status" });
  const say = sayIn(answer);
  const field = (/** @type {Phase} */ phase) =>
    timeField(phase, phase[0].toUpperCase() + phase.slice(1), phases[phase], {
      frames,
      set: (time) => set(phase, time),
      say,
    });
  return el("div", {}, el("div", { class: "row phases" }, ...PHASES.map(field)), answer);
}

/** @param {HTMLElement} answer */
const sayIn =
  (answer) =>
  (/** @type {HTMLInputElement} */ input, /** @type {string} */ problem, understood = "") => {
    input.setAttribute("aria-invalid", String(problem !== ""));
    answer.classList.toggle("error", problem !== "");
    answer.textContent = problem || understood;
  };

/** @type {{ [name: string]: string }} */
const SAID = { start: "Starts at", end: "Ends at", onset: "Begins at", apex: "Is strongest at", offset: "Is gone at" };

/** One time to type.
 * @param {string} name
 * @param {string} label
 * @param {number} value
 * @param {{ frames: Frames, set: ((time: number) => string) | null, say: ReturnType<typeof sayIn> }} options
 */
function timeField(name, label, value, { frames, set, say }) {
  const shown = clock(value);
  return el(
    "label",
    { class: "time" },
    label,
    el("input", {
      type: "text",
      inputmode: "decimal",
      autocomplete: "off",
      spellcheck: "false",
      class: "mono",
      value: shown,
      title: `As in ${EXAMPLES}`,
      "data-field": name,
      disabled: !set,
      oninput: ({ target }) => {
        const time = readTime(target.value, frames);
        say(target, "", time === null ? "" : `${SAID[name]} ${described(time, frames)}`);
      },
      onchange: ({ target }) => {
        if (target.value.trim() === shown) return say(target, "");
        const time = readTime(target.value, frames);
        const problem = time === null ? `“${target.value}” is no time; type it as ${EXAMPLES}.` : set?.(time);
        return say(target, problem ?? "");
      },
      onkeydown: ({ key, target }) => {
        if (key === "Enter") target.blur();
        if (key !== "Escape") return;
        target.value = shown;
        say(target, "");
      },
    }),
  );
}

/** The frame edge that a time becomes, by the clock and by its number.
 * @param {number} time
 * @param {Frames} frames
 */
const described = (time, frames) => {
  const at = frames.snap(time);
  if (!frames.areKnown && at < frames.duration) return clock(at);
  return `${clock(at)}, ` + (at >= frames.duration ? "the end" : `frame ${frames.frameAt(at + SAME)}`);
};
