// On which row another one depends, and how: the four stereotypes of ELAN's tiers.

import { el } from "./dom.js";

/** @import { Track, TrackDependency } from "../types.js" */

/** @type {[TrackDependency, string, string][]} */
const KINDS = [
  ["included_in", "within its segments", "ELAN: Included In. Gaps are allowed."],
  ["time_subdivision", "divides its segments", "ELAN: Time Subdivision. They fill their segment without gaps."],
  [
    "symbolic_subdivision",
    "parts of its segments",
    "ELAN: Symbolic Subdivision. In an order, without times of their own.",
  ],
  ["symbolic_association", "one for each segment", "ELAN: Symbolic Association. As long as its segment."],
];

/**
 * @param {Pick<Track, "track" | "parent" | "dependency">} track that is changed in place
 * @param {readonly string[]} tracks all that there are
 * @param {() => void} fill draws the dialog anew
 */
export function dependencyField(track, tracks, fill) {
  const { parent, dependency } = track;
  const others = tracks.filter((name) => name !== track.track);
  if (!others.length) return null;
  return el(
    "span",
    { class: "dependency" },
    el(
      "label",
      { class: "inline" },
      "Depends on ",
      el(
        "select",
        {
          "aria-label": `The row that ${track.track} depends on`,
          "data-key": `parent ${track.track}`,
          onchange: ({ target }) => {
            track.parent = target.value || null;
            track.dependency = track.parent ? dependency || "included_in" : "";
            fill();
          },
        },
        el("option", { value: "", text: "no other row", selected: !parent }),
        ...others.map((name) => el("option", { value: name, text: name, selected: name === parent })),
      ),
    ),
    parent
      ? el(
          "select",
          {
            "aria-label": `How ${track.track} depends on ${parent}`,
            "data-key": `dependency ${track.track}`,
            title: KINDS.find(([value]) => value === dependency)?.[2] ?? "",
            onchange: ({ target }) => {
              track.dependency = /** @type {TrackDependency} */ (target.value);
              fill();
            },
          },
          ...KINDS.map(([value, text, title]) => el("option", { value, text, title, selected: value === dependency })),
        )
      : null,
  );
}
