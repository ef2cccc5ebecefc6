// How the rows of the timeline are arranged: a matter of taste, kept by this browser for all videos.

import { remembered } from "./preferences.js";

const KEY = "rows";
const SIZES = [0.75, 1, 1.5, 2.25];
const FIRST = { Spectrogram: { hidden: true } }; // computed when it is first looked at

export class RowLayout extends EventTarget {
  constructor(storage = globalThis.localStorage) {
    super();
    this.storage = storage;
    this.solo = null; // the only row to show, for this page
    const known = remembered(storage, KEY);
    this.order = known.order ?? [];
    this.of = new Map(Object.entries({ ...FIRST, ...known.of })); // name → {collapsed, hidden, locked, size, graph}
  }

  get(name) {
    return this.of.get(name) ?? {};
  }

  set(name, change) {
    this.of.set(name, { ...this.get(name), ...change });
    this.save();
  }

  toggle(name, what) {
    this.set(name, { [what]: !this.get(name)[what] });
  }

  isLocked(name) {
    return Boolean(this.get(name).locked);
  }

  isShown(name) {
    return this.solo ? name === this.solo : !this.get(name).hidden;
  }

  only(name) {
    this.solo = this.solo === name ? null : name;
    this.dispatchEvent(new Event("change"));
  }

  showAll() {
    this.solo = null;
    for (const [name, state] of this.of) this.of.set(name, { ...state, hidden: false });
    this.save();
  }

  size(name) {
    return SIZES[this.get(name).size ?? 1];
  }

  resize(name, step) {
    const size = Math.min(SIZES.length - 1, Math.max(0, (this.get(name).size ?? 1) + step));
    this.set(name, { size });
  }

  // One place up (-1) or down (1) among the rows that are there now.
  move(name, step, names) {
    const order = this.sorted(names);
    const at = order.indexOf(name);
    const to = Math.min(order.length - 1, Math.max(0, at + step));
    order.splice(to, 0, ...order.splice(at, 1));
    this.order = order;
    this.save();
  }

  // Names in the order that was chosen; ones that nobody moved keep their place among the others.
  sorted(names) {
    const place = (name) => this.order.indexOf(name) + 1 || Infinity;
    return names
      .map((name, i) => [name, i])
      .sort(([a, i], [b, j]) => (place(a) === place(b) ? i - j : place(a) - place(b)))
      .map(([name]) => name);
  }

  save() {
    this.storage?.setItem(KEY, JSON.stringify({ order: this.order, of: Object.fromEntries(this.of) }));
    this.dispatchEvent(new Event("change"));
  }
}
