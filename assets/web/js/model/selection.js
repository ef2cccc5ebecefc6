// Which segments are chosen. One of them is the current one: the inspector shows it, keys without a plural act on it.

export class Selection extends EventTarget {
  constructor() {
    super();
    this.ids = new Set();
    this.current = null;
  }

  has(id) {
    return this.ids.has(id);
  }

  get size() {
    return this.ids.size;
  }

  one(id) {
    this.set(id === null ? [] : [id], id);
  }

  set(ids, current = [...ids].at(-1) ?? null) {
    this.ids = new Set(ids);
    this.current = current;
    this.dispatchEvent(new Event("change"));
  }

  toggle(id) {
    const ids = new Set(this.ids);
    if (ids.delete(id)) this.set(ids);
    else this.set([...ids, id], id);
  }

  // Forget what is no longer there.
  keepOnly(exists) {
    if ([...this.ids].every(exists)) return;
    const left = [...this.ids].filter(exists);
    this.set(left, this.current !== null && exists(this.current) ? this.current : (left.at(-1) ?? null));
  }
}
