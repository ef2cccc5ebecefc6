// Who says a line: asked in the line itself, for it or for all that the same person says.

import { OFF_SCREEN, speakersOf } from "../model/line-speakers.js";
import { namesOf, rename } from "../model/person-operations.js";
import { messageOf } from "../sync/api.js";
import { counted, el, toast } from "./dom.js";

/** @import { Line } from "../types.js" */
/** @import { VideoDocument } from "../document/video-document.js" */

const NAME_CHARS = 500;

/** Everybody who may say a line: the people of the video, and who says one already.
 * @param {VideoDocument["store"]} store
 */
function knownSpeakers(store) {
  const names = [...namesOf(store), ...speakersOf(store.media.lines, store)];
  return [...new Set(names)].filter((name) => name && name !== OFF_SCREEN);
}

/** The button that says who says a line, and asks.
 * @param {string} who
 * @param {() => void} ask
 */
export const speakerButton = (who, ask) =>
  el("button", {
    class: "who",
    type: "button",
    dir: "auto",
    text: who,
    "aria-label": `Speaker: ${who || "not known"}`,
    title: who ? `${who} says this; click to change it` : "Click to say who says this",
    onclick: ask,
  });

/** The field that asks who says lines.
 * @param {VideoDocument} doc
 * @param {readonly Line[]} lines
 * @param {string} who says them, as far as is known
 * @param {() => void} close
 */
export function speakerForm(doc, lines, who, close) {
  const names = el("datalist", { id: "speaker-names" });
  names.append(...knownSpeakers(doc.store).map((name) => el("option", { value: name })));
  const input = el("input", {
    id: "speaker-name",
    type: "text",
    dir: "auto",
    list: "speaker-names",
    maxlength: NAME_CHARS,
    value: who,
    autocomplete: "off",
    "aria-label": "Who says this",
  });
  const say = async () => {
    const name = input.value.trim();
    close();
    if (name === who) return;
    try {
      await doc.lines.attribute(lines, name);
    } catch (error) {
      toast(`The speaker was not saved. ${messageOf(error)}`, "error");
    }
  };
  const everywhere = () => {
    const name = input.value.trim();
    close();
    const said = rename(doc.editor, who, name);
    if (said) toast(said);
  };
  const form = el(
    "form",
    {
      class: "speaker row",
      onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        say();
      },
      onkeydown: (/** @type {KeyboardEvent} */ event) => {
        event.stopPropagation();
        if (event.key === "Escape") close();
      },
    },
    input,
    names,
    el("button", { type: "submit", text: lines.length > 1 ? `These ${counted(lines.length, "line")}` : "This line" }),
    who && who !== OFF_SCREEN
      ? el("button", {
          type: "button",
          text: "Rename everywhere",
          title: `Whatever “${who}” says or does in this video gets this name`,
          onclick: everywhere,
        })
      : null,
  );
  return { form, input };
}
