// A long list of which only what is near the window is in the page: it is asked for in pieces, which are drawn as they
// come into sight and put away as they leave it.

import { el } from "./dom.js";

const PIECE = 60; // of how many items a piece is, about: whole rows of a grid
const NEAR = "800px 0px"; // how far from the window a piece is drawn
const GUESS_PX = 260; // how high a row is before one was drawn

/** @template Item
 * @typedef {object} Source
 * @property {(first: number, count: number) => Promise<{ items: readonly Item[], total: number }>} load
 * @property {(item: Item, index: number) => HTMLElement} draw
 * @property {() => HTMLElement} piece makes what holds the items of a piece
 * @property {(height: number) => Node[]} [blank] what takes the room of a piece that is put away
 * @property {(piece: HTMLElement) => number} columns how many items a row of a piece has
 */

/** @typedef {{ element: HTMLElement, first: number, isNear: boolean, shown: string, height: number, turn: number }} Piece */

/** @template Item */
export class WindowList {
  total = 0;
  /** @type {Piece[]} */
  #pieces = [];
  #size = PIECE;
  #columns = 1;
  #rowHeight = GUESS_PX;
  #turns = 0;
  #near;
  #fit;

  /**
   * @param {HTMLElement} box
   * @param {Source<Item>} source
   */
  constructor(box, source) {
    this.box = box;
    this.source = source;
    this.#near = new IntersectionObserver((entries) => this.#moved(entries), { rootMargin: NEAR });
    this.#fit = new ResizeObserver(() => this.#fitColumns());
    this.#fit.observe(box);
    this.reset();
  }

  /** Nothing of it is in the page any more. */
  close() {
    this.#near.disconnect();
    this.#fit.disconnect();
    this.#pieces = [];
    this.box.replaceChildren();
  }

  /** It begins anew: other items, or in another order. */
  reset() {
    this.#near.disconnect();
    this.#pieces = [];
    this.#turns += 1;
    const first = this.#piece(0);
    this.box.replaceChildren(first.element);
    this.#columns = Math.max(1, this.source.columns(first.element));
    this.#size = this.#columns * Math.ceil(PIECE / this.#columns);
    first.isNear = true; // it is in sight, whatever comes; and what is in it says how long the list is
    this.#watch(first);
  }

  /** Ask again for what is in sight. */
  async refresh() {
    const near = this.#pieces.filter((piece) => piece.isNear);
    await Promise.all((near.length ? near : this.#pieces.slice(0, 1)).map((piece) => this.#fill(piece)));
  }

  /** @param {number} first @returns {Piece} */
  #piece(first) {
    const piece = { element: this.source.piece(), first, isNear: false, shown: "", height: 0, turn: 0 };
    this.#pieces.push(piece);
    return piece;
  }

  /** @param {Piece} piece */
  #watch(piece) {
    this.#near.observe(piece.element);
  }

  /** @param {Piece} piece */
  async #fill(piece) {
    const turn = ++this.#turns;
    piece.turn = turn;
    const { items, total } = await this.source.load(piece.first, this.#size);
    if (piece.turn !== turn || !this.#pieces.includes(piece)) return; // it was asked again, or is no more
    this.#lengthen(total);
    if (!piece.isNear && piece.first) return;
    const shown = JSON.stringify(items);
    if (shown === piece.shown) return; // nothing moved: leave what the mouse may be over
    piece.shown = shown;
    const focus = focusIn(piece.element);
    piece.element.replaceChildren(...items.map((item, i) => this.source.draw(item, piece.first + i)));
    focus(piece.element);
    piece.height = piece.element.offsetHeight;
    const rows = Math.ceil(items.length / this.#columns);
    if (rows && piece.height) this.#rowHeight = piece.height / rows;
  }

  /** As many pieces as so many items need. @param {number} total */
  #lengthen(total) {
    this.total = total;
    const wanted = Math.max(1, Math.ceil(total / this.#size));
    for (const { element } of this.#pieces.splice(wanted)) {
      this.#near.unobserve(element);
      element.remove();
    }
    while (this.#pieces.length < wanted) {
      const piece = this.#piece(this.#pieces.length * this.#size);
      this.#putAway(piece, Math.min(this.#size, total - piece.first));
      this.box.append(piece.element);
      this.#watch(piece);
    }
  }

  /** Keep the room of a piece, and nothing of it. @param {Piece} piece @param {number} count of items */
  #putAway(piece, count = this.#size) {
    const rows = Math.ceil(count / this.#columns);
    const height = piece.height || rows * this.#rowHeight;
    piece.shown = "";
    piece.element.replaceChildren(
      ...(this.source.blank?.(height) ?? [el("div", { class: "blank", style: `height:${height}px` })]),
    );
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #moved(entries) {
    for (const { target, isIntersecting } of entries) {
      const piece = this.#pieces.find(({ element }) => element === target);
      if (!piece || piece.isNear === isIntersecting) continue;
      if (!isIntersecting && piece.element.contains(document.activeElement)) continue; // somebody is in it
      piece.isNear = isIntersecting;
      if (isIntersecting) this.#fill(piece).catch(() => {});
      else if (piece.shown) {
        piece.height = piece.element.offsetHeight;
        this.#putAway(piece);
      }
    }
  }

  /** Another width may have another number of columns: then the pieces are others, too. */
  #fitColumns() {
    const [first] = this.#pieces;
    if (!first?.shown) return;
    if (Math.max(1, this.source.columns(first.element)) === this.#columns) return;
    this.reset();
    this.refresh().catch(() => {});
  }
}

/** Where the focus is in a piece, by the item and the control; the answer puts it back into what was drawn anew.
 * @param {HTMLElement} piece
 */
function focusIn(piece) {
  const focused = /** @type {HTMLElement | null} */ (
    piece.contains(document.activeElement) ? document.activeElement : null
  );
  const item = /** @type {HTMLElement | null | undefined} */ (focused?.closest("[data-video]"))?.dataset.video;
  const control = focused?.dataset.control ?? "";
  return (/** @type {HTMLElement} */ drawn) => {
    if (!item) return;
    const same = [...drawn.querySelectorAll(`[data-video="${item}"] [data-control]`)];
    const again = /** @type {HTMLElement[]} */ (same).find((node) => node.dataset.control === control);
    (again ?? /** @type {HTMLElement | undefined} */ (same[0]))?.focus();
  };
}
