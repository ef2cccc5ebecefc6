// One moment that was found: its picture, where it lies in its video, and on demand why.

import { messageOf } from "../sync/api.js";
import { sureness } from "./certainty.js";
import { clock, contextOf, el } from "./dom.js";
import { explanationOf } from "./explanation.js";

/** @import { Explanation, Hit, ScoreProfile } from "../types.js" */

/** What a result can do, and what is known beside it.
 * @typedef {object} ResultOptions
 * @property {ScoreProfile | undefined} profile how well each part of its video fits
 * @property {(place: { video: string, t: number | string, end?: number, score?: number, sure?: number }) => string} address
 * @property {(event: MouseEvent) => void} follow what a click on a link of ours does
 * @property {(place: { video: string, t: number | string }) => void} open
 * @property {string | null} alike the address of what looks like it; null of sound alone
 * @property {(() => Promise<Explanation>) | null} why
 */

const FRAMES = 8; // pictures one sees while moving over a moment

/**
 * @param {Hit} hit
 * @param {number} rank
 * @param {ResultOptions} options
 */
export function searchResult(hit, rank, { profile, address, follow, open, alike, why }) {
  const from = clock(hit.start, 1);
  const sure = hit.confidence === null ? `score ${hit.score.toFixed(3)}` : sureness(hit.confidence);
  const picture = (/** @type {number} */ t) => `/thumbnail/${hit.video}?t=${t.toFixed(2)}`;
  const image = el("img", { src: picture(hit.peak), alt: "", loading: "lazy" });
  const show = (t = hit.peak) => {
    if (!image.src.endsWith(picture(t))) image.src = picture(t);
  };
  const share = (/** @type {MouseEvent & { currentTarget: HTMLElement }} */ event) =>
    Math.min(0.999, Math.max(0, event.offsetX / event.currentTarget.clientWidth));
  const reasons = el("div", { class: "why", hidden: true });
  const frame = el(
    "a",
    {
      class: "picture",
      href: address({
        video: hit.video,
        t: hit.start,
        end: hit.end,
        score: hit.score,
        sure: hit.confidence ?? undefined,
      }),
      "aria-label": `${rank + 1}: ${hit.name}, ${from} to ${clock(hit.end, 1)}, ${sure}`,
      onclick: follow,
      onmousemove: (event) => show(hit.start + (Math.floor(share(event) * FRAMES) / FRAMES) * (hit.end - hit.start)),
      onmouseleave: () => show(),
    },
    image,
    el("span", { class: "badge", text: `${from}–${clock(hit.end, 1)}` }),
  );
  return el(
    "article",
    {
      class: "card hit",
      "data-video": hit.video,
      "data-start": hit.start,
      "data-end": hit.end,
      "data-score": hit.score,
      "data-confidence": hit.confidence,
    },
    frame,
    profile &&
      el("canvas", {
        class: "score-profile",
        width: profile.scores.length,
        height: 1,
        role: "img",
        title: "The whole video; brighter parts match better. Click to go there.",
        "aria-label": "How well each part of the video matches",
        onclick: (event) => open({ video: hit.video, t: (share(event) * profile.duration).toFixed(3) }),
        onmousemove: (event) => show(share(event) * profile.duration),
        onmouseleave: () => show(),
      }),
    el(
      "div",
      { class: "caption" },
      el(
        "p",
        { class: "title", title: hit.name },
        el("a", { href: address({ video: hit.video, t: hit.start }), text: hit.name, onclick: follow }),
      ),
      el("span", { class: "score", text: hit.confidence === null ? hit.score.toFixed(3) : sure, title: details(hit) }),
    ),
    hit.line
      ? el(
          "p",
          { class: "line", dir: "auto", title: hit.line },
          hit.why === "written" ? el("span", { class: "muted", text: "On screen: " }) : null,
          ...[["“", false], ...hit.parts, ["”", false]].map(([text, marked]) => el(marked ? "mark" : "span", { text })),
        )
      : null,
    el(
      "div",
      { class: "row actions" },
      alike === null ? null : el("a", { class: "link", href: alike, text: "More like this", onclick: follow }),
      why === null
        ? null
        : el("button", {
            class: "link",
            type: "button",
            text: "Why?",
            "aria-expanded": "false",
            onclick: (event) => explain(event.currentTarget, reasons, frame, why, show),
          }),
    ),
    reasons,
  );
}

/** @param {Hit} hit */
function details({ line, score, visual, confidence }) {
  const measured = confidence === null ? "A question with a picture has no measured certainty. " : "";
  const parts = line
    ? `${visual.toFixed(3)} by the best frame, the rest for the words`
    : "how similar the best frame is to the question";
  return `${measured}Score ${score.toFixed(3)}: ${parts}`;
}

/** Draws the profiles of results that are in the page; the brightness is relative to the best part of all of them.
 * @param {HTMLElement[]} results
 * @param {Map<string, ScoreProfile>} profiles of videos
 */
export function paint(results, profiles) {
  const all = [...profiles.values()].flatMap((profile) => profile.scores);
  const low = Math.min(...all);
  const high = Math.max(...all);
  for (const result of results) {
    const canvas = result.querySelector("canvas");
    const profile = profiles.get(result.dataset.video ?? "");
    if (!canvas || !profile) continue;
    const ctx = contextOf(canvas);
    const pixels = ctx.createImageData(profile.scores.length, 1);
    const { scores, duration } = profile;
    scores.forEach((score, i) => {
      const inside =
        ((i + 1) / scores.length) * duration > Number(result.dataset.start) &&
        (i / scores.length) * duration < Number(result.dataset.end);
      const light = ((score - low) / Math.max(1e-6, high - low)) ** 1.5;
      pixels.data.set([...(inside ? [79, 70, 229] : [120, 128, 160]), 40 + 215 * light], 4 * i);
    });
    ctx.putImageData(pixels, 0, 0);
  }
}

/**
 * @param {HTMLElement} button
 * @param {HTMLElement} box
 * @param {HTMLElement} picture
 * @param {() => Promise<Explanation>} why
 * @param {(t?: number) => void} show
 */
async function explain(button, box, picture, why, show) {
  box.hidden = !box.hidden;
  button.setAttribute("aria-expanded", String(!box.hidden));
  if (box.hidden || box.childElementCount) return;
  box.textContent = "Looking…";
  try {
    box.replaceChildren(...explanationOf(await why(), picture, show));
  } catch (error) {
    box.textContent = messageOf(error);
  }
}

/** Arrow keys move between moments as they lie on the page; ↓ in the search field enters them, ↑ from the first row leaves.
 * @param {KeyboardEvent} event
 * @param {HTMLElement} box
 * @param {HTMLElement} field
 */
export function walk(event, box, field) {
  /** @type {HTMLElement[]} */
  const all = [...box.querySelectorAll(/** @type {"a"} */ (".picture"))];
  if (!event.key.startsWith("Arrow") || !all.length || event.ctrlKey || event.altKey || event.metaKey) return;
  const at = all.findIndex((button) => button === document.activeElement);
  if (at < 0) {
    const isOutside = document.activeElement !== field && document.activeElement !== document.body;
    if (event.key !== "ArrowDown" || isOutside) return;
    event.preventDefault();
    all[0].focus();
    return;
  }
  const columns = getComputedStyle(box).gridTemplateColumns.split(" ").length;
  /** @type {{ [key: string]: number }} */
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns };
  const to = at + steps[event.key];
  event.preventDefault();
  (all[to] ?? (to < 0 ? field : all[at])).focus();
}
