// What is measured over the time of a video, beside its segments: frames, cuts, sound, words, score curves, faces.

import { ApiError, array, call } from "../sync/api.js";

export class Signals {
  constructor(server, doc) {
    Object.assign(this, { server, doc });
    this.shots = new Float64Array(0);
    this.waveform = new Int8Array(0);
    this.spectrogram = null; // {bands, rate, levels}: loaded when its row is asked for
    this.lines = []; // what is said: {start, end, text}
    this.curve = null; // of the newest question that is shown
    this.faces = []; // face tracks of the newest run of speakers
    this.alike = []; // pairs of face tracks whose voices are alike: {one, other, likeness}
    this.graphs = new Map(); // track → [{label, times, scores}]
    this.seen = new Set(); // runs whose faces and curves are here
    this.missed = new Set(); // what could not be had while the server was away
  }

  // Have what the method of this name loads; where the server is away, once it answers again.
  async ask(name) {
    this.missed.delete(name);
    try {
      await this[name]();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.kind === "offline") this.missed.add(name);
    }
  }

  askAgain() {
    for (const name of [...this.missed]) this.ask(name);
  }

  async loadPictures() {
    const [shots, waveform] = await Promise.all([array(this.doc.id, "shots"), array(this.doc.id, "waveform")]);
    Object.assign(this, { shots, waveform });
    if (this.spectrogram) await this.loadSpectrogram();
    this.doc.changed("view");
  }

  // A job has ended: what it made may be there now.
  async loadPrepared() {
    const { doc } = this;
    await this.loadPictures();
    if (doc.playable) return;
    doc.playable = (await doc.fetchDocument()).playable;
    if (doc.playable) doc.changed("playable");
  }

  async loadSpectrogram() {
    const packed = await array(this.doc.id, "spectrogram");
    const [bands, rate] = packed.length > 2 ? packed : [0, 0];
    this.spectrogram = { bands, rate, levels: packed.subarray(2) };
    this.doc.changed("view");
  }

  // The newest question that is shown.
  get asked() {
    return this.doc.questions.filter((run) => !this.doc.hidden.has(run.id)).at(-1);
  }

  async loadCurve() {
    const run = this.asked;
    if (this.curve?.run === run?.id) return;
    if (!run) {
      this.curve = null;
      this.doc.changed("view");
      return;
    }
    const { query, payload } = await call(this.server, "run_payload", { run: run.id });
    if (this.doc.closed || this.asked?.id !== run.id) return; // another question is shown by now
    this.curve = { run: run.id, query, agreement: payload.agreement, remembered: payload.remembered, ...payload.curve };
    this.doc.changed("curve");
    this.doc.changed("view");
  }

  // Boxes and score curves of the newest runs about people.
  async loadPeople() {
    const newest = (task) => this.doc.runs.filter((run) => run.task === task).at(-1);
    for (const run of [newest("speaker"), newest("emotion")]) {
      if (!run || this.seen.has(run.id)) continue;
      const { payload } = await call(this.server, "run_payload", { run: run.id });
      if (this.doc.closed) return;
      this.seen.add(run.id);
      if (run.task === "speaker") Object.assign(this, { faces: payload.tracks ?? [], alike: payload.alike ?? [] });
      const curves =
        run.task === "speaker" ? this.faces.map((t) => ({ ...t, label: "speaking" })) : (payload.curves ?? []);
      const found = new Map();
      for (const curve of curves) {
        if (!Array.isArray(curve.scores) || !curve.times?.length || typeof curve.scores[0] !== "number") continue;
        found.set(curve.track, [...(found.get(curve.track) ?? []), curve]);
      }
      for (const [track, shown] of found) this.graphs.set(track, shown);
    }
    this.doc.changed("faces");
    this.doc.changed("view");
  }

  // Where speech begins or ends, by subtitles and by who was found to speak.
  get speech() {
    const speaking = [...this.doc.predictions.values()].filter((p) => p.task === "speaker" && p.label === "speaking");
    return [...this.lines, ...speaking].flatMap(({ start, end }) => [start, end]);
  }
}
