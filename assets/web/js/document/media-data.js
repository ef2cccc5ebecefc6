// Loads what is measured over the time of a video, beside its segments: cuts, sound, score curves, faces.

import { ApiError, array, call } from "../sync/api.js";
import { onTimeline } from "../model/media-place.js";

/** @import { DocumentStore } from "../model/document-store.js" */
/** @import { Graph, Run, Server, Spectrogram } from "../types.js" */

/** made: what a job that has ended may have made.
 * @typedef {"pictures" | "spectrogram" | "curve" | "people" | "made"} Part
 */

export class MediaData {
  /** @type {Set<Part>} what could not be had while the server was away */
  #missed = new Set();
  #wantsSpectrogram = false;
  /** @type {Set<string>} runs whose faces and curves are here */
  #seen = new Set();
  /** @type {Record<Part, () => Promise<void>>} */
  #loaders = {
    pictures: () => this.#loadPictures(),
    spectrogram: () => this.#loadSpectrogram(),
    curve: () => this.#loadCurve(),
    people: () => this.#loadPeople(),
    made: () => this.#loadMade(),
  };

  /**
   * @param {Server} server
   * @param {string} video
   * @param {DocumentStore} store
   */
  constructor(server, video, store) {
    this.server = server;
    this.video = video;
    this.store = store;
  }

  /** Where the server is away, it is had once it answers again.
   * @param {Part} part
   */
  async ask(part) {
    this.#missed.delete(part);
    try {
      await this.#loaders[part]();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.kind === "offline") this.#missed.add(part);
    }
  }

  /** What is still to be had. */
  get missed() {
    return [...this.#missed];
  }

  askAgain() {
    for (const part of this.missed) this.ask(part);
  }

  /** The row of the spectrogram is shown: from now on it is loaded with the rest. */
  wantSpectrogram() {
    if (this.#wantsSpectrogram) return;
    this.#wantsSpectrogram = true;
    this.ask("spectrogram");
  }

  async #loadPictures() {
    const [shots, waveform] = await Promise.all([array(this.video, "shots"), array(this.video, "waveform")]);
    const spectrogram = this.#wantsSpectrogram ? { spectrogram: await this.#fetchSpectrogram() } : {};
    this.store.setMedia({ shots, waveform, ...spectrogram });
  }

  async #loadSpectrogram() {
    this.store.setMedia({ spectrogram: await this.#fetchSpectrogram() });
  }

  /** @returns {Promise<Spectrogram>} */
  async #fetchSpectrogram() {
    const packed = await array(this.video, "spectrogram");
    const [bands, rate] = packed.length > 2 ? packed : [0, 0];
    return { bands, rate, levels: packed.subarray(2) };
  }

  async #loadMade() {
    await this.#loadPictures();
    if (this.store.playable) return;
    const { playable } = await call(this.server, "load_document", { video: this.video });
    if (playable) this.store.becomePlayable();
  }

  async #loadCurve() {
    const { store } = this;
    const run = newestShown(store);
    if (store.media.curve?.run === run?.id && !run?.medium) return; // another camera may have been moved
    if (!run) {
      store.setMedia({ curve: null });
      return;
    }
    const { query, payload } = await call(this.server, "run_payload", { run: run.id });
    if (store.isClosed || newestShown(store)?.id !== run.id) return; // another question is shown by now
    const { agreement, remembered, found, curve = { times: [], scores: [] } } = payload;
    const place = run.medium ? store.placeOf(run.medium) : null; // another camera's times
    if (place) curve.times = curve.times.map((time) => onTimeline(place, time));
    store.setMedia({ curve: { run: run.id, query, agreement, remembered, found, ...curve } }, "curve");
  }

  /** Where the texts are that the newest run read. */
  async #loadTexts() {
    const { store } = this;
    const run = store.runs.filter(({ task, medium }) => task === "text_reading" && !medium).at(-1);
    if (!run || this.#seen.has(run.id)) return;
    const { payload, boxes } = await call(this.server, "run_payload", { run: run.id });
    if (store.isClosed) return;
    this.#seen.add(run.id);
    const notes = new Map([...store.media.notes, [run.task, payload.note ?? ""]]);
    store.setMedia({ notes, texts: new Map([...store.media.texts, ...Object.entries(boxes)]) });
  }

  /** Boxes and score curves of the newest runs about people, and boxes of texts. */
  async #loadPeople() {
    const { store } = this;
    const newest = (/** @type {string} */ task) => store.runs.filter((run) => run.task === task && !run.medium).at(-1);
    for (const run of [newest("speaker"), newest("emotion"), newest("voice")]) {
      if (!run || this.#seen.has(run.id)) continue;
      const { payload } = await call(this.server, "run_payload", { run: run.id });
      if (store.isClosed) return;
      this.#seen.add(run.id);
      store.setMedia({ notes: new Map([...store.media.notes, [run.task, payload.note ?? ""]]) });
      if (run.task === "voice") {
        store.setMedia({ voices: payload.voices ?? [] });
        continue;
      }
      const faces = payload.tracks ?? [];
      const isSpeaker = run.task === "speaker";
      const curves = isSpeaker ? faces.map((face) => ({ ...face, label: "speaking" })) : (payload.curves ?? []);
      const graphs = new Map([...store.media.graphs, ...byTrack(curves)]);
      store.setMedia({ graphs, ...(isSpeaker && { faces, alike: payload.alike ?? [] }) });
    }
    await this.#loadTexts();
    store.setMedia({}, "faces");
  }
}

/** The newest question that is shown.
 * @param {DocumentStore} store
 * @returns {Run | undefined}
 */
const newestShown = (store) => store.groundingRuns.filter((run) => !store.hidden.has(run.id)).at(-1);

/** @param {Graph[]} curves */
function byTrack(curves) {
  /** @type {Map<string, Graph[]>} */
  const found = new Map();
  for (const curve of curves) {
    if (!Array.isArray(curve.scores) || !curve.times?.length || typeof curve.scores[0] !== "number") continue;
    found.set(curve.track, [...(found.get(curve.track) ?? []), curve]);
  }
  return found;
}
