// The Search page: words, a picture or a moment in, moments out.

import { FindInAnnotations } from "./find.js";
import { currentUser } from "./sync/current-user.js";
import { call, messageOf } from "./sync/api.js";
import { LIBRARY } from "./sync/library.js";
import { counted, el, finder, targetOf, toast } from "./view/dom.js";
import { HeatMap } from "./view/heatmap.js";
import { LIKELY } from "./view/certainty.js";
import { paint, searchResult, walk } from "./view/search-result.js";
import { Options, optionsIn, parametersOf } from "./view/options.js";
import { readPreferences } from "./model/preferences.js";
import { pixelsOf } from "./input/query-image.js";
import { addressOf, current, follow, go, note, onRoute } from "./router.js";
import { removable, savedSearch } from "./view/removable.js";

/** @import { Hit, ScoreProfile, SearchQuery, Server } from "./types.js" */
/** @import { QueryImage } from "./input/query-image.js" */

/** What a search found; `wordless`: where it found nothing, of how many videos the words are not known.
 * @typedef {{ hits: Hit[], strips: ScoreProfile[], indexed: number, known: number, wordless?: number }} Found
 */
/** A moment of a video. @typedef {{ video: string, start: number, end: number }} Moment */
/** What is looked for: one of these.
 * @typedef {{ query?: string, like?: readonly Moment[], picture?: QueryImage | null }} Wanted
 */

/** The moments of an address: video,start,end of each. @param {string} text */
const momentsIn = (text) =>
  (text ? text.split(";") : []).map((each) => {
    const [video, start, end] = each.split(",");
    return { video, start: Number(start), end: Number(end) };
  });

const KEPT = 8; // questions whose results are kept while the page is open
const RESULTS = "search-results"; // the newest, for a page that is loaded again

/** Whether this page was loaded because a person came back to it; one who loads it again wants to know what is new. */
const cameBack = () =>
  /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType("navigation"))[0]?.type === "back_forward";

/**
 * @param {HTMLElement} element
 * @param {Server} server
 */
export function mount(element, server) {
  const $ = finder(element);
  const query = $("search-query", "input");
  const status = $("search-status");
  const options = new Options(element);
  const annotations = new FindInAnnotations(element, server);
  /** Whether annotations are searched, not pictures and words. */
  let inAnnotations = false;
  const heat = new HeatMap($("search-where", "details"), $("search-heat"), (video, t) => open({ video, t }));
  let asked = 0;
  /** The question whose results are shown, and its words: the field may hold others by now. */
  let shown = "";
  let words = "";
  /** `keyOf` a question → what it found @type {Map<string, Found>} */
  const results = new Map();
  /** search for what looks like these moments @type {readonly Moment[]} */
  let like = [];
  /** or like this @type {QueryImage | null} */
  let picture = null;

  const text = () => query.value.trim();
  const open = (/** @type {{ video: string, t: number | string }} */ place) => go("annotate", { ...place, q: words });
  const address = (
    /** @type {{ video: string, t: number | string, end?: number, score?: number, sure?: number }} */ place,
  ) => addressOf("annotate", { ...place, q: words });
  /** @param {string} words @param {readonly Moment[]} moments @returns {SearchQuery} */
  const questionOf = (words, moments) => ({
    query: words,
    ...(moments.length && { like: moments.length === 1 ? moments[0] : [...moments] }),
    ...(picture && { image: { pixels: picture.pixels, width: picture.width, height: picture.height } }),
    ...options.read(),
  });
  const question = () => questionOf(text(), like);

  /** All that the address says of a question. @param {SearchQuery} asks */
  const parameters = ({ query: q, like: asked = [], ...more }) => ({
    q,
    like: [asked]
      .flat()
      .map((moment) => [moment.video, moment.start, moment.end].join(","))
      .join(";"),
    ...parametersOf(more),
  });
  const here = () => ({ ...parameters(question()), ...options.parameters() });

  /** @param {boolean} [anew] also where it is known what is found */
  async function search(anew = true) {
    showAsked();
    if (!text() && !like.length && !picture) return;
    note(here());
    const number = ++asked;
    status.textContent = "Searching…";
    status.classList.remove("error");
    try {
      const wanted = question();
      const key = keyOf(wanted); // before the answer: whose it is
      const known = anew ? undefined : (results.get(key) ?? kept(key));
      const found = known ?? (await call(server, "search", wanted));
      if (number !== asked) return;
      shown = JSON.stringify(wanted);
      if (!picture) keep(key, found);
      show(found, wanted);
      heat.show(found.strips);
    } catch (error) {
      if (number !== asked) return;
      status.textContent = messageOf(error);
      status.classList.add("error");
    }
  }

  /** A question, of whom and in which library: a tab outlives a log-out, and another library may be opened here.
   * @param {SearchQuery} wanted
   */
  const keyOf = (wanted) => JSON.stringify([LIBRARY, currentUser(), wanted]);

  /** What was found for a question before this page was loaded. @param {string} key of `keyOf` */
  function kept(key) {
    const found = readPreferences(sessionStorage, RESULTS);
    return found.key === key ? /** @type {Found} */ (found.found) : undefined;
  }

  /**
   * @param {string} key
   * @param {Found} found
   */
  function keep(key, found) {
    results.delete(key);
    results.set(key, found);
    for (const oldest of [...results.keys()].slice(0, -KEPT)) results.delete(oldest);
    try {
      sessionStorage.setItem(RESULTS, JSON.stringify({ key, found }));
    } catch {
      // full or forbidden: it is asked again then
    }
  }

  /** Why nothing was found. @param {Found} found @param {SearchQuery} asks */
  function whyNothing({ indexed, known, wordless = 0 }, { query: said, like: moments }) {
    if (!indexed) return known ? "Nothing to search yet." : "Nothing to search yet: add videos on the Library page.";
    if (options.count()) return "Nothing fits these options.";
    if (!/["“”„«»]/.test(said)) return moments ? "No other moment looks like it." : "Nothing was found.";
    const found = wordless
      ? `These words were not found in what is known to be said or written. The speech or screen text of ${counted(wordless, "video")} was not read yet; the Library page prepares it.`
      : "These words are neither said nor written in any video.";
    return `${found} Leave the quotes out to search the pictures, too.`;
  }

  /** @param {Found} found @param {SearchQuery} asks the question that it is the answer to */
  function show(found, asks) {
    const { hits, strips: profiles, indexed, known } = found;
    words = asks.query;
    $("search-empty").hidden = true;
    $("search-save").hidden = Boolean(asks.image);
    const isLikely = (/** @type {Hit} */ { confidence }) => confidence === null || confidence >= LIKELY;
    const likely = hits.filter(isLikely).length;
    const waiting = known - indexed;
    const later = waiting
      ? ` ${waiting} of ${counted(known, "video")} ${waiting === 1 ? "is" : "are"} not searchable yet; the Library page says why.`
      : "";
    const count = likely
      ? `${counted(likely, "likely moment")}.`
      : "Nothing fits well. These are the nearest moments, and probably not what you asked for.";
    status.textContent = (hits.length ? count : whyNothing(found, asks)) + later;
    const byVideo = new Map(profiles.map((profile) => [profile.video, profile]));
    const byWords = Boolean(asks.query) && !asks.like && !asks.image;
    const ordered = [...hits.filter(isLikely), ...hits.filter((hit) => !isLikely(hit))];
    const results = ordered.map((hit, rank) => {
      const { video, start, end, aspect } = hit;
      return searchResult(hit, rank, {
        profile: byVideo.get(video),
        address,
        follow,
        open,
        alike: aspect ? addressOf("search", parameters({ ...asks, query: "", like: { video, start, end } })) : null,
        why: byWords && aspect ? () => call(server, "explain", { query: asks.query, video, start, end }) : null,
      });
    });
    const less = el("h2", { class: "less-likely", text: `Less likely, ${results.length - likely} more` });
    const shown = likely && likely < results.length ? results.toSpliced(likely, 0, less) : results;
    $("search-hits").replaceChildren(...shown);
    paint(results, byVideo);
  }

  /**
   * @param {Wanted} wanted
   * @param {boolean} [isBack] the person comes back to what was found
   */
  function find(wanted, isBack = false) {
    query.value = wanted.query ?? "";
    like = wanted.like ?? [];
    picture = wanted.picture ?? null;
    search(!isBack);
    if (!isBack) window.scrollTo({ top: 0 });
  }

  /** What else is asked beside the words, each with a way to take it back. */
  function showAsked() {
    /**
     * @param {string} src
     * @param {string} words
     * @param {() => void} drop
     */
    const chip = (src, words, drop) =>
      removable([el("img", { src, alt: "" }), words], `Without ${words}`, () => {
        drop();
        search();
      });
    $("search-asked").replaceChildren(
      ...(like.length
        ? [
            chip(
              `/thumbnail/${like[0].video}?t=${(like[0].start + like[0].end) / 2}`,
              like.length === 1 ? "like this moment" : `like these ${like.length} moments`,
              () => (like = []),
            ),
          ]
        : []),
      ...(picture ? [chip(picture.url, "like this picture", () => (picture = null))] : []),
    );
    $("search-asked").hidden = !like.length && !picture;
  }

  /** @param {Blob} file */
  async function ask(file) {
    try {
      find({ picture: await pixelsOf(file) });
    } catch {
      toast("This picture cannot be read; use JPEG, PNG or WebP.", "error");
    }
  }

  // ---------------------------------------------------------------- saved searches

  async function loadKept() {
    try {
      const { labels, kept, recent } = await call(server, "search_options", {});
      options.labels(labels);
      $("search-recent").replaceChildren(...recent.map((value) => el("option", { value })));
      $("search-kept").replaceChildren(
        ...kept.map((row) => {
          const href = addressOf("search", parameters(row.question));
          return savedSearch(row, { href, onclick: follow, title: row.question.query }, () => remove(row));
        }),
      );
    } catch {
      /* the search itself says what is wrong */
    }
  }

  /** Words that find something here, each a link; nothing where there are none. */
  async function loadExamples() {
    if ($("search-empty").hidden) return;
    const { examples } = await call(server, "search_examples", {}).catch(() => ({ examples: [] }));
    const links = examples.map((words) =>
      el("a", { class: "chip", dir: "auto", href: addressOf("search", { q: words }), text: words, onclick: follow }),
    );
    $("search-examples").hidden = !links.length;
    $("search-examples-list").replaceChildren(...links);
  }

  /** Whether it was done.
   * @param {"delete_search" | "restore_search"} name
   * @param {string} search
   */
  async function change(name, search) {
    try {
      await call(server, name, { search, annotator: currentUser() });
      return true;
    } catch (error) {
      toast(messageOf(error), "error");
      return false;
    } finally {
      loadKept();
    }
  }

  /** @param {{ id: string, name: string }} kept */
  async function remove({ id, name }) {
    if (await change("delete_search", id)) toast(`“${name}” was removed.`, "info", () => change("restore_search", id));
  }

  const name = $("search-name", "input");
  $("search-save").addEventListener("click", () => {
    $("search-keep").hidden = false;
    $("search-save").hidden = true;
    name.value = text();
    name.select();
  });
  $("search-keep").addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await call(server, "save_search", { name: name.value, question: question(), annotator: currentUser() });
      $("search-keep").hidden = true;
      loadKept();
    } catch (error) {
      toast(messageOf(error), "error");
    }
  });

  // ---------------------------------------------------------------- events

  $("search-form").addEventListener("submit", (event) => {
    event.preventDefault();
    search();
  });
  options.onchange = () => {
    if (text() || like.length || picture) search();
  };
  const chosen = $("search-picture", "input");
  chosen.addEventListener("change", () => {
    const [file] = chosen.files ?? [];
    chosen.value = "";
    if (file) ask(file);
  });
  const imageIn = (/** @type {DataTransfer | null} */ data) =>
    [...(data?.files ?? [])].find((file) => file.type.startsWith("image/"));
  document.addEventListener("paste", (event) => {
    const file = current().page === "search" && !inAnnotations && imageIn(event.clipboardData);
    if (file) ask(file);
  });
  element.addEventListener("dragover", (event) => event.preventDefault());
  element.addEventListener("drop", (event) => {
    event.preventDefault();
    const file = inAnnotations ? null : imageIn(event.dataTransfer);
    if (file) ask(file);
  });
  document.addEventListener("keydown", (event) => {
    if (current().page !== "search") return;
    if (event.key === "/" && !targetOf(event).matches("input, textarea, select")) {
      event.preventDefault();
      if (inAnnotations) annotations.focus();
      else query.focus();
    } else if (inAnnotations) annotations.walk(event);
    else walk(event, $("search-hits"), query);
  });
  const modes = /** @type {const} */ ({ pictures: "search-in-pictures", annotations: "search-in-annotations" });
  for (const link of Object.values(modes)) $(link).addEventListener("click", follow);
  /** What is searched, and the way to search the other. */
  function showMode() {
    for (const [mode, link] of Object.entries(modes)) {
      const isHere = (mode === "annotations") === inAnnotations;
      $(`search-${mode}`).hidden = !isHere;
      if (isHere) $(link).setAttribute("aria-current", "page");
      else $(link).removeAttribute("aria-current");
    }
  }
  onRoute((route, isBack) => {
    if (route.page !== "search") {
      annotations.leave();
      return;
    }
    inAnnotations = route.in === "annotations";
    showMode();
    if (inAnnotations) {
      annotations.open(route);
      if (!isBack) annotations.focus();
      return;
    }
    annotations.leave();
    loadKept();
    loadExamples();
    if (route.q || route.like) {
      options.write(optionsIn(new URLSearchParams(location.search)));
      const moments = momentsIn(route.like);
      if (JSON.stringify(questionOf(route.q, moments)) !== shown || picture) {
        find({ query: route.q, like: moments }, isBack || (!shown && cameBack()));
      }
    } else if (shown) note(here());
    if (!isBack) query.focus({ preventScroll: true });
  });
}
