// Small helpers. Text from users only ever becomes textContent or an attribute value.

/** An element by its id, and the tag that it has (any, if left out); it throws where the page has none.
 * @typedef {{
 *   (id: string): HTMLElement,
 *   <Tag extends keyof HTMLElementTagNameMap>(id: string, tag: Tag): HTMLElementTagNameMap[Tag],
 * }} Find
 */

/** @typedef {string | number | boolean | null | undefined} AttributeValue false, null and undefined: left out */
/** @typedef {Node | string | null | undefined} Child */

/** An event at an element whose type is known.
 * @template {Event} Kind
 * @template {EventTarget} Element
 * @typedef {Kind & { target: Element, currentTarget: Element }} At
 */

/** What an element gets: attributes, `text`, `class`, and a listener for each name that begins with “on”.
 * @template {HTMLElement} Element
 * @typedef {{
 *   [name: string]: AttributeValue | ((event: any) => unknown),
 *   onclick?: (event: At<MouseEvent, Element>) => unknown,
 *   onchange?: (event: At<Event, Element>) => unknown,
 *   onmousemove?: (event: At<MouseEvent, Element>) => unknown,
 * }} Attributes
 */

/** @param {ParentNode} root @returns {Find} */
export function finder(root) {
  return (/** @type {string} */ id, /** @type {string} */ tag = "") => {
    const found = root.querySelector(`${tag}#${id}`);
    if (!found) throw new Error(`The page has no ${tag || "element"} “${id}”.`);
    return /** @type {any} */ (found);
  };
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes<HTMLElementTagNameMap[Tag]>} [attributes]
 * @param {...Child} children
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === "function") node.addEventListener(key.slice(2), /** @type {EventListener} */ (value));
    else if (key === "text") node.textContent = String(value);
    else if (key === "class") node.className = String(value);
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let hideToast;
/** @type {(() => unknown) | null} */
let offered = null;

function clearToast() {
  const box = document.getElementById("toast");
  box?.classList.remove("shown");
  box?.querySelector("button")?.remove();
  offered = null;
}

/** A message that goes by itself. `undo` takes back what it says, by a button in it.
 * @param {string} message
 * @param {"info" | "error"} [kind]
 * @param {(() => unknown) | null} [undo]
 */
export function toast(message, kind = "info", undo = null) {
  const box = document.getElementById("toast");
  if (!box) return;
  const act = () => {
    clearToast();
    undo?.();
  };
  const button = undo && el("button", { type: "button", class: "link", text: "Undo", onclick: act });
  box.replaceChildren(message, ...(button ? [" ", button] : []));
  box.dataset.kind = kind;
  box.classList.add("shown");
  offered = undo;
  clearTimeout(hideToast);
  hideToast = setTimeout(clearToast, undo || kind === "error" ? 8000 : 4000);
}

/** The message goes that offers this, if it is still there. @param {(() => unknown) | null} undo */
export function withdraw(undo) {
  if (undo && undo === offered) clearToast();
}

/** 62.5 → "1:02.500"; digits: 3 to the millisecond, 0 for whole seconds.
 * @param {number} seconds
 * @param {number} [digits]
 */
export function clock(seconds, digits = 3) {
  const unit = 10 ** digits;
  const total = Math.round(Math.max(0, seconds) * unit);
  const whole = Math.floor(total / unit);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const head = hours ? `${hours}:${String(minutes).padStart(2, "0")}` : `${minutes}`;
  const tail = digits ? `.${String(total % unit).padStart(digits, "0")}` : "";
  return `${head}:${String(whole % 60).padStart(2, "0")}${tail}`;
}

/** Text of people among other text on a canvas: its own direction, and no hold over what stands beside it.
 * @param {string} text
 */
export const isolated = (text) => `\u2068${text}\u2069`;

/**
 * @param {number} n
 * @param {string} what
 */
export const counted = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;

/** The drawing context of a canvas that draws in two dimensions. @param {HTMLCanvasElement} canvas */
export const contextOf = (canvas) => /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));

/** The element that an event comes from. @param {Event} event */
export const targetOf = (event) => /** @type {HTMLElement} */ (event.target);

/** Draws a box anew, and leaves the focus where it was, on what has the same key, id or text; and what is selected in a
 * field stays selected: the next letter replaces it.
 * @param {HTMLElement} box
 * @param {...Child} parts
 */
export function redraw(box, ...parts) {
  const focused = /** @type {HTMLInputElement | null} */ (
    box.contains(document.activeElement) ? document.activeElement : null
  );
  const key = focused && keyOf(focused);
  const { selectionStart: from = null, selectionEnd: to = null } = focused ?? {}; // null for a field of numbers, too
  box.replaceChildren(...parts.filter((part) => part !== null && part !== undefined));
  if (!focused || !key) return;
  const all = /** @type {HTMLInputElement[]} */ ([...box.querySelectorAll(focused.tagName)]);
  const same = all.find((node) => keyOf(node) === key);
  same?.focus();
  if (same && from !== null) same.setSelectionRange(from, to);
}

/** @param {HTMLElement} node */
const keyOf = (node) => node.dataset.key || node.dataset.field || node.id || node.textContent;

/** Whether a key that is pressed there writes something. @param {{ target: EventTarget | null }} event */
export function typing({ target }) {
  if (!(target instanceof HTMLElement)) return false;
  const type = target.getAttribute("type") ?? "text";
  if (target.tagName === "INPUT") return !/^(range|checkbox|radio|button|submit|color|file)$/.test(type);
  return target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName);
}

/** A canvas as large as it is shown, empty, and drawn on in px of the page.
 * @param {HTMLCanvasElement} canvas
 */
export function clearedCanvas(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const ctx = contextOf(canvas);
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, width, height);
  return { ctx, width, height, ratio };
}
