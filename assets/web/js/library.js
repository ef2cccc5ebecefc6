// The Library page: cards, adding by path, by folder, by upload.

import { addressOf, current, follow, onRoute } from "./router.js";
import { call, messageOf } from "./sync/api.js";
import { changeFeed } from "./sync/change-feed.js";
import { OF_LIBRARY } from "./sync/library.js";
import { currentUser } from "./sync/current-user.js";
import { DatasetExport } from "./view/dataset-export.js";
import { clock, counted, el, finder, toast } from "./view/dom.js";
import { waitingText } from "./view/jobs-panel.js";
import { lostVideos } from "./view/lost-videos.js";

/** @import { Calls, Job, Server } from "./types.js" */
/** @typedef {Calls["list_videos"][1]} Listing */
/** @typedef {Listing["videos"][number]} ListedVideo */
/** @typedef {ListedVideo["sounds"][number]} MediaTrack */

/** @type {{ [codec: string]: string }} */
const CODECS = { mp3: "MP3", aac: "AAC", flac: "FLAC", opus: "Opus", vorbis: "Vorbis" };
/** A codec as people call it. @param {string} codec */
const codecName = (codec) => CODECS[codec] ?? (codec.startsWith("pcm") ? "PCM" : codec);

const REST_MS = 1500; // between two looks at the library while jobs run

/**
 * @param {HTMLElement} element
 * @param {Server} server
 */
export function mount(element, server) {
  const $ = finder(element);
  const grid = $("library-grid");
  const showLost = lostVideos(element, server, refresh);
  const dataset = new DatasetExport($("dataset", "dialog"), server);
  let shown = "";

  async function refresh() {
    /** @type {Listing} */
    let data;
    try {
      data = await call(server, "list_videos", {});
    } catch (error) {
      $("library-summary").textContent = messageOf(error);
      return;
    }
    const seen = JSON.stringify(data);
    if (seen === shown) return; // nothing moved: leave what the mouse may be over
    shown = seen;
    const { videos, removed, jobs, indexed } = data;
    showRemoved(removed);
    showLost(videos.filter((video) => video.lost).length);
    const inState = (/** @type {string[]} */ ...states) =>
      new Map(jobs.filter((job) => states.includes(job.state)).map((job) => [job.video_id, job]));
    const active = inState("queued", "running");
    const failed = inState("failed");
    const total = videos.reduce((sum, video) => sum + video.duration, 0);
    $("library-summary").textContent = videos.length
      ? `${kindsOf(videos)}, ${clock(total, 0)} in all; ${indexed} searchable.`
      : "";
    $("library-work").hidden = !active.size && !failed.size;
    $("library-cancel").hidden = active.size < 2;
    showWords(data.words, videos.length);
    showEncoder(data.encoder);
    dataset.videos = videos;
    $("library-export").hidden = !videos.length;
    $("library-empty").hidden = videos.length > 0;
    const focused = /** @type {HTMLElement | null} */ (document.activeElement);
    const within = /** @type {HTMLElement | null | undefined} */ (focused?.closest?.(".card"))?.dataset.video;
    const control = focused?.className.split(" ").at(-1) || "picture";
    grid.replaceChildren(...videos.map((video) => card(video, active.get(video.id), failed.get(video.id))));
    /** @type {HTMLElement | null} */
    const again = within ? grid.querySelector(`[data-video="${within}"] .${control}`) : null;
    again?.focus();
  }

  /** Whether what is said and written in new videos is written down by itself; and of how many others it is missing.
   * @param {Listing["words"]} words
   * @param {number} known
   */
  function showWords({ on, missing, fixed }, known) {
    $("words").hidden = !known;
    const box = $("words-on", "input");
    box.checked = on;
    box.disabled = fixed;
    box.title = fixed
      ? "Only an admin may change this."
      : "What is said and what is on the screen is found by search then. It takes about as long as the videos last.";
    const now = $("words-now", "button");
    now.hidden = !missing;
    now.textContent = `Prepare ${counted(missing, "video")} that ${missing === 1 ? "is" : "are"} here`;
  }

  /** Whether there are models that see better; and how a change to one stands.
   * @param {Listing["encoder"]} encoder
   */
  function showEncoder({ better, encoder, next, ready = 0, of = 0, gone }) {
    $("better").hidden = !better;
    $("changing").hidden = !next && !gone;
    $("changing").textContent = next
      ? `${ready} of ${counted(of, "video")} indexed with ${next}; ${encoder} answers until all are.`
      : `${gone} is no longer on this machine, so ${encoder} answers; get it again on the Models page.`;
  }

  /** "2 videos and 1 recording of sound". @param {ListedVideo[]} videos */
  function kindsOf(videos) {
    const films = videos.filter((video) => video.width > 0).length;
    const sounds = counted(videos.length - films, "recording");
    const both = [films ? counted(films, "video") : "", films < videos.length ? `${sounds} of sound` : ""];
    return both.filter(Boolean).join(" and ");
  }

  /**
   * @param {ListedVideo} video
   * @param {Job | undefined} job that waits or runs
   * @param {Job | undefined} failure
   */
  function card(video, job, failure) {
    const pictures = `${video.width}×${video.height} · ${video.fps.toFixed(2).replace(/\.?0+$/, "")} fps${video.vfr ? " (variable)" : ""}`;
    const facts = `${clock(video.duration, 0)} · ${video.width ? pictures : "sound only, " + codecName(video.audio ?? "")}`;
    const work = [
      video.annotations && counted(video.annotations, "annotation"),
      video.predictions && counted(video.predictions, "prediction"),
    ]
      .filter(Boolean)
      .join(" · ");
    return el(
      "article",
      { class: "card", "data-video": video.id },
      el(
        "a",
        {
          class: "picture",
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
        el(
          "h3",
          { title: video.name },
          el("a", {
            class: "title",
            href: addressOf("annotate", { video: video.id }),
            text: video.name,
            onclick: follow,
          }),
        ),
        el("p", { class: "muted", text: work || facts, title: facts }),
        video.independent ? el("p", { class: "muted", text: "Annotated independently" }) : null,
        video.lost ? el("p", { class: "error", text: "Its file is not where it was." }) : null,
        ...video.notes.map((note) => el("p", { class: "note", text: note })),
        tracks(video, "sound", "Sound", video.sounds),
        tracks(video, "subtitles", "Subtitles", video.texts),
        job ? progress(job) : failure ? el("p", { class: "error", text: failure.error }) : null,
        !job && !video.indexed
          ? el("button", {
              class: "link",
              text: `${video.cleaned ? "Removed to make room" : "Not searchable yet"}: ${video.width ? "index" : "draw its sound"} now`,
              onclick: () => attempt(() => call(server, "index_video", { video: video.id })),
            })
          : null,
      ),
      el("button", {
        class: "plain remove",
        disabled: Boolean(video.kept),
        title: video.kept || "Remove from the library",
        "aria-label": `Remove ${video.name}`,
        text: "×",
        onclick: () => remove(video),
      }),
    );
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
   */
  function tracks(video, key, name, found) {
    if (found.length < 2) return null;
    /** @param {MediaTrack[]} listed */
    const chosen = (listed) => listed.find((track) => track.chosen)?.index ?? null;
    const choose = (/** @type {any} */ event) => {
      const picked = found[event.target.selectedIndex].index;
      const sound = key === "sound" ? picked : chosen(video.sounds);
      const text = key === "subtitles" ? picked : chosen(video.texts);
      const subtitles = typeof text === "string" ? { file: text } : { subtitles: text };
      return attempt(() => call(server, "choose_tracks", { video: video.id, sound, ...subtitles }));
    };
    return el(
      "label",
      { class: "tracks muted" },
      `${name} `,
      el(
        "select",
        { "aria-label": `${name} of ${video.name}`, onchange: choose },
        ...found.map((track) => el("option", { value: track.index, selected: track.chosen, text: track.name })),
      ),
    );
  }

  /** @param {Job} job */
  function progress(job) {
    const waiting = waitingText(job);
    const label = job.state === "queued" ? waiting[0].toUpperCase() + waiting.slice(1) : job.message || "Starting";
    return el(
      "div",
      { class: "progress" },
      el("progress", { max: 1, value: job.progress, "aria-label": label }),
      el("span", { class: "muted", text: label }),
      el("button", {
        class: "link",
        text: "Cancel",
        onclick: () => attempt(() => call(server, "cancel_job", { job: job.id })),
      }),
    );
  }

  /** @param {ListedVideo} video */
  async function remove(video) {
    const work = video.annotations ? ` With it goes its work: ${counted(video.annotations, "annotation")}.` : "";
    const file = video.uploaded ? "The uploaded copy is deleted after that." : "The file itself stays.";
    if (confirm(`Remove “${video.name}” from the library?${work} You can restore it for 30 days. ${file}`)) {
      await attempt(async () => {
        await call(server, "remove_video", { video: video.id, annotator: currentUser() });
        toast(`“${video.name}” was removed.`, "info", () => restore(video.id));
      });
    }
  }

  /** @param {string} video */
  const restore = (video) => attempt(() => call(server, "restore_video", { video, annotator: currentUser() }));

  /** @param {Listing["removed"]} removed */
  function showRemoved(removed) {
    $("library-removed").hidden = removed.length === 0;
    $("library-removed-list").replaceChildren(...removed.map(removedRow));
  }

  /** @param {Listing["removed"][number]} video */
  function removedRow(video) {
    const when = `${[new Date(video.at).toLocaleDateString(), video.by].filter(Boolean).join(", ")} `;
    return el(
      "li",
      {},
      el("span", { dir: "auto", text: `${video.name} ` }),
      el("span", { class: "muted", text: when }),
      el("button", {
        class: "link",
        type: "button",
        text: "Restore",
        "aria-label": `Restore ${video.name}`,
        onclick: () => restore(video.id),
      }),
    );
  }

  /** @param {() => Promise<unknown>} action */
  async function attempt(action) {
    try {
      await action();
    } catch (error) {
      toast(messageOf(error), "error");
    }
    refresh();
  }

  /** @param {string[]} sentences */
  function problems(sentences) {
    say($("library-problems"), sentences);
  }

  /**
   * @param {HTMLElement} box
   * @param {string[]} sentences
   */
  function say(box, sentences) {
    box.hidden = sentences.length === 0;
    box.replaceChildren(...sentences.map((sentence) => el("p", { text: sentence })));
  }

  $("better-go", "a").href = addressOf("models");
  $("better-go").addEventListener("click", follow);
  $("better-away").addEventListener("click", () =>
    attempt(() => call(server, "put_line_away", { annotator: currentUser() })),
  );
  const wordsOn = $("words-on", "input");
  wordsOn.addEventListener("change", () => {
    shown = ""; // what is refused is shown as it stands
    attempt(() => call(server, "set_prepares_words", { on: wordsOn.checked, annotator: currentUser() }));
  });
  $("words-now").addEventListener("click", () => attempt(() => call(server, "prepare_words", {})));
  $("library-work").addEventListener("click", follow);
  $("library-cancel").addEventListener("click", () =>
    attempt(async () => toast(`${counted((await call(server, "cancel_jobs", {})).cancelled, "job")} cancelled.`)),
  );
  $("library-export").addEventListener("click", () => dataset.show());
  const field = $("add-path", "input");
  $("add-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const path = field.value.trim();
    if (!path) return;
    const bar = progressRow("Adding");
    /** @type {string[]} */
    const failures = [];
    /** @type {string[]} */
    const passed = [];
    try {
      for (let done = 0, total = 1; done < total;) {
        const reply = await call(server, "add_path", { path, done, annotator: currentUser() });
        ({ done, total } = reply);
        failures.push(...reply.problems);
        passed.push(...reply.notes);
        bar.set(done / total, `Adding ${done} of ${total}`);
      }
      field.value = "";
    } catch (error) {
      failures.push(messageOf(error));
    }
    bar.remove();
    problems(failures);
    say($("library-notes"), passed);
    refresh();
  });

  /** @param {string} name */
  function progressRow(name) {
    const bar = el("progress", { max: 1, value: 0, "aria-label": name });
    const label = el("span", { class: "muted", text: name });
    const row = el("div", { class: "progress upload" }, bar, label);
    $("uploads").append(row);
    return {
      /**
       * @param {number} fraction
       * @param {string} text
       */
      set(fraction, text) {
        bar.value = fraction;
        label.textContent = text;
      },
      remove: () => row.remove(),
    };
  }

  /** What went wrong, else null.
   * @param {File} file
   * @returns {Promise<string | null>}
   */
  function upload(file) {
    const bar = progressRow(file.name);
    return new Promise((resolve) => {
      const request = new XMLHttpRequest();
      const end = (/** @type {string | null} */ problem) => {
        bar.remove();
        resolve(problem);
      };
      request.open("POST", `/upload?name=${encodeURIComponent(file.name)}`);
      for (const [name, value] of Object.entries(OF_LIBRARY)) request.setRequestHeader(name, value);
      request.upload.onprogress = (event) => {
        const whole = event.loaded === event.total;
        bar.set(event.loaded / event.total, whole ? `Reading ${file.name}` : `Uploading ${file.name}`);
      };
      request.onload = () => {
        try {
          const reply = JSON.parse(request.responseText);
          end(reply.ok ? null : reply.error);
        } catch {
          end(`“${file.name}” could not be uploaded; try again.`);
        }
      };
      request.onerror = () => end(`“${file.name}” could not be uploaded: the studio does not answer.`);
      request.send(file);
    });
  }

  /** @param {Iterable<File>} files */
  async function uploadAll(files) {
    /** @type {string[]} */
    const failures = [];
    for (const file of files) {
      const problem = await upload(file);
      if (problem) failures.push(problem);
      refresh();
    }
    problems(failures);
  }

  const chosen = $("upload-input", "input");
  chosen.addEventListener("change", () => {
    uploadAll([...(chosen.files ?? [])]);
    chosen.value = "";
  });

  const veil = $("drop-veil");
  const carriesFiles = (/** @type {DragEvent} */ event) =>
    current().page === "library" && event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    veil.hidden = false;
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) veil.hidden = true;
  });
  document.addEventListener("drop", (event) => {
    veil.hidden = true;
    if (!carriesFiles(event)) return;
    event.preventDefault();
    uploadAll([...(event.dataTransfer?.files ?? [])]);
  });

  let unsubscribe = () => {};
  onRoute(({ page }) => {
    unsubscribe();
    if (page === "library") unsubscribe = changeFeed.subscribe(refresh, REST_MS);
  });
}
