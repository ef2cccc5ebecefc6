// A document that node can hold: elements, attributes, simple selectors, focus and events that bubble. No layout.

import { readFileSync } from "node:fs";

class Node extends EventTarget {
  constructor(tag) {
    super();
    Object.assign(this, {
      tagName: tag.toUpperCase(),
      childNodes: [],
      parentElement: null,
      attributes: new Map(),
      style: { setProperty() {} },
      files: [],
    });
    this.dataset = new Proxy(
      {},
      {
        get: (_, key) => this.getAttribute(`data-${dashed(key)}`) ?? undefined,
        set: (_, key, value) => (this.setAttribute(`data-${dashed(key)}`, value), true),
        has: (_, key) => this.attributes.has(`data-${dashed(key)}`),
      },
    );
    this.classList = {
      contains: (name) => this.className.split(" ").includes(name),
      toggle: (name, on = !this.classList.contains(name)) => {
        this.className = [
          ...this.className.split(" ").filter((each) => each && each !== name),
          ...(on ? [name] : []),
        ].join(" ");
      },
      add: (name) => this.classList.toggle(name, true),
      remove: (name) => this.classList.toggle(name, false),
    };
  }

  getAttribute(name) {
    return this.attributes.get(name) ?? null;
  }
  setAttribute(name, value) {
    this.attributes.set(name, String(value));
  }
  removeAttribute(name) {
    this.attributes.delete(name);
  }
  hasAttribute(name) {
    return this.attributes.has(name);
  }

  get children() {
    return this.childNodes.filter((child) => child instanceof Node);
  }
  get childElementCount() {
    return this.children.length;
  }
  get previousElementSibling() {
    return this.parentElement.children[this.parentElement.children.indexOf(this) - 1] ?? null;
  }
  get nextElementSibling() {
    return this.parentElement.children[this.parentElement.children.indexOf(this) + 1] ?? null;
  }
  get firstElementChild() {
    return this.children[0] ?? null;
  }
  get isConnected() {
    return this === body || Boolean(this.parentElement?.isConnected);
  }
  get textContent() {
    return this.childNodes.map((child) => (child instanceof Node ? child.textContent : child)).join("");
  }
  set textContent(text) {
    this.replaceChildren(String(text));
  }
  get options() {
    return this.querySelectorAll("option");
  }

  // What a field shows; until somebody types, what its attribute or its text says.
  get defaultValue() {
    return this.tagName === "TEXTAREA" ? this.textContent : (this.getAttribute("value") ?? "");
  }
  set defaultValue(text) {
    this.setAttribute("value", text);
  }
  get value() {
    if (this.tagName === "SELECT")
      return (
        this.typed ??
        (this.options.find((o) => o.hasAttribute("selected")) ?? this.options[0])?.getAttribute("value") ??
        ""
      );
    return this.typed ?? this.defaultValue;
  }
  set value(text) {
    this.typed = String(text);
  }
  get valueAsNumber() {
    return this.value.trim() === "" ? NaN : Number(this.value);
  }

  append(...children) {
    for (const child of children) {
      if (child instanceof Node) {
        child.remove();
        child.parentElement = this;
      }
      this.childNodes.push(child instanceof Node ? child : String(child));
    }
  }
  remove() {
    if (this.contains(document.activeElement)) document.activeElement = body;
    if (this.parentElement)
      this.parentElement.childNodes = this.parentElement.childNodes.filter((child) => child !== this);
    this.parentElement = null;
  }
  replaceChildren(...children) {
    for (const child of this.children) child.remove();
    this.childNodes = [];
    this.append(...children);
  }
  insertBefore(child, before) {
    child.remove();
    child.parentElement = this;
    this.childNodes.splice(before ? this.childNodes.indexOf(before) : this.childNodes.length, 0, child);
  }
  before(...children) {
    for (const child of children) this.parentElement.insertBefore(child, this);
  }
  replaceWith(other) {
    this.parentElement.insertBefore(other, this);
    this.remove();
  }
  contains(other) {
    return Boolean(other) && (other === this || this.contains(other.parentElement));
  }
  matches(selector) {
    return selector.split(",").some((one) => fits(this, one.match(/(?:\[[^\]]*\]|[^\s[])+/g)));
  }
  closest(selector) {
    return this.matches(selector) ? this : (this.parentElement?.closest(selector) ?? null);
  }
  querySelectorAll(selector) {
    return this.children.flatMap((child) => [
      ...(child.matches(selector) ? [child] : []),
      ...child.querySelectorAll(selector),
    ]);
  }
  querySelector(selector) {
    return this.querySelectorAll(selector)[0] ?? null;
  }

  focus() {
    if (document.activeElement === this) return;
    document.activeElement?.blur?.();
    document.activeElement = this;
    this.dispatchEvent(new Event("focus"));
  }
  blur() {
    if (document.activeElement !== this) return;
    document.activeElement = body;
    if (this.changed) {
      this.changed = false;
      this.dispatchEvent(new Event("change"));
    }
    this.dispatchEvent(new Event("blur"));
  }
  // What a person does: types, without leaving the field.
  type(text) {
    this.focus();
    this.value = text;
    this.setSelectionRange(text.length, text.length);
    this.changed = true;
    this.dispatchEvent(new Event("input"));
  }
  click() {
    this.dispatchEvent(new Event("click"));
  }
  select() {
    this.setSelectionRange(0, this.value.length);
  }
  setSelectionRange(from, to) {
    Object.assign(this, { selectionStart: from, selectionEnd: to });
  }
  scrollIntoView() {}
  setPointerCapture() {}
  getBoundingClientRect() {
    return { left: 0, top: 0, width: 1000, height: 100 };
  }

  // A listener throws to whoever dispatched, as a test wants it.
  dispatchEvent(event) {
    event.at ??= this;
    Object.defineProperty(event, "target", { value: event.at, configurable: true });
    super.dispatchEvent(event);
    Object.defineProperty(event, "target", { value: event.at, configurable: true });
    if (!event.cancelBubble && this.parentElement && !["focus", "blur"].includes(event.type))
      this.parentElement.dispatchEvent(event);
    return true;
  }
}

for (const [property, attribute] of [
  ["id", "id"],
  ["className", "class"],
]) {
  Object.defineProperty(Node.prototype, property, {
    get() {
      return this.getAttribute(attribute) ?? "";
    },
    set(value) {
      this.setAttribute(attribute, value);
    },
  });
}
for (const name of ["hidden", "disabled", "checked"]) {
  Object.defineProperty(Node.prototype, name, {
    get() {
      return this.hasAttribute(name);
    },
    set(on) {
      if (on) this.setAttribute(name, "");
      else this.removeAttribute(name);
    },
  });
}

const dashed = (key) => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function fits(node, parts) {
  const own = parts.at(-1);
  const simple = own.match(/^[\w-]+|#[\w-]+|\.[\w-]+|\[[^\]]+\]|:[\w-]+/g) ?? [];
  const holds = (one) => {
    if (one[0] === "#") return node.id === one.slice(1);
    if (one[0] === ".") return node.classList.contains(one.slice(1));
    if (one[0] === ":") return one === ":last-of-type" ? node.parentElement.children.at(-1) === node : true;
    if (one[0] !== "[") return node.tagName === one.toUpperCase();
    const [name, value] = one.slice(1, -1).split("=");
    return node.hasAttribute(name) && (value === undefined || node.getAttribute(name) === value.replace(/^"|"$/g, ""));
  };
  if (!simple.every(holds)) return false;
  if (parts.length === 1) return true;
  for (let above = node.parentElement; above; above = above.parentElement)
    if (fits(above, parts.slice(0, -1))) return true;
  return false;
}

const body = new Node("body");
const html = new EventTarget();
globalThis.HTMLElement = Node;
globalThis.CSS ??= { escape: (text) => text };
globalThis.document = Object.assign(html, {
  hidden: false,
  body,
  activeElement: body,
  createElement: (tag) => new Node(tag),
  getElementById: (id) => body.querySelector(`#${id}`),
  querySelector: (selector) => body.querySelector(selector),
  querySelectorAll: (selector) => body.querySelectorAll(selector),
});

// A page of elements with these ids, as its HTML would have them.
export function page(ids) {
  body.replaceChildren(...Object.entries(ids).map(([id, tag]) => Object.assign(new Node(tag), { id })));
  return (id) => body.querySelector(`#${id}`);
}

// A page of the studio: what has an id in its HTML, without what is around it.
export function pageOf(name) {
  const html = readFileSync(new URL(`../../assets/pages/${name}.html`, import.meta.url), "utf8");
  return page(Object.fromEntries([...html.matchAll(/<(\w+)[^>]*? id="([^"]+)"/g)].map(([, tag, id]) => [id, tag])));
}

export const element = (tag) => new Node(tag);

// An event with what a test says of it.
export const happening = (type, more = {}) => Object.assign(new Event(type, { cancelable: true }), more);
