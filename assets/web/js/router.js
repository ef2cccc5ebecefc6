// Which page is open, and where: the address bar is the truth, so that a link reopens what it was copied from.
// The parameter is called `view`: Gradio has a `page` of its own and fails on names it does not know.

/** @typedef {"library" | "search" | "annotate" | "models" | "overview"} Page */

/**
 * @typedef {object} Route
 * @property {Page} page
 * @property {string | null} video
 * @property {number | null} t null: nobody said
 * @property {number | null} end of a moment that a search found, which begins at t
 * @property {number} score of it
 * @property {string} q
 * @property {string} like
 * @property {string} task
 * @property {string} a
 * @property {string} b
 *
 * @typedef {{ [name: string]: string | number | null | undefined }} Parameters
 */

/** @type {readonly Page[]} */
const PAGES = ["library", "search", "annotate", "models", "overview"];
/** @type {Set<(route: Route) => void>} */
const listeners = new Set();

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
    q: query.get("q") || "",
    like: query.get("like") || "",
    task: query.get("task") || "",
    a: query.get("a") || "",
    b: query.get("b") || "",
  };
}

/**
 * @param {Page} page
 * @param {Parameters} [parameters]
 */
export function go(page, parameters = {}) {
  history.pushState(null, "", addressOf(page, parameters));
  announce();
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
  history.pushState(null, "", link.href);
  announce();
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
  history.replaceState(null, "", text ? `?${text}` : location.pathname);
}

/** @param {(route: Route) => void} listener is told of the page that is open now, too */
export function onRoute(listener) {
  listeners.add(listener);
  listener(current());
}

function announce() {
  const route = current();
  document.body.dataset.page = route.page;
  for (const listener of listeners) listener(route);
}

window.addEventListener("popstate", announce);
document.body.dataset.page = current().page;
