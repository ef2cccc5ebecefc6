// The Annotate page: puts the player, the timeline and the panels together around one document.

import { call } from "./api.js";
import { VideoDocument } from "./document.js";
import { clock, el, toast } from "./dom.js";
import { attach } from "./gestures.js";
import { keyTable, listen } from "./keys.js";
import { Inspector, SegmentList, showGroundNote, showJobs, showQuestions } from "./panels.js";
import { Faces } from "./faces.js";
import { Outbox, leftBehind } from "./outbox.js";
import { personOf } from "./people.js";
import { Player } from "./player.js";
import { current, go, note, onRoute } from "./router.js";
import { Timeline } from "./timeline.js";
import { Transcript } from "./transcript.js";

const SAYS = { saved: "saved", saving: "saving", offline: "offline", conflict: "conflict" };

export function mount(element, server) {
  const $ = (id) => element.querySelector(`#${id}`);
  const player = new Player($("player"));
  const timeline = new Timeline($("timeline"), $("gutter"));
  const faces = new Faces($("faces"), player, { onpick: (name) => pickPerson(name) });
  const transcript = new Transcript(element, server, { seek: (time) => seek(time), time: () => player.time, frameEnd: () => player.frameTime(player.frameAt(player.time + 0.0005) + 1) });
  const opened = new Date().toISOString();
  let doc = null;
  let selected = null;
  let stopAt = null;

  // ---------------------------------------------------------------- opening

  async function open(route) {
    if (doc?.id === route.video) {
      if (route.t) player.seek(route.t);
      if (route.q) answer(route.q);
      return;
    }
    doc?.close();
    player.close();
    list.clear();
    doc = null;
    timeline.doc = null;
    selected = null;
    $("desk").hidden = !route.video;
    $("annotate-empty").hidden = Boolean(route.video);
    if (!route.video) return;
    const next = new VideoDocument(server, route.video);
    doc = next;
    try {
      await next.load();
    } catch (error) {
      if (doc !== next) return;
      $("desk").hidden = true;
      $("annotate-empty").hidden = false;
      doc = null;
      toast(error.message, "error");
      return;
    }
    if (doc !== next) return;
    $("video-name").textContent = next.video.name;
    $("export").href = `/export/${next.id}?format=json`;
    $("ground-query").value = "";
    $("threshold").value = 0;
    if (!$("engine").options.length) $("engine").append(...next.engines.map((name) => el("option", { value: name, text: name })));
    $("player-frame").style.aspectRatio = `${next.video.width} / ${next.video.height}`;
    timeline.show(next);
    faces.show([], next.people, next.video);
    transcript.open(next);
    next.addEventListener("change", (event) => doc === next && refresh(event.detail));
    next.addEventListener("notice", (event) => toast(event.detail, "error"));
    next.addEventListener("gone", (event) => {
      if (doc !== next) return;
      toast("This video was removed from the library.", "error");
      go("library");
    });
    refresh("content");
    refresh("jobs");
    refresh("state");
    playVideo(route.t);
    if (route.q) answer(route.q);
  }

  // A question that came with the address: shown if it was asked before, asked if not.
  function answer(query) {
    $("ground-query").value = query;
    const known = doc.questions.find((run) => run.query === query);
    if (!known) ask(query);
    else if (doc.hidden.has(known.id)) doc.toggle(known.id);
  }

  function playVideo(time) {
    $("player-note").hidden = doc.playable;
    if (!doc.playable) {
      $("player-note-text").textContent = "Browsers cannot play this kind of file. A playable copy is being made; you can work on the timeline meanwhile.";
      player.pts = doc.pts;
      player.duration = doc.video.duration;
      return;
    }
    player.open(`/media/${doc.id}`, { offset: doc.video.media_start, pts: doc.pts, duration: doc.video.duration, time });
  }

  function refresh(what) {
    if (what === "content") {
      if (selected && !doc.item(selected) && !doc.conflicts.has(selected)) select(null);
      timeline.relayout();
      list.update(doc, timeline.middles);
      list.select(selected);
      inspector.show(doc, selected);
      showQuestions($("questions"), doc);
      showThreshold();
      transcript.attribute();
    } else if (what === "faces") {
      $("faces-toggle").hidden = !doc.faces.length;
      faces.show(doc.faces, doc.people, doc.video);
    } else if (what === "curve") {
      showGroundNote($("ground-note"), doc.curve);
    } else if (what === "view") {
      timeline.relayout();
    } else if (what === "jobs") {
      showJobs($("jobs"), doc.jobs, opened, {
        cancel: (id) => attempt(() => call(server, "cancel_job", { job: id })),
        start: (kind) => run(kind)(),
      });
      const making = doc.jobs.some((job) => job.kind === "proxy" && ["queued", "running"].includes(job.state));
      $("make-playable").hidden = doc.playable || making;
      timeline.relayout();
    } else if (what === "conflict") {
      toast("Somebody else changed this segment: choose which version to keep.", "error");
      select([...doc.conflicts.keys()].at(-1));
    } else if (what === "playable") {
      playVideo(player.time);
    } else if (what === "saved") {
      inspector.show(doc, selected);
    }
    const state = $("save-state");
    state.dataset.state = doc.state;
    state.textContent = SAYS[doc.state];
    state.title = doc.state === "offline" ? doc.why || "" : "";
    $("undo").disabled = !doc.done.length;
    $("redo").disabled = !doc.undone.length;
  }

  function showThreshold() {
    const open = doc.undecided.length;
    $("threshold-row").hidden = !open && !doc.threshold;
    $("threshold-value").textContent = doc.threshold.toFixed(2);
    $("accept-all").textContent = `Accept ${open}`;
    $("accept-all").disabled = !open;
  }

  async function attempt(action) {
    try {
      return await action();
    } catch (error) {
      toast(error.message, "error");
      return null;
    }
  }

  // ---------------------------------------------------------------- selection, playing

  function select(id) {
    if (id !== null && doc.item(id)) timeline.reveal(doc.item(id).start, doc.item(id).end);
    selected = id;
    timeline.selected = id;
    faces.chosen = null;
    timeline.invalidate();
    list.select(id);
    inspector.show(doc, id);
  }

  function pickPerson(name) {
    if (!doc.faces.some((track) => doc.people.stretches(name, [track.track]).length)) return;
    select(null);
    faces.chosen = name;
    faces.draw();
    inspector.showPerson(doc, name, player.time);
  }

  function showList(which) {
    for (const tab of ["segments", "transcript"]) $(`tab-${tab}`).setAttribute("aria-selected", String(tab === which));
    $("segment-list").hidden = which !== "segments";
    $("transcript").hidden = which !== "transcript";
    if (which === "transcript") transcript.follow(player.time);
  }

  function seek(time) {
    stopAt = null;
    player.seek(time);
  }

  function playOnce(item) {
    player.seek(item.start);
    stopAt = item.end;
    player.play();
  }

  player.addEventListener("time", () => {
    timeline.playhead = player.time;
    transcript.follow(player.time);
    $("clock").textContent = clock(player.time);
    $("frame").textContent = `frame ${player.frameAt(player.time + 0.0005)}`;
    if (stopAt !== null && player.time >= stopAt) {
      stopAt = null;
      player.video.pause();
    }
    if (!player.video.paused && (player.time > timeline.end || player.time < timeline.start)) timeline.reveal(player.time);
    timeline.invalidate();
  });
  player.addEventListener("play", () => ($("play").textContent = "❚❚"));
  player.addEventListener("pause", () => {
    $("play").textContent = "▶";
    if (doc) note({ t: player.time.toFixed(3) });
  });
  player.addEventListener("error", () => {
    if (!doc?.playable || !player.video.error) return;
    $("player-note").hidden = false;
    $("player-note-text").textContent = "This video cannot be played here; check that its file is still where it was.";
  });

  // ---------------------------------------------------------------- actions

  const items = () => [...list.list.children].map((option) => option.dataset.id);
  const actions = {
    toggle: () => player.toggle(),
    pause: () => player.video.pause(),
    step: (frames) => player.step(frames),
    skip: (seconds) => seek(player.time + seconds),
    shuttleOn: () => player.play(player.video.paused ? 1 : Math.min(4, player.video.playbackRate * 2)),
    shuttleBack: () => (player.video.paused || player.video.playbackRate <= 0.25 ? seek(player.time - 1) : (player.video.playbackRate /= 2)),
    markIn: () => mark("in"),
    markOut: () => mark("out"),
    create: () => createSegment(),
    next: (step) => {
      const ids = items();
      const at = ids.indexOf(selected);
      const id = ids[at < 0 ? (step > 0 ? 0 : ids.length - 1) : at + step];
      if (!id) return;
      select(id);
      seek(doc.item(id).start);
    },
    accept: () => decide("accept"),
    reject: () => decide("reject"),
    remove: () => selected && doc.annotations.has(selected) && doc.remove(selected),
    undo: () => doc.undo(),
    redo: () => doc.redo(),
    zoom: (factor) => timeline.zoom(factor, timeline.playhead >= timeline.start && timeline.playhead <= timeline.end ? timeline.playhead : undefined),
    fit: () => timeline.fit(),
    playSelected: () => selected && doc.item(selected) && playOnce(doc.item(selected)),
    clear: () => {
      timeline.marks = { in: null, out: null };
      select(null);
    },
    help: () => showKeys(),
    glance: () => glance(),
    faces: () => !$("faces-toggle").hidden && $("show-faces").click(),
  };

  function decide(verdict) {
    if (!selected || !doc.predictions.has(selected)) return;
    doc[verdict](selected);
    inspector.show(doc, selected);
  }

  function mark(edge) {
    timeline.marks[edge] = edge === "in" ? player.time : player.snap(player.frameTime(player.frameAt(player.time + 0.0005) + 1) || player.time);
    timeline.invalidate();
  }

  function createSegment() {
    const { in: from, out: to } = timeline.marks;
    const start = from ?? Math.min(player.time, Math.max(0, doc.video.duration - 0.1));
    const end = to !== null && to > start ? to : Math.min(doc.video.duration, Math.max(player.snap(start + 2), start + 0.04));
    if (end <= start) return;
    const track = doc.item(selected)?.track ?? timeline.rows.find((row) => row.kind === "track")?.name ?? "Moments";
    timeline.marks = { in: null, out: null };
    select(doc.create({ track, start, end }));
    $("label-input")?.focus();
  }

  function showKeys() {
    $("keys-table").replaceChildren(...table.filter(([, what]) => what).map(([key, what, , shown]) => el("p", {}, el("kbd", { text: shown ?? key }), ` ${what}`)));
    $("keys").showModal();
  }

  async function ask(query) {
    const button = $("ground-form").querySelector("button");
    button.disabled = true;
    const options = { engine: $("engine").value, refine: $("refine").checked, check: $("check").checked, remember: $("remember").checked };
    const reply = await attempt(() => call(server, "ground", { video: doc.id, query, ...options }));
    button.disabled = false;
    if (reply) doc?.poll();
  }

  async function glance() {
    const reply = await attempt(() => call(server, "glance", { video: doc.id, at: player.time }));
    if (reply) doc?.poll();
  }

  const run = (kind) => async () => {
    await attempt(() => call(server, "start_job", { kind, video: doc.id }));
    doc.poll();
  };

  $("ground-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const query = $("ground-query").value.trim();
    if (query && doc) ask(query);
  });
  const clicks = {
    play: actions.toggle, back: () => actions.step(-1), forward: () => actions.step(1),
    undo: actions.undo, redo: actions.redo, create: actions.create,
    "zoom-in": () => actions.zoom(0.7), "zoom-out": () => actions.zoom(1 / 0.7), fit: actions.fit, help: actions.help,
    "make-playable": run("proxy"), glance, "find-topics": run("survey"),
    "accept-all": () => doc.undecided.forEach((p) => doc.accept(p.id)), "find-speakers": run("speakers"), "find-emotions": run("emotions"),
  };
  for (const [id, action] of Object.entries(clicks)) {
    $(id).addEventListener("click", (event) => {
      if (doc) action();
      if (event.detail) event.currentTarget.blur(); // after the mouse, Space belongs to the player again
    });
  }
  for (const which of ["segments", "transcript"]) $(`tab-${which}`).addEventListener("click", () => showList(which));
  $("show-faces").addEventListener("change", (event) => {
    faces.shown = event.target.checked;
    faces.draw();
  });
  timeline.addEventListener("row", (event) => doc && pickPerson(personOf(event.detail)));
  $("threshold").addEventListener("input", (event) => {
    if (!doc) return;
    doc.threshold = Number(event.target.value);
    refresh("content");
  });
  $("speed").addEventListener("change", (event) => (player.video.playbackRate = Number(event.target.value)));
  for (const button of element.querySelectorAll("[data-go]")) button.addEventListener("click", () => go(button.dataset.go));
  timeline.addEventListener("view", () => ($("view-label").textContent = `${clock(timeline.start, 1)} – ${clock(timeline.end, 1)}`));

  const inspector = new Inspector($("inspector"), server, {
    select, playOnce, snap: (time) => player.snap(time),
    similar: (item) => go("search", { like: [doc.id, item.start, item.end].join(",") }),
  });
  const list = new SegmentList($("segment-list"), $("segment-count"), (id) => {
    select(id);
    seek(doc.item(id).start);
  });
  attach(timeline, { player, select, seek, menu: { playOnce } });
  const table = keyTable(actions);
  listen(table, {
    open: () => Boolean(doc) && current().page === "annotate",
    // past the last segment Tab goes on to the next control, as everywhere
    hasNext: (step) => {
      const ids = items();
      const at = ids.indexOf(selected);
      return at < 0 ? ids.length > 0 : at + step >= 0 && at + step < ids.length;
    },
    onDigit: (digit) => {
      const a = doc.annotations.get(selected);
      const label = a && doc.labels.find((l) => l.track === a.track && l.hotkey === digit);
      if (label) doc.update(a.id, { label: label.label });
    },
  });
  element.addEventListener("keydown", (event) => {
    if (event.target.id === "label-input" && ["Enter", "Escape"].includes(event.key)) {
      if (event.key === "Escape") event.target.value = event.target.defaultValue;
      $("timeline").focus();
    }
  });
  window.addEventListener("beforeunload", (event) => {
    if (doc && ["saving", "offline", "conflict"].includes(doc.state)) event.preventDefault();
  });
  // What an earlier page could not send any more.
  for (const video of leftBehind()) {
    if (video !== current().video) new Outbox(server, video, () => {}, () => {}).flush();
  }
  onRoute((route) => {
    if (route.page === "annotate") open(route);
    else player.video.pause();
  });
}
