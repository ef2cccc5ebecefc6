// The editor of the schema: tracks, their labels with colours and keys, free text or a closed set.

import { call } from "../sync/api.js";
import { annotator } from "../sync/current-user.js";
import { counted, el, redraw, toast } from "./dom.js";

const KEYS = ["", ..."123456789"];

export class LabelEditor {
  constructor(dialog, server) {
    const $ = (id) => dialog.querySelector(`#${id}`);
    Object.assign(this, { dialog, server, box: $("labels-tracks"), said: $("labels-said") });
    $("labels-add-track").addEventListener("click", () => this.addTrack());
    $("labels-save").addEventListener("click", () => this.save());
    $("labels-cancel").addEventListener("click", () => dialog.close());
    $("labels-export").addEventListener("click", () => this.export());
    $("labels-import").addEventListener("change", (event) => this.import(event.target));
  }

  // `tracks` are the names of the rows there are: each can have labels.
  async show(doc, tracks) {
    this.doc = doc;
    await doc.poll(); // a label that was used just now is on the list already
    this.read({ labels: doc.labels, tracks: [...doc.tracks.values()] }, tracks);
    this.key = doc.schemaKey;
    this.said.textContent = "";
    this.dialog.showModal();
  }

  read({ labels, tracks }, others = []) {
    const names = [...new Set([...tracks.map((t) => t.track), ...labels.map((l) => l.track), ...others])];
    this.tracks = names.map((track) => ({
      track,
      closed: tracks.some((t) => t.track === track && t.closed),
      listed: tracks.some((t) => t.track === track),
      labels: labels.filter((l) => l.track === track).map((l) => ({ ...l, was: l.label })),
    }));
    this.fill();
  }

  fill() {
    redraw(this.box, ...this.tracks.map((track) => this.section(track)));
  }

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
      ),
      ...track.labels.map((label) => this.row(track, label)),
      el("button", { class: "link", type: "button", text: "+ Label", onclick: () => this.addLabel(track) }),
    );
  }

  row(track, label) {
    const taken = (key) => key && track.labels.some((other) => other !== label && other.hotkey === key);
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
        onchange: (e) => (label.label = e.target.value.trim()),
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
            disabled: taken(key),
          }),
        ),
      ),
      el("button", {
        class: "plain",
        type: "button",
        text: "×",
        "data-key": this.takeOffKey(track, track.labels.indexOf(label)),
        "aria-label": `Take ${label.label || "the new label"} off the list`,
        title: "Off the list; segments keep it",
        onclick: () => this.takeOff(track, label),
      }),
    );
  }

  takeOffKey(track, index) {
    return `off ${index} ${track.track}`;
  }

  // The focus goes to the next label, or to where one is added.
  takeOff(track, label) {
    const at = track.labels.indexOf(label);
    track.labels.splice(at, 1);
    this.fill();
    const section = this.box.querySelector(`[data-track="${CSS.escape(track.track)}"]`);
    (
      section.querySelector(`[data-key="${CSS.escape(this.takeOffKey(track, at))}"]`) ??
      section.querySelector("button.link")
    )?.focus();
  }

  addLabel(track) {
    const colours = this.doc.palette;
    const used = this.tracks.flatMap((t) => t.labels).length;
    track.labels.push({
      track: track.track,
      label: "",
      was: null,
      colour: colours[used % colours.length],
      hotkey: null,
    });
    this.fill();
    this.box.querySelector(`[data-track="${CSS.escape(track.track)}"] .label:last-of-type input[type=text]`)?.focus();
  }

  addTrack() {
    const input = this.dialog.querySelector("#labels-new-track");
    const track = input.value.trim();
    if (!track || this.tracks.some((t) => t.track === track)) return;
    input.value = "";
    this.tracks.push({ track, closed: false, listed: true, labels: [] });
    this.fill();
  }

  get wanted() {
    const labels = this.tracks.flatMap(({ track, labels: all }) =>
      all.filter((l) => l.label).map(({ label, colour, hotkey }) => ({ track, label, colour, hotkey })),
    );
    const tracks = this.tracks.filter((t) => t.listed || t.closed).map(({ track, closed }) => ({ track, closed }));
    const renames = this.tracks.flatMap(({ track, labels: all }) =>
      all.filter((l) => l.was && l.label && l.was !== l.label).map((l) => ({ track, from: l.was, to: l.label })),
    );
    return { labels, tracks, renames };
  }

  async save() {
    try {
      const saved = await call(this.server, "save_schema", {
        schema: { key: this.key, ...this.wanted },
        annotator: annotator(),
      });
      this.doc.takeSchema(saved);
      this.doc.poll();
      this.dialog.close();
      if (saved.renamed) toast(`${counted(saved.renamed, "segment")} of the library renamed.`);
    } catch (error) {
      this.said.textContent = error.message;
    }
  }

  export() {
    const { labels, tracks } = this.wanted;
    const file = new Blob([JSON.stringify({ labels, tracks }, null, 2)], { type: "application/json" });
    const link = el("a", { href: URL.createObjectURL(file), download: "labels.json" });
    link.click();
    URL.revokeObjectURL(link.href);
  }

  async import(input) {
    const [file] = input.files;
    input.value = "";
    try {
      const { labels, tracks = [] } = JSON.parse(await file.text());
      if (!Array.isArray(labels) || !Array.isArray(tracks)) throw new Error("no lists");
      this.read(
        { labels, tracks },
        this.tracks.map((t) => t.track),
      );
      this.said.textContent = `${labels.length} labels read; Save takes them.`;
    } catch {
      this.said.textContent =
        "This file holds no schema: it should be JSON with lists “labels” and “tracks”, as Export writes it.";
    }
  }
}
