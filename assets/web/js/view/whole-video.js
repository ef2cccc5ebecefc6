// What is said of a video as a whole: labels, and a note.

import { WHOLE_VIDEO } from "../model/special-rows.js";
import { el, toast } from "./dom.js";

/** @import { Annotation } from "../types.js" */
/** @import { VideoDocument } from "../document/video-document.js" */

/** @param {VideoDocument["store"]} store @returns {Annotation[]} */
const saidOf = (store) => [...store.annotations.values()].filter((made) => made.track === WHOLE_VIDEO);

/**
 * @param {VideoDocument} doc
 * @param {(id: string) => void} select an annotation, to say more of it
 */
export function wholeVideo({ store, editor }, select) {
  // a label goes by one click, and with it what was said beside it
  const remove = (/** @type {Annotation} */ { id, label, note, attributes }) => {
    editor.remove(id);
    if (store.annotations.has(id) || (!note && !Object.keys(attributes).length)) return;
    const step = editor.undoStack.done.at(-1);
    toast(`“${label}” was removed, with its note and its attributes.`, "info", () => {
      if (editor.undoStack.done.at(-1) === step) editor.undo();
      else toast("Something was changed since; take that back first, with Undo (Ctrl+Z).", "error");
    });
  };
  const duration = store.video?.duration ?? 0;
  const made = saidOf(store);
  const listed = store.labels.filter((each) => each.track === WHOLE_VIDEO).map((each) => each.label);
  const labels = [...new Set([...listed, ...made.map((each) => each.label)])].filter(Boolean);
  const say = (/** @type {Partial<Annotation>} */ fields) =>
    editor.create({ track: WHOLE_VIDEO, start: 0, end: duration, ...fields });
  const chip = (/** @type {string} */ label) => {
    const known = made.find((each) => each.label === label);
    const button = el("button", {
      class: "chip",
      type: "button",
      dir: "auto",
      text: label,
      "aria-pressed": String(known !== undefined),
      "data-key": `whole ${label}`,
      onclick: () => (known ? remove(known) : say({ label })),
    });
    if (!known) return button;
    const more = {
      class: "link",
      type: "button",
      text: "⋯",
      title: "Attributes, note, history",
      "aria-label": `More of ${label}`,
      "data-key": `whole more ${label}`,
      onclick: () => select(known.id),
    };
    return el("span", {}, button, el("button", more));
  };
  const noted = made.find((each) => !each.label);
  return el(
    "details",
    { class: "whole-video", open: made.length > 0, "data-key": "whole video" },
    el("summary", { text: "The whole video", title: "Labels and a note that are about all of it" }),
    el(
      "div",
      { class: "options", role: "group", "aria-label": "Labels of the whole video" },
      ...labels.map(chip),
      store.tracks.get(WHOLE_VIDEO)?.closed
        ? null
        : el("input", {
            type: "text",
            dir: "auto",
            maxlength: 500,
            placeholder: "+ label",
            "aria-label": "A label of the whole video",
            "data-key": "whole new",
            onchange: ({ target }) => {
              const label = target.value.trim();
              if (label && !made.some((each) => each.label === label)) say({ label });
              target.value = "";
            },
          }),
    ),
    el("textarea", {
      rows: 2,
      dir: "auto",
      maxlength: 10000,
      placeholder: "A note about the whole video",
      "aria-label": "A note about the whole video",
      "data-key": "whole note",
      text: noted?.note ?? "",
      onchange: ({ target }) => {
        const note = target.value;
        if (noted && note.trim()) editor.update(noted.id, { note });
        else if (noted) editor.remove(noted.id);
        else if (note.trim()) say({ label: "", note });
      },
    }),
  );
}
