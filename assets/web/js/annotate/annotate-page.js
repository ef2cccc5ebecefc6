// The parts of the Annotate page around one document: what is open, and what is drawn anew when something changes.

import { VideoDocument } from "../document/video-document.js";
import { keyName } from "../input/keymap.js";
import { lineCommands } from "../input/line-commands.js";
import { Adjudication } from "../model/adjudication.js";
import { BOXES } from "../model/box-track.js";
import { HIT } from "../model/document-store.js";
import { isLineId } from "../model/line-items.js";
import { personOf } from "../model/people.js";
import { ReviewFilter } from "../model/review-filter.js";
import { RowLayout } from "../model/row-layout.js";
import { Selection } from "../model/selection.js";
import { addressOf, current, go, note } from "../router.js";
import { call, messageOf } from "../sync/api.js";
import { currentUser } from "../sync/current-user.js";
import { AdjudicationPanel } from "../view/adjudication.js";
import { clock, counted, finder, toast } from "../view/dom.js";
import { AnnotatorsDialog } from "../view/annotators.js";
import { Cameras } from "../view/cameras.js";
import { CamerasPanel } from "../view/cameras-panel.js";
import { CodingPad } from "../view/coding-pad.js";
import { TraceRecorder } from "../input/trace-recorder.js";
import { scalesOf } from "../model/traces.js";
import { TracePad } from "../view/trace-pad.js";
import { DragPreview } from "../view/drag-preview.js";
import { Exchange } from "../view/exchange.js";
import { Faces } from "../view/faces.js";
import { FindReplace } from "../view/find-replace.js";
import { Inspector } from "../view/inspector.js";
import { KeySheet } from "../view/keysheet.js";
import { LabelEditor } from "../view/labels.js";
import { ModelRequests } from "../view/model-requests.js";
import { Player } from "../view/player.js";
import { ReviewPanel } from "../view/review-panel.js";
import { ScreenTexts } from "../view/screen-texts.js";
import { SegmentList } from "../view/segments.js";
import { SoundStage } from "../view/sound-stage.js";
import { ShiftDialog } from "../view/shift-dialog.js";
import { splitter } from "../view/splitter.js";
import { Tabs } from "../view/tabs.js";
import { TeachPanel } from "../view/teach-panel.js";
import { Timeline } from "../view/timeline.js";
import { Tooltip } from "../view/tooltip.js";
import { Transcript } from "../view/transcript.js";
import { Transport } from "../view/transport.js";
import { BoxTool } from "./box-tool.js";
import { Workspace } from "./workspace.js";

/** @import { Compared, Server } from "../types.js" */
/** @import { Keymap } from "../input/keymap.js" */
/** @import { Change } from "../model/document-store.js" */
/** @import { Route } from "../router.js" */

const NO_VIDEO = "This video cannot be played here; check that its file is still where it was.";
const NO_COPY =
  "Browsers cannot play this kind of file. A playable copy is being made; you can work on the timeline meanwhile.";

const NO_SOUND_COPY =
  "Browsers cannot play this kind of file, or not exactly. A copy is being made; you can label meanwhile.";

export class AnnotatePage {
  /** What the pointer holds is let go of. */
  cancelDrag = () => {};
  /** The video that is being loaded, and where in it the person wants to be by now.
   * @type {{ doc: VideoDocument, route: Route } | null}
   */
  #coming = null;

  /**
   * @param {HTMLElement} element
   * @param {Server} server
   * @param {Keymap} keymap
   */
  constructor(element, server, keymap) {
    const $ = finder(element);
    this.$ = $;
    this.server = server;
    this.rowLayout = new RowLayout();
    this.selection = new Selection();
    this.player = new Player($("player", "video"));
    this.timeline = new Timeline($("timeline"), $("gutter"), this.rowLayout);
    this.timeline.selection = this.selection;
    this.sound = new SoundStage($("sound", "canvas"), $("sound-note"), this.timeline, this.player, this.selection);
    this.workspace = new Workspace($, this.player, this.timeline, this.selection);
    const { workspace, player } = this;
    this.cameras = new Cameras($, player);
    this.camerasPanel = new CamerasPanel($, server, workspace, this.cameras);
    this.modelRequests = new ModelRequests($, server, workspace);
    this.transport = new Transport($, workspace);
    this.keys = new KeySheet($("keys", "dialog"), keymap);
    this.list = new SegmentList($("segment-list"), $("segment-count"), (id, more) =>
      more ? this.selection.toggle(id) : workspace.goTo(id),
    );
    this.side = new Tabs(
      $,
      { ask: "ask", selected: "inspector", adjudication: "adjudication", boxes: "box-panel", cameras: "cameras" },
      (tab) => tab === "boxes" && this.boxes.showPanel(),
    );
    this.lists = new Tabs($, { segments: "segment-list", review: "review", transcript: "transcript" }, (list) => {
      if (list === "transcript") this.transcript.follow(player.time);
      if (list === "review") this.review.update(workspace.doc?.store ?? null, this.selection.current);
    });
    workspace.take(this);
    this.faces = new Faces($("faces", "canvas"), player, {
      onpick: (name) => this.pickPerson(name),
      onname: (name) => this.namePerson(name),
      onmiss: (event) => {
        const text = this.texts.at(event);
        if (this.boxes.pick(event)) return;
        if (text) this.selection.one(text);
        else player.toggle();
      },
    });
    this.texts = new ScreenTexts($("texts", "canvas"), player);
    this.boxes = new BoxTool(
      $,
      workspace,
      this.side,
      () => this.trackNames,
      (track, label) => this.addLabel(track, label),
    );
    const typing = lineCommands(player, (text) => this.findReplace.open(text));
    this.transcript = new Transcript(element, {
      seek: (time) => workspace.seek(time),
      player,
      undoing: (doc) => workspace.undoing(doc),
      chosen: () => (workspace.doc ? workspace.lineActions.chosen : []),
      choose: (id) => this.selection.has(id) || this.selection.one(id),
      command: (event, field) => {
        const action = keymap.actionOf(keyName(event), "line");
        if (action) typing[action](field);
        return action !== null;
      },
    });
    this.findReplace = new FindReplace(element, this.transcript);
    this.review = new ReviewPanel($("review"), server, new ReviewFilter(), {
      choose: (id) => workspace.goTo(id),
      decide: (ids, verdict) => workspace.decide(ids, verdict),
      showQuestion: (question) => workspace.showQuestion(question),
      next: (event) => workspace.followReview(event),
    });
    new TeachPanel($, server, workspace);
    this.inspector = new Inspector($("inspector"), server, {
      select: (id) => this.selection.one(id),
      play: (item) => player.playRange(item.start, item.end),
      get frames() {
        return player.frames;
      },
      decide: (ids, verdict) => workspace.decide(ids, verdict),
      addLabel: (track, label) => this.addLabel(track, label),
      merge: () => this.merge(),
      shift: (ids) => workspace.shift(ids),
      attributes: {
        time: () => player.time,
        seek: (time) => workspace.seek(time),
        leave: () => $("timeline").focus(),
        next: () => workspace.describeNext(),
      },
      tracks: () => this.timeline.names.filter((name) => this.trackNames.includes(name)),
      similar: (item) => go("search", { like: [workspace.opened.id, item.start, item.end].join(",") }),
    });
    this.shifting = new ShiftDialog($("shifting", "dialog"), () => player.frames);
    this.annotators = new AnnotatorsDialog($("annotators-dialog", "dialog"), server, (one, other) =>
      this.compare(one, other),
    );
    this.adjudication = new AdjudicationPanel($("adjudication"), {
      show: (found, { start, end }) => this.#showDifference(found, start, end),
      spanOf: (span) => {
        const { in: start, out: end } = this.timeline.marks;
        return start !== null && end !== null && end > start ? { start, end } : span;
      },
      choose: (id) => {
        this.selection.one(id);
        $("timeline").focus();
      },
      say: (text) => workspace.say(text),
      close: () => this.#endComparison(),
    });
    this.labels = new LabelEditor($("labels", "dialog"), server);
    this.tooltip = new Tooltip($("tooltip"));
    this.dragPreview = new DragPreview(player, this.tooltip, this.inspector);
    this.exchange = new Exchange($("exporting", "dialog"), $("importing", "dialog"), server, (imported) => {
      const { doc } = workspace;
      doc?.catchUp();
      this.transcript.load();
      if (imported === null || !doc) return null;
      doc.editor.addImport(imported);
      return workspace.undoing(doc);
    });
    this.pad = new CodingPad($("coding-pad"), workspace);
    this.curves = new TraceRecorder(workspace);
    this.tracePad = new TracePad($("trace-pad"), this.curves, player, this.timeline);
    splitter($("splitter"), $("workspace"));
    this.#follow(keymap);
  }

  /** Rows of the lines of the transcript and of their words. */
  async #makeRows() {
    const { workspace } = this;
    const { doc } = workspace;
    if (!doc) return;
    const request = { video: doc.id, annotator: currentUser() };
    const made = await workspace.attempt(() => call(this.server, "transcript_rows", request));
    if (!made || workspace.doc !== doc) return;
    await doc.catchUp();
    doc.editor.addImport(made.import);
    workspace.say(`${counted(made.lines, "line")} and ${counted(made.words, "word")} are segments of rows now.`);
  }

  /** Merges what is chosen; the commands know how. */
  merge = () => {};

  /**
   * @param {string} track
   * @param {string} label that the schema is to list
   */
  async addLabel(track, label) {
    const { workspace } = this;
    const schema = await workspace.attempt(() => call(this.server, "add_label", { track, label }));
    if (schema) workspace.doc?.store.takeSchema(schema);
  }

  // ---------------------------------------------------------------- comparing two annotators

  /**
   * @param {string} one
   * @param {string} other
   */
  async compare(one, other) {
    const { doc } = this.workspace;
    if (!doc) return;
    const request = { video: doc.id, one, other, annotator: currentUser() };
    const comparison = await this.workspace.attempt(() => call(this.server, "compare_layers", request));
    if (!comparison || this.workspace.doc !== doc) return;
    this.side.offer("adjudication", true, "ask");
    this.side.show("adjudication");
    this.adjudication.show(new Adjudication(doc.editor, { one, other }, comparison));
  }

  /** Both annotators' work on the track of a difference, a row each, and the moment itself.
   * @param {Compared} found
   * @param {number} start
   * @param {number} end
   */
  #showDifference(found, start, end) {
    const { adjudication } = this.adjudication;
    if (!adjudication) return;
    this.timeline.layers = /** @type {const} */ (["one", "other"]).map((side) => ({
      name: `${adjudication.names[side] || "no name"} · ${found.track}`,
      items: adjudication.layers[side].filter((made) => made.track === found.track),
      current: found[side],
    }));
    this.timeline.relayout();
    this.workspace.seek(start);
    this.timeline.reveal(start, end);
    this.timeline.root.parentElement?.scrollTo({ top: 0 });
  }

  #endComparison() {
    this.adjudication.show(null);
    this.side.offer("adjudication", false, "ask");
    this.timeline.layers = [];
    this.timeline.relayout();
  }

  /** The names of the rows that hold segments, from top to bottom. */
  get trackNames() {
    return this.timeline.rows.filter((row) => row.kind === "track").map((row) => row.name);
  }

  /** The names of the rows that have labels, hidden ones too: also that of boxes over time, where there are some. */
  get labelledRows() {
    const { tracks } = this.timeline;
    const hasBoxes = Boolean(this.workspace.doc?.store.boxes.size);
    return [...tracks, ...(hasBoxes && !tracks.includes(BOXES) ? [BOXES] : [])];
  }

  /** Sliders of the curves whose rows are shown. */
  offerCurves() {
    const { doc } = this.workspace;
    if (doc) this.tracePad.update(scalesOf(doc.store).filter(({ track }) => this.rowLayout.isShown(track)));
  }

  /** What plays on the timeline comes to the front, where more can be added. */
  showCameras() {
    this.side.offer("cameras", true, "ask");
    this.side.show("cameras");
    this.camerasPanel.show();
  }

  // ---------------------------------------------------------------- opening

  /** @param {Route} route */
  async open(route) {
    const { $, workspace } = this;
    if (this.#coming && this.#coming.doc === workspace.doc && workspace.doc.id === route.video) {
      this.#coming.route = route;
      return;
    }
    if (workspace.doc && workspace.doc.id === route.video) {
      if (route.t !== null) this.player.seek(route.t);
      this.#showHit(workspace.doc, route);
      this.#showSegment(workspace.doc, route);
      if (route.q) this.modelRequests.showQuery(workspace.doc, route.q);
      return;
    }
    this.#leave();
    this.#show(Boolean(route.video));
    if (!route.video) return;
    const doc = new VideoDocument(this.server, route.video);
    doc.editor.isLocked = (row) => this.rowLayout.isLocked(row);
    workspace.doc = doc;
    const coming = (this.#coming = { doc, route });
    $("workspace").setAttribute("aria-busy", "true");
    try {
      await doc.load();
    } catch (error) {
      if (workspace.doc !== doc) return;
      $("workspace").removeAttribute("aria-busy");
      this.#show(false);
      workspace.doc = null;
      toast(messageOf(error), "error");
      return;
    }
    if (workspace.doc !== doc) return;
    this.#coming = null;
    const place = coming.route;
    $("workspace").removeAttribute("aria-busy");
    this.#begin(doc);
    workspace.live.resume();
    this.playVideo(doc, place.t ?? 0);
    if (place.q) this.modelRequests.showQuery(doc, place.q);
    this.#showHit(doc, place);
    this.#showSegment(doc, place);
    workspace.continueReview();
  }

  /** The moment that a search led to is what is chosen.
   * @param {VideoDocument} doc
   * @param {Route} route
   */
  #showHit(doc, { t, end, score, sure, q }) {
    if (t === null || end === null || end <= t) return;
    const until = Math.min(end, doc.store.video?.duration ?? end);
    doc.store.showHit({ start: t, end: until, label: q, score, confidence: sure });
    this.selection.one(HIT);
    this.timeline.reveal(t, end, HIT);
    note({ end: "", score: "", sure: "" }); // it is shown once; going on from here is about the place
  }

  /** The segment that an address names is what is chosen; a line of the transcript, as soon as it is there.
   * @param {VideoDocument} doc
   * @param {Route} route
   */
  #showSegment(doc, { segment }) {
    if (!segment) return;
    note({ segment: "" }); // it is chosen once; going on from here is about the place
    const { store } = doc;
    const proposed = store.predictions.get(segment);
    if (proposed && store.hidden.has(proposed.run)) doc.toggleRun(proposed.run);
    let waits = true;
    const choose = () => {
      if (!waits || this.workspace.doc !== doc || !store.shown(segment)) return;
      waits = false;
      this.selection.one(segment);
    };
    choose();
    if (waits && isLineId(segment)) store.on("change", (what) => what === "lines" && choose());
    else if (waits) toast("This page does not show that segment; this is where it is, or was.");
  }

  /** Nothing is open any more. */
  #leave() {
    if (this.workspace.doc) this.curves.endAll();
    this.workspace.leave();
    this.#endComparison();
    this.cancelDrag();
    this.boxes.close();
    this.cameras.close();
    this.side.offer("cameras", false, "ask");
    this.player.close();
    this.list.clear();
    this.selection.one(null);
    this.workspace.doc = this.timeline.doc = null;
  }

  /** @param {VideoDocument} doc that is loaded now */
  #begin(doc) {
    const { $, workspace } = this;
    const { store } = doc;
    const { video } = store;
    if (!video) return;
    const name = $("video-name", "a");
    name.textContent = video.name;
    name.href = addressOf("annotate", { video: video.id });
    this.#showPictures(video.width > 0);
    if (video.width) $("player-frame").style.aspectRatio = `${video.width} / ${video.height}`;
    this.modelRequests.open(doc);
    this.timeline.show(doc);
    this.sound.open(store);
    this.faces.show([], store.people, video);
    this.texts.show(store);
    this.boxes.open(doc);
    this.transcript.open(doc);
    this.camerasPanel.open(doc);
    this.cameras.open(doc.id, store.cameras);
    store.on("change", (what) => workspace.doc === doc && this.refresh(doc, what));
    store.on("notice", (text) => toast(text, "error"));
    store.on("said", (text) => toast(text));
    store.on("gone", () => {
      const lost = store.state === "saved" ? "" : " Changes that were not saved yet are lost.";
      toast(`“${video.name}” was removed from the library.${lost}`, "error");
      if (workspace.doc === doc) go("library");
    });
    for (const what of /** @type {const} */ (["cameras", "content", "jobs", "labels", "present", "reaction", "state"]))
      this.refresh(doc, what);
  }

  /** What is about pictures is not there where there is sound alone. @param {boolean} has */
  #showPictures(has) {
    const { $, timeline } = this;
    $("player-frame").classList.toggle("sound", !has);
    if (!has) $("player-frame").style.aspectRatio = "";
    $("frame").hidden = !has;
    for (const [id, way, key] of [
      ["back", "back", "←"],
      ["forward", "forward", "→"],
    ]) {
      const step = has ? `One frame ${way}` : `10 ms ${way}`;
      $(id).title = `${step} (${key})`;
      $(id).setAttribute("aria-label", step);
    }
    const unit = $("unit", "select");
    const frames = unit.options[unit.options.length - 1];
    frames.hidden = frames.disabled = !has;
    if (!has && unit.value === "frames") {
      unit.value = "time";
      timeline.unit = "time";
    }
  }

  /** The address says where the person is, as long as it is that of this page: a player says later that it pauses. */
  noteTime() {
    const { timeline, workspace, player } = this;
    if (current().page !== "annotate" || !timeline.doc || timeline.doc !== workspace.doc) return;
    note({ t: player.time.toFixed(3) });
  }

  /** @param {boolean} isOpen */
  #show(isOpen) {
    this.$("workspace").hidden = !isOpen;
    this.$("annotate-empty").hidden = isOpen;
  }

  /**
   * @param {VideoDocument} doc
   * @param {number} time
   */
  playVideo(doc, time) {
    const { video, playable, frameTimes } = doc.store;
    if (!video) return;
    const shown = { offset: video.media_start, pts: frameTimes, duration: video.duration, time };
    this.$("player-note").hidden = playable;
    if (playable) this.player.open(`/media/${doc.id}`, shown);
    else {
      this.$("player-note-text").textContent = video.width ? NO_COPY : NO_SOUND_COPY;
      this.player.take(shown);
    }
  }

  // ---------------------------------------------------------------- what changes

  /** Draw anew what shows it.
   * @param {VideoDocument} doc
   * @param {Change} what
   */
  refresh(doc, what) {
    const { $, selection, timeline } = this;
    const { store, editor } = doc;
    this.modelRequests.refresh(doc, what);
    this.boxes.refresh(what);
    if (what === "content") {
      selection.keepOnly((id) => Boolean(store.shown(id)) || store.conflicts.has(id));
      timeline.relayout();
      this.list.update(store, timeline.middles, timeline.authors);
      this.showChosen();
      this.adjudication.update();
      this.transcript.attribute();
      this.texts.draw();
    } else if (what === "faces" && store.video) {
      $("faces-toggle").hidden = !store.media.faces.length;
      $("texts-toggle").hidden = !store.media.texts.size;
      this.texts.draw();
      this.faces.show(store.media.faces, store.people, store.video);
      if (this.faces.chosen !== null && !this.inspector.isTyping()) this.pickPerson(this.faces.chosen);
      this.transcript.attribute();
    } else if (what === "view" || what === "reviewed" || what === "labels") {
      timeline.relayout();
      if (what === "labels") this.showChosen();
      if (what === "labels") this.offerCurves();
    } else if (what === "conflict") {
      toast("Somebody else changed this segment. Choose which version to keep.", "error");
      selection.one([...store.conflicts.keys()].at(-1) ?? null);
    } else if (what === "lines") {
      selection.keepOnly((id) => Boolean(store.shown(id)) || store.conflicts.has(id));
    } else if (what === "imported" || what === "made") {
      this.transcript.load();
      if (what === "made") this.sound.again();
    } else if (what === "cameras") {
      this.cameras.update(store.cameras);
      this.modelRequests.offerCameras(store.cameras);
      if (this.cameras.areSeveral) this.side.offer("cameras", true, "ask");
    } else if (what === "playable") {
      this.playVideo(doc, this.player.time);
    } else if (what === "saved") {
      if (this.faces.chosen === null) this.inspector.show(doc, selection);
    } else if (what === "reaction") {
      this.transport.showReaction(store.reaction);
    } else if (what === "present") {
      const names = store.present.map((name) => name || "somebody");
      const are = names.length > 1 ? "are" : "is";
      $("present").textContent = names.length ? `${names.join(", ")} ${are} here too` : "";
    }
    const state = $("save-state");
    state.dataset.state = store.state;
    state.textContent = store.state === "offline" ? "offline, edits kept in this browser" : store.state;
    state.title = store.state === "offline" ? store.why : "";
    $("undo", "button").disabled = !editor.undoStack.done.length;
    $("redo", "button").disabled = !editor.undoStack.undone.length;
  }

  /** Show which segments are chosen, and what can be done with them. */
  showChosen() {
    const {
      $,
      selection,
      workspace: { doc },
    } = this;
    if (!doc) return;
    this.list.select(selection.ids, selection.current);
    this.texts.chosen = selection.current;
    this.texts.draw();
    if (this.faces.chosen === null) this.inspector.show(doc, selection); // else a person is shown
    this.transcript.choose(selection);
    if (isLineId(selection.current)) this.lists.show("transcript");
    else if (selection.size && !this.adjudication.adjudication) this.side.show("selected");
    this.review.update(doc.store, selection.current);
    this.pad.update();
    $("split", "button").disabled = !selection.size;
    $("merge-button", "button").disabled = selection.size < (isLineId(selection.current) ? 1 : 2); // a line has a next one
    this.timeline.invalidate();
  }

  /** @param {string} name */
  pickPerson(name) {
    const { doc } = this.workspace;
    if (!doc) return;
    const isThere = this.#isSeen(name);
    if (!isThere && this.faces.chosen !== name) return; // a row that is no person's
    this.selection.one(null);
    if (!isThere) return; // somebody else gave them another name
    this.faces.chosen = name;
    this.faces.draw();
    this.inspector.showPerson(doc, name, this.player.time);
    this.side.show("selected");
  }

  /** Whether somebody of that name has a face in the video. @param {string} name */
  #isSeen(name) {
    const { doc } = this.workspace;
    return Boolean(doc?.store.media.faces.some((face) => doc.store.people.stretches(name, [face.track]).length));
  }

  /** Go where a person is named. @param {string} name */
  namePerson(name) {
    this.pickPerson(name);
    if (this.faces.chosen === name) this.workspace.label();
  }

  /** Each part follows the others. @param {Keymap} keymap */
  #follow(keymap) {
    const { $, player, timeline, selection, transcript, workspace } = this;
    this.rowLayout.on("change", () => {
      this.showChosen(); // a row may be locked now
      this.offerCurves();
    });
    selection.on("change", () => {
      const item = workspace.doc?.store.shown(selection.current);
      if (item) timeline.reveal(item.start, item.end, item.id);
      this.faces.chosen = null;
      this.showChosen();
    });
    player.on("time", () => {
      if (workspace.doc) this.inspector.follow(workspace.doc, this.selection);
      const { time } = player;
      timeline.playhead = time;
      transcript.follow(time);
      $("clock").textContent = clock(time);
      $("frame").textContent = `frame ${player.frameAt(time + 0.0005)}`;
      if (!player.video.paused && (time > timeline.end || time < timeline.start)) timeline.reveal(time);
      timeline.invalidate();
    });
    player.on("pause", () => this.noteTime());
    player.on("error", () => {
      if (!workspace.doc?.store.playable || !player.video.error) return;
      $("player-note").hidden = false;
      $("player-note-text").textContent = NO_VIDEO;
    });
    timeline.on("view", () => {
      $("view-label").textContent = `${clock(timeline.start, 1)} – ${clock(timeline.end, 1)}`;
    });
    timeline.on("hover", (at) =>
      this.tooltip.show(workspace.doc && at, workspace.doc?.store, timeline.authors.size > 0),
    );
    timeline.on("spectrogram", () => workspace.doc?.media.wantSpectrogram());
    timeline.gutter.on("pick", (name) => this.pickPerson(personOf(name)));
    timeline.gutter.isPerson = (row) => this.#isSeen(personOf(row));
    timeline.gutter.on("name", (name) => this.namePerson(personOf(name)));
    timeline.gutter.on("choose", (track) => {
      const made = [...(workspace.doc?.store.annotations.values() ?? [])];
      this.selection.set(made.filter((a) => a.track === track).map((a) => a.id));
    });
    this.$("transcript").addEventListener("keydown", (event) => {
      if (keymap.actionOf(keyName(event), "line") !== "lineFind") return;
      event.preventDefault();
      event.stopPropagation();
      this.findReplace.open();
    });
    this.$("transcript-rows").addEventListener("click", () => this.#makeRows());
    transcript.on("history", (line) => {
      this.selection.one(null);
      this.inspector.showLine(line, transcript);
      this.side.show("selected");
    });
  }
}
