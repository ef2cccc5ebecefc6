// Everything a person can do on the Annotate page by key or button, by name (see keymap.js).

import { SPEECH_ROW } from "../model/line-items.js";
import * as copying from "../model/copy-paste.js";
import * as operations from "../model/operations.js";
import { undecidedAt } from "../model/review-queue.js";
import { WHOLE_VIDEO } from "../model/special-rows.js";
import { frameOf } from "../view/drag-preview.js";

/** @import { Workspace } from "../annotate/workspace.js" */
/** @import { Content } from "../model/annotation.js" */
/** @import { Marked } from "../types.js" */

/** `hold` returns what to do when the key is let go. @typedef {() => unknown} Action */

/** What the commands need of the page.
 * @typedef {Pick<Workspace, "opened" | "player" | "timeline" | "selection" | "say" | "seek" | "goTo" | "listed" | "track"
 *   | "label" | "mark" | "changed" | "around" | "decide" | "decideListed" | "nextUndecided" | "glance" | "toggleFaces" | "drawBoxes" | "help"
 *   | "fullscreen" | "shift" | "turnTo" | "lineActions" | "markReviewed" | "reaction"
 *   | "live" | "describe" | "bookmark" | "parts">} Commanded
 */

const NEW_S = 2;
/** @type {Content[]} */
let clipboard = []; // also for another video

/** A new segment on the row that is meant. Keys stay commands: whoever wants to type its label goes there.
 * @param {Commanded} workspace
 * @param {number} from
 * @param {number} to
 * @param {string} [label]
 * @param {Marked} [marked] which of the two was marked while the video played
 */
function make(workspace, from, to, label = "", marked = {}) {
  const { timeline, player, selection } = workspace;
  const track = workspace.track();
  if (timeline.rowLayout.isLocked(track)) {
    workspace.say(`“${track}” is locked; unlock it in its menu.`);
    return;
  }
  timeline.marks = { in: null, out: null };
  const { editor, store } = workspace.opened;
  selection.instead(
    () => editor.create({ track, label, ...player.frames.span(from, to) }, marked),
    (id) => Boolean(store.shown(id)),
  );
}

/** A digit makes what is marked a segment of the label that has it, or makes the point or begins or ends the state that
 * the label is for; else what is selected gets that label, and predictions are accepted under it.
 * @param {Commanded} workspace
 * @param {string} digit
 */
export function giveLabel(workspace, digit) {
  const { timeline, player, selection } = workspace;
  const { store, editor } = workspace.opened;
  const labelOf = (/** @type {string} */ track) =>
    store.labels.find((each) => each.track === track && each.hotkey === digit)?.label;
  const meant = store.labels.find((each) => each.track === workspace.track() && each.hotkey === digit);
  const isDeciding = [...selection.ids].some((id) => store.predictions.has(id));
  const { in: from, out, played } = timeline.marks;
  const now = workspace.reaction.place(player, player.frameEnd);
  const to = out ?? now.time;
  const isMarked = from !== null && to > from;
  if (!isDeciding && (meant?.kind === "point" || (meant?.kind === "state" && !isMarked))) {
    workspace.live.press(meant);
    return;
  }
  if (isMarked) {
    const track = workspace.track();
    const label = labelOf(track);
    if (label === undefined) workspace.say(`No label of “${track}” has the key ${digit}; keys are given under Labels.`);
    else make(workspace, from, to, label, { start: played?.start, end: out === null ? now.played : played?.end });
    return;
  }
  editor.together(() => {
    for (const id of selection.ids) {
      const item = store.item(id);
      const track = item && store.homeOf(item);
      const label = track && !timeline.rowLayout.isLocked(track) ? labelOf(track) : undefined;
      if (label === undefined) continue;
      if (store.predictions.has(id)) editor.accept(id, label);
      else editor.update(id, { label });
    }
  });
}

/** Called only while a document is open.
 * @param {Commanded} workspace
 */
export function commands(workspace) {
  const { player, timeline, selection } = workspace;
  const store = () => workspace.opened.store;
  const editor = () => workspace.opened.editor;
  const current = () => store().shown(selection.current);
  const { lineActions: lines } = workspace;
  const isLocked = (/** @type {string} */ id) => {
    const item = store().item(id);
    return item && timeline.rowLayout.isLocked(store().rowOf(item));
  };
  const isSeen = (/** @type {string} */ id) => {
    const item = store().item(id);
    return item && timeline.rowLayout.isShown(store().rowOf(item) ?? "");
  };
  const free = () => [...selection.ids].filter((id) => store().item(id) && !isLocked(id));

  /** What changes segments leaves locked rows alone, and says so; lines of the transcript have what they can.
   * @param {(ids: string[], chosen: string) => void} work
   * @param {() => unknown} [ofLines]
   */
  const edit = (work, ofLines) => () => {
    if (lines?.areChosen) {
      if (timeline.rowLayout.isLocked(SPEECH_ROW)) workspace.say("This row is locked; unlock it in its menu.");
      else if (ofLines) ofLines();
      else workspace.say("This is for segments; a line of the transcript is chosen.");
      return;
    }
    const ids = free();
    if (selection.size && !ids.length) workspace.say("This row is locked; unlock it in its menu.");
    else if (ids.length) work(ids, selection.current ?? "");
  };

  /** About what is chosen; where nothing is, about the prediction at the playhead. Of several the most certain one is
   * chosen first: the next press is about that. @param {"accept" | "reject"} verdict */
  const decide = (verdict) => () => {
    if (selection.size || lines?.areChosen) {
      edit((ids) => workspace.decide(ids, verdict))();
      return;
    }
    const here = undecidedAt(store(), player.time).filter(({ id }) => isSeen(id) && !isLocked(id));
    if (!here.length) workspace.say("No prediction to decide is at the playhead.");
    else if (here.length === 1) workspace.decide([here[0].id], verdict);
    else selection.one(here[0].id);
  };

  const isThere = (/** @type {string} */ id) => Boolean(store().shown(id));

  /** Where a prediction is changed, the correction that this makes is chosen in its place.
   * @param {string} chosen
   * @param {() => void} work
   */
  function correcting(chosen, work) {
    const wasPrediction = store().predictions.has(chosen);
    selection.instead(() => {
      work();
      return wasPrediction ? (store().correctionOf(chosen)?.id ?? chosen) : null;
    }, isThere);
  }

  const nudge = (/** @type {"start" | "end" | "body"} */ part, /** @type {number} */ count) =>
    edit(
      (ids, chosen) => {
        correcting(chosen, () => operations.nudge(editor(), ids, part, count, player.frames));
        const item = current();
        if (!item) return;
        player.pause();
        player.seek(frameOf(player, item.start, item.end, part));
        workspace.changed(item.start, item.end, part);
      },
      () => {
        lines.nudge(part, count);
        const line = current();
        if (!line) return;
        player.pause();
        player.seek(frameOf(player, line.start, line.end, part));
        workspace.changed(line.start, line.end, part);
      },
    );

  /** @param {number} by */
  function step(by) {
    const ids = workspace.listed();
    const at = ids.indexOf(selection.current ?? "");
    const id = at < 0 ? ids.at(by > 0 ? 0 : -1) : ids[at + by];
    if (id) workspace.goTo(id);
  }

  function create() {
    const { in: from, out, played } = timeline.marks;
    const start = from ?? player.time;
    const isMarked = out !== null && out > start;
    const marked = { start: played?.start, end: isMarked ? played?.end : undefined };
    make(workspace, start, isMarked ? out : start + NEW_S, "", marked);
  }

  /** @param {string[]} ids */
  function remove(ids) {
    selection.settle();
    operations.remove(editor(), ids);
  }

  function paste() {
    if (!clipboard.length) return;
    selection.instead(() => copying.paste(editor(), clipboard, player.time, player.frames), isThere);
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
    playSelected: () => {
      const item = current();
      if (item) player.playRange(item.start, item.end, true);
    },
    playAround: () => {
      const item = current();
      if (!item) return;
      player.playAround(Math.abs(player.time - item.start) <= Math.abs(player.time - item.end) ? item.start : item.end);
    },
    fullscreen: () => workspace.fullscreen(),
    mute: () => (player.heard.muted = !player.heard.muted),
    nextCamera: () => workspace.parts.cameras.next(),
    cameraViews: () => workspace.parts.cameras.nextView(),
    cameraEarlier: () => workspace.parts.camerasPanel.nudge(-1),
    cameraLater: () => workspace.parts.camerasPanel.nudge(1),

    markIn: () => workspace.mark("in", player.time),
    markOut: () => workspace.mark("out", player.frameEnd),
    create,
    // Returns what to do when the key is let go.
    hold: () => {
      const begun = workspace.opened;
      workspace.mark("in", player.time);
      const { in: start, played } = timeline.marks;
      return () => {
        if (workspace.opened !== begun) return; // another video is open by now
        const end = workspace.reaction.place(player, player.frameEnd);
        timeline.marks = { in: null, out: null };
        timeline.invalidate();
        if (start !== null && end.time > start)
          make(workspace, start, end.time, "", { start: played?.start, end: end.played });
      };
    },
    split: edit(
      (_, chosen) => selection.instead(() => operations.split(editor(), chosen, player.time, player.frames), isThere),
      () => lines.split(),
    ),
    merge: edit(
      (ids) => selection.instead(() => operations.merge(editor(), ids), isThere),
      () => lines.merge(),
    ),
    extend: edit((_, chosen) => {
      correcting(chosen, () => operations.extend(editor(), chosen, player.time, player.frames));
      if (store().annotations.has(chosen)) selection.one(chosen);
    }),
    label: () => (lines?.areChosen ? lines.type() : workspace.label()),
    describe: () => workspace.describe(),
    bookmark: () => workspace.bookmark(),
    shift: edit((ids) => {
      const made = ids.filter((id) => store().annotations.has(id));
      if (made.length) workspace.shift(made);
      else workspace.say("Predictions stay where the model put them; accept them to shift them.");
    }),
    reviewed: () => workspace.markReviewed(),
    startEarlier: nudge("start", -1),
    startLater: nudge("start", 1),
    endEarlier: nudge("end", -1),
    endLater: nudge("end", 1),
    moveEarlier: nudge("body", -1),
    moveLater: nudge("body", 1),

    next: () => step(1),
    previous: () => step(-1),
    // what is seen on the timeline: what is said of the whole video can be neither moved nor merged with it, and a key
    // that comes next is about what the person sees
    chooseAll: () => {
      const made = [...store().annotations.values()];
      selection.set(made.filter(({ id, track }) => track !== WHOLE_VIDEO && isSeen(id)).map(({ id }) => id));
    },
    clear: () => {
      timeline.marks = { in: null, out: null };
      selection.one(null);
    },
    copy: () => {
      if (selection.size) clipboard = copying.copied(store(), selection.ids);
    },
    cut: edit((ids) => {
      clipboard = copying.copied(store(), ids);
      remove(ids);
    }),
    paste,
    remove: edit(remove, () => lines.remove()),
    undo: () => editor().undo(),
    redo: () => editor().redo(),

    accept: decide("accept"),
    reject: decide("reject"),
    acceptRest: () => workspace.decideListed("accept"),
    rejectRest: () => workspace.decideListed("reject"),
    undecided: () => workspace.nextUndecided(),
    glance: () => workspace.glance(),

    nextVideo: () => workspace.turnTo("next"),
    previousVideo: () => workspace.turnTo("previous"),

    zoomIn: () => timeline.zoom(0.7, workspace.around()),
    zoomOut: () => timeline.zoom(1 / 0.7, workspace.around()),
    fit: () => timeline.fit(),
    zoomSelected: () => {
      const item = current();
      if (item) timeline.setView(item.start - (item.end - item.start), item.end + (item.end - item.start));
    },
    faces: () => workspace.toggleFaces(),
    boxes: () => workspace.drawBoxes(),
    help: () => workspace.help(),
  };
}
