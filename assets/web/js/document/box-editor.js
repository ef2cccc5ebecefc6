// The boxes over time of a video: what a person draws and changes, and what a tracker is asked to do.

import { BOXES, change, creation, difference, removal } from "../model/box-track.js";
import { newId } from "../model/ids.js";
import { call } from "../sync/api.js";
import { currentUser } from "../sync/current-user.js";
import { AT_ZERO, onTimeline } from "../model/media-place.js";

/** @import { BoxChange, BoxKey, BoxTrack, Json, News, Server } from "../types.js" */
/** @import { DocumentStore } from "../model/document-store.js" */
/** @import { Editor } from "../model/editor.js" */

/** The label of a face that was found. */
const FACE = "face";

export class BoxEditor {
  /** The ids of the steps that trackers were asked for here. @type {Set<string>} */
  #asked = new Set();

  /**
   * @param {Server} server
   * @param {string} video its id
   * @param {DocumentStore} store
   * @param {Editor} editor
   */
  constructor(server, video, store, editor) {
    this.server = server;
    this.video = video;
    this.store = store;
    this.editor = editor;
  }

  /** Those whose medium is on the timeline, in order of their beginning there. @returns {BoxTrack[]} */
  get all() {
    const { store } = this;
    const begins = (/** @type {BoxTrack} */ track) => onTimeline(store.boxPlace(track) ?? AT_ZERO, track.keys[0].at);
    const shown = [...store.boxes.values()].filter((track) => store.boxPlace(track) !== null);
    return shown.sort((a, b) => begins(a) - begins(b) || a.id.localeCompare(b.id));
  }

  /** @param {string | null} id */
  find(id) {
    return this.store.boxes.get(id ?? "") ?? null;
  }

  /** Returns the id. @param {{ label?: string, name?: string, keys: readonly BoxKey[], medium?: string }} said */
  create(said) {
    const id = newId();
    this.editor.changeBox(creation(id, said));
    return id;
  }

  /** Nothing where nothing changes. @param {BoxChange | null} wanted */
  change(wanted) {
    this.editor.changeBox(wanted);
  }

  /**
   * @param {BoxTrack} track
   * @param {{ label?: string, name?: string, attributes?: { [name: string]: Json } }} said
   */
  describe(track, said) {
    this.editor.changeBox(change(track, said));
  }

  /** @param {BoxTrack} track */
  remove(track) {
    this.editor.changeBox(removal(track));
  }

  // ---------------------------------------------------------------- tracking

  /** Queues the job that follows an object from a frame to another one. Rejects with an ApiError.
   * @param {BoxTrack} track
   * @param {number} at of the medium that it lies over
   * @param {number} until before `at` to go backwards
   */
  track(track, at, until) {
    const edit = newId();
    this.#asked.add(edit);
    const request = { video: this.video, box: track.id, at, until, edit, annotator: currentUser() };
    return call(this.server, "track_box", request);
  }

  /** A box for each face of a frame, followed to another one: one step. Returns their ids. Rejects with an ApiError.
   * @param {number} at of the medium
   * @param {number} until
   * @param {string} medium
   */
  async faces(at, until, medium) {
    const { faces } = await call(this.server, "face_boxes", { video: this.video, at, until, medium });
    const { labels, tracks } = this.store;
    const isTaken = !tracks.get(BOXES)?.closed || labels.some((each) => each.track === BOXES && each.label === FACE);
    const label = isTaken ? FACE : "";
    /** @type {string[]} */
    const made = [];
    this.editor.together(() => {
      for (const [n, keys] of faces.entries()) made.push(this.create({ label, name: String(n + 1), keys, medium }));
    });
    return made;
  }

  /** What trackers made that were asked for here, as changes that can be undone; to be asked before the news are taken.
   * @param {News} news
   * @param {(id: string) => boolean} waits
   */
  trackedIn(news, waits) {
    return (news.boxes ?? []).flatMap((row) => {
      const known = this.store.boxes.get(row.id);
      if (!row.step || !this.#asked.has(row.step) || !known || row.deleted || waits(row.id)) return [];
      this.#asked.delete(row.step);
      return difference(known, row) ?? [];
    });
  }
}
