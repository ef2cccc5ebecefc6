// Boxes around what is written on the screen, drawn over the video at the very frame that is shown.

import { countBefore } from "../model/binary-search.js";
import { clearedCanvas } from "./dom.js";

/** @import { Item } from "../types.js" */
/** @import { DocumentStore } from "../model/document-store.js" */
/** @import { Player } from "./player.js" */

/** A text as it is drawn: px on the canvas.
 * @typedef {{ id: string, label: string, x: number, y: number, w: number, h: number }} TextBox
 */

/** @type {Readonly<{ [kind: string]: [string, number[]] }>} */
const LOOKS = { annotation: ["#8ee6a8", []], prediction: ["#ffd479", [6, 4]], chosen: ["#ffffff", []] };

export class ScreenTexts {
  /** @type {DocumentStore | null} */
  store = null;
  shown = true;
  /** @type {string | null} */
  chosen = null;
  /** @type {TextBox[]} */
  boxes = [];

  /**
   * @param {HTMLCanvasElement} canvas that lets the pointer through
   * @param {Player} player
   */
  constructor(canvas, player) {
    this.canvas = canvas;
    this.player = player;
    player.on("time", () => this.draw());
    new ResizeObserver(() => this.draw()).observe(player.video);
  }

  /** @param {DocumentStore} store */
  show(store) {
    this.store = store;
    this.draw();
  }

  /** The segment whose text is there; the smallest one of several. @param {MouseEvent} event */
  at({ offsetX, offsetY }) {
    return this.boxes
      .filter(({ x, y, w, h }) => offsetX >= x && offsetX <= x + w && offsetY >= y && offsetY <= y + h)
      .sort((one, other) => one.w * one.h - other.w * other.h)[0]?.id;
  }

  /** What is on the screen now, each with where its text was read.
   * @returns {[kind: string, item: Item, boxes: readonly number[][]][]}
   */
  #now() {
    const { store, player } = this;
    if (!store || !this.shown || !store.media.texts.size) return [];
    const { texts } = store.media;
    const isNow = (/** @type {Item} */ { start, end }) => start <= player.time + 1e-6 && player.time < end;
    /** @type {[string, Item, readonly number[][]][]} */
    const found = [];
    for (const item of store.annotations.values()) {
      const boxes = texts.get(item.prediction_id ?? "");
      if (boxes && isNow(item)) found.push(["annotation", item, boxes]);
    }
    for (const item of store.predictions.values()) {
      const boxes = texts.get(item.id);
      if (boxes && !item.verdict && isNow(item) && store.isShown(item)) found.push(["prediction", item, boxes]);
    }
    return found;
  }

  draw() {
    const { canvas, player, store } = this;
    const { ctx, width, height } = clearedCanvas(canvas);
    this.boxes = [];
    const size = store?.video ?? { width: 1, height: 1 };
    const scale = Math.min(width / size.width, height / size.height);
    const [left, top] = [(width - size.width * scale) / 2, (height - size.height * scale) / 2];
    for (const [kind, item, boxes] of this.#now()) {
      const [x1, y1, x2, y2] = placeAt(boxes, player.time).map((value) => value * scale);
      const box = { id: item.id, label: item.label, x: left + x1, y: top + y1, w: x2 - x1, h: y2 - y1 };
      this.boxes.push(box);
      this.#drawBox(ctx, box, item.id === this.chosen ? "chosen" : kind);
    }
    canvas.dataset.texts = JSON.stringify(this.boxes);
  }

  /**
   * @param {CanvasRenderingContext2D} ctx
   * @param {TextBox} box
   * @param {string} kind
   */
  #drawBox(ctx, { x, y, w, h }, kind) {
    const [colour, dash] = LOOKS[kind];
    ctx.lineWidth = 4;
    ctx.strokeStyle = "rgb(8 10 18 / 55%)";
    ctx.setLineDash([]);
    ctx.strokeRect(x, y, w, h);
    ctx.lineWidth = 2;
    ctx.strokeStyle = colour;
    ctx.setLineDash(dash);
    ctx.strokeRect(x, y, w, h);
  }
}

/** Where a text is at a time: between two of its boxes, or at the first or last where a person moved its ends.
 * @param {readonly number[][]} boxes [time, x1, y1, x2, y2], rising in time
 * @param {number} time
 */
export function placeAt(boxes, time) {
  const i = countBefore(boxes.length, (k) => boxes[k][0] <= time + 1e-6) - 1;
  const [before, next] = [boxes[Math.max(0, i)], boxes[i + 1] ?? boxes[boxes.length - 1]];
  const gap = next[0] - before[0];
  const share = gap > 0 ? Math.max(0, (time - before[0]) / gap) : 0;
  return [1, 2, 3, 4].map((k) => before[k] + share * (next[k] - before[k]));
}
