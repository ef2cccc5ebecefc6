// A small menu beside the control that opened it; arrows and Escape work as in any menu.

import { el } from "./dom.js";

let opened = null;

// items: [text, action, {checked, disabled}] or null for a line between groups.
// `again` finds the anchor where it may have been drawn anew meanwhile.
export function openMenu(anchor, items, label, again = () => anchor) {
  closeMenu();
  const buttons = items.map((item) => {
    if (!item) return el("hr");
    const [text, action, { checked, disabled } = {}] = item;
    const role = checked === undefined ? "menuitem" : "menuitemcheckbox";
    return el("button", {
      type: "button",
      role,
      text,
      tabindex: -1,
      disabled,
      "aria-checked": checked === undefined ? undefined : String(checked),
      onclick: () => {
        closeMenu();
        action();
      },
    });
  });
  const menu = el("div", { class: "menu", role: "menu", "aria-label": label }, ...buttons);
  menu.addEventListener("keydown", (event) => {
    const all = [...menu.querySelectorAll("button:not(:disabled)")];
    const at = all.indexOf(document.activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (next !== undefined) all.at(next % all.length)?.focus();
    else if (event.key === "Escape" || event.key === "Tab") closeMenu();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  anchor.closest(".studio-page").append(menu);
  const { left, bottom, top } = anchor.getBoundingClientRect();
  const { width, height } = menu.getBoundingClientRect();
  menu.style.left = `${Math.max(4, Math.min(left, innerWidth - width - 8))}px`;
  menu.style.top = `${bottom + height + 8 > innerHeight ? Math.max(4, top - height - 4) : bottom + 4}px`;
  anchor.setAttribute("aria-expanded", "true");
  const outside = (event) => !menu.contains(event.target) && closeMenu();
  document.addEventListener("pointerdown", outside, true);
  opened = { menu, anchor, again, outside };
  menu.querySelector("button:not(:disabled)")?.focus();
}

function closeMenu() {
  if (!opened) return;
  const { menu, anchor, again, outside } = opened;
  opened = null;
  const inside = menu.contains(document.activeElement);
  menu.remove();
  anchor.setAttribute("aria-expanded", "false");
  document.removeEventListener("pointerdown", outside, true);
  if (inside) (anchor.isConnected ? anchor : again())?.focus();
}
