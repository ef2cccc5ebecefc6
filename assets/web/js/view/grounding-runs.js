// The questions that were asked about a video, and how sure the newest answer is.

import { counted, el } from "./dom.js";
import { unlessDrawn } from "./jobs-panel.js";

/** @import { Curve } from "../types.js" */
/** @import { VideoDocument } from "../document/video-document.js" */

const UNSURE = 0.5;

/** One chip a question; pressed ones are on the timeline.
 * @param {HTMLElement} box
 * @param {Pick<VideoDocument, "id" | "store" | "toggleRun">} doc
 */
export function showGroundingRuns(box, doc) {
  const { groundingRuns, hidden } = doc.store;
  box.hidden = groundingRuns.length < 2;
  const what = groundingRuns.map((run) => [doc.id, run.id, hidden.has(run.id)]);
  unlessDrawn(box, what, () =>
    groundingRuns.map((run) =>
      el("button", {
        class: "chip",
        type: "button",
        "data-key": run.id,
        text: [run.query ?? "like a frame", nameOf(doc, run.medium)].filter(Boolean).join(" · "),
        title: `Show or hide the results of ${run.model} for: ${run.query ?? "one frame"}`,
        "aria-pressed": String(!hidden.has(run.id)),
        onclick: () => doc.toggleRun(run.id),
      }),
    ),
  );
}

/** The name of another camera that a run is about. @param {Pick<VideoDocument, "store">} doc @param {string} [medium] */
const nameOf = ({ store }, medium) => store.cameras.find((camera) => camera.id === medium)?.name;

/** Whether there is an answer, how stable it is, and which corrections it uses; nothing when there is nothing to say.
 * @param {HTMLElement} box
 * @param {Curve | null} curve
 */
export function showGroundNote(box, curve) {
  const sure = curve?.agreement;
  const pulled = curve?.remembered;
  const isUnsure = sure !== undefined && sure < UNSURE;
  const isNothing = curve?.found === false;
  box.hidden = sure === undefined && !pulled && !isNothing;
  box.classList.toggle("warn", isUnsure || isNothing);
  const share = sure === undefined ? "" : `changed versions of the video agree by ${Math.round(100 * sure)} %.`;
  box.textContent = [
    isNothing ? "Nothing fits well. This is the nearest moment, and probably not what you asked for." : "",
    share && `${isUnsure ? "Uncertain" : "Sure"}: ${share}`,
    pulled ? `Uses ${counted(pulled, "earlier correction")} of similar queries.` : "",
  ]
    .filter(Boolean)
    .join(" ");
}
