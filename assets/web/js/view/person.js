// A person of the video: their name, and what the tracker got wrong about them.

import { clearNames, namesOf, removePerson, rename, split } from "../model/person-operations.js";
import { counted, el, toast } from "./dom.js";

/** @import { VideoDocument } from "../document/video-document.js" */

/** The parts of the panel about a person.
 * @param {VideoDocument} doc
 * @param {string} name
 * @param {number} at the time that is shown
 * @param {() => void} leave closes the panel
 */
export function personPanel(doc, name, at, leave) {
  const { store, editor } = doc;
  const { people, media } = store;
  const tracks = media.faces.map((face) => face.track);
  const others = namesOf(store).filter((other) => other !== name);
  const done = (/** @type {() => string | void} */ change) => {
    leave();
    const said = change();
    if (said) toast(said);
  };
  const become = (/** @type {string} */ to) => {
    if (to && to !== name) done(() => rename(editor, name, to));
  };
  return [
    el(
      "div",
      { class: "row head" },
      el("h3", { text: "Person" }),
      el("span", { class: "tag", text: counted(people.stretches(name, tracks).length, "face track") }),
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
          { text: "Merge with…" },
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
          text: "Merge with them",
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
        text: "Split from this frame",
        title: "From this frame on, the face belongs to another person",
        onclick: () => done(() => split(editor, name, at)),
      }),
      el("span", { class: "grow" }),
      el("button", {
        id: "person-delete",
        class: "danger",
        type: "button",
        text: "Not a face",
        onclick: () => done(() => removePerson(editor, name)),
      }),
    ),
    el("button", {
      class: "link",
      id: "person-reset",
      type: "button",
      text: "Remove all names in this video",
      hidden: !people.names.length,
      onclick: () => done(() => clearNames(editor)),
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
