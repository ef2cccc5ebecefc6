// The fields of the inspector: label, row, times.

import { el } from "./dom.js";

/** @import { DocumentStore } from "../model/document-store.js" */

/** A free text with what is known as proposals; only what is known where the track is closed.
 * @param {DocumentStore} store
 * @param {string} track
 * @param {string} value
 * @param {(label: string) => void} set
 */
export function labelField(store, track, value, set) {
  const id = "label-input";
  const known = store.labels.filter((label) => label.track === track).map(({ label }) => label);
  if (store.tracks.get(track)?.closed) {
    const all = known.includes(value) ? known : [value, ...known];
    const options = all.map((label) =>
      el("option", { value: label, text: label || "(no label)", selected: label === value }),
    );
    return [
      el("label", { text: "Label" }, el("select", { id, onchange: (event) => set(event.target.value) }, ...options)),
    ];
  }
  const field = el("input", {
    id,
    type: "text",
    dir: "auto",
    maxlength: 500,
    value,
    list: "known-labels",
    autocomplete: "off",
    onchange: (event) => set(event.target.value.trim()),
  });
  return [
    el("label", { text: "Label" }, field),
    el("datalist", { id: "known-labels" }, ...known.map((label) => el("option", { value: label }))),
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

/**
 * @param {{ start: number, end: number }} item
 * @param {((edge: "start" | "end", time: number) => void) | null} set null: they cannot be changed
 */
export function timeFields(item, set) {
  const field = (/** @type {"start" | "end"} */ edge, /** @type {string} */ label) =>
    el(
      "label",
      { class: "time" },
      label,
      el("input", {
        type: "number",
        step: "0.001",
        min: "0",
        value: item[edge].toFixed(3),
        "data-field": edge,
        disabled: !set,
        onchange: (event) => set?.(edge, event.target.valueAsNumber),
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
