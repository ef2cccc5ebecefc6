// Which page is open, and where: the address bar is the truth, so that a link reopens what it was copied from.

import { closeMenu } from "./view/menu.js";

/** @typedef {"library" | "search" | "map" | "annotate" | "review" | "models" | "overview"} Page */

/**
 * @typedef {object} Route
 * @property {Page} page
 * @property {string | null} video
 * @property {number | null} t null: nobody said
 * @property {number | null} end of a moment that a search found, which begins at t
 * @property {number} score of it
 * @property {number | undefined} sure how likely it is what was asked for, 0…1, where that is known
 * @property {string} q
 * @property {string} like
 * @property {string} task
 * @property {string} a
 * @property {string} b
 * @property {string} label
 * @property {string} track
 * @property {string} feed
 * @property {string} in what the Search page searches: annotations, or (nothing) pictures and words
 * @property {string} find a question about annotations, as JSON
 * @property {string} segment that is to be chosen
 * @property {string} list which videos of the library are listed, as JSON
 *
 * @typedef {{ [name: string]: string | number | null | undefined }} Parameters
 */

/** How long a place is looked for in a page that still fills. */
const PATIENCE_MS = 15_000; // a library on a slow disk; it ends as soon as somebody does anything
/** @type {readonly Page[]} */
const PAGES = ["library", "search", "map", "annotate", "review", "models", "overview"];
/** @type {Set<(route: Route, isBack: boolean) => void>} */
const listeners = new Set();
/** @type {Set<() => unknown>} */
const leaving = new Set();

/** @returns {Route} */
export function current() {
  const query = new URLSearchParams(location.search);
  const video = query.get("video");
  return {
    page: PAGES.find((page) => page === query.get("view")) ?? (video ? "annotate" : "library"),
    video,
    t: query.has("t") ? Number(query.get("t")) || 0 : null,
    end: query.has("end") ? Number(query.get("end")) || 0 : null,
    score: Number(query.get("score")) || 0,
    sure: query.get("sure") ? Number(query.get("sure")) || 0 : undefined,
    q: query.get("q") || "",
    like: query.get("like") || "",
    task: query.get("task") || "",
    a: query.get("a") || "",
    b: query.get("b") || "",
    label: query.get("label") || "",
    track: query.get("track") || "",
    feed: query.get("feed") || "",
    in: query.get("in") || "",
    find: query.get("find") || "",
    segment: query.get("segment") || "",
    list: query.get("list") || "",
  };
}

/**
 * @param {Page} page
 * @param {Parameters} [parameters]
 */
export function go(page, parameters = {}) {
  turnTo(addressOf(page, parameters));
}

/** @param {string} address */
function turnTo(address) {
  for (const listener of leaving) listener();
  keepPlace();
  const before = current().page;
  history.pushState(null, "", address);
  announce(false);
  if (current().page !== before) window.scrollTo?.(0, 0);
}

/** The address of a page, for a link.
 * @param {Page} page
 * @param {Parameters} [parameters]
 */
export function addressOf(page, parameters = {}) {
  const query = new URLSearchParams();
  if (!(page === "library" || (page === "annotate" && parameters.video))) query.set("view", page);
  for (const [key, value] of Object.entries(parameters)) if (value || value === 0) query.set(key, String(value));
  const text = query.toString();
  return text ? `?${text}` : location.pathname;
}

/** A click on a link of ours stays in the page; with a key or another button it opens as links do everywhere.
 * @param {MouseEvent} event
 */
export function follow(event) {
  const link = /** @type {HTMLAnchorElement} */ (event.currentTarget);
  if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  turnTo(link.href);
}

/** Remember a detail (the playhead, a query) without a new entry in the history.
 * @param {Parameters} parameters
 */
export function note(parameters) {
  const query = new URLSearchParams(location.search);
  for (const [key, value] of Object.entries(parameters)) {
    if (value) query.set(key, String(value));
    else query.delete(key);
  }
  const text = query.toString();
  history.replaceState(history.state, "", text ? `?${text}` : location.pathname);
}

/** @param {(route: Route, isBack: boolean) => void} listener is told of the page that is open now, too; isBack: the person
 *   comes back to it, and finds it as it was
 */
export function onRoute(listener) {
  listeners.add(listener);
  listener(current(), false);
}

/** @param {() => unknown} listener is told before the person goes on to another address; not where they go back */
export function onLeave(listener) {
  leaving.add(listener);
}

/** What lies over the page belongs to the one that is left. @param {boolean} isBack */
function announce(isBack) {
  closeMenu();
  /** @type {NodeListOf<HTMLDialogElement>} */
  const dialogs = document.querySelectorAll("dialog[open]");
  for (const dialog of dialogs) dialog.close();
  const route = current();
  document.body.dataset.page = route.page;
  for (const listener of listeners) listener(route, isBack);
}

// ------------------------------------------------------------------ the place in a list

/** Where this page is scrolled to is kept with its entry of the history. */
function keepPlace() {
  history.replaceState({ ...history.state, scroll: window.scrollY }, "");
}

/** Scroll back to where the page was left, as soon as it is that long again; whoever scrolls first is left alone. */
function findPlace() {
  const { scroll } = /** @type {{ scroll?: number }} */ (history.state ?? {});
  if (typeof scroll !== "number") return;
  const until = performance.now() + PATIENCE_MS;
  const left = new AbortController();
  for (const name of ["wheel", "touchstart", "pointerdown", "keydown", "popstate"])
    window.addEventListener(name, () => left.abort(), { once: true, passive: true, signal: left.signal });
  const step = () => {
    if (left.signal.aborted) return;
    window.scrollTo(0, scroll);
    const isThere = Math.abs(window.scrollY - scroll) <= 1;
    if (isThere || performance.now() > until) left.abort();
    else requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}

if ("scrollRestoration" in history) history.scrollRestoration = "manual"; // a browser looks before the page is filled
window.addEventListener("pagehide", keepPlace);
window.addEventListener("popstate", () => {
  announce(true);
  findPlace();
});
if (history.state) findPlace(); // a page that was loaded again
document.body.dataset.page = current().page;
