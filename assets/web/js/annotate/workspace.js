// What the parts of the Annotate page know of each other, and what they can ask of the page.

import { isLineId, itemIdOf } from "../model/line-items.js";
import { typesOf } from "../model/attribute-types.js";
import { decide } from "../model/operations.js";
import { ReactionTime } from "../model/reaction-time.js";
import { after } from "../model/review-queue.js";
import { BOOKMARKS, isForSegments } from "../model/special-rows.js";
import { LiveEvents } from "../input/live-events.js";
import { follow, go } from "../router.js";
import { call, messageOf } from "../sync/api.js";
import { currentUser } from "../sync/current-user.js";
import { focusAttribute } from "../view/attribute-fields.js";
import { clock, toast, withdraw } from "../view/dom.js";
import { LineActions } from "./line-actions.js";

/** @import { VideoDocument } from "../document/video-document.js" */
/** @import { Selection } from "../model/selection.js" */
/** @import { Side } from "../view/hit-test.js" */
/** @import { Find } from "../view/dom.js" */
/** @import { Player } from "../view/player.js" */
/** @import { Timeline } from "../view/timeline.js" */

/** The parts that the page asks on behalf of others.
 * @typedef {object} Parts
 * @property {import("../view/transport.js").Transport} transport
 * @property {import("../view/model-requests.js").ModelRequests} modelRequests
 * @property {import("../view/segments.js").SegmentList} list
 * @property {import("../view/keysheet.js").KeySheet} keys
 * @property {import("../view/shift-dialog.js").ShiftDialog} shifting
 * @property {import("../view/tabs.js").Tabs<"segments" | "review" | "transcript">} lists
 * @property {import("../view/review-panel.js").ReviewPanel} review
 * @property {import("../view/transcript.js").Transcript} transcript
 * @property {import("./box-tool.js").BoxTool} boxes
 * @property {import("../view/cameras.js").Cameras} cameras
 * @property {import("../view/cameras-panel.js").CamerasPanel} camerasPanel
 */

export class Workspace {
  /** What is open. @type {VideoDocument | null} */
  doc = null;
  /** @type {Parts | null} */
  #parts = null;
  /** Whether the review goes on in the video that is opened next. */
  #goesOn = false;
  /** What a message offered last to take back here. @type {(() => void) | null} */
  #offer = null;

  /**
   * @param {Find} $
   * @param {Player} player
   * @param {Timeline} timeline
   * @param {Selection} selection
   */
  constructor($, player, timeline, selection) {
    this.$ = $;
    this.player = player;
    this.timeline = timeline;
    this.selection = selection;
    this.lineActions = new LineActions(this);
    this.reaction = new ReactionTime(localStorage);
    this.live = new LiveEvents(this, localStorage);
    timeline.live = this.live;
  }

  /** @param {Parts} parts once they are there: they get the workspace when they are made */
  take(parts) {
    this.#parts = parts;
  }

  get parts() {
    return /** @type {Parts} */ (this.#parts);
  }

  /** The document; only for what happens while one is open. */
  get opened() {
    return /** @type {VideoDocument} */ (this.doc);
  }

  /** @param {string} text */
  say(text) {
    toast(text);
  }

  /** Null, and a sentence for the person, where it failed.
   * @template Result
   * @param {() => Promise<Result>} action
   */
  async attempt(action) {
    try {
      return await action();
    } catch (error) {
      toast(messageOf(error), "error");
      return null;
    }
  }

  // ---------------------------------------------------------------- time

  /** @param {number} time */
  seek(time) {
    this.player.range = null;
    this.player.seek(time);
  }

  /** Choose a segment or a line, and go to its start. @param {string} id */
  goTo(id) {
    this.selection.one(id);
    const item = this.doc?.store.shown(id);
    if (item) this.seek(item.start);
  }

  /** Where zooming keeps the view: at the playhead, if it is in view. */
  around() {
    const { playhead, start, end } = this.timeline;
    return playhead >= start && playhead <= end ? playhead : undefined;
  }

  /**
   * @param {"in" | "out"} edge
   * @param {number} time
   */
  mark(edge, time) {
    const { marks } = this.timeline;
    const placed = this.reaction.place(this.player, time);
    marks[edge] = placed.time;
    marks.played = { ...marks.played, [edge === "in" ? "start" : "end"]: placed.played };
    this.timeline.invalidate();
  }

  /** A boundary was moved.
   * @param {number} start
   * @param {number} end
   * @param {Side} part
   */
  changed(start, end, part) {
    this.parts.transport.changed(start, end, part);
  }

  fullscreen() {
    this.parts.transport.fullscreen();
  }

  // ---------------------------------------------------------------- segments

  /** The ids of all segments that are listed, in order; of all lines, where a line is chosen. */
  listed() {
    return isLineId(this.selection.current) ? this.opened.lines.all.map(itemIdOf) : this.parts.list.ids;
  }

  /** The row that a new segment belongs to: of those that are for segments, that of what is chosen, or the first. */
  track() {
    const { store } = this.opened;
    const item = store.item(this.selection.current ?? "");
    const chosen = item && store.homeOf(item);
    if (chosen && isForSegments(store, chosen)) return chosen;
    const first = this.timeline.rows.find((row) => row.kind === "track" && isForSegments(store, row.name));
    return first?.name ?? "Moments";
  }

  /** Ask by how much annotations are to be moved. @param {string[]} ids */
  shift(ids) {
    this.parts.shifting.show(this.opened, ids);
  }

  /** Bring the focus to the label of what is chosen, or to the name of a person. */
  label() {
    const found = document.getElementById("label-input") ?? document.getElementById("person-name");
    const field = /** @type {HTMLInputElement | null} */ (found);
    field?.focus();
    if (field?.tagName === "INPUT") field.select();
  }

  /** A point at the playhead to come back to; the person types what it is about. */
  bookmark() {
    const { player } = this;
    player.pause();
    const { frames, time } = player;
    const start = Math.min(frames.shownAt(time), frames.edge(frames.duration, -1));
    const id = this.opened.editor.create({ track: BOOKMARKS, start, end: frames.edge(start, 1) });
    if (id === null) return;
    const { store } = this.opened;
    this.selection.instead(
      () => id,
      (each) => Boolean(store.shown(each)),
    );
    this.label();
  }

  /** The keys say what the chosen segments are like. */
  describe() {
    if (!focusAttribute()) this.say("Attributes are given to labels and rows under Labels.");
  }

  /** The next annotation that the schema has attributes for; false where there is none. */
  describeNext() {
    const { store } = this.opened;
    const ids = this.listed();
    const later = ids.slice(ids.indexOf(this.selection.current ?? "") + 1);
    const id = later.find((each) => {
      const made = store.annotations.get(each);
      return made && typesOf(store, made).length > 0;
    });
    if (!id) return false;
    this.goTo(id);
    return focusAttribute();
  }

  // ---------------------------------------------------------------- review

  /** In review the next prediction comes to the front by itself; of several it is said how many were decided.
   * @param {string[]} ids
   * @param {"accept" | "reject"} verdict
   */
  decide(ids, verdict) {
    const { editor, store } = this.opened;
    const { review } = this.parts;
    const waiting = review.queue;
    const open = ids.filter((id) => store.predictions.get(id)?.verdict === "");
    const before = editor.undoStack.done.at(-1);
    decide(editor, ids, verdict);
    const step = editor.undoStack.done.at(-1);
    if (!this.$("review").hidden && ids.length) this.#showNext(after(waiting, ids.at(-1), review.queue));
    if (open.length < 2 || step === before) return;
    const left = open.filter((id) => store.predictions.get(id)?.verdict === "").length;
    const done = `${open.length - left} ${verdict}ed.`;
    const kept = left ? ` ${left} left: their row is locked, or takes other labels.` : "";
    toast(done + kept, "info", this.undoing(this.opened));
  }

  /** All that the list under Review has, where it is seen which these are. @param {"accept" | "reject"} verdict */
  decideListed(verdict) {
    if (this.$("review").hidden) this.say("This is about the list under Review: open it, then press again.");
    else
      this.decide(
        this.parts.review.queue.map(({ id }) => id),
        verdict,
      );
  }

  /** What takes back the newest step of a document, and nothing else. @param {VideoDocument} doc */
  undoing({ editor }) {
    const step = editor.undoStack.done.at(-1);
    this.#offer = () => {
      if (editor.undoStack.done.at(-1) === step) editor.undo();
      else toast("Something was changed since; take that back first, with Undo (Ctrl+Z).", "error");
    };
    return this.#offer;
  }

  /** The page turns away from the video: nothing is taken back where nobody sees it. */
  leave() {
    if (this.doc) this.live.stop();
    this.doc?.close();
    withdraw(this.#offer);
  }

  /** The next prediction to decide; after the last one of this video, that of the next video. */
  async nextUndecided() {
    const { lists, review } = this.parts;
    const { doc } = this;
    lists.show("review");
    const next = after(review.queue, this.selection.current, review.queue);
    if (next) {
      this.#showNext(next);
      return;
    }
    await review.ask(true);
    if (this.doc !== doc || review.queue.length) return; // the person went on meanwhile
    const video = review.next;
    if (!video) {
      this.#showNext(null);
      return;
    }
    this.#goesOn = true;
    go("annotate", { video: video.id });
  }

  /** A click on the link to the next video: there the review goes on. @param {MouseEvent} event */
  followReview(event) {
    this.#goesOn = true;
    follow(event);
    if (!event.defaultPrevented) this.#goesOn = false; // it opens somewhere else
  }

  /** A video was opened; where the review led to it, it goes on there. */
  continueReview() {
    const { review, lists } = this.parts;
    const goesOn = this.#goesOn;
    this.#goesOn = false;
    review.begin();
    if (!goesOn) return;
    lists.show("review");
    const first = review.placeIn(this.opened.id);
    if (first) this.#showNext(first);
  }

  /** @param {{ id: string, start: number, end: number } | null} p */
  #showNext(p) {
    const { review } = this.parts;
    if (!p) {
      this.selection.one(null);
      const more = review.next ? ` ${review.othersText}: press U to go on.` : "";
      toast(`All predictions that are shown are decided.${more}`);
      return;
    }
    this.selection.one(p.id);
    this.player.playRange(p.start, p.end);
  }

  /** Show what answers a question, also where a newer one was asked. @param {string} question */
  showQuestion(question) {
    const { doc } = this;
    for (const run of doc?.store.groundingRuns ?? [])
      if (run.query === question && doc?.store.hidden.has(run.id)) doc.toggleRun(run.id);
  }

  // ---------------------------------------------------------------- beside

  /** Open the video before or after this one, as the library lists them. @param {"previous" | "next"} which */
  async turnTo(which) {
    const { doc } = this;
    const found = doc && (await this.attempt(() => call(doc.server, "neighbours", { video: doc.id })));
    if (!found || this.doc !== doc) return;
    const video = found[which];
    if (video) go("annotate", { video });
    else
      this.say(which === "next" ? "This is the last video of the library." : "This is the first video of the library.");
  }

  /** Say that a stretch was looked through: between the marks, over the selected segments, or all of the video. The same
   * stretch again takes it back.
   */
  async markReviewed() {
    const { doc, timeline } = this;
    if (!doc) return;
    const { in: from, out } = timeline.marks;
    const chosen = [...this.selection.ids].flatMap((id) => doc.store.shown(id) ?? []);
    const isMarked = from !== null && out !== null && out > from;
    const whole = { start: 0, end: doc.store.video?.duration ?? 0 };
    const span = isMarked
      ? { start: from, end: out }
      : chosen.length
        ? { start: Math.min(...chosen.map((s) => s.start)), end: Math.max(...chosen.map((s) => s.end)) }
        : whole;
    const annotator = currentUser();
    const undo = doc.store.reviewed.some(
      (known) => known.annotator === annotator && !known.track && known.start <= span.start && known.end >= span.end,
    );
    const request = { video: doc.id, ...span, undo, annotator };
    const made = await this.attempt(() => call(doc.server, "mark_reviewed", request));
    if (!made) return;
    doc.store.takeReviewed(made.reviewed);
    if (isMarked) timeline.marks = { in: null, out: null };
    const what = span === whole ? "All of the video" : `${clock(span.start, 1)}–${clock(span.end, 1)}`;
    this.say(
      undo
        ? `${what} no longer counts as looked through.`
        : `${what} counts as looked through: what has no label there has none. The same key takes it back.`,
    );
  }

  glance() {
    return this.parts.modelRequests.glance();
  }

  toggleFaces() {
    if (!this.$("faces-toggle").hidden) this.$("show-faces").click();
  }

  drawBoxes() {
    const { boxes } = this.parts;
    if (!this.$("box-mode").hidden) boxes.edit(!boxes.isEditing);
  }

  help() {
    this.parts.keys.show();
  }
}
