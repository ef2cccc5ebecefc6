// The list of what plays on a timeline: which cameras and recordings, when each begins, and whose sound is heard.

import { addressOf, follow } from "../router.js";
import { driftText, isSamePlace, readDrift } from "../model/media-place.js";
import { readShift } from "../model/time-text.js";
import { call, messageOf } from "../sync/api.js";
import { VIEWS } from "./cameras.js";
import { clock, el, redraw, toast } from "./dom.js";
import { VideoPicker } from "./video-picker.js";

/** @import { Camera, Server } from "../types.js" */
/** @import { Workspace } from "../annotate/workspace.js" */
/** @import { VideoDocument } from "../document/video-document.js" */
/** @import { Cameras, View } from "./cameras.js" */
/** @import { Find } from "./dom.js" */
/** @import { MediaPlace } from "../model/media-place.js" */

/** Where a camera begins, with its sign: “+0:01.520”. @param {number} offset */
export const offsetText = (offset) => `${offset < 0 ? "−" : "+"}${clock(Math.abs(offset))}`;

export class CamerasPanel {
  /** job → the camera whose sound it compares @type {Map<string, string>} */
  #comparing = new Map();
  /** camera → what is said about it @type {Map<string, string>} */
  #notes = new Map();
  /** camera → where it fits from beginning to end, if its clock is corrected @type {Map<string, MediaPlace>} */
  #corrections = new Map();

  /**
   * @param {Find} $
   * @param {Server} server
   * @param {Workspace} workspace
   * @param {Cameras} cameras
   */
  constructor($, server, workspace, cameras) {
    this.$ = $;
    this.server = server;
    this.workspace = workspace;
    this.cameras = cameras;
    const view = $("cameras-view", "select");
    view.append(...Object.entries(VIEWS).map(([value, text]) => el("option", { value, text })));
    view.addEventListener("change", () => cameras.show(/** @type {View} */ (view.value)));
    this.picker = new VideoPicker(server, {
      label: "Add a camera or recording",
      key: "camera-add",
      placeholder: "Add a camera or recording…",
      beside: () => workspace.doc?.id ?? "",
      chosen: (camera) => this.#add(camera),
    });
    $("camera-add").append(this.picker.box);
    cameras.on("change", () => this.draw());
  }

  /** @param {VideoDocument} doc */
  open(doc) {
    this.#comparing.clear();
    this.#notes.clear();
    this.#corrections.clear();
    doc.store.on("change", (what) => what === "jobs" && this.workspace.doc === doc && this.#takeJobs(doc));
  }

  /** The panel comes to the front, also where there is only one camera so far. */
  show() {
    this.picker.input.focus();
  }

  // ---------------------------------------------------------------- what is drawn

  /** While somebody types when one begins, the list waits. */
  draw() {
    const { $, cameras, workspace } = this;
    const typed = /** @type {HTMLInputElement | null} */ (document.activeElement);
    const isTyping =
      $("camera-list").contains(typed) && typed?.matches("input[type=text]") && typed.value !== typed.defaultValue;
    if (!workspace.doc || isTyping) return;
    $("cameras-view", "select").value = cameras.view;
    $("cameras-view-row").hidden = cameras.pictured.length < 2;
    $("cameras-alone").hidden = cameras.areSeveral;
    redraw($("camera-list"), ...(cameras.areSeveral ? cameras.all.map((camera) => this.#row(camera)) : []));
  }

  /** @param {Camera} camera */
  #row(camera) {
    const { cameras } = this;
    const { id, name, role, offset } = camera;
    const isMain = role === "main";
    const place = isMain ? {} : { href: addressOf("annotate", { video: id }), onclick: follow, title: "Open it alone" };
    const heard = el("input", {
      type: "radio",
      name: "heard",
      "data-key": `heard ${id}`,
      onchange: () => cameras.hear(id),
    });
    heard.checked = cameras.heard === id || (isMain && !cameras.all.some((each) => each.id === cameras.heard));
    heard.disabled = !camera.sound;
    const button = (/** @type {string} */ text, /** @type {string} */ what, /** @type {() => unknown} */ onclick) =>
      el("button", {
        type: "button",
        text,
        title: what,
        "aria-label": `${what}: ${name}`,
        "data-key": `${text} ${id}`,
        onclick,
      });
    const field = el("input", {
      type: "text",
      class: "mono",
      value: offsetText(offset),
      autocomplete: "off",
      spellcheck: "false",
      "data-key": `offset ${id}`,
      "aria-label": `Begins at, on the timeline: ${name}`,
      title: "When it begins on the timeline; with “−” before it does. A time, a time code or frames.",
      onchange: (/** @type {Event & { target: HTMLInputElement }} */ { target }) => this.#type(camera, target),
    });
    const drift = el("input", {
      type: "text",
      value: driftText(camera.rate),
      autocomplete: "off",
      spellcheck: "false",
      "data-key": `drift ${id}`,
      "aria-label": `Its clock runs slow by so many seconds an hour: ${name}`,
      title: "By how many seconds an hour its clock runs slow against the main one's; with “−” fast. 0: as that one's.",
      onchange: (/** @type {Event & { target: HTMLInputElement }} */ { target }) => this.#typeDrift(camera, target),
    });
    const note = this.#notes.get(id) ?? "";
    const correction = this.#corrections.get(id);
    return el(
      "li",
      { "data-camera": id },
      el(
        "div",
        { class: "row" },
        el(isMain ? "b" : "a", { class: "grow camera-title", dir: "auto", text: name, ...place }),
        isMain
          ? el("span", { class: "tag", text: "main", title: "Its frames and its length are the timeline's." })
          : null,
        el(
          "label",
          { class: "check inline", title: camera.sound ? "This one is heard" : "It has no sound" },
          heard,
          "Sound",
        ),
        isMain ? null : button("×", "Take it off the timeline", () => this.#place(id, null)),
      ),
      isMain
        ? null
        : el(
            "div",
            { class: "row" },
            el(
              "span",
              { class: "row" },
              button("−1", "One frame earlier", () => this.nudge(-1, id)),
              field,
              button("+1", "One frame later", () => this.nudge(1, id)),
            ),
            el(
              "span",
              { class: "row" },
              button("By sound", "Find when it begins by what is heard in both", () => this.#bySound(id)),
              button("By time code", "Find when it begins by the clocks of the recorders", () => this.#byTimecode(id)),
            ),
          ),
      isMain ? null : el("label", { class: "row small clock" }, "Its clock runs slow by", drift, "s an hour"),
      note ? el("p", { class: "muted small", role: "status", text: note }) : null,
      correction
        ? el(
            "div",
            { class: "row" },
            button("Correct its clock", "Have it in step from beginning to end", () => this.#correct(id, correction)),
          )
        : null,
    );
  }

  // ---------------------------------------------------------------- what a person does

  /** Puts one on the timeline, moves it or (null) takes it off.
   * @param {string} id
   * @param {number | null} offset
   */
  #place(id, offset) {
    this.#forget(id);
    this.workspace.doc?.editor.placeCamera(id, offset);
  }

  /** What was said of where it was. @param {string} id */
  #forget(id) {
    this.#notes.delete(id);
    this.#corrections.delete(id);
  }

  /** Moves a camera by frames of the main one, by steps where that is sound alone; the one in front, where none is named, or else the first.
   * @param {number} frames
   * @param {string} [id]
   */
  nudge(frames, id = this.#inFront()) {
    const { doc, player } = this.workspace;
    const offset = doc && id ? doc.store.offsetOf(id) : null;
    if (!doc || !id || offset === null) return;
    this.#forget(id);
    doc.editor.placeCamera(id, offset + frames * player.frames.lengthAt(player.time), true);
  }

  #inFront() {
    const others = this.cameras.all.slice(1);
    return (others.find((camera) => camera.id === this.cameras.front) ?? others[0])?.id;
  }

  /**
   * @param {Camera} camera
   * @param {HTMLInputElement} field
   */
  #type(camera, field) {
    const offset = readShift(field.value, this.workspace.player.frames);
    field.defaultValue = field.value; // it is typed
    if (offset !== null) this.#place(camera.id, offset);
    this.#say(camera.id, offset === null ? "This is no time; type one like +1.5, −0:00:02:10 or 12 f." : "");
  }

  /** The clock of a camera runs as somebody types; it begins where it did.
   * @param {Camera} camera
   * @param {HTMLInputElement} field
   */
  #typeDrift({ id, offset }, field) {
    const rate = readDrift(field.value);
    field.defaultValue = field.value; // it is typed
    if (rate !== null) {
      this.#forget(id);
      this.workspace.doc?.editor.placeCamera(id, offset, false, rate);
    }
    this.#say(id, rate === null ? "Type by how many seconds an hour it runs slow, like 0.36, or −0.36 for fast." : "");
  }

  /** @param {string} id @param {MediaPlace} place */
  #correct(id, { offset, rate }) {
    const { doc } = this.workspace;
    const name = doc?.store.cameras.find((camera) => camera.id === id)?.name;
    if (!doc || name === undefined) return;
    this.#forget(id);
    doc.editor.placeCamera(id, offset, false, rate);
    this.draw();
    const said = `“${name}” begins at ${offsetText(offset)}, and its clock is corrected by ${driftText(rate)} s an hour.`;
    toast(said, "info", this.workspace.undoing(doc));
  }

  /** @param {string} id @param {string} text */
  #say(id, text) {
    if (text) this.#notes.set(id, text);
    else this.#notes.delete(id);
    this.draw();
  }

  /** Where it is now, after the studio found that out; one step of undo.
   * @param {VideoDocument} doc
   * @param {string} id
   * @param {number} offset
   * @param {string} note
   * @param {number} [rate] of its clock; where nothing is said, as before
   */
  #found(doc, id, offset, note, rate) {
    const name = doc.store.cameras.find((camera) => camera.id === id)?.name;
    if (name === undefined) return; // it was taken off meanwhile
    const before = doc.store.placeOf(id);
    doc.editor.placeCamera(id, offset, false, rate);
    const moved = !isSamePlace(before, doc.store.placeOf(id));
    this.#say(id, note);
    toast(
      `“${name}” begins at ${offsetText(offset)}. ${note}`.trim(),
      "info",
      moved ? this.workspace.undoing(doc) : null,
    );
  }

  /** @param {string} id */
  async #byTimecode(id) {
    const { doc } = this.workspace;
    if (!doc) return;
    try {
      const { offset, note } = await call(this.server, "timecode_offset", { video: doc.id, medium: id });
      if (this.workspace.doc === doc) this.#found(doc, id, offset, note);
    } catch (error) {
      this.#say(id, messageOf(error));
    }
  }

  /** @param {string} id */
  async #bySound(id) {
    const { doc } = this.workspace;
    if (!doc) return;
    this.#say(id, "Comparing the sound…");
    try {
      const job = await call(this.server, "compare_sound", { video: doc.id, medium: id });
      this.#comparing.set(job.id, id);
      doc.catchUp();
    } catch (error) {
      this.#say(id, messageOf(error));
    }
  }

  /** @param {VideoDocument} doc */
  #takeJobs(doc) {
    for (const job of doc.store.jobs) {
      const id = this.#comparing.get(job.id);
      if (id === undefined || job.state === "queued" || job.state === "running") continue;
      this.#comparing.delete(job.id);
      const { offset_us: offset = null, note = "", corrected } = job.result ?? {};
      if (job.state === "done" && offset !== null) this.#heard(doc, id, offset / 1e6, note, corrected);
      else this.#say(id, job.state === "cancelled" ? "" : (job.error ?? note));
    }
  }

  /** What the sound told. A clock that was corrected before is corrected again; else a person is asked.
   * @param {VideoDocument} doc
   * @param {string} id
   * @param {number} offset where it fits in the middle
   * @param {string} note
   * @param {{ offset_us: number, rate: number } | null} [corrected]
   */
  #heard(doc, id, offset, note, corrected) {
    this.#forget(id);
    if (corrected && doc.store.placeOf(id)?.rate !== 1) {
      this.#found(doc, id, corrected.offset_us / 1e6, "", corrected.rate);
      return;
    }
    if (corrected) this.#corrections.set(id, { offset: corrected.offset_us / 1e6, rate: corrected.rate });
    this.#found(doc, id, offset, note, 1);
  }

  // ---------------------------------------------------------------- adding

  /** Where both files have a time code, it begins there; else at the beginning. @param {Camera} camera */
  async #add(camera) {
    const { doc } = this.workspace;
    this.picker.show(null);
    if (!doc) return;
    doc.store.offerCameras([camera]);
    const request = { video: doc.id, medium: camera.id };
    const said = await call(this.server, "timecode_offset", request).catch(() => null);
    if (this.workspace.doc !== doc) return;
    const offset = said?.source === "timecode" ? said.offset : 0;
    this.#place(camera.id, offset);
    if (said?.source === "timecode") this.#say(camera.id, "Placed by the time codes of the files.");
    else this.#say(camera.id, "It begins with the main one until you say otherwise.");
  }
}
