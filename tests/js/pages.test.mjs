// What pages make of answers that come late, of their addresses, and of being left.

import assert from "node:assert/strict";
import test from "node:test";

import { element, happening, pageOf } from "./dom.mjs";
import { quiet, storage, until } from "./harness.mjs";

const visited = [];
globalThis.location = { search: "?view=overview", pathname: "/" };
globalThis.window = new EventTarget();
globalThis.history = {
  pushState: (_, __, url) => (location.search = url),
  replaceState: (_, __, url = location.search) => visited.push((location.search = url)),
};
globalThis.MutationObserver = class {
  observe() {}
};
globalThis.addEventListener ??= () => {};
document.body.dataset = {};
document.documentElement = element("html");
Object.assign(HTMLElement.prototype, { pause() {}, load() {}, close() {} });
const { current, go, onLeave } = await import("../../assets/web/js/router.js");
const { note } = await import("../../assets/web/js/router.js");
const { Gutter, rowsMenu } = await import("../../assets/web/js/view/gutter.js");
const { RowLayout, builtInKey } = await import("../../assets/web/js/model/row-layout.js");
const { openMenu } = await import("../../assets/web/js/view/menu.js");

// A server whose calls wait until a test answers them: name → what was asked, in order.
function asked() {
  const calls = {};
  const server = new Proxy(
    {},
    {
      get: (_, name) => (request) =>
        new Promise((go) => {
          const answer = (data) => {
            go({ ok: true, data });
            return quiet();
          };
          (calls[name] ??= []).push({ request, answer });
        }),
    },
  );
  return { server, calls };
}

test("whatever lies over a page goes with it", () => {
  const header = element("header");
  const anchor = element("button");
  const dialog = element("dialog");
  dialog.setAttribute("open", "");
  dialog.close = () => dialog.removeAttribute("open");
  header.append(anchor);
  document.body.replaceChildren(header, dialog);
  globalThis.innerWidth = globalThis.innerHeight = 1000;
  openMenu(anchor, [["Hide", () => {}]], "Row");
  assert.ok(document.querySelector(".menu"));
  location.search = "?view=overview";
  window.dispatchEvent(new Event("popstate"));
  assert.deepEqual([document.querySelector(".menu"), dialog.hasAttribute("open")], [null, false]);
});

test("the menu of all rows tells a row of a person's from ours of the same name", () => {
  const header = element("header");
  const anchor = element("button");
  header.append(anchor);
  document.body.replaceChildren(header);
  globalThis.innerWidth = globalThis.innerHeight = 1000;
  const rows = new RowLayout(storage());
  rowsMenu(anchor, [builtInKey("Film"), builtInKey("Sound"), "Acts", "Film"], rows);
  const items = () => [...document.querySelectorAll(".menu button")];
  const said = items().map((item) => item.textContent);
  assert.deepEqual(said, ["Show all rows", "Film · built in", "Sound", "Acts", "Film · your row"]);
  items()[4].click();
  assert.deepEqual([rows.isShown("Film"), rows.isShown(builtInKey("Film"))], [false, true]);
});

test("so do the buttons beside the rows, and their menus", () => {
  const [page, box] = [element("section"), element("div")];
  page.className = "studio-page";
  page.append(box);
  document.body.replaceChildren(page);
  const [film, question] = [builtInKey("Film"), builtInKey("Question")];
  const row = (kind, key, name) => ({ kind, key, name, height: 30, lanes: [] });
  const rows = [
    row("filmstrip", film, "Film"),
    row("curve", question, "Question"),
    { ...row("track", "Film", "Film"), graph: true },
    row("track", "Acts", "Acts"),
    row("trace", "Question", "Question"),
  ];
  const gutter = new Gutter(box, new RowLayout(storage()));
  gutter.update({ rows, names: rows.map(({ key }) => key), siblings: new Map() }, 0, () => "");
  const labels = (part) => [...box.querySelectorAll(part)].map((each) => each.getAttribute("aria-label"));
  assert.deepEqual(labels(".more"), [
    "Row Film · built in",
    "Row Question · built in",
    "Row Film · your row",
    "Row Acts",
    "Row Question · your row",
  ]);
  assert.deepEqual(labels(".edge"), ["Height of Question · built in", "Height of Question · your row"]);
  assert.deepEqual(labels(".graph"), ["Scores of Film · your row over time"]);
  gutter.control(film, "more").click();
  assert.equal(document.querySelector(".menu").getAttribute("aria-label"), "Row Film · built in");
});

test("a page may note its place before it is left, into its own address", () => {
  location.search = "?video=v";
  const pages = [];
  onLeave(() => {
    pages.push(current().page);
    note({ t: "4.200" });
  });
  const before = visited.length;
  go("library");
  assert.deepEqual([pages, visited[before], location.search], [["annotate"], "?video=v&t=4.200", "/"]);
});

test("agreement is that of the row that was chosen last", async () => {
  const $ = pageOf("overview");
  const { mount } = await import("../../assets/web/js/overview.js");
  const { server, calls } = asked();
  location.search = "?view=library";
  mount(document.body, server);
  const choose = (track) => {
    $("team-track").value = track;
    $("team-track").dispatchEvent(new Event("change"));
  };
  choose("A");
  choose("B");
  const said = (track, leftOut) => ({
    people: [],
    tracks: ["A", "B"],
    pairs: [],
    left_out: leftOut,
    curves: [],
    track,
  });
  assert.deepEqual(
    calls.agreement.map(({ request }) => request.track),
    ["A", "B"],
  );
  await calls.agreement[1].answer(said("B", 2));
  await calls.agreement[0].answer(said("A", 1));
  assert.match($("team-message").textContent, / 2 segments /);
});

test("who is no admin orders their own jobs, of which the first goes no further up", async () => {
  const $ = pageOf("overview");
  const { WorkPanel } = await import("../../assets/web/js/view/work-panel.js");
  const { server, calls } = asked();
  const panel = new WorkPanel(document.body, server);
  const job = (id, own) => ({ id, own, kind: "index", title: `Indexing ${id}`, video: "", video_id: null, query: null, held: false }); // prettier-ignore
  const queue = [job("b", false), job("a", true), job("c", true), job("d", false)];
  const idle = { running: [], kinds: [], failed: [], failures: 0, left_s: null, unmeasured: 0, paused: false, held: "", hours: "", cores: 0, cores_here: 2, serving: true, off: [] }; // prettier-ignore
  const show = async (fixed) => {
    panel.refresh();
    await calls.work.at(-1).answer({ ...idle, queue, waiting: 4, fixed });
    const button = (id, sign) => $("work-queue").querySelector(`[data-key="${id} ${sign}"]`);
    const state = (id) => ["⤒", "↑", "↓", "⤓"].map((sign) => (button(id, sign).disabled ? "no" : button(id, sign).getAttribute("aria-disabled") === "true" ? "idle" : "yes")); // prettier-ignore
    return queue.map(({ id }) => state(id).join(" "));
  };
  assert.deepEqual(await show("Only an admin can order the work of all."), ["no no no no", "idle idle yes yes", "yes yes idle idle", "no no no no"]); // prettier-ignore
  assert.deepEqual(await show(""), ["idle idle yes yes", "yes yes yes yes", "yes yes yes yes", "yes yes idle idle"]);
});

test("labels that were taught, and decided about while all are shown, are learned again once the server knows", async () => {
  const $ = pageOf("review");
  const { DeskLearning } = await import("../../assets/web/js/view/desk-learning.js");
  const { server, calls } = asked();
  const filter = { wanted: { feed: "unsure", label: "", track: "" } };
  const learning = new DeskLearning($, server, filter, () => {});
  const known = { labelled: 5, instants: 0, note: "", taught: "now", news: 50, learning: false };
  const labelsOf = (name) => (calls[name] ?? []).map(({ request }) => request.label);
  learning.decided({ label: "car", track: "Events" });
  learning.decided({ label: "never taught", track: "Events" });
  learning.decided({ label: "car", track: "Events" });
  learning.ask(false); // something is on its way still
  await calls.desk_progress[0].answer({ ...known, labelled: 0 });
  await calls.desk_progress[1].answer({ ...known, taught: null });
  learning.ask(true);
  await calls.desk_progress[2].answer(known);
  await calls.desk_progress[3].answer({ ...known, taught: null });
  assert.deepEqual(labelsOf("desk_progress"), ["car", "never taught", "car", "never taught"]);
  assert.deepEqual(labelsOf("teach"), ["car"]);
  await learning.ask(true);
  assert.equal(calls.desk_progress.length, 4, "nothing was decided since");
  learning.decided({ label: "car", track: "Events" });
  learning.wished.checked = false;
  await learning.ask(true);
  assert.deepEqual([calls.desk_progress.length, calls.teach.length], [4, 1], "nobody wishes it");
});

test("that a label was learned again is told of that label only", async () => {
  const $ = pageOf("review");
  const { DeskLearning } = await import("../../assets/web/js/view/desk-learning.js");
  const { server, calls } = asked();
  const filter = { wanted: { feed: "likely", label: "car", track: "Events" } };
  const learning = new DeskLearning($, server, filter, () => {});
  const known = { labelled: 0, instants: 0, estimate: {}, note: "", news: 0, learning: false };
  const toasts = Object.assign(element("div"), { id: "toast" });
  document.body.append(toasts);
  const told = () => toasts.textContent.includes("was learned again");
  const look = async (label, taught) => {
    filter.wanted = { ...filter.wanted, label };
    const asking = learning.ask(true);
    await calls.desk_progress.at(-1).answer({ ...known, taught });
    await asking;
  };
  await look("car", "10:00");
  await look("bus", "11:00");
  await look("car", "10:00");
  assert.ok(!told(), "another label was chosen");
  await look("car", "12:00");
  assert.ok(told());
});

test("time budgets are those of what was chosen last", async () => {
  const $ = pageOf("overview");
  const { TimeBudgetPanel } = await import("../../assets/web/js/view/time-budget.js");
  const { server, calls } = asked();
  const panel = new TimeBudgetPanel(document.body, server, () => element("table"));
  panel.show();
  panel.show();
  const found = (videos) => ({
    ...{ tracks: [], annotators: [], transitions: [], labels: [], csv: { labels: "", transitions: "" } },
    ...{ observed: 60, videos },
  });
  await calls.time_budget[1].answer({ ...found(2), labels: [] });
  $("budget-message").textContent = "of the second";
  await calls.time_budget[0].answer(found(1));
  assert.equal($("budget-message").textContent, "of the second");
});

test("what would be removed is not said of something else than what is chosen by then", async () => {
  const $ = pageOf("overview");
  const { StoragePanel } = await import("../../assets/web/js/view/storage-panel.js");
  const { server, calls } = asked();
  new StoragePanel(document.body, server);
  const look = (to) => {
    $("storage-to").value = to;
    $("storage-clean").dispatchEvent(new Event("input"));
    $("storage-clean").dispatchEvent(happening("submit"));
  };
  $("storage-ask").hidden = true;
  look("5");
  look("1");
  const removed = (videos) => ({ bytes: 2 ** 30, videos, lost: [] });
  await calls.cleaning_preview[0].answer(removed(2));
  assert.ok($("storage-ask").hidden);
  await calls.cleaning_preview[1].answer(removed(7));
  assert.deepEqual([$("storage-ask").hidden, / 7 videos /.test($("storage-what").textContent)], [false, true]);
});

test("“Show more” that is pressed twice shows each moment once", async () => {
  const $ = pageOf("search");
  for (const part of ["format", "go", "lost", "close"]) $("find-export").append($(`find-export-${part}`));
  const { FindInAnnotations } = await import("../../assets/web/js/find.js");
  const { server, calls } = asked();
  const find = new FindInAnnotations(document.body, server);
  const moment = (n) => ({
    ...{ video: "v", name: "v.mp4", start: n, end: n + 1 },
    segments: [{ id: `s${n}`, start: n, end: n + 1, label: "x", track: "T", source: "manual", attributes: {} }],
  });
  const answer = (from, to) => ({
    ...{ moments: [], videos: [{ video: "v", count: 3, total: 3 }], count: 3, facts: {} },
    moments: [0, 1, 2].slice(from, to).map(moment),
  });
  find.ask();
  await calls.find[0].answer(answer(0, 1));
  const shown = () =>
    $("find-hits")
      .querySelectorAll("article")
      .map((card) => card.dataset.id);
  assert.deepEqual(shown(), ["s0"]);
  $("find-more").click();
  $("find-more").click();
  assert.equal(calls.find.length, 3);
  await calls.find[1].answer(answer(1, 3));
  await calls.find[2].answer(answer(1, 3));
  assert.deepEqual(shown(), ["s0", "s1", "s2"]);
});

test("a comparison in the address is made once, and what it plays falls silent when the page is left", async () => {
  const $ = pageOf("models");
  $("try-form").append(element("button"));
  const { mount } = await import("../../assets/web/js/models.js");
  const { server, calls } = asked();
  location.search = "?view=models&task=grounding&a=one&b=two&video=v&q=a+dog";
  let paused = 0;
  HTMLElement.prototype.pause = () => paused++;
  mount(document.body, server);
  const model = (name) => ({
    ...{ name, task: "grounding", installed: true, problems: [], metrics: {}, size: 0, version: "1", source: "" },
    ...{ licence: "", summary: "", default: false, own: true },
  });
  const known = {
    ...{ models: [model("one"), model("two")], newest: null, tried: { grounding: true }, downloads: {}, fixed: false },
    encoder: { encoder: "", next: "", gone: "" },
  };
  await calls.list_models[0].answer(known);
  await calls.choose_videos[0].answer({ videos: [{ id: "v", name: "v.mp4", duration: 5 }], total: 1 });
  assert.deepEqual([calls.compare.length, calls.compare[0].request.query], [1, "a dog"]);
  $("try-query").value = "a cat";
  globalThis.fetch = async () => ({ json: async () => ({ ok: true, data: { name: "mine" } }) });
  $("detector-file").files = [{}];
  $("detector-file").dispatchEvent(new Event("change")); // something changed: what there is is asked for again
  await until(() => calls.list_models.length === 2);
  await calls.list_models[1].answer(known);
  assert.deepEqual([calls.compare.length, calls.choose_videos.length, $("try-query").value], [1, 1, "a cat"]);
  go("library");
  assert.equal(paused, 1);
});

test("what is fetched is asked for only while the Models page is open", async (t) => {
  pageOf("models");
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { encoderGallery } = await import("../../assets/web/js/view/encoders.js");
  const { server, calls } = asked();
  const gallery = encoderGallery(document.body, server, () => {});
  const status = { encoder: "one", next: "two", gone: "", ready: 0, of: 2, failed: [] };
  gallery.enter();
  gallery.show({ models: [], downloads: {}, encoder: status, fixed: false });
  t.mock.timers.tick(1000);
  assert.equal(calls.model_downloads.length, 1);
  gallery.leave();
  const answered = calls.model_downloads[0].answer({ downloads: {}, encoder: status });
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  t.mock.timers.tick(5000);
  assert.equal(calls.model_downloads.length, 1);
  t.mock.timers.reset();
  await Promise.race([answered, undefined]);
});

test("the file of the encoder in use is damaged: the page says so, and offers to get it again", async () => {
  const $ = pageOf("models");
  const { encoderGallery } = await import("../../assets/web/js/view/encoders.js");
  const { server, calls } = asked();
  const gallery = encoderGallery(document.body, server, () => {});
  const card = { task: "text_video", summary: "", licence: "MIT", installed: true, size: 1, hub: "lab/one" };
  const models = [{ ...card, name: "one", problems: ["one.weights was changed since it came; get it again."] }];
  const encoder = { encoder: "one", next: "", gone: "" };
  gallery.show(/** @type {any} */ ({ models, downloads: {}, encoder, fixed: false }));
  assert.match($("encoders-status").textContent, /A file of one is damaged.*; get it again below\./);
  const buttons = [...$("encoders-list").querySelectorAll("button")];
  assert.deepEqual(
    buttons.map((button) => button.textContent),
    ["Get"],
  );
  buttons[0].click();
  assert.deepEqual(
    calls.get_model.map(({ request }) => request.model),
    ["one"],
  );
});

test("other files took the place of the encoder's: the page says what happens and what helps", async () => {
  const $ = pageOf("models");
  const { encoderGallery } = await import("../../assets/web/js/view/encoders.js");
  const gallery = encoderGallery(document.body, asked().server, () => {});
  const encoder = { encoder: "one", next: "", gone: "", replaced: true, ready: 3, of: 10 };
  gallery.show({ models: [], downloads: {}, encoder, fixed: false });
  assert.equal(
    $("encoders-status").textContent,
    "one is another version than the one that this library was indexed with, so the videos are indexed anew: " +
      "3 of 10 videos can be searched.To search all of it meanwhile, use another one below.",
  );
});

test("what was found is about the question that was asked, whatever the field holds by now", async () => {
  const $ = pageOf("search");
  for (const part of ["format", "go", "lost", "close"]) $("find-export").append($(`find-export-${part}`));
  globalThis.sessionStorage ??= storage();
  globalThis.performance.getEntriesByType ??= () => [];
  window.scrollTo ??= () => {};
  const { mount } = await import("../../assets/web/js/search.js");
  const { server, calls } = asked();
  location.search = "?view=search&q=a+dog";
  mount(document.body, server);
  const hit = { ...{ video: "v", name: "v.mp4", start: 1, end: 2, peak: 1, score: 1, confidence: 1, visual: 1 } };
  const more = { parts: [], line: "", why: "seen", aspect: 1 };
  await calls.search[0].answer({ hits: [{ ...hit, ...more }], strips: [], indexed: 1, known: 1 });
  $("search-query").value = "a cat";
  const button = (name) => [...$("search-hits").querySelectorAll("button")].find((b) => b.textContent === name);
  button("Why?").click();
  assert.equal(calls.explain[0].request.query, "a dog");
  const links = [...$("search-hits").querySelectorAll("a")]
    .map((link) => link.getAttribute("href") ?? "")
    .filter((href) => href.includes("video=v"));
  assert.ok(links.length > 0 && links.every((href) => href.includes("q=a+dog")), String(links));

  const none = { hits: [], strips: [], indexed: 1, known: 1, wordless: 0 };
  const says = async (answer) => {
    await calls.search.at(-1).answer(answer);
    return $("search-status").textContent;
  };
  const ask = (query) => {
    $("search-query").value = query;
    $("search-form").dispatchEvent(happening("submit"));
  };
  ask("“a boat”");
  assert.match(await says(none), /^These words are neither said nor written in any video\. Leave/);
  ask("“a ship”");
  assert.equal(
    await says({ ...none, wordless: 2 }),
    "These words were not found in what is known to be said or written. The speech or screen text of 2 videos was " +
      "not read yet; the Library page prepares it. Leave the quotes out to search the pictures, too.",
  );
  ask("boat");
  assert.equal(await says({ ...none, indexed: 0, known: 0 }), "Nothing to search yet: add videos on the Library page.");
  $("opt-name").value = "holiday";
  ask("“a mast”");
  assert.equal(await says({ ...none, wordless: 2 }), "Nothing fits these options.");
  $("opt-name").value = "";
  go("search", { like: "v,1,2" });
  assert.equal(await says(none), "No other moment looks like it.");
});

test("results of a tab are shown again to the same person in the same library only", async () => {
  const { LIBRARY } = await import("../../assets/web/js/sync/library.js");
  const { mount } = await import("../../assets/web/js/search.js");
  globalThis.performance.getEntriesByType = () => [{ type: "back_forward" }];
  location.search = "?view=search&q=a+dog";
  /** How often the server is asked when the page is loaded once more. */
  const asks = () => {
    const $ = pageOf("search");
    for (const part of ["format", "go", "lost", "close"]) $("find-export").append($(`find-export-${part}`));
    const { server, calls } = asked();
    mount(document.body, server);
    return calls.search ?? [];
  };
  localStorage.setItem("annotator", "Ada");
  sessionStorage.removeItem("search-results");
  const [first] = asks();
  await first.answer({ hits: [], strips: [], indexed: 1, known: 1 });
  assert.equal(asks().length, 0, "she comes back");
  localStorage.setItem("annotator", "Ben");
  assert.equal(asks().length, 1, "Ben logs in");
  localStorage.setItem("annotator", "Ada");
  assert.equal(asks().length, 0);
  const { key, found } = JSON.parse(sessionStorage.getItem("search-results") ?? "");
  const [library, ...rest] = JSON.parse(key);
  assert.equal(library, LIBRARY);
  const other = JSON.stringify(["another", ...rest]);
  sessionStorage.setItem("search-results", JSON.stringify({ key: other, found }));
  assert.equal(asks().length, 1, "another library was opened");
  globalThis.performance.getEntriesByType = () => [];
  localStorage.removeItem("annotator");
});

test("in full screen is all of the page, so that menus and messages are seen", async () => {
  const $ = pageOf("annotate");
  const { Emitter } = await import("../../assets/web/js/emitter.js");
  const { Transport } = await import("../../assets/web/js/view/transport.js");
  const player = Object.assign(new Emitter(), { video: element("video"), heard: {} });
  const transport = new Transport($, { player, reaction: { isOn: false } });
  document.documentElement.requestFullscreen = async () => {
    document.fullscreenElement = document.documentElement;
    document.dispatchEvent(happening("fullscreenchange"));
  };
  transport.fullscreen();
  assert.ok($("workspace").classList.contains("full"));
  document.fullscreenElement = null;
  document.dispatchEvent(happening("fullscreenchange"));
  assert.ok(!$("workspace").classList.contains("full"));
});

test("what somebody types of when a camera begins is not drawn over", async () => {
  const $ = pageOf("annotate");
  const { Emitter } = await import("../../assets/web/js/emitter.js");
  const { CamerasPanel } = await import("../../assets/web/js/view/cameras-panel.js");
  const { Frames } = await import("../../assets/web/js/model/frames.js");
  const camera = (id, role, offset) => ({ id, name: `${id}.mp4`, role, offset, width: 640, sound: true });
  const cameras = Object.assign(new Emitter(), {
    ...{ view: "grid", areSeveral: true, heard: "", pictured: [] },
    all: [camera("main", "main", 0), camera("side", "camera", 1)],
  });
  const placed = [];
  const editor = { placeCamera: (id, offset) => placed.push([id, offset]) };
  const workspace = { doc: { editor }, player: { frames: new Frames(new Float64Array(0), 10) } };
  const panel = new CamerasPanel($, asked().server, workspace, cameras);
  panel.draw();
  const field = () => $("camera-list").querySelector("input[type=text]");
  assert.equal(field().value, "+0:01.000");
  const typed = field();
  typed.value = "+2";
  typed.focus();
  cameras.emit("change", null);
  assert.equal(field().value, "+2");
  typed.dispatchEvent(happening("change"));
  assert.deepEqual([placed, field() === typed], [[["side", 2]], false]);
});

test("a camera is moved by frames of the main one, and by steps where that is sound alone, wherever the playhead is", async () => {
  const $ = pageOf("annotate");
  const { Emitter } = await import("../../assets/web/js/emitter.js");
  const { CamerasPanel } = await import("../../assets/web/js/view/cameras-panel.js");
  const { Frames } = await import("../../assets/web/js/model/frames.js");
  const cameras = Object.assign(new Emitter(), { all: [{ id: "main" }, { id: "side" }], front: "main" });
  const moves = (frames, time) => {
    const placed = [];
    const doc = {
      editor: { placeCamera: (id, offset) => placed.push([id, Number((offset - 3).toFixed(3))]) },
      store: { offsetOf: () => 3 },
    };
    const player = {
      ...{ frames, time },
      get frameEnd() {
        return frames.endOf(time);
      },
    };
    const panel = new CamerasPanel($, asked().server, { doc, player }, cameras);
    panel.nudge(1);
    panel.nudge(-1, "side");
    return placed;
  };
  const by = (length) => [["side", length], ["side", -length]]; // prettier-ignore
  const sound = new Frames(new Float64Array(0), 10);
  for (const time of [0, 0.004, 5, 10]) assert.deepEqual(moves(sound, time), by(0.01), String(time));
  const picture = new Frames(Float64Array.of(0, 0.04, 0.12), 0.2);
  for (const [time, length] of [
    [0, 0.04],
    [0.04, 0.08],
    [0.12, 0.08],
    [0.2, 0.08],
  ])
    // prettier-ignore
    assert.deepEqual(moves(picture, time), by(length), String(time));
});
