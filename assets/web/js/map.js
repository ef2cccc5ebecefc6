// The Map page: the whole library in two dimensions, and what is done with many moments at once.

import { KINDS, MapPoints } from "./model/map-points.js";
import { isTexts, readPreferences } from "./model/preferences.js";
import { addressOf, follow, go, onRoute } from "./router.js";
import { call, messageOf, points as fetchPoints } from "./sync/api.js";
import { changeFeed } from "./sync/change-feed.js";
import { currentUser } from "./sync/current-user.js";
import { counted, finder, toast } from "./view/dom.js";
import { waitingText } from "./view/jobs-panel.js";
import { MapDecisions } from "./view/map-decisions.js";
import { MapPanel, addressOfMoment, pictureOf, textOf, wordsOf } from "./view/map-panel.js";
import { MapPlot } from "./view/map-plot.js";
import { Reel } from "./view/reel.js";

/** @import { Coloured, Colouring, Kind } from "./model/map-points.js" */
/** @import { MapState, Server } from "./types.js" */
/** @import { Tool } from "./view/map-plot.js" */

const REST_MS = 1500; // between two looks while something changes
const KEPT = "map"; // what this browser keeps of the choices
const MOST_LIKE = 50; // moments that a search is like

/**
 * @param {HTMLElement} element
 * @param {Server} server
 */
export function mount(element, server) {
  const $ = finder(element);
  const colour = $("map-colour", "select");
  const tip = $("map-tip");
  const boxes = /** @type {NodeListOf<HTMLInputElement>} */ (element.querySelectorAll("[data-kind]"));
  const reel = new Reel($("reel", "dialog"));
  const plot = new MapPlot($("map-plot"), { select, open, hover });
  const panel = new MapPanel(element, { choose: change, toggle });
  const decisions = new MapDecisions($, server, {
    chosen: (kind) => of(kind),
    words: () => (points ? wordsOf(points, selected) : ""),
    done: () => choose(new Set()),
    refresh: () => refresh().catch(() => {}),
  });
  /** @type {MapPoints | null} */
  let points = null;
  /** @type {Coloured[]} */
  let groups = [];
  /** Numbers of points. @type {ReadonlySet<number>} */
  let selected = new Set();
  /** Those in the list: what is taken out there can be put back. @type {ReadonlySet<number>} */
  let listed = selected;
  let shownKey = "";
  /** What was there when the missing was last placed: it is tried once. */
  let placedKey = "";
  /** @type {() => void} */
  let leave = () => {};

  const by = () => /** @type {Colouring} */ (colour.value);
  const annotator = () => ({ annotator: currentUser() });

  /** Null, and a sentence for the person, where it failed.
   * @template Result
   * @param {() => Promise<Result>} work
   */
  async function attempt(work) {
    try {
      return await work();
    } catch (error) {
      toast(messageOf(error), "error");
      return null;
    }
  }

  // ---------------------------------------------------------------- what there is

  async function refresh() {
    /** @type {MapState} */
    let state;
    try {
      state = await call(server, "map_state", annotator());
    } catch (error) {
      $("map-summary").textContent = messageOf(error);
      return;
    }
    showJob(state);
    if (state.made && state.key !== shownKey) {
      points = take(new MapPoints(await fetchPoints(currentUser())));
      shownKey = state.key;
      await draw();
    }
    showState(state);
    const { videos, moments: missing } = points?.facts.unplaced ?? { videos: 0, moments: 0 };
    if (state.made && (videos || missing) && !state.job && placedKey !== state.key) {
      placedKey = state.key;
      await make(false);
    }
  }

  /** New points; what was chosen stays chosen, as far as it is still there. @param {MapPoints} fresh */
  function take(fresh) {
    const before = points;
    if (!before || !selected.size) return fresh;
    const keys = new Set([...selected].map((row) => before.keyOf(row)));
    selected = new Set([...Array(fresh.length).keys()].filter((row) => keys.has(fresh.keyOf(row))));
    return fresh;
  }

  /** @param {MapState} state */
  function showState({ made, indexed, known, error }) {
    const waiting = known - indexed;
    const later = waiting
      ? ` ${waiting} of ${counted(known, "video")} ${waiting === 1 ? "is" : "are"} not indexed yet; the Library page says why.`
      : "";
    const left = points?.facts.left_out ? ` ${points.facts.left_out} more stretches of footage are not drawn.` : "";
    const drawn = points ? `${points.length.toLocaleString()} points of ${counted(indexed, "video")}.` : "";
    $("map-summary").textContent = made ? drawn + left + later : later;
    $("map-problem").hidden = !error;
    $("map-problem").textContent = error;
    $("map-shown").hidden = !made;
    $("map-anew").hidden = !made;
    $("map-empty").hidden = made;
    $("map-make").hidden = !indexed;
    $("map-empty-title").textContent = indexed ? "No map yet" : known ? "Nothing is indexed yet" : "No videos yet";
    $("map-empty-text").textContent = indexed
      ? "A map lays out all footage by what it looks like: what looks alike lies near each other. New videos are added to it by themselves."
      : known
        ? "The map is made of indexed videos; the Library page shows how far that is."
        : "Add videos on the Library page; the map is made of them.";
  }

  /** @param {MapState} state */
  function showJob({ job }) {
    $("map-job").hidden = !job;
    for (const id of ["map-make", "map-anew"]) $(id, "button").disabled = Boolean(job);
    if (!job) return;
    const bar = $("map-job").querySelector("progress");
    if (bar) bar.value = job.progress;
    const said = $("map-job").querySelector("span");
    if (said) said.textContent = job.state === "queued" ? waitingText(job) : job.message || "Starting";
    $("map-cancel").onclick = () => attempt(() => call(server, "cancel_job", { job: job.id }));
  }

  /** @param {boolean} anew */
  async function make(anew) {
    if (anew) plot.forget();
    if (await attempt(() => call(server, "make_map", { anew, ...annotator() }))) await refresh().catch(() => {});
  }

  // ---------------------------------------------------------------- drawing

  async function draw() {
    if (!points) return;
    const counts = points.counts();
    /** @type {Set<Kind>} */
    const kinds = new Set();
    for (const box of boxes) {
      const kind = /** @type {Kind} */ (box.dataset.kind);
      if (box.checked) kinds.add(kind);
      box.disabled = !counts[kind];
      const name = box.nextElementSibling;
      if (name) name.textContent = `${NAMES[kind]} (${counts[kind].toLocaleString()})`;
    }
    groups = points.coloured(by(), kinds);
    const known = points;
    selected = new Set([...selected].filter((row) => kinds.has(known.moment(row).kind)));
    listed = selected;
    $("map-shown").hidden = false;
    showSelection();
    await plot.show(points, groups, selected);
  }

  /** @param {ReadonlySet<number>} rows */
  function choose(rows) {
    selected = listed = rows;
    showSelection();
    plot.select(selected);
  }

  /**
   * @param {number} row of the list
   * @param {boolean} isChosen
   */
  function toggle(row, isChosen) {
    const next = new Set(selected);
    if (isChosen) next.add(row);
    else next.delete(row);
    selected = next;
    showSelection();
    plot.select(selected);
  }

  /**
   * @param {number[]} rows
   * @param {boolean} adds
   */
  function select(rows, adds) {
    choose(new Set(adds ? [...selected, ...rows] : rows));
  }

  /**
   * @param {Iterable<number>} rows
   * @param {boolean} isChosen
   */
  function change(rows, isChosen) {
    const next = new Set(selected);
    for (const row of rows)
      if (isChosen) next.add(row);
      else next.delete(row);
    choose(next);
  }

  function showSelection() {
    if (!points) return;
    panel.showChosen(points, listed, selected);
    panel.showGroups(by(), groups, selected);
    $("map-actions").hidden = !selected.size;
    const { kind } = points;
    const undecided = [...selected].filter((row) => KINDS[kind[row]] === "prediction").length;
    $("map-reject", "button").disabled = !undecided;
    $("map-reject").textContent = undecided ? `Reject ${undecided}` : "Reject";
    $("map-alike", "a").href = addressOf("search", { like: alike() });
  }

  /** The chosen moments, or those of some kinds. @param {Kind[]} kinds */
  function of(...kinds) {
    const known = points;
    if (!known) return [];
    const chosen = [...selected].map((row) => known.moment(row));
    return kinds.length ? chosen.filter(({ kind }) => kinds.includes(kind)) : chosen;
  }

  /** The chosen moments as the address of a search has them; of many, some spread evenly. */
  function alike() {
    const known = points;
    const all = [...selected];
    const step = Math.max(1, all.length / MOST_LIKE);
    const some = Array.from({ length: Math.min(all.length, MOST_LIKE) }, (_, n) => all[Math.floor(n * step)]);
    const found = known ? some.map((row) => known.moment(row)) : [];
    return found.map(({ video, start, end }) => [video, start, end].join(",")).join(";");
  }

  /**
   * @param {number} row
   * @param {MouseEvent} event
   */
  function open(row, event) {
    if (!points) return;
    hover(null, 0, 0);
    const isTouch = matchMedia("(hover: none)").matches;
    if (isTouch || event.shiftKey) {
      change([row], !selected.has(row)); // a finger sees first what it is; the list has the link
      return;
    }
    const address = addressOfMoment(points.moment(row));
    if (event.ctrlKey || event.metaKey) window.open(address, "_blank", "noopener");
    else {
      const { video, start, end, kind } = points.moment(row);
      go("annotate", { video, t: start, ...(kind === "footage" && { end }) });
    }
  }

  /**
   * @param {number | null} row
   * @param {number} x
   * @param {number} y
   */
  function hover(row, x, y) {
    tip.hidden = row === null || !points;
    if (row === null || !points) return;
    const moment = points.moment(row);
    const image = tip.querySelector("img");
    const picture = pictureOf(moment);
    if (image && image.getAttribute("src") !== picture) image.src = picture;
    const text = tip.querySelector("p");
    if (text) text.textContent = textOf(moment);
    tip.style.left = `${Math.max(4, x + 18 + tip.offsetWidth > innerWidth ? x - 18 - tip.offsetWidth : x + 18)}px`;
    tip.style.top = `${Math.max(4, Math.min(y - 40, innerHeight - tip.offsetHeight - 8))}px`;
  }

  // ---------------------------------------------------------------- events

  const kept = readPreferences(localStorage, KEPT);
  if (typeof kept.by === "string" && [...colour.options].some(({ value }) => value === kept.by)) colour.value = kept.by;
  const hidden = isTexts(kept.hidden) ? kept.hidden : ["rejected"];
  for (const box of boxes) box.checked = !hidden.includes(box.dataset.kind ?? "");
  const chosen = () => {
    const off = [...boxes].filter((box) => !box.checked).map((box) => box.dataset.kind);
    localStorage.setItem(KEPT, JSON.stringify({ by: by(), hidden: off }));
    attempt(draw);
  };
  for (const field of [colour, ...boxes]) field.addEventListener("change", chosen);
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (element.querySelectorAll("[data-tool]")))
    button.addEventListener("click", () => {
      for (const other of element.querySelectorAll("[data-tool]"))
        other.setAttribute("aria-pressed", String(other === button));
      plot.use(/** @type {Tool} */ (button.dataset.tool));
    });
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (element.querySelectorAll("[data-zoom]")))
    button.addEventListener("click", () => plot.zoom(/** @type {"in" | "out" | "fit"} */ (button.dataset.zoom)));
  $("map-make").addEventListener("click", () => make(true));
  $("map-anew").addEventListener("click", () => make(true));
  $("map-clear").addEventListener("click", () => choose(new Set()));
  $("map-alike").addEventListener("click", follow);
  $("map-reel").addEventListener("click", () => {
    const videos = new Map(points?.facts.videos.map((video) => [video.id, video.media_start]));
    reel.play(of().map((moment) => ({ ...moment, offset: videos.get(moment.video) ?? 0 })));
  });
  element.addEventListener("keydown", (event) => {
    const isBusy = decisions.dialog.open || reel.dialog.open;
    if (event.key === "Escape" && selected.size && !isBusy) choose(new Set());
  });
  onRoute(({ page }) => {
    leave();
    leave = () => {};
    hover(null, 0, 0);
    if (page === "map") leave = changeFeed.subscribe(refresh, REST_MS);
  });
}

/** @type {{ [kind in Kind]: string }} */
const NAMES = { footage: "Footage", annotation: "Annotations", prediction: "Predictions", rejected: "Rejected" };
