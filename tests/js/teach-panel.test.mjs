// Which label the Annotate page learns.

import assert from "node:assert/strict";
import test from "node:test";

import { happening, page } from "./dom.mjs";
import { until } from "./harness.mjs";

globalThis.location ??= { search: "", pathname: "/" };
globalThis.window ??= new EventTarget();
globalThis.history ??= { pushState() {}, replaceState() {} };
const { finder } = await import("../../assets/web/js/view/dom.js");
const { TeachPanel } = await import("../../assets/web/js/view/teach-panel.js");

function opened(labels) {
  page({
    teach: "details",
    "teach-label": "select",
    "teach-go": "button",
    "teach-deeper": "input",
    "teach-review": "a",
  });
  const $ = finder(document.body);
  const taught = [];
  const server = {
    teachable: async () => ({ ok: true, data: { labels: labels.map((each) => ({ ...each, moments: 2, videos: 1 })) } }),
    teach: async ({ track, label }) => {
      taught.push(`${track}/${label}`);
      return { ok: true, data: {} };
    },
  };
  const workspace = { doc: { catchUp() {} }, attempt: (what) => what() };
  return { panel: new TeachPanel($, server, workspace), choice: $("teach-label"), go: $("teach-go"), taught };
}

const car = { track: "Moments", label: "car" };
const dog = { track: "Moments", label: "dog" };

test("the first label is chosen where nothing was, and that one is learned", async () => {
  const { panel, choice, go, taught } = opened([car, dog]);
  await panel.list();
  assert.equal(choice.value, "0", "an empty field says nothing of what the button learns");
  go.dispatchEvent(happening("click"));
  await until(() => taught.length);
  assert.deepEqual(taught, ["Moments/car"]);
});

test("the label that was chosen stays chosen when others come before it", async () => {
  const labels = [car, dog];
  const { panel, choice } = opened(labels);
  await panel.list();
  choice.value = "1";
  labels.unshift({ track: "Moments", label: "ant" });
  await panel.list();
  assert.equal(choice.value, "2");
  labels.splice(2, 1); // nobody marks it any more
  await panel.list();
  assert.equal(choice.value, "0");
});

test("where nothing is labelled, nothing can be learned", async () => {
  const { panel, choice, go } = opened([]);
  await panel.list();
  assert.equal(choice.value, "");
  assert.equal(go.disabled, true);
});
