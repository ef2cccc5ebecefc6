// A video of the library: as a card, or as a row of a table.

import { addressOf, follow } from "../router.js";
import { clock, counted, el } from "./dom.js";
import { waitingText } from "./jobs-panel.js";

/** @import { Job, ListedVideo, MediaTrack } from "../types.js" */

/** What can be done with a listed video.
 * @typedef {object} VideoActions
 * @property {(video: ListedVideo) => Job | undefined} jobOf that waits or runs
 * @property {(video: ListedVideo) => Job | undefined} failureOf
 * @property {(id: string) => boolean} isChosen
 * @property {(video: ListedVideo, isOn: boolean, isRange: boolean) => void} choose
 * @property {(video: ListedVideo) => unknown} remove
 * @property {(video: ListedVideo) => unknown} index
 * @property {(job: Job) => unknown} cancel
 * @property {(video: ListedVideo, tracks: { [name: string]: unknown }) => unknown} chooseTracks
 * @property {(tag: string) => unknown} showTag
 */

/** @type {{ [codec: string]: string }} */
const CODECS = { mp3: "MP3", aac: "AAC", flac: "FLAC", opus: "Opus", vorbis: "Vorbis" };
/** A codec as people call it. @param {string} codec */
const codecName = (codec) => CODECS[codec] ?? (codec.startsWith("pcm") ? "PCM" : codec);

/** @type {{ [state: string]: string }} */
const STATES = {
  lost: "File not found",
  working: "Being worked on",
  failed: "Preparing failed",
  unprepared: "Not prepared",
  searchable: "Searchable",
};

/** What the columns of a table are called, and the order by which each sorts. */
export const COLUMNS = /** @type {const} */ ([
  ["Name", "name"],
  ["Length", "length"],
  ["State", "state"],
  ["Annotations", "annotations"],
  ["To decide", "undecided"],
  ["Last edit", "edited"],
  ["Added", "added"],
]);

/**
 * @param {ListedVideo} video
 * @param {VideoActions} actions
 */
export function videoCard(video, actions) {
  const pictures = `${video.width}×${video.height} · ${video.fps.toFixed(2).replace(/\.?0+$/, "")} fps${video.vfr ? " (variable)" : ""}`;
  const facts = `${clock(video.duration, 0)} · ${video.width ? pictures : "sound only, " + codecName(video.audio ?? "")}`;
  const work = [
    video.annotations && counted(video.annotations, "annotation"),
    video.predictions && counted(video.predictions, "prediction"),
  ]
    .filter(Boolean)
    .join(" · ");
  const [job, failure] = [actions.jobOf(video), actions.failureOf(video)];
  const isChosen = actions.isChosen(video.id);
  return el(
    "article",
    { class: `card${isChosen ? " chosen" : ""}`, "data-video": video.id },
    el(
      "a",
      {
        class: "picture",
        "data-control": "picture",
        href: addressOf("annotate", { video: video.id }),
        "aria-label": `Open ${video.name}`,
        onclick: follow,
      },
      pictureOf(video),
      el("span", { class: "badge", text: clock(video.duration, 0) }),
    ),
    el(
      "div",
      { class: "caption" },
      el("h3", { title: video.name }, link(video, "title")),
      el("p", { class: "muted", text: work || facts, title: facts }),
      video.independent ? el("p", { class: "muted", text: "Annotated independently" }) : null,
      video.lost ? el("p", { class: "error", text: "Its file is not where it was." }) : null,
      ...video.notes.map((note) => el("p", { class: "note", text: note })),
      tagsOf(video, actions),
      tracks(video, "sound", "Sound", video.sounds, actions),
      tracks(video, "subtitles", "Subtitles", video.texts, actions),
      job ? progress(job, actions) : failure ? el("p", { class: "error", text: failure.error }) : null,
      !job && !video.indexed
        ? el("button", {
            class: "link",
            "data-control": "index",
            text: `${video.cleaned ? "Removed to make room" : "Not searchable yet"}: ${video.width ? "index" : "draw its sound"} now`,
            onclick: () => actions.index(video),
          })
        : null,
    ),
    chooser(video, actions),
    el("button", {
      class: "plain remove",
      "data-control": "remove",
      disabled: Boolean(video.kept),
      title: video.kept || "Remove from the library",
      "aria-label": `Remove ${video.name}`,
      text: "×",
      onclick: () => actions.remove(video),
    }),
  );
}

/**
 * @param {ListedVideo} video
 * @param {number} index in the list
 * @param {VideoActions} actions
 */
export function videoRow(video, index, actions) {
  const [job, failure] = [actions.jobOf(video), actions.failureOf(video)];
  const state = job ? progress(job, actions) : el("span", { text: STATES[video.state], title: failure?.error });
  const isChosen = actions.isChosen(video.id);
  const day = (/** @type {string} */ at) => (at ? new Date(at).toLocaleDateString() : "");
  return el(
    "tr",
    { class: isChosen ? "chosen" : "", "data-video": video.id, "aria-rowindex": index + 2 },
    el("td", {}, chooser(video, actions)),
    el("th", { scope: "row", title: video.name }, link(video, "title"), tagsOf(video, actions)),
    el("td", { class: "number", text: clock(video.duration, 0) }),
    el("td", { "data-state": video.state }, state),
    el("td", { class: "number", text: video.annotations || "" }),
    el("td", { class: "number", text: video.undecided || "" }),
    el("td", { text: day(video.edited), title: video.edited && new Date(video.edited).toLocaleString() }),
    el("td", { text: day(video.added), title: new Date(video.added).toLocaleString() }),
  );
}

/** @param {ListedVideo} video @param {string} control */
const link = (video, control) =>
  el("a", {
    class: "title",
    "data-control": control,
    href: addressOf("annotate", { video: video.id }),
    text: video.name,
    onclick: follow,
  });

/** @param {ListedVideo} video @param {VideoActions} actions */
function chooser(video, actions) {
  return el("input", {
    type: "checkbox",
    class: "choose",
    "data-control": "choose",
    checked: actions.isChosen(video.id),
    "aria-label": `Choose ${video.name}`,
    title: "Choose; with Shift all from the last one to this",
    onclick: (event) => actions.choose(video, event.target.checked, event.shiftKey),
  });
}

/** @param {ListedVideo} video @param {VideoActions} actions */
function tagsOf(video, { showTag }) {
  if (!video.tags.length) return null;
  const chips = video.tags.map((tag) =>
    el("button", {
      type: "button",
      class: "chip",
      dir: "auto",
      "data-control": `tag ${tag}`,
      title: "Show all videos with this tag",
      text: tag,
      onclick: () => showTag(tag),
    }),
  );
  return el("span", { class: "tags" }, ...chips);
}

/** A frame near its beginning, or of sound alone its waveform, once that is drawn. @param {ListedVideo} video */
function pictureOf(video) {
  const place = video.width ? `?t=${Math.min(2, video.duration / 3)}` : "";
  const isThere = video.width > 0 || video.indexed;
  return isThere ? el("img", { src: `/thumbnail/${video.id}${place}`, alt: "", loading: "lazy" }) : null;
}

/**
 * A choice of the sound or the subtitles of a video, where its file has several.
 * @param {ListedVideo} video
 * @param {"sound" | "subtitles"} key
 * @param {string} name
 * @param {MediaTrack[]} found
 * @param {VideoActions} actions
 */
function tracks(video, key, name, found, { chooseTracks }) {
  if (found.length < 2) return null;
  /** @param {MediaTrack[]} listed */
  const chosen = (listed) => listed.find((track) => track.chosen)?.index ?? null;
  const choose = (/** @type {any} */ event) => {
    const picked = found[event.target.selectedIndex].index;
    const sound = key === "sound" ? picked : chosen(video.sounds);
    const text = key === "subtitles" ? picked : chosen(video.texts);
    const subtitles = typeof text === "string" ? { file: text } : { subtitles: text };
    return chooseTracks(video, { sound, ...subtitles });
  };
  return el(
    "label",
    { class: "tracks muted" },
    `${name} `,
    el(
      "select",
      { "aria-label": `${name} of ${video.name}`, "data-control": key, onchange: choose },
      ...found.map((track) => el("option", { value: track.index, selected: track.chosen, text: track.name })),
    ),
  );
}

/** @param {Job} job @param {VideoActions} actions */
function progress(job, { cancel }) {
  const waiting = waitingText(job);
  const label = job.state === "queued" ? waiting[0].toUpperCase() + waiting.slice(1) : job.message || "Starting";
  return el(
    "div",
    { class: "progress" },
    el("progress", { max: 1, value: job.progress, "aria-label": label }),
    el("span", { class: "muted", text: label }),
    el("button", { class: "link", "data-control": "cancel", text: "Cancel", onclick: () => cancel(job) }),
  );
}
