// Draws curves: by the pointer in their row, and live, from what a slider or a gamepad says while the video plays.

import { RATE, sampleAt, samplesOf } from "../model/traces.js";
import { currentUser } from "../sync/current-user.js";

/** @import { TraceChange } from "../types.js" */
/** @import { Workspace } from "../annotate/workspace.js" */

const FLUSH = RATE; // samples after which what was drawn is saved: a second
const JUMP_S = 0.5; // a playhead that is further away was put there

/** A stretch that is being drawn.
 * @typedef {{ first: number, values: number[], saved: number,
 *   done: { trace: TraceChange, edit: string }[] }} Stroke
 */

export class TraceRecorder {
  /** What is being drawn, by its row. @type {Map<string, Stroke>} */
  #strokes = new Map();

  /** @param {Pick<Workspace, "opened" | "timeline" | "player">} workspace */
  constructor(workspace) {
    this.workspace = workspace;
  }

  get #count() {
    return samplesOf(this.workspace.opened.store.video?.duration ?? 0);
  }

  // ---------------------------------------------------------------- by the pointer

  /** A line from where the pointer was to where it is; value NaN rubs out.
   * @param {string} track
   * @param {{ time: number, value: number }} from
   * @param {{ time: number, value: number }} to
   */
  line(track, from, to) {
    const [a, b] = from.time <= to.time ? [from, to] : [to, from];
    const last = this.#count - 1;
    const [first, end] = [a, b].map(({ time }) => Math.min(Math.max(0, sampleAt(time)), last));
    const values = [];
    for (let n = first; n <= end; n++) {
      const share = end > first ? (n - first) / (end - first) : 1;
      values.push(a.value + (b.value - a.value) * share);
    }
    const stroke = this.#strokes.get(track);
    if (!stroke) this.#strokes.set(track, { first, values, saved: 0, done: [] });
    else this.#strokes.set(track, { ...stroke, ...joined(stroke, { first, values }) });
    this.#show();
  }

  // ---------------------------------------------------------------- live

  /** What is said at the playhead, while the video plays.
   * @param {string} track
   * @param {number} time
   * @param {number} value
   */
  say(track, time, value) {
    const at = Math.min(Math.max(0, sampleAt(time)), this.#count - 1);
    const stroke = this.#strokes.get(track);
    const next = stroke && stroke.first + stroke.values.length;
    if (stroke && next !== undefined && (at < next - 1 || at > next + JUMP_S * RATE)) {
      this.end(track);
      this.say(track, time, value);
      return;
    }
    if (!stroke || next === undefined) {
      this.#strokes.set(track, { first: at, values: [value], saved: 0, done: [] });
    } else {
      const last = stroke.values[stroke.values.length - 1];
      for (let n = next; n <= at; n++) stroke.values.push(last + ((value - last) * (n - next + 1)) / (at - next + 1));
      if (stroke.values.length - stroke.saved >= FLUSH) this.#save(track, stroke);
    }
    this.#show();
  }

  /** @param {string} track @param {Stroke} stroke */
  #save(track, stroke) {
    const { editor, store } = this.workspace.opened;
    const values = stroke.values.slice(stroke.saved);
    const changes = store.traces.changesTo(track, currentUser(), stroke.first + stroke.saved, values);
    for (const trace of changes) stroke.done.push({ trace, edit: editor.putTrace(trace) });
    stroke.saved = stroke.values.length;
  }

  // ---------------------------------------------------------------- the end

  /** What was drawn of a row is one step of undo. @param {string} track */
  end(track) {
    const stroke = this.#strokes.get(track);
    if (!stroke) return;
    this.#strokes.delete(track);
    this.#save(track, stroke);
    this.workspace.opened.editor.addTrace(stroke.done);
    this.#show();
  }

  endAll() {
    for (const track of [...this.#strokes.keys()]) this.end(track);
  }

  /** Nothing was drawn after all; what is saved already stays. @param {string} track */
  drop(track) {
    this.#strokes.delete(track);
    this.#show();
  }

  #show() {
    const { timeline } = this.workspace;
    timeline.traceDrafts = this.#strokes;
    timeline.invalidate();
  }
}

/** A stretch with another one drawn over it, or beside it: what lies between them is drawn by neither.
 * @param {{ first: number, values: number[] }} stroke
 * @param {{ first: number, values: number[] }} other
 */
function joined(stroke, other) {
  const first = Math.min(stroke.first, other.first);
  const end = Math.max(stroke.first + stroke.values.length, other.first + other.values.length);
  const values = new Array(end - first).fill(NaN);
  for (const each of [stroke, other]) each.values.forEach((value, n) => (values[each.first - first + n] = value));
  return { first, values };
}
