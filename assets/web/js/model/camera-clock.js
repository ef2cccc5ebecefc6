// How cameras and recordings keep together: the clock is that of the main medium, whose frames are those of the timeline,
// and the others follow it. Each goes by its own frames. Times are in seconds.

import { onTimeline, ownTime } from "./media-place.js";

/** @import { Frames } from "./frames.js" */
/** @import { MediaPlace } from "./media-place.js" */

const SAME_S = 5e-4; // closer than any two frames
const FAR_S = 0.3; // beyond, it goes there at once; below, it plays a little faster or slower until it is there
const CATCH_UP_S = 0.15; // in about this time
const MOST = { silent: 0.5, heard: 0.1 }; // of its rate: what is heard must not howl
const IN_STEP = 0.1; // of a frame, within which it plays at the rate of the main one
const USUAL_S = 0.04;

/** Where a medium is at a time of the timeline: `at` s of its own, and whether that is before it begins or after its end.
 * @param {MediaPlace & { duration: number }} medium
 * @param {number} time
 * @returns {{ phase: "before" | "during" | "after", at: number }}
 */
export function placeAt(medium, time) {
  const { duration } = medium;
  const at = ownTime(medium, time);
  if (at < -SAME_S) return { phase: "before", at: 0 };
  if (at >= duration - SAME_S) return { phase: "after", at: duration };
  return { phase: "during", at: Math.max(0, at) };
}

/** Where to seek to, so that the frame shown at a time is displayed: into its middle, since browsers round; of sound
 * alone, that time itself.
 * @param {Frames} frames
 * @param {number} at
 */
export function seekPlace(frames, at) {
  const start = frames.shownAt(at);
  return frames.areKnown ? (start + Math.max(start, frames.endOf(start))) / 2 : start;
}

/** How a medium gets in step that is ahead by some seconds (behind: below 0): whether it seeks, else at which rate it
 * goes on.
 * @param {number} ahead
 * @param {number} rate of the main medium, as its own clock has it
 * @param {number} [frame] how long a frame of it lasts
 * @param {boolean} [isHeard]
 * @returns {{ seeks: boolean, rate: number }}
 */
export function inStep(ahead, rate, frame = USUAL_S, isHeard = false) {
  if (Math.abs(ahead) > FAR_S * Math.max(1 / 3, rate)) return { seeks: true, rate };
  if (Math.abs(ahead) <= IN_STEP * frame) return { seeks: false, rate };
  const most = isHeard ? MOST.heard : MOST.silent;
  const change = Math.max(-most, Math.min(most, ahead / CATCH_UP_S / Math.max(1, rate)));
  return { seeks: false, rate: rate * (1 - change) };
}

/** How long a frame lasts on average. @param {Frames} frames */
export const usualFrame = ({ pts }) => (pts.length > 1 ? pts[pts.length - 1] / (pts.length - 1) : USUAL_S);

/** What a camera shows where it has no picture.
 * @param {"before" | "during" | "after"} phase
 * @param {MediaPlace & { duration: number }} medium
 * @param {(time: number) => string} say
 */
export function phaseText(phase, medium, say) {
  if (phase === "before") return `Begins at ${say(medium.offset)}`;
  return phase === "after" ? `Ended at ${say(onTimeline(medium, medium.duration))}` : "";
}
