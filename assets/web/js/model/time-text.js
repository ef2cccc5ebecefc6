// Times as people type them: all that a view of the page shows, and the time codes of editors.

/** @import { Frames } from "./frames.js" */

const SECONDS = /^(\d+(?:\.\d*)?|\.\d+)\s*s?$/;
const CLOCK = /^(?:(\d+):)?(\d+):(\d\d?(?:\.\d*)?)$/;
const FRAME = /^(?:frame\s*(\d+)|(\d+)\s*f(?:rames?)?)$/;
const CODE = /^(\d+):(\d\d):(\d\d)([:;])(\d\d)$/;

export const EXAMPLES = "1:02.5, 62.5, 0:01:02:12 (frames last) or 1550 f";

/** Seconds from the start of a video, or null for what is no time. A time code counts frames as SMPTE ST 12-1 does: at
 * the nominal rate, after “;” without the dropped numbers; where frames last unevenly, its frames count from its second.
 * @param {string} text "62.5", "62,5 s", "1:02.5", "0:01:02.500", "0:01:02:12", "1550 f"
 * @param {Frames} frames
 */
export function readTime(text, frames) {
  const typed = text.trim().toLowerCase().replace(",", ".");
  const plain = SECONDS.exec(typed);
  if (plain) return Number(plain[1]);
  const frame = FRAME.exec(typed);
  if (frame && !frames.areKnown) return null; // sound alone has none
  if (frame) return frames.timeOf(Number(frame[1] ?? frame[2]));
  const clock = CLOCK.exec(typed);
  if (clock) {
    const [hours, minutes, seconds] = [Number(clock[1] ?? 0), Number(clock[2]), Number(clock[3])];
    return seconds < 60 && (clock[1] === undefined || minutes < 60) ? hours * 3600 + minutes * 60 + seconds : null;
  }
  const code = CODE.exec(typed);
  if (!code || !frames.areKnown) return null;
  const [hours, minutes, seconds, count] = [code[1], code[2], code[3], code[5]].map(Number);
  const rate = frames.nominalRate;
  if (minutes >= 60 || seconds >= 60 || (rate && count >= rate)) return null;
  const whole = hours * 3600 + minutes * 60 + seconds;
  if (!rate) return frames.edge(frames.snap(whole), count);
  const passed = hours * 60 + minutes;
  const dropped = code[4] === ";" ? (rate / 15) * (passed - Math.floor(passed / 10)) : 0;
  return frames.timeOf(whole * rate + count - dropped);
}

/** What is typed into a field that moves something: a time with a sign before it, or null.
 * @param {string} text "+1.5", "-0:00:02:10", "−12 f"
 * @param {Frames} frames
 */
export function readShift(text, frames) {
  const [, sign, rest] = /^([+\-−–]?)\s*(.*)$/.exec(text.trim()) ?? [];
  const time = readTime(rest ?? "", frames);
  return time === null ? null : sign && sign !== "+" ? -time : time;
}
