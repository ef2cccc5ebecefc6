// A chip of what was chosen or kept, with a way to take it away.

import { el } from "./dom.js";

/** @import { AttributeValue, Child } from "./dom.js" */

/**
 * @param {Child[]} shown
 * @param {string} label what pressing × does
 * @param {() => unknown} remove
 * @param {{ [name: string]: AttributeValue }} [more] attributes of ×
 */
export const removable = (shown, label, remove, more = {}) =>
  el(
    "span",
    { class: "chip thing" },
    ...shown,
    el("button", { type: "button", class: "plain", "aria-label": label, text: "×", onclick: remove, ...more }),
  );

/** A search that was saved: it is asked again by its name.
 * @param {{ name: string, fixed: string }} saved fixed: why this person may not remove it
 * @param {{ href: string, onclick: (event: any) => unknown, title?: string }} link
 * @param {() => unknown} remove
 */
export const savedSearch = ({ name, fixed }, link, remove) =>
  removable([el("a", { class: "name", dir: "auto", text: name, ...link })], `Remove ${name}`, remove, {
    disabled: Boolean(fixed),
    title: fixed || "Remove this search",
  });
