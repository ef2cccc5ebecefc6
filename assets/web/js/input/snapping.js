// Where a boundary may want to lie: shot cuts, neighbours, predictions, where speech begins, the playhead; a frame always.

import { countBefore } from "../model/binary-search.js";
import { speechEdges } from "../model/document-store.js";
import { lanesOf } from "../view/layout.js";

/** @import { Frames } from "../model/frames.js" */
/** @import { Timeline } from "../view/timeline.js" */

/** What snapping needs of the timeline.
 * @typedef {Pick<Timeline, "store" | "playhead" | "rows" | "duration" | "width" | "start" | "end">} View
 */

const SNAP_PX = 7;

export class Snapping {
  /** The points to snap to while one drag lasts.
   * @param {View} timeline
   * @param {Frames} frames
   * @param {ReadonlySet<string>} ids the segments that move
   * @param {string | null} lone a prediction whose correction moves: no neighbour of it
   */
  constructor(timeline, frames, ids, lone) {
    this.timeline = timeline;
    this.frames = frames;
    const { store } = timeline;
    /** @type {[number, string][]} */
    const points = [[timeline.playhead, "playhead"]];
    for (const time of store.media.shots) points.push([time, "cut"]);
    for (const time of speechEdges(store, ids)) points.push([time, "speech"]);
    for (const row of timeline.rows) {
      for (const lane of lanesOf(row)) {
        const what = lane.kind === "prediction" ? "prediction" : "neighbour";
        for (const item of lane.items) {
          if (ids.has(item.id) || ("prediction_id" in item && item.prediction_id && item.prediction_id === lone))
            continue;
          points.push([item.start, what], [item.end, what]);
        }
      }
    }
    this.points = points.filter(([time]) => time <= timeline.duration).sort((a, b) => a[0] - b[0]);
  }

  /** The time to use for one under the pointer, and what drew it if that is something other than a frame.
   * @param {number} time
   * @param {boolean} free only frames draw
   */
  at(time, free) {
    const { timeline, frames, points } = this;
    const limit = (SNAP_PX / timeline.width) * (timeline.end - timeline.start);
    /** @type {{ time: number, what: string, away: number } | null} */
    let best = null;
    if (!free) {
      for (
        let i = countBefore(points.length, (k) => points[k][0] < time - limit);
        i < points.length && points[i][0] <= time + limit;
        i++
      ) {
        const away = Math.abs(points[i][0] - time);
        if (!best || away < best.away) best = { time: points[i][0], what: points[i][1], away };
      }
    }
    return best ? { time: frames.snap(best.time), line: best } : { time: frames.snap(time), line: null };
  }
}
