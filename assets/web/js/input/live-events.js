// What happens is coded while the video plays: the key of a point makes one at the playhead, that of a state begins it,
// and ends it when it is pressed again. On a row where only one state holds, the next one ends it.

import { isTexts, readPreferences } from "../model/preferences.js";
import { currentUser } from "../sync/current-user.js";
import { clock } from "../view/dom.js";

/** @import { Workspace } from "../annotate/workspace.js" */
/** @import { Annotation, Label, Marked } from "../types.js" */

const KEY = "states";
const SAME = 5e-4; // s: closer than any two frames

/** @typedef {Pick<Workspace, "opened" | "player" | "timeline" | "selection" | "say" | "reaction">} Coded */

export class LiveEvents {
  /** Annotation of each state that holds now, by id. A state is saved when it begins, one frame long. @type {Set<string>} */
  #running = new Set();
  /** Where each state that was ended had its end before: back there, it holds again. @type {Map<string, number>} */
  #ended = new Map();
  /** The person and the video that these states are of. @type {string | null} */
  #place = null;

  /**
   * @param {Coded} workspace
   * @param {Pick<Storage, "getItem" | "setItem"> | null} [storage] keeps what holds, for each person and video, until the
   *   video is opened again
   */
  constructor(workspace, storage = null) {
    this.workspace = workspace;
    this.storage = storage;
  }

  get #here() {
    return `${currentUser()}\n${this.workspace.opened.id}`;
  }

  /** A video was opened, or somebody else took the seat; what held in it when the page was closed goes on. */
  resume() {
    this.#place = this.#here;
    const { [this.#place]: kept } = readPreferences(this.storage, KEY);
    this.#running = new Set(isTexts(kept) ? kept : []);
  }

  #keep() {
    const { [this.#here]: _, ...others } = readPreferences(this.storage, KEY);
    const running = this.running.map(({ id }) => id);
    this.storage?.setItem(KEY, JSON.stringify(running.length ? { ...others, [this.#here]: running } : others));
  }

  /** States that hold, as far as they are still there; also one whose end was taken back.
   * @returns {Readonly<Annotation>[]}
   */
  get running() {
    if (this.#place !== this.#here) this.resume();
    const { annotations } = this.workspace.opened.store;
    const isBack = (/** @type {string} */ id) =>
      Math.abs((annotations.get(id)?.end ?? NaN) - (this.#ended.get(id) ?? NaN)) < SAME;
    const back = [...this.#ended.keys()].filter(isBack);
    return [...new Set([...this.#running, ...back])].flatMap((id) => annotations.get(id) ?? []);
  }

  /** The page may be closed: what holds is saved as far as the playhead has come, and goes on where it comes back. */
  save() {
    const { player, opened } = this.workspace;
    const { running } = this;
    for (const { id, end } of running) {
      if (player.frameEnd < end + SAME) continue;
      if (this.#ended.has(id)) this.#ended.set(id, player.frameEnd);
      opened.editor.amend(id, { end: player.frameEnd });
    }
    if (running.length) this.#keep();
  }

  /** The key of a label that is no segment. @param {Label} label */
  press(label) {
    const { player, reaction, timeline, say, opened } = this.workspace;
    if (timeline.rowLayout.isLocked(label.track)) {
      say(`“${label.track}” is locked; unlock it in its menu.`);
      return;
    }
    const { time, played } = reaction.place(player, player.time);
    if (label.kind === "point") {
      this.#make(label, time, { start: played });
      return;
    }
    const same = this.running.find((each) => each.track === label.track && each.label === label.label);
    if (same) {
      this.#end(same, reaction.place(player, player.frameEnd).time);
      return;
    }
    opened.editor.together(() => {
      if (opened.store.tracks.get(label.track)?.exclusive) this.#makeRoom(label.track, time);
      const id = this.#make(label, time, { start: played });
      if (id !== null) this.#running.add(id);
    });
    this.#keep();
  }

  /** The person turns to another video: what holds ends where the playhead is, as far as that is later. */
  stop() {
    if (this.#place !== this.#here) return; // it was not there yet
    const { player } = this.workspace;
    for (const each of this.running) if (player.frameEnd > each.end) this.#end(each, player.frameEnd);
    this.#running.clear();
    this.#ended.clear();
    this.#keep();
  }

  /**
   * @param {Label} label
   * @param {number} time
   * @param {Marked} marked
   */
  #make({ track, label }, time, marked) {
    const { opened, player, selection } = this.workspace;
    const start = Math.min(player.frames.shownAt(time), player.frames.edge(player.frames.duration, -1));
    const id = opened.editor.create({ track, label, start, end: player.frames.edge(start, 1) }, marked);
    selection.instead(
      () => id,
      (each) => Boolean(opened.store.shown(each)),
    );
    return id;
  }

  /**
   * @param {Readonly<Annotation>} state
   * @param {number} time
   */
  #end(state, time) {
    if (time <= state.start) {
      this.workspace.say(`“${state.label}” begins later, at ${clock(state.start, 2)}; end it after that.`);
      return;
    }
    this.#endAt(state, time);
    this.#keep();
  }

  /**
   * @param {Readonly<Annotation>} state
   * @param {number} time
   */
  #endAt({ id, end }, time) {
    const { editor, store } = this.workspace.opened;
    this.#running.delete(id);
    this.#ended.delete(id);
    editor.update(id, { end: time });
    const now = store.annotations.get(id)?.end ?? end;
    if (Math.abs(now - end) >= SAME) this.#ended.set(id, end);
    else store.tellContent(); // it lasted so long already, and yet holds no more
  }

  /** Whatever holds at a time on a row ends there; what begins there is left to the person.
   * @param {string} track
   * @param {number} time
   */
  #makeRoom(track, time) {
    const { editor, store } = this.workspace.opened;
    const running = new Set(this.running.map((each) => each.id));
    for (const each of store.annotations.values()) {
      if (each.track !== track || each.start >= time) continue;
      if (running.has(each.id)) this.#endAt(each, time);
      else if (each.end > time) editor.update(each.id, { end: time });
    }
  }
}
