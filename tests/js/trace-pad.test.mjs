// Live rating: a slider, and a gamepad that moves it.

import assert from "node:assert/strict";
import test from "node:test";

import { element } from "./dom.mjs";
import "./harness.mjs";
import { Emitter } from "../../assets/web/js/emitter.js";

const { TracePad } = await import("../../assets/web/js/view/trace-pad.js");

test("a gamepad sets the value once its stick was moved, until the slider is moved again", () => {
  const frames = [];
  globalThis.requestAnimationFrame = (work) => frames.push(work);
  const pad = { connected: true, axes: [0, 0] };
  Object.defineProperty(globalThis, "navigator", { value: { getGamepads: () => [pad] }, configurable: true });
  const said = [];
  const recorder = { say: (track, time, value) => said.push(value), end() {}, endAll() {} };
  const player = Object.assign(new Emitter(), { time: 0, rate: 1 });
  const box = element("div");
  document.body.replaceChildren(box);
  const timeline = { rowLayout: { isLocked: () => false }, smoothing: 0 };
  const trace = new TracePad(box, recorder, player, timeline);
  trace.update([{ track: "Mood", scale: [-1, 1] }]);
  box.querySelector(".arm").click();
  const next = () => {
    frames.shift()();
    return said.at(-1);
  };
  const slider = box.querySelector("input");
  slider.type("0.6");
  assert.equal(next(), 0.6, "a stick at rest leaves the slider alone");
  pad.axes[1] = -0.5;
  assert.equal(next(), 0.5);
  pad.axes[1] = 0.01;
  assert.equal(next(), 0, "it springs back to the middle");
  slider.type("-0.4");
  assert.equal(next(), -0.4);
});
