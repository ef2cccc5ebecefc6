// A schema that comes from a file is put into that of the library, which keeps what the file does not name.

import assert from "node:assert/strict";
import test from "node:test";

import { blankTrack, toldOf, withFile } from "../../assets/web/js/view/schema-file.js";

const label = (name, more = {}) => ({
  track: "Hands",
  label: name,
  colour: "#0072b2",
  hotkey: null,
  kind: "segment",
  attributes: [],
  was: name,
  ...more,
});
const row = (track, labels, more = {}) => ({ ...blankTrack(track), listed: true, labels, ...more });
const HAND = { name: "hand", kind: "choice", options: ["left", "right"] };
const FORCE = { name: "force", kind: "number", options: [], low: 1, high: 5 };

test("what a file does not name stays as it is", () => {
  const here = [
    row("Hands", [label("wave", { hotkey: "1", kind: "state", attributes: [HAND] }), label("clap")], {
      closed: true,
      exclusive: true,
      attributes: [FORCE],
    }),
    row("Valence", [], { scale: [-1, 1] }),
    row("Words", [], { parent: "Hands", dependency: "included" }),
  ];
  const before = structuredClone(here);
  const file = { labels: [{ track: "Head", label: "nod", colour: "#009e73", hotkey: "1" }], tracks: [] };
  const { tracks, said } = withFile(here, file);
  assert.deepEqual(tracks.slice(0, 3), before);
  assert.deepEqual(tracks[3], {
    ...row("Head", [label("nod", { track: "Head", colour: "#009e73", hotkey: "1", was: null })]),
    listed: false,
  });
  assert.deepEqual(here, before, "it is not changed before it is known to be right");
  assert.equal(
    toldOf(said),
    "1 row is new: Head; 1 label is new: nod. Save keeps them; what the file does not name stays.",
  );
});

test("what a file says of what there is holds, and is named", () => {
  const here = [
    row("Hands", [label("wave", { was: "waves", hotkey: "1", attributes: [HAND, FORCE] }), label("clap")], {
      closed: true,
    }),
  ];
  const other = { ...HAND, options: ["left", "right", "both"] };
  const file = {
    labels: [{ track: "Hands", label: "wave", colour: "#009e73", kind: "point", attributes: [other] }],
    tracks: [{ track: "Hands", exclusive: true, attributes: [FORCE] }],
  };
  const { tracks, said } = withFile(here, file);
  const wave = label("wave", {
    was: "waves",
    colour: "#009e73",
    hotkey: "1",
    kind: "point",
    attributes: [other, FORCE],
  });
  assert.deepEqual(tracks, [
    row("Hands", [wave, label("clap")], { closed: true, exclusive: true, attributes: [FORCE] }),
  ]);
  assert.equal(toldOf(said), "2 are changed: Hands, wave. Save keeps them; what the file does not name stays.");
});

test("no two labels of a row have one key: the one of which the file says nothing keeps it", () => {
  const here = [row("Hands", [label("wave", { hotkey: "1" }), label("clap", { hotkey: "2" }), label("snap")])];
  const of = (name, hotkey) => ({ track: "Hands", label: name, colour: "#0072b2", hotkey });
  const file = { labels: [of("clap", "1"), of("tap", "1"), of("rub", "2"), of("snap", "4")], tracks: [] };
  const { tracks } = withFile(here, file);
  assert.deepEqual(
    tracks[0].labels.map((each) => [each.label, each.hotkey]),
    [
      ["wave", "1"],
      ["clap", "2"],
      ["snap", "4"],
      ["tap", "3"],
      ["rub", "5"],
    ],
  );
});

test("a file that says nothing new says so", () => {
  const here = [row("Hands", [label("wave", { hotkey: "1" })])];
  const file = { labels: [{ ...label("wave"), hotkey: "1" }], tracks: [blankTrack("Hands")] };
  const { tracks, said } = withFile(here, file);
  assert.deepEqual(tracks, here);
  assert.equal(toldOf(said), "The labels have everything that is in this file.");
});
