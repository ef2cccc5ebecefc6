// Boxes over time on the Annotate page: the picture, the panel beside it and the row of the timeline go together.

import {
  BOXES,
  hiding,
  keyAt,
  limited,
  occluding,
  placeAt,
  placed,
  seenSpans,
  unkeyed,
  within,
} from "../model/box-track.js";
import { barAt } from "../view/box-row.js";
import { BoxOverlay } from "../view/box-overlay.js";
import { BoxPanel } from "../view/box-panel.js";
import { clock, counted } from "../view/dom.js";

/** @import { BoxTrack, Corners } from "../types.js" */
/** @import { VideoDocument } from "../document/video-document.js" */
/** @import { Change } from "../model/document-store.js" */
/** @import { Find } from "../view/dom.js" */
/** @import { Tabs } from "../view/tabs.js" */
/** @import { Workspace } from "./workspace.js" */

/** The attribute of a segment that belongs to a box: its id. */
const LINK = "box";
/** Where a box is that somebody asked for by a key or for a segment. @type {Corners} */
const MIDDLE = [0.35, 0.3, 0.65, 0.7];

export class BoxTool {
  /** @type {VideoDocument | null} */
  doc = null;
  /** @type {string | null} */
  chosen = null;
  isEditing = false;
  #isAsking = false;

  /**
   * @param {Find} $
   * @param {Workspace} workspace
   * @param {Tabs<"ask" | "selected" | "adjudication" | "boxes" | "cameras">} side
   * @param {() => readonly string[]} rows that segments can go to
   * @param {(track: string, label: string) => unknown} addLabel to the schema
   */
  constructor($, workspace, side, rows, addLabel) {
    this.$ = $;
    this.workspace = workspace;
    this.side = side;
    this.rows = rows;
    const { player, timeline, selection } = workspace;
    this.overlay = new BoxOverlay($("boxes", "canvas"), player, {
      choose: (id) => this.choose(id),
      create: (box) => this.#create(box),
      place: (id, box) => this.#place(id, box),
      command: (key) => this.#command(key),
    });
    this.panel = new BoxPanel($("box-panel"), {
      draw: () => this.edit(!this.isEditing),
      choose: (id) => {
        this.choose(id);
        const track = this.track;
        if (track && !placeAt(track, player.time).isThere) workspace.seek(track.keys[0].at);
      },
      describe: (said) => this.#with((track) => this.doc?.boxes.describe(track, said)),
      leave: () => $("boxes").focus({ preventScroll: true }),
      toggleKey: () => this.#toggleKey(),
      toggleHidden: () => this.#toggle("hidden"),
      toggleOccluded: () => this.#toggle("occluded"),
      limit: (which) => this.#with((track) => this.doc?.boxes.change(limited(track, player.time, which))),
      goToKey: (step) => this.#goToKey(step),
      track: (seconds) => this.#track(seconds),
      toSegments: (row) => this.#toSegments(row),
      fromSegment: () => this.#fromSegment(),
      remove: () => this.#remove(),
      addLabel: (label) => addLabel(BOXES, label),
    });
    $("box-mode").addEventListener("click", () => this.edit(!this.isEditing));
    player.on("time", () => player.video.paused && this.#showPanel());
    player.on("pause", () => this.#showPanel());
    selection.on("change", () => this.#followSegment());
    timeline.root.addEventListener("pointerdown", (event) => this.#onRow(event), { capture: true });
  }

  /** The box that is chosen. @returns {BoxTrack | null} */
  get track() {
    return this.doc?.boxes.find(this.chosen) ?? null;
  }

  /** @param {VideoDocument} doc */
  open(doc) {
    this.close();
    this.doc = doc;
    this.overlay.store = doc.store;
    this.$("box-mode").hidden = !doc.store.video?.width;
    this.refresh("boxes");
  }

  close() {
    this.doc = null;
    this.overlay.store = null;
    this.chosen = this.overlay.chosen = this.workspace.timeline.chosenBox = null;
    this.edit(false);
  }

  /** Something of the document has changed. @param {Change} what */
  refresh(what) {
    if (what !== "boxes" && what !== "jobs" && what !== "labels") return;
    if (what === "boxes") {
      if (!this.track) this.chosen = this.overlay.chosen = this.workspace.timeline.chosenBox = null;
      this.overlay.draw();
      this.workspace.timeline.relayout();
    }
    this.side.offer("boxes", this.isEditing || Boolean(this.doc?.store.boxes.size), "ask");
    this.#showPanel();
  }

  /** Draw boxes, or leave that. @param {boolean} isEditing */
  edit(isEditing) {
    this.isEditing = isEditing;
    this.$("box-mode").setAttribute("aria-pressed", String(isEditing));
    const hadFocus = this.$("boxes") === document.activeElement; // it takes none any more once it is left
    this.overlay.edit(isEditing);
    this.side.offer("boxes", isEditing || Boolean(this.doc?.store.boxes.size), "ask");
    if (isEditing) {
      this.side.show("boxes");
      this.$("boxes").focus({ preventScroll: true });
    } else if (hadFocus) this.$("timeline").focus({ preventScroll: true });
    this.#showPanel();
  }

  /** @param {string | null} id */
  choose(id) {
    if (id === this.chosen) return;
    this.chosen = this.overlay.chosen = this.workspace.timeline.chosenBox = id;
    if (id !== null) this.side.show("boxes");
    this.overlay.draw();
    this.workspace.timeline.invalidate();
    this.#showPanel();
  }

  /** A click on the picture, while boxes are not drawn; whether one was there. @param {MouseEvent} event */
  pick(event) {
    const id = this.overlay.at(event);
    if (id) this.choose(id);
    return Boolean(id);
  }

  #showPanel() {
    const { doc, panel } = this;
    if (!doc || panel.isTyping || (!this.isEditing && !doc.store.boxes.size)) return;
    const { player, selection } = this.workspace;
    panel.show({
      store: doc.store,
      all: doc.boxes.all,
      track: this.track,
      time: player.time,
      isEditing: this.isEditing,
      rows: this.rows(),
      hasSegment: Boolean(doc.store.item(selection.current ?? "")),
    });
  }

  // ---------------------------------------------------------------- what a person does

  /** @param {(track: BoxTrack) => void} work */
  #with(work) {
    const { track } = this;
    if (track) work(track);
  }

  /** @param {Corners} box */
  #create(box) {
    if (!this.doc) return;
    const at = this.workspace.player.time;
    // the next one of several is mostly of the same kind
    const label = this.track?.label ?? "";
    this.choose(this.doc.boxes.create({ label, keys: [{ at, box, hidden: false, source: "manual" }] }));
  }

  /**
   * @param {string} id
   * @param {Corners} box
   */
  #place(id, box) {
    const track = this.doc?.boxes.find(id);
    if (track) this.doc?.boxes.change(placed(track, this.workspace.player.time, box));
  }

  #toggleKey() {
    const { time } = this.workspace.player;
    this.#with((track) => {
      if (!keyAt(track, time)) this.#place(track.id, within(placeAt(track, time).box));
      else if (track.keys.length > 1) this.doc?.boxes.change(unkeyed(track, time));
      else this.workspace.say("This is its only key frame; Delete removes the box.");
    });
  }

  /** It is hidden from here, or a part of it is, or no longer. @param {"hidden" | "occluded"} which */
  #toggle(which) {
    const { time } = this.workspace.player;
    this.#with((track) => {
      const place = placeAt(track, time);
      const change = which === "hidden" ? hiding : occluding;
      if (place.isThere) this.doc?.boxes.change(change(track, time, !place[which]));
      else this.workspace.say("The box is not there at this frame.");
    });
  }

  /** @param {number} step */
  #goToKey(step) {
    const { player } = this.workspace;
    this.#with(({ keys }) => {
      const later = keys.filter(({ at }) => (step > 0 ? at > player.time + 5e-4 : at < player.time - 5e-4));
      const next = step > 0 ? later[0] : later.at(-1);
      if (next) this.workspace.seek(next.at);
    });
  }

  #remove() {
    this.#with((track) => {
      this.doc?.boxes.remove(track);
      if (this.doc) this.workspace.say("The box is deleted; Undo brings it back.");
    });
  }

  /** What a key does on the picture, beside moving. @param {string} key */
  #command(key) {
    const actions = {
      Enter: () => (this.track ? this.#toggleKey() : this.#create(MIDDLE)),
      k: () => this.#toggleKey(),
      o: () => this.#toggle("hidden"),
      p: () => this.#toggle("occluded"),
      "[": () => this.#goToKey(-1),
      "]": () => this.#goToKey(1),
      Delete: () => this.#remove(),
      Backspace: () => this.#remove(),
      Escape: () => (this.track ? this.choose(null) : this.edit(false)),
    };
    const label = this.doc?.store.labels.find((each) => each.track === BOXES && each.hotkey === key)?.label;
    if (label !== undefined && this.track) {
      this.doc?.boxes.describe(this.track, { label });
      return true;
    }
    const name = key.length === 1 ? key.toLowerCase() : key;
    if (!Object.hasOwn(actions, name) || (!this.track && !["Enter", "Escape"].includes(name))) return false;
    actions[/** @type {keyof typeof actions} */ (name)]();
    return true;
  }

  /** @param {number} seconds below 0: backwards */
  async #track(seconds) {
    const { doc, track, workspace } = this;
    const { player } = workspace;
    if (!doc || !track || this.#isAsking) return;
    this.#isAsking = true; // a second press is none: the first job is not known yet
    player.pause();
    const last = player.frames.frameTime(player.frames.pts.length - 1);
    const until = Math.min(last, Math.max(0, player.time + seconds));
    const at = player.time;
    const job = await workspace.attempt(async () => {
      await doc.settled(); // the tracker begins with what is saved
      return doc.boxes.track(track, at, until);
    });
    this.#isAsking = false;
    if (job) workspace.say(`Tracking from ${clock(at, 1)}; you can work on meanwhile.`);
    doc.catchUp();
  }

  // ---------------------------------------------------------------- segments

  /** A segment for each stretch over which it is seen. @param {string} row */
  #toSegments(row) {
    const { doc, workspace } = this;
    const { frames } = workspace.player;
    this.#with((track) => {
      if (!doc) return;
      const attributes = { [LINK]: track.id };
      const made = doc.editor.together(() =>
        seenSpans(track).flatMap(({ from, to, ends }) => {
          const end = ends ? to : frames.endOf(to);
          return doc.editor.create({ track: row, label: track.label, start: from, end, attributes }) ?? [];
        }),
      );
      if (!made.length) return;
      workspace.selection.set(made, made[0]);
      workspace.say(`${counted(made.length, "segment")} on “${row}”.`);
    });
  }

  /** A box over the time of the chosen segment, to be put where it belongs. */
  #fromSegment() {
    const { doc, workspace } = this;
    const { player, selection } = workspace;
    const item = doc?.store.item(selection.current ?? "");
    if (!doc || !item) return;
    const { frames } = player;
    const [first, last] = [frames.shownAt(item.start), frames.edge(item.end, -1)];
    const keys = [...new Set([first, Math.max(first, last)])].map((at) => ({
      at,
      box: MIDDLE,
      hidden: false,
      source: /** @type {const} */ ("manual"),
    }));
    doc.editor.together(() => {
      const id = doc.boxes.create({ label: item.label, keys });
      if (doc.store.annotations.has(item.id) && "attributes" in item)
        doc.editor.update(item.id, { attributes: { ...item.attributes, [LINK]: id } });
      this.edit(true);
      this.choose(id);
    });
    if (player.time < first || player.time > last) workspace.seek(first);
  }

  /** A segment that belongs to a box is chosen: the box is too. */
  #followSegment() {
    const item = this.doc?.store.annotations.get(this.workspace.selection.current ?? "");
    const id = item?.attributes[LINK];
    if (typeof id === "string" && this.doc?.boxes.find(id)) {
      this.chosen = this.overlay.chosen = this.workspace.timeline.chosenBox = id;
      this.overlay.draw();
    }
    this.#showPanel();
  }

  /** A bar of the row is chosen by a click; on the mark of a key frame the playhead goes there. @param {PointerEvent} event */
  #onRow(event) {
    const { timeline } = this.workspace;
    if (!this.doc || event.target !== timeline.canvas || event.button > 0 || event.shiftKey) return;
    const { left, top } = timeline.canvas.getBoundingClientRect();
    const hit = barAt(timeline, event.clientX - left, event.clientY - top);
    if (!hit) return;
    this.choose(hit.id);
    const { key } = hit;
    if (key === null) return;
    event.preventDefault();
    event.stopPropagation(); // else the playhead goes to the frame under the pointer
    timeline.root.focus({ preventScroll: true });
    this.workspace.seek(key);
  }
}
