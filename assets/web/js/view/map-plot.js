// The map as Plotly draws it, by WebGL where the browser has it: points in colours, a lasso, and what lies under the
// pointer.

import { MapCamera } from "./map-camera.js";
import { plotly } from "./plotly.js";

/** @import { Coloured, MapPoints } from "../model/map-points.js" */
/** @import { Plotly } from "./plotly.js" */

/** A point of Plotly's events. @typedef {{ curveNumber: number, pointNumber: number }} Drawn */
/** @typedef {"pan" | "lasso" | "select"} Tool */

/** What the page does with what happens on the map.
 * @typedef {object} MapActions
 * @property {(rows: number[], adds: boolean) => void} select adds: to what is chosen already
 * @property {(row: number, event: MouseEvent) => void} open
 * @property {(row: number | null, x: number, y: number) => void} hover null: nothing is under the pointer
 */

/** Points → how large each is drawn, in px. @type {[number, number][]} */
const SIZES = [
  [500, 11],
  [5_000, 7],
  [30_000, 5],
  [Infinity, 3],
];
const CRISP = 20_000; // points, of which each pixel is drawn four times; of more that would take too long
const STEP = 0.7; // of what is seen, by one press of a button that zooms in
const MARGIN = 0.06; // around all points, of their extent

export class MapPlot {
  /** @type {Coloured[]} */
  groups = [];
  /** @type {MapPoints | null} */
  points = null;
  /** @type {Tool} */
  tool = "lasso";
  #isListening = false;
  /** Whether Shift was held when the drag began. */
  #adds = false;
  /** Whether all is seen the next time that it is drawn. */
  #isWhole = true;

  /**
   * @param {HTMLElement} box
   * @param {MapActions} actions
   */
  constructor(box, actions) {
    this.box = box;
    this.actions = actions;
    this.camera = new MapCamera(
      box,
      () => this.#range,
      (range) => this.#look(range),
    );
  }

  /**
   * @param {MapPoints} points
   * @param {Coloured[]} groups
   * @param {ReadonlySet<number>} selected
   */
  async show(points, groups, selected) {
    const Plotly = await plotly();
    this.points = points;
    this.groups = groups.toReversed(); // what is drawn later lies above: what belongs nowhere is below all
    const count = groups.reduce((sum, { rows }) => sum + rows.length, 0);
    const size = (SIZES.find(([most]) => count <= most) ?? SIZES[0])[1];
    const type = hasWebGl() ? "scattergl" : "scatter";
    const traces = this.groups.map(({ rows, colour, name }, at) => ({
      type,
      mode: "markers",
      name,
      x: taken(points.x, rows),
      y: taken(points.y, rows),
      marker: { size, color: colour },
      selected: { marker: { opacity: 1 } },
      unselected: { marker: { opacity: 0.2 } },
      selectedpoints: this.#chosen(at, selected),
      hoverinfo: "none",
    }));
    const range = (!this.#isWhole && this.#range) || extent(points);
    this.#isWhole = false;
    await Plotly.react(this.box, traces, this.#layout(range), {
      displayModeBar: false,
      doubleClick: false,
      plotGlPixelRatio: count > CRISP ? 1 : 2,
      responsive: true,
    });
    if (!this.#isListening) this.#listen();
  }

  /** Another map comes: all of it is to be seen. */
  forget() {
    this.#isWhole = true;
  }

  /** @param {ReadonlySet<number>} selected */
  async select(selected) {
    const Plotly = await plotly();
    if (!this.groups.length) return;
    const all = this.groups.map((_, at) => this.#chosen(at, selected));
    await Plotly.update(this.box, { selectedpoints: all }, { selections: [] });
  }

  /** @param {Tool} tool */
  async use(tool) {
    this.tool = tool;
    this.camera.isDragging = tool === "pan";
    const Plotly = await plotly();
    if (this.groups.length) await Plotly.relayout(this.box, { dragmode: this.#dragMode });
  }

  /** Nearer, farther, or all of it. @param {"in" | "out" | "fit"} way */
  async zoom(way) {
    const { points } = this;
    const shown = this.#range;
    if (!points || !shown) return;
    const factor = way === "in" ? STEP : 1 / STEP;
    const range =
      way === "fit"
        ? extent(points)
        : shown.map(([low, high]) => {
            const half = ((high - low) / 2) * factor;
            return [(low + high) / 2 - half, (low + high) / 2 + half];
          });
    await this.#look(range);
  }

  /** Draw this part of the map. @param {number[][]} range */
  async #look([x, y]) {
    const Plotly = await plotly();
    await Plotly.relayout(this.box, { "xaxis.range": x, "yaxis.range": y });
  }

  /** What Plotly does when a hand drags: what moves the map is the camera's. */
  get #dragMode() {
    return this.tool === "pan" ? false : this.tool;
  }

  /** What is seen now: [low, high] of both axes. @returns {number[][] | null} */
  get #range() {
    const { xaxis, yaxis } = /** @type {any} what Plotly makes of the box */ (this.box)._fullLayout ?? {};
    return xaxis && yaxis ? [[...xaxis.range], [...yaxis.range]] : null;
  }

  /** The chosen points of a group as Plotly counts them; null where nothing at all is chosen: then all are shown alike.
   * @param {number} at
   * @param {ReadonlySet<number>} selected
   */
  #chosen(at, selected) {
    if (!selected.size) return null;
    /** @type {number[]} */
    const found = [];
    this.groups[at].rows.forEach((row, n) => selected.has(row) && found.push(n));
    return found;
  }

  /** @param {number[][]} range */
  #layout([x, y]) {
    const style = getComputedStyle(document.body);
    const axis = { visible: false };
    return {
      dragmode: this.#dragMode,
      hovermode: "closest",
      hoverdistance: 12,
      showlegend: false,
      margin: { l: 0, r: 0, t: 0, b: 0 },
      paper_bgcolor: "transparent",
      plot_bgcolor: "transparent",
      xaxis: { ...axis, range: x },
      yaxis: { ...axis, range: y },
      newselection: { line: { color: style.getPropertyValue("--ms-accent").trim(), width: 2, dash: "solid" } },
    };
  }

  #listen() {
    this.#isListening = true;
    this.box.addEventListener("pointerdown", ({ shiftKey }) => (this.#adds = shiftKey), true);
    const plot = /** @type {any} what Plotly makes of the box */ (this.box);
    const row = (/** @type {Drawn} */ { curveNumber, pointNumber }) => this.groups[curveNumber]?.rows[pointNumber];
    // it also says so when the outline of what was drawn is taken away: then nobody drew anything
    plot.on("plotly_selected", (/** @type {{ points: Drawn[], selections: object[] } | undefined} */ found) => {
      if (found?.selections?.length) this.actions.select(found.points.map(row), this.#adds);
    });
    plot.on("plotly_click", (/** @type {{ points: Drawn[], event: MouseEvent }} */ { points: [point], event }) => {
      if (!this.camera.hasMoved) this.actions.open(row(point), event);
    });
    plot.on("plotly_hover", (/** @type {{ points: Drawn[], event: MouseEvent }} */ { points: [point], event }) =>
      this.actions.hover(row(point), event.clientX, event.clientY),
    );
    plot.on("plotly_unhover", () => this.actions.hover(null, 0, 0));
  }
}

/** What holds all points, with a margin: [low, high] of both axes. @param {MapPoints} points */
function extent({ x, y }) {
  return [x, y].map((values) => {
    let [low, high] = [Infinity, -Infinity];
    for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
    const margin = MARGIN * (high - low || 1);
    return [low - margin, high + margin];
  });
}

/**
 * @param {Float32Array} values
 * @param {Uint32Array} rows
 */
function taken(values, rows) {
  const found = new Float32Array(rows.length);
  rows.forEach((row, n) => (found[n] = values[row]));
  return found;
}

/** @type {boolean | null} */
let webGl = null;

/** Whether the browser draws by WebGL; without it thousands of points are slow, and drawn all the same. */
function hasWebGl() {
  webGl ??= Boolean(document.createElement("canvas").getContext("webgl"));
  return webGl;
}
