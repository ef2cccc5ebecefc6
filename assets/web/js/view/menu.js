// A small menu beside the control that opened it; arrows and Escape work as in any menu.

import { el } from "./dom.js";

/** What it says and does; null is a line between groups.
 * @typedef {[string, () => void, { checked?: boolean, disabled?: boolean }?] | null} MenuItem
 *
 * @typedef {{ menu: HTMLElement, anchor: HTMLElement, isByMouse: boolean, again: () => HTMLElement | null,
 *   outside: (event: Event) => void }} OpenMenu
 */

/** @type {OpenMenu | null} */
let opened = null;

/**
 * @param {HTMLElement} anchor
 * @param {readonly MenuItem[]} items
 * @param {string} label
 * @param {() => HTMLElement | null} [again] finds the anchor where it may have been drawn anew meanwhile
 */
export function openMenu(anchor, items, label, again = () => anchor) {
  closeMenu();
  const isByMouse = document.activeElement === document.body; // by which the anchor has lost the focus (input/keys.js)
  const menu = el("div", { class: "menu", role: "menu", "aria-label": label }, ...items.map(control));
  menu.addEventListener("keydown", (event) => walk(menu, event));
  anchor.closest("header, .studio-page")?.append(menu);
  putBeside(menu, anchor);
  anchor.setAttribute("aria-expanded", "true");
  const outside = (/** @type {Event} */ event) => {
    if (!menu.contains(/** @type {Node} */ (event.target))) closeMenu();
  };
  document.addEventListener("pointerdown", outside, true);
  opened = { menu, anchor, isByMouse, again, outside };
  enabled(menu)[0]?.focus();
}

/** Below a control, or above it where there is no room. @param {HTMLElement} popup @param {HTMLElement} anchor */
export function putBeside(popup, anchor) {
  const { left, bottom, top } = anchor.getBoundingClientRect();
  const { width, height } = popup.getBoundingClientRect();
  popup.style.left = `${Math.max(4, Math.min(left, innerWidth - width - 8))}px`;
  popup.style.top = `${bottom + height + 8 > innerHeight ? Math.max(4, top - height - 4) : bottom + 4}px`;
}

/** @param {MenuItem} item */
function control(item) {
  if (!item) return el("hr");
  const [text, action, { checked, disabled } = {}] = item;
  return el("button", {
    type: "button",
    role: checked === undefined ? "menuitem" : "menuitemcheckbox",
    text,
    tabindex: -1,
    disabled,
    "aria-checked": checked === undefined ? undefined : String(checked),
    onclick: () => {
      closeMenu();
      action();
    },
  });
}

/** @param {HTMLElement} menu @returns {HTMLButtonElement[]} */
const enabled = (menu) => [...menu.querySelectorAll(/** @type {"button"} */ ("button:not(:disabled)"))];

/**
 * @param {HTMLElement} menu
 * @param {KeyboardEvent} event
 */
function walk(menu, event) {
  const all = enabled(menu);
  const at = all.findIndex((button) => button === document.activeElement);
  /** @type {{ [key: string]: number }} */
  const places = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 };
  const next = places[event.key];
  if (next !== undefined) all.at(next % all.length)?.focus();
  else if (event.key === "Escape" || event.key === "Tab") closeMenu();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

/** Nothing where none is open. */
export function closeMenu() {
  if (!opened) return;
  const { menu, anchor, isByMouse, again, outside } = opened;
  opened = null;
  const inside = menu.contains(document.activeElement);
  menu.remove();
  anchor.setAttribute("aria-expanded", "false");
  document.removeEventListener("pointerdown", outside, true);
  if (inside && !isByMouse) (anchor.isConnected ? anchor : again())?.focus();
}
