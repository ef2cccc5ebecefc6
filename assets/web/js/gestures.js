// Mouse, pen and finger on the timeline: drag edges and bodies, create, scrub, zoom, pan.

const SNAP_PX = 7;
const CLICK_PX = 3;

export function attach(timeline, { player, select, seek, menu }) {
  const { root, canvas, ruler } = timeline;
  let drag = null;

  const point = (event) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  // To a frame edge always; before that to a cut, a neighbour or the playhead when one is near. Alt: only frames.
  function snap(time, event, skip) {
    timeline.snapLine = null;
    const limit = (SNAP_PX / timeline.width) * (timeline.end - timeline.start);
    let best = null;
    if (!event.altKey) {
      const near = (candidate) => {
        const away = Math.abs(candidate - time);
        if (away <= limit && (!best || away < best.away)) best = { candidate, away };
      };
      near(timeline.playhead);
      timeline.doc.shots.forEach(near);
      for (const lane of drag.row?.lanes ?? []) {
        for (const item of lane.items) {
          if (item.id === skip || item.end < time - limit || item.start > time + limit) continue;
          near(item.start);
          near(item.end);
        }
      }
    }
    if (best) timeline.snapLine = best.candidate;
    return best ? best.candidate : player.snap(time);
  }

  function begin(event) {
    if (event.button > 1 || !timeline.doc) return;
    root.focus({ preventScroll: true });
    const { x, y } = point(event);
    const hit = timeline.at(x, y);
    const time = timeline.time(x);
    root.setPointerCapture(event.pointerId);
    if (event.button === 1 || event.shiftKey) {
      drag = { kind: "pan", x, start: timeline.start, end: timeline.end };
    } else if (event.target === ruler) {
      drag = { kind: "scrub" };
      seek(time);
    } else if (hit.item) {
      const { id, start, end, label, version } = hit.item;
      const track = hit.row.name;
      drag = { kind: hit.part, id, start, end, track, label, row: hit.row, base: version, grip: time, x, moved: false };
      select(id);
    } else if (hit.row?.kind === "track") {
      drag = { kind: "create", track: hit.row.name, row: hit.row, grip: time, x, moved: false };
    } else {
      drag = { kind: "scrub" };
      seek(time);
    }
    event.preventDefault();
  }

  function move(event) {
    if (!timeline.doc) return;
    const { x, y } = point(event);
    if (!drag) {
      hover(event, x, y);
      return;
    }
    const time = Math.min(Math.max(0, timeline.time(x)), timeline.duration);
    if (drag.kind === "pan") {
      const shift = ((drag.x - x) / timeline.width) * (drag.end - drag.start);
      timeline.setView(drag.start + shift, drag.end + shift);
      return;
    }
    if (drag.kind === "scrub") {
      seek(time);
      return;
    }
    if (!drag.moved && Math.abs(x - drag.x) < CLICK_PX) return;
    drag.moved = true;
    const { start, end } = wanted(time, event);
    timeline.draft = { id: drag.id, track: drag.track, label: drag.label ?? "", start, end };
    timeline.invalidate();
  }

  function wanted(time, event) {
    const least = player.frameTime(1) || 0.01;
    if (drag.kind === "create") {
      const edge = snap(time, event);
      const grip = player.snap(drag.grip);
      return { start: Math.min(grip, edge), end: Math.max(grip, edge, Math.min(grip, edge) + least) };
    }
    if (drag.kind === "start") return { start: Math.min(snap(time, event, drag.id), drag.end - least), end: drag.end };
    if (drag.kind === "end") return { start: drag.start, end: Math.max(snap(time, event, drag.id), drag.start + least) };
    const length = drag.end - drag.start;
    const free = Math.min(Math.max(0, drag.start + time - drag.grip), timeline.duration - length);
    const start = Math.min(snap(free, event, drag.id), timeline.duration - length);
    return { start, end: Math.min(player.snap(start + length), timeline.duration) };
  }

  function finish(event) {
    if (!drag) return;
    const { kind, moved, id, base, track, grip } = drag;
    const { draft, doc } = timeline;
    drag = null;
    timeline.draft = null;
    timeline.snapLine = null;
    if (event.type === "pointercancel" || kind === "pan" || kind === "scrub") {
      timeline.invalidate();
      return;
    }
    if (!moved || !draft) {
      if (kind === "create") {
        select(null);
        seek(grip);
      }
      timeline.invalidate();
      return;
    }
    const { start, end } = draft;
    if (kind === "create") select(doc.create({ track, start, end }));
    else if (doc.annotations.has(id)) doc.update(id, { start, end }, base);
    else if (doc.predictions.has(id)) select(doc.correct(id, { start, end }));
    timeline.invalidate();
  }

  function hover(event, x, y) {
    const hit = event.target === canvas ? timeline.at(x, y) : { item: null };
    const id = hit.item?.id ?? null;
    canvas.style.cursor = !hit.item ? "default" : hit.part === "body" ? "grab" : "ew-resize";
    if (id !== timeline.hover) {
      timeline.hover = id;
      timeline.invalidate();
    }
  }

  root.addEventListener("pointerdown", begin);
  root.addEventListener("pointermove", move);
  root.addEventListener("pointerup", finish);
  root.addEventListener("pointercancel", finish);
  root.addEventListener("dblclick", (event) => {
    const { x, y } = point(event);
    const { item } = timeline.at(x, y);
    if (item) menu.playOnce(item);
  });
  root.addEventListener("wheel", (event) => {
    if (!timeline.doc) return;
    event.preventDefault();
    const { x } = point(event);
    const amount = event.deltaMode === 1 ? 16 : 1;
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      const by = (event.deltaX || event.deltaY) * amount;
      timeline.pan((by / timeline.width) * (timeline.end - timeline.start));
    } else {
      timeline.zoom(Math.exp(event.deltaY * amount * 0.0015), timeline.time(x));
    }
  }, { passive: false });
}
