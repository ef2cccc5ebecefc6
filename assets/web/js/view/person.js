// A person of the video: their name, and what the tracker got wrong about them.

import { el } from "./dom.js";

/** @import { Annotation, FaceName } from "../types.js" */
/** @import { VideoDocument } from "../document/video-document.js" */

/** The parts of the panel about a person.
 * @param {VideoDocument} doc
 * @param {string} name
 * @param {number} at the time that is shown
 * @param {() => void} leave closes the panel
 */
export function personPanel(doc, name, at, leave) {
  const { people, media } = doc.store;
  const tracks = media.faces.map((face) => face.track);
  const names = tracks.map((track) => people.nameOf(track, at)).filter((other) => other !== null);
  const others = [...new Set(names)].filter((other) => other !== name);
  const rename = (/** @type {string} */ to) => (/** @type {Annotation} */ a) => {
    if (a.track === name) return to;
    return a.track === `Expression · ${name}` ? `Expression · ${to}` : null;
  };
  const done = (/** @type {FaceName[]} */ entries, /** @type {ReturnType<typeof rename>} */ renamed = () => null) => {
    leave();
    doc.namePeople(entries, renamed);
  };
  const become = (/** @type {string} */ to) => {
    if (to && to !== name) done(people.renamed(name, to, tracks), rename(to));
  };
  const split = () => {
    const to = fresh([...tracks, ...others, name], tracks.length);
    const renamed = rename(to);
    done(people.split(name, at, to, tracks), (a) => (a.start >= at - 1e-6 ? renamed(a) : null));
  };
  return [
    el(
      "div",
      { class: "row head" },
      el("h3", { text: "Person" }),
      el("span", { class: "tag", text: `${people.stretches(name, tracks).length} face track(s)` }),
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
    ...soundingLike(doc, name).map(([other, likeness]) =>
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
        title: "From this frame on, the face belongs to another person",
        onclick: split,
      }),
      el("span", { class: "grow" }),
      el("button", {
        id: "person-delete",
        class: "danger",
        type: "button",
        text: "Not a person",
        onclick: () => done(people.renamed(name, null, tracks)),
      }),
    ),
    el("button", {
      class: "link",
      id: "person-reset",
      type: "button",
      text: "Remove all names in this video",
      hidden: !people.names.length,
      onclick: () => done([]),
    }),
  ].filter((part) => part !== null);
}

/** The names of people whose voices are like this one's, and how alike they are.
 * @param {VideoDocument} doc
 * @param {string} name
 * @returns {[string, number][]}
 */
function soundingLike(doc, name) {
  const { people, media } = doc.store;
  /** @type {Map<string, number>} */
  const found = new Map();
  for (const { one, other, likeness } of media.alike) {
    for (const [mine, theirs] of [
      [one, other],
      [other, one],
    ]) {
      const called = people.nameOf(theirs, 0);
      if (people.nameOf(mine, 0) === name && called !== null && called !== name) found.set(called, likeness);
    }
  }
  return [...found];
}

/**
 * @param {readonly string[]} taken
 * @param {number} count
 */
function fresh(taken, count) {
  let number = count + 1;
  while (taken.includes(`Person ${number}`)) number++;
  return `Person ${number}`;
}
