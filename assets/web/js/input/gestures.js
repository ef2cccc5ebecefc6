// Mouse, pen and finger on the timeline: drag edges and bodies, create, choose, scrub, zoom, pan.
//
// Shift pans, Alt snaps only to frames. Ctrl (or ⌘) chooses: a click adds a segment, a drag over an empty place all it
// touches; on an edge that two segments share, it moves both. A finger on an empty place pans; held, it draws.

import { isLineId, lineItems, SPEECH_ROW } from "../model/line-items.js";
import { touching } from "../model/operations.js";
import { movedPhase, PHASES } from "../model/phases.js";
import { shownPhases } from "../view/phases.js";
import { Snapping } from "./snapping.js";
import { valueOf } from "../view/trace-row.js";

/** @import { Item } from "../types.js" */
/** @import { VideoDocument } from "../document/video-document.js" */
/** @import { LineItem } from "../model/line-items.js" */
/** @import { Phase } from "../model/phases.js" */
/** @import { Selection } from "../model/selection.js" */
/** @import { Edge, Side } from "../view/hit-test.js" */
/** @import { Row } from "../view/layout.js" */
/** @import { Player } from "../view/player.js" */
/** @import { Draft, Timeline } from "../view/timeline.js" */
/** @import { TraceRow } from "../view/layout.js" */
/** @import { TraceRecorder } from "./trace-recorder.js" */

/** @typedef {{ x: number, y: number }} Point px on the rows canvas */
/** What one segment was when the drag began, and which part of it moves. @typedef {Draft & { id: string, part: Edge }} Piece */

/** What the pointer does between down and up.
 * @typedef {{ kind: "nothing" | "scrub" }} Plain
 * @typedef {{ kind: "pan", x: number, y: number, start: number, end: number, scrolled: HTMLElement | null, top: number }} Pan
 * @typedef {{ kind: "box", x: number, y: number, chosen: string[] }} BoxDrag
 * @typedef {{ kind: "locked", row: Row, grip: number, x: number }} Locked
 * @typedef {{ track: string, isLine: boolean, grip: number, x: number, moved: boolean }} Begun
 * @typedef {Omit<Pan, "kind"> & Begun & { kind: "hold", curve?: Draw }} Hold a finger that rests: it may come to draw, or to pan
 * @typedef {Begun & { kind: "create", snapping: Snapping }} Create
 * @typedef {Begun & { kind: "edit", part: Edge, pieces: Piece[], snapping: Snapping }} Edit
 * @typedef {{ kind: "draw", row: TraceRow, erases: boolean, moved: boolean,
 *   last: { time: number, value: number } }} Draw of a curve
 * @typedef {Plain | Pan | BoxDrag | Locked | Hold | Create | Edit | Draw} Drag
 */

const CLICK_PX = 3;
const HOLD_MS = 350;
const SAME = 5e-4; // s: closer than any two frames

/** @param {Edge} part @returns {part is Phase} */
const isPhase = (part) => PHASES.includes(/** @type {Phase} */ (part));

/**
 * @param {Timeline} timeline
 * @param {object} page
 * @param {Player} page.player
 * @param {Selection} page.selection
 * @param {(time: number) => void} page.seek
 * @param {(start: number, end: number, part: Side) => void} page.changed told after a boundary was moved
 * @param {{ show: (draft: Draft, part: Edge, place: Point) => void, end: () => void }} page.preview
 * @param {(why: string) => void} page.refuse
 * @param {{ move: (drafts: readonly Draft[]) => unknown, create: (span: { start: number, end: number }) => unknown }}
 *   page.lines what becomes of lines of the transcript
 * @param {Pick<TraceRecorder, "line" | "end" | "drop">} page.curves
 */
export function attach(timeline, { player, selection, seek, changed, preview, refuse, lines, curves }) {
  const { root, canvas, ruler } = timeline;
  /** pointer → its place @type {Map<number, Point>} */
  const fingers = new Map();
  /** @type {Drag | null} */
  let drag = null;
  /** @type {{ times: [number, number] } | null} */
  let pinch = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let holding;
  let isOverCurves = false;
  let isChoosing = false;

  /** @param {MouseEvent} event @returns {Point} */
  const point = (event) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const within = (/** @type {number} */ time) => Math.min(Math.max(0, time), timeline.duration);
  const isThere = (/** @type {VideoDocument} */ doc) => (/** @type {string} */ id) => Boolean(doc.store.shown(id));

  // ---------------------------------------------------------------- begin

  /** @param {PointerEvent} event */
  function begin(event) {
    if (event.button > 1 || !timeline.doc) return;
    root.focus({ preventScroll: true });
    const at = point(event);
    if (event.pointerType === "touch") {
      fingers.set(event.pointerId, at);
      if (pinch) return; // a third finger
      if (fingers.size === 2) {
        beginPinch();
        return;
      }
    }
    root.setPointerCapture(event.pointerId);
    timeline.isHeld = true;
    drag = dragOf(event, at);
    if (drag.kind === "scrub") seek(timeline.time(at.x));
    if (drag.kind === "hold") {
      const held = drag;
      holding = setTimeout(() => {
        if (drag !== held) return;
        root.classList.add("drawing"); // from here on the finger draws
        if (held.curve) {
          drag = held.curve;
          return;
        }
        const { track, isLine, grip, x, moved } = held;
        drag = { track, isLine, grip, x, moved, kind: "create", snapping: snappingFor([]) };
      }, HOLD_MS);
    }
    event.preventDefault();
  }

  /**
   * @param {PointerEvent} event
   * @param {Point} at
   * @returns {Drag}
   */
  function dragOf(event, { x, y }) {
    const time = timeline.time(x);
    if (event.button === 1 || event.shiftKey) return pan(event, x);
    if (event.target === ruler) return { kind: "scrub" };
    const { row, item, part } = timeline.at(x, y);
    if (row?.kind === "trace") return drawOf(event, row, { x, y });
    if (!row || (row.kind !== "track" && row.kind !== "speech")) return { kind: "scrub" };
    const more = event.ctrlKey || event.metaKey;
    const begun = { track: row.name, isLine: row.kind === "speech", grip: time, x, moved: false };
    if (item && row.locked) {
      selection.one(item.id);
      return { kind: "nothing" };
    }
    if (item) return grab(item, part, more, begun);
    if (more && !begun.isLine) return { kind: "box", x, y, chosen: [...selection.ids] };
    if (row.locked) return { kind: "locked", row, grip: time, x };
    return event.pointerType === "touch"
      ? { ...pan(event, x), ...begun, kind: "hold" }
      : { ...begun, kind: "create", snapping: snappingFor([]) };
  }

  /** A curve is drawn, with Alt rubbed out; a finger draws after it rested.
   * @param {PointerEvent} event
   * @param {TraceRow} row
   * @param {Point} at
   * @returns {Drag}
   */
  function drawOf(event, row, { x, y }) {
    const time = timeline.time(x);
    if (row.locked) return { kind: "locked", row, grip: time, x };
    const last = { time, value: event.altKey ? NaN : valueOf(row, y) };
    const curve = /** @type {Draw} */ ({ kind: "draw", row, erases: event.altKey, moved: false, last });
    if (event.pointerType !== "touch") return curve;
    return { ...pan(event, x), track: row.name, isLine: false, grip: time, x, moved: false, kind: "hold", curve };
  }

  /** A finger takes the rows up and down as well.
   * @param {PointerEvent} event
   * @param {number} x
   * @returns {Pan}
   */
  function pan(event, x) {
    const scrolled = event.pointerType === "touch" ? root.parentElement : null;
    const { start, end } = timeline;
    return { kind: "pan", x, y: event.clientY, start, end, scrolled, top: scrolled?.scrollTop ?? 0 };
  }

  /**
   * @param {Item | LineItem} item
   * @param {Edge} part
   * @param {boolean} more
   * @param {Begun} begun
   * @returns {Drag}
   */
  function grab(item, part, more, begun) {
    const { store } = timeline;
    if (isPhase(part)) {
      return { ...begun, kind: "edit", part, pieces: [pieceOf(item, part)], snapping: snappingFor([item.id]) };
    }
    const shared = part !== "body" ? touchingItems(item, part) : [];
    if (more && !shared.length) {
      if (isLineId(selection.current) === begun.isLine) selection.toggle(item.id);
      else selection.one(item.id); // segments and lines are not chosen together
      return { kind: "nothing" };
    }
    const together = part === "body" && selection.has(item.id) && selection.size > 1;
    if (!together) selection.one(item.id);
    const chosen = together ? [...selection.ids].map((id) => store.shown(id)).filter((each) => each !== null) : [item];
    const row = (/** @type {Item | LineItem} */ each) => ("isLine" in each ? SPEECH_ROW : store.rowOf(each));
    const free = chosen.filter((each) => !timeline.rowLayout.isLocked(row(each)));
    const pieces = free.map((each) => pieceOf(each, part));
    if (more) pieces.push(...shared.map((each) => pieceOf(each, part === "start" ? "end" : "start")));
    return { ...begun, kind: "edit", part, pieces, snapping: snappingFor(pieces.map((piece) => piece.id)) };
  }

  /** The segments, or the lines, whose edge lies where this one's does.
   * @param {Item | LineItem} item
   * @param {"start" | "end"} edge
   * @returns {(Item | LineItem)[]}
   */
  function touchingItems(item, edge) {
    const { store } = timeline;
    if (!("isLine" in item)) return touching(store, item, edge);
    const other = edge === "start" ? "end" : "start";
    const all = [...lineItems(store.media.lines).values()];
    return all.filter((each) => each.id !== item.id && Math.abs(each[other] - item[edge]) < SAME);
  }

  /** What it was when the drag began: others may change it meanwhile.
   * @param {Item | LineItem} item
   * @param {Edge} part
   * @returns {Piece}
   */
  function pieceOf(item, part) {
    const { id, label, start, end } = item;
    const track = timeline.store.rowOf(item) ?? item.track;
    if ("isLine" in item) return { id, track, label, start, end, base: item.version, part, isLine: true };
    const attributes = "attributes" in item ? item.attributes : (shownPhases(item) ?? undefined);
    return { id, track, label, start, end, base: "version" in item ? item.version : undefined, part, attributes };
  }

  /** @param {string[]} ids the segments that move */
  function snappingFor(ids) {
    const lone = ids.length === 1 && timeline.store.predictions.has(ids[0]) ? ids[0] : null;
    return new Snapping(timeline, player.frames, new Set(ids), lone);
  }

  // ---------------------------------------------------------------- move

  /** @param {PointerEvent} event */
  function move(event) {
    if (!timeline.doc) return;
    const at = point(event);
    if (fingers.has(event.pointerId)) fingers.set(event.pointerId, at);
    if (pinch) movePinch(pinch.times);
    else if (!drag) hover(event, at);
    else if (drag.kind === "pan") {
      const shift = ((drag.x - at.x) / timeline.width) * (drag.end - drag.start);
      timeline.setView(drag.start + shift, drag.end + shift);
      if (drag.scrolled) drag.scrolled.scrollTop = drag.top + drag.y - event.clientY;
    } else if (drag.kind === "hold") {
      const isMoving = Math.hypot(at.x - drag.x, event.clientY - drag.y) > 2 * CLICK_PX;
      if (isMoving) drag = { ...drag, kind: "pan" };
    } else if (drag.kind === "draw") {
      const next = { time: within(timeline.time(at.x)), value: drag.erases ? NaN : valueOf(drag.row, at.y) };
      curves.line(drag.row.name, drag.last, next);
      Object.assign(drag, { last: next, moved: true });
    } else if (drag.kind === "scrub") {
      seek(within(timeline.time(at.x)));
    } else if (drag.kind === "box") {
      timeline.box = { x0: drag.x, y0: drag.y, x1: at.x, y1: at.y };
      timeline.invalidate();
      if (isChoosing) return;
      isChoosing = true; // once a frame: all that shows what is chosen is drawn anew
      requestAnimationFrame(() => {
        isChoosing = false;
        if (drag?.kind === "box") chooseWithin(drag);
      });
    } else if (drag.kind === "create" || drag.kind === "edit") {
      if (!drag.moved && Math.abs(at.x - drag.x) < CLICK_PX) return;
      drag.moved = true;
      const { snapping } = drag;
      const snap = (/** @type {number} */ time) => {
        const { time: found, line } = snapping.at(time, event.altKey);
        timeline.snapLine = line && { ...line, y: Math.max(0, at.y - 34) };
        return found;
      };
      const time = within(timeline.time(at.x));
      timeline.drafts = drag.kind === "create" ? [drawn(drag, time, snap)] : moved(drag, time, snap);
      const [draft] = timeline.drafts;
      const part = drag.kind === "edit" ? drag.part : time < drag.grip ? "start" : "end";
      if (draft) preview.show(draft, part, { x: event.clientX, y: event.clientY });
      timeline.invalidate();
    } else if (drag.kind === "locked" && Math.abs(at.x - drag.x) > CLICK_PX) {
      refuse(`“${drag.row.name}” is locked; unlock it in its menu.`);
      drag = { kind: "nothing" };
    }
  }

  /** What the rectangle touches is chosen, with what was before. @param {BoxDrag} drag */
  function chooseWithin({ chosen }) {
    if (!timeline.doc || !timeline.box) return;
    const ids = new Set([...chosen, ...timeline.within(timeline.box).map((item) => item.id)]);
    if (ids.size !== selection.size || [...ids].some((id) => !selection.has(id))) selection.set([...ids]);
  }

  /**
   * @param {Create} create
   * @param {number} time
   * @param {(time: number) => number} snap
   * @returns {Draft}
   */
  function drawn({ track, isLine, grip }, time, snap) {
    return { id: null, track, isLine, label: "", ...player.frames.span(grip, snap(time)) };
  }

  /** How far the pointer takes all pieces; none may leave the video or lose its last frame.
   * @param {Edit} edit
   * @param {number} time
   * @param {(time: number) => number} snap
   * @returns {Draft[]}
   */
  function moved({ pieces, part, grip }, time, snap) {
    const [first] = pieces;
    const { frames } = player;
    if (!first) return [];
    if (part === "body") {
      const earliest = Math.min(...pieces.map((piece) => piece.start));
      const latest = Math.max(...pieces.map((piece) => piece.end));
      const wanted = Math.max(first.start + time - grip, first.start - earliest);
      const by = snap(Math.min(wanted, timeline.duration - (latest - first.start))) - first.start;
      return pieces.map((piece) => ({ ...piece, ...frames.span(piece.start + by, piece.end + by) }));
    }
    const edge = snap(time);
    if (isPhase(part)) {
      const phases = shownPhases(first);
      return phases
        ? [{ ...first, attributes: { ...first.attributes, ...movedPhase(phases, part, edge, first) } }]
        : [];
    }
    const [starts, ends] = ["start", "end"].map((which) => pieces.filter((piece) => piece.part === which));
    const low = Math.max(...ends.map((piece) => frames.edge(piece.start, 1)), 0);
    const high = Math.min(...starts.map((piece) => frames.edge(piece.end, -1)), timeline.duration);
    return pieces.map((piece) => ({ ...piece, [piece.part]: Math.min(Math.max(edge, low), high) }));
  }

  // ---------------------------------------------------------------- finish

  /** @param {PointerEvent} event */
  function finish(event) {
    fingers.delete(event.pointerId);
    clearTimeout(holding);
    if (pinch) {
      if (!fingers.size) pinch = null;
      return;
    }
    if (!drag) return;
    const ended = drag;
    const { drafts, doc } = timeline;
    if (ended.kind === "box") chooseWithin(ended);
    if (ended.kind === "draw" && event.type !== "pointercancel") {
      curves.end(ended.row.name);
      if (!ended.moved) seek(within(ended.last.time));
    }
    cancel();
    if (event.type === "pointercancel" || !doc) return;
    const wasClick = ended.kind === "locked" || ((ended.kind === "create" || ended.kind === "hold") && !ended.moved);
    if (wasClick) {
      selection.one(null);
      seek(ended.grip);
    } else if (ended.kind === "create" && drafts.length && ended.isLine) {
      lines.create(drafts[0]);
    } else if (ended.kind === "create" && drafts.length) {
      const [{ track, start, end }] = drafts;
      selection.instead(() => doc.editor.create({ track, start, end }), isThere(doc));
      changed(start, end, "body");
    } else if (ended.kind === "edit" && drafts.length) {
      if (ended.isLine) lines.move(drafts);
      else save(doc, drafts, ended.part);
      if (!isPhase(ended.part)) changed(drafts[0].start, drafts[0].end, ended.part);
    }
  }

  /** What was begun is forgotten. */
  function cancel() {
    clearTimeout(holding);
    if (drag?.kind === "draw") curves.drop(drag.row.name);
    drag = null;
    timeline.isHeld = false;
    root.classList.remove("drawing");
    preview.end();
    Object.assign(timeline, { drafts: [], box: null, snapLine: null });
    timeline.invalidate();
  }

  /**
   * @param {VideoDocument} doc
   * @param {readonly Draft[]} drafts
   * @param {Edge} part
   */
  function save(doc, drafts, part) {
    selection.instead(() => saved(doc, drafts, part), isThere(doc), "first");
  }

  /** What is chosen then: of a prediction the correction that was made.
   * @param {VideoDocument} doc
   * @param {readonly Draft[]} drafts
   * @param {Edge} part
   */
  function saved({ store, editor }, drafts, part) {
    const moved = drafts.flatMap((draft) => (draft.id === null ? [] : { ...draft, id: draft.id }));
    if (part === "body" && moved.length > 1) return editor.move(moved);
    /** @type {Map<string, string | null>} */
    const made = new Map();
    const length = (/** @type {{ start: number, end: number } | null} */ span) => (span ? span.end - span.start : 0);
    const grown = (/** @type {(typeof moved)[0]} */ each) => length(each) - length(store.item(each.id));
    editor.together(() => {
      // where two share an edge, the one that becomes shorter makes room for the other
      for (const { id, start, end, base, attributes } of moved.toSorted((a, b) => grown(a) - grown(b))) {
        const fields = isPhase(part) ? { attributes } : { start, end };
        made.set(id, id);
        if (store.annotations.has(id)) editor.update(id, fields, base);
        else if (store.predictions.has(id)) made.set(id, editor.correct(id, fields));
      }
    });
    const ids = moved.flatMap(({ id }) => made.get(id) ?? []);
    return part === "body" ? ids : ids.slice(0, 1);
  }

  /**
   * @param {PointerEvent} event
   * @param {Point} at
   */
  function hover(event, { x, y }) {
    const { row, item, part } = event.target === canvas ? timeline.at(x, y) : { row: null, item: null, part: null };
    const id = item?.id ?? null;
    canvas.style.cursor = !item || row?.locked ? "default" : part === "body" ? "grab" : "ew-resize";
    const wasOverCurves = isOverCurves;
    isOverCurves = row?.kind === "graph" || row?.kind === "curve";
    if (row?.kind === "graph" || row?.kind === "curve") {
      timeline.hover = null;
      timeline.emit("hover", { row, time: timeline.time(x), x: event.clientX, y: event.clientY });
      return;
    }
    if (id === timeline.hover && !wasOverCurves) return;
    timeline.hover = id;
    timeline.emit("hover", item && { item, x: event.clientX, y: event.clientY });
    timeline.invalidate();
  }

  // ---------------------------------------------------------------- two fingers

  function beginPinch() {
    cancel();
    const [a, b] = [...fingers.values()];
    pinch = { times: [timeline.time(a.x), timeline.time(b.x)] };
  }

  /** The times under both fingers stay under them. @param {[number, number]} times */
  function movePinch([from, to]) {
    if (fingers.size < 2) return;
    const [a, b] = [...fingers.values()];
    const gap = Math.max(20, Math.abs(b.x - a.x)) * Math.sign(b.x - a.x || 1);
    const perPixel = (to - from) / gap;
    if (perPixel <= 0 || !Number.isFinite(perPixel)) return;
    const start = (from + to) / 2 - ((a.x + b.x) / 2) * perPixel;
    timeline.setView(start, start + timeline.width * perPixel);
  }

  root.addEventListener("pointerdown", begin);
  root.addEventListener("pointermove", move);
  root.addEventListener("pointerup", finish);
  root.addEventListener("pointercancel", finish);
  root.addEventListener("pointerleave", () => {
    timeline.hover = null;
    timeline.emit("hover", null);
  });
  root.addEventListener("dblclick", (event) => {
    const { x, y } = point(event);
    const { item } = timeline.at(x, y);
    if (item) player.playRange(item.start, item.end);
  });
  root.addEventListener(
    "wheel",
    (event) => {
      if (!timeline.doc) return;
      event.preventDefault();
      const amount = event.deltaMode === 1 ? 16 : 1;
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        timeline.pan((((event.deltaX || event.deltaY) * amount) / timeline.width) * (timeline.end - timeline.start));
      } else {
        timeline.zoom(Math.exp(event.deltaY * amount * 0.0015), timeline.time(point(event).x));
      }
    },
    { passive: false },
  );

  /** Keys wait while the pointer holds something, or they would change it during the drag. */
  const holds = () => drag !== null && ["create", "edit", "box"].includes(drag.kind);
  return { holds, cancel };
}
