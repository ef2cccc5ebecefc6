// The Library page: its videos, adding by path, by folder, by upload.

import { addressOf, current, follow, onRoute } from "./router.js";
import { call, messageOf } from "./sync/api.js";
import { changeFeed } from "./sync/change-feed.js";
import { currentUser } from "./sync/current-user.js";
import { OF_LIBRARY } from "./sync/library.js";
import { addingFolders } from "./view/adding-folders.js";
import { DatasetExport } from "./view/dataset-export.js";
import { clock, counted, el, finder, toast } from "./view/dom.js";
import { replaced } from "./view/encoder-status.js";
import { lostVideos } from "./view/lost-videos.js";
import { VideoBar } from "./view/video-bar.js";
import { VideoBulk } from "./view/video-bulk.js";
import { COLUMNS, videoCard, videoRow } from "./view/video-card.js";
import { WindowList } from "./view/window-list.js";

/** @import { Calls, Job, ListedVideo, Server } from "./types.js" */
/** @import { VideoActions } from "./view/video-card.js" */
/** @typedef {Calls["list_videos"][1]} Listing */
/** @typedef {ListedVideo & { job?: Job, failure?: Job }} Item */

const REST_MS = 1500; // between two looks at the library while jobs run

/**
 * @param {HTMLElement} element
 * @param {Server} server
 */
export function mount(element, server) {
  const $ = finder(element);
  const grid = $("library-grid");
  const showLost = lostVideos(element, server, refresh);
  const showAdding = addingFolders($("adding"), server, refresh);
  const dataset = new DatasetExport($("dataset", "dialog"), server);
  const bar = new VideoBar(element, server, anew);
  const bulk = new VideoBulk(element, server, { bar, dataset, redraw: showChosen, refresh });
  /** @type {WindowList<Item> | null} */
  let list = null;
  let groupsOf = "";

  /** @type {VideoActions} */
  const actions = {
    jobOf: (video) => /** @type {Item} */ (video).job,
    failureOf: (video) => /** @type {Item} */ (video).failure,
    isChosen: (id) => bulk.chosen.ids.has(id),
    choose: ({ id }, isOn, isRange) => bulk.choose(id, isOn, isRange),
    remove,
    index: (video) => attempt(() => call(server, "index_video", { video: video.id })),
    cancel: (job) => attempt(() => call(server, "cancel_job", { job: job.id })),
    chooseTracks: (video, chosen) =>
      attempt(() => call(server, "choose_tracks", { video: video.id, sound: null, ...chosen })),
    showTag: (tag) => bar.want({ tag, collection: "", folder: null }),
  };

  /** A list is wanted that is another, or is shown in another way. */
  function anew() {
    list?.close();
    list = bar.isTable ? asTable() : asGrid();
    bulk.chosen.forgetPlace();
    return refresh();
  }

  function asGrid() {
    grid.className = "";
    return new WindowList(grid, {
      load,
      draw: (video) => videoCard(video, actions),
      piece: () => el("div", { class: "cards" }),
      columns: (piece) => getComputedStyle(piece).gridTemplateColumns.split(" ").length,
    });
  }

  function asTable() {
    const table = el("table", { class: "videos" });
    grid.className = "table";
    grid.replaceChildren(table);
    const shown = new WindowList(table, {
      load,
      draw: (video, index) => videoRow(video, index, actions),
      piece: () => el("tbody"),
      blank: (height) => [el("tr", { class: "blank" }, el("td", { colspan: 8, style: `height:${height}px` }))],
      columns: () => 1,
    });
    table.prepend(headings());
    return shown;
  }

  /** The names of the columns, each a button that sorts by it. */
  function headings() {
    const { sort, descending } = bar.wanted;
    const heading = (/** @type {string} */ text, /** @type {string} */ by) => {
      const isSorted = sort === by;
      const way = descending ? "descending" : "ascending";
      const turn = () => bar.want({ sort: by, descending: isSorted ? !descending : by !== "name" });
      return el(
        "th",
        { scope: "col", "aria-sort": isSorted ? way : undefined },
        el("button", { type: "button", class: "link", text, onclick: turn }),
      );
    };
    return el(
      "thead",
      {},
      el("tr", {}, el("td", { class: "unseen", text: "Chosen" }), ...COLUMNS.map(([text, by]) => heading(text, by))),
    );
  }

  /** @param {number} first @param {number} count @returns {Promise<{ items: Item[], total: number }>} */
  async function load(first, count) {
    const data = await call(server, "list_videos", { ...bar.wanted, first, count, annotator: currentUser() });
    showLibrary(data);
    const inState = (/** @type {string[]} */ ...states) =>
      new Map(data.jobs.filter((job) => states.includes(job.state)).map((job) => [job.video_id, job]));
    const active = inState("queued", "running");
    const failed = inState("failed");
    const items = data.videos.map((video) => ({ ...video, job: active.get(video.id), failure: failed.get(video.id) }));
    return { items, total: data.total };
  }

  async function refresh() {
    try {
      await list?.refresh();
    } catch (error) {
      $("library-summary").textContent = messageOf(error);
    }
  }

  /** What is said of the whole library. @param {Listing} data */
  function showLibrary(data) {
    const { removed, known, sounds, indexed } = data;
    showRemoved(removed);
    showLost(data.lost);
    showAdding(data.adding);
    $("library-summary").textContent = known
      ? `${kindsOf(known - sounds, sounds)}, ${clock(data.duration, 0)} in all; ${indexed} searchable.`
      : "";
    $("library-work").hidden = !data.active && !data.jobs.some((job) => job.state === "failed");
    $("library-cancel").hidden = data.active < 2;
    $("words").hidden = !known;
    showEncoder(data.encoder);
    $("library-export").hidden = !known;
    $("library-empty").hidden = known > 0;
    bar.showCount(data.total, known);
    const now = `${known} ${data.active}`;
    if (now === groupsOf) return;
    groupsOf = now;
    bar.refreshGroups().catch(() => {});
    call(server, "library_words", { annotator: currentUser() }).then(showWords, () => {});
  }

  /** What is chosen, where it is in sight. */
  function showChosen() {
    for (const item of grid.querySelectorAll("[data-video]")) {
      const { video = "" } = /** @type {HTMLElement} */ (item).dataset;
      const isChosen = bulk.chosen.ids.has(video);
      item.classList.toggle("chosen", isChosen);
      const box = /** @type {HTMLInputElement | null} */ (item.querySelector("input.choose"));
      if (box) box.checked = isChosen;
    }
    grid.classList.toggle("choosing", bulk.chosen.ids.size > 0);
  }

  /** Whether what is said and written in new videos is written down by itself; and of how many others it is missing.
   * @param {Calls["library_words"][1]} words
   */
  function showWords({ on, missing, fixed }) {
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
   * @param {Listing["encoder"]} status
   */
  function showEncoder(status) {
    const { better, encoder, next, ready = 0, of = 0, gone } = status;
    $("better").hidden = !better;
    $("changing").hidden = !next && !gone && !status.replaced;
    if (status.replaced) $("changing").textContent = replaced(status);
    else
      $("changing").textContent = next
        ? `${ready} of ${counted(of, "video")} indexed with ${next}; ${encoder} answers until all are.`
        : `${gone} is no longer on this machine, so ${encoder} answers; get it again on the Models page.`;
  }

  /** "2 videos and 1 recording of sound". @param {number} films @param {number} sounds */
  function kindsOf(films, sounds) {
    const both = [films ? counted(films, "video") : "", sounds ? `${counted(sounds, "recording")} of sound` : ""];
    return both.filter(Boolean).join(" and ");
  }

  /** @param {ListedVideo} video */
  async function remove(video) {
    const work = video.annotations ? ` With it goes its work: ${counted(video.annotations, "annotation")}.` : "";
    const file = video.uploaded ? "The uploaded copy is deleted after that." : "The file itself stays.";
    if (confirm(`Remove “${video.name}” from the library?${work} You can restore it for 30 days. ${file}`)) {
      await attempt(async () => {
        await call(server, "remove_video", { video: video.id, annotator: currentUser() });
        bulk.chosen.setAll([video.id], false);
        bulk.show();
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
    groupsOf = ""; // what is refused is shown as it stands
    attempt(() => call(server, "set_prepares_words", { on: wordsOn.checked, annotator: currentUser() }));
  });
  $("words-now").addEventListener("click", () => {
    groupsOf = "";
    attempt(() => call(server, "prepare_words", {}));
  });
  $("library-work").addEventListener("click", follow);
  $("library-cancel").addEventListener("click", () =>
    attempt(async () => toast(`${counted((await call(server, "cancel_jobs", {})).cancelled, "job")} cancelled.`)),
  );
  $("library-export").addEventListener("click", () => {
    dataset.choose([]);
    dataset.show();
  });
  const field = $("add-path", "input");
  $("add-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const path = field.value.trim();
    if (!path) return;
    const row = progressRow("Adding");
    const { problems: failures, notes: passed } = await call(server, "add_path", { path, annotator: currentUser() })
      .then((reply) => ((field.value = ""), reply))
      .catch((error) => ({ problems: [messageOf(error)], notes: [] }));
    row.remove();
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
    if (page !== "library") return;
    bar.follow();
    if (!list) anew();
    unsubscribe = changeFeed.subscribe(refresh, REST_MS);
  });
}
