// The focus stays where it was when what is around it is drawn anew; and which keys belong to a control.

import assert from "node:assert/strict";
import test from "node:test";

import { element, page } from "./dom.mjs";
import { documentOf, loaded } from "./harness.mjs";

const { typing } = await import("../../assets/web/js/view/dom.js");
const { LabelEditor } = await import("../../assets/web/js/view/labels.js");
const { showGroundingRuns } = await import("../../assets/web/js/view/grounding-runs.js");
const { showJobs } = await import("../../assets/web/js/view/jobs-panel.js");

const job = (id, more = {}) => ({
  id,
  kind: "index",
  state: "running",
  progress: 0.1,
  message: "Looking",
  created: "1",
  ...more,
});
const boxed = () => {
  const box = element("div");
  document.body.replaceChildren(box);
  return box;
};

test("a job that goes on is updated in place, its button keeps the focus", () => {
  const box = boxed();
  const kinds = { index: { title: "Indexing", button: "" } };
  const show = (...jobs) => showJobs(box, jobs, { kinds, since: "0", cancel() {}, start() {} });
  show(job("a"));
  const button = box.querySelector("button");
  button.focus();
  show(job("a", { progress: 0.5, message: "Reading" }));
  assert.equal(box.querySelector("button"), button, "not drawn anew: somebody may be about to press it");
  assert.deepEqual(
    [document.activeElement, box.querySelector("progress").value, box.querySelector("span").textContent],
    [button, "0.5", "Indexing: reading"],
  );
  show(job("b", { kind: "proxy" }), job("a"));
  assert.equal(document.activeElement.dataset.key, "a");
  assert.notEqual(document.activeElement, button);
});

test("what came of comparing sound is said beside the camera alone; how far that is, here, too", () => {
  const box = boxed();
  const kinds = { synchronise: { title: "Comparing the sound", button: "" }, turns: { title: "Turns", button: "" } };
  const show = (...jobs) => showJobs(box, jobs, { kinds, since: "0", cancel() {}, start() {} });
  const of = (kind, more) => job(kind, { kind, ...more });
  const ended = { state: "done", result: { note: "Its note." } };
  show(of("synchronise", ended), of("turns", ended));
  assert.deepEqual([box.textContent, box.children.length], ["Its note.", 1]);
  show(of("synchronise", { state: "failed", error: "No." }));
  assert.equal(box.children.length, 0);
  show(of("synchronise"));
  assert.equal(box.querySelector("span").textContent, "Comparing the sound: looking");
});

test("a question that is shown or hidden keeps the focus", () => {
  const box = boxed();
  const { doc } = documentOf();
  const runs = ["1", "2"].map((id) => ({ id, task: "grounding", model: "m", query: "a" }));
  doc.store.takeDocument(loaded({ runs }));
  doc.toggleRun("1");
  showGroundingRuns(box, doc);
  box.children[1].focus();
  doc.toggleRun("2");
  showGroundingRuns(box, doc);
  assert.deepEqual(
    [document.activeElement, document.activeElement.getAttribute("aria-pressed")],
    [box.children[1], "false"],
  );
});

test("choosing a label's key and taking labels off leaves the focus in the list", () => {
  const $ = page({ dialog: "dialog" });
  const inputs = ["labels-new-track", "labels-import"];
  const others = [
    "labels-tracks",
    "labels-message",
    "labels-add-track",
    "labels-save",
    "labels-cancel",
    "labels-export",
  ];
  for (const id of inputs) $("dialog").append(Object.assign(element("input"), { id }));
  for (const id of others) $("dialog").append(Object.assign(element("div"), { id }));
  const editor = new LabelEditor($("dialog"), {});
  const label = (name) => ({ track: "T", label: name, colour: "#000000", hotkey: null });
  editor.read({ labels: [label("a"), label("b")], tracks: [{ track: "T", closed: false }] });
  const box = $("labels-tracks");
  const keys = () => box.querySelectorAll("select");
  keys()[1].focus();
  keys()[1].value = "2";
  keys()[1].dispatchEvent(new Event("change"));
  assert.equal(document.activeElement, keys()[1]);
  const off = () => box.querySelectorAll("button.plain").filter((button) => button.textContent === "×");
  off()[0].click();
  assert.equal(document.activeElement, off()[0]);
  off()[0].click();
  assert.equal(document.activeElement.textContent, "+ Label");
});

test("keys that are pressed on a slider, a check or a button are no text", () => {
  const on = (tag, type) => {
    const target = element(tag);
    if (type) target.setAttribute("type", type);
    return typing({ target });
  };
  for (const type of ["range", "checkbox", "button", "color", "file", "radio"])
    assert.equal(on("input", type), false, type);
  for (const type of ["text", "number", "search", null]) assert.equal(on("input", type), true, String(type));
  assert.ok(on("textarea") && on("select"));
  assert.ok(!on("button"));
});
