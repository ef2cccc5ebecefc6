// Who the faces of a video are: what people said about face tracks, on top of what the tracker called them.

/** @import { FaceName, FaceNames } from "../types.js" */

const TRACK = /^(Expression · )?(Person \d+)$/;

/** From a time on, a face track has a name, or is nobody (null): that is all that renaming, merging, splitting and
 * deleting need.
 */
export class People {
  /** @param {FaceNames} names as Python keeps them */
  constructor({ seq, names }) {
    this.seq = seq;
    this.names = names;
  }

  /** The name of a face track at a time; null when a person said that it is nobody.
   * @param {string} track
   * @param {number} time
   */
  nameOf(track, time) {
    /** @type {string | null} */
    let name = track;
    let newest = -1;
    for (const entry of this.names) {
      if (entry.track !== track || entry.from > time + 1e-6 || entry.from < newest) continue;
      newest = entry.from;
      name = entry.name;
    }
    return name;
  }

  /** The row that a prediction belongs to; null hides it.
   * @param {string} track
   * @param {number} time
   */
  rowOf(track, time) {
    const parts = TRACK.exec(track);
    if (!parts) return track;
    const name = this.nameOf(parts[2], time);
    return name && (parts[1] ?? "") + name;
  }

  /** Every stretch of a face track that is called `name`.
   * @param {string} name
   * @param {readonly string[]} tracks
   * @returns {{ track: string, from: number }[]}
   */
  stretches(name, tracks) {
    return tracks.flatMap((track) => {
      const starts = [
        0,
        ...this.names.filter((entry) => entry.track === track && entry.from > 0).map((entry) => entry.from),
      ];
      return [...new Set(starts)].filter((from) => this.nameOf(track, from) === name).map((from) => ({ track, from }));
    });
  }

  /** Renaming to a name that is there already merges; null deletes.
   * @param {string} name
   * @param {string | null} to
   * @param {readonly string[]} tracks
   */
  renamed(name, to, tracks) {
    return this.with(this.stretches(name, tracks).map((stretch) => ({ ...stretch, name: to })));
  }

  /** From `time` on, whoever is called `name` is somebody else.
   * @param {string} name
   * @param {number} time
   * @param {string} to
   * @param {readonly string[]} tracks
   */
  split(name, time, to, tracks) {
    const later = this.stretches(name, tracks)
      .filter(({ from }) => from > time)
      .map((stretch) => ({ ...stretch, name: to }));
    const now = tracks
      .filter((track) => this.nameOf(track, time) === name)
      .map((track) => ({ track, from: time, name: to }));
    return this.with([...now, ...later]);
  }

  /** @param {FaceName[]} entries in place of those of the same track and time */
  with(entries) {
    const changed = new Map(this.names.map((entry) => [`${entry.track}\n${entry.from}`, entry]));
    for (const entry of entries) changed.set(`${entry.track}\n${entry.from}`, entry);
    return [...changed.values()];
  }
}

/** A row's person: "Expression · Anna" and "Anna" are the same one. @param {string} row */
export function personOf(row) {
  return row.startsWith("Expression · ") ? row.slice("Expression · ".length) : row;
}
