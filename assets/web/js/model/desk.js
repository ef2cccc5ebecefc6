// What is decided on the review desk: each item from one state to another, sent behind the person's back, and undone.

import { Emitter } from "../emitter.js";
import { annotation, editOf } from "./annotation.js";
import { newId } from "./ids.js";
import { carried } from "./changing.js";
import { proposedAttributes } from "./phases.js";

/** @import { Annotation, DeskItem, DeskProgress, EditRequest } from "../types.js" */

/** What a person made of an item; `label` is the one that it is accepted under.
 * @typedef {{ verdict: "" | "accepted" | "rejected", start: number, end: number, label: string }} State
 * @typedef {{ item: DeskItem, before: State, after: State }} Step
 */

const MOST = 300; // steps of undo
const SAME = 5e-4; // s: closer than any two frames
const ROUND = 5; // answers after which a label is learned again
/** Chance found it: what is still to be found is estimated without these (studio/store/teaching.py). */
const SAMPLED = Object.freeze({ found_by: "random sample" });

/** @extends {Emitter<{ change: null, refused: string }>} */
export class Desk extends Emitter {
  /** On the page, in order. @type {readonly DeskItem[]} */
  items = [];
  /** Those that the next decision is about, where there are several. @type {ReadonlySet<string>} */
  chosen = new Set();
  /** The one in front. @type {string | null} */
  focused = null;
  /** @type {Map<string, State>} */
  #states = new Map();
  /** What became of an item that was accepted at some time. @type {Map<string, Annotation>} */
  #made = new Map();
  /** @type {Step[][]} */
  #done = [];
  /** @type {Step[][]} */
  #undone = [];

  /** @param {(video: string, request: EditRequest, item: DeskItem) => void} send */
  constructor(send) {
    super();
    this.send = send;
  }

  /** @param {DeskItem} item @returns {State} */
  stateOf(item) {
    const { id, start, end, label } = item;
    return this.#states.get(id) ?? { verdict: "", start, end, label };
  }

  /** @param {string | null} id */
  item(id) {
    return this.items.find((item) => item.id === id) ?? null;
  }

  get undecided() {
    return this.items.filter((item) => !this.stateOf(item).verdict);
  }

  get canUndo() {
    return this.#done.length > 0;
  }

  get canRedo() {
    return this.#undone.length > 0;
  }

  /** Another page of items. What was decided here and is to be decided again was taken back elsewhere.
   * @param {readonly DeskItem[]} items
   * @param {ReadonlySet<string>} [waiting] those about which something was on its way when these were asked for
   */
  show(items, waiting = new Set()) {
    for (const item of items) if (this.stateOf(item).verdict && !waiting.has(item.id)) this.#forget(item.id);
    this.items = items;
    this.chosen = new Set();
    this.focused = items[0]?.id ?? null;
    this.emit("change", null);
  }

  /** Somebody else decided these. @param {ReadonlySet<string>} ids */
  drop(ids) {
    if (!this.items.some((item) => ids.has(item.id))) return;
    if (this.focused && ids.has(this.focused)) this.focused = this.#after(ids)?.id ?? null;
    this.items = this.items.filter((item) => !ids.has(item.id));
    this.chosen = new Set([...this.chosen].filter((id) => !ids.has(id)));
    this.emit("change", null);
  }

  // ---------------------------------------------------------------- what is meant

  /** @param {string} id @param {"one" | "toggle" | "range"} [how] */
  choose(id, how = "one") {
    const chosen = new Set(how === "one" ? [] : this.chosen);
    if (how === "toggle") {
      if (!chosen.delete(id)) chosen.add(id);
    } else if (how === "range") {
      const [from, to] = [this.focused ?? id, id].map((each) => this.items.findIndex((item) => item.id === each));
      for (const item of this.items.slice(Math.min(from, to), Math.max(from, to) + 1)) chosen.add(item.id);
    }
    this.focused = id;
    this.chosen = chosen;
    this.emit("change", null);
  }

  chooseAll() {
    this.chosen = new Set(this.undecided.map((item) => item.id));
    this.emit("change", null);
  }

  chooseNone() {
    this.chosen = new Set();
    this.emit("change", null);
  }

  /** What a decision is about: the chosen ones, else the one in front. */
  get meant() {
    const ids = this.chosen.size ? this.chosen : new Set([this.focused]);
    return this.items.filter((item) => ids.has(item.id));
  }

  // ---------------------------------------------------------------- decisions

  /** One step of undo for all of them; what is decided so already stays so: a key that is pressed once too often
   * takes nothing back.
   * @param {readonly DeskItem[]} items
   * @param {"accepted" | "rejected"} verdict
   * @param {string | null} [label] null: the one that each has
   */
  decide(items, verdict, label = null) {
    /** @type {Step[]} */
    const steps = items
      .map((item) => ({ item, before: this.stateOf(item) }))
      .filter(({ before }) => before.verdict !== verdict || (label !== null && before.label !== label))
      .map(({ item, before }) => ({ item, before, after: { ...before, verdict, label: label ?? before.label } }));
    if (!steps.length) return;
    this.#act(steps);
    this.focused = this.#after(new Set(items.map((item) => item.id)))?.id ?? this.focused;
    this.chosen = new Set();
    this.emit("change", null);
  }

  /** Up to the one in front all that is undecided is right, behind it only what was trimmed: one step of undo. */
  settle() {
    const front = this.items.findIndex((item) => item.id === this.focused);
    const isRight = (/** @type {DeskItem} */ item, /** @type {State} */ { start, end }) =>
      this.items.indexOf(item) <= front || start !== item.start || end !== item.end;
    const steps = this.undecided.map((item) => {
      const before = this.stateOf(item);
      /** @type {State} */
      const after = { ...before, verdict: isRight(item, before) ? "accepted" : "rejected" };
      return { item, before, after };
    });
    this.#act(steps);
  }

  /** The button of one item: pressed again, it takes its decision back.
   * @param {DeskItem} item @param {"accepted" | "rejected"} verdict
   */
  press(item, verdict) {
    const before = this.stateOf(item);
    if (before.verdict === verdict) this.#act([{ item, before, after: { ...before, verdict: "" } }]);
    else this.decide([item], verdict);
  }

  /** @param {DeskItem} item @param {{ start: number, end: number }} span on frame edges */
  trim(item, { start, end }) {
    const before = this.stateOf(item);
    const isSame = Math.abs(start - before.start) < SAME && Math.abs(end - before.end) < SAME;
    if (!isSame && start < end - SAME) this.#act([{ item, before, after: { ...before, start, end } }]);
  }

  undo() {
    const steps = this.#done.pop();
    if (!steps) return;
    this.#undone.push(steps);
    for (const { item, before } of steps.toReversed()) this.#turn(item, before);
    this.#bringBack(steps);
  }

  redo() {
    const steps = this.#undone.pop();
    if (!steps) return;
    this.#done.push(steps);
    for (const { item, after } of steps) this.#turn(item, after);
    this.#bringBack(steps);
  }

  /** The server wrote an annotation: what it counts holds. @param {Annotation} row */
  takeSaved(row) {
    for (const [id, made] of this.#made)
      if (made.id === row.id && row.version >= made.version) this.#made.set(id, { ...made, version: row.version });
  }

  /** Somebody else decided about an item meanwhile: it goes, and stays as they left it. @param {string} id */
  giveUp(id) {
    this.#forget(id);
    this.emit("refused", "Somebody else changed this moment meanwhile; it stays as they left it.");
    this.drop(new Set([id]));
  }

  /** An item could not be changed: it is as it was at first, and nothing of it can be undone.
   * @param {string} id @param {string} why
   */
  refuse(id, why) {
    this.#forget(id);
    this.emit("refused", why);
    this.emit("change", null);
  }

  /** @param {string} id of an item that is as it was at first */
  #forget(id) {
    this.#states.delete(id);
    this.#made.delete(id);
    const without = (/** @type {Step[][]} */ groups) =>
      groups.map((steps) => steps.filter(({ item }) => item.id !== id)).filter((steps) => steps.length);
    this.#done = without(this.#done);
    this.#undone = without(this.#undone);
  }

  /** The first undecided item behind these, else the first of all. @param {ReadonlySet<string>} ids */
  #after(ids) {
    const last = this.items.findLastIndex((item) => ids.has(item.id));
    const isOpen = (/** @type {DeskItem} */ item) => !ids.has(item.id) && !this.stateOf(item).verdict;
    return this.items.slice(last + 1).find(isOpen) ?? this.items.find(isOpen) ?? null;
  }

  /** @param {Step[]} steps */
  #act(steps) {
    if (!steps.length) return;
    for (const { item, after } of steps) this.#turn(item, after);
    this.#done = [...this.#done, steps].slice(-MOST);
    this.#undone = [];
    this.emit("change", null);
  }

  /** What was undone is seen, also where it was on an earlier page. @param {Step[]} steps */
  #bringBack(steps) {
    const there = new Set(this.items.map((item) => item.id));
    this.items = [...steps.map(({ item }) => item).filter((item) => !there.has(item.id)), ...this.items];
    this.focused = steps[0].item.id;
    this.chosen = new Set();
    this.emit("change", null);
  }

  /** From what an item is to what it is to be.
   * @param {DeskItem} item
   * @param {State} wanted
   */
  #turn(item, wanted) {
    const before = this.stateOf(item);
    this.#states.set(item.id, wanted);
    if (before.verdict === "accepted" && wanted.verdict !== "accepted") this.#put(item, wanted, true);
    if (before.verdict === "rejected" && wanted.verdict !== "rejected") this.#say(item, false);
    if (wanted.verdict === "accepted") this.#put(item, wanted, false);
    if (wanted.verdict === "rejected" && before.verdict !== "rejected") this.#say(item, true);
  }

  /** The annotation of an item, made, changed, or taken away.
   * @param {DeskItem} item @param {State} wanted @param {boolean} deleted
   */
  #put(item, { start, end, label }, deleted) {
    const before = this.#made.get(item.id) ?? null;
    const isPrediction = item.kind === "prediction";
    const isChanged = isPrediction && (start !== item.start || end !== item.end || label !== item.label);
    const attributes = isPrediction ? carried(proposedAttributes(item), item, { start, end }) : SAMPLED;
    const made = annotation({
      id: before?.id ?? newId(),
      version: before?.version ?? 0,
      track: item.track,
      start,
      end,
      label,
      source: !isPrediction ? "manual" : isChanged ? "correction" : "accepted",
      prediction_id: isPrediction ? item.id : null,
      attributes,
      deleted,
    });
    this.#made.set(item.id, { ...made, version: made.version + 1 });
    this.send(item.video, editOf(before, made), item);
  }

  /** That it is not there, or that this was not said. @param {DeskItem} item @param {boolean} is */
  #say(item, is) {
    const { video, track, label, at, id } = item;
    /** @type {EditRequest} */
    const request =
      at === null
        ? { op: "verdict", prediction_id: id, verdict: is ? "rejected" : "" }
        : { op: "absent", track, label, at, absent: is };
    this.send(video, request, item);
  }
}

/** When a label is to be learned again. */
export class Rounds {
  /** label and track → how much was news when it was asked for last @type {Map<string, number>} */
  #askedAt = new Map();

  /** Whether to ask for it now: there are answers enough that it does not know, and nobody asked for it yet.
   * @param {{ label: string, track: string }} wanted
   * @param {DeskProgress} known
   */
  isDue({ label, track }, { labelled, learning, news }) {
    const key = JSON.stringify([label, track]);
    if (!labelled || learning || news < ROUND || news === this.#askedAt.get(key)) return false;
    this.#askedAt.set(key, news);
    return true;
  }
}
