import assert from "node:assert/strict";
import test from "node:test";

import { about, summaryOf } from "../../assets/web/js/model/work.js";

const idle = {
  running: [], queue: [], waiting: 0, kinds: [], failed: [], failures: 0, left_s: null, unmeasured: 0, paused: false,
  held: "", hours: "", cores: 0, cores_here: 2, serving: true, fixed: "", off: [],
}; // prettier-ignore

test("work: an estimate is said roughly, and nothing where nothing was measured", () => {
  const said = [null, 5, 700, 5000, 7200, 9000].map(about);
  assert.deepEqual(said, ["", "less than a minute", "about 12 min", "about 83 min", "about 2 h", "about 2.5 h"]);
});

test("work: one line says how much there is and how long it takes", () => {
  assert.equal(summaryOf(idle), "Nothing is being done, and nothing waits.");
  const busy = { ...idle, running: [{}], waiting: 3 };
  assert.equal(summaryOf(busy), "1 running, 3 waiting.");
  assert.equal(summaryOf({ ...busy, left_s: 700 }), "1 running, 3 waiting; about 12 min left.");
  assert.equal(summaryOf({ ...busy, left_s: 700, held: "Paused." }), "1 running, 3 waiting; about 12 min of work.");
  assert.equal(
    summaryOf({ ...busy, left_s: 700, unmeasured: 1 }),
    "1 running, 3 waiting; about 12 min left, and 1 job of kinds that were not measured here yet.",
  );
  assert.equal(summaryOf({ ...idle, failures: 2 }), "0 running, 0 waiting, 2 failed.");
  assert.match(summaryOf({ ...busy, serving: false }), /start it with studio serve/);
});
