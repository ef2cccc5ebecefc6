// A field for several texts: each is a chip with a way to take it away.

import { el } from "./dom.js";
import { removable } from "./removable.js";

/** The texts and the field for one more, which is taken with Enter, when it is chosen from the list, or when it is left:
 * then the chips are drawn anew, and the field stays, so that whoever goes on to another one arrives there.
 * @param {object} field
 * @param {string} field.key of the field, for those who draw it anew
 * @param {string} field.label what a text is
 * @param {string} field.list the id of a datalist
 * @param {readonly string[]} field.texts
 * @param {(text: string) => string} [field.shown] what a text is called
 * @param {(texts: string[]) => void} field.changed
 */
export function tokens({ key, label, list, texts: first, shown = (text) => text, changed }) {
  let texts = [...first];
  const input = el("input", {
    type: "text",
    maxlength: 500,
    list,
    autocomplete: "off",
    dir: "auto",
    "aria-label": label,
    "data-key": key,
    onchange: () => add(),
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Enter" && input.value.trim()) {
        event.preventDefault();
        add();
      } else if (event.key === "Backspace" && !input.value && texts.length) set(texts.slice(0, -1));
    },
  });
  const box = el("div", { class: "tokens" }, input);
  const add = () => {
    const text = input.value.trim();
    input.value = "";
    if (text && !texts.includes(text)) set([...texts, text]);
  };
  /** @param {string[]} all */
  const set = (all) => {
    texts = all;
    draw();
    changed(texts);
  };
  const draw = () => {
    for (const chip of box.querySelectorAll(".chip")) chip.remove();
    input.placeholder = texts.length ? "or …" : "any";
    input.before(...texts.map(chip));
  };
  const chip = (/** @type {string} */ text) => {
    const remove = () => {
      set(texts.filter((each) => each !== text));
      input.focus();
    };
    const name = el("span", { class: "name", dir: "auto", text: shown(text) });
    return removable([name], `Without ${shown(text)}`, remove, { "data-key": `${key} ${text}` });
  };
  draw();
  return box;
}
