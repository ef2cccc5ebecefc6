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
import { clock, counted, el } from "../view/dom.js";
import { AT_ZERO, onTimeline, ownTime } from "../model/media-place.js";

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
    this.overlay = this.#overlayOver($("boxes", "canvas"), {
      medium: "",
      picture: player.video,
      size: () => this.doc?.store.video,
      time: () => player.time,
    });
    /** Over the picture of each camera, by the id of its medium; "" is the main one. @type {Map<string, BoxOverlay>} */
    this.overlays = new Map([["", this.overlay]]);
    workspace.parts.cameras.on("change", () => this.#followCameras());
    this.panel = new BoxPanel($("box-panel"), {
      draw: () => this.edit(!this.isEditing),
      choose: (id) => {
        this.choose(id);
        const track = this.track;
        if (track && !placeAt(track, this.#time(track)).isThere) this.#seek(track, track.keys[0].at);
      },
      describe: (said) => this.#with((track) => this.doc?.boxes.describe(track, said)),
      leave: () => $("boxes").focus({ preventScroll: true }),
      toggleKey: () => this.#toggleKey(),
      toggleHidden: () => this.#toggle("hidden"),
      toggleOccluded: () => this.#toggle("occluded"),
      limit: (which) => this.#with((track) => this.doc?.boxes.change(limited(track, this.#time(track), which))),
      goToKey: (step) => this.#goToKey(step),
      track: (seconds) => this.#track(seconds),
      toSegments: (row) => this.#toSegments(row),
      fromSegment: () => this.#fromSegment(),
      faces: (seconds) => this.#faces(seconds),
      remove: () => this.#remove(),
      addLabel: (label) => addLabel(BOXES, label),
    });
    $("box-mode").addEventListener("click", () => this.edit(!this.isEditing));
    player.on("time", () => player.video.paused && this.showPanel());
    player.on("pause", () => this.showPanel());
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
    this.#followCameras();
    this.refresh("boxes");
  }

  close() {
    this.doc = null;
    for (const overlay of this.overlays.values()) overlay.store = null;
    this.#mark(null);
    this.edit(false);
  }

  // ---------------------------------------------------------------- pictures

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {import("../view/box-overlay.js").Screen} screen
   */
  #overlayOver(canvas, screen) {
    return new BoxOverlay(canvas, this.workspace.player, screen, {
      choose: (id) => this.choose(id),
      create: (box) => this.#create(box, screen.medium),
      place: (id, box) => this.#place(id, box),
      command: (key) => this.#command(key),
    });
  }

  /** Each camera with pictures has boxes over it. */
  #followCameras() {
    const { doc, overlays, workspace } = this;
    const { cameras } = workspace.parts;
    const pictured = [...cameras.views].filter(([, view]) => view.camera.width);
    for (const [medium, overlay] of overlays) {
      if (!medium || pictured.some(([id]) => id === medium)) continue;
      overlay.close();
      overlays.delete(medium);
    }
    for (const [id, view] of pictured) {
      const known = overlays.get(id);
      if (known?.canvas.isConnected) continue;
      known?.close(); // the camera is another one under the same name, and has a view of its own
      const canvas = el("canvas", { class: "boxes", "data-boxes": "[]", "aria-hidden": "true" });
      view.video.after(canvas);
      const size = () => view.camera;
      const time = () => view.shownAt(workspace.player.time);
      const overlay = this.#overlayOver(canvas, { medium: id, picture: view.video, size, time });
      overlays.set(id, overlay);
      view.element.addEventListener("click", (event) => this.#pickOver(overlay, event));
    }
    for (const overlay of overlays.values()) {
      overlay.store = doc?.store ?? null;
      overlay.chosen = this.chosen;
    }
    this.$("box-mode").hidden = !doc?.store.video?.width && !pictured.length;
    this.#allow();
    if (doc) this.showPanel();
  }

  /** The pictures that a person works on are drawn on, while boxes are drawn. */
  #allow() {
    const { cameras } = this.workspace.parts;
    const isDrawnOn = (/** @type {string} */ medium) => cameras.isWorkedOn(medium || (cameras.all[0]?.id ?? ""));
    for (const [medium, overlay] of this.overlays) {
      const can = this.isEditing && (!cameras.areSeveral || isDrawnOn(medium));
      if (can !== overlay.isEditing) overlay.edit(can);
      else overlay.draw();
    }
  }

  /** The picture in front. */
  get #front() {
    const { cameras } = this.workspace.parts;
    const id = cameras.inFront;
    return (id !== cameras.all[0]?.id && this.overlays.get(id)) || this.overlay;
  }

  /** A click on a camera, while boxes are not drawn.
   * @param {BoxOverlay} overlay
   * @param {MouseEvent} event
   */
  #pickOver(overlay, event) {
    const { left, top } = overlay.canvas.getBoundingClientRect();
    const id = this.isEditing ? null : overlay.at({ offsetX: event.clientX - left, offsetY: event.clientY - top });
    if (!id) return;
    event.stopPropagation(); // else it plays, or comes to the front
    this.choose(id);
  }

  /** Which frame of its medium is shown, by the time of that medium. @param {BoxTrack} track */
  #time(track) {
    const { player } = this.workspace;
    if (!track.medium) return player.time;
    const own = this.overlays.get(track.medium)?.screen.time() ?? null;
    return own ?? ownTime(this.doc?.store.boxPlace(track) ?? AT_ZERO, player.time);
  }

  /** Goes to where a frame of a medium is shown: of another camera than the main one in the first frame of the timeline
   * that shows it, or what comes after it.
   * @param {BoxTrack} track
   * @param {number} at
   */
  #seek(track, at) {
    const { player } = this.workspace;
    const time = onTimeline(this.doc?.store.boxPlace(track) ?? AT_ZERO, at);
    const shown = player.frames.shownAt(time);
    this.workspace.seek(track.medium && shown < time - 5e-4 ? player.frames.edge(shown, 1) : time);
  }

  /** The frames of the medium of a box. @param {string | undefined} medium */
  #frames(medium) {
    const view = medium ? this.workspace.parts.cameras.views.get(medium) : undefined;
    return (view ?? this.workspace.player).frames;
  }

  /** What is chosen, wherever it is shown. @param {string | null} id */
  #mark(id) {
    this.chosen = this.workspace.timeline.chosenBox = id;
    for (const overlay of this.overlays.values()) overlay.chosen = id;
  }

  #draw() {
    for (const overlay of this.overlays.values()) overlay.draw();
  }

  /** Something of the document has changed. @param {Change} what */
  refresh(what) {
    if (what !== "boxes" && what !== "jobs" && what !== "labels") return;
    if (what === "boxes") {
      if (!this.track) this.#mark(null);
      this.#draw();
      this.workspace.timeline.relayout();
    }
    this.side.offer("boxes", this.isEditing || Boolean(this.doc?.store.boxes.size), "ask");
    this.showPanel();
  }

  /** Draw boxes, or leave that. @param {boolean} isEditing */
  edit(isEditing) {
    this.isEditing = isEditing;
    this.$("box-mode").setAttribute("aria-pressed", String(isEditing));
    const focused = document.activeElement; // a canvas takes none any more once it is left
    const hadFocus = [...this.overlays.values()].some(({ canvas }) => canvas === focused);
    this.#allow();
    this.side.offer("boxes", isEditing || Boolean(this.doc?.store.boxes.size), "ask");
    if (isEditing) {
      this.side.show("boxes");
      this.#front.canvas.focus({ preventScroll: true });
    } else if (hadFocus) this.$("timeline").focus({ preventScroll: true });
    this.showPanel();
  }

  /** @param {string | null} id */
  choose(id) {
    if (id === this.chosen) return;
    this.#mark(id);
    if (id !== null) this.side.show("boxes");
    this.#draw();
    this.workspace.timeline.invalidate();
    this.showPanel();
  }

  /** A click on the picture, while boxes are not drawn; whether one was there. @param {MouseEvent} event */
  pick(event) {
    const id = this.overlay.at(event);
    if (id) this.choose(id);
    return Boolean(id);
  }

  /** Draw what is beside the picture, where it is seen: while a person steps from frame to frame, that is often. */
  showPanel() {
    const { doc, panel } = this;
    if (!doc || panel.root.hidden || panel.isTyping || (!this.isEditing && !doc.store.boxes.size)) return;
    const { player, selection } = this.workspace;
    panel.show({
      store: doc.store,
      all: doc.boxes.all,
      track: this.track,
      time: this.track ? this.#time(this.track) : player.time,
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

  /**
   * @param {Corners} box
   * @param {string} medium
   */
  #create(box, medium) {
    const at = this.overlays.get(medium)?.screen.time() ?? null;
    if (!this.doc || at === null) return;
    // the next one of several is mostly of the same kind
    const label = this.track?.label ?? "";
    this.choose(this.doc.boxes.create({ label, medium, keys: [{ at, box, hidden: false, source: "manual" }] }));
  }

  /**
   * @param {string} id
   * @param {Corners} box
   */
  #place(id, box) {
    const track = this.doc?.boxes.find(id);
    if (track) this.doc?.boxes.change(placed(track, this.#time(track), box));
  }

  #toggleKey() {
    this.#with((track) => {
      const time = this.#time(track);
      if (!keyAt(track, time)) this.#place(track.id, within(placeAt(track, time).box));
      else if (track.keys.length > 1) this.doc?.boxes.change(unkeyed(track, time));
      else this.workspace.say("This is its only key frame; Delete removes the box.");
    });
  }

  /** It is hidden from here, or a part of it is, or no longer. @param {"hidden" | "occluded"} which */
  #toggle(which) {
    this.#with((track) => {
      const time = this.#time(track);
      const place = placeAt(track, time);
      const change = which === "hidden" ? hiding : occluding;
      if (place.isThere) this.doc?.boxes.change(change(track, time, !place[which]));
      else this.workspace.say("The box is not there at this frame.");
    });
  }

  /** @param {number} step */
  #goToKey(step) {
    this.#with((track) => {
      const time = this.#time(track);
      const later = track.keys.filter(({ at }) => (step > 0 ? at > time + 5e-4 : at < time - 5e-4));
      const next = step > 0 ? later[0] : later.at(-1);
      if (next) this.#seek(track, next.at);
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
      Enter: () => (this.track ? this.#toggleKey() : this.#create(MIDDLE, this.#front.screen.medium)),
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
    const frames = this.#frames(track.medium);
    const at = this.#time(track);
    const until = Math.min(frames.frameTime(frames.pts.length - 1), Math.max(0, at + seconds));
    const from = player.time;
    const job = await workspace.attempt(async () => {
      await doc.settled(); // the tracker begins with what is saved
      return doc.boxes.track(track, at, until);
    });
    this.#isAsking = false;
    if (job) workspace.say(`Tracking from ${clock(from, 1)}; you can work on meanwhile.`);
    doc.catchUp();
  }

  /** A box for each face of the picture in front. @param {number} seconds that they are followed */
  async #faces(seconds) {
    const { doc, workspace } = this;
    const { medium, time } = this.#front.screen;
    const at = time();
    if (!doc || at === null || this.#isAsking) return;
    this.#isAsking = true;
    workspace.player.pause();
    workspace.say("Looking for faces…");
    const frames = this.#frames(medium);
    const until = Math.min(frames.frameTime(frames.pts.length - 1), at + seconds);
    const made = await workspace.attempt(() => doc.boxes.faces(at, until, medium));
    this.#isAsking = false;
    if (!made || doc !== this.doc) return;
    workspace.say(`${counted(made.length, "face")} found; Undo takes them back.`);
    this.choose(made[0]);
  }

  // ---------------------------------------------------------------- segments

  /** A segment for each stretch over which it is seen. @param {string} row */
  #toSegments(row) {
    const { doc, workspace } = this;
    const { frames } = workspace.player;
    this.#with((track) => {
      if (!doc) return;
      const [own, place] = [this.#frames(track.medium), doc.store.boxPlace(track) ?? AT_ZERO];
      const attributes = { [LINK]: track.id };
      const made = doc.editor.together(() =>
        seenSpans(track).flatMap(({ from, to, ends }) => {
          const [since, until] = [onTimeline(place, from), onTimeline(place, ends ? to : own.endOf(to))];
          if (until <= 0 || since >= frames.duration) return []; // the main one does not run then
          const { start, end } = track.medium ? frames.span(since, until) : { start: from, end: until };
          return doc.editor.create({ track: row, label: track.label, start, end, attributes }) ?? [];
        }),
      );
      if (!made.length) return;
      const isThere = (/** @type {string} */ id) => Boolean(doc.store.shown(id));
      workspace.selection.instead(() => made, isThere, "first");
      workspace.say(`${counted(made.length, "segment")} on “${row}”.`);
    });
  }

  /** A box over the time of the chosen segment, to be put where it belongs. */
  #fromSegment() {
    const { doc, workspace } = this;
    const { player, selection } = workspace;
    const item = doc?.store.item(selection.current ?? "");
    if (!doc || !item) return;
    const { medium } = this.#front.screen;
    const [frames, place] = [this.#frames(medium), doc.store.boxPlace({ medium }) ?? AT_ZERO];
    const [first, last] = [frames.shownAt(ownTime(place, item.start)), frames.edge(ownTime(place, item.end), -1)];
    const keys = [...new Set([first, Math.max(first, last)])].map((at) => ({
      at,
      box: MIDDLE,
      hidden: false,
      source: /** @type {const} */ ("manual"),
    }));
    doc.editor.together(() => {
      const id = doc.boxes.create({ label: item.label, keys, medium });
      if (doc.store.annotations.has(item.id) && "attributes" in item)
        doc.editor.update(item.id, { attributes: { ...item.attributes, [LINK]: id } });
      this.edit(true);
      this.choose(id);
    });
    const [from, to] = [onTimeline(place, first), onTimeline(place, last)];
    if (player.time < from || player.time > to) workspace.seek(from);
  }

  /** A segment that belongs to a box is chosen: the box is too. */
  #followSegment() {
    const item = this.doc?.store.annotations.get(this.workspace.selection.current ?? "");
    const id = item?.attributes[LINK];
    if (typeof id === "string" && this.doc?.boxes.find(id)) {
      this.#mark(id);
      this.#draw();
    }
    this.showPanel();
  }

  /** A bar of the row is chosen by a click; on the mark of a key frame the playhead goes there. @param {PointerEvent} event */
  #onRow(event) {
    const { timeline } = this.workspace;
    if (!this.doc || event.target !== timeline.canvas || event.button > 0 || event.shiftKey) return;
    const { left, top } = timeline.canvas.getBoundingClientRect();
    const hit = barAt(timeline, event.clientX - left, event.clientY - top);
    if (!hit) return;
    timeline.root.focus({ preventScroll: true }); // first: what is typed in the panel is about the box before
    this.choose(hit.id);
    const { key } = hit;
    if (key === null) return;
    event.preventDefault();
    event.stopPropagation(); // else the playhead goes to the frame under the pointer
    this.workspace.seek(key);
  }
}
