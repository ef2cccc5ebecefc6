// The timeline on its canvas: what is in view, drawing it, and what lies under a point.

import { clock } from "./dom.js";
import { drawCurve, drawGraphs, drawWave } from "./graphs.js";
import { colourOf, firstVisible, inkOn, layout } from "./layout.js";

const RULER_H = 26;
const EDGE_PX = 7;
const MOST_ZOOM = 300;
const STEPS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];

export class Timeline extends EventTarget {
  constructor(root, gutter) {
    super();
    this.root = root;
    this.gutter = gutter;
    this.ruler = root.querySelector("#timeline-ruler");
    this.canvas = root.querySelector("#timeline-rows");
    this.doc = null;
    this.start = 0;
    this.end = 1;
    this.playhead = 0;
    this.selected = null;
    this.hover = null;
    this.draft = null; // {id | row, start, end}: what a drag would make
    this.marks = { in: null, out: null };
    this.snapLine = null;
    this.rows = [];
    this.colours = new Map();
    this.middles = new Map(); // item → the middle of its lane, for whoever wants to point at it
    new ResizeObserver(() => this.resize()).observe(root);
    new MutationObserver(() => this.restyle()).observe(document.body, { attributes: true, attributeFilter: ["class"] });
    this.restyle();
  }

  show(doc) {
    this.doc = doc;
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
    const least = Math.min(this.duration, Math.max(this.duration / MOST_ZOOM, 0.2));
    const span = Math.min(this.duration, Math.max(least, end - start));
    const from = Math.min(Math.max(0, start), this.duration - span);
    this.start = from;
    this.end = from + span;
    this.root.dataset.viewStart = String(this.start);
    this.root.dataset.viewEnd = String(this.end);
    this.dispatchEvent(new Event("view"));
    this.invalidate();
  }

  fit() {
    this.setView(0, this.duration);
  }

  zoom(factor, around = (this.start + this.end) / 2) {
    const span = (this.end - this.start) * factor;
    const least = Math.min(this.duration, Math.max(this.duration / MOST_ZOOM, 0.2));
    const kept = Math.min(this.duration, Math.max(least, span));
    const share = (around - this.start) / (this.end - this.start);
    this.setView(around - share * kept, around + (1 - share) * kept);
  }

  pan(seconds) {
    this.setView(this.start + seconds, this.end + seconds);
  }

  reveal(start, end = start) {
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

  // ---------------------------------------------------------------- layout

  relayout() {
    if (!this.doc) return;
    const { rows, height } = layout(this.doc);
    this.rows = rows;
    this.middles.clear();
    for (const row of rows) {
      for (const lane of row.lanes ?? []) {
        for (const item of lane.items) this.middles.set(item.id, RULER_H + row.y + lane.y + lane.height / 2);
      }
    }
    this.colours.clear();
    this.gutter.replaceChildren(...this.gutterRows(rows));
    if (height !== this.height) {
      this.height = height;
      this.resize();
    }
    this.invalidate();
  }

  gutterRows(rows) {
    const cells = rows.map((row) => {
      const cell = document.createElement("div");
      cell.className = `gutter-row ${row.kind}`;
      cell.style.height = `${row.height}px`;
      cell.title = row.name;
      const name = document.createElement(row.kind === "track" ? "button" : "span");
      name.textContent = row.name;
      name.className = "name";
      cell.append(name);
      if (row.kind === "track") {
        name.type = "button";
        name.addEventListener("click", () => this.dispatchEvent(new CustomEvent("row", { detail: row.name })));
      }
      if (row.graph) cell.append(this.graphButton(row.name));
      return cell;
    });
    const head = document.createElement("div");
    head.className = "gutter-head";
    head.style.height = `${RULER_H}px`;
    return [head, ...cells];
  }

  graphButton(name) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "plain graph", textContent: "∿", title: "Show or hide the scores over time" });
    button.setAttribute("aria-pressed", String(this.doc.opened.has(name)));
    button.setAttribute("aria-label", `Scores of ${name} over time`);
    button.addEventListener("click", () => {
      this.doc.opened.has(name) ? this.doc.opened.delete(name) : this.doc.opened.add(name);
      this.relayout();
    });
    return button;
  }

  resize() {
    const ratio = window.devicePixelRatio || 1;
    for (const [canvas, height] of [[this.ruler, RULER_H], [this.canvas, Math.max(this.height || 0, 60)]]) {
      canvas.width = Math.round(this.width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.height = `${height}px`;
      canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    this.draw();
  }

  restyle() {
    const style = getComputedStyle(document.body);
    const value = (name) => style.getPropertyValue(name).trim();
    this.ink = Object.fromEntries(
      ["text", "muted", "line", "surface", "stripe", "accent", "playhead", "wave"].map((n) => [n, value(`--ms-${n}`) || "#888"]),
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
    this.drawRuler(this.ruler.getContext("2d"));
    const ctx = this.canvas.getContext("2d");
    ctx.clearRect(0, 0, this.width, this.height);
    ctx.textBaseline = "middle";
    for (const row of this.rows) {
      ctx.fillStyle = this.ink.line;
      ctx.fillRect(0, row.y + row.height - 1, this.width, 1);
      if (row.kind === "wave") drawWave(ctx, this, row);
      else if (row.kind === "curve") drawCurve(ctx, this, row);
      else if (row.kind === "graph") drawGraphs(ctx, this, row);
      else for (const lane of row.lanes) this.drawLane(ctx, row, lane);
    }
    this.drawDraft(ctx);
    this.drawMarks(ctx);
    if (this.snapLine !== null) this.line(ctx, this.snapLine, this.ink.accent, 1, [4, 3]);
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

  drawRuler(ctx) {
    ctx.clearRect(0, 0, this.width, RULER_H);
    ctx.fillStyle = this.ink.surface;
    ctx.fillRect(0, 0, this.width, RULER_H);
    const step = STEPS.find((s) => (s / (this.end - this.start)) * this.width >= 80) ?? 7200;
    ctx.font = "11px ui-sans-serif, system-ui, sans-serif";
    ctx.textBaseline = "middle";
    const digits = step < 0.01 ? 3 : step < 0.1 ? 2 : step < 1 ? 1 : 0;
    for (let n = Math.ceil(this.start / step); n * step <= this.end; n++) {
      const x = this.x(n * step);
      ctx.fillStyle = this.ink.line;
      ctx.fillRect(x, RULER_H - 8, 1, 8);
      ctx.fillStyle = this.ink.muted;
      ctx.fillText(clock(n * step, digits), x + 4, 10);
    }
    ctx.fillStyle = this.ink.accent;
    for (const cut of this.doc.shots) {
      const x = this.x(cut);
      if (x >= 0 && x <= this.width) ctx.fillRect(x - 0.5, RULER_H - 5, 1.5, 5);
    }
    const x = this.x(this.playhead);
    ctx.fillStyle = this.ink.playhead;
    ctx.beginPath();
    ctx.moveTo(x - 6, RULER_H - 12);
    ctx.lineTo(x + 6, RULER_H - 12);
    ctx.lineTo(x, RULER_H - 1);
    ctx.fill();
  }

  drawLane(ctx, row, lane) {
    const y = row.y + lane.y;
    if (lane.kind === "annotation") {
      ctx.fillStyle = this.ink.stripe;
      ctx.fillRect(0, y, this.width, lane.height);
    }
    ctx.font = lane.kind === "annotation" ? "12px ui-sans-serif, system-ui, sans-serif" : "10.5px ui-sans-serif, system-ui, sans-serif";
    let painted = -1; // segments narrower than a pixel share it
    for (let i = firstVisible(lane.items, this.start); i < lane.items.length; i++) {
      const item = lane.items[i];
      if (item.start > this.end) break;
      if (this.draft?.id === item.id && lane.kind === "annotation") continue;
      const x0 = this.x(item.start);
      const x1 = this.x(item.end);
      if (x1 < 0) continue;
      if (x1 - x0 < 1) {
        const pixel = Math.floor(x0);
        if (pixel === painted && item.id !== this.selected) continue;
        painted = pixel;
      }
      this.drawSegment(ctx, item, lane.kind, x0, y, Math.max(1.5, x1 - x0), lane.height);
    }
  }

  drawSegment(ctx, item, kind, x, y, width, height) {
    const colour = this.colour(item);
    const left = Math.max(x, -4);
    const right = Math.min(x + width, this.width + 4);
    const chosen = item.id === this.selected;
    const decided = kind === "prediction" && item.verdict;
    ctx.beginPath();
    if (width < 4) ctx.rect(left, y, right - left, height);
    else ctx.roundRect(left + 0.5, y + 0.5, right - left - 1, height - 1, Math.min(4, width / 2));
    ctx.globalAlpha = kind === "annotation" ? 0.92 : item.verdict === "rejected" ? 0.08 : decided ? 0.12 : item.preview ? 0.15 : 0.3;
    ctx.fillStyle = colour;
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
      ctx.lineWidth = chosen ? 2 : 1.5;
      ctx.stroke();
    }
    if (right - left > 26) {
      const mark = { accepted: "✓ ", corrected: "✎ ", rejected: "✗ " }[item.verdict] ?? "";
      const text = kind === "annotation" ? item.label || "(no label)" : mark + item.label + (right - left > 90 ? ` ${item.score.toFixed(2)}` : "");
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

  drawDraft(ctx) {
    const { draft } = this;
    if (!draft) return;
    const row = this.rows.find((r) => r.name === draft.track && r.kind === "track");
    const lane = row?.lanes.find((l) => l.kind === "annotation" && l.items.some((i) => i.id === draft.id)) ?? row?.lanes.find((l) => l.kind === "annotation");
    if (!lane) return;
    const x = this.x(draft.start);
    const item = { ...draft, id: this.selected };
    this.drawSegment(ctx, item, "annotation", x, row.y + lane.y, Math.max(2, this.x(draft.end) - x), lane.height);
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
      const hit = this.hitLane(lane, x);
      if (hit) return { row, ...hit };
    }
    return { row, item: null, part: null };
  }

  hitLane(lane, x) {
    let best = null;
    for (let i = firstVisible(lane.items, this.time(x - EDGE_PX)); i < lane.items.length; i++) {
      const item = lane.items[i];
      const x0 = this.x(item.start);
      const x1 = this.x(item.end);
      if (x0 > x + EDGE_PX) break;
      if (x1 < x - EDGE_PX || item.preview) continue;
      const reach = Math.min(EDGE_PX, Math.max(3, (x1 - x0) / 3));
      const toStart = Math.abs(x - x0);
      const toEnd = Math.abs(x - x1);
      const inside = x >= x0 && x <= x1;
      const edge = Math.min(toStart, toEnd) <= (inside ? reach : EDGE_PX);
      if (!edge && !inside) continue;
      const part = edge ? (toStart <= toEnd ? "start" : "end") : "body";
      // inside beats outside, the selected one beats its neighbours, the edge nearest to the pointer wins
      const rank = (item.id === this.selected ? 0 : 10) + (inside ? 0 : 5) + (edge ? Math.min(toStart, toEnd) / EDGE_PX : 1);
      if (!best || rank < best.rank) best = { item, part, rank };
    }
    return best && { item: best.item, part: best.part };
  }

}
