// Who the faces of a video are: what people said about face tracks, on top of what the tracker called them.

/** @import { FaceName, FaceNames, NameChange } from "../types.js" */

const TRACK = /^(Expression · )?(Person \d+)$/;
const UNNAMED = /^Person \d+$/;

/** Which face track from which time on: one has one name. @param {FaceName} entry */
const placeOf = ({ track, from }) => `${track}\n${from}`;

/** @param {readonly FaceName[]} entries */
const byPlace = (entries) => new Map(entries.map((entry) => [placeOf(entry), entry]));

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
    const face = faceOf(track);
    if (face === null) return track;
    const name = this.nameOf(face, time);
    return name && inRowOf(track, name);
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

  // ---------------------------------------------------------------- changes

  /** Renaming to a name that is there already merges; null deletes.
   * @param {string} name
   * @param {string | null} to
   * @param {readonly string[]} tracks
   */
  renamed(name, to, tracks) {
    return this.#change(this.stretches(name, tracks).map((stretch) => ({ ...stretch, name: to })));
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
    return this.#change([...now, ...later]);
  }

  /** Every face is again what the tracker called it. @returns {NameChange} */
  cleared() {
    return { before: this.names, after: [] };
  }

  /** @param {FaceName[]} entries in place of those of the same track and time @returns {NameChange} */
  #change(entries) {
    const places = byPlace(entries);
    return { before: this.names.filter((entry) => places.has(placeOf(entry))), after: [...places.values()] };
  }

  /** The names once a change was made. @param {NameChange} change */
  changed({ before, after }) {
    const names = byPlace(this.names);
    for (const entry of before) names.delete(placeOf(entry));
    for (const entry of after) names.set(placeOf(entry), entry);
    return new People({ seq: this.seq, names: [...names.values()] });
  }

  /** Whether the same is said of the same faces. @param {People} other */
  says(other) {
    const [names, theirs] = [byPlace(this.names), byPlace(other.names)];
    return names.size === theirs.size && [...names].every(([place, { name }]) => theirs.get(place)?.name === name);
  }

  /** Whether what a change takes away is there, and nothing else in its places. @param {NameChange} change */
  fits({ before, after }) {
    const [names, seen] = [byPlace(this.names), byPlace(before)];
    return [...before, ...after].every((entry) => {
      const place = placeOf(entry);
      return names.has(place) === seen.has(place) && names.get(place)?.name === seen.get(place)?.name;
    });
  }
}

/** The change that takes one back. @param {NameChange} change @returns {NameChange} */
export const inverted = ({ before, after }) => ({ before: after, after: before });

/** What the changes of names are about, for whoever asks whether two of them are about the same. @param {NameChange} change */
export const placesOf = ({ before, after }) => [...before, ...after].map(placeOf);

/** Whether nobody gave this person a name yet. @param {string} name */
export const isUnnamed = (name) => UNNAMED.test(name);

/** The face track of a row that a prediction was made for, or null. @param {string} track */
export const faceOf = (track) => TRACK.exec(track)?.[2] ?? null;

/** A row's person: "Expression · Anna" and "Anna" are the same one. @param {string} row */
export function personOf(row) {
  return row.startsWith("Expression · ") ? row.slice("Expression · ".length) : row;
}

/** The row of the same kind of somebody else.
 * @param {string} row
 * @param {string} name
 */
export const inRowOf = (row, name) => row.slice(0, row.length - personOf(row).length) + name;
