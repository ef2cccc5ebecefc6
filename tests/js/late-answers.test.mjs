// Answers that come after a later question say nothing, and errors are said wherever they come from.

import assert from "node:assert/strict";
import test from "node:test";

import { element, pageOf } from "./dom.mjs";
import { quiet, storage } from "./harness.mjs";

globalThis.location ??= { search: "?view=overview", pathname: "/" };
globalThis.window ??= new EventTarget();
globalThis.history ??= { pushState() {}, replaceState() {} };
globalThis.sessionStorage ??= storage();
document.body.dataset = {};
Object.assign(HTMLElement.prototype, { pause() {}, load() {}, close() {}, showModal() {} });
const { Exchange } = await import("../../assets/web/js/view/exchange.js");
const { DatasetExport } = await import("../../assets/web/js/view/dataset-export.js");
const { FoundExport } = await import("../../assets/web/js/view/found-export.js");
const { mount } = await import("../../assets/web/js/models.js");

/** A server whose calls wait until a test answers them or has them fail: name → what was asked, in order. */
function asked() {
  const calls = {};
  const server = new Proxy(
    {},
    {
      get: (_, name) => (request) =>
        new Promise((go) => {
          const end = (reply) => (go(reply), quiet());
          const answer = (data) => end({ ok: true, data });
          const fail = (error) => end({ ok: false, kind: "failed", error });
          (calls[name] ??= []).push({ request, answer, fail });
        }),
    },
  );
  return { server, calls };
}

/** A dialog that has everything of a page that is in one. */
function dialogOf(name) {
  const $ = pageOf(name);
  return { $, dialog: document.body };
}

test("what an export would lose is of the format that was chosen last, and an error is said", async () => {
  const { $, dialog } = dialogOf("annotate");
  const { server, calls } = asked();
  const exchange = new Exchange(dialog, dialog, server, () => null);
  exchange.doc = { id: "v" };
  const format = $("export-format");
  for (const name of ["edl", "json"]) format.append(Object.assign(element("option"), { value: name }));
  format.value = "edl";
  exchange.showLosses();
  format.value = "json";
  exchange.showLosses();
  await calls.export_preview[1].answer({ lost: ["Curves."], kinds: [], fits: true });
  await calls.export_preview[0].fail("The disk is full.");
  assert.match($("export-lost").textContent, /Curves\./);
  assert.equal($("export-go").hidden, false);
  exchange.showLosses();
  await calls.export_preview[2].fail("The disk is full.");
  assert.deepEqual([$("export-lost").textContent, $("export-go").hidden], ["The disk is full.", true]);
  exchange.showLosses();
  await calls.export_preview[3].answer({ lost: [], kinds: [], fits: true });
  assert.deepEqual([$("export-lost").textContent, $("export-go").hidden], ["This format stores everything.", false]);
});

test("a file whose formats cannot be asked for says so", async () => {
  const { $, dialog } = dialogOf("annotate");
  const { server, calls } = asked();
  const exchange = new Exchange(dialog, dialog, server, () => null);
  const label = element("label");
  label.append($("import-scope"));
  dialog.append(label);
  const arrived = { upload: "u", name: "a", columns: [], formats: [] };
  globalThis.fetch = async () => ({ json: async () => ({ ok: true, data: arrived }) });
  exchange.send({ files: [{ name: "a.csv" }] });
  await quiet();
  await calls.formats[0].fail("The server is not there.");
  assert.equal($("import-message").textContent, "The server is not there.");
});

test("that the videos of a data set cannot be listed is said, unless more was typed since", async () => {
  const { $, dialog } = dialogOf("library");
  const { server, calls } = asked();
  const dataset = new DatasetExport(dialog, server);
  const named = $("dataset-named");
  dataset.showVideos();
  named.value = "talk";
  dataset.showVideos();
  await calls.list_videos[1].answer({ videos: [{ id: "v", name: "talk.mp4", annotations: 2 }], total: 1 });
  await calls.list_videos[0].fail("The server is not there.");
  assert.match($("dataset-videos").textContent, /talk\.mp4/);
  dataset.showVideos();
  await calls.list_videos[2].fail("The server is not there.");
  assert.equal($("dataset-videos").textContent, "The server is not there.");
});

test("an error about another format of what was found says nothing", async () => {
  const { $, dialog } = dialogOf("search");
  const { server, calls } = asked();
  const found = new FoundExport(dialog, server);
  const format = $("find-export-format");
  for (const name of ["moments", "edl"]) format.append(Object.assign(element("option"), { value: name }));
  found.show({ segments: [] });
  await quiet();
  format.value = "edl";
  format.dispatchEvent(new Event("change"));
  await calls.found_preview[1].answer({ lost: ["Curves."], formats: [] });
  await calls.found_preview[0].fail("The disk is full.");
  assert.match($("find-export-lost").textContent, /Curves\./);
});

test("the Models page shows what it was told last, and a comparison waits for that", async () => {
  const $ = pageOf("models");
  $("try-form").append(element("button"));
  const { server, calls } = asked();
  location.search = "?view=models&task=grounding&a=one&b=two&video=v&q=a+dog";
  mount(document.body, server);
  const model = (name) => ({
    ...{ name, task: "grounding", installed: true, problems: [], metrics: {}, size: 0, version: "1", source: "" },
    ...{ licence: "", summary: "", default: false, own: true },
  });
  const known = (...names) => ({
    ...{ models: names.map(model), newest: null, tried: { grounding: true }, downloads: {}, fixed: false },
    encoder: { encoder: "", next: "", gone: "" },
  });
  globalThis.fetch = async () => ({ json: async () => ({ ok: true, data: { name: "mine" } }) });
  $("detector-file").files = [{}];
  $("detector-file").dispatchEvent(new Event("change")); // something changed: what there is is asked for again
  await quiet();
  assert.equal(calls.list_models.length, 2);
  await calls.list_models[1].answer(known("one", "two"));
  await calls.list_models[0].answer(known("one"));
  assert.deepEqual(
    [...$("models-list").querySelectorAll("h3")].map((each) => each.textContent),
    ["one", "two"],
  );
  assert.equal(calls.choose_videos.length, 1, "the address is opened by the answer that counts");
});
