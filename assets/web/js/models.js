// The Models page: every card, and two models of a task side by side on one video.

import { chance } from "./model/chance.js";
import { current, go, note, onRoute } from "./router.js";
import { call, messageOf } from "./sync/api.js";
import { changeFeed } from "./sync/change-feed.js";
import { certaintyOf } from "./view/certainty.js";
import { clock, counted, el, finder } from "./view/dom.js";
import { detectors } from "./view/detectors.js";
import { encoderGallery } from "./view/encoders.js";
import { size } from "./view/status.js";
import { VideoPicker } from "./view/video-picker.js";

/** @import { Calls, Camera, ModelCard, Server, Side } from "./types.js" */
/** @typedef {Calls["list_models"][1]} Known */

/** @type {{ [task: string]: string }} */
const TASKS = {
  text_video: "Text–video encoders",
  grounding: "Grounding engines",
  active_speaker: "Active speakers",
  voice_activity: "Voice activity",
  speech_recognition: "Speech recognition",
  face_detector: "Face detectors",
  expression: "Facial expressions",
  dialog_emotion: "Emotions of dialogue",
  text_reading: "Reading the screen",
  sentence_embedding: "What sentences mean",
  "plug-in": "Plug-ins with errors",
};
const REST_MS = 500; // between two looks at a comparison that runs
const SIDES = /** @type {const} */ (["a", "b"]);

/**
 * @param {HTMLElement} element
 * @param {Server} server
 */
export function mount(element, server) {
  const $ = finder(element);
  const [task, a, b] = ["task", "a", "b"].map((name) => $(`try-${name}`, "select"));
  const field = { task, a, b, query: $("try-query", "input") };
  const picker = new VideoPicker(server, { label: "Video", key: "try-video", chosen: () => choices() });
  $("try-video").append(picker.box);
  /** @type {Known} */
  let known = {
    models: [],
    newest: null,
    tried: {},
    downloads: {},
    encoder: { encoder: "", next: "", gone: "" },
    fixed: false,
  };
  let turn = 0;
  let isMeasuring = false;
  const picture = el("video", { controls: true, playsinline: true, "aria-label": "The video that is compared" });
  /** where its file's time begins, and up to where a segment is played */
  let offset = 0;
  /** @type {number | null} */
  let until = null;

  /** How often the server was asked what there is, and what became of it the last time. */
  let asked = 0;
  /** @type {Promise<boolean>} */
  let newest = Promise.resolve(false);
  const load = () => (newest = ask(++asked));

  /** Whether it is known what there is. An answer that comes after a later question says nothing: that one's does.
   * @param {number} mine
   * @returns {Promise<boolean>}
   */
  async function ask(mine) {
    try {
      const found = await call(server, "list_models", {});
      if (mine !== asked) return newest;
      known = found;
      $("models-problem").hidden = true;
    } catch (error) {
      if (mine !== asked) return newest;
      $("models-problem").hidden = false;
      $("models-problem").textContent = messageOf(error);
      return false;
    }
    gallery.show(known);
    $("detector-bring").hidden = known.fixed;
    $("detectors-list").replaceChildren(...cards(known.models.filter((m) => m.task === "detection")));
    measureOnce();
    const tasks = Object.keys(TASKS).filter((task) => known.models.some((m) => m.task === task));
    $("models-list").replaceChildren(
      ...tasks.map((task) =>
        el(
          "section",
          {},
          el("h2", { text: TASKS[task] }),
          ...cards(known.models.filter((m) => m.task === task && !m.hub)),
        ),
      ),
    );
    fill(
      field.task,
      tasks.filter((task) => task in known.tried),
      (task) => TASKS[task],
    );
    if (!picker.video) picker.show(known.newest);
    if (!current().task && known.models.some((m) => m.task === "grounding")) field.task.value = "grounding";
    choices();
    return true;
  }

  const gallery = encoderGallery(element, server, load);
  const taught = detectors(element, server, load);

  /** The speed of the encoder that came with the install, from which those of others are estimated; once a machine. */
  async function measureOnce() {
    const own = known.models.find((m) => m.task === "text_video" && m.default);
    if (isMeasuring || known.fixed || !own || own.images_per_second) return;
    isMeasuring = true;
    await call(server, "time_encoder", { model: own.name }).then(load, () => {}); // the page does without it
  }

  // ---------------------------------------------------------------- cards

  /** Those that can be used; the others are folded. @param {ModelCard[]} models */
  function cards(models) {
    const grid = (/** @type {ModelCard[]} */ some) => el("div", { class: "cards wide" }, ...some.map(card));
    const missing = models.filter((m) => !m.installed && !m.problems.length);
    const there = models.filter((m) => !missing.includes(m));
    const folded = el("details", {}, el("summary", { text: `${missing.length} not installed` }), grid(missing));
    return [...(there.length ? [grid(there)] : []), ...(missing.length ? [folded] : [])];
  }

  /** @param {ModelCard} m */
  function card(m) {
    const metrics = Object.entries(m.metrics);
    const state = m.problems.length ? "broken" : m.installed ? "installed" : "not installed";
    return el(
      "article",
      { class: "card model", "data-model": m.name },
      el(
        "div",
        { class: "row head" },
        el("h3", { text: m.name }),
        el("span", { class: `tag ${state.replace(" ", "-")}`, text: m.default ? `${state}, default` : state }),
      ),
      el("p", { text: m.summary }),
      ...[...m.problems, m.note ?? ""]
        .filter(Boolean)
        .map((text) => el("p", { class: m.problems.length ? "error" : "muted", text })),
      el(
        "dl",
        {},
        ...[
          ["Version", m.version],
          ["Source", m.source],
          ["Licence", m.licence],
          ["Size", m.size ? size(m.size) : "no weights"],
        ].flatMap(([name, text]) => [el("dt", { text: name }), el("dd", { text })]),
      ),
      metrics.length
        ? el(
            "details",
            {},
            el("summary", { text: `${metrics.length} measured numbers` }),
            el(
              "table",
              {},
              ...metrics.map(([name, value]) =>
                el(
                  "tr",
                  {},
                  el("td", { text: name.replaceAll("_", " ") }),
                  el("td", { class: "mono", text: String(value) }),
                ),
              ),
            ),
          )
        : el("p", { class: "muted", text: "No measurements yet." }),
      m.own ? taught.actions(m, known.fixed) : "",
    );
  }

  // ---------------------------------------------------------------- try it

  /**
   * @param {HTMLSelectElement} select
   * @param {string[]} values
   * @param {(value: string) => string} [name]
   */
  function fill(select, values, name = (value) => value) {
    const chosen = select.value;
    select.replaceChildren(...values.map((value) => el("option", { value, text: name(value) })));
    if (values.includes(chosen)) select.value = chosen;
  }

  function choices() {
    const names = known.models
      .filter((m) => m.task === field.task.value && m.installed && !m.problems.length)
      .map((m) => m.name);
    for (const side of SIDES) fill(field[side], names);
    if (field.a.value === field.b.value && names.length > 1)
      field.b.value = names.find((name) => name !== field.a.value) ?? "";
    $("try-question").hidden = !known.tried[field.task.value];
    /** @type {HTMLButtonElement} */ ($("try-form").querySelector("button")).disabled =
      names.length < 2 || !picker.video;
    $("try-status").textContent = !picker.video
      ? "Add a video first."
      : names.length < 2
        ? "Only one model of this task is installed; add another to compare."
        : "";
  }

  /** A link that was copied from a comparison makes the same one again. */
  async function open() {
    const mine = turn;
    const route = current();
    if (!(await load()) || mine !== turn || !route.a || !route.video) return;
    const { videos } = await call(server, "choose_videos", { ids: [route.video] });
    if (mine !== turn) return; // the person compares something else, or left
    field.task.value = route.task;
    choices();
    if (videos.length) picker.show(videos[0]);
    field.a.value = route.a;
    field.b.value = route.b;
    field.query.value = route.q;
    if (SIDES.some((side) => field[side].value !== route[side]) || picker.video?.id !== route.video) {
      $("try-status").textContent = "A model or the video of this comparison is no longer available.";
      return;
    }
    compare();
  }

  async function compare() {
    const { video } = picker;
    if (!video) return;
    const mine = ++turn;
    const { query: asked, ...chosen } = field;
    const values = {
      video: video.id,
      query: asked.value.trim(),
      task: chosen.task.value,
      a: chosen.a.value,
      b: chosen.b.value,
    };
    if (!known.tried[values.task]) values.query = "";
    const { query: q, ...rest } = values;
    note({ view: "models", ...rest, q });
    $("try-status").classList.remove("error");
    $("try-status").textContent = "Waiting in the queue…";
    try {
      const { jobs } = await call(server, "compare", values);
      const look = async () => {
        if (mine !== turn) return true;
        const found = await call(server, "compared", { jobs });
        if (mine === turn) show(found, video);
        return found.sides.every((side) => !["queued", "running"].includes(side.state));
      };
      await changeFeed.until(look, REST_MS);
    } catch (error) {
      if (mine !== turn) return;
      $("try-status").classList.add("error");
      $("try-status").textContent = messageOf(error);
    }
  }

  /**
   * @param {Calls["compared"][1]} found
   * @param {Camera} video
   */
  function show({ sides, agreement }, video) {
    $("try-status").textContent = summary(sides, agreement);
    $("try-status").classList.toggle(
      "error",
      sides.some((side) => side.error),
    );
    $("try-result").hidden = false;
    $("try-result").dataset.agreement = String(agreement ?? "");
    const tracks = [...new Set(sides.flatMap((side) => (side.predictions ?? []).map((p) => p.track)))].sort((a, b) =>
      a.localeCompare(b, undefined, { numeric: true }),
    );
    $("try-result").replaceChildren(
      pictureOf(video),
      el(
        "div",
        { class: "ruler" },
        ...[0, 0.25, 0.5, 0.75, 1].map((share) =>
          place(el("span", { class: "mono", text: clock(share * video.duration, 1) }), share),
        ),
      ),
      ...(tracks.length ? tracks : [""]).flatMap((track) => sides.map((side, i) => row(side, i, track, video))),
      el(
        "dl",
        { class: "facts" },
        ...sides.flatMap((side) => [el("dt", { text: side.model }), el("dd", { text: factsOf(side) })]),
      ),
    );
  }

  /** What is compared, playing above both; the same element as long as it is the same video. @param {Camera} video */
  function pictureOf(video) {
    if (picture.dataset.video === video.id) return picture;
    picture.dataset.video = video.id;
    picture.src = `/media/${video.id}`;
    picture.ontimeupdate = () => {
      const at = picture.currentTime - video.media_start;
      $("try-result").style.setProperty("--at", `${(100 * at) / video.duration}%`);
      if (until !== null && at >= until) {
        picture.pause();
        until = null;
      }
    };
    offset = video.media_start;
    return picture;
  }

  /**
   * @param {number} start
   * @param {number} end
   */
  function play(start, end) {
    picture.currentTime = offset + start;
    until = end;
    picture.play().catch(() => {}); // a file that browsers cannot play: the page shows its bars all the same
  }

  /**
   * @param {Side} side
   * @param {number} i
   * @param {string} track
   * @param {Camera} video
   */
  function row(side, i, track, video) {
    const name = track ? `${side.model} · ${track}` : side.model;
    return el(
      "div",
      { class: "lane", role: "list", "aria-label": name },
      el("span", { class: "name", text: name, title: name }),
      el(
        "div",
        { class: "bar" },
        ...(side.predictions ?? [])
          .filter((p) => p.track === track)
          .map((p) => {
            const words = `${p.label} ${clock(p.start, 2)}–${clock(p.end, 2)}, ${certaintyOf(p)}`;
            const node = el("button", {
              class: `side-${SIDES[i]}`,
              type: "button",
              role: "listitem",
              title: words,
              "aria-label": words,
              text: p.label,
              onclick: () => play(p.start, p.end),
              ondblclick: () => go("annotate", { video: video.id, t: p.start }),
            });
            node.style.width = `${(100 * (p.end - p.start)) / video.duration}%`;
            node.style.opacity = String(0.45 + 0.55 * chance(p));
            return place(node, p.start / video.duration);
          }),
      ),
    );
  }

  /**
   * @template {HTMLElement} Placed
   * @param {Placed} node
   * @param {number} share of the video's time
   */
  function place(node, share) {
    node.style.left = `${100 * share}%`;
    return node;
  }

  field.task.addEventListener("change", choices);
  $("try-form").addEventListener("submit", (event) => {
    event.preventDefault();
    compare();
  });
  onRoute((route) => {
    if (route.page === "models") {
      gallery.enter();
      open().catch((error) => ($("try-status").textContent = messageOf(error)));
    } else {
      turn++;
      picture.pause();
      gallery.leave();
    }
  });
}

/** How a comparison stands.
 * @param {Side[]} sides
 * @param {number | null} agreement
 */
function summary(sides, agreement) {
  const running = sides.find((side) => side.state === "running");
  const failed = sides.find((side) => side.error);
  if (running) {
    const doing = running.message.toLowerCase() || "working";
    return `${running.model}: ${doing}… ${Math.round(100 * running.progress)} %`;
  }
  if (failed) return `${failed.model} failed: ${failed.error}`;
  if (agreement !== null) return `They agree on ${Math.round(100 * agreement)} % of the time that either marks.`;
  return sides.every((side) => side.state === "done") ? "Neither found anything." : "Waiting in the queue…";
}

/** @param {Side} side */
function factsOf({ state, predictions = [], seconds = 0, note: more = "" }) {
  if (state !== "done") return state;
  const took = `${seconds.toFixed(2)} s, without loading it and what both share.`;
  return `${counted(predictions.length, "segment")} in ${took} ${more}`;
}
