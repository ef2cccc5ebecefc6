// The points of the map, as studio/app/map_points.py packs them, and the groups that they are coloured by.

/** @import { MapFacts } from "../types.js" */

/** What a point is, in the order of their numbers. */
export const KINDS = /** @type {const} */ (["footage", "annotation", "prediction", "rejected"]);
/** @typedef {(typeof KINDS)[number]} Kind */
/** @typedef {"label" | "sure" | "video" | "cluster"} Colouring */

/** Points of one colour: their numbers, and what they are called.
 * @typedef {{ name: string, colour: string, rows: Uint32Array }} Coloured
 */

/** One point, in words.
 * @typedef {object} Moment
 * @property {Kind} kind
 * @property {string} id of an annotation or a prediction; "" of footage
 * @property {string} video
 * @property {string} name of the video
 * @property {number} start
 * @property {number} end
 * @property {string} label
 * @property {number | null} sure in per cent, null where nobody measured it
 */

const ALIGNED = 8;
const UNKNOWN = 255;
const MOST = 12; // colours that one tells apart
const REST = "#9aa0b4"; // of what has no colour of its own
const SHARES = ["#b2182b", "#ef8a62", "#c9a227", "#67a9cf", "#2166ac"]; // of fifths, the least sure first
const ARRAYS = /** @type {{ [type: string]: any }} */ ({
  float64: Float64Array,
  float32: Float32Array,
  uint32: Uint32Array,
  int16: Int16Array,
  uint8: Uint8Array,
});

export class MapPoints {
  /** @param {ArrayBuffer} bytes */
  constructor(bytes) {
    const length = new DataView(bytes).getUint32(0, true);
    const head = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
    /** @type {MapFacts} */
    this.facts = head;
    const found = new Map();
    let at = aligned(4 + length);
    for (const [name, type, count] of head.arrays) {
      const array = new ARRAYS[type](bytes, at, count);
      found.set(name, array);
      at += aligned(array.byteLength);
    }
    /** @type {Float64Array} */
    this.start = found.get("start");
    /** @type {Float64Array} */
    this.end = found.get("end");
    /** @type {Float32Array} */
    this.x = found.get("x");
    /** @type {Float32Array} */
    this.y = found.get("y");
    /** @type {Uint32Array} */
    this.video = found.get("video");
    /** @type {Uint32Array} */
    this.label = found.get("label");
    /** @type {Int16Array} */
    this.cluster = found.get("cluster");
    /** @type {Uint8Array} */
    this.kind = found.get("kind");
    /** @type {Uint8Array} */
    this.sure = found.get("sure");
    this.footage = this.length - this.facts.ids.length;
  }

  get length() {
    return this.x.length;
  }

  /** @param {number} row @returns {Moment} */
  moment(row) {
    const { videos, labels, ids } = this.facts;
    const video = videos[this.video[row]];
    return {
      kind: KINDS[this.kind[row]],
      id: row < this.footage ? "" : ids[row - this.footage],
      video: video.id,
      name: video.name,
      start: this.start[row],
      end: this.end[row],
      label: labels[this.label[row]],
      sure: this.sure[row] === UNKNOWN ? null : this.sure[row],
    };
  }

  /** What stays the same of a point when the map is loaded again. @param {number} row */
  keyOf(row) {
    const { kind, id, video, start, end } = this.moment(row);
    return [kind, id || `${video} ${start} ${end}`].join(" ");
  }

  /** How many points there are of each kind. @returns {{ [kind in Kind]: number }} */
  counts() {
    const counts = [0, 0, 0, 0];
    for (const kind of this.kind) counts[kind] += 1;
    return /** @type {any} */ (Object.fromEntries(KINDS.map((kind, n) => [kind, counts[n]])));
  }

  /** The points of some kinds by colour: the largest groups have their own, the rest share one, and so does what is in no
   * group.
   * @param {Colouring} by
   * @param {ReadonlySet<Kind>} kinds
   * @returns {Coloured[]}
   */
  coloured(by, kinds) {
    const shown = KINDS.map((kind) => kinds.has(kind));
    /** @type {Map<number, number[]>} the number of a label, video, group or fifth → points */
    const rows = new Map();
    for (let row = 0; row < this.length; row += 1) {
      if (!shown[this.kind[row]]) continue;
      const key = this.#keyIn(by, row);
      const known = rows.get(key);
      if (known) known.push(row);
      else rows.set(key, [row]);
    }
    const none = rows.get(-1) ?? [];
    rows.delete(-1);
    const ordered =
      by === "sure"
        ? [...rows].sort(([a], [b]) => a - b)
        : [...rows].sort(([a, one], [b, other]) => other.length - one.length || a - b);
    const own = ordered.length > MOST ? ordered.slice(0, MOST - 1) : ordered;
    const rest = ordered.slice(own.length);
    const found = own.map(([key, numbers], place) => ({
      name: this.#nameOf(by, key),
      colour: this.#colourOf(by, key, place),
      rows: Uint32Array.from(numbers),
    }));
    if (rest.length) {
      const numbers = rest.flatMap(([, each]) => each);
      found.push({ name: `${rest.length} others`, colour: "#6b6f80", rows: Uint32Array.from(numbers) });
    }
    if (none.length) found.push({ name: NONE[by], colour: REST, rows: Uint32Array.from(none) });
    return found;
  }

  /**
   * @param {Colouring} by
   * @param {number} row
   */
  #keyIn(by, row) {
    if (by === "video") return this.video[row];
    if (by === "cluster") return this.cluster[row];
    if (by === "label") return this.facts.labels[this.label[row]] ? this.label[row] : -1;
    return this.sure[row] === UNKNOWN ? -1 : Math.min(SHARES.length - 1, Math.floor(this.sure[row] / 20));
  }

  /**
   * @param {Colouring} by
   * @param {number} key
   */
  #nameOf(by, key) {
    if (by === "video") return this.facts.videos[key].name;
    if (by === "cluster") return this.facts.clusters[key] || `Cluster ${key + 1}`;
    if (by === "label") return this.facts.labels[key];
    return `${20 * key} to ${20 * key + 20} %`;
  }

  /**
   * @param {Colouring} by
   * @param {number} key
   * @param {number} place
   */
  #colourOf(by, key, place) {
    if (by === "sure") return SHARES[key];
    const { colours, palette, labels } = this.facts;
    return (by === "label" && colours[labels[key]]) || palette[place % palette.length];
  }
}

const NONE = { label: "no label", sure: "not measured", video: "no video", cluster: "in no cluster" };

/** @param {number} bytes */
const aligned = (bytes) => Math.ceil(bytes / ALIGNED) * ALIGNED;
