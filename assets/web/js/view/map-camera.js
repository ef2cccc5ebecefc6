// Moving over the map and into it. The picture that is there is moved and scaled while a hand moves, which takes no time
// however many points it shows; it is drawn anew when the hand rests.

/** What is seen of both axes: [low, high] of x, [low, high] of y. @typedef {number[][]} Range */

const REST_MS = 150; // without a turn of the wheel
const FASTEST = 1.25; // times nearer by one turn
const MOVED_PX = 3; // less is a click

export class MapCamera {
  /** The picture that is there lies at x * scale + dx. */
  #scale = 1;
  #dx = 0;
  #dy = 0;
  /** Where the hand was last, while it drags. @type {{ x: number, y: number } | null} */
  #held = null;
  #moved = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #rest;

  /** Whether dragging moves the map. */
  isDragging = false;

  /**
   * @param {HTMLElement} box
   * @param {() => Range | null} seen
   * @param {(range: Range) => Promise<void>} draw
   */
  constructor(box, seen, draw) {
    this.box = box;
    this.seen = seen;
    this.draw = draw;
    box.addEventListener("pointerdown", (event) => this.#take(event), true);
    box.addEventListener("pointermove", (event) => this.#drag(event), true);
    for (const name of /** @type {const} */ (["pointerup", "pointercancel"]))
      box.addEventListener(name, () => this.#release(), true);
    box.addEventListener("wheel", (event) => this.#turn(event), { passive: false });
  }

  /** Whether the hand has moved the map since it was put down: then it opens nothing. */
  get hasMoved() {
    return this.#moved > MOVED_PX;
  }

  /** @param {PointerEvent} event */
  #take({ button, clientX, clientY, pointerId }) {
    this.#moved = 0;
    if (!this.isDragging || button !== 0) return;
    this.#held = { x: clientX, y: clientY };
    this.box.setPointerCapture(pointerId);
  }

  /** @param {PointerEvent} event */
  #drag({ clientX, clientY }) {
    if (!this.#held) return;
    const [dx, dy] = [clientX - this.#held.x, clientY - this.#held.y];
    this.#held = { x: clientX, y: clientY };
    this.#moved += Math.abs(dx) + Math.abs(dy);
    this.#dx += dx;
    this.#dy += dy;
    this.#show();
  }

  #release() {
    if (!this.#held) return;
    this.#held = null;
    this.#commit();
  }

  /** Nearer or farther, around the pointer. @param {WheelEvent} event */
  #turn(event) {
    if (!this.seen()) return;
    event.preventDefault();
    const { left, top } = this.box.getBoundingClientRect();
    const turned = -event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 0.05 : 0.002);
    const factor = Math.min(FASTEST, Math.max(1 / FASTEST, Math.exp(turned)));
    const [x, y] = [event.clientX - left, event.clientY - top];
    this.#dx = x - (x - this.#dx) * factor;
    this.#dy = y - (y - this.#dy) * factor;
    this.#scale *= factor;
    this.#show();
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => this.#commit(), REST_MS);
  }

  get #picture() {
    return /** @type {HTMLElement | null} */ (this.box.querySelector(".svg-container"));
  }

  #show() {
    const picture = this.#picture;
    if (!picture) return;
    picture.style.transformOrigin = "0 0";
    picture.style.transform = `translate(${this.#dx}px, ${this.#dy}px) scale(${this.#scale})`;
  }

  /** Draw what is seen now. */
  async #commit() {
    const seen = this.seen();
    const [scale, dx, dy] = [this.#scale, this.#dx, this.#dy];
    if (!seen || this.#held || (scale === 1 && !dx && !dy)) return;
    const { clientWidth: width, clientHeight: height } = this.box;
    const [[left, right], [bottom, top]] = seen;
    const x = (/** @type {number} */ px) => left + ((px - dx) / scale / width) * (right - left);
    const y = (/** @type {number} */ px) => top - ((px - dy) / scale / height) * (top - bottom);
    await this.draw([
      [x(0), x(width)],
      [y(height), y(0)],
    ]);
    // what the hand did meanwhile is done to the new picture
    this.#scale /= scale;
    this.#dx -= dx * this.#scale;
    this.#dy -= dy * this.#scale;
    this.#show();
    if (this.#scale === 1 && !this.#dx && !this.#dy && this.#picture) this.#picture.style.transform = "";
  }
}
