// What happens is coded while the video plays: the key of a point makes one at the playhead, that of a state begins it,
// and ends it when it is pressed again. On a row where only one state holds, the next one ends it.

import { isTexts, readPreferences } from "../model/preferences.js";
import { clock } from "../view/dom.js";

/** @import { Workspace } from "../annotate/workspace.js" */
/** @import { Annotation, Label, Marked } from "../types.js" */

const KEY = "states";

/** @typedef {Pick<Workspace, "opened" | "player" | "timeline" | "selection" | "say" | "reaction">} Coded */

export class LiveEvents {
  /** Annotation of each state that holds now, by id. A state is saved when it begins, one frame long. @type {Set<string>} */
  #running = new Set();

  /**
   * @param {Coded} workspace
   * @param {Pick<Storage, "getItem" | "setItem"> | null} [storage] keeps what holds over a reload of the page
   */
  constructor(workspace, storage = null) {
    this.workspace = workspace;
    this.storage = storage;
  }

  /** A video was opened; what held in it when the page was reloaded goes on. */
  resume() {
    const kept = readPreferences(this.storage, KEY);
    this.#running = new Set(kept.video === this.workspace.opened.id && isTexts(kept.running) ? kept.running : []);
  }

  #keep() {
    this.storage?.setItem(KEY, JSON.stringify({ video: this.workspace.opened.id, running: [...this.#running] }));
  }

  /** States that hold, as far as they are still there.
   * @returns {Readonly<Annotation>[]}
   */
  get running() {
    const { store } = this.workspace.opened;
    return [...this.#running].flatMap((id) => store.annotations.get(id) ?? []);
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
    const { player } = this.workspace;
    for (const each of this.running) if (player.frameEnd > each.end) this.#end(each, player.frameEnd);
    this.#running.clear();
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
    if (id !== null) selection.one(id);
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
    this.#running.delete(state.id);
    this.#keep();
    this.workspace.opened.editor.update(state.id, { end: time });
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
      if (running.has(each.id) || each.end > time) editor.update(each.id, { end: time });
      this.#running.delete(each.id);
    }
  }
}
