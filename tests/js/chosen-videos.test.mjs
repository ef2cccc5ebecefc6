// Videos that are chosen, one by one and from one to another.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ChosenVideos } from "../../assets/web/js/model/chosen-videos.js";

test("a range goes from the last choice, and does the same", () => {
  const chosen = new ChosenVideos();
  assert.equal(chosen.rangeTo(3), null, "nothing was chosen before");
  chosen.set("c", 2, true);
  assert.deepEqual(chosen.rangeTo(5), { from: 2, to: 5, isOn: true });
  assert.deepEqual(chosen.rangeTo(0), { from: 0, to: 2, isOn: true });
  chosen.setAll(["a", "b", "c", "d"]);
  chosen.set("b", 1, false);
  assert.deepEqual(chosen.rangeTo(3), { from: 1, to: 3, isOn: false });
  chosen.setAll(["b", "c", "d"], false);
  assert.deepEqual([...chosen.ids], ["a"]);
});

test("another order ends a range, and keeps what is chosen", () => {
  const chosen = new ChosenVideos();
  chosen.set("a", 0, true);
  chosen.forgetPlace();
  assert.equal(chosen.rangeTo(4), null);
  assert.deepEqual([...chosen.ids], ["a"]);
  chosen.clear();
  assert.equal(chosen.ids.size, 0);
});
