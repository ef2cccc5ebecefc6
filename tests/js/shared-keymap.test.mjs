// Keys that are changed on one page hold on the others at once.

import assert from "node:assert/strict";
import test from "node:test";

import { page } from "./dom.mjs";
import "./harness.mjs";

globalThis.location ??= { search: "", pathname: "/" };
globalThis.window ??= new EventTarget();
globalThis.history ??= { pushState() {}, replaceState() {} };
document.body.dataset = {};
Object.assign(HTMLElement.prototype, { pause() {}, load() {} });
const { keymap } = await import("../../assets/web/js/input/shared-keymap.js");
const { mount } = await import("../../assets/web/js/review.js");

test("the review desk goes by the keys of the Annotate page", () => {
  const parts = [
    "accept",
    "accept-rest",
    "by",
    "count",
    "empty",
    "empty-text",
    "empty-title",
    "feeds",
    "filtered",
    "foot",
    "items",
  ];
  const more = ["keys", "known", "message", "next", "reject", "reject-rest", "settle", "state", "undo"];
  const ids = Object.fromEntries([...parts, ...more].map((id) => [`desk-${id}`, "button"]));
  for (const id of ["row", "video", "question", "by", "label"]) ids[`desk-${id}`] = "select";
  for (const id of ["highest", "lowest", "learn"]) ids[`desk-${id}`] = "input";
  const $ = page(ids);
  mount(document.body, {});
  keymap.assign("accept", "q");
  assert.match($("desk-keys").textContent, /^Q accept · /);
});
