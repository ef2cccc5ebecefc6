// What is beside the picture while boxes are drawn: the boxes of the video, what the chosen one is, where it has key
// frames, and what can be made of it.

import { BOXES, keyAt, placeAt, spanOf, titleOf } from "../model/box-track.js";
import { attributeFields } from "./attribute-fields.js";
import { clock, counted, el, redraw } from "./dom.js";
import { AT_ZERO, onTimeline } from "../model/media-place.js";

/** @import { BoxTrack, Json } from "../types.js" */
/** @import { DocumentStore } from "../model/document-store.js" */

/** What the buttons do; see `BoxTool`.
 * @typedef {object} Actions
 * @property {() => void} draw
 * @property {(id: string | null) => void} choose
 * @property {(said: { label?: string, name?: string, attributes?: { [name: string]: Json } }) => void} describe
 * @property {() => void} leave the keys belong to the picture again
 * @property {() => void} toggleKey
 * @property {() => void} toggleHidden
 * @property {() => void} toggleOccluded
 * @property {(which: "begins" | "ends") => void} limit
 * @property {(step: number) => void} goToKey
 * @property {(seconds: number) => void} track below 0: backwards
 * @property {(row: string) => void} toSegments
 * @property {() => void} fromSegment
 * @property {(seconds: number) => void} faces
 * @property {() => void} remove
 * @property {(label: string) => void} addLabel to the labels of the schema
 *
 * @typedef {object} Shown
 * @property {DocumentStore} store
 * @property {readonly BoxTrack[]} all
 * @property {BoxTrack | null} track that is chosen
 * @property {number} time of the medium that it lies over
 * @property {boolean} isEditing
 * @property {readonly string[]} rows that segments can go to
 * @property {boolean} hasSegment whether a segment is chosen
 */

const KIND = "track_box";
const [SHORT_S, USUAL_S, LONG_S, ALL_S] = [3, 10, 30, 1e6];
const HOW_FAR = /** @type {[number, string][]} */ ([
  [SHORT_S, "3 s"],
  [USUAL_S, "10 s"],
  [LONG_S, "30 s"],
  [ALL_S, "to the end"],
]);
const PROPOSED = 200; // labels

export class BoxPanel {
  #howFar = USUAL_S;
  #row = "";

  /**
   * @param {HTMLElement} root
   * @param {Actions} actions
   */
  constructor(root, actions) {
    this.root = root;
    this.actions = actions;
  }

  /** @param {Shown} shown */
  show(shown) {
    const { track } = shown;
    redraw(
      this.root,
      this.#head(shown),
      this.#list(shown),
      ...(track ? this.#chosen(shown, track) : [el("p", { class: "muted small", text: HINT })]),
    );
  }

  /** Whether somebody types in it: what is typed is not to go. */
  get isTyping() {
    const focused = document.activeElement;
    return (
      focused instanceof HTMLInputElement &&
      this.root.contains(focused) &&
      (focused.type === "text" || focused.type === "number")
    );
  }

  /** @param {Shown} shown */
  #head({ isEditing, hasSegment }) {
    const { actions } = this;
    return el(
      "div",
      { class: "row" },
      el("button", {
        id: "box-draw",
        type: "button",
        class: isEditing ? "primary" : "",
        "aria-pressed": String(isEditing),
        text: isEditing ? "Drawing" : "Draw boxes",
        title: "Drag over the picture to draw a box, or press Enter there (Shift B)",
        onclick: actions.draw,
      }),
      el("button", {
        id: "box-of-segment",
        type: "button",
        text: "Box for the segment",
        title: "A box over the time of the selected segment, to be put where it belongs",
        disabled: !hasSegment,
        onclick: actions.fromSegment,
      }),
      el("button", {
        id: "box-faces",
        type: "button",
        text: "All faces",
        title: "A box around each face of this picture, followed as far as is chosen for tracking, 30 s at most",
        onclick: () => actions.faces(this.#howFar),
      }),
    );
  }

  /** @param {Shown} shown */
  #list({ all, track, store }) {
    if (!all.length) return null;
    const option = (/** @type {BoxTrack} */ each) => {
      const whose = store.independent ? "" : each.annotator;
      const camera = store.cameras.find(({ id }) => id === each.medium)?.name;
      const begins = clock(onTimeline(store.boxPlace(each) ?? AT_ZERO, spanOf(each).first), 1);
      const text = [titleOf(each), begins, camera, whose].filter(Boolean).join(" · ");
      return el("option", { value: each.id, selected: each.id === track?.id, text });
    };
    return el(
      "label",
      { text: "Boxes of this video" },
      el(
        "select",
        { id: "box-list", dir: "auto", onchange: ({ target }) => this.actions.choose(target.value || null) },
        el("option", { value: "", text: "none chosen", selected: !track }),
        ...all.map(option),
      ),
    );
  }

  /**
   * @param {Shown} shown
   * @param {BoxTrack} track
   */
  #chosen(shown, track) {
    return [
      ...this.#says(shown, track),
      this.#attributes(shown, track),
      this.#keys(shown, track),
      this.#tracking(shown),
      this.#segments(shown, track),
      el(
        "div",
        { class: "row" },
        el("span", { class: "grow" }),
        el("button", {
          id: "box-delete",
          type: "button",
          class: "danger",
          text: "Delete this box",
          title: "All of its key frames (Delete); Undo brings it back",
          onclick: this.actions.remove,
        }),
      ),
    ];
  }

  /**
   * @param {Shown} shown
   * @param {BoxTrack} track
   */
  #says({ store, all }, track) {
    const { actions } = this;
    const listed = store.labels.filter((each) => each.track === BOXES).map(({ label }) => label);
    const others = store.labels.map(({ label }) => label);
    const known = [...new Set([...listed, ...all.map(({ label }) => label), ...others])].filter(Boolean);
    const isClosed = Boolean(store.tracks.get(BOXES)?.closed);
    const choices = listed.includes(track.label) ? listed : [track.label, ...listed];
    const label = isClosed
      ? el(
          "select",
          { id: "box-label", onchange: ({ target }) => actions.describe({ label: target.value }) },
          ...choices.map((each) =>
            el("option", { value: each, text: each || "(no label)", selected: each === track.label }),
          ),
        )
      : el("input", {
          id: "box-label",
          type: "text",
          dir: "auto",
          maxlength: 500,
          value: track.label,
          list: "box-labels",
          autocomplete: "off",
          placeholder: "car, person, window…",
          onchange: ({ target }) => actions.describe({ label: target.value.trim() }),
        });
    return [
      el(
        "div",
        { class: "row box-says" },
        el("label", { class: "grow", text: "Label" }, label),
        el(
          "label",
          { class: "grow", text: "Name" },
          el("input", {
            id: "box-name",
            type: "text",
            dir: "auto",
            maxlength: 500,
            value: track.name,
            autocomplete: "off",
            placeholder: "the red one",
            onchange: ({ target }) => actions.describe({ name: target.value.trim() }),
          }),
        ),
      ),
      isClosed
        ? null
        : el(
            "datalist",
            { id: "box-labels" },
            ...known.slice(0, PROPOSED).map((each) => el("option", { value: each })),
          ),
      track.label && !listed.includes(track.label)
        ? el("button", {
            id: "box-add-label",
            class: "link",
            type: "button",
            text: "Add to the labels",
            title: "Gives it a colour and a key, and offers it for other boxes",
            onclick: () => actions.addLabel(track.label),
          })
        : null,
    ];
  }

  /** What it is like, by the attributes that the schema gives the row and its label: of all of it, as nothing of a box
   * but its place changes.
   * @param {Shown} shown
   * @param {BoxTrack} track
   */
  #attributes({ store }, { id, label, attributes }) {
    const made = { id, track: BOXES, label, attributes, start: 0, end: 0 };
    const page = { time: () => 0, seek: () => {}, leave: this.actions.leave, next: () => false };
    return attributeFields(store, [made], page, (said) => this.actions.describe({ attributes: said.get(id) }), true);
  }

  /**
   * @param {Shown} shown
   * @param {BoxTrack} track
   */
  #keys({ time }, track) {
    const { actions } = this;
    const place = placeAt(track, time);
    const key = keyAt(track, time);
    const whose = { manual: "", tracked: " of the tracker", import: " of a file" };
    const here = key ? "a key frame" + whose[key.source] + " here" : "in between here";
    const state = place.isThere
      ? here + (place.hidden ? ", hidden" : place.occluded ? ", partly hidden" : "")
      : "not there at this frame: move it, and it is";
    const button = (
      /** @type {string} */ id,
      /** @type {string} */ text,
      /** @type {string} */ title,
      /** @type {() => void} */ onclick,
      disabled = false,
    ) => el("button", { id, type: "button", text, title, disabled, onclick });
    return el(
      "div",
      { role: "group", "aria-label": "Key frames" },
      el("p", { id: "box-state", class: "small muted", text: `${counted(track.keys.length, "key frame")}; ${state}.` }),
      el(
        "div",
        { class: "row" },
        el("button", {
          id: "box-key-before",
          type: "button",
          text: "◆◀",
          title: "To the key frame before ( [ )",
          "aria-label": "To the key frame before",
          onclick: () => actions.goToKey(-1),
        }),
        el("button", {
          id: "box-key-after",
          type: "button",
          text: "▶◆",
          title: "To the next key frame ( ] )",
          "aria-label": "To the next key frame",
          onclick: () => actions.goToKey(1),
        }),
        key
          ? button(
              "box-key",
              "Remove key frame",
              "Here it is in between again (K)",
              actions.toggleKey,
              track.keys.length < 2,
            )
          : button("box-key", "Key frame here", "Where it is now is kept (K)", actions.toggleKey),
        place.hidden && place.isThere
          ? button("box-hide", "Seen from here", "It comes into sight at this frame (O)", actions.toggleHidden)
          : button(
              "box-hide",
              "Hidden from here",
              "It goes out of sight at this frame, until it is seen again (O)",
              actions.toggleHidden,
              !place.isThere,
            ),
        place.occluded && place.isThere
          ? button(
              "box-occlude",
              "All seen from here",
              "Nothing covers it from this frame on (P)",
              actions.toggleOccluded,
            )
          : button(
              "box-occlude",
              "Partly hidden from here",
              "Something covers a part of it from this frame to the next key frame: it is occluded (P)",
              actions.toggleOccluded,
              !place.isThere,
            ),
        button(
          "box-begins",
          "Begins here",
          "Nothing of it is left before this frame",
          () => actions.limit("begins"),
          !place.isThere,
        ),
        button(
          "box-ends",
          "Ends here",
          "Nothing of it is left after this frame",
          () => actions.limit("ends"),
          !place.isThere,
        ),
      ),
    );
  }

  /** @param {Shown} shown */
  #tracking({ store, track, time }) {
    const { actions } = this;
    const place = track && placeAt(track, time);
    const isBusy = store.jobs.some((job) => job.kind === KIND && (job.state === "queued" || job.state === "running"));
    const isSeen = Boolean(place?.isThere && !place.hidden) && !isBusy;
    const options = HOW_FAR.map(([seconds, text]) =>
      el("option", { value: seconds, text, selected: seconds === this.#howFar }),
    );
    return el(
      "div",
      { class: "row", role: "group", "aria-label": "Tracking" },
      el("button", {
        id: "box-track-back",
        type: "button",
        text: "◀ Track back",
        title: "Find it in the frames before this one; your own key frames stay",
        disabled: !isSeen,
        onclick: () => actions.track(-this.#howFar),
      }),
      el("button", {
        id: "box-track",
        type: "button",
        text: "Track it ▶",
        title: "Find it in the frames after this one; your own key frames stay",
        disabled: !isSeen,
        onclick: () => actions.track(this.#howFar),
      }),
      el(
        "select",
        {
          id: "box-track-far",
          "aria-label": "How far to track",
          onchange: ({ target }) => (this.#howFar = Number(target.value)),
        },
        ...options,
      ),
      isBusy ? el("span", { class: "small muted", role: "status", text: "tracking…" }) : null,
    );
  }

  /**
   * @param {Shown} shown
   * @param {BoxTrack} track
   */
  #segments({ rows }, track) {
    const own = track.name || track.label;
    const names = [...new Set([...(own ? [own] : []), ...rows])];
    const chosen = names.includes(this.#row) ? this.#row : names[0];
    return el(
      "div",
      { class: "row", role: "group", "aria-label": "Segments" },
      el("button", {
        id: "box-segments",
        type: "button",
        text: "Make segments",
        title: "A segment for each stretch over which it is seen, on this row",
        onclick: () => this.actions.toSegments(names.includes(this.#row) ? this.#row : chosen),
      }),
      el(
        "label",
        { class: "inline grow", text: "on" },
        el(
          "select",
          {
            id: "box-row",
            dir: "auto",
            "aria-label": "Row of the segments",
            onchange: ({ target }) => (this.#row = target.value),
          },
          ...names.map((name) => el("option", { value: name, text: name, selected: name === chosen })),
        ),
      ),
    );
  }
}

const HINT =
  "Drag over the picture to draw a box; go to another frame and move it there: in between it moves by itself. Keys on the " +
  "picture: Enter draws one, arrows move it (Shift: further), Alt and arrows size it, K sets or removes a key frame, O hides it, P says that a part of it is hidden.";
