// The whole video in a strip: where segments lie, what is in view; drag the window to pan, its edges to zoom.

import { contextOf } from "./dom.js";

/** @import { Timeline } from "./timeline.js" */

const EDGE_PX = 6;
const LEAST_PX = 8;

export class Minimap {
  /** The segments: drawn when they change, not on every frame. */
  picture = document.createElement("canvas");
  /** @type {{ part: "start" | "end" | "body", time: number, start: number, end: number } | null} */
  drag = null;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Timeline} timeline
   */
  constructor(canvas, timeline) {
    this.canvas = canvas;
    this.timeline = timeline;
    canvas.addEventListener("pointerdown", (event) => this.begin(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    for (const name of /** @type {const} */ (["pointerup", "pointercancel"]))
      canvas.addEventListener(name, () => (this.drag = null));
  }

  get height() {
    return this.canvas.clientHeight || 1;
  }

  /** @param {number} time */
  x(time) {
    return (time / this.timeline.duration) * this.timeline.width;
  }

  resize() {
    const ratio = window.devicePixelRatio || 1;
    for (const canvas of [this.canvas, this.picture]) {
      canvas.width = Math.round(this.timeline.width * ratio);
      canvas.height = Math.round(this.height * ratio);
      contextOf(canvas).setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    this.update();
  }

  update() {
    const { timeline, height } = this;
    const ctx = contextOf(this.picture);
    ctx.clearRect(0, 0, timeline.width, height);
    if (!timeline.doc) return;
    const tracks = timeline.rows.filter((row) => row.kind === "track");
    const lane = (height - 4) / Math.max(1, tracks.length);
    tracks.forEach((row, i) => {
      for (const { kind, items } of row.lanes) {
        ctx.globalAlpha = kind === "annotation" ? 1 : 0.35;
        for (const item of items) {
          ctx.fillStyle = timeline.colour(item);
          ctx.fillRect(
            this.x(item.start),
            2 + i * lane,
            Math.max(1, this.x(item.end) - this.x(item.start)),
            Math.max(1, lane - 1),
          );
        }
      }
    });
  }

  draw() {
    const { timeline, height } = this;
    const ctx = contextOf(this.canvas);
    ctx.clearRect(0, 0, timeline.width, height);
    if (!timeline.doc) return;
    ctx.drawImage(this.picture, 0, 0, timeline.width, height);
    const [from, to] = this.window;
    ctx.fillStyle = timeline.ink.surface;
    ctx.globalAlpha = 0.65;
    ctx.fillRect(0, 0, from, height);
    ctx.fillRect(to, 0, timeline.width - to, height);
    ctx.globalAlpha = 1;
    ctx.strokeStyle = timeline.ink.accent;
    ctx.lineWidth = 1.5;
    ctx.strokeRect(from + 0.75, 0.75, to - from - 1.5, height - 1.5);
    ctx.fillStyle = timeline.ink.playhead;
    ctx.fillRect(this.x(timeline.playhead) - 0.75, 0, 1.5, height);
  }

  get window() {
    const { start, end } = this.timeline;
    const spare = Math.max(0, LEAST_PX - (this.x(end) - this.x(start))) / 2;
    return [this.x(start) - spare, this.x(end) + spare];
  }

  /** @param {number} x @returns {"start" | "end" | "body" | "outside"} */
  partAt(x) {
    const [from, to] = this.window;
    if (Math.abs(x - from) <= EDGE_PX) return "start";
    if (Math.abs(x - to) <= EDGE_PX) return "end";
    return x > from && x < to ? "body" : "outside";
  }

  /** @param {PointerEvent} event */
  begin(event) {
    const { timeline } = this;
    if (!timeline.doc) return;
    const part = this.partAt(event.offsetX);
    const time = this.time(event.offsetX);
    if (part === "outside") timeline.centre(time);
    this.drag = { part: part === "outside" ? "body" : part, time, start: timeline.start, end: timeline.end };
    this.canvas.setPointerCapture(event.pointerId);
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {PointerEvent} event */
  move(event) {
    const { drag, timeline } = this;
    if (!timeline.doc) return;
    if (!drag) {
      this.canvas.style.cursor = { start: "ew-resize", end: "ew-resize", body: "grab", outside: "pointer" }[
        this.partAt(event.offsetX)
      ];
      return;
    }
    event.stopPropagation();
    const by = this.time(event.offsetX) - drag.time;
    if (drag.part === "body") timeline.setView(drag.start + by, drag.end + by);
    else if (drag.part === "start") timeline.setView(Math.min(drag.start + by, drag.end), drag.end);
    else timeline.setView(drag.start, Math.max(drag.end + by, drag.start));
  }

  /** @param {number} x */
  time(x) {
    return (x / this.timeline.width) * this.timeline.duration;
  }
}
