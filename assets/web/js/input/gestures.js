// Mouse, pen and finger on the timeline: drag edges and bodies, create, choose, scrub, zoom, pan.
//
// Shift pans, Alt snaps only to frames. Ctrl (or ⌘) chooses: a click adds a segment, a drag over an empty place all it
// touches; on an edge that two segments share, it moves both. A finger on an empty place pans; held, it draws.

import { touching } from "../model/operations.js";
import { Snapping } from "./snapping.js";

const CLICK_PX = 3;
const HOLD_MS = 350;

export function attach(timeline, { player, selection, seek, changed, refuse }) {
  const { root, canvas, ruler } = timeline;
  const fingers = new Map(); // pointer → its place
  let drag = null;
  let pinch = null;
  let holding = 0;

  const point = (event) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const within = (time) => Math.min(Math.max(0, time), timeline.duration);

  // ---------------------------------------------------------------- begin

  function begin(event) {
    if (event.button > 1 || !timeline.doc) return;
    root.focus({ preventScroll: true });
    const at = point(event);
    if (event.pointerType === "touch") {
      fingers.set(event.pointerId, at);
      if (pinch) return; // a third finger
      if (fingers.size === 2) return beginPinch();
    }
    root.setPointerCapture(event.pointerId);
    drag = kindOf(event, at);
    if (drag.kind === "scrub") seek(timeline.time(at.x));
    if (drag.kind === "hold") {
      const held = drag;
      holding = setTimeout(() => {
        if (drag !== held) return;
        drag = { ...held, kind: "create", snapping: snappingFor([]) };
        root.classList.add("drawing"); // from here on the finger draws
      }, HOLD_MS);
    }
    event.preventDefault();
  }

  function kindOf(event, { x, y }) {
    const time = timeline.time(x);
    if (event.button === 1 || event.shiftKey) return pan(event, x);
    if (event.target === ruler) return { kind: "scrub" };
    const hit = timeline.at(x, y);
    if (!hit.row || (hit.row.kind !== "track" && !hit.item)) return { kind: "scrub" };
    const more = event.ctrlKey || event.metaKey;
    if (hit.item && hit.row.locked) {
      selection.one(hit.item.id);
      return { kind: "nothing" };
    }
    if (hit.item) return grab(hit, more, time, x);
    if (more) return { kind: "box", x, y, chosen: [...selection.ids] };
    if (hit.row.locked) return { kind: "locked", row: hit.row, grip: time, x };
    const create = { track: hit.row.name, grip: time, x, moved: false };
    return event.pointerType === "touch"
      ? { ...pan(event, x), ...create, kind: "hold" }
      : { ...create, kind: "create", snapping: snappingFor([]) };
  }

  // A finger takes the rows up and down as well.
  function pan(event, x) {
    const scrolled = event.pointerType === "touch" ? root.parentElement : null;
    return {
      kind: "pan",
      x,
      start: timeline.start,
      end: timeline.end,
      scrolled,
      y: event.clientY,
      top: scrolled?.scrollTop,
    };
  }

  function grab(hit, more, time, x) {
    const { item, part, row } = hit;
    const shared = part !== "body" ? touching(timeline.doc, item, part) : [];
    if (more && !shared.length) {
      selection.toggle(item.id);
      return { kind: "nothing" };
    }
    const together = part === "body" && selection.has(item.id) && selection.size > 1;
    if (!together) selection.one(item.id);
    const movers = together ? [...selection.ids].map((id) => timeline.doc.item(id)) : [item];
    // what each of them was when the drag began: others may change them meanwhile
    const taken = (piece, which) => ({
      id: piece.id,
      track: timeline.doc.rowOf(piece),
      label: piece.label,
      start: piece.start,
      end: piece.end,
      base: piece.version,
      part: which,
    });
    const pieces = movers
      .filter((piece) => !timeline.rowLayout.isLocked(timeline.doc.rowOf(piece)))
      .map((piece) => taken(piece, part));
    if (more) pieces.push(...shared.map((piece) => taken(piece, part === "start" ? "end" : "start")));
    return {
      kind: "edit",
      part,
      pieces,
      grip: time,
      x,
      moved: false,
      track: row.name,
      snapping: snappingFor(pieces.map((piece) => piece.id)),
    };
  }

  function snappingFor(ids) {
    const prediction = timeline.doc.annotations.get(ids[0])?.prediction_id;
    return new Snapping(
      timeline,
      player.frames,
      new Set(ids),
      ids.length === 1 && timeline.doc.predictions.has(ids[0]) ? ids[0] : prediction && null,
    );
  }

  // ---------------------------------------------------------------- move

  function move(event) {
    if (!timeline.doc) return;
    const at = point(event);
    if (fingers.has(event.pointerId)) fingers.set(event.pointerId, at);
    if (pinch) return movePinch();
    if (!drag) return hover(event, at);
    if (drag.kind === "pan") {
      const shift = ((drag.x - at.x) / timeline.width) * (drag.end - drag.start);
      timeline.setView(drag.start + shift, drag.end + shift);
      if (drag.scrolled) drag.scrolled.scrollTop = drag.top + drag.y - event.clientY;
    } else if (drag.kind === "hold") {
      if (Math.hypot(at.x - drag.x, event.clientY - drag.y) > 2 * CLICK_PX) drag = { ...drag, kind: "pan" };
    } else if (drag.kind === "scrub") {
      seek(within(timeline.time(at.x)));
    } else if (drag.kind === "box") {
      timeline.box = { x0: drag.x, y0: drag.y, x1: at.x, y1: at.y };
      selection.set([
        ...new Set([...drag.chosen, ...timeline.within(drag.x, drag.y, at.x, at.y).map((item) => item.id)]),
      ]);
      timeline.invalidate();
    } else if (drag.kind === "create" || drag.kind === "edit") {
      if (!drag.moved && Math.abs(at.x - drag.x) < CLICK_PX) return;
      drag.moved = true;
      const time = within(timeline.time(at.x));
      timeline.drafts = drag.kind === "create" ? [drawn(time, event, at)] : moved(time, event, at);
      timeline.invalidate();
    } else if (drag.kind === "locked" && Math.abs(at.x - drag.x) > CLICK_PX) {
      refuse(`“${drag.row.name}” is locked; unlock it in its menu.`);
      drag = { kind: "nothing" };
    }
  }

  function snap(time, event, at) {
    const { time: found, line } = drag.snapping.at(time, event.altKey);
    timeline.snapLine = line && { ...line, y: Math.max(0, at.y - 34) };
    return found;
  }

  function drawn(time, event, at) {
    return { id: null, track: drag.track, label: "", ...player.frames.span(drag.grip, snap(time, event, at)) };
  }

  // How far the pointer takes all pieces; none may leave the video or lose its last frame.
  function moved(time, event, at) {
    const [first] = drag.pieces;
    if (!first) return [];
    if (drag.part === "body") {
      const earliest = Math.min(...drag.pieces.map((piece) => piece.start));
      const latest = Math.max(...drag.pieces.map((piece) => piece.end));
      const free = Math.min(
        Math.max(first.start + time - drag.grip, first.start - earliest),
        timeline.duration - (latest - first.start),
      );
      const by = snap(free, event, at) - first.start;
      return drag.pieces.map((piece) => ({ ...piece, ...player.frames.span(piece.start + by, piece.end + by) }));
    }
    const edge = snap(time, event, at);
    const low = Math.max(
      ...drag.pieces.filter((piece) => piece.part === "end").map((piece) => player.frames.edge(piece.start, 1)),
      0,
    );
    const high = Math.min(
      ...drag.pieces.filter((piece) => piece.part === "start").map((piece) => player.frames.edge(piece.end, -1)),
      timeline.duration,
    );
    return drag.pieces.map((piece) => ({ ...piece, [piece.part]: Math.min(Math.max(edge, low), high) }));
  }

  // ---------------------------------------------------------------- finish

  function finish(event) {
    fingers.delete(event.pointerId);
    clearTimeout(holding);
    if (pinch) {
      if (!fingers.size) pinch = null;
      return;
    }
    if (!drag) return;
    const { kind, moved: wasMoved, grip, part } = drag;
    const { drafts, doc } = timeline;
    cancel();
    if (event.type === "pointercancel") return;
    if (["create", "hold", "locked"].includes(kind) && !wasMoved) {
      selection.one(null);
      seek(grip);
    } else if (kind === "create" && drafts.length) {
      const [{ track, start, end }] = drafts;
      selection.one(doc.create({ track, start, end }));
      changed(start, end, "body");
    } else if (kind === "edit" && drafts.length) {
      save(doc, drafts, part);
      changed(drafts[0].start, drafts[0].end, part);
    }
  }

  // What was begun is forgotten.
  function cancel() {
    clearTimeout(holding);
    drag = null;
    root.classList.remove("drawing");
    Object.assign(timeline, { drafts: [], box: null, snapLine: null });
    timeline.invalidate();
  }

  function save(doc, drafts, part) {
    const made = doc.together(() =>
      drafts.map(({ id, start, end, base }) => {
        if (!doc.annotations.has(id)) return doc.predictions.has(id) ? doc.correct(id, { start, end }) : id;
        doc.update(id, { start, end }, base);
        return id;
      }),
    );
    selection.set(part === "body" ? made : [made[0]], made[0]);
  }

  function hover(event, { x, y }) {
    const hit = event.target === canvas ? timeline.at(x, y) : { item: null };
    const id = hit.item?.id ?? null;
    canvas.style.cursor = !hit.item || hit.row?.locked ? "default" : hit.part === "body" ? "grab" : "ew-resize";
    if (id === timeline.hover) return;
    timeline.hover = id;
    timeline.dispatchEvent(
      new CustomEvent("hover", { detail: hit.item && { item: hit.item, x: event.clientX, y: event.clientY } }),
    );
    timeline.invalidate();
  }

  // ---------------------------------------------------------------- two fingers

  function beginPinch() {
    cancel();
    const [a, b] = [...fingers.values()];
    pinch = { times: [timeline.time(a.x), timeline.time(b.x)], gap: Math.max(20, Math.abs(a.x - b.x)) };
  }

  // The times under both fingers stay under them.
  function movePinch() {
    if (fingers.size < 2) return;
    const [a, b] = [...fingers.values()];
    const [from, to] = pinch.times;
    const gap = Math.max(20, Math.abs(b.x - a.x)) * Math.sign(b.x - a.x || 1);
    const perPixel = (to - from) / gap;
    if (perPixel <= 0 || !Number.isFinite(perPixel)) return;
    const start = (from + to) / 2 - ((a.x + b.x) / 2) * perPixel;
    timeline.setView(start, start + timeline.width * perPixel);
  }

  for (const [name, handler] of [
    ["pointerdown", begin],
    ["pointermove", move],
    ["pointerup", finish],
    ["pointercancel", finish],
  ])
    root.addEventListener(name, handler);
  root.addEventListener("pointerleave", () => {
    timeline.hover = null;
    timeline.dispatchEvent(new CustomEvent("hover", { detail: null }));
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

  // Keys wait while the pointer holds something, or they would change it under the hand.
  return { holds: () => ["create", "edit", "box"].includes(drag?.kind), cancel };
}
