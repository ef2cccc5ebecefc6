// A field for several texts: each is a chip with a way to take it away.

import { el } from "./dom.js";

/** The texts and the field for one more, which is taken with Enter, when it is chosen from the list, or when it is left.
 * @param {object} field
 * @param {string} field.key of the field, for those who draw it anew
 * @param {string} field.label what a text is
 * @param {string} field.list the id of a datalist
 * @param {readonly string[]} field.texts
 * @param {(text: string) => string} [field.shown] what a text is called
 * @param {(texts: string[]) => void} field.changed
 */
export function tokens({ key, label, list, texts, shown = (text) => text, changed }) {
  const add = () => {
    const text = input.value.trim();
    if (!text) return;
    input.value = "";
    if (!texts.includes(text)) changed([...texts, text]);
  };
  const input = el("input", {
    type: "text",
    maxlength: 500,
    list,
    autocomplete: "off",
    dir: "auto",
    placeholder: texts.length ? "or …" : "any",
    "aria-label": label,
    "data-key": key,
    onchange: add,
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Enter" && input.value.trim()) {
        event.preventDefault();
        add();
      } else if (event.key === "Backspace" && !input.value && texts.length) changed(texts.slice(0, -1));
    },
  });
  const chips = texts.map((text) =>
    el(
      "span",
      { class: "chip thing" },
      el("span", { class: "name", dir: "auto", text: shown(text) }),
      el("button", {
        type: "button",
        class: "plain",
        "aria-label": `Without ${shown(text)}`,
        "data-key": `${key} ${text}`,
        text: "×",
        onclick: () => changed(texts.filter((each) => each !== text)),
      }),
    ),
  );
  return el("div", { class: "tokens" }, ...chips, input);
}
