// Rows that mean something by their name; studio/timeline/annotation.py has the same.

/** @import { DocumentStore } from "./document-store.js" */

/** What is said of a video as a whole: its segments last as long as the video. */
export const WHOLE_VIDEO = "Whole video";
/** Places to come back to: its segments are points. */
export const BOOKMARKS = "Bookmarks";

/** Whether new segments of any length belong on a row: not on one of points, of the whole video, or that is a curve.
 * @param {Pick<DocumentStore, "tracks">} store
 * @param {string} track
 */
export const isForSegments = ({ tracks }, track) =>
  track !== WHOLE_VIDEO && track !== BOOKMARKS && !tracks.get(track)?.scale;
