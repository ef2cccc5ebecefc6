// Boxes over time, drawn over the video at the very frame that is shown; while boxes are drawn, the pointer and the keys
// make, move and size them.

import { BOXES, moved, placeAt, titleOf, within } from "../model/box-track.js";
import { clearedCanvas, isolated } from "./dom.js";
import { FONT } from "./fonts.js";
import { colourOf } from "./layout.js";

/** @import { BoxTrack, Corners } from "../types.js" */
/** @import { DocumentStore } from "../model/document-store.js" */
/** @import { Player } from "./player.js" */

/** Over which picture boxes are drawn: `medium` is the id of its camera, "" the main one. Its `time` is its own, of the
 * frame that it shows; null where it shows none.
 * @typedef {object} Screen
 * @property {string} medium
 * @property {HTMLElement} picture
 * @property {() => { width: number, height: number } | null | undefined} size px of its frames
 * @property {() => number | null} time
 */

/** What the page does with what a person draws.
 * @typedef {object} Actions
 * @property {(id: string | null) => void} choose
 * @property {(box: Corners) => void} create
 * @property {(id: string, box: Corners) => void} place a box is there at the frame that is shown
 * @property {(key: string) => boolean} command what a key does beside that; whether it does anything
 */

/** A box as it is drawn: px on the canvas. ghost: it is not seen at this frame, and shown since it is chosen;
 * occluded: a part of it is hidden.
 * @typedef {{ id: string, title: string, x: number, y: number, w: number, h: number, ghost: boolean, key: boolean,
 *   occluded: boolean }} Drawn
 * @typedef {{ x: number, y: number }} Point shares of the picture
 * @typedef {{ id: string | null, handle: [number, number] | null, from: Point, box: Corners, moved: boolean }} Drag
 *   handle: which edges go with the pointer, -1, 0 or 1 across and down; null: the whole box
 */

const HANDLE_PX = 8;
const REACH_PX = { mouse: 8, pen: 10, touch: 20 };
const CLICK_PX = 4;
const HANDLES = /** @type {[number, number][]} */ ([-1, 0, 1].flatMap((x) => [-1, 0, 1].map((y) => [x, y]))).filter(
  ([x, y]) => x || y,
);
/** @type {{ [key: string]: [number, number] }} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const FAR = 10; // px of the picture that an arrow with Shift goes
const LABEL = "Boxes over the picture";

export class BoxOverlay {
  /** @type {DocumentStore | null} */
  store = null;
  /** @type {string | null} */
  chosen = null;
  /** whether the pointer draws */
  isEditing = false;
  /** @type {Drawn[]} */
  boxes = [];
  /** what is being drawn, moved or sized @type {{ id: string | null, box: Corners } | null} */
  #draft = null;
  /** @type {Drag | null} */
  #drag = null;
  /** whether nothing is drawn */
  #isClear = true;
  /** where the picture lies on the canvas, px */
  #picture = { left: 0, top: 0, width: 1, height: 1 };

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Player} player
   * @param {Screen} screen
   * @param {Actions} actions
   */
  constructor(canvas, player, screen, actions) {
    this.canvas = canvas;
    this.player = player;
    this.screen = screen;
    this.actions = actions;
    this.off = player.on("time", () => {
      this.#commit();
      this.draw();
    });
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(screen.picture);
    canvas.addEventListener("click", (event) => this.isEditing && event.stopPropagation()); // it plays nothing
    canvas.addEventListener("pointerdown", (event) => this.#begin(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#end(event));
    canvas.addEventListener("pointercancel", () => this.cancel());
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("keyup", ({ key }) => key in ARROWS && this.#commit());
    canvas.addEventListener("blur", () => this.#commit());
  }

  /** @param {boolean} isEditing */
  edit(isEditing) {
    const { canvas } = this;
    this.cancel();
    this.isEditing = isEditing;
    canvas.classList.toggle("editing", isEditing);
    if (isEditing) {
      canvas.tabIndex = 0;
      canvas.setAttribute("role", "application");
      canvas.setAttribute("aria-label", LABEL);
      canvas.removeAttribute("aria-hidden");
    } else {
      for (const name of ["tabindex", "role", "aria-label"]) canvas.removeAttribute(name);
      canvas.setAttribute("aria-hidden", "true");
    }
    this.draw();
  }

  /** Its camera has gone: nothing is followed any more, and nothing of the document kept. */
  close() {
    this.off();
    this.observer.disconnect();
    this.store = null;
  }

  /** The box at a place of the canvas, the smallest one of several. @param {{ offsetX: number, offsetY: number }} event */
  at({ offsetX, offsetY }) {
    return this.boxes
      .filter(({ ghost, x, y, w, h }) => !ghost && offsetX >= x && offsetX <= x + w && offsetY >= y && offsetY <= y + h)
      .sort((one, other) => one.w * one.h - other.w * other.h)[0]?.id;
  }

  /** What was begun is forgotten. */
  cancel() {
    this.#drag = null;
    this.#draft = null;
    this.draw();
  }

  // ---------------------------------------------------------------- drawing

  draw() {
    const { canvas, store, screen } = this;
    const tracks = [...(store?.boxes.values() ?? [])].filter(this.#isMine);
    if (!tracks.length && !this.#draft && !this.isEditing && this.#isClear) return; // while it plays, that is every frame
    this.#isClear = !tracks.length && !this.#draft;
    const { ctx, width, height } = clearedCanvas(canvas);
    this.boxes = [];
    const [size, time] = [screen.size(), screen.time()];
    if (size?.width && time !== null) {
      const scale = Math.min(width / size.width, height / size.height);
      const [wide, high] = [size.width * scale, size.height * scale];
      this.#picture = { left: (width - wide) / 2, top: (height - high) / 2, width: wide, height: high };
      for (const track of tracks) {
        const place = placeAt(track, time);
        const isChosen = track.id === this.chosen;
        const isSeen = place.isThere && !place.hidden;
        if (!isSeen && !(isChosen && this.isEditing)) continue;
        const drafted = this.#draft?.id === track.id ? this.#draft.box : place.box;
        this.#drawBox(ctx, track, drafted, { ghost: !isSeen, key: place.isKey, occluded: place.occluded });
      }
      if (this.#draft?.id === null) this.#drawOutline(ctx, this.#px(this.#draft.box), "#ffffff", []);
    }
    canvas.dataset.boxes = JSON.stringify(this.boxes);
  }

  /** @param {BoxTrack} track */
  #isMine = (track) => (track.medium ?? "") === this.screen.medium;

  /** @param {Corners} box */
  #px([x1, y1, x2, y2]) {
    const { left, top, width, height } = this.#picture;
    return { x: left + x1 * width, y: top + y1 * height, w: (x2 - x1) * width, h: (y2 - y1) * height };
  }

  /**
   * @param {CanvasRenderingContext2D} ctx
   * @param {BoxTrack} track
   * @param {Corners} box
   * @param {{ ghost: boolean, key: boolean, occluded: boolean }} how
   */
  #drawBox(ctx, track, box, { ghost, key, occluded }) {
    const place = this.#px(box);
    const title = titleOf(track);
    this.boxes.push({ id: track.id, title, ghost, key, occluded, ...place });
    const colour = colourOf(/** @type {DocumentStore} */ (this.store), { track: BOXES, label: track.label });
    const isChosen = track.id === this.chosen;
    ctx.globalAlpha = ghost ? 0.6 : 1;
    this.#drawOutline(
      ctx,
      place,
      isChosen ? "#ffffff" : colour,
      ghost ? [5, 5] : occluded ? [3, 4] : key ? [] : [9, 3],
    );
    ctx.font = `600 12px ${FONT}`;
    const { x, y, h } = place;
    const wide = ctx.measureText(isolated(title)).width + 10;
    const above = y > 20 ? y - 19 : y + h + 2;
    ctx.fillStyle = "rgb(8 10 18 / 78%)";
    ctx.fillRect(x - 1, above, Math.min(wide, 260), 17);
    ctx.fillStyle = colour;
    ctx.fillRect(x - 1, above, 4, 17);
    ctx.fillStyle = "#ffffff";
    ctx.textBaseline = "middle";
    ctx.fillText(isolated(title), x + 6, above + 9, 250);
    if (isChosen && this.isEditing) for (const handle of HANDLES) this.#drawHandle(ctx, place, handle);
    ctx.globalAlpha = 1;
  }

  /**
   * @param {CanvasRenderingContext2D} ctx
   * @param {{ x: number, y: number, w: number, h: number }} place
   * @param {string} colour
   * @param {number[]} dash
   */
  #drawOutline(ctx, { x, y, w, h }, colour, dash) {
    ctx.setLineDash([]);
    ctx.lineWidth = 4;
    ctx.strokeStyle = "rgb(8 10 18 / 60%)";
    ctx.strokeRect(x, y, w, h);
    ctx.setLineDash(dash);
    ctx.lineWidth = 2;
    ctx.strokeStyle = colour;
    ctx.strokeRect(x, y, w, h);
    ctx.setLineDash([]);
  }

  /**
   * @param {CanvasRenderingContext2D} ctx
   * @param {{ x: number, y: number, w: number, h: number }} place
   * @param {[number, number]} handle
   */
  #drawHandle(ctx, { x, y, w, h }, [across, down]) {
    const [left, top] = [x + ((across + 1) / 2) * w - HANDLE_PX / 2, y + ((down + 1) / 2) * h - HANDLE_PX / 2];
    ctx.fillStyle = "#ffffff";
    ctx.fillRect(left, top, HANDLE_PX, HANDLE_PX);
    ctx.lineWidth = 1;
    ctx.strokeStyle = "#10121c";
    ctx.strokeRect(left, top, HANDLE_PX, HANDLE_PX);
  }

  // ---------------------------------------------------------------- the pointer

  /** @param {PointerEvent} event @returns {Point} */
  #point({ offsetX, offsetY }) {
    const { left, top, width, height } = this.#picture;
    return { x: (offsetX - left) / width, y: (offsetY - top) / height };
  }

  /** @param {PointerEvent} event @returns {[number, number] | null} */
  #handleAt({ offsetX, offsetY, pointerType }) {
    const box = this.boxes.find(({ id }) => id === this.chosen);
    if (!box) return null;
    const reach = REACH_PX[/** @type {keyof typeof REACH_PX} */ (pointerType)] ?? REACH_PX.mouse;
    const away = ([across, down] = /** @type {[number, number]} */ ([0, 0])) =>
      Math.hypot(box.x + ((across + 1) / 2) * box.w - offsetX, box.y + ((down + 1) / 2) * box.h - offsetY);
    const [near] = HANDLES.toSorted((one, other) => away(one) - away(other));
    const middle = Math.hypot(box.x + box.w / 2 - offsetX, box.y + box.h / 2 - offsetY);
    // of a box smaller than its handles the middle moves it
    return away(near) <= reach && away(near) < middle ? near : null;
  }

  /** Whether a point lies on the box that is chosen, also where it is not seen. @param {PointerEvent} event */
  #isOnChosen({ offsetX, offsetY }) {
    const box = this.boxes.find(({ id }) => id === this.chosen);
    return Boolean(box && offsetX >= box.x && offsetX <= box.x + box.w && offsetY >= box.y && offsetY <= box.y + box.h);
  }

  /** @param {PointerEvent} event */
  #begin(event) {
    const { canvas, player, screen } = this;
    const time = screen.time();
    if (!this.isEditing || event.button > 0 || this.#drag || time === null) return;
    event.preventDefault();
    canvas.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    player.pause();
    this.#commit();
    const from = this.#point(event);
    const handle = this.#handleAt(event);
    const hit = handle || this.#isOnChosen(event) ? this.chosen : (this.at(event) ?? null);
    const track = hit === null ? null : this.store?.boxes.get(hit);
    if (hit !== this.chosen && hit !== null) this.actions.choose(hit);
    const box = track ? placeAt(track, time).box : within([from.x, from.y, from.x, from.y]);
    this.#drag = { id: track ? track.id : null, handle, from, box, moved: false };
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const drag = this.#drag;
    if (!this.isEditing) return;
    if (!drag) {
      const handle = this.#handleAt(event);
      this.canvas.style.cursor = handle
        ? cursorOf(handle)
        : this.#isOnChosen(event) || this.at(event)
          ? "move"
          : "crosshair";
      return;
    }
    const to = this.#point(event);
    const { width, height } = this.#picture;
    const [dx, dy] = [to.x - drag.from.x, to.y - drag.from.y];
    if (!drag.moved && Math.hypot(dx * width, dy * height) < CLICK_PX) return;
    drag.moved = true;
    const box =
      drag.id === null
        ? within([drag.from.x, drag.from.y, to.x, to.y])
        : drag.handle
          ? sized(drag.box, drag.handle, dx, dy)
          : moved(drag.box, dx, dy);
    this.#draft = { id: drag.id, box };
    this.draw();
  }

  /** @param {PointerEvent} event */
  #end(event) {
    const drag = this.#drag;
    if (!drag) return;
    this.#drag = null;
    if (drag.moved && this.#draft) this.#commit();
    else if (drag.id === null) this.actions.choose(this.at(event) ?? null);
  }

  /** What was drawn, moved or sized is saved. */
  #commit() {
    const draft = this.#draft;
    if (!draft || this.#drag) return;
    this.#draft = null;
    if (draft.id === null) this.actions.create(draft.box);
    else this.actions.place(draft.id, draft.box);
    this.draw();
  }

  // ---------------------------------------------------------------- keys

  /** Arrows move what is chosen, with Alt they size it; of all other keys those are taken that mean something here.
   * @param {KeyboardEvent} event
   */
  #key(event) {
    const { store, player, screen } = this;
    const [size, time] = [screen.size(), screen.time()];
    const known = store?.boxes.get(this.chosen ?? "");
    const track = known && this.#isMine(known) ? known : undefined;
    const step = ARROWS[event.key];
    const isDragging = this.#drag !== null;
    if (isDragging && event.key === "Escape") this.cancel();
    else if (isDragging) return;
    else if (step && track && size && time !== null && !event.ctrlKey && !event.metaKey) {
      const { width, height } = size;
      const far = event.shiftKey ? FAR : 1;
      const [dx, dy] = [(step[0] * far) / width, (step[1] * far) / height];
      const box = this.#draft?.id === track.id ? this.#draft.box : placeAt(track, time).box;
      player.pause();
      this.#draft = { id: track.id, box: event.altKey ? sized(box, [1, 1], dx, dy) : moved(box, dx, dy) };
      this.draw();
    } else if (event.ctrlKey || event.metaKey || event.altKey || !this.actions.command(event.key)) return;
    event.preventDefault();
    event.stopPropagation(); // the page's keys mean something else
  }
}

/** A box with some of its edges moved.
 * @param {Corners} box
 * @param {[number, number]} handle
 * @param {number} dx
 * @param {number} dy
 * @returns {Corners}
 */
function sized([x1, y1, x2, y2], [across, down], dx, dy) {
  return within([
    across < 0 ? x1 + dx : x1,
    down < 0 ? y1 + dy : y1,
    across > 0 ? x2 + dx : x2,
    down > 0 ? y2 + dy : y2,
  ]);
}

/** @param {[number, number]} handle */
function cursorOf([across, down]) {
  if (!across) return "ns-resize";
  if (!down) return "ew-resize";
  return across === down ? "nwse-resize" : "nesw-resize";
}
