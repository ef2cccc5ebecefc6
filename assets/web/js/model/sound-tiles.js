// Tiles of the sound of a recording without pictures: each zoom has its own, so that it is drawn sharp at any of them.

/** @import { SoundTile } from "../sync/api.js" */

export const TILE = 512; // rows of a tile
export const ROWS_PER_S = 100; // of level 0; each level above has half as many, each below twice as many
const [FINEST, COARSEST] = [-3, 16];
const AT_ONCE = 3;
const MOST = 240; // tiles that are kept

/** @typedef {SoundTile & { level: number, number: number, from: number, perRow: number }} PlacedTile from: s */

/** How many seconds a row of a level lasts. @param {number} level */
export const rowSeconds = (level) => 2 ** level / ROWS_PER_S;

/** The level whose rows are as fine as pixels, or a little coarser.
 * @param {number} perPixel seconds
 * @param {boolean} [isSought] whether any time of the sound is found at once, so that finer rows than are kept come soon
 */
export const levelFor = (perPixel, isSought = true) =>
  Math.min(COARSEST, Math.max(isSought ? FINEST : 0, Math.floor(Math.log2(perPixel * ROWS_PER_S) + 0.3)));

export class SoundTiles {
  /** key → tile, null while it loads @type {Map<string, PlacedTile | null>} */
  #tiles = new Map();
  /** @type {[number, number][]} level and number of those that are wanted */
  #wanted = [];
  #loading = 0;
  #round = 0;
  /** Nothing is computed yet. */
  isEmpty = false;

  /**
   * @param {(level: number, number: number) => Promise<SoundTile | null>} load
   * @param {() => void} onload
   */
  constructor(load, onload) {
    this.load = load;
    this.onload = onload;
  }

  /** All anew: another recording, or its sound is computed by now. */
  clear() {
    this.#round++;
    this.#tiles.clear();
    this.#wanted = [];
    this.#loading = 0;
    this.isEmpty = false;
  }

  /** The tiles that show a stretch of time, coarser ones first where finer ones are on their way.
   * @param {number} start s
   * @param {number} end s
   * @param {number} level
   */
  between(start, end, level) {
    const span = TILE * rowSeconds(level);
    const [first, last] = [Math.floor(Math.max(0, start) / span), Math.floor(Math.max(0, end - 1e-9) / span)];
    /** @type {Set<PlacedTile>} */
    const found = new Set();
    this.#wanted = [];
    for (let number = first; number <= last; number++) {
      const tile = this.#get(level, number);
      if (tile) found.add(tile);
      else for (const near of this.#instead(level, number)) found.add(near);
    }
    this.#next();
    return [...found].sort((a, b) => b.level - a.level || a.number - b.number);
  }

  /** @param {number} level @param {number} number */
  #get(level, number) {
    const tile = this.#tiles.get(`${level}/${number}`);
    if (tile === undefined) this.#wanted.push([level, number]);
    return tile ?? null;
  }

  /** What there is of the place of a tile at other levels.
   * @param {number} level
   * @param {number} number
   */
  #instead(level, number) {
    for (let up = 1; level + up <= COARSEST; up++) {
      const tile = this.#tiles.get(`${level + up}/${number >> up}`);
      if (tile) return [tile];
    }
    return [2 * number, 2 * number + 1].flatMap((below) => this.#tiles.get(`${level - 1}/${below}`) ?? []);
  }

  #next() {
    while (this.#loading < AT_ONCE && this.#wanted.length && !this.isEmpty) {
      const [level, number] = /** @type {[number, number]} */ (this.#wanted.shift());
      this.#load(level, number);
    }
  }

  /** @param {number} level @param {number} number */
  async #load(level, number) {
    const round = this.#round;
    const key = `${level}/${number}`;
    this.#tiles.set(key, null);
    this.#loading++;
    const tile = await this.load(level, number).catch(() => undefined);
    if (round !== this.#round) return;
    this.#loading--;
    if (tile === undefined)
      this.#tiles.delete(key); // the server is away: it is asked for when it is drawn again
    else if (tile === null) this.isEmpty = true;
    else {
      const perRow = rowSeconds(level);
      this.#tiles.set(key, { ...tile, level, number, from: number * TILE * perRow, perRow });
      const [oldest] = this.#tiles.keys();
      if (this.#tiles.size > MOST) this.#tiles.delete(oldest);
    }
    if (tile !== undefined) this.onload();
    this.#next();
  }
}
