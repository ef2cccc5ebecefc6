// What is looked at of sound alone, in place of a film: its waveform and its spectrogram, over the timeline's view.

import { levelFor, SoundTiles } from "../model/sound-tiles.js";
import { soundTile } from "../sync/api.js";
import { clock, clearedCanvas } from "./dom.js";
import { FONT } from "./fonts.js";

/** @import { PlacedTile } from "../model/sound-tiles.js" */
/** @import { Selection } from "../model/selection.js" */
/** @import { DocumentStore } from "../model/document-store.js" */
/** @import { Player } from "./player.js" */
/** @import { Timeline } from "./timeline.js" */

const TOP_HZ = 8000;
const MARKS_HZ = [250, 500, 1000, 2000, 4000, 8000];
const WAVE_SHARE = 0.32; // of the height
const RANGE = 185; // levels from the loud parts down to what is nothing: 58 dB
const AXIS_W = 46;
const CLICK_PX = 3;

export class SoundStage {
  /** @type {DocumentStore | null} */
  #store = null;
  /** Pictures of tiles in the colours of the page. @type {WeakMap<PlacedTile, OffscreenCanvas>} */
  #pictures = new WeakMap();
  #colours = { of: "", ramp: new Uint8ClampedArray(0) };
  /** pointer → its x @type {Map<number, number>} */
  #fingers = new Map();
  /** The times under two fingers. @type {[number, number] | null} */
  #pinch = null;
  /** Two fingers were there, and one still is: it goes nowhere. */
  #hasPinched = false;
  /** Where Shift or the middle button took hold. @type {{ x: number, start: number, end: number } | null} */
  #pan = null;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {HTMLElement} note said while there is nothing to see
   * @param {Timeline} timeline whose view it shows
   * @param {Player} player
   * @param {Selection} selection
   */
  constructor(canvas, note, timeline, player, selection) {
    this.canvas = canvas;
    this.note = note;
    this.timeline = timeline;
    this.player = player;
    this.selection = selection;
    this.tiles = new SoundTiles(
      (level, number) => soundTile(this.#store?.video?.id ?? "", level, number),
      () => timeline.invalidate(),
    );
    new ResizeObserver(() => this.draw()).observe(canvas);
    timeline.on("drawn", () => this.draw()); // the view, the playhead, the marks and the colours are the timeline's
    canvas.addEventListener("pointerdown", (event) => this.#begin(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of /** @type {const} */ (["pointerup", "pointercancel"]))
      canvas.addEventListener(name, (event) => this.#end(event));
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  /** Show a recording; nothing of a video, which has pictures. @param {DocumentStore | null} store */
  open(store) {
    this.#store = store?.video && !store.video.width ? store : null;
    this.canvas.hidden = !this.#store;
    this.note.hidden = true;
    this.tiles.clear();
    this.timeline.invalidate();
  }

  /** What is computed may be there by now. */
  again() {
    if (this.#store && this.tiles.isEmpty) this.open(this.#store);
  }

  // ---------------------------------------------------------------- time

  /** Where the time begins, in px: above that of the timeline. */
  #left = AXIS_W;
  /** How wide it is. */
  #width = 1;

  #measure() {
    const { canvas, timeline } = this;
    const left = timeline.root.getBoundingClientRect().left - canvas.getBoundingClientRect().left;
    this.#left = Math.max(AXIS_W, Math.round(left));
    this.#width = Math.max(1, canvas.clientWidth - this.#left);
  }

  /** @param {number} time */
  #x(time) {
    const { start, end } = this.timeline;
    return this.#left + ((time - start) / (end - start)) * this.#width;
  }

  /** @param {number} x */
  #time(x) {
    const { start, end } = this.timeline;
    return start + ((x - this.#left) / this.#width) * (end - start);
  }

  // ---------------------------------------------------------------- drawing

  draw() {
    const { canvas, timeline } = this;
    const store = this.#store;
    if (!store || !canvas.clientWidth) return;
    this.#measure();
    const { ctx, width, height, ratio } = clearedCanvas(canvas);
    const { start, end } = timeline;
    const left = this.#left;
    const tiles = this.tiles.between(start, end, levelFor((end - start) / this.#width / ratio, store.playable));
    this.note.hidden = !this.tiles.isEmpty;
    const wave = { y: 0, height: Math.round(height * WAVE_SHARE) };
    const spectrum = { y: wave.height, height: height - wave.height };
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, 0, width - left, height);
    ctx.clip();
    for (const tile of tiles) this.#drawSpectrum(ctx, tile, spectrum);
    for (const tile of tiles) this.#drawWave(ctx, tile, wave);
    this.#drawSpans(ctx, height);
    ctx.restore();
    this.#drawAxis(ctx, { left, width }, wave, spectrum);
    const x = this.#x(this.player.time);
    if (x >= left - 1 && x <= width + 1) {
      ctx.fillStyle = timeline.ink.playhead;
      ctx.fillRect(x - 0.75, 0, 1.5, height);
    }
    this.#tell();
  }

  /** For those who do not see it, and for tests. */
  #tell() {
    const { canvas, player } = this;
    canvas.setAttribute("aria-valuemax", player.frames.duration.toFixed(3));
    canvas.setAttribute("aria-valuenow", player.time.toFixed(3));
    canvas.setAttribute("aria-valuetext", clock(player.time));
  }

  /** The chosen segment, and what is between the marks. */
  #spans() {
    const { marks } = this.timeline;
    const chosen = this.#store?.shown(this.selection.current);
    const from = marks.in;
    const to = marks.out ?? (from !== null && this.player.time > from ? this.player.time : null);
    return [
      ...(chosen ? [{ start: chosen.start, end: chosen.end, isMark: false }] : []),
      ...(from !== null ? [{ start: from, end: to ?? from, isMark: true }] : []),
    ];
  }

  /** @param {CanvasRenderingContext2D} ctx @param {number} height */
  #drawSpans(ctx, height) {
    const { ink } = this.timeline;
    for (const { start, end, isMark } of this.#spans()) {
      ctx.fillStyle = isMark ? ink.ok : ink.accent;
      ctx.globalAlpha = 0.16;
      ctx.fillRect(this.#x(start), 0, this.#x(end) - this.#x(start), height);
      ctx.globalAlpha = 1;
      for (const time of new Set([start, end])) ctx.fillRect(this.#x(time) - 0.75, 0, 1.5, height);
    }
  }

  /**
   * @param {CanvasRenderingContext2D} ctx
   * @param {PlacedTile} tile
   * @param {{ y: number, height: number }} place
   */
  #drawSpectrum(ctx, tile, { y, height }) {
    if (!tile.count) return;
    const x = this.#x(tile.from);
    const end = this.#x(tile.from + tile.count * tile.perRow);
    ctx.imageSmoothingQuality = "high";
    ctx.drawImage(this.#picture(tile), x, y, end - x, height);
  }

  /** @param {PlacedTile} tile */
  #picture(tile) {
    const ramp = this.#ramp();
    const known = this.#pictures.get(tile);
    if (known) return known;
    const { bands, count, rows, loud } = tile;
    const image = new ImageData(count, bands);
    const pixels = new Uint32Array(image.data.buffer);
    const colours = new Uint32Array(ramp.buffer);
    const low = Math.max(0, loud - RANGE);
    const scale = 255 / Math.max(1, loud - low);
    for (let column = 0; column < count; column++) {
      const at = column * (bands + 2) + 2;
      for (let band = 0; band < bands; band++) {
        const level = Math.min(255, Math.max(0, Math.round((rows[at + band] - low) * scale)));
        pixels[(bands - 1 - band) * count + column] = colours[level];
      }
    }
    const picture = new OffscreenCanvas(count, bands);
    picture.getContext("2d")?.putImageData(image, 0, 0);
    this.#pictures.set(tile, picture);
    return picture;
  }

  /** The colours of the levels: from the ground of the page over its accent to its text. */
  #ramp() {
    const { surface, accent, text } = this.timeline.ink;
    const of = `${surface} ${accent} ${text}`;
    if (of === this.#colours.of) return this.#colours.ramp;
    const strip = new OffscreenCanvas(256, 1);
    const ctx = /** @type {OffscreenCanvasRenderingContext2D} */ (strip.getContext("2d"));
    const gradient = ctx.createLinearGradient(0, 0, 256, 0);
    gradient.addColorStop(0, surface);
    gradient.addColorStop(0.12, surface);
    gradient.addColorStop(0.62, accent);
    gradient.addColorStop(1, text);
    ctx.fillStyle = gradient;
    ctx.fillRect(0, 0, 256, 1);
    this.#colours = { of, ramp: ctx.getImageData(0, 0, 256, 1).data };
    this.#pictures = new WeakMap();
    return this.#colours.ramp;
  }

  /** The samples between their lowest and highest, as high as the recording is loud.
   * @param {CanvasRenderingContext2D} ctx
   * @param {PlacedTile} tile
   * @param {{ y: number, height: number }} place
   */
  #drawWave(ctx, { bands, count, rows, from, perRow }, { y, height }) {
    const { start, end, ink } = this.timeline;
    const first = Math.max(0, Math.floor((start - from) / perRow) - 1);
    const last = Math.min(count, Math.ceil((end - from) / perRow) + 1);
    if (last <= first) return;
    const middle = y + height / 2;
    const scale = (height / 2 - 5) / this.#peak;
    const level = (/** @type {number} */ row, /** @type {number} */ which) =>
      middle - (rows[row * (bands + 2) + which] - 127.5) * scale;
    // the middles of the rows, and at both ends the edges, on whole pixels, where the next tile goes on
    const x = (/** @type {number} */ place) => {
      const at = this.#x(from + place * perRow);
      return place === first || place === last ? Math.round(at) : at;
    };
    const places = [first, ...Array.from({ length: last - first }, (_, i) => first + i + 0.5), last];
    const rowAt = (/** @type {number} */ place) => Math.min(last - 1, Math.floor(place));
    ctx.clearRect(x(first), y, x(last) - x(first), height); // what lies there of a coarser tile
    ctx.beginPath();
    for (const place of places) ctx.lineTo(x(place), Math.min(middle - 0.5, level(rowAt(place), 1)));
    for (const place of places.reverse()) ctx.lineTo(x(place), Math.max(middle + 0.5, level(rowAt(place), 0)));
    ctx.closePath();
    ctx.fillStyle = ink.wave;
    ctx.fill();
  }

  /** How far the samples go from silence, of 127.5. */
  get #peak() {
    const wave = this.#store?.media.waveform;
    if (!wave?.length) return 127.5;
    if (this.#loudest.wave !== wave) {
      const peak = wave.reduce((most, sample) => Math.max(most, Math.abs(sample)), 2);
      this.#loudest = { wave, peak };
    }
    return this.#loudest.peak;
  }
  /** @type {{ wave: Int8Array | null, peak: number }} */
  #loudest = { wave: null, peak: 127 };

  /**
   * @param {CanvasRenderingContext2D} ctx
   * @param {{ left: number, width: number }} across
   * @param {{ y: number, height: number }} wave
   * @param {{ y: number, height: number }} spectrum
   */
  #drawAxis(ctx, { left, width }, wave, { y, height }) {
    const { ink } = this.timeline;
    const mel = (/** @type {number} */ hz) => Math.log1p(hz / 700);
    ctx.fillStyle = ink.line;
    ctx.fillRect(0, wave.height - 0.5, width, 1);
    ctx.fillRect(left - 1, 0, 1, y + height);
    ctx.font = `10.5px ${FONT}`;
    ctx.textAlign = "right";
    ctx.textBaseline = "middle";
    let above = Infinity;
    for (const hz of MARKS_HZ) {
      const at = y + height - (mel(hz) / mel(TOP_HZ)) * height;
      if (above - at < 13) continue;
      above = at;
      ctx.fillStyle = ink.line;
      ctx.fillRect(left - 5, at, 5, 1);
      ctx.fillStyle = ink.muted;
      const text = hz < 1000 ? `${hz} Hz` : `${hz / 1000} kHz`;
      ctx.fillText(text, left - 7, Math.min(y + height - 6, Math.max(y + 7, at)));
    }
    ctx.textAlign = "left";
  }

  // ---------------------------------------------------------------- pointer

  /** @param {PointerEvent} event */
  #begin(event) {
    if (event.button > 1 || !this.#store) return;
    this.canvas.setPointerCapture(event.pointerId);
    const { start, end } = this.timeline;
    if (event.button === 1 || event.shiftKey) this.#pan = { x: event.offsetX, start, end };
    else {
      this.#fingers.set(event.pointerId, event.offsetX);
      if (this.#fingers.size === 2) {
        const [a, b] = [...this.#fingers.values()];
        this.#pinch = [this.#time(a), this.#time(b)];
        this.#hasPinched = true;
      } else if (event.pointerType !== "touch") this.#seek(event.offsetX); // a second finger may come
    }
    this.canvas.focus({ preventScroll: true });
    event.preventDefault();
  }

  /** @param {number} x */
  #seek(x) {
    this.player.range = null;
    this.player.scrub(Math.min(Math.max(0, this.#time(x)), this.timeline.duration));
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const { timeline } = this;
    if (this.#pan) {
      const { x, start, end } = this.#pan;
      const by = ((event.offsetX - x) / this.#width) * (end - start);
      timeline.setView(start - by, end - by);
      return;
    }
    if (!this.#fingers.has(event.pointerId)) return;
    this.#fingers.set(event.pointerId, event.offsetX);
    if (!this.#pinch) {
      if (!this.#hasPinched) this.#seek(event.offsetX);
      return;
    }
    const [a, b] = [...this.#fingers.values()];
    const [from, to] = this.#pinch;
    if (Math.abs(b - a) < CLICK_PX) return;
    const perPixel = (to - from) / (b - a);
    if (perPixel <= 0) return;
    const begin = from - (a - this.#left) * perPixel;
    timeline.setView(begin, begin + this.#width * perPixel);
  }

  /** @param {PointerEvent} event */
  #end(event) {
    const isTap = event.type === "pointerup" && event.pointerType === "touch" && !this.#hasPinched && !this.#pan;
    if (isTap && this.#fingers.has(event.pointerId)) this.#seek(event.offsetX);
    this.#pan = null;
    this.#fingers.delete(event.pointerId);
    if (this.#fingers.size < 2) this.#pinch = null;
    if (!this.#fingers.size) this.#hasPinched = false;
  }

  /** As over the timeline. @param {WheelEvent} event */
  #wheel(event) {
    if (!this.#store) return;
    event.preventDefault();
    const { timeline } = this;
    const amount = event.deltaMode === 1 ? 16 : 1;
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))
      timeline.pan((((event.deltaX || event.deltaY) * amount) / this.#width) * (timeline.end - timeline.start));
    else timeline.zoom(Math.exp(event.deltaY * amount * 0.0015), this.#time(event.offsetX));
  }
}
