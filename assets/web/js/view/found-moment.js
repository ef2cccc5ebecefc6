// One moment that was found in annotations: its picture, its segments, and how they lie to each other.

import { LETTERS, STATUSES, distance } from "../model/find-question.js";
import { addressOf, follow } from "../router.js";
import { clock, el } from "./dom.js";

/** @import { FindQuestion, FoundMoment, FoundSegment } from "../types.js" */

const FRAMES = 8; // pictures one sees while moving over a moment
const USUAL = ["manual", "accepted", "correction", "import"];

/**
 * @param {FoundMoment} moment
 * @param {FindQuestion} question that found it
 * @param {(moment: FoundMoment, card: HTMLElement) => void} play
 */
export function foundMoment(moment, question, play) {
  const { video, name, start, end, segments } = moment;
  const [first] = /** @type {FoundSegment[]} */ (segments);
  const picture = (/** @type {number} */ t) => `/thumbnail/${video}?t=${t.toFixed(2)}`;
  const still = (first.start + first.end) / 2;
  const image = el("img", { src: picture(still), alt: "", loading: "lazy" });
  const show = (t = still) => {
    if (!image.src.endsWith(picture(t))) image.src = picture(t);
  };
  const share = (/** @type {MouseEvent & { currentTarget: HTMLElement }} */ event) =>
    Math.min(0.999, Math.max(0, event.offsetX / event.currentTarget.clientWidth));
  const times = `${clock(start, 1)}–${clock(end, 1)}`;
  return el(
    "article",
    { class: "card hit found", "data-video": video, "data-start": start, "data-end": end, "data-id": first.id },
    el(
      "a",
      {
        class: "picture",
        href: placeOf(video, first),
        "aria-label": `${first.label || "no label"}, ${name}, ${times}`,
        onclick: follow,
        onmousemove: (event) => show(start + (Math.floor(share(event) * FRAMES) / FRAMES) * (end - start)),
        onmouseleave: () => show(),
      },
      image,
      el("span", { class: "badge", text: times }),
    ),
    el("div", { class: "caption" }, ...segments.map((segment, place) => segmentLine(moment, segment, place, question))),
    el(
      "div",
      { class: "row actions" },
      el("button", {
        type: "button",
        class: "link",
        "aria-pressed": "false",
        text: "Play",
        onclick: ({ currentTarget }) => play(moment, /** @type {HTMLElement} */ (currentTarget.closest("article"))),
      }),
    ),
  );
}

/** @param {string} video @param {FoundSegment} segment */
const placeOf = (video, { start, id }) => addressOf("annotate", { video, t: start, segment: id });

/**
 * @param {FoundMoment} moment
 * @param {FoundSegment | null} segment
 * @param {number} place
 * @param {FindQuestion} question
 */
function segmentLine({ video, segments }, segment, place, question) {
  if (!segment) return null;
  const status = USUAL.includes(segment.status) ? "" : STATUSES.find(({ name }) => name === segment.status)?.text;
  const other = place ? segments[question.segments[place]?.relation?.of ?? 0] : null;
  const facts = [
    segment.track,
    `${clock(segment.start, 2)}\u2060–\u2060${clock(segment.end, 2)}`,
    segment.annotator,
    status,
  ];
  return el(
    "div",
    { class: "found-segment", "data-id": segment.id },
    segments.length > 1 ? el("b", { class: "letter", text: LETTERS[place] }) : null,
    el(
      "p",
      { class: "title" },
      el("a", {
        href: placeOf(video, segment),
        dir: "auto",
        text: segment.label || "(no label)",
        title: segment.note || segment.label,
        onclick: follow,
      }),
    ),
    other ? el("span", { class: "score", text: distance(segment, other) }) : null,
    el("p", { class: "muted facts", dir: "auto", text: facts.filter(Boolean).join(" · ") }),
  );
}
