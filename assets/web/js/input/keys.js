// From a key that is pressed to what it does, unless it belongs to the control that has the focus.

import { targetOf, typing } from "../view/dom.js";
import { keyName } from "./keymap.js";

/** @import { Action } from "./commands.js" */
/** @import { Keymap } from "./keymap.js" */

/**
 * @param {Keymap} keymap
 * @param {{ [action: string]: Action }} actions
 * @param {object} page
 * @param {() => boolean} page.open whether its keys mean something now
 * @param {(digit: string) => void} page.onDigit
 * @param {(step: number) => boolean} page.hasNext whether a segment follows the chosen one
 * @param {{ holds: () => boolean, cancel: () => void }} page.pointer
 */

export function listen(keymap, actions, { open, onDigit, hasNext, pointer }) {
  /** @type {{ key: string, end: unknown } | null} */
  let held = null;

  document.addEventListener("keydown", (event) => {
    if (!open() || typing(event) || document.querySelector("dialog[open], .menu")) return;
    const name = keyName(event);
    if (pointer.holds()) {
      // what is being dragged is not changed by keys; Escape ends the drag
      event.preventDefault();
      if (name === "Escape") pointer.cancel();
      return;
    }
    const focused = document.activeElement;
    const control = focused?.closest("button, a, input, select, video, summary");
    const isSlider = Boolean(control?.matches("input[type=range]")); // which does nothing by Space: one rates and plays
    if (control && (name === "Enter" || (name === "Space" && !isSlider))) return; // these belong to the focused control
    if (name.endsWith("Tab") && !(focused?.id === "timeline" && hasNext(name === "Tab" ? 1 : -1))) return;
    if (focused?.closest("[role=listbox], [role=tablist], input[type=range]") && /^(Arrow|Home|End|Page)/.test(name))
      return;
    if (name === "Control+c" && String(getSelection())) return; // text is chosen: that is what is meant
    const action = keymap.actionOf(name);
    if (action === "hold") {
      if (!event.repeat) held = { key: event.key, end: actions.hold() };
      event.preventDefault();
    } else if (action) {
      event.preventDefault();
      actions[action]();
    } else if (/^[1-9]$/.test(name)) {
      onDigit(name);
    }
  });

  leaveAfterPointer(open);

  document.addEventListener("keyup", (event) => {
    if (event.key.toLowerCase() !== held?.key.toLowerCase()) return;
    if (typeof held?.end === "function") held.end();
    held = null;
  });
}

/** Where what is pressed keeps the focus: keys go on from there. Enter goes from one attribute to the next. */
const KEEP = "dialog, .menu, [role=listbox], .attributes";

/** What is used by mouse or touch does not keep the focus: Space, Enter and letters belong to the page again. A button loses
 * it before it does anything, so that a dialog that it opens does not give it back.
 * @param {() => boolean} open whether the page is shown
 */
function leaveAfterPointer(open) {
  /** @type {Element | null} */
  let select = null; // the one that the pointer opened

  document.addEventListener("pointerdown", (event) => (select = targetOf(event).closest("select")), true);
  document.addEventListener("keydown", () => (select = null), true); // chosen by keys: these go on from there
  document.addEventListener("change", (event) => {
    if (open() && select && select === event.target && !select.closest(KEEP)) targetOf(event).blur();
  });
  document.addEventListener(
    "click",
    (event) => {
      const button = /** @type {HTMLElement | null} */ (targetOf(event).closest("button, summary"));
      const isMouse = event.detail > 0;
      if (open() && isMouse && button && !button.closest(KEEP)) button.blur();
    },
    true,
  );
}
