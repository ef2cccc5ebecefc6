// Boxes over time on the page: the picture, the panel beside it and the row of the timeline.

import assert from "node:assert/strict";
import test from "node:test";

import { element, happening, page } from "./dom.mjs";
import { documentOf, frames } from "./harness.mjs";
import { Emitter } from "../../assets/web/js/emitter.js";
import { RowLayout } from "../../assets/web/js/model/row-layout.js";
import { Selection } from "../../assets/web/js/model/selection.js";

globalThis.HTMLInputElement ??= class {
  static [Symbol.hasInstance] = (node) => node?.tagName === "INPUT";
};
const observed = new Set();
globalThis.ResizeObserver = class {
  observe() {
    observed.add(this);
  }
  disconnect() {
    observed.delete(this);
  }
};

const { BoxTool } = await import("../../assets/web/js/annotate/box-tool.js");
const { BoxOverlay } = await import("../../assets/web/js/view/box-overlay.js");
const { layout } = await import("../../assets/web/js/view/layout.js");
const { Timeline } = await import("../../assets/web/js/view/timeline.js");

BoxOverlay.prototype.draw = function () {
  this.drawn = (this.drawn ?? 0) + 1; // there is no canvas here that could be drawn on
};

function camera(id) {
  const [video, around] = [element("video"), element("div")];
  video.after = (canvas) => around.append(canvas);
  document.body.append(around);
  return { camera: { id, width: 640, height: 360 }, video, element: around };
}

// A page with a video of 10.4 s, and a timeline of 1000 px that shows 10 s of it.
function opened() {
  const $ = page({ boxes: "canvas", "box-panel": "div", "box-mode": "button", timeline: "div" });
  const { doc } = documentOf();
  doc.store.setFrameTimes(frames().pts);
  const player = Object.assign(new Emitter(), {
    video: Object.assign(element("video"), { paused: true }),
    time: 0,
    frames: frames(),
    pause() {},
  });
  const timeline = Object.assign(Object.create(Timeline.prototype), {
    root: $("timeline"),
    canvas: element("canvas"),
    doc,
    start: 0,
    end: 10,
    rows: [],
    relayout() {},
    invalidate() {},
  });
  timeline.root.append(timeline.canvas);
  Object.defineProperty(timeline, "width", { value: 1000 });
  const cameras = Object.assign(new Emitter(), { views: new Map(), all: [], inFront: "", isWorkedOn: () => true });
  const side = { offer() {}, show: () => ($("box-panel").hidden = false) };
  const workspace = { player, timeline, selection: new Selection(), parts: { cameras }, seek() {}, say() {} };
  const tool = new BoxTool(
    $,
    workspace,
    side,
    () => [],
    () => {},
  );
  doc.store.on("change", (what) => tool.refresh(what));
  tool.open(doc);
  const box = (name, at, place = [0, 0, 0.2, 0.2]) =>
    doc.boxes.create({ label: "", name, keys: [{ at, box: place, hidden: false, source: "manual" }] });
  const press = (id) => {
    timeline.rows = layout(doc.store, new RowLayout(null)).rows;
    const row = timeline.rows.find(({ kind }) => kind === "boxes");
    const bar = row.bars.find(({ track }) => track.id === id);
    const event = happening("pointerdown", { button: 0, clientX: timeline.x(bar.track.keys[0].at), clientY: 0 });
    event.clientY = row.y + bar.y + bar.height / 2;
    event.at = timeline.canvas;
    timeline.root.dispatchEvent(event);
  };
  return { $, doc, tool, player, cameras, box, press };
}

test("a name that is typed for one box stays with it when another is clicked in the row", () => {
  const { $, doc, tool, box, press } = opened();
  const [a, b] = [box("", 1), box("", 5)];
  tool.choose(a);
  $("box-panel").querySelector("#box-name").type("Anna");
  press(b);
  assert.deepEqual([tool.chosen, doc.boxes.find(a).name, doc.boxes.find(b).name], [b, "Anna", ""]);
});

test("the panel is drawn while it is seen, and when it comes to the front", () => {
  const { $, tool, player, box } = opened();
  tool.choose(box("Anna", 1));
  let drawn = 0;
  const { show } = tool.panel;
  tool.panel.show = (shown) => {
    drawn++;
    show.call(tool.panel, shown);
  };
  player.emit("time", null);
  assert.equal(drawn, 1);
  $("box-panel").hidden = true;
  for (let step = 0; step < 5; step++) player.emit("time", null);
  assert.equal(drawn, 1);
  $("box-panel").hidden = false;
  tool.showPanel();
  assert.equal(drawn, 2);
});

test("of a camera that is taken off nothing is followed any more", () => {
  const { tool, player, cameras } = opened();
  const before = observed.size;
  cameras.views.set("side", camera("side"));
  cameras.emit("change", null);
  const overlay = tool.overlays.get("side");
  const { drawn } = overlay;
  player.emit("time", null);
  assert.deepEqual([overlay.drawn, observed.size, overlay.store], [drawn + 1, before + 1, tool.doc.store]);
  cameras.views.clear();
  cameras.emit("change", null);
  player.emit("time", null);
  assert.deepEqual([overlay.drawn, observed.size, overlay.store, tool.overlays.size], [drawn + 1, before, null, 1]);
});
