// A person of the video: their name, and what the tracker got wrong about them.

import { el } from "./dom.js";

// The parts of the panel about `name` at the time `at` of `doc`; `leave` closes it.
export function personPanel(doc, name, at, leave) {
  const tracks = doc.signals.faces.map((track) => track.track);
  const others = [...new Set(tracks.map((track) => doc.people.nameOf(track, at)))].filter(
    (other) => other && other !== name,
  );
  const rows = (from, to) => (a) =>
    a.track === from ? to : a.track === `Expression · ${from}` ? `Expression · ${to}` : null;
  const done = (names, rename) => {
    leave();
    doc.namePeople(names, rename);
  };
  const become = (to) => to && to !== name && done(doc.people.renamed(name, to, tracks), rows(name, to));
  // Tracks that sound like this person and are called otherwise.
  const sounding = doc.signals.alike
    .flatMap(({ one, other, likeness }) => [
      [one, other, likeness],
      [other, one, likeness],
    ])
    .filter(
      ([mine, theirs]) => doc.people.nameOf(mine, 0) === name && ![name, null].includes(doc.people.nameOf(theirs, 0)),
    )
    .map(([, theirs, likeness]) => [doc.people.nameOf(theirs, 0), likeness]);
  const split = () => {
    const to = fresh([...tracks, ...others, name], tracks.length);
    done(doc.people.split(name, at, to, tracks), (a) => (a.start >= at - 1e-6 ? rows(name, to)(a) : null));
  };
  return [
    el(
      "div",
      { class: "row head" },
      el("h3", { text: "Person" }),
      el("span", { class: "tag", text: `${doc.people.stretches(name, tracks).length} face track(s)` }),
    ),
    el(
      "label",
      { text: "Name" },
      el("input", {
        id: "person-name",
        type: "text",
        dir: "auto",
        maxlength: 100,
        value: name,
        autocomplete: "off",
        onchange: (e) => become(e.target.value.trim()),
      }),
    ),
    others.length
      ? el(
          "label",
          { text: "Is the same as" },
          el(
            "select",
            { id: "person-merge", onchange: (e) => become(e.target.value) },
            el("option", { value: "", text: "…" }),
            ...others.map((other) => el("option", { value: other, text: other })),
          ),
        )
      : null,
    ...[...new Map(sounding)].map(([other, likeness]) =>
      el(
        "p",
        { class: "muted" },
        `Sounds like ${other} (${likeness.toFixed(2)}). `,
        el("button", {
          class: "link same-voice",
          type: "button",
          text: "The same person",
          onclick: () => become(other),
        }),
      ),
    ),
    el(
      "div",
      { class: "row" },
      el("button", {
        id: "person-split",
        type: "button",
        text: "Somebody else from here",
        title: "From the frame that is shown on, this face is another person",
        onclick: split,
      }),
      el("span", { class: "grow" }),
      el("button", {
        id: "person-delete",
        class: "danger",
        type: "button",
        text: "Not a person",
        onclick: () => done(doc.people.renamed(name, null, tracks)),
      }),
    ),
    el("button", {
      class: "link",
      id: "person-reset",
      type: "button",
      text: "Take back all names of this video",
      hidden: !doc.people.names.length,
      onclick: () => done([]),
    }),
  ].filter(Boolean);
}

function fresh(taken, count) {
  let number = count + 1;
  while (taken.includes(`Person ${number}`)) number++;
  return `Person ${number}`;
}
