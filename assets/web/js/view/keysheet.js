// The sheet of keys: what each does, other tools' keys as presets, and every one of them to change.

import { keyName, presets, shownKey, titleOf } from "../input/keymap.js";
import { el, finder } from "./dom.js";

/** @import { Keymap } from "../input/keymap.js" */

export class KeySheet {
  /** The action that a key is awaited for. @type {string | null} */
  asked = null;

  /**
   * @param {HTMLDialogElement} dialog
   * @param {Keymap} keymap
   */
  constructor(dialog, keymap) {
    const $ = finder(dialog);
    this.dialog = dialog;
    this.keymap = keymap;
    this.table = $("keys-table");
    this.message = $("keys-message");
    this.preset = $("keys-preset", "select");
    this.preset.append(...presets.map(([name, title]) => el("option", { value: name, text: title })));
    this.preset.addEventListener("change", () => keymap.choose(this.preset.value));
    $("keys-reset").addEventListener("click", () => keymap.choose(keymap.preset));
    dialog.addEventListener("keydown", (event) => this.pressed(event), true);
    keymap.on("change", () => this.fill());
  }

  show() {
    this.asked = null;
    this.message.textContent = "Click a key to change it.";
    this.fill();
    this.dialog.showModal();
  }

  fill() {
    this.preset.value = this.keymap.preset;
    this.table.replaceChildren(
      ...this.keymap.groups.map(({ title, actions }) =>
        el(
          "section",
          {},
          el("h3", { text: title }),
          ...actions.map(({ action, what, keys }) =>
            el(
              "p",
              {},
              el(
                "button",
                {
                  class: `key${this.asked === action ? " asked" : ""}`,
                  type: "button",
                  "data-action": action,
                  "aria-label": `Key for: ${what}`,
                  onclick: () => this.ask(action),
                },
                ...(this.asked === action
                  ? ["press a key"]
                  : keys.length
                    ? keys.slice(0, 2).map((key) => el("kbd", { text: shownKey(key) }))
                    : [el("span", { class: "muted", text: "none" })]),
              ),
              el("span", { text: what }),
            ),
          ),
        ),
      ),
    );
  }

  /** @param {string} action */
  ask(action) {
    this.asked = action;
    this.message.textContent = `Press the key for “${titleOf(action)}”, or Escape to leave it as it is.`;
    this.fill();
    this.button(".asked")?.focus();
  }

  /** @param {string} selector @returns {HTMLElement | null} */
  button(selector) {
    return this.table.querySelector(selector);
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (!this.asked || ["Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    const action = this.asked;
    this.asked = null;
    const key = keyName(event);
    const refusal = this.keymap.refuses(action, key);
    if (key === "Escape") this.message.textContent = "";
    else if (refusal) this.message.textContent = refusal;
    else {
      const loser = this.keymap.assign(action, key);
      this.message.textContent = loser ? `“${titleOf(loser)}” lost this key.` : "";
    }
    this.fill();
    this.button(`[data-action="${action}"]`)?.focus();
  }
}
