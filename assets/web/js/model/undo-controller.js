// Undo and redo of a document: what somebody else changed since is left as it is, and its step is gone.

const microseconds = (seconds) => Math.round(seconds * 1e6);
const spelled = (text) => (text ?? "").normalize("NFC"); // as the server writes it

// Whether a segment says the same; who made it, and from what, is the server's business.
function same(a, b) {
  return (
    microseconds(a.start) === microseconds(b.start) &&
    microseconds(a.end) === microseconds(b.end) &&
    spelled(a.track) === spelled(b.track) &&
    spelled(a.label) === spelled(b.label) &&
    (a.note ?? "") === (b.note ?? "")
  );
}

export class Undo {
  constructor(doc) {
    this.doc = doc;
  }

  undo() {
    const { history } = this.doc;
    const group = history.done.at(-1) ?? [];
    this.replay(
      this.strange(
        group,
        (change) => change.after,
        (change) => change.to,
      ),
      () => history.back(),
    );
  }

  redo() {
    const { history } = this.doc;
    const group = [...(history.undone.at(-1) ?? [])].reverse();
    this.replay(
      this.strange(
        group,
        (change) => change.before,
        (change) => change.from,
      ),
      () => history.forth(),
    );
  }

  // The id of something that is not as the group left it, else null. The last change to each says how that was.
  strange(group, stateOf, verdictOf) {
    const { doc } = this;
    const states = new Map();
    const verdicts = new Map();
    for (const change of group) {
      if (change.decision) verdicts.set(change.decision, verdictOf(change));
      else states.set((change.after ?? change.before).id, stateOf(change));
    }
    for (const [id, state] of states) {
      const there = doc.annotations.get(id);
      const expected = state && !state.deleted;
      if (expected ? !there || !same(there, state) : there) return id;
    }
    for (const [id, verdict] of verdicts) {
      const p = doc.predictions.get(id);
      if (p && p.verdict !== verdict) return id;
    }
    return null;
  }

  replay(strange, move) {
    const { doc } = this;
    if (strange !== null) {
      doc.history.forget(strange);
      doc.notice("Somebody changed this segment since; it was left as it is.");
      doc.changed();
      return;
    }
    doc.quietly(() => {
      for (const step of move() ?? []) this.apply(step);
    });
    doc.keepHistory();
  }

  apply(step) {
    const { doc } = this;
    if (step.decision) {
      const p = doc.predictions.get(step.decision);
      if (p) doc.decide(p, step.to);
      return;
    }
    const [now, wanted] = step;
    const id = (now ?? wanted).id;
    const known = doc.annotations.get(id);
    const version = known?.version ?? doc.versions.get(id);
    doc.put(known ?? { deleted: true }, wanted ? { ...wanted, version } : { ...now, deleted: true, version });
  }
}
