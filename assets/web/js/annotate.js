// The Annotate page: puts the player, the timeline and the panels together around one document.

import { commands } from "./input/commands.js";
import { attach } from "./input/gestures.js";
import { Keymap } from "./input/keymap.js";
import { listen } from "./input/keys.js";
import { VideoDocument } from "./model/document.js";
import { decide } from "./model/operations.js";
import { personOf } from "./model/people.js";
import { after, queue } from "./model/review-queue.js";
import { RowLayout } from "./model/row-layout.js";
import { Selection } from "./model/selection.js";
import { current, go, note, onRoute } from "./router.js";
import { Outbox } from "./sync/outbox.js";
import { leftBehind } from "./sync/storage.js";
import { ModelRequests } from "./view/model-requests.js";
import { clock, toast } from "./view/dom.js";
import { Exchange } from "./view/exchange.js";
import { Faces } from "./view/faces.js";
import { rowsMenu } from "./view/gutter.js";
import { Inspector } from "./view/inspector.js";
import { KeySheet } from "./view/keysheet.js";
import { LabelEditor } from "./view/labels.js";
import { Player } from "./view/player.js";
import { Review } from "./view/review-panel.js";
import { SegmentList } from "./view/segments.js";
import { splitter } from "./view/splitter.js";
import { Timeline } from "./view/timeline.js";
import { Tooltip } from "./view/tooltip.js";
import { Transcript } from "./view/transcript.js";
import { Transport } from "./view/transport.js";

const LISTS = { segments: "segment-list", review: "review", transcript: "transcript" };

export function mount(element, server) {
  const $ = (id) => element.querySelector(`#${id}`);
  const player = new Player($("player"));
  const rowLayout = new RowLayout();
  const timeline = new Timeline($("timeline"), $("gutter"), rowLayout);
  const selection = new Selection();
  const keymap = new Keymap();
  timeline.selection = selection;

  // What the parts of the page know of each other.
  const workspace = {
    doc: null,
    player,
    timeline,
    selection,
    rowLayout,
    say: (text) => toast(text),
    async attempt(action) {
      try {
        return await action();
      } catch (error) {
        toast(error.message, "error");
        return null;
      }
    },
    seek(time) {
      player.range = null;
      player.seek(time);
    },
    goTo(id) {
      selection.one(id);
      workspace.seek(workspace.doc.item(id).start);
    },
    listed: () => list.ids,
    // The row that a new segment belongs to.
    track: () => {
      const item = selection.current && workspace.doc.item(selection.current);
      return (
        (item && workspace.doc.rowOf(item)) ?? timeline.rows.find((row) => row.kind === "track")?.name ?? "Moments"
      );
    },
    label: () => $("label-input")?.focus(),
    mark(edge, time) {
      timeline.marks[edge] = time;
      timeline.invalidate();
    },
    changed: (start, end, part) => transport.changed(start, end, part),
    around: () =>
      timeline.playhead >= timeline.start && timeline.playhead <= timeline.end ? timeline.playhead : undefined,
    // Verdicts; in review the next prediction comes to the front by itself.
    decide(ids, verdict) {
      const waiting = queue(workspace.doc, $("review-order").value);
      decide(workspace.doc, ids, verdict);
      if (!$("review").hidden && ids.length)
        showNext(after(waiting, ids.at(-1), queue(workspace.doc, $("review-order").value)));
    },
    nextUndecided() {
      showList("review");
      showNext(
        after(
          queue(workspace.doc, $("review-order").value),
          selection.current,
          queue(workspace.doc, $("review-order").value),
        ),
      );
    },
    glance: () => modelRequests.glance(),
    toggleFaces: () => !$("faces-toggle").hidden && $("show-faces").click(),
    help: () => keys.show(),
    fullscreen: () => transport.fullscreen(),
  };

  const modelRequests = new ModelRequests($, server, workspace);
  const transport = new Transport($, workspace);
  const faces = new Faces($("faces"), player, { onpick: (name) => pickPerson(name) });
  const transcript = new Transcript(element, server, {
    seek: workspace.seek,
    time: () => player.time,
    frameEnd: () => player.frameEnd,
  });
  const review = new Review($("review"), {
    choose: workspace.goTo,
    decide: workspace.decide,
    accept: $("accept-all"),
    reject: $("reject-below"),
  });
  const inspector = new Inspector($("inspector"), server, {
    select: (id) => selection.one(id),
    play: (item) => player.playRange(item.start, item.end),
    snap: (time) => player.snap(time),
    decide: workspace.decide,
    merge: () => actions.merge(),
    tracks: () =>
      timeline.names.filter((name) => timeline.rows.some((row) => row.kind === "track" && row.name === name)),
    similar: (item) => go("search", { like: [workspace.doc.id, item.start, item.end].join(",") }),
  });
  const list = new SegmentList($("segment-list"), $("segment-count"), (id, more) =>
    more ? selection.toggle(id) : workspace.goTo(id),
  );
  const keys = new KeySheet($("keys"), keymap);
  const labels = new LabelEditor($("labels"), server);
  const tooltip = new Tooltip($("tooltip"));
  const exchange = new Exchange($("exporting"), $("importing"), server, () => {
    workspace.doc?.poll();
    transcript.load();
  });
  const actions = commands(workspace);

  // ---------------------------------------------------------------- opening

  async function open(route) {
    if (workspace.doc?.id === route.video) {
      if (route.t !== null) player.seek(route.t);
      if (route.q) modelRequests.answer(route.q);
      return;
    }
    workspace.doc?.close();
    pointer.cancel();
    player.close();
    list.clear();
    selection.one(null);
    workspace.doc = timeline.doc = null;
    show(Boolean(route.video));
    if (!route.video) return;
    const next = new VideoDocument(server, route.video);
    next.isLocked = (row) => rowLayout.isLocked(row);
    workspace.doc = next;
    $("workspace").setAttribute("aria-busy", "true");
    try {
      await next.load();
    } catch (error) {
      if (workspace.doc !== next) return;
      $("workspace").removeAttribute("aria-busy");
      show(false);
      workspace.doc = null;
      toast(error.message, "error");
      return;
    }
    if (workspace.doc !== next) return;
    $("workspace").removeAttribute("aria-busy");
    $("video-name").textContent = next.video.name;
    $("player-frame").style.aspectRatio = `${next.video.width} / ${next.video.height}`;
    modelRequests.open(next);
    timeline.show(next);
    faces.show([], next.people, next.video);
    transcript.open(next);
    next.addEventListener("change", (event) => workspace.doc === next && refresh(event.detail));
    next.addEventListener("notice", (event) => toast(event.detail, "error"));
    next.addEventListener("gone", () => {
      toast(
        `“${next.video.name}” was removed from the library.${next.state === "saved" ? "" : " What was not saved yet went with it."}`,
        "error",
      );
      if (workspace.doc === next) go("library");
    });
    for (const what of ["content", "jobs", "labels", "present", "state"]) refresh(what);
    playVideo(route.t ?? 0);
    if (route.q) modelRequests.answer(route.q);
  }

  function show(isOpen) {
    $("workspace").hidden = !isOpen;
    $("annotate-empty").hidden = isOpen;
  }

  function playVideo(time) {
    const { doc } = workspace;
    const shown = { offset: doc.video.media_start, pts: doc.pts, duration: doc.video.duration, time };
    $("player-note").hidden = doc.playable;
    if (!doc.playable) {
      $("player-note-text").textContent =
        "Browsers cannot play this kind of file. A playable copy is being made; you can work on the timeline meanwhile.";
      player.take(shown);
      return;
    }
    player.open(`/media/${doc.id}`, shown);
  }

  function refresh(what) {
    const { doc } = workspace;
    modelRequests.refresh(what);
    if (what === "content") {
      selection.keepOnly((id) => doc.item(id) || doc.conflicts.has(id));
      timeline.relayout();
      list.update(doc, timeline.middles);
      chosen();
      transcript.attribute();
    } else if (what === "faces") {
      $("faces-toggle").hidden = !doc.signals.faces.length;
      faces.show(doc.signals.faces, doc.people, doc.video);
    } else if (["view", "jobs", "labels"].includes(what)) {
      timeline.relayout();
      if (what === "labels") chosen();
    } else if (what === "conflict") {
      toast("Somebody else changed this segment: choose which version to keep.", "error");
      selection.one([...doc.conflicts.keys()].at(-1));
    } else if (what === "playable") {
      playVideo(player.time);
    } else if (what === "saved") {
      inspector.show(doc, selection);
    } else if (what === "present") {
      const names = doc.present.map((name) => name || "somebody");
      $("present").textContent = names.length ? `${names.join(", ")} ${names.length > 1 ? "are" : "is"} here too` : "";
    }
    const state = $("save-state");
    state.dataset.state = state.textContent = doc.state;
    state.title = doc.state === "offline" ? doc.why || "" : "";
    $("undo").disabled = !doc.history.done.length;
    $("redo").disabled = !doc.history.undone.length;
  }

  // ---------------------------------------------------------------- choosing

  function chosen() {
    const { doc } = workspace;
    if (!doc) return;
    list.select(selection.ids, selection.current);
    inspector.show(doc, selection);
    review.update(doc, selection.current);
    $("split").disabled = !selection.size;
    $("merge-button").disabled = selection.size < 2;
    timeline.invalidate();
  }

  rowLayout.addEventListener("change", chosen); // a row may be locked now

  selection.addEventListener("change", () => {
    const item = selection.current && workspace.doc?.item(selection.current);
    if (item) timeline.reveal(item.start, item.end, item.id);
    faces.chosen = null;
    chosen();
  });

  function showNext(p) {
    if (!p) {
      selection.one(null);
      toast("Everything that is shown is decided.");
      return;
    }
    selection.one(p.id);
    player.playRange(p.start, p.end);
  }

  function pickPerson(name) {
    const { doc } = workspace;
    if (!doc.signals.faces.some((track) => doc.people.stretches(name, [track.track]).length)) return;
    selection.one(null);
    faces.chosen = name;
    faces.draw();
    inspector.showPerson(doc, name, player.time);
  }

  function showList(which) {
    for (const [tab, box] of Object.entries(LISTS)) {
      $(`tab-${tab}`).setAttribute("aria-selected", String(tab === which));
      $(`tab-${tab}`).tabIndex = tab === which ? 0 : -1;
      $(box).hidden = tab !== which;
    }
    if (which === "transcript") transcript.follow(player.time);
    if (which === "review") review.update(workspace.doc, selection.current);
  }

  // ---------------------------------------------------------------- time

  player.addEventListener("time", () => {
    timeline.playhead = player.time;
    transcript.follow(player.time);
    $("clock").textContent = clock(player.time);
    $("frame").textContent = `frame ${player.frameAt(player.time + 0.0005)}`;
    if (!player.video.paused && (player.time > timeline.end || player.time < timeline.start))
      timeline.reveal(player.time);
    timeline.invalidate();
  });
  player.addEventListener(
    "pause",
    () => timeline.doc && timeline.doc === workspace.doc && note({ t: player.time.toFixed(3) }),
  );
  player.addEventListener("error", () => {
    if (!workspace.doc?.playable || !player.video.error) return;
    $("player-note").hidden = false;
    $("player-note-text").textContent = "This video cannot be played here; check that its file is still where it was.";
  });
  timeline.addEventListener(
    "view",
    () => ($("view-label").textContent = `${clock(timeline.start, 1)} – ${clock(timeline.end, 1)}`),
  );
  timeline.addEventListener("hover", (event) => tooltip.show(workspace.doc, event.detail));
  timeline.gutter.addEventListener("pick", (event) => workspace.doc && pickPerson(personOf(event.detail)));
  transcript.addEventListener("lines", () => {
    if (!workspace.doc) return;
    workspace.doc.signals.lines = transcript.lines.filter((line) => line.id !== null);
    timeline.relayout();
  });

  // ---------------------------------------------------------------- buttons and keys

  const clicks = {
    play: "toggle",
    back: "frameBack",
    forward: "frameOn",
    undo: "undo",
    redo: "redo",
    create: "create",
    split: "split",
    "merge-button": "merge",
    "zoom-in": "zoomIn",
    "zoom-out": "zoomOut",
    fit: "fit",
    help: "help",
    fullscreen: "fullscreen",
  };
  for (const [id, action] of Object.entries(clicks)) {
    $(id).addEventListener("click", (event) => {
      if (workspace.doc) actions[action]();
      if (event.detail) event.currentTarget.blur(); // after the mouse, Space belongs to the player again
    });
  }
  const tabs = Object.keys(LISTS);
  for (const which of tabs) {
    $(`tab-${which}`).addEventListener("click", () => showList(which));
    $(`tab-${which}`).addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = tabs.at((tabs.indexOf(which) + step) % tabs.length);
      showList(next);
      $(`tab-${next}`).focus();
    });
  }
  $("show-faces").addEventListener("change", (event) => {
    faces.shown = event.target.checked;
    faces.draw();
  });
  $("rows").addEventListener(
    "click",
    (event) => workspace.doc && rowsMenu(event.currentTarget, timeline.names, rowLayout),
  );
  $("edit-labels").addEventListener(
    "click",
    () =>
      workspace.doc &&
      labels.show(
        workspace.doc,
        timeline.rows.filter((row) => row.kind === "track").map((row) => row.name),
      ),
  );
  $("export").addEventListener(
    "click",
    () => workspace.doc && workspace.attempt(() => exchange.showExport(workspace.doc)),
  );
  $("import").addEventListener(
    "click",
    () => workspace.doc && workspace.attempt(() => exchange.showImport(workspace.doc)),
  );
  $("unit").addEventListener("change", (event) => {
    timeline.unit = event.target.value;
    timeline.invalidate();
  });
  for (const button of element.querySelectorAll("[data-go]"))
    button.addEventListener("click", () => go(button.dataset.go));

  splitter($("splitter"), $("workspace"));
  const pointer = attach(timeline, {
    player,
    selection,
    seek: workspace.seek,
    changed: workspace.changed,
    refuse: workspace.say,
  });
  listen(keymap, actions, {
    pointer,
    open: () => Boolean(workspace.doc) && current().page === "annotate",
    // past the last segment Tab goes on to the next control, as everywhere
    hasNext: (step) => {
      const at = list.ids.indexOf(selection.current);
      return at < 0 ? list.ids.length > 0 : at + step >= 0 && at + step < list.ids.length;
    },
    onDigit: (digit) => {
      const { doc } = workspace;
      const own = [...selection.ids].filter((id) => doc.annotations.has(id));
      doc.together(() =>
        own.forEach((id) => {
          const a = doc.annotations.get(id);
          const label = doc.labels.find((l) => l.track === a.track && l.hotkey === digit);
          if (label && !rowLayout.isLocked(a.track)) doc.update(id, { label: label.label });
        }),
      );
    },
  });
  element.addEventListener("keydown", (event) => {
    if (event.target.id === "label-input" && ["Enter", "Escape"].includes(event.key)) {
      if (event.key === "Escape") event.target.value = event.target.defaultValue;
      $("timeline").focus();
    }
  });
  window.addEventListener("beforeunload", (event) => {
    if (workspace.doc && ["saving", "offline", "conflict"].includes(workspace.doc.state)) event.preventDefault();
  });
  // What an earlier page could not send any more.
  const stated = (state, why) => {
    if (state === "gone")
      toast("A video was removed from the library, and with it edits that were not saved yet.", "error");
    if (state === "others") toast(why);
  };
  leftBehind().then(async (videos) => {
    for (const video of videos)
      if (video !== current().video) (await new Outbox(server, video, undefined, stated).restore()).flush();
  });
  onRoute((route) => {
    if (route.page === "annotate") open(route);
    else player.pause();
  });
}
