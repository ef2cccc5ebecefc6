// Which segment of a lane a pointer means, and which part of it.

import { shownPhases } from "./phases.js";
import { firstVisible } from "./layout.js";

/** @import { Item } from "../types.js" */
/** @import { LineItem } from "../model/line-items.js" */
/** @import { Phase } from "../model/phases.js" */
/** @import { Lane } from "./layout.js" */
/** @import { Timeline } from "./timeline.js" */

/** @typedef {"body" | "start" | "end"} Side which part of a segment moves its times */
/** @typedef {Side | Phase} Edge which part of a segment */

const EDGE_PX = 7;
const PHASE_PX = 5;
const PHASE_SHARE = 0.4; // of the height of a lane, from its top: the rest is the segment's own

/** The segment at an x of the rows canvas, or null.
 * @param {Timeline} timeline
 * @param {Lane} lane
 * @param {number} x
 * @returns {{ item: Item | LineItem, part: Edge } | null}
 */
export function hitTest(timeline, lane, x) {
  /** @type {{ item: Item | LineItem, part: Edge, rank: number } | null} */
  let best = null;
  for (let i = firstVisible(lane.items, timeline.time(x - EDGE_PX)); i < lane.items.length; i++) {
    const item = lane.items[i];
    const x0 = timeline.x(item.start);
    const x1 = timeline.x(item.end);
    if (x0 > x + EDGE_PX) break;
    if (x1 < x - EDGE_PX || "preview" in item) continue;
    const reach = Math.min(EDGE_PX, Math.max(3, (x1 - x0) / 3));
    const toStart = Math.abs(x - x0);
    const toEnd = Math.abs(x - x1);
    const inside = x >= x0 && x <= x1;
    const edge = Math.min(toStart, toEnd) <= (inside ? reach : EDGE_PX);
    if (!edge && !inside) continue;
    const isPoint = timeline.store.isPoint(item); // it is moved, and has no edges to drag
    const part = edge && !isPoint ? (toStart <= toEnd ? "start" : "end") : "body";
    // inside beats outside, the selected one beats its neighbours, the edge nearest to the pointer wins
    const rank =
      (item.id === timeline.selection.current ? 0 : 10) +
      (inside ? 0 : 5) +
      (edge ? Math.min(toStart, toEnd) / EDGE_PX : 1);
    if (!best || rank < best.rank) best = { item, part, rank };
  }
  return best && { item: best.item, part: best.part };
}

/** The handle of a phase at a point of a lane, of the segment that is chosen: near the top of the lane, so that edges and
 * body can be taken below.
 * @param {Timeline} timeline
 * @param {Lane} lane
 * @param {number} x
 * @param {number} y below the top of the lane
 * @returns {{ item: Item, part: Phase } | null}
 */
export function phaseAt(timeline, lane, x, y) {
  const { current } = timeline.selection;
  const item = lane.kind === "line" ? undefined : lane.items.find((each) => each.id === current);
  if (!item || "preview" in item || "isLine" in item) return null;
  const phases = shownPhases(item);
  if (!phases || y > PHASE_SHARE * lane.height) return null;
  const handles = /** @type {[Phase, number][]} */ (Object.entries(phases));
  const away = (/** @type {[Phase, number]} */ [, time]) => Math.abs(timeline.x(time) - x);
  const near = handles.filter((handle) => away(handle) <= PHASE_PX);
  const least = Math.min(...near.map(away));
  const [first, ...others] = near.filter((handle) => away(handle) - least < 0.5);
  if (!first) return null;
  // of those in one place, the one that has room to go where the pointer is; at the start that is the last one
  const isBefore = first[1] > item.start + 1e-6 && x <= timeline.x(first[1]);
  return { item, part: (isBefore ? first : (others.at(-1) ?? first))[0] };
}
