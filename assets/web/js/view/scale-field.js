// Whether a row is drawn as a curve, and its scale.

import { el } from "./dom.js";

/** @import { Track } from "../types.js" */

/** @type {[number, number]} */
const USUAL = [-1, 1];

/**
 * @param {Pick<Track, "track" | "scale">} track that is changed in place
 * @param {() => void} fill draws the dialog anew
 */
export function scaleField(track, fill) {
  const { scale } = track;
  const bound = (/** @type {0 | 1} */ n) =>
    el("input", {
      type: "number",
      class: "bound",
      step: "any",
      value: scale?.[n] ?? "",
      "aria-label": `${n ? "Highest" : "Lowest"} value of ${track.track}`,
      "data-key": `scale ${n} ${track.track}`,
      onchange: ({ target }) => {
        if (track.scale && target.value !== "") track.scale[n] = Number(target.value);
      },
    });
  return [
    el(
      "label",
      {
        class: "check inline",
        title: "Values over time, drawn by hand or live while the video plays: valence, tension …",
      },
      el("input", {
        type: "checkbox",
        checked: scale !== null,
        "data-key": `curve ${track.track}`,
        onchange: ({ target }) => {
          track.scale = target.checked ? [...USUAL] : null;
          fill();
        },
      }),
      "A curve",
    ),
    scale ? bound(0) : null,
    scale ? bound(1) : null,
  ];
}
