// Importing a file: what is asked about it, and which answer counts.

import assert from "node:assert/strict";
import test from "node:test";

import { element, page } from "./dom.mjs";
import { quiet, until } from "./harness.mjs";

globalThis.location ??= { search: "", pathname: "/" };
globalThis.window ??= new EventTarget();
globalThis.history ??= { pushState() {}, replaceState() {} };
document.body.dataset = {};
const { Exchange } = await import("../../assets/web/js/view/exchange.js");

const IDS = {
  "export-format": "select",
  "export-kind": "select",
  "export-close": "button",
  "export-go": "a",
  "import-file": "input",
  "import-format": "select",
  "import-kind": "select",
  "import-fps": "input",
  "import-go": "button",
  "import-shift": "input",
  "import-different": "select",
  "import-close": "button",
  "import-shown": "div",
  "import-message": "p",
  "import-rate": "label",
  "import-table": "details",
  "import-counts": "p",
  "import-parts": "ul",
  "import-names": "div",
  "import-tracks": "div",
  "import-labels": "div",
  "import-sample": "ul",
  "import-differs": "div",
  "import-differ-count": "p",
  "import-differences": "ul",
  "import-columns": "div",
};
const found = (segments) => ({
  kind: "annotations",
  parts: [],
  tracks: [],
  labels: [],
  segments,
  already: 0,
  changed: 0,
  lines: 0,
  lines_already: 0,
  problems: [],
  sample: [],
  fps: null,
  different: 0,
  differences: [],
  columns: [],
});

function opened() {
  const $ = page(IDS);
  const scope = Object.assign(element("select"), { id: "import-scope" });
  const label = element("label");
  label.append(scope);
  document.body.append(label);
  document.body.close = () => document.body.dispatchEvent(new Event("close"));
  const previews = [];
  const dropped = [];
  const server = {
    formats: async () => ({ ok: true, data: { formats: [], of_boxes: [] } }),
    import_preview: ({ shift }) =>
      new Promise((go) => previews.push({ shift, answer: (n) => go({ ok: true, data: found(n) }) })),
    import_drop: async ({ upload }) => {
      dropped.push(upload);
      return { ok: true, data: {} };
    },
  };
  const exchange = new Exchange(document.body, document.body, server, () => null);
  exchange.reset();
  const sends = [];
  globalThis.fetch = () => new Promise((go, fail) => sends.push({ go, fail }));
  const choose = (name) => {
    $("import-file").files = [{ name }];
    $("import-file").dispatchEvent(new Event("change"));
  };
  const arrived = (upload) => ({
    json: async () => ({ ok: true, data: { upload, name: "a", columns: [], formats: [] } }),
  });
  return { $, exchange, server, previews, dropped, sends, choose, arrived };
}

test("of two previews the one that was asked for last is shown, in whatever order they come", async () => {
  const { $, exchange, previews } = opened();
  exchange.upload = "u";
  exchange.preview();
  $("import-shift").value = "2";
  exchange.preview();
  assert.deepEqual(
    previews.map(({ shift }) => shift),
    ["", "2"],
  );
  previews[1].answer(3);
  await quiet();
  previews[0].answer(9);
  await quiet();
  assert.equal($("import-go").textContent, "Import 3");
});

test("an import that failed can be tried again", async () => {
  const { $, exchange, server } = opened();
  exchange.upload = "u";
  server.import_apply = async () => ({ ok: false, kind: "failed", error: "The disk is full." });
  await exchange.apply();
  assert.deepEqual([$("import-message").textContent, $("import-go").disabled], ["The disk is full.", false]);
});

test("a file that cannot be sent is said", async () => {
  const { $, sends, choose } = opened();
  choose("a.csv");
  sends[0].fail(new TypeError("Failed to fetch"));
  await quiet();
  assert.equal($("import-message").textContent, "This file could not be sent.");
});

test("a file that arrives after another was chosen, or the dialog was closed, is dropped", async () => {
  const { exchange, sends, choose, arrived, dropped, previews } = opened();
  choose("first.csv");
  choose("second.csv");
  sends[1].go(arrived("second"));
  await until(() => previews.length === 1);
  sends[0].go(arrived("first"));
  await quiet();
  assert.deepEqual([exchange.upload, dropped], ["second", ["first"]]);
  choose("third.csv");
  document.body.close();
  sends[2].go(arrived("third"));
  await quiet();
  assert.deepEqual([exchange.upload, dropped], [null, ["first", "second", "third"]]);
});

for (const [name, only, named] of [
  ["curves", { curves: 2 }, "2 curves imported."],
  ["cameras", { cameras: 1 }, "1 camera on the timeline imported."],
  ["boxes of rows", { boxes: 1 }, "boxes of 1 row imported."],
  ["what takes the place of something else", { curves: 1, changed: 3 }, "1 curve imported, 3 changed."],
])
  test(`a file that has nothing but ${name} can be imported, and is named when it came`, async () => {
    const { $, exchange, server } = opened();
    const toasts = Object.assign(element("div"), { id: "toast" });
    document.body.append(toasts);
    const preview = { ...found(0), ...only };
    server.import_preview = async () => ({ ok: true, data: preview });
    server.import_apply = async () => ({ ok: true, data: { ...preview, import: "i1" } });
    exchange.upload = "u";
    await exchange.preview();
    const count = Object.values(only).reduce((sum, each) => sum + each, 0);
    assert.deepEqual([$("import-go").disabled, $("import-go").textContent], [false, `Import ${count}`]);
    await exchange.apply();
    assert.ok(toasts.textContent.startsWith(named), toasts.textContent);
    toasts.remove();
  });

test("an import of the past that brought only curves or a camera says so", () => {
  const { exchange } = opened();
  const past = { id: "i", file: "x.json", kind: "annotations", annotations: 0, objects: 0, lines: 0, at: "2026-01-01" };
  const said = exchange.pastRow({ ...past, curves: 1, cameras: 2, annotator: "ann", undone: false, fixed: "" });
  assert.ok(said.textContent.startsWith("x.json: 1 curve, 2 cameras, ann"), said.textContent);
});
