// Small helpers. Text from users only ever becomes textContent or an attribute value.

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "text") node.textContent = value;
    else if (key === "class") node.className = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

let hideToast = 0;

export function toast(message, kind = "info") {
  const box = document.getElementById("toast");
  if (!box) return;
  box.textContent = message;
  box.dataset.kind = kind;
  box.classList.add("shown");
  clearTimeout(hideToast);
  hideToast = setTimeout(() => box.classList.remove("shown"), kind === "error" ? 8000 : 4000);
}

// 62.5 → "1:02.500"; digits: 3 to the millisecond, 0 for whole seconds.
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

// Text of people among other text on a canvas: its own direction, and no hold over what stands beside it.
export const isolated = (text) => `\u2068${text}\u2069`;

export const counted = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;

// Draws a box anew, and leaves the focus where it was, on what has the same key, id or text; and what is selected in a
// field stays selected: the next letter replaces it.
export function redraw(box, ...parts) {
  const focused = box.contains(document.activeElement) ? document.activeElement : null;
  const key = focused && keyOf(focused);
  const { selectionStart: from = null, selectionEnd: to } = focused ?? {}; // null for a field of numbers, too
  box.replaceChildren(...parts);
  if (!key) return;
  const same = [...box.querySelectorAll(focused.tagName)].find((node) => keyOf(node) === key);
  same?.focus();
  if (same && from !== null) same.setSelectionRange(from, to);
}

const keyOf = (node) => node.dataset.key || node.dataset.field || node.id || node.textContent;

// Whether a key that is pressed there writes something.
export function typing(event) {
  const { target } = event;
  if (!(target instanceof HTMLElement)) return false;
  if (target.tagName === "INPUT")
    return !/^(range|checkbox|radio|button|submit|color|file)$/.test(target.getAttribute("type") ?? "text");
  return target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName);
}
