// Where a boundary may want to lie: shot cuts, neighbours, predictions, where speech begins, the playhead; a frame always.

import { countBefore } from "../model/binary-search.js";

const SNAP_PX = 7;

export class Snapping {
  // The points to snap to while one drag lasts; `ids` are the segments that move.
  constructor(timeline, frames, ids, lone) {
    Object.assign(this, { timeline, frames });
    const { doc } = timeline;
    const points = [[timeline.playhead, "playhead"]];
    for (const time of doc.signals.shots) points.push([time, "cut"]);
    for (const time of doc.signals.speech) points.push([time, "speech"]);
    for (const row of timeline.rows) {
      for (const lane of row.lanes ?? []) {
        const what = lane.kind === "prediction" ? "prediction" : "neighbour";
        for (const item of lane.items) {
          if (ids.has(item.id) || (item.prediction_id && item.prediction_id === lone)) continue;
          points.push([item.start, what], [item.end, what]);
        }
      }
    }
    this.points = points.filter(([time]) => time <= timeline.duration).sort((a, b) => a[0] - b[0]);
  }

  // The time to use for one under the pointer, and {time, what} if something other than a frame drew it.
  at(time, free) {
    const { timeline, frames, points } = this;
    const limit = (SNAP_PX / timeline.width) * (timeline.end - timeline.start);
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
