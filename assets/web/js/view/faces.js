// Boxes around faces, drawn over the video at the very frame that is shown; their colour says who speaks.

import { countBefore } from "../model/binary-search.js";
import { clearedCanvas, isolated } from "./dom.js";
import { FONT } from "./fonts.js";

/** @import { FaceTrack } from "../types.js" */
/** @import { People } from "../model/people.js" */
/** @import { Player } from "./player.js" */

/** A face as it is drawn: px on the canvas.
 * @typedef {{ name: string, score: number | null, x: number, y: number, w: number, h: number }} FaceBox
 */

const GAP_S = 1; // between two boxes of a track: longer means that the face was away

export class Faces {
  /** @type {readonly FaceTrack[]} */
  tracks = [];
  /** @type {People | null} */
  people = null;
  size = { width: 1, height: 1 };
  shown = true;
  /** @type {FaceBox[]} */
  boxes = [];
  /** @type {string | null} */
  chosen = null;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Player} player
   * @param {{ onpick: (name: string) => void, onname: (name: string) => void, onmiss: (event: MouseEvent) => void }}
   *   actions name: at a double click; miss: at a click where no face is
   */
  constructor(canvas, player, { onpick, onname, onmiss }) {
    this.canvas = canvas;
    this.player = player;
    player.on("time", () => this.draw());
    new ResizeObserver(() => this.draw()).observe(player.video);
    canvas.addEventListener("click", (event) => {
      const hit = this.at(event);
      if (hit) onpick(hit.name);
      else onmiss(event);
    });
    canvas.addEventListener("dblclick", (event) => {
      const hit = this.at(event);
      if (hit) onname(hit.name);
    });
    canvas.addEventListener("mousemove", (event) => (canvas.style.cursor = this.at(event) ? "pointer" : ""));
  }

  /**
   * @param {readonly FaceTrack[]} tracks as a run of speakers has them
   * @param {People} people
   * @param {{ width: number, height: number }} size of the video
   */
  show(tracks, people, size) {
    this.tracks = tracks.map((track) => ({ ...track, times: track.times ?? [], scores: track.scores ?? [] }));
    this.people = people;
    this.size = size;
    this.draw();
  }

  /** @param {MouseEvent} event */
  at(event) {
    return this.boxes.find(
      ({ x, y, w, h }) => event.offsetX >= x && event.offsetX <= x + w && event.offsetY >= y && event.offsetY <= y + h,
    );
  }

  draw() {
    const { canvas, player, size } = this;
    const { ctx, width, height } = clearedCanvas(canvas);
    this.boxes = [];
    canvas.dataset.faces = "[]";
    if (!this.shown || !this.people) return;
    const scale = Math.min(width / size.width, height / size.height);
    const [left, top] = [(width - size.width * scale) / 2, (height - size.height * scale) / 2];
    for (const track of this.tracks) {
      const box = boxAt(track.boxes, player.time);
      const name = box && this.people.nameOf(track.track, player.time);
      if (!box || !name) continue;
      const score = valueAt(track.times, track.scores, player.time);
      const place = {
        name,
        score,
        x: left + box[0] * scale,
        y: top + box[1] * scale,
        w: (box[2] - box[0]) * scale,
        h: (box[3] - box[1]) * scale,
      };
      this.boxes.push(place);
      this.drawBox(ctx, place);
    }
    canvas.dataset.faces = JSON.stringify(
      this.boxes.map(({ name, score, x, y, w, h }) => ({ name, score, x, y, w, h })),
    );
  }

  /**
   * @param {CanvasRenderingContext2D} ctx
   * @param {FaceBox} box
   */
  drawBox(ctx, { name, score, x, y, w, h }) {
    const share = score ?? 0;
    const colour =
      score === null
        ? "#dfe3f3"
        : `hsl(${Math.round(220 - 75 * share)} ${Math.round(25 + 60 * share)}% ${Math.round(72 - 12 * share)}%)`;
    ctx.lineWidth = name === this.chosen ? 3 : 2;
    ctx.strokeStyle = "rgb(8 10 18 / 55%)";
    ctx.beginPath();
    ctx.roundRect(x - 1, y - 1, w + 2, h + 2, 7);
    ctx.stroke();
    ctx.strokeStyle = colour;
    ctx.beginPath();
    ctx.roundRect(x, y, w, h, 6);
    ctx.stroke();
    ctx.font = `600 12px ${FONT}`;
    const text = score === null ? isolated(name) : `${isolated(name)} ${score.toFixed(2)}`;
    const wide = ctx.measureText(text).width + 10;
    const above = y > 20 ? y - 19 : y + h + 2;
    ctx.fillStyle = "rgb(8 10 18 / 72%)";
    ctx.beginPath();
    ctx.roundRect(x - 1, above, wide, 17, 4);
    ctx.fill();
    ctx.fillStyle = colour;
    ctx.textBaseline = "middle";
    ctx.fillText(text, x + 4, above + 9);
  }
}

/** The box at a time between two that are known, or null while the face is away.
 * @param {number[][]} boxes rise in time
 * @param {number} time
 */
function boxAt(boxes, time) {
  const i = countBefore(boxes.length, (k) => boxes[k][0] <= time + 1e-6) - 1;
  if (i < 0) return null;
  const [before, next] = [boxes[i], boxes[i + 1]];
  if (!next) return time - before[0] < 0.1 ? before.slice(1) : null;
  const gap = next[0] - before[0];
  if (gap > GAP_S) return time - before[0] < 0.1 ? before.slice(1) : null;
  const share = (time - before[0]) / gap;
  return [1, 2, 3, 4].map((k) => before[k] + share * (next[k] - before[k]));
}

/** The value of the sample that a time falls into; null far from all of them.
 * @param {number[]} times
 * @param {number[]} values
 * @param {number} time
 */
function valueAt(times, values, time) {
  const last = countBefore(times.length, (i) => times[i] <= time + 0.02) - 1;
  return last < 0 || time - times[last] > 0.2 ? null : values[last];
}
