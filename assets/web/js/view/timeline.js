// The timeline on its canvas: what is in view, drawing it, and what lies under a point.

import { isolated } from "./dom.js";
import { Filmstrip } from "./filmstrip.js";
import { drawCurve, drawGraphs, drawTranscript, drawSpectrogram, drawWave } from "./graphs.js";
import { Gutter } from "./gutter.js";
import { hitLane } from "./hit-test.js";
import { colourOf, firstVisible, inkOn, layout } from "./layout.js";
import { Minimap } from "./minimap.js";
import { RULER_H, drawRuler } from "./ruler.js";

const SLIVER_PX = 4; // narrower segments have no corners and no text
const MOST_ZOOM = 300;
const FONT = "ui-sans-serif, system-ui, sans-serif";
const DRAW = {
  wave: drawWave,
  spectrogram: drawSpectrogram,
  transcript: drawTranscript,
  curve: drawCurve,
  graph: drawGraphs,
};

export class Timeline extends EventTarget {
  constructor(root, gutter, rowLayout) {
    super();
    this.root = root;
    this.rowLayout = rowLayout;
    this.gutter = new Gutter(gutter, rowLayout);
    this.overview = root.querySelector("#timeline-overview");
    this.ruler = root.querySelector("#timeline-ruler");
    this.canvas = root.querySelector("#timeline-rows");
    this.minimap = new Minimap(this.overview, this);
    this.filmstrip = new Filmstrip(() => this.invalidate());
    this.doc = null;
    this.start = 0;
    this.end = 1;
    this.unit = "time";
    this.playhead = 0;
    this.selection = { current: null, has: () => false };
    this.hover = null;
    this.drafts = []; // {id | null, track, label, start, end}: what a drag would make
    this.box = null; // {x0, y0, x1, y1} of a selection by dragging
    this.marks = { in: null, out: null };
    this.snapLine = null; // {time, what}
    this.rows = [];
    this.names = [];
    this.colours = new Map();
    this.middles = new Map(); // item → the middle of its lane, for whoever wants to point at it
    new ResizeObserver(() => this.resize()).observe(root);
    new MutationObserver(() => this.restyle()).observe(document.body, { attributes: true, attributeFilter: ["class"] });
    rowLayout.addEventListener("change", () => this.relayout());
    this.restyle();
  }

  // Nothing of the video before stays: what was marked, drawn, or under the pointer there.
  show(doc) {
    Object.assign(this, {
      doc,
      playhead: 0,
      hover: null,
      drafts: [],
      box: null,
      snapLine: null,
      marks: { in: null, out: null },
    });
    this.filmstrip.open(doc.video);
    this.fit();
  }

  get duration() {
    return this.doc?.video?.duration || 1;
  }

  get width() {
    return this.root.clientWidth || 1;
  }

  // ---------------------------------------------------------------- view

  setView(start, end) {
    const span = this.spanOf(end - start);
    const from = Math.min(Math.max(0, start), this.duration - span);
    this.start = from;
    this.end = from + span;
    this.root.dataset.viewStart = String(this.start);
    this.root.dataset.viewEnd = String(this.end);
    this.dispatchEvent(new Event("view"));
    this.invalidate();
  }

  // How much can be in view at once, next to what is wanted.
  spanOf(wanted) {
    return Math.min(this.duration, Math.max(this.duration / MOST_ZOOM, 0.2, wanted));
  }

  fit() {
    this.setView(0, this.duration);
  }

  zoom(factor, around = (this.start + this.end) / 2) {
    const kept = this.spanOf((this.end - this.start) * factor);
    const share = (around - this.start) / (this.end - this.start);
    this.setView(around - share * kept, around + (1 - share) * kept);
  }

  pan(seconds) {
    this.setView(this.start + seconds, this.end + seconds);
  }

  reveal(start, end = start, id = null) {
    this.scrollTo(id);
    const span = this.end - this.start;
    if (start >= this.start && end <= this.end) return;
    if (end - start > span) this.setView(start - (end - start) * 0.1, end + (end - start) * 0.1);
    else this.setView((start + end) / 2 - span / 2, (start + end) / 2 + span / 2);
  }

  x(time) {
    return ((time - this.start) / (this.end - this.start)) * this.width;
  }

  time(x) {
    return this.start + (x / this.width) * (this.end - this.start);
  }

  // Bring the lane of a segment into sight.
  scrollTo(id) {
    const middle = this.middles.get(id);
    const box = this.root.parentElement;
    if (middle === undefined || !box) return;
    const [top, bottom] = [box.scrollTop + RULER_H + this.overviewHeight, box.scrollTop + box.clientHeight];
    if (middle - 14 < top || middle + 14 > bottom)
      box.scrollTop = middle - (box.clientHeight + RULER_H + this.overviewHeight) / 2;
  }

  centre(time) {
    const half = (this.end - this.start) / 2;
    this.setView(time - half, time + half);
  }

  // ---------------------------------------------------------------- layout

  relayout() {
    if (!this.doc) return;
    const made = layout(this.doc, this.rowLayout);
    Object.assign(this, { rows: made.rows, names: made.names });
    if (!this.doc.signals.spectrogram && this.rows.some((row) => row.kind === "spectrogram")) {
      this.doc.signals.spectrogram = {}; // on its way
      this.doc.signals.loadSpectrogram().catch(() => (this.doc.signals.spectrogram = null));
    }
    this.middles.clear();
    for (const row of this.rows) {
      for (const lane of row.lanes ?? []) {
        for (const item of lane.items)
          this.middles.set(item.id, RULER_H + this.overviewHeight + row.y + lane.y + lane.height / 2);
      }
    }
    this.colours.clear();
    this.gutter.update(made, this.overviewHeight);
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
    for (const [canvas, height] of [
      [this.ruler, RULER_H],
      [this.canvas, Math.max(this.height || 0, 60)],
    ]) {
      canvas.width = Math.round(this.width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.height = `${height}px`;
      canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    this.minimap.resize();
    this.draw();
  }

  restyle() {
    const style = getComputedStyle(document.body);
    const value = (name) => style.getPropertyValue(name).trim();
    this.ink = Object.fromEntries(
      ["text", "muted", "line", "surface", "stripe", "accent", "playhead", "wave"].map((n) => [
        n,
        value(`--ms-${n}`) || "#888",
      ]),
    );
    this.invalidate();
  }

  colour(item) {
    const key = `${item.track}\n${item.label}`;
    if (!this.colours.has(key)) this.colours.set(key, colourOf(this.doc, item));
    return this.colours.get(key);
  }

  // ---------------------------------------------------------------- drawing

  invalidate() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.draw();
    });
  }

  draw() {
    if (!this.doc || !this.rows.length) return;
    this.minimap.draw();
    drawRuler(this.ruler.getContext("2d"), this);
    const ctx = this.canvas.getContext("2d");
    ctx.clearRect(0, 0, this.width, this.height);
    ctx.textBaseline = "middle";
    for (const row of this.rows) {
      ctx.fillStyle = this.ink.line;
      ctx.fillRect(0, row.y + row.height - 1, this.width, 1);
      if (row.kind === "filmstrip") this.filmstrip.draw(ctx, this, row);
      else if (row.kind === "track") for (const lane of row.lanes) this.drawLane(ctx, row, lane);
      else DRAW[row.kind](ctx, this, row);
      if (row.locked) this.drawLock(ctx, row);
    }
    for (const draft of this.drafts) this.drawDraft(ctx, draft);
    this.drawMarks(ctx);
    this.drawBox(ctx);
    this.drawSnap(ctx);
    this.line(ctx, this.playhead, this.ink.playhead, 1.5);
  }

  line(ctx, time, colour, width, dash = []) {
    const x = this.x(time);
    if (x < -2 || x > this.width + 2) return;
    ctx.strokeStyle = colour;
    ctx.lineWidth = width;
    ctx.setLineDash(dash);
    ctx.beginPath();
    ctx.moveTo(x, 0);
    ctx.lineTo(x, this.height);
    ctx.stroke();
    ctx.setLineDash([]);
  }

  // What a boundary snaps to, and why.
  drawSnap(ctx) {
    if (!this.snapLine) return;
    const { time, what } = this.snapLine;
    this.line(ctx, time, this.ink.accent, 1, [4, 3]);
    ctx.font = `10px ${FONT}`;
    const width = ctx.measureText(what).width + 8;
    const x = Math.min(this.x(time) + 3, this.width - width);
    ctx.fillStyle = this.ink.accent;
    ctx.beginPath();
    ctx.roundRect(x, this.snapLine.y, width, 15, 4);
    ctx.fill();
    ctx.fillStyle = "#fff";
    ctx.fillText(what, x + 4, this.snapLine.y + 8);
  }

  drawLock(ctx, row) {
    ctx.globalAlpha = 0.5;
    ctx.fillStyle = this.ink.surface;
    ctx.fillRect(0, row.y, this.width, row.height - 1);
    ctx.globalAlpha = 1;
  }

  drawBox(ctx) {
    if (!this.box) return;
    const { x0, y0, x1, y1 } = this.box;
    ctx.strokeStyle = this.ink.accent;
    ctx.lineWidth = 1;
    ctx.strokeRect(Math.min(x0, x1), Math.min(y0, y1), Math.abs(x1 - x0), Math.abs(y1 - y0));
    ctx.globalAlpha = 0.12;
    ctx.fillStyle = this.ink.accent;
    ctx.fillRect(Math.min(x0, x1), Math.min(y0, y1), Math.abs(x1 - x0), Math.abs(y1 - y0));
    ctx.globalAlpha = 1;
  }

  drawLane(ctx, row, lane) {
    const y = row.y + lane.y;
    if (lane.kind === "annotation") {
      ctx.fillStyle = this.ink.stripe;
      ctx.fillRect(0, y, this.width, lane.height);
    }
    ctx.font = lane.kind === "annotation" ? `12px ${FONT}` : `10.5px ${FONT}`;
    let painted = -1; // segments narrower than a pixel share it
    for (let i = firstVisible(lane.items, this.start); i < lane.items.length; i++) {
      const item = lane.items[i];
      if (item.start > this.end) break;
      if (lane.kind === "annotation" && this.drafts.some((draft) => draft.id === item.id)) continue;
      const x0 = this.x(item.start);
      const x1 = this.x(item.end);
      if (x1 < 0) continue;
      if (x1 - x0 < 1) {
        const pixel = Math.floor(x0);
        if (pixel === painted && !this.selection.has(item.id)) continue;
        painted = pixel;
      }
      this.drawSegment(ctx, item, lane.kind, x0, y, Math.max(1.5, x1 - x0), lane.height);
    }
  }

  drawSegment(ctx, item, kind, x, y, width, height) {
    const colour = this.colour(item);
    const left = Math.max(x, -4);
    const right = Math.min(x + width, this.width + 4);
    const chosen = this.selection.has(item.id);
    const decided = kind === "prediction" && item.verdict;
    ctx.globalAlpha =
      kind === "annotation" ? 0.92 : item.verdict === "rejected" ? 0.08 : decided ? 0.12 : item.preview ? 0.15 : 0.3;
    ctx.fillStyle = colour;
    if (width < SLIVER_PX && !chosen && item.id !== this.hover) {
      // thousands of these are in view at once
      ctx.fillRect(left, y, right - left, height);
      ctx.globalAlpha = 1;
      return;
    }
    ctx.beginPath();
    if (width < SLIVER_PX) ctx.rect(left, y, right - left, height);
    else ctx.roundRect(left + 0.5, y + 0.5, right - left - 1, height - 1, Math.min(4, width / 2));
    ctx.fill();
    ctx.globalAlpha = item.verdict === "rejected" ? 0.4 : 1;
    if (kind === "prediction" && width >= 3) {
      ctx.strokeStyle = colour;
      ctx.lineWidth = 1;
      ctx.setLineDash(item.preview || decided ? [3, 2] : []);
      ctx.stroke();
      ctx.setLineDash([]);
    }
    if (chosen || item.id === this.hover) {
      ctx.strokeStyle = chosen ? this.ink.text : this.ink.accent;
      ctx.lineWidth = item.id === this.selection.current ? 2.5 : 1.5;
      ctx.stroke();
    }
    if (item.apex !== undefined && width > 12 && kind === "prediction") {
      ctx.fillStyle = colour;
      ctx.fillRect(this.x(item.apex) - 1, y, 2, height); // where an expression is strongest
    }
    if (right - left > 26 && height > 11) {
      const mark = { accepted: "✓ ", corrected: "✎ ", rejected: "✗ " }[item.verdict] ?? "";
      const text =
        kind === "annotation"
          ? isolated(item.label || "(no label)")
          : mark + isolated(item.label) + (right - left > 90 ? ` ${item.score.toFixed(2)}` : "");
      ctx.save();
      ctx.beginPath();
      ctx.rect(left, y, right - left - 4, height);
      ctx.clip();
      ctx.fillStyle = kind === "annotation" ? inkOn(colour) : this.ink.text;
      ctx.fillText(text, Math.max(left, 0) + 6, y + height / 2 + 0.5);
      ctx.restore();
    }
    ctx.globalAlpha = 1;
  }

  drawDraft(ctx, draft) {
    const row = this.rows.find((r) => r.name === draft.track && r.kind === "track");
    const lane =
      row?.lanes.find((l) => l.kind === "annotation" && l.items.some((i) => i.id === draft.id)) ??
      row?.lanes.find((l) => l.kind === "annotation");
    if (!lane) return;
    const x = this.x(draft.start);
    this.drawSegment(
      ctx,
      { ...draft, id: this.selection.current },
      "annotation",
      x,
      row.y + lane.y,
      Math.max(2, this.x(draft.end) - x),
      lane.height,
    );
  }

  drawMarks(ctx) {
    const { in: from, out: to } = this.marks;
    if (from !== null && to !== null && to > from) {
      ctx.fillStyle = this.ink.accent;
      ctx.globalAlpha = 0.12;
      ctx.fillRect(this.x(from), 0, this.x(to) - this.x(from), this.height);
      ctx.globalAlpha = 1;
    }
    if (from !== null) this.line(ctx, from, this.ink.accent, 1.5, [2, 2]);
    if (to !== null) this.line(ctx, to, this.ink.accent, 1.5, [2, 2]);
  }

  // ---------------------------------------------------------------- what lies where

  // {row, item, part: body | start | end} under a point of the rows canvas; item is null over an empty place.
  at(x, y) {
    const row = this.rows.find((r) => y >= r.y && y < r.y + r.height);
    if (!row || row.kind !== "track") return { row, item: null, part: null };
    const near = row.lanes.filter((lane) => y >= row.y + lane.y - 2 && y < row.y + lane.y + lane.height + 2);
    for (const lane of near.reverse()) {
      const hit = hitLane(this, lane, x);
      if (hit) return { row, ...hit };
    }
    return { row, item: null, part: null };
  }

  // The segments in a rectangle of the rows canvas.
  within(x0, y0, x1, y1) {
    const [from, to] = [this.time(Math.min(x0, x1)), this.time(Math.max(x0, x1))];
    const [top, bottom] = [Math.min(y0, y1), Math.max(y0, y1)];
    return this.rows.flatMap((row) =>
      (row.lanes ?? []).flatMap((lane) => {
        const y = row.y + lane.y;
        if (y > bottom || y + lane.height < top) return [];
        return lane.items.filter((item) => !item.preview && item.start < to && item.end > from);
      }),
    );
  }
}
