// What models are asked on the Annotate page: questions to the video, who speaks, what is felt; and how sure they were.

import { call } from "../sync/api.js";
import { percent } from "./certainty.js";
import { el } from "./dom.js";
import { showGroundNote, showGroundingRuns } from "./grounding-runs.js";
import { showJobs } from "./jobs-panel.js";
import { AT_ZERO, ownTime } from "../model/media-place.js";

/** @import { Camera, JobKinds, Server } from "../types.js" */
/** @import { Workspace } from "../annotate/workspace.js" */
/** @import { VideoDocument } from "../document/video-document.js" */
/** @import { Change } from "../model/document-store.js" */
/** @import { Find } from "./dom.js" */

export class ModelRequests {
  opened = new Date().toISOString();

  /**
   * @param {Find} $
   * @param {Server} server
   * @param {Workspace} workspace
   */
  constructor($, server, workspace) {
    this.$ = $;
    this.server = server;
    this.workspace = workspace;
    $("ground-form").addEventListener("submit", (event) => {
      event.preventDefault();
      const query = $("ground-query", "input").value.trim();
      if (query && workspace.doc) this.ask(workspace.doc, query);
    });
    $("glance").addEventListener("click", () => this.glance());
    const asked = $("asked-camera", "select");
    asked.addEventListener("change", () =>
      this.#allowFor(workspace.doc?.store.cameras.find(({ id }) => id === asked.value)),
    );
    const threshold = $("threshold", "input");
    threshold.addEventListener("input", () => workspace.doc?.store.setThreshold(Number(threshold.value)));
  }

  /** Of several cameras one is asked: models look at one video.
   * @param {readonly Camera[]} cameras of the timeline
   */
  offerCameras(cameras) {
    const select = this.$("asked-camera", "select");
    const chosen = select.value;
    select.replaceChildren(...cameras.map(({ id, name }) => el("option", { value: id, text: name })));
    if (cameras.some(({ id }) => id === chosen)) select.value = chosen;
    this.$("asked-camera-row").hidden = cameras.length < 2;
    this.#allowFor(cameras.find(({ id }) => id === select.value));
  }

  /** The video that models are asked about. @param {VideoDocument} doc */
  #askedOf(doc) {
    return this.$("asked-camera", "select").value || doc.id;
  }

  /** @param {Camera | undefined} camera */
  #allowFor(camera) {
    const { doc } = this.workspace;
    if (camera && doc) this.showButtons(doc.store.kinds, camera.width !== 0);
  }

  /** @param {VideoDocument} doc */
  open(doc) {
    this.showButtons(doc.store.kinds, doc.store.video?.width !== 0);
    this.showNotes(doc.store);
    const engines = this.$("engine", "select");
    this.$("ground-query", "input").value = "";
    this.$("threshold", "input").value = "0";
    if (engines.options.length) return;
    engines.append(...doc.store.engines.map((name) => el("option", { value: name, text: name })));
  }

  /** One button for each kind of job that a person starts; one whose place the page does not say is among the others.
   * @param {JobKinds} kinds
   * @param {boolean} hasPictures what goes by them is not for sound alone
   */
  showButtons(kinds, hasPictures) {
    const { $ } = this;
    $("no-pictures").hidden = hasPictures;
    for (const id of ["ground-query", "ground-go", "glance"]) this.#allow($(id), hasPictures);
    for (const [kind, { button: text, pictures }] of Object.entries(kinds)) {
      if (!text) continue;
      /** @type {HTMLElement | null} */
      let button = document.querySelector(`[data-job="${kind}"]`);
      if (!button) {
        button = el("button", { type: "button", "data-job": kind });
        this.$("finders").append(button);
      }
      button.textContent = text;
      button.onclick = () => this.run(kind);
      this.#allow(button, hasPictures || !pictures);
    }
  }

  /** A control that cannot be used says why. @param {HTMLElement} control @param {boolean} can */
  #allow(control, can) {
    control.toggleAttribute("disabled", !can);
    control.dataset.title ??= control.title;
    control.title = can ? control.dataset.title : "This recording has no pictures.";
  }

  /** A question that came with the address: what it found is shown if it was asked before. Asking is a person's to do:
   * it stores what is found.
   * @param {VideoDocument} doc
   * @param {string} query
   */
  showQuery(doc, query) {
    this.$("ground-query", "input").value = query;
    const known = doc.store.groundingRuns.find((run) => run.query === query);
    if (known && doc.store.hidden.has(known.id)) doc.toggleRun(known.id);
  }

  /**
   * @param {VideoDocument} doc
   * @param {string} query
   */
  async ask(doc, query) {
    const { $ } = this;
    const isChecked = (/** @type {string} */ id) => $(id, "input").checked;
    const options = { refine: isChecked("refine"), check: isChecked("check"), remember: isChecked("remember") };
    const request = { video: this.#askedOf(doc), query, engine: $("engine", "select").value, ...options };
    await this.#whileBusy($("ground-go", "button"), () => this.start(doc, () => call(this.server, "ground", request)));
  }

  /** What the newest runs about people lacked, beside the buttons that start them; not what their job says already.
   * @param {VideoDocument["store"]} store
   */
  showNotes({ media, jobs }) {
    const said = jobs.filter((job) => job.created >= this.opened).map((job) => job.result?.note ?? "");
    const notes = [...media.notes.values()].filter((note) => note && !said.some((text) => text.includes(note)));
    const box = this.$("finder-notes");
    box.hidden = !notes.length;
    box.replaceChildren(...notes.map((text) => el("p", { text })));
  }

  /** @param {string} kind of job */
  async run(kind) {
    const { doc } = this.workspace;
    if (doc) await this.start(doc, () => call(this.server, "start_job", { video: this.#askedOf(doc), kind }));
  }

  async glance() {
    const { doc, player } = this.workspace;
    if (!doc) return;
    const video = this.#askedOf(doc);
    const at = ownTime(doc.store.placeOf(video) ?? AT_ZERO, player.time);
    const request = { video, at: Math.max(0, at) };
    await this.#whileBusy(this.$("glance", "button"), () =>
      this.start(doc, () => call(this.server, "glance", request)),
    );
  }

  /** The answer takes seconds where the model is to be loaded first: the button says that it is on its way.
   * @param {HTMLButtonElement} button
   * @param {() => Promise<void>} work
   */
  async #whileBusy(button, work) {
    if (button.disabled) return work(); // beside what is asked already
    const text = button.textContent;
    button.style.minWidth = `${button.offsetWidth}px`;
    button.disabled = true;
    button.textContent = "Looking…";
    await work();
    button.textContent = text;
    button.disabled = false;
  }

  /**
   * @param {VideoDocument} doc
   * @param {() => Promise<object>} request
   */
  async start(doc, request) {
    if (await this.workspace.attempt(request)) doc.catchUp();
  }

  /**
   * @param {VideoDocument} doc
   * @param {Change} what
   */
  refresh(doc, what) {
    const { $ } = this;
    const { store } = doc;
    if (what === "content") {
      showGroundingRuns($("grounding-runs"), doc);
      $("threshold-row").hidden = !store.undecided.length && !store.threshold;
      $("threshold-value").textContent = percent(store.threshold);
      $("threshold").setAttribute("aria-valuetext", percent(store.threshold));
    } else if (what === "curve") {
      showGroundNote($("ground-note"), store.media.curve);
    } else if (what === "faces") {
      this.showNotes(store);
    } else if (what === "jobs") {
      showJobs($("jobs"), store.jobs, {
        kinds: store.kinds,
        since: this.opened,
        cancel: (id) => this.workspace.attempt(() => call(this.server, "cancel_job", { job: id })),
        start: (kind) => this.run(kind),
      });
      const making = store.jobs.some((job) => job.kind === "proxy" && ["queued", "running"].includes(job.state));
      $("make-playable").hidden = store.playable || making;
    }
  }
}
