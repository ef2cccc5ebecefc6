// Everything a person can do on the Annotate page by key or button, by name (see keymap.js).

import * as operations from "../model/operations.js";

const NEW_S = 2;
let clipboard = []; // also for another video

export function commands(workspace) {
  const { player, timeline, selection } = workspace;
  const doc = () => workspace.doc;
  const current = () => (selection.current === null ? null : doc().item(selection.current));
  const locked = (id) => timeline.rowLayout.isLocked(doc().rowOf(doc().item(id)));
  const free = () => [...selection.ids].filter((id) => doc().item(id) && !locked(id));

  // What changes segments leaves locked rows alone, and says so.
  const edit = (work) => () => {
    const ids = free();
    if (selection.size && !ids.length) workspace.say("This row is locked; unlock it in its menu.");
    else if (ids.length) work(ids);
  };

  const nudge = (part, count) =>
    edit((ids) => {
      const wasPrediction = doc().predictions.has(selection.current) ? doc().predictions.get(selection.current) : null;
      operations.nudge(doc(), ids, part, count, player.frames);
      if (wasPrediction) selection.one(doc().correctionOf(wasPrediction.id)?.id ?? wasPrediction.id);
      const item = current();
      if (item) workspace.changed(item.start, item.end, part);
    });

  function step(by) {
    const ids = workspace.listed();
    const at = ids.indexOf(selection.current);
    const id = ids[at < 0 ? (by > 0 ? 0 : ids.length - 1) : at + by];
    if (id) workspace.goTo(id);
  }

  function create() {
    const { in: from, out: to } = timeline.marks;
    const start = from ?? player.time;
    timeline.marks = { in: null, out: null };
    make(start, to !== null && to > start ? to : start + NEW_S);
  }

  function make(from, to) {
    const track = workspace.track();
    if (timeline.rowLayout.isLocked(track)) {
      workspace.say(`“${track}” is locked; unlock it in its menu.`);
      return;
    }
    selection.one(doc().create({ track, ...player.frames.span(from, to) }));
    workspace.label();
  }

  function paste() {
    if (!clipboard.length) return;
    selection.set(operations.paste(doc(), clipboard, player.time, player.frames));
  }

  return {
    toggle: () => player.toggle(),
    pause: () => player.pause(),
    shuttleOn: () => player.shuttle(1),
    shuttleBack: () => player.shuttle(-1),
    frameBack: () => player.step(-1),
    frameOn: () => player.step(1),
    secondBack: () => workspace.seek(player.time - 1),
    secondOn: () => workspace.seek(player.time + 1),
    playSelected: () => current() && player.playRange(current().start, current().end, true),
    playAround: () => {
      const item = current();
      if (!item) return;
      player.playAround(Math.abs(player.time - item.start) <= Math.abs(player.time - item.end) ? item.start : item.end);
    },
    fullscreen: () => workspace.fullscreen(),
    mute: () => (player.video.muted = !player.video.muted),

    markIn: () => workspace.mark("in", player.time),
    markOut: () => workspace.mark("out", player.frameEnd),
    create,
    // Returns what to do when the key is let go.
    hold: () => {
      const start = player.time;
      workspace.mark("in", start);
      return () => {
        const end = player.frameEnd;
        timeline.marks = { in: null, out: null };
        timeline.invalidate();
        if (end > start) make(start, end);
      };
    },
    split: edit(() => {
      const second = operations.split(doc(), selection.current, player.time, player.frames);
      if (second) selection.one(second);
      else workspace.say("The playhead is not inside the segment; there is nothing to split.");
    }),
    merge: edit((ids) => {
      const merged = operations.merge(doc(), ids);
      if (merged) selection.one(merged);
      else workspace.say("Choose two or more segments of one row to merge them.");
    }),
    extend: edit(() => {
      operations.extend(doc(), selection.current, player.time, player.frames);
      selection.one(doc().correctionOf(selection.current)?.id ?? selection.current);
    }),
    startEarlier: nudge("start", -1),
    startLater: nudge("start", 1),
    endEarlier: nudge("end", -1),
    endLater: nudge("end", 1),
    moveEarlier: nudge("body", -1),
    moveLater: nudge("body", 1),

    next: () => step(1),
    previous: () => step(-1),
    chooseAll: () => selection.set([...doc().annotations.keys()]),
    clear: () => {
      timeline.marks = { in: null, out: null };
      selection.one(null);
    },
    copy: () => {
      if (selection.size) clipboard = operations.copied(doc(), selection.ids);
    },
    cut: edit((ids) => {
      clipboard = operations.copied(doc(), ids);
      operations.remove(doc(), ids);
    }),
    paste,
    remove: edit((ids) => operations.remove(doc(), ids)),
    undo: () => doc().undo(),
    redo: () => doc().redo(),

    accept: edit((ids) => workspace.decide(ids, "accept")),
    reject: edit((ids) => workspace.decide(ids, "reject")),
    undecided: () => workspace.nextUndecided(),
    glance: () => workspace.glance(),

    zoomIn: () => timeline.zoom(0.7, workspace.around()),
    zoomOut: () => timeline.zoom(1 / 0.7, workspace.around()),
    fit: () => timeline.fit(),
    zoomSelected: () => {
      const item = current();
      if (item) timeline.setView(item.start - (item.end - item.start), item.end + (item.end - item.start));
    },
    faces: () => workspace.toggleFaces(),
    help: () => workspace.help(),
  };
}
