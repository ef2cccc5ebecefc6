// The editor of the schema: tracks, their labels with colours and keys, free text or a closed set.

import { mergedSchema } from "../model/schema-merge.js";
import { ApiError, call, messageOf } from "../sync/api.js";
import { currentUser } from "../sync/current-user.js";
import { attributeTypes } from "./attribute-types.js";
import { counted, el, finder, redraw, toast } from "./dom.js";
import { dependencyField } from "./dependency-field.js";
import { scaleField } from "./scale-field.js";
import { blankTrack, toldOf, withFile } from "./schema-file.js";

/** @import { AttributeType, Label, LabelKind, Schema, Server, Track } from "../types.js" */
/** @import { VideoDocument } from "../document/video-document.js" */

/** A label as it is edited: `was` is its name in the library, null for a new one. listed: the schema says something of
 * the track.
 * @typedef {Label & { was: string | null }} EditedLabel
 * @typedef {Omit<Track, "attributes"> & { attributes: AttributeType[], listed: boolean, labels: EditedLabel[] }} EditedTrack
 */

const KEYS = ["", ..."123456789"];
/** What the key makes, in words. @type {[LabelKind, string][]} */
const KINDS = [
  ["segment", "a segment"],
  ["point", "a point"],
  ["state", "a state"],
];
const KIND_HELP =
  "What its key makes: a segment between two marks (I, O); a point in time; or a state, which the key begins and ends.";

const ADMIN_ONLY = "Only an admin can rename or remove a label that others use, or restrict a track to its labels.";

const OVERTAKEN =
  "Somebody else changed the labels meanwhile. Theirs are listed now, with what you changed: look, and save again.";

export class LabelEditor {
  /** Whose attributes are shown. @type {Set<EditedLabel | EditedTrack>} */
  open = new Set();
  /** @type {VideoDocument | null} */
  doc = null;
  /** @type {EditedTrack[]} */
  tracks = [];
  /** What `tracks` was before it was edited. @type {readonly EditedTrack[]} */
  #base = [];
  key = "";

  /**
   * @param {HTMLDialogElement} dialog
   * @param {Server} server
   */
  constructor(dialog, server) {
    const $ = finder(dialog);
    this.dialog = dialog;
    this.server = server;
    this.box = $("labels-tracks");
    this.message = $("labels-message");
    this.newTrack = $("labels-new-track", "input");
    const file = $("labels-import", "input");
    $("labels-add-track").addEventListener("click", () => this.addTrack());
    $("labels-save").addEventListener("click", () => this.save());
    $("labels-cancel").addEventListener("click", () => dialog.close());
    $("labels-export").addEventListener("click", () => this.export());
    file.addEventListener("change", () => this.import(file));
  }

  /**
   * @param {VideoDocument} doc
   * @param {readonly string[]} tracks the names of the rows there are: each can have labels
   */
  async show(doc, tracks) {
    this.doc = doc;
    await doc.catchUp(); // a label that was used just now is on the list already
    this.#begin(tracks);
    const { store } = doc;
    this.message.textContent = store.admin ? "" : ADMIN_ONLY;
    this.dialog.showModal();
  }

  /** Edit the schema as it is in the library now. @param {readonly string[]} tracks the names of further rows */
  #begin(tracks) {
    if (!this.doc) return;
    const { store } = this.doc;
    this.read({ labels: store.labels, tracks: [...store.tracks.values()] }, tracks);
    this.key = store.schemaKey;
    this.#base = structuredClone(this.tracks);
  }

  /** Somebody else saved another schema meanwhile: edit theirs, with what was changed here. */
  async #takeTheirs() {
    if (!this.doc) return;
    const [base, mine] = [this.#base, this.tracks];
    await this.doc.catchUp();
    this.#begin(mine.map(({ track }) => track));
    this.tracks = mergedSchema(base, mine, this.tracks);
    this.fill();
  }

  /**
   * @param {{ labels: readonly Label[], tracks: readonly Track[] }} schema
   * @param {readonly string[]} [others] more tracks
   */
  read({ labels, tracks }, others = []) {
    const names = [...new Set([...tracks.map((t) => t.track), ...labels.map((l) => l.track), ...others])];
    this.tracks = names.map((track) => {
      const known = tracks.find((t) => t.track === track);
      return {
        ...blankTrack(track),
        ...known,
        attributes: structuredClone(known?.attributes ?? []),
        listed: known !== undefined,
        labels: labels
          .filter((l) => l.track === track)
          .map((l) => ({
            ...l,
            kind: l.kind ?? "segment",
            attributes: structuredClone(l.attributes ?? []),
            was: l.label,
          })),
      };
    });
    this.fill();
  }

  fill() {
    redraw(this.box, ...this.tracks.map((track) => this.section(track)));
  }

  /** @param {EditedTrack} track */
  section(track) {
    return el(
      "section",
      { "data-track": track.track },
      el(
        "div",
        { class: "row head" },
        el("h3", { dir: "auto", text: track.track }),
        el(
          "label",
          { class: "check inline" },
          el("input", { type: "checkbox", checked: track.closed, onchange: (e) => (track.closed = e.target.checked) }),
          "Only these labels",
        ),
        el(
          "label",
          { class: "check inline", title: "A state that begins ends the one that holds" },
          el("input", {
            type: "checkbox",
            checked: track.exclusive,
            onchange: (e) => (track.exclusive = e.target.checked),
          }),
          "One state at a time",
        ),
      ),
      ...track.labels.flatMap((label) => [
        this.row(track, label),
        this.open.has(label)
          ? attributeTypes(label.attributes, `${track.track} ${track.labels.indexOf(label)}`, () => this.fill())
          : null,
      ]),
      el(
        "div",
        { class: "row" },
        el("button", {
          class: "link",
          type: "button",
          text: "+ Label",
          "data-add": "",
          onclick: () => this.addLabel(track),
        }),
        el("button", {
          class: "link",
          type: "button",
          text: track.attributes.length
            ? `Attributes of the row (${track.attributes.length})`
            : "Attributes of the row",
          title: "What is said of each segment of this row, whatever its label",
          "data-key": `attributes ${track.track}`,
          "aria-expanded": String(this.open.has(track)),
          onclick: () => this.toggle(track),
        }),
        ...scaleField(track, () => this.fill()),
        dependencyField(
          track,
          this.tracks.map((each) => each.track),
          () => this.fill(),
        ),
      ),
      this.open.has(track) ? attributeTypes(track.attributes, track.track, () => this.fill()) : null,
    );
  }

  /**
   * @param {EditedTrack} track
   * @param {EditedLabel} label
   */
  row(track, label) {
    const taken = new Set(track.labels.filter((other) => other !== label).map((other) => other.hotkey));
    return el(
      "div",
      { class: "row label" },
      el("input", {
        type: "color",
        value: label.colour,
        "aria-label": `Colour of ${label.label || "the new label"}`,
        onchange: (e) => (label.colour = e.target.value),
      }),
      el("input", {
        type: "text",
        class: "grow",
        dir: "auto",
        maxlength: 500,
        value: label.label,
        "aria-label": "Label",
        title: "Enter adds the next label",
        onchange: (e) => (label.label = e.target.value.trim()),
        onkeydown: (e) => {
          if (e.key !== "Enter" || !e.target.value.trim()) return;
          label.label = e.target.value.trim();
          this.addLabel(track);
        },
      }),
      el(
        "select",
        {
          "data-key": `key ${track.labels.indexOf(label)} ${track.track}`,
          "aria-label": `Key of ${label.label || "the new label"}`,
          onchange: (e) => {
            label.hotkey = e.target.value || null;
            this.fill();
          },
        },
        ...KEYS.map((key) =>
          el("option", {
            value: key,
            text: key || "no key",
            selected: key === (label.hotkey ?? ""),
            disabled: key !== "" && taken.has(key),
          }),
        ),
      ),
      el(
        "select",
        {
          class: "kind",
          "aria-label": `What the key of ${label.label || "the new label"} makes`,
          title: KIND_HELP,
          onchange: (e) => (label.kind = /** @type {LabelKind} */ (e.target.value)),
        },
        ...KINDS.map(([value, text]) => el("option", { value, text, selected: value === label.kind })),
      ),
      el("button", {
        class: "plain",
        type: "button",
        text: label.attributes.length ? `⋯ ${label.attributes.length}` : "⋯",
        "data-key": `attributes ${track.labels.indexOf(label)} ${track.track}`,
        "aria-label": `Attributes of ${label.label || "the new label"}`,
        title: "Attributes: what is said of each segment with this label",
        "aria-expanded": String(this.open.has(label)),
        onclick: () => this.toggle(label),
      }),
      el("button", {
        class: "plain",
        type: "button",
        text: "×",
        "data-key": this.takeOffKey(track, track.labels.indexOf(label)),
        "aria-label": `Take ${label.label || "the new label"} off the list`,
        title: "Remove from the list; segments keep it",
        onclick: () => this.takeOff(track, label),
      }),
    );
  }

  /** Show the attributes of a label or a row, or show them no more. @param {EditedLabel | EditedTrack} which */
  toggle(which) {
    if (!this.open.delete(which)) this.open.add(which);
    this.fill();
  }

  /**
   * @param {EditedTrack} track
   * @param {number} index
   */
  takeOffKey(track, index) {
    return `off ${index} ${track.track}`;
  }

  /** The section of a track, as it is drawn now. @param {EditedTrack} track */
  sectionOf(track) {
    return /** @type {HTMLElement} */ (this.box.querySelector(`[data-track="${CSS.escape(track.track)}"]`));
  }

  /** The focus goes to the next label, or to where one is added.
   * @param {EditedTrack} track
   * @param {EditedLabel} label
   */
  takeOff(track, label) {
    const at = track.labels.indexOf(label);
    track.labels.splice(at, 1);
    this.fill();
    const section = this.sectionOf(track);
    /** @type {HTMLElement | null} */
    const next = section.querySelector(`[data-key="${CSS.escape(this.takeOffKey(track, at))}"]`);
    (next ?? this.moreOf(section))?.focus();
  }

  /** What adds a label to a section. @param {HTMLElement} section */
  moreOf(section) {
    return /** @type {HTMLElement | null} */ (section.querySelector("[data-add]"));
  }

  /** One more, with the first key that is free. @param {EditedTrack} track */
  addLabel(track) {
    const colours = this.doc?.store.palette ?? [];
    const taken = new Set(track.labels.map((label) => label.hotkey));
    const used = this.tracks.flatMap((t) => t.labels).length;
    track.labels.push({
      track: track.track,
      label: "",
      was: null,
      colour: colours[used % colours.length],
      hotkey: KEYS.find((key) => key && !taken.has(key)) ?? null,
      kind: track.labels.at(-1)?.kind ?? "segment",
      attributes: [],
    });
    this.fill();
    /** @type {NodeListOf<HTMLElement>} */
    const fields = this.sectionOf(track).querySelectorAll(".row.label input[type=text]");
    fields[fields.length - 1]?.focus();
  }

  addTrack() {
    const input = this.newTrack;
    const track = input.value.trim();
    if (!track || this.tracks.some((t) => t.track === track)) return;
    input.value = "";
    this.tracks.push({ ...blankTrack(track), listed: true, labels: [] });
    this.fill();
  }

  get wanted() {
    const labels = this.tracks.flatMap(({ track, labels: all }) =>
      all
        .filter((l) => l.label)
        .map(({ label, colour, hotkey, kind, attributes }) => ({ track, label, colour, hotkey, kind, attributes })),
    );
    const tracks = this.tracks
      .filter((t) => t.listed || t.closed || t.exclusive || t.attributes.length || t.parent || t.scale)
      .map(({ track, closed, exclusive, attributes, parent, dependency, scale }) => ({
        track,
        closed,
        exclusive,
        attributes,
        parent,
        dependency,
        scale,
      }));
    const renames = this.tracks.flatMap(({ track, labels: all }) =>
      all.flatMap(({ was, label }) => (was && label && was !== label ? [{ track, from: was, to: label }] : [])),
    );
    return { labels, tracks, renames };
  }

  async save() {
    try {
      const saved = await call(this.server, "save_schema", {
        schema: { key: this.key, ...this.wanted },
        annotator: currentUser(),
      });
      this.doc?.store.takeSchema(saved);
      this.doc?.catchUp();
      this.dialog.close();
      const said = saved.unseen.map((track) => `Curves of “${track}” are kept, and shown when it is a curve again.`);
      if (saved.renamed) said.unshift(`${counted(saved.renamed, "segment")} in the library renamed.`);
      if (said.length) toast(said.join(" "));
    } catch (error) {
      const late = error instanceof ApiError && error.kind === "conflict";
      if (late) await this.#takeTheirs();
      this.message.textContent = late ? OVERTAKEN : messageOf(error);
    }
  }

  export() {
    const { labels, tracks } = this.wanted;
    const file = new Blob([JSON.stringify({ labels, tracks }, null, 2)], { type: "application/json" });
    const link = el("a", { href: URL.createObjectURL(file), download: "labels.json" });
    link.click();
    URL.revokeObjectURL(link.href);
  }

  /** @param {HTMLInputElement} input */
  async import(input) {
    const [file] = input.files ?? [];
    input.value = "";
    try {
      const { labels, tracks = [] } = JSON.parse(await file.text());
      if (!Array.isArray(labels) || !Array.isArray(tracks)) throw new Error("no lists");
      const { tracks: rows, said } = withFile(this.tracks, { labels, tracks });
      this.tracks = rows;
      this.fill();
      this.message.textContent = toldOf(said);
    } catch {
      this.message.textContent =
        "This file holds no schema: it should be JSON with lists “labels” and “tracks”, as Export writes it.";
    }
  }
}
