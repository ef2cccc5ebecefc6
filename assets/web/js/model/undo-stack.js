// What can be undone: groups of changes, newest last. A change is {before, after} of an annotation (null: not there) or
// {decision, from, to} about a prediction.

const MOST = 300; // groups
const MOST_CHANGES = 20_000; // in all groups: they are written down after each

export class History {
  // `keep` is told after every change, so that a reload forgets nothing.
  constructor(keep = () => {}) {
    this.keep = keep;
    this.done = [];
    this.undone = [];
    this.open = null;
  }

  restore({ done = [], undone = [] }) {
    Object.assign(this, { done, undone });
  }

  add(change) {
    this.undone = [];
    if (this.open) {
      this.open.push(change);
      return;
    }
    this.done.push([change]);
    this.trim();
  }

  // What `work` changes is one step of undo.
  together(work) {
    if (this.open) return work();
    this.open = [];
    try {
      return work();
    } finally {
      const group = this.open;
      this.open = null;
      if (group.length) this.done.push(group);
      this.trim();
    }
  }

  trim() {
    let first = this.done.length - 1; // the newest one stays, however large it is
    let changes = this.done.at(-1)?.length ?? 0;
    while (first > 0 && this.done.length - first < MOST && changes + this.done[first - 1].length <= MOST_CHANGES)
      changes += this.done[--first].length;
    this.done.splice(0, Math.max(0, first));
    this.keep();
  }

  // Nothing can be undone any more about an annotation, or a prediction, that somebody else won.
  forget(id) {
    const about = (change) => change.decision === id || (change.after ?? change.before)?.id === id;
    this.done = this.done.filter((group) => !group.some(about));
    this.undone = this.undone.filter((group) => !group.some(about));
    this.keep();
  }

  // The changes to apply, in order, as [now, wanted] or {decision, to}; null when there are none.
  back() {
    const group = this.move(this.done, this.undone);
    return (
      group &&
      [...group].reverse().map((c) => (c.decision ? { decision: c.decision, to: c.from } : [c.after, c.before]))
    );
  }

  forth() {
    const group = this.move(this.undone, this.done);
    return group && group.map((c) => (c.decision ? { decision: c.decision, to: c.to } : [c.before, c.after]));
  }

  move(from, to) {
    const group = from.pop();
    if (!group) return null;
    to.push(group);
    return group;
  }

  get annotations() {
    const changes = [...this.done, ...this.undone].flat();
    return [...new Set(changes.map((change) => (change.after ?? change.before)?.id).filter(Boolean))];
  }
}
