// A video that is chosen by a part of its name.

import assert from "node:assert/strict";
import test from "node:test";

import { happening } from "./dom.mjs";
import { until } from "./harness.mjs";

globalThis.innerWidth = globalThis.innerHeight = 1000;
const { VideoPicker } = await import("../../assets/web/js/view/video-picker.js");

const video = (id) => ({ id, name: `${id}.mp4`, duration: 5 });

test("Enter takes nothing of what was found for fewer letters", async ({ mock }) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const asked = [];
  const server = {
    choose_videos: ({ name }) =>
      new Promise((go) => {
        const answer = (...ids) => go({ ok: true, data: { videos: ids.map(video), total: ids.length } });
        asked.push({ name, answer });
      }),
  };
  const chosen = [];
  const picker = new VideoPicker(server, { label: "Video", key: "video", chosen: ({ id }) => chosen.push(id) });
  document.body.replaceChildren(picker.box);
  const enter = () => picker.input.dispatchEvent(happening("keydown", { key: "Enter" }));
  const marked = () => picker.list.querySelector("[aria-selected=true]")?.dataset.video;

  picker.input.type("ro");
  mock.timers.tick(200);
  asked[0].answer("road", "rower");
  await until(() => marked() === "road");
  picker.input.type("row");
  enter();
  assert.deepEqual([chosen, marked()], [[], undefined]);
  mock.timers.tick(200);
  picker.input.type("rowe");
  asked[1].answer("row", "rower");
  await new Promise(setImmediate);
  assert.equal(marked(), undefined, "an answer that comes late is none either");
  mock.timers.tick(200);
  asked[2].answer("rower");
  await until(() => marked() === "rower");
  enter();
  assert.deepEqual([chosen, picker.input.value], [["rower"], "rower.mp4"]);
});
