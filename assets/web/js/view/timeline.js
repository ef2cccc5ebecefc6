// The timeline on its canvas: what is in view, drawing it, and what lies under a point.

import { Emitter } from "../emitter.js";
import { authorsOf } from "./authors.js";
import { contextOf, finder } from "./dom.js";
import { drawSegment } from "./segment.js";
import { Filmstrip } from "./filmstrip.js";
import { drawTrace } from "./trace-row.js";
import { drawCurve, drawGraphs, drawSpectrogram, drawWave } from "./graphs.js";
import { Gutter } from "./gutter.js";
import { FONT } from "./fonts.js";
import { hitTest, phaseAt } from "./hit-test.js";
import { colourOf, firstVisible, lanesOf, layout } from "./layout.js";
import { drawBoxRow } from "./box-row.js";
import { drawLayer } from "./layers.js";
import { Minimap } from "./minimap.js";
import { drawBox, drawLine, drawLock, drawMarks, drawSnap } from "./overlays.js";
import { RULER_H, drawRuler } from "./ruler.js";
import { drawLineItem } from "./speech.js";

/** @import { Annotation, Item, Json, Marked } from "../types.js" */
/** @import { LineItem } from "../model/line-items.js" */
/** @import { VideoDocument } from "../document/video-document.js" */
/** @import { RowLayout } from "../model/row-layout.js" */
/** @import { Author } from "./authors.js" */
/** @import { DrawRow } from "./graphs.js" */
/** @import { Edge } from "./hit-test.js" */
/** @import { GraphRow, Lane, Row, SignalRow } from "./layout.js" */

/** What a drag would make; `id` is null for a new segment.
 * @typedef {{ id: string | null, isLine?: boolean, track: string, label: string, start: number, end: number, base?: number,
 *   attributes?: { [name: string]: Json } }} Draft
 * @typedef {{ x0: number, y0: number, x1: number, y1: number }} Box
 * @typedef {{ time: number, what: string, y: number }} SnapLine
 * @typedef {{ in: number | null, out: number | null, played?: Marked }} Marks
 * @typedef {{ text: string, muted: string, line: string, surface: string, stripe: string, accent: string,
 *   playhead: string, wave: string, ok: string }} Ink
 */

/** view: another part of the video is shown; hover: a segment, or a time of a row of curves, is under the pointer;
 * spectrogram: its row is shown, and there is nothing to show yet; drawn: all is drawn anew.
 * @typedef {{ item: Item | LineItem, x: number, y: number } | { row: GraphRow | SignalRow, time: number, x: number, y: number }} Hovered
 * @typedef {{ view: null, hover: Hovered | null, spectrogram: null, drawn: null }} TimelineEvents
 */

const MOST_ZOOM = 300;
/** @type {{ [kind: string]: DrawRow }} */
const DRAW = {
  wave: drawWave,
  spectrogram: drawSpectrogram,
  curve: drawCurve,
  graph: drawGraphs,
  trace: drawTrace,
  layer: drawLayer,
  boxes: drawBoxRow,
};

/** @extends {Emitter<TimelineEvents>} */
export class Timeline extends Emitter {
  /** @type {VideoDocument | null} */
  doc = null;
  start = 0;
  end = 1;
  height = 0;
  unit = "time";
  playhead = 0;
  /** @type {{ current: string | null, has: (id: string) => boolean }} */
  selection = { current: null, has: () => false };
  /** @type {string | null} */
  hover = null;
  /** @type {readonly Draft[]} */
  drafts = [];
  /** Curves that are being drawn, by their rows. @type {ReadonlyMap<string, { first: number, values: number[] }>} */
  traceDrafts = new Map();
  /** By how many seconds curves are smoothed where they are shown. */
  smoothing = 0;
  /** states that hold until they are ended @type {{ readonly running: readonly Readonly<Annotation>[] }} */
  live = { running: [] };
  /** them, until the playhead @type {readonly Readonly<Annotation>[]} */
  #growing = [];
  /** the box over time that is chosen @type {string | null} */
  chosenBox = null;
  /** of a selection by dragging @type {Box | null} */
  box = null;
  /** @type {Marks} */
  marks = { in: null, out: null };
  /** @type {SnapLine | null} */
  snapLine = null;
  /** @type {readonly Row[]} */
  rows = [];
  /** keys of all rows, also of those that are hidden @type {readonly string[]} */
  names = [];
  /** the names of the rows that have segments or are curves, also of those that are hidden @type {readonly string[]} */
  tracks = [];
  /** @type {Map<string, string>} */
  colours = new Map();
  /** item → the middle of its lane, for whoever wants to point at it @type {Map<string, number>} */
  middles = new Map();
  /** of annotators that are compared @type {{ name: string, items: readonly Annotation[], current: string | null }[]} */
  layers = [];
  /** who made what is here, where that is more than one person @type {Map<string, Author>} */
  authors = new Map();
  /** @type {Ink} */
  ink;
  /** Whether the pointer is down on it: what is under it stays there. */
  isHeld = false;
  #isWaiting = false;

  /**
   * @param {HTMLElement} root
   * @param {HTMLElement} gutter
   * @param {RowLayout} rowLayout
   */
  constructor(root, gutter, rowLayout) {
    super();
    const $ = finder(root);
    this.root = root;
    this.rowLayout = rowLayout;
    this.gutter = new Gutter(gutter, rowLayout);
    this.overview = $("timeline-overview", "canvas");
    this.ruler = $("timeline-ruler", "canvas");
    this.canvas = $("timeline-rows", "canvas");
    this.minimap = new Minimap(this.overview, this);
    this.filmstrip = new Filmstrip(() => this.invalidate());
    this.ink = readInk();
    new ResizeObserver(() => this.resize()).observe(root);
    new MutationObserver(() => this.restyle()).observe(document.body, { attributes: true, attributeFilter: ["class"] });
    rowLayout.on("change", () => this.relayout());
  }

  /** What is shown; only while a document is open. */
  get store() {
    return /** @type {VideoDocument} */ (this.doc).store;
  }

  /** Nothing of the video before stays: what was marked, drawn, or under the pointer there.
   * @param {VideoDocument} doc
   */
  show(doc) {
    Object.assign(this, {
      doc,
      playhead: 0,
      hover: null,
      drafts: [],
      box: null,
      snapLine: null,
      marks: { in: null, out: null },
      layers: [],
    });
    this.filmstrip.open(doc.store.video);
    this.fit();
  }

  get duration() {
    return this.doc?.store.video?.duration || 1;
  }

  get isSound() {
    return this.doc?.store.video?.width === 0;
  }

  get width() {
    return this.root.clientWidth || 1;
  }

  // ---------------------------------------------------------------- view

  /**
   * @param {number} start
   * @param {number} end
   */
  setView(start, end) {
    const span = this.spanOf(end - start);
    const from = Math.min(Math.max(0, start), this.duration - span);
    this.start = from;
    this.end = from + span;
    this.root.dataset.viewStart = String(this.start);
    this.root.dataset.viewEnd = String(this.end);
    this.emit("view", null);
    this.invalidate();
  }

  /** How much can be in view at once, next to what is wanted. @param {number} wanted */
  spanOf(wanted) {
    const least = this.isSound ? 0 : this.duration / MOST_ZOOM; // sound is looked at down to the beats of a voice
    return Math.min(this.duration, Math.max(least, 0.2, wanted));
  }

  fit() {
    this.setView(0, this.duration);
  }

  /**
   * @param {number} factor
   * @param {number} [around] the time that stays where it is
   */
  zoom(factor, around = (this.start + this.end) / 2) {
    const kept = this.spanOf((this.end - this.start) * factor);
    const share = (around - this.start) / (this.end - this.start);
    this.setView(around - share * kept, around + (1 - share) * kept);
  }

  /** @param {number} seconds */
  pan(seconds) {
    this.setView(this.start + seconds, this.end + seconds);
  }

  /** Bring a stretch of time, and the lane of a segment, into sight; nothing moves under a pointer that is down.
   * @param {number} start
   * @param {number} [end]
   * @param {string | null} [id]
   */
  reveal(start, end = start, id = null) {
    if (this.isHeld) return;
    this.scrollTo(id);
    const span = this.end - this.start;
    if (start >= this.start && end <= this.end) return;
    if (end - start > span) this.setView(start - (end - start) * 0.1, end + (end - start) * 0.1);
    else this.setView((start + end) / 2 - span / 2, (start + end) / 2 + span / 2);
  }

  /** @param {number} time */
  x(time) {
    return ((time - this.start) / (this.end - this.start)) * this.width;
  }

  /** @param {number} x */
  time(x) {
    return this.start + (x / this.width) * (this.end - this.start);
  }

  /** Bring the lane of a segment into sight. @param {string | null} id */
  scrollTo(id) {
    const middle = this.middles.get(id ?? "");
    const box = this.root.parentElement;
    if (middle === undefined || !box) return;
    const [top, bottom] = [box.scrollTop + RULER_H + this.overviewHeight, box.scrollTop + box.clientHeight];
    if (middle - 14 < top || middle + 14 > bottom)
      box.scrollTop = middle - (box.clientHeight + RULER_H + this.overviewHeight) / 2;
  }

  /** @param {number} time */
  centre(time) {
    const half = (this.end - this.start) / 2;
    this.setView(time - half, time + half);
  }

  // ---------------------------------------------------------------- layout

  relayout() {
    if (!this.doc) return;
    const made = layout(this.store, this.rowLayout, this.layers);
    Object.assign(this, { rows: made.rows, names: made.names, tracks: made.tracks, authors: authorsOf(this.store) });
    if (!this.store.media.spectrogram && this.rows.some((row) => row.kind === "spectrogram")) {
      this.emit("spectrogram", null);
    }
    this.middles.clear();
    for (const row of this.rows) {
      for (const lane of lanesOf(row)) {
        for (const item of lane.items)
          this.middles.set(item.id, RULER_H + this.overviewHeight + row.y + lane.y + lane.height / 2);
      }
    }
    this.colours.clear();
    this.gutter.update(made, this.overviewHeight, (item) => this.colour(item));
    if (made.height !== this.height) {
      this.height = made.height;
      this.resize();
    }
    this.minimap.update();
    this.invalidate();
  }

  get overviewHeight() {
    return this.overview.clientHeight;
  }

  resize() {
    const ratio = window.devicePixelRatio || 1;
    for (const [canvas, height] of /** @type {[HTMLCanvasElement, number][]} */ ([
      [this.ruler, RULER_H],
      [this.canvas, Math.max(this.height, 60)],
    ])) {
      canvas.width = Math.round(this.width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.height = `${height}px`;
      contextOf(canvas).setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    this.minimap.resize();
    this.draw();
  }

  restyle() {
    this.ink = readInk();
    this.invalidate();
  }

  /** The colour of a class; it is the same for what is proposed, accepted and measured.
   * @param {{ track: string, label: string, start?: number }} item
   */
  colour(item) {
    const row = this.store.people.rowOf(item.track, item.start ?? 0) ?? item.track;
    const key = `${row}\n${item.label}`;
    const colour = this.colours.get(key) ?? colourOf(this.store, { track: row, label: item.label });
    this.colours.set(key, colour);
    return colour;
  }

  // ---------------------------------------------------------------- drawing

  invalidate() {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    requestAnimationFrame(() => {
      this.#isWaiting = false;
      this.draw();
    });
  }

  draw() {
    if (!this.doc || !this.rows.length) return;
    this.minimap.draw();
    drawRuler(contextOf(this.ruler), this);
    const ctx = contextOf(this.canvas);
    ctx.clearRect(0, 0, this.width, this.height);
    ctx.textBaseline = "middle";
    this.#growing = this.live.running
      .filter(({ end }) => end < this.playhead)
      .map((state) => ({ ...state, end: this.playhead }));
    for (const row of this.rows) {
      ctx.fillStyle = this.ink.line;
      ctx.fillRect(0, row.y + row.height - 1, this.width, 1);
      if (row.kind === "filmstrip") this.filmstrip.draw(ctx, this, row);
      else if (row.kind === "track" || row.kind === "speech")
        for (const lane of row.lanes) this.drawLane(ctx, row, lane);
      else DRAW[row.kind](ctx, this, row);
      if (row.locked) drawLock(ctx, this, row);
    }
    for (const draft of this.drafts) this.drawDraft(ctx, draft);
    drawMarks(ctx, this);
    drawBox(ctx, this);
    drawSnap(ctx, this);
    drawLine(ctx, this, this.playhead, this.ink.playhead, 1.5);
    this.emit("drawn", null);
  }

  /**
   * @param {CanvasRenderingContext2D} ctx
   * @param {Row} row
   * @param {Lane} lane
   */
  drawLane(ctx, row, lane) {
    const y = row.y + lane.y;
    if (lane.kind === "annotation") {
      ctx.fillStyle = this.ink.stripe;
      ctx.fillRect(0, y, this.width, lane.height);
    }
    ctx.font = lane.kind === "annotation" && lane.height > 16 ? `12px ${FONT}` : `10.5px ${FONT}`;
    const growing =
      lane.kind === "annotation" ? this.#growing.filter(({ id }) => lane.items.some((item) => item.id === id)) : [];
    for (const state of growing) {
      const x = this.x(state.start);
      drawSegment(ctx, this, state, lane.kind, { x, y, width: this.x(state.end) - x, height: lane.height });
    }
    const elsewhere = [...this.drafts, ...growing];
    let painted = -1; // segments narrower than a pixel share it
    for (let i = firstVisible(lane.items, this.start); i < lane.items.length; i++) {
      const item = lane.items[i];
      if (item.start > this.end) break;
      if (lane.kind !== "prediction" && elsewhere.some(({ id }) => id === item.id)) continue;
      const x0 = this.x(item.start);
      const x1 = this.x(item.end);
      if (x1 < 0) continue;
      if (x1 - x0 < 1) {
        const pixel = Math.floor(x0);
        if (pixel === painted && !this.selection.has(item.id)) continue;
        painted = pixel;
      }
      const place = { x: x0, y, width: Math.max(1.5, x1 - x0), height: lane.height };
      if (lane.kind === "line") drawLineItem(ctx, this, item, place);
      else drawSegment(ctx, this, item, lane.kind, place);
    }
  }

  /**
   * @param {CanvasRenderingContext2D} ctx
   * @param {Draft} draft
   */
  drawDraft(ctx, draft) {
    const row = this.rows.find((each) =>
      draft.isLine ? each.kind === "speech" : each.kind === "track" && each.name === draft.track,
    );
    const lanes = row ? lanesOf(row).filter((lane) => lane.kind !== "prediction") : [];
    const lane = lanes.find(({ items }) => items.some((item) => item.id === draft.id)) ?? lanes[0];
    if (!row || !lane) return;
    const x = this.x(draft.start);
    const place = { x, y: row.y + lane.y, width: Math.max(2, this.x(draft.end) - x), height: lane.height };
    if (draft.isLine) drawLineItem(ctx, this, { ...draft, id: this.selection.current }, place);
    else drawSegment(ctx, this, { ...draft, id: this.selection.current }, "annotation", place);
  }

  // ---------------------------------------------------------------- what lies where

  /** What lies under a point of the rows canvas; item is null over an empty place.
   * @param {number} x
   * @param {number} y
   * @returns {{ row: Row | undefined, item: Item | LineItem, part: Edge } | { row: Row | undefined, item: null, part: null }}
   */
  at(x, y) {
    const row = this.rows.find((r) => y >= r.y && y < r.y + r.height);
    if (!row || (row.kind !== "track" && row.kind !== "speech")) return { row, item: null, part: null };
    const distance = (/** @type {Lane} */ { y: top, height }) => Math.abs(y - row.y - top - height / 2) - height / 2;
    const near = row.lanes.filter((lane) => distance(lane) < 2).sort((a, b) => distance(a) - distance(b));
    for (const lane of near) {
      const phase = phaseAt(this, lane, x, y - row.y - lane.y);
      if (phase) return { row, ...phase };
    }
    for (const lane of near) {
      const hit = hitTest(this, lane, x);
      if (hit) return { row, ...hit };
    }
    return { row, item: null, part: null };
  }

  /** The segments in a rectangle of the rows canvas; no lines. @param {Box} box */
  within({ x0, y0, x1, y1 }) {
    const [from, to] = [this.time(Math.min(x0, x1)), this.time(Math.max(x0, x1))];
    const [top, bottom] = [Math.min(y0, y1), Math.max(y0, y1)];
    return this.rows.flatMap((row) =>
      (row.kind === "track" ? row.lanes : []).flatMap((lane) => {
        const y = row.y + lane.y;
        if (y > bottom || y + lane.height < top) return [];
        return lane.items.filter((item) => !("preview" in item) && item.start < to && item.end > from);
      }),
    );
  }
}

/** The colours of the page as it looks now. @returns {Ink} */
function readInk() {
  const style = getComputedStyle(document.body);
  const colour = (/** @type {string} */ name) => style.getPropertyValue(`--ms-${name}`).trim() || "#888";
  return {
    text: colour("text"),
    muted: colour("muted"),
    line: colour("line"),
    surface: colour("surface"),
    stripe: colour("stripe"),
    accent: colour("accent"),
    ok: colour("ok"),
    playhead: colour("playhead"),
    wave: colour("wave"),
  };
}
