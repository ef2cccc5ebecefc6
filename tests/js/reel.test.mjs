// The reel: moments of many videos, one after another.

import assert from "node:assert/strict";
import { test } from "node:test";

import { happening, pageOf } from "./dom.mjs";

globalThis.location ??= { search: "", pathname: "/" };
globalThis.window ??= new EventTarget();
globalThis.history ??= { pushState() {}, replaceState() {} };
const { Reel } = await import("../../assets/web/js/view/reel.js");

const scene = (start, end) => ({ kind: "annotation", id: `${start}`, video: "v", name: "v", start, end, label: "l" });

test("each moment of one video is played where it lies, also one that is later than the first", () => {
  const $ = pageOf("map");
  const video = Object.assign($("reel-video"), { paused: true, currentTime: 0, play: async () => {}, pause() {} });
  Object.defineProperty(video, "src", {
    set(source) {
      video.setAttribute("src", source);
    },
  });
  const reel = new Reel(Object.assign(document.body, { showModal() {} }));
  const moments = [scene(5, 12), scene(50, 55), scene(2, 3)];
  reel.play(moments.map((each) => ({ ...each, offset: 1 })));
  const times = [video.currentTime];
  for (let n = 1; n < moments.length; n++) {
    $("reel-next").dispatchEvent(happening("click"));
    times.push(video.currentTime);
  }
  assert.deepEqual(times, [6, 51, 3]);
});
