import assert from "node:assert/strict";
import test from "node:test";

import { element, page as pageOf } from "./dom.mjs";
import { documentOf, loaded, prediction, quiet, storage } from "./harness.mjs";
import { ReviewFilter } from "../../assets/web/js/model/review-filter.js";
import { below, queue, undecidedAt } from "../../assets/web/js/model/review-queue.js";

globalThis.location ??= { search: "", pathname: "/" };
globalThis.window ??= new EventTarget();
globalThis.history ??= { pushState() {}, replaceState() {} };
const { ReviewPanel } = await import("../../assets/web/js/view/review-panel.js");
const { Workspace } = await import("../../assets/web/js/annotate/workspace.js");

const ids = (found) => found.map((p) => p.id);

test("a filter is kept by the browser, and what else is kept there is not taken", () => {
  const kept = storage();
  new ReviewFilter(kept).set({ label: "sad", lowest: 0.25, order: "time" });
  const again = new ReviewFilter(kept);
  assert.deepEqual([again.wanted.label, again.wanted.lowest, again.order], ["sad", 0.25, "time"]);
  assert.ok(again.isSet);
  kept.setItem("review", JSON.stringify({ label: 7, lowest: "x", highest: null, row: "r" }));
  assert.deepEqual(new ReviewFilter(kept).wanted, {
    label: "",
    row: "r",
    question: "",
    by: "",
    lowest: null,
    highest: null,
  });
});

test("a filter says which predictions are in the queue", () => {
  const { doc } = documentOf();
  const { store } = doc;
  store.takeDocument(
    loaded({
      runs: [
        { id: "r1", task: "grounding", query: "a cat" },
        { id: "r2", task: "grounding", query: "a dog" },
        { id: "r3", task: "speaker", query: null },
      ],
      predictions: [
        prediction("cat", 0, 1, { run: "r1", label: "a cat" }),
        prediction("dog", 1, 2, { run: "r2", label: "a dog", score: 0.75 }),
        prediction("anna", 2, 3, { run: "r3", task: "speaker", track: "Person 1", label: "speaking", score: 0.9 }),
      ],
      people: { seq: 1, names: [{ track: "Person 1", from: 0, name: "Anna" }] },
    }),
  );
  const found = (wanted) => {
    const filter = new ReviewFilter(storage());
    filter.set({ order: "time", ...wanted });
    return ids(queue(store, filter));
  };
  assert.deepEqual(found({}), ["dog", "anna"]); // an older question is not shown
  assert.deepEqual(found({ label: "a dog" }), ["dog"]);
  assert.deepEqual(found({ row: "Anna" }), ["anna"]);
  assert.deepEqual(found({ lowest: 0.8 }), ["anna"]);
  assert.deepEqual(found({ lowest: 0.75, highest: 0.75 }), ["dog"]);
  assert.deepEqual(found({ by: "ann" }), []);
  store.toggleRun("r1");
  assert.deepEqual(found({ question: "a cat" }), ["cat"]);
  store.takeDocument(
    loaded({ annotations: [{ id: "x", track: "t", start: 0, end: 1, annotator: "ann", version: 1 }] }),
  );
  assert.deepEqual(found({ by: "ann" }), []);
});

test("what was measured goes before the score: the filter, the slider and what it hides", () => {
  const { store } = documentOf(
    prediction("measured", 0, 1, { score: 0.2, confidence: 0.63 }),
    prediction("unlikely", 1, 2, { score: 0.95, confidence: 0.1 }),
    prediction("scored", 2, 3, { score: 0.7 }),
    prediction("beyond", 3, 4, { score: 1.4 }),
  ).doc;
  const found = (wanted) => {
    const filter = new ReviewFilter(storage());
    filter.set({ order: "time", ...wanted });
    return [ids(queue(store, filter)), filter.words];
  };
  assert.deepEqual(found({ lowest: 0.63 }), [["measured", "scored", "beyond"], "63 to 100 % sure"]);
  assert.deepEqual(found({ highest: 0.29 }), [["unlikely"], "0 to 29 % sure"]);
  assert.deepEqual(found({ lowest: 1, highest: 1 }), [["beyond"], "100 to 100 % sure"]);
  store.setThreshold(0.63);
  assert.deepEqual(ids(store.undecided), ["measured", "scored", "beyond"]);
  assert.deepEqual(ids(below(store, new ReviewFilter(storage()))), ["unlikely"]);
});

test("its fields are in per cent, also of what an older release kept", async () => {
  const kept = storage();
  kept.setItem("review", JSON.stringify({ lowest: 0.29, highest: 7 }));
  const { doc, $, filter, review, asked } = reviewing([], [], kept);
  review.update(doc.store, null);
  assert.deepEqual([$("review-lowest").value, $("review-highest").value], ["29", "100"]);
  const type = (id, text) => {
    $(id).value = text;
    $(id).dispatchEvent(new Event("change"));
  };
  type("review-lowest", "63.5");
  type("review-highest", "250");
  assert.deepEqual([filter.wanted.lowest, filter.wanted.highest], [0.635, 1]);
  assert.deepEqual([$("review-lowest").value, $("review-highest").value], ["63.5", "100"]);
  await quiet();
  assert.deepEqual([asked.at(-1).lowest, asked.at(-1).highest], [0.635, 1], "what is asked for stays 0…1");
  type("review-lowest", "");
  assert.equal(filter.wanted.lowest, null);
});

const PANEL = {
  review: "div",
  "review-list": "ul",
  "review-progress": "progress",
  "review-summary": "p",
  "review-others": "p",
  "review-filtered": "span",
  "review-unset": "button",
  "review-lowest": "input",
  "review-highest": "input",
  "review-label": "select",
  "review-row": "select",
  "review-question": "select",
  "review-by": "select",
  "review-order": "select",
  "accept-all": "button",
  "reject-all": "button",
  "reject-below": "button",
};

function reviewing(predictions, videos, kept = storage()) {
  const { doc, sent } = documentOf(...predictions);
  const asked = [];
  const server = {
    still_undecided: async (request) => {
      asked.push(request);
      return { ok: true, data: { videos, labels: ["a dog"], rows: [], questions: [], annotators: [] } };
    },
  };
  const $ = pageOf(PANEL);
  const box = $("review");
  for (const id of Object.keys(PANEL).slice(1)) box.append($(id));
  const selection = { current: null, ids: new Set(), one: (id) => (selection.current = id) };
  const workspace = new Workspace($, { playRange() {} }, {}, selection);
  const filter = new ReviewFilter(kept);
  const review = new ReviewPanel(box, server, filter, {
    choose: (id) => selection.one(id),
    decide: (all, verdict) => workspace.decide(all, verdict),
    showQuestion: (question) => workspace.showQuestion(question),
    next() {},
  });
  workspace.doc = doc;
  workspace.take({ review, lists: { show() {} } });
  return { doc, sent, asked, $, workspace, review, filter, selection };
}

test("bulk decides what the filter shows, as one step that can be undone, and says how many", async () => {
  const all = [prediction("a", 0, 1), prediction("b", 1, 2), prediction("c", 2, 3, { label: "a cat" })];
  const { doc, sent, $, review, filter } = reviewing(all, []);
  const box = element("div");
  box.setAttribute("id", "toast");
  document.body.append(box);
  filter.set({ label: "a dog" });
  review.update(doc.store, null);
  assert.equal($("accept-all").textContent, "Accept 2");
  $("accept-all").click();
  await quiet();
  assert.equal(box.textContent, "2 accepted. Undo");
  assert.deepEqual(
    sent.map((edit) => [edit.op, edit.prediction_id]),
    [
      ["create", "a"],
      ["create", "b"],
    ],
  );
  assert.equal(doc.store.predictions.get("c").verdict, "");
  assert.equal(doc.editor.undoStack.done.length, 1);
  box.querySelector("button").click();
  assert.deepEqual([doc.store.annotations.size, doc.editor.undoStack.done.length], [0, 0]);
  $("reject-all").click();
  assert.equal(box.textContent, "2 rejected. Undo");
  doc.editor.create({ track: "t", start: 0, end: 1 });
  box.querySelector("button").click(); // it would take back something else
  assert.equal(doc.store.predictions.get("a").verdict, "rejected");
  assert.match(box.textContent, /changed since/);
  box.remove();
});

test("the panel says which videos come next; one that was reviewed here comes last", async () => {
  const videos = [
    { id: "video", name: "this", waiting: 1, unsure: 1 },
    { id: "v2", name: "two", waiting: 3, unsure: 1 },
    { id: "v3", name: "three", waiting: 2, unsure: 0.5 },
  ];
  const { doc, $, review, asked } = reviewing([prediction("a", 0, 1)], videos);
  review.update(doc.store, null);
  await quiet();
  assert.match(
    $("review-others").textContent,
    /^2 other videos still have undecided predictions.*two, 3 predictions\.$/,
  );
  assert.equal($("review-label").options.length, 2);
  review.update(doc.store, "a");
  await quiet();
  assert.equal(asked.length, 1); // nothing changed that it could depend on
  const other = documentOf(prediction("z", 0, 1)).doc;
  other.store.takeDocument(loaded({ video: { id: "v2", duration: 1 }, predictions: [prediction("z", 0, 1)] }));
  review.update(other.store, "z");
  assert.equal(review.next.id, "v3");
  assert.equal(review.placeIn("v2").id, "z");
  other.store.takeDocument(loaded({ video: { id: "v3", duration: 1 } }));
  review.update(other.store, null);
  assert.equal(review.next.id, "video"); // all were: from the start again
});

test("the list says how sure the model is in words where that was measured, and keeps the score for who asks", () => {
  const { doc, $, review } = reviewing(
    [
      prediction("asked", 0, 1, { score: 0.934, confidence: 0.63 }),
      prediction("glance", 2, 3, { label: "", score: 0.42 }),
    ],
    [],
  );
  review.update(doc.store, null);
  const told = [...$("review-list").querySelectorAll(".where")].map((each) => [
    each.textContent,
    each.getAttribute("title"),
  ]);
  assert.deepEqual(told, [
    [
      "score 0.42 · Moments",
      "Moments. Score 0.42: how much it stands out from what is around it; how likely it is was not measured. Uncertainty 0.84",
    ],
    ["likely, 63 % · Moments", "Moments. Score 0.93. Uncertainty 0.74"],
  ]);
});

test("at a time are those that are shown and undecided, the most certain first, then the shortest", () => {
  const { doc } = documentOf();
  const { store } = doc;
  store.takeDocument(
    loaded({
      runs: [{ id: "r1", task: "detection", query: null }],
      predictions: [
        prediction("long", 0, 4, { run: "r1", score: 0.5 }),
        prediction("short", 1, 2, { run: "r1", score: 0.5 }),
        prediction("sure", 1, 3, { run: "r1", score: 0.2, confidence: 0.9 }),
        prediction("decided", 1, 3, { run: "r1", score: 0.9, verdict: "rejected" }),
        prediction("later", 2, 3, { run: "r1", score: 0.9 }),
      ],
    }),
  );
  assert.deepEqual(ids(undecidedAt(store, 1)), ["sure", "short", "long"]);
  assert.deepEqual(ids(undecidedAt(store, 2)), ["later", "sure", "long"], "the end is no part of it");
});
