// Videos that are chosen, one by one and from one to another.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ChosenVideos } from "../../assets/web/js/model/chosen-videos.js";

const LISTED = ["a", "b", "c", "d", "e"];

test("a range goes from one to another in either order, and does the same for all of it", () => {
  const chosen = new ChosenVideos();
  assert.equal(chosen.last, null, "nothing was chosen before");
  chosen.set("b", true);
  assert.deepEqual(chosen.last, { id: "b", isOn: true });
  chosen.setRange(LISTED, ["b", "d"], true);
  assert.deepEqual([...chosen.ids], ["b", "c", "d"]);
  chosen.set("c", false);
  chosen.setRange(LISTED, ["c", "a"], false);
  assert.deepEqual([...chosen.ids], ["d"]);
});

test("a range is between the two videos, wherever they are in the list by then", () => {
  const chosen = new ChosenVideos();
  chosen.set("b", true);
  chosen.setRange(["new", "newer", ...LISTED], ["b", "c"], true);
  assert.deepEqual([...chosen.ids], ["b", "c"]);
  chosen.setRange(["a", "c", "d"], ["b", "d"], true);
  assert.deepEqual([...chosen.ids], ["b", "c"], "one of them is not in the list any more");
});

test("another order ends a range, and keeps what is chosen", () => {
  const chosen = new ChosenVideos();
  chosen.set("a", true);
  chosen.forgetPlace();
  assert.equal(chosen.last, null);
  assert.deepEqual([...chosen.ids], ["a"]);
  chosen.clear();
  assert.equal(chosen.ids.size, 0);
});
