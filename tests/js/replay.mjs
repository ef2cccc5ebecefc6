// The server's side of one video, as it is recorded in tests/fixtures/edits.json: what a page sends must be what is
// written there, and what it hears is what the service answers (tests/service/test_edit_fixtures.py sees to that).

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { loaded, news, prediction } from "./harness.mjs";

const SCENARIOS = JSON.parse(await readFile(new URL("../fixtures/edits.json", import.meta.url)));
const MADE_HERE = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const begun = [];

// Every scenario that was begun went to its end.
export function finished() {
  for (const server of begun.splice(0)) assert.deepEqual(server.steps, [], `${server.name}: not all was sent`);
}

export class ReplayServer {
  away = false;
  user = ""; // who is logged in
  replies = 0;
  saved = []; // what was saved of a page, in order
  verdicts = {};
  #names = new Map(); // an id that a page made → its name in the scenario

  constructor(name) {
    const { annotations, predictions, steps } = structuredClone(SCENARIOS[name]);
    const first = { annotator: "", version: 1, deleted: false };
    this.name = name;
    this.steps = steps;
    this.rows = new Map(annotations.map((row) => [row.id, { ...row, ...first }]));
    this.predictions = predictions.map((p) => prediction(p.id, p.start, p.end, p));
    begun.push(this);
  }

  load_document = async () => {
    const annotations = structuredClone([...this.rows.values()].filter((row) => !row.deleted));
    const verdictOf = (p) =>
      annotations.some((row) => row.prediction_id === p.id) ? "corrected" : this.verdicts[p.id];
    const predictions = this.predictions.map((p) => ({ ...p, verdict: verdictOf(p) ?? "" }));
    return this.#answer(() => ({ ok: true, data: loaded({ annotations, predictions }) }));
  };
  changes = async () => this.#answer(() => this.removed ?? { ok: true, data: news({ seq: 0 }) });
  run_payload = async () => this.#answer(() => ({ ok: true, data: { query: "", payload: {} } }));
  save = async ({ edits, annotator }) =>
    this.#answer(() => {
      const { by, user, request, reply } = this.#next();
      const sent = {
        by: "page",
        user: this.user,
        request: { edits: edits.map((edit) => this.#named(edit)), annotator },
      };
      assert.deepEqual(sent, { by, user, request }, this.name);
      this.replies += 1;
      return this.#take(request, this.#unnamed(reply));
    });

  // What the colleague of the scenario does next.
  colleague() {
    const { by, request, reply } = this.#next();
    assert.equal(by, "colleague", this.name);
    this.#take(request, reply);
    this.saved.pop(); // nothing of a page
  }

  // The video is taken out of the library.
  remove() {
    assert.ok(this.#next().removes, this.name);
    this.removed = this.steps.find((step) => step.reply).reply;
  }

  #answer(work) {
    if (this.away) throw new Error("no network");
    return work();
  }

  #next() {
    assert.ok(this.steps.length, `${this.name}: nothing more is expected`);
    return this.steps.shift();
  }

  #take({ edits, annotator }, reply) {
    for (const [i, result] of (reply.data?.results ?? []).entries()) {
      if (!result.ok) continue;
      this.saved.push({ ...edits[i], by: annotator });
      if (result.annotation) this.rows.set(result.annotation.id, structuredClone(result.annotation));
      else this.verdicts[edits[i].prediction_id] = edits[i].verdict;
    }
    return reply;
  }

  // Ids that the page made, by their names in the scenario, and the other way round.
  #named(edit) {
    const name = (value) => {
      if (!MADE_HERE.test(value)) return value;
      if (!this.#names.has(value)) this.#names.set(value, `id ${this.#names.size + 1}`);
      return this.#names.get(value);
    };
    return Object.fromEntries(Object.entries(edit).map(([key, value]) => [key, name(value)]));
  }

  #unnamed(reply) {
    const ids = new Map([...this.#names].map(([id, name]) => [name, id]));
    return JSON.parse(JSON.stringify(reply), (_, value) => ids.get(value) ?? value);
  }
}
